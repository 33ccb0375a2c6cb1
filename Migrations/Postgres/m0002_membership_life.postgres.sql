-- The life of a membership: plans with prices and intervals, every state of a subscription, grants from many sources,
-- payments, chained events, an outbox that is delivered, jobs with leases.
-- SQLite cannot widen a CHECK, so the tables are made anew; both engines take the same steps.

CREATE TEMP TABLE kept_plan_versions AS SELECT * FROM plan_versions;
CREATE TEMP TABLE kept_plan_entitlements AS SELECT * FROM plan_entitlements;
CREATE TEMP TABLE kept_subscriptions AS SELECT * FROM subscriptions;
CREATE TEMP TABLE kept_grants AS SELECT * FROM grants;
CREATE TEMP TABLE kept_events AS SELECT * FROM events;
CREATE TEMP TABLE kept_outbox AS SELECT * FROM outbox;
CREATE TEMP TABLE kept_account_emails AS SELECT * FROM account_emails;
CREATE TEMP TABLE kept_job_runs AS SELECT * FROM job_runs;
DROP TABLE outbox;
DROP TABLE events;
DROP TABLE grants;
DROP TABLE subscriptions;
DROP TABLE plan_entitlements;
DROP TABLE plan_versions;
DROP TABLE account_emails;
DROP TABLE job_runs;

-- 0 in a copy, whose messages go nowhere.
ALTER TABLE deployment ADD COLUMN delivers BIGINT NOT NULL DEFAULT 1 CHECK (delivers IN (0, 1));
-- The latest time at which a job recorded anything: a wall clock that goes back behind it is not followed.
ALTER TABLE deployment ADD COLUMN clock_floor BIGINT;

CREATE TABLE plans (
    plan TEXT COLLATE "C" PRIMARY KEY,
    retired_at BIGINT,
    created_at BIGINT NOT NULL
);

-- A published version never changes; a plan has at most one draft.
CREATE TABLE plan_versions (
    plan TEXT COLLATE "C" NOT NULL REFERENCES plans (plan),
    version BIGINT NOT NULL CHECK (version >= 1),
    interval_count BIGINT NOT NULL CHECK (interval_count >= 1),
    interval_unit TEXT COLLATE "C" NOT NULL CHECK (interval_unit IN ('day', 'month', 'year')),
    trial_days BIGINT NOT NULL CHECK (trial_days BETWEEN 0 AND 365),
    grace_days BIGINT NOT NULL CHECK (grace_days >= 0),
    published_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (plan, version)
);
CREATE UNIQUE INDEX plan_versions_draft ON plan_versions (plan) WHERE published_at IS NULL;

CREATE TABLE plan_prices (
    plan TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    amount_minor BIGINT NOT NULL CHECK (amount_minor >= 0),
    PRIMARY KEY (plan, version, currency),
    FOREIGN KEY (plan, version) REFERENCES plan_versions (plan, version)
);

CREATE TABLE plan_entitlements (
    plan TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    entitlement TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (plan, version, entitlement),
    FOREIGN KEY (plan, version) REFERENCES plan_versions (plan, version)
);

INSERT INTO plans (plan, created_at) SELECT plan, min(created_at) FROM kept_plan_versions GROUP BY plan;
INSERT INTO plan_versions (plan, version, interval_count, interval_unit, trial_days, grace_days, published_at,
    created_at)
    SELECT plan, version, 1, 'month', trial_days, 7, created_at, created_at FROM kept_plan_versions;
INSERT INTO plan_prices (plan, version, currency, amount_minor)
    SELECT plan, version, currency, price_minor FROM kept_plan_versions WHERE price_minor IS NOT NULL;
INSERT INTO plan_entitlements (plan, version, entitlement)
    SELECT plan, version, entitlement FROM kept_plan_entitlements;

-- The language the reader is written to in.
ALTER TABLE accounts ADD COLUMN language TEXT COLLATE "C" NOT NULL DEFAULT 'en';
-- When everything that names the person was removed; the address is empty then.
ALTER TABLE accounts ADD COLUMN erased_at BIGINT;
-- The account that this one has become part of.
ALTER TABLE accounts ADD COLUMN merged_into BIGINT;
CREATE INDEX accounts_merged ON accounts (merged_into) WHERE merged_into IS NOT NULL;

-- An account that others were merged into is known by their addresses too.
CREATE TABLE account_emails (
    canonical_email TEXT COLLATE "C" PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (account_id)
);
CREATE INDEX account_emails_of_account ON account_emails (account_id);
INSERT INTO account_emails (canonical_email, account_id) SELECT canonical_email, account_id FROM kept_account_emails;

-- Domains of throwaway addresses, which get no trial: the operator's list.
CREATE TABLE disposable_domains (
    domain TEXT COLLATE "C" PRIMARY KEY,
    added_at BIGINT NOT NULL
);

