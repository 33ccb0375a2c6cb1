-- Who took a rule away, and why: of one that is replaced, the rule in its place says so, and of one that is unset none
-- did. NULL: it stands, or was voided before this was kept.
ALTER TABLE access_rules ADD COLUMN voided_by TEXT CHECK (voided_by IS NULL OR voided_at IS NOT NULL);
ALTER TABLE access_rules ADD COLUMN void_reason TEXT CHECK (void_reason IS NULL OR voided_by IS NOT NULL);
