-- SQLite makes a table of a list of more than two values, anew for each row whose CHECK or partial index has one
-- (docs/performance.md). Values with OR between them are only compared.
-- The rows stay as they are, so the text of the schema alone is changed, as
-- https://sqlite.org/lang_altertable.html#otheralter has it.

PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(sql,
    'status IN (''trialing'', ''active'', ''past_due'', ''paused'', ''canceled'', ''expired'')',
    'status = ''trialing'' OR status = ''active'' OR status = ''past_due'' OR status = ''paused''
        OR status = ''canceled'' OR status = ''expired'''),
    'status NOT IN (''active'', ''past_due'', ''paused'')',
    'status = ''trialing'' OR ended_at IS NOT NULL')
    WHERE type = 'table' AND name = 'subscriptions';
UPDATE sqlite_schema SET sql = replace(sql,
    'source IN (''trial'', ''subscription'', ''grace'', ''gift'', ''complimentary'', ''group'', ''purchase'')',
    'source = ''trial'' OR source = ''subscription'' OR source = ''grace'' OR source = ''gift''
        OR source = ''complimentary'' OR source = ''group'' OR source = ''purchase''')
    WHERE type = 'table' AND name = 'grants';
UPDATE sqlite_schema SET sql = replace(replace(sql,
    'admitted_by IN (''free'', ''registered'', ''entitled'', ''opened_before'', ''metered'')',
    'admitted_by = ''free'' OR admitted_by = ''registered'' OR admitted_by = ''entitled''
        OR admitted_by = ''opened_before'' OR admitted_by = ''metered'''),
    'source IN (''trial'', ''subscription'', ''grace'', ''gift'', ''complimentary'', ''group'', ''purchase'')',
    'source = ''trial'' OR source = ''subscription'' OR source = ''grace'' OR source = ''gift''
        OR source = ''complimentary'' OR source = ''group'' OR source = ''purchase''')
    WHERE type = 'table' AND name = 'reads';
UPDATE sqlite_schema SET sql = replace(sql,
    'admitted_by IN (''free'', ''opened_before'', ''metered'')',
    'admitted_by = ''free'' OR admitted_by = ''opened_before'' OR admitted_by = ''metered''')
    WHERE type = 'table' AND name = 'visitor_reads';
PRAGMA writable_schema = RESET;

-- As the indexes of whoever has not ended are, by the column that says so. Making it tells every other connection that
-- the schema has changed.
DROP INDEX subscriptions_due_periods;
CREATE INDEX subscriptions_due_periods ON subscriptions (due_at, account_id, subscription_id)
    WHERE ended_at IS NULL AND status <> 'trialing';

-- A check finds what it asks for in the index, in its order, and looks up no row. Without this, SQLite goes through all
-- grants that a reader ever had: each payment voids two.
DROP INDEX grants_not_voided;
CREATE INDEX grants_not_voided ON grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at,
    recorded_at, voided_at, reason)
    WHERE voided_at IS NULL;
DROP INDEX reads_metered;
CREATE INDEX reads_metered ON reads (account_id, opened_at, read_id, article_id, meter) WHERE meter IS NOT NULL;
DROP INDEX visitor_reads_metered;
CREATE INDEX visitor_reads_metered ON visitor_reads (visitor, opened_at, read_id, article_id, meter)
    WHERE meter IS NOT NULL;