CREATE TABLE subscriptions (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    subscription_id BIGINT NOT NULL,
    plan TEXT COLLATE "C" NOT NULL,
    plan_version BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL CHECK (status IN ('trialing', 'active', 'past_due', 'paused', 'canceled', 'expired')),
    trial_start BIGINT,
    trial_end BIGINT CHECK (trial_end >= trial_start),
    trial_converts BIGINT NOT NULL DEFAULT 0 CHECK (trial_converts IN (0, 1)),
    reminded_at BIGINT,
    time_zone TEXT COLLATE "C" NOT NULL,
    -- A boundary of the periods, its number, and the day of the month to keep.
    anchor_at BIGINT,
    anchor_day BIGINT CHECK (anchor_day BETWEEN 1 AND 31),
    anchor_index BIGINT,
    period_index BIGINT CHECK (period_index >= 0),
    current_period_start BIGINT,
    current_period_end BIGINT CHECK (current_period_end > current_period_start),
    settled_periods BIGINT NOT NULL DEFAULT 0 CHECK (settled_periods >= 0),
    cancel_at_period_end BIGINT NOT NULL DEFAULT 0 CHECK (cancel_at_period_end IN (0, 1)),
    canceled_at BIGINT,
    paused_at BIGINT,
    pause_until BIGINT,
    next_plan TEXT COLLATE "C",
    next_plan_version BIGINT,
    next_from_index BIGINT,
    -- When the clock changes it next; NULL when it never does.
    due_at BIGINT,
    ended_at BIGINT,
    revision BIGINT NOT NULL DEFAULT 1 CHECK (revision >= 1),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, subscription_id),
    FOREIGN KEY (plan, plan_version) REFERENCES plan_versions (plan, version),
    FOREIGN KEY (next_plan, next_plan_version) REFERENCES plan_versions (plan, version),
    CHECK ((status IN ('canceled', 'expired')) = (ended_at IS NOT NULL)),
    CHECK ((status = 'paused') = (paused_at IS NOT NULL)),
    CHECK ((trial_start IS NULL) = (trial_end IS NULL)),
    CHECK (status <> 'trialing' OR trial_end IS NOT NULL),
    CHECK ((period_index IS NULL) = (current_period_start IS NULL)),
    CHECK ((period_index IS NULL) = (current_period_end IS NULL)),
    CHECK (status NOT IN ('active', 'past_due', 'paused') OR period_index IS NOT NULL),
    CHECK ((next_plan IS NULL) = (next_from_index IS NULL))
);
INSERT INTO subscriptions (account_id, subscription_id, plan, plan_version, status, trial_start, trial_end, time_zone,
    due_at, ended_at, created_at, updated_at)
    SELECT s.account_id, s.subscription_id, s.plan, s.plan_version, s.status, s.trial_start, s.trial_end, a.time_zone,
        CASE WHEN s.ended_at IS NULL THEN s.trial_end END, s.ended_at, s.created_at,
        coalesce(s.ended_at, s.created_at)
    FROM kept_subscriptions AS s JOIN accounts AS a ON a.account_id = s.account_id;
CREATE INDEX subscriptions_due_trials ON subscriptions (due_at, account_id, subscription_id)
    WHERE status = 'trialing';
CREATE INDEX subscriptions_due_periods ON subscriptions (due_at, account_id, subscription_id)
    WHERE status IN ('active', 'past_due', 'paused');
CREATE INDEX subscriptions_to_remind ON subscriptions (trial_end, account_id, subscription_id)
    WHERE status = 'trialing' AND reminded_at IS NULL;
CREATE UNIQUE INDEX subscriptions_one_open ON subscriptions (account_id) WHERE ended_at IS NULL;
CREATE INDEX subscriptions_of_plan ON subscriptions (plan, plan_version, account_id) WHERE ended_at IS NULL;

-- The truth about access. Never edited: voided and replaced.
CREATE TABLE grants (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    grant_id BIGINT NOT NULL,
    entitlement TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL
        CHECK (source IN ('trial', 'subscription', 'grace', 'gift', 'complimentary', 'group', 'purchase')),
    subscription_id BIGINT,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT CHECK (ends_at >= starts_at),
    reason TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    voided_at BIGINT CHECK (voided_at >= recorded_at),
    PRIMARY KEY (account_id, grant_id),
    FOREIGN KEY (account_id, subscription_id) REFERENCES subscriptions (account_id, subscription_id)
);
CREATE INDEX grants_not_voided ON grants (account_id) WHERE voided_at IS NULL;
INSERT INTO grants (account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at, recorded_at,
    voided_at)
    SELECT account_id, grant_id, entitlement, source, subscription_id, starts_at, ends_at, recorded_at, voided_at
    FROM kept_grants;

