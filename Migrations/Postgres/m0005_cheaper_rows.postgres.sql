-- The rows of the index are the same, said as SQLite has it: by the column that says what has ended.

DROP INDEX subscriptions_due_periods;
CREATE INDEX subscriptions_due_periods ON subscriptions (due_at, account_id, subscription_id)
    WHERE ended_at IS NULL AND status <> 'trialing';
