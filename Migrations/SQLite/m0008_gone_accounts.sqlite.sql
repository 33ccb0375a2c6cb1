-- Accounts that are none any more. A check of somebody who has grants asks this small index, and need not look up her
-- account (docs/decisions/0027).
CREATE INDEX accounts_gone ON accounts (account_id) WHERE erased_at IS NOT NULL OR merged_into IS NOT NULL;