CREATE TABLE payments (
    account_id BIGINT NOT NULL,
    payment_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor >= 0),
    currency TEXT COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    periods BIGINT NOT NULL CHECK (periods >= 1),
    -- NULL when the account was erased.
    reference TEXT COLLATE "C",
    actor TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, payment_id),
    FOREIGN KEY (account_id, subscription_id) REFERENCES subscriptions (account_id, subscription_id)
);

-- Unique across accounts, so keyed by the value alone: SHA-256 of the reference, which may name somebody.
CREATE TABLE payment_references (
    reference_sha256 TEXT COLLATE "C" PRIMARY KEY CHECK (length(reference_sha256) = 64),
    account_id BIGINT NOT NULL,
    payment_id BIGINT NOT NULL,
    FOREIGN KEY (account_id, payment_id) REFERENCES payments (account_id, payment_id)
);
CREATE INDEX payment_references_of_payment ON payment_references (account_id, payment_id);

-- What happened, immutable, numbered from 1 within an account. The hash of each covers the one before it, and of the
-- reason only a salted digest, so that a reason can be removed with the person it may name.
CREATE TABLE events (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    sequence BIGINT NOT NULL CHECK (sequence >= 1),
    kind TEXT COLLATE "C" NOT NULL,
    subscription_id BIGINT,
    actor TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    reason_salt TEXT COLLATE "C",
    reason_sha256 TEXT COLLATE "C" CHECK (length(reason_sha256) = 64),
    data TEXT COLLATE "C" NOT NULL,
    effective_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64),
    PRIMARY KEY (account_id, sequence)
);
CREATE INDEX events_by_time ON events (recorded_at, account_id, sequence);
-- Events from before the chain are chained by the program, right after this step.
INSERT INTO events (account_id, sequence, kind, subscription_id, actor, reason, data, effective_at, recorded_at, hash)
    SELECT account_id, sequence, kind, subscription_id, 'unnamed', reason, '{}', recorded_at, recorded_at,
        '0000000000000000000000000000000000000000000000000000000000000000'
    FROM kept_events;

-- The last event of each account, so that one that is missing at the end is missed.
CREATE TABLE event_heads (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (account_id),
    sequence BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64)
);

-- What readers are to be told: at most one message an event.
CREATE TABLE outbox (
    account_id BIGINT NOT NULL,
    event_sequence BIGINT NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- When it is to be delivered, or tried again; NULL when that is over.
    due_at BIGINT,
    -- Whoever delivers it has it until then.
    leased_until BIGINT,
    last_error TEXT COLLATE "C",
    delivered_at BIGINT,
    -- When it was given up.
    dead_at BIGINT,
    -- The file it went to; NULL when it went to a server.
    destination TEXT COLLATE "C",
    PRIMARY KEY (account_id, event_sequence),
    FOREIGN KEY (account_id, event_sequence) REFERENCES events (account_id, sequence),
    CHECK ((due_at IS NULL) = (delivered_at IS NOT NULL OR dead_at IS NOT NULL))
);
CREATE INDEX outbox_due ON outbox (due_at, account_id, event_sequence) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;
INSERT INTO outbox (account_id, event_sequence, message, created_at, due_at, delivered_at)
    SELECT account_id, event_sequence, message, created_at,
        CASE WHEN delivered_at IS NULL THEN created_at END, delivered_at
    FROM kept_outbox;

CREATE TABLE job_runs (
    run_id BIGINT PRIMARY KEY,
    job TEXT COLLATE "C" NOT NULL,
    as_of BIGINT NOT NULL,
    -- The process that ran it; NULL in runs from before leases.
    runner TEXT COLLATE "C",
    -- NULL while it runs, and for ever when its process was killed.
    duration_ms BIGINT CHECK (duration_ms >= 0),
    processed BIGINT NOT NULL CHECK (processed >= 0),
    failed BIGINT NOT NULL DEFAULT 0 CHECK (failed >= 0),
    error TEXT COLLATE "C"
);
CREATE INDEX job_runs_of_job ON job_runs (job, run_id);
INSERT INTO job_runs (run_id, job, as_of, duration_ms, processed, error)
    SELECT run_id, job, as_of, duration_ms, processed, error FROM kept_job_runs;

-- Who runs a job now: one process at a time.
CREATE TABLE job_leases (
    job TEXT COLLATE "C" PRIMARY KEY,
    run_id BIGINT NOT NULL,
    runner TEXT COLLATE "C" NOT NULL,
    leased_until BIGINT NOT NULL
);

-- Accounts with which a job failed, and when it tries again.
CREATE TABLE job_failures (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    job TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL CHECK (attempts >= 1),
    retry_at BIGINT NOT NULL,
    error TEXT COLLATE "C" NOT NULL,
    failed_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, job)
);

DROP TABLE kept_plan_versions;
DROP TABLE kept_plan_entitlements;
DROP TABLE kept_subscriptions;
DROP TABLE kept_grants;
DROP TABLE kept_events;
DROP TABLE kept_outbox;
DROP TABLE kept_account_emails;
DROP TABLE kept_job_runs;
