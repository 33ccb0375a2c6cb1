-- The main job: titles and articles, accounts and trials, grants, events, messages and jobs.
-- Times are milliseconds since 1970 UTC, intervals are half-open, ids are made by the application.

-- This file is Fortnight's ("FNGT"), so that `file` and `doctor` can tell.
PRAGMA application_id = 1179535188;

-- One row: what kind of database this is.
CREATE TABLE deployment (
    deployment_id INTEGER PRIMARY KEY CHECK (deployment_id = 1),
    -- NULL in a live database, which follows the wall clock; the time in a sandbox.
    sandbox_now INTEGER,
    -- Tells whether the key file beside the database is the one the ledger was written with.
    key_fingerprint TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE plan_versions (
    plan TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    trial_days INTEGER NOT NULL CHECK (trial_days BETWEEN 0 AND 365),
    price_minor INTEGER CHECK (price_minor >= 0),
    currency TEXT CHECK (length(currency) = 3),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (plan, version),
    CHECK ((price_minor IS NULL) = (currency IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_entitlements (
    plan TEXT NOT NULL,
    version INTEGER NOT NULL,
    entitlement TEXT NOT NULL,
    PRIMARY KEY (plan, version, entitlement),
    FOREIGN KEY (plan, version) REFERENCES plan_versions (plan, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE titles (
    title_id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    access TEXT NOT NULL CHECK (access IN ('free', 'registered', 'metered', 'premium')),
    section TEXT,
    home_page TEXT,
    language TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- What lists and decisions need, in small rows.
CREATE TABLE articles (
    article_id INTEGER PRIMARY KEY,
    title_id INTEGER NOT NULL REFERENCES titles (title_id),
    slug TEXT NOT NULL,
    -- What the feed knows the article by.
    source_id TEXT NOT NULL,
    link TEXT,
    headline TEXT NOT NULL,
    section TEXT,
    -- NULL: the title's access holds.
    access TEXT CHECK (access IN ('free', 'registered', 'metered', 'premium')),
    published_at INTEGER NOT NULL,
    updated_at INTEGER,
    imported_at INTEGER NOT NULL,
    UNIQUE (title_id, slug),
    UNIQUE (title_id, source_id)
) STRICT;
CREATE INDEX articles_by_link ON articles (title_id, link) WHERE link IS NOT NULL;
CREATE INDEX articles_by_time ON articles (published_at);
CREATE INDEX articles_of_title_by_time ON articles (title_id, published_at);

-- What an article says. Lists are JSON arrays of strings. An editor's words stand beside the feed's.
CREATE TABLE article_contents (
    article_id INTEGER PRIMARY KEY REFERENCES articles (article_id),
    author TEXT,
    summary TEXT,
    key_points TEXT NOT NULL,
    edited_summary TEXT,
    edited_key_points TEXT,
    categories TEXT NOT NULL,
    image_url TEXT,
    language TEXT,
    opening TEXT NOT NULL,
    body_html TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
    account_id INTEGER PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT,
    time_zone TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Unique across accounts, so keyed by the value alone.
CREATE TABLE account_emails (
    canonical_email TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL UNIQUE REFERENCES accounts (account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_suspensions (
    account_id INTEGER NOT NULL REFERENCES accounts (account_id),
    suspension_id INTEGER NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER CHECK (ends_at >= starts_at),
    reason TEXT NOT NULL,
    PRIMARY KEY (account_id, suspension_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX account_suspensions_open ON account_suspensions (account_id) WHERE ends_at IS NULL;

-- One trial per person, ever: an HMAC of the canonical email, so that it outlives the account.
CREATE TABLE trial_ledger (
    identity_hmac TEXT PRIMARY KEY CHECK (length(identity_hmac) = 64),
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
    account_id INTEGER NOT NULL REFERENCES accounts (account_id),
    subscription_id INTEGER NOT NULL,
    plan TEXT NOT NULL,
    plan_version INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('trialing', 'expired')),
    trial_start INTEGER NOT NULL,
    trial_end INTEGER NOT NULL CHECK (trial_end >= trial_start),
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, subscription_id),
    FOREIGN KEY (plan, plan_version) REFERENCES plan_versions (plan, version),
    CHECK ((status = 'expired') = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_trialing ON subscriptions (trial_end, account_id, subscription_id)
    WHERE status = 'trialing';
CREATE UNIQUE INDEX subscriptions_one_trialing ON subscriptions (account_id) WHERE status = 'trialing';

-- The truth about access. Never edited: voided and replaced.
CREATE TABLE grants (
    account_id INTEGER NOT NULL REFERENCES accounts (account_id),
    grant_id INTEGER NOT NULL,
    entitlement TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('trial')),
    subscription_id INTEGER,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER CHECK (ends_at >= starts_at),
    recorded_at INTEGER NOT NULL,
    voided_at INTEGER CHECK (voided_at >= recorded_at),
    PRIMARY KEY (account_id, grant_id),
    FOREIGN KEY (account_id, subscription_id) REFERENCES subscriptions (account_id, subscription_id)
) STRICT, WITHOUT ROWID;

-- What happened, immutable, numbered from 1 within an account.
CREATE TABLE events (
    account_id INTEGER NOT NULL REFERENCES accounts (account_id),
    sequence INTEGER NOT NULL CHECK (sequence >= 1),
    kind TEXT NOT NULL,
    subscription_id INTEGER,
    reason TEXT,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, sequence)
) STRICT, WITHOUT ROWID;

-- What readers are to be told: at most one message an event.
CREATE TABLE outbox (
    account_id INTEGER NOT NULL,
    event_sequence INTEGER NOT NULL,
    message TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    delivered_at INTEGER,
    PRIMARY KEY (account_id, event_sequence),
    FOREIGN KEY (account_id, event_sequence) REFERENCES events (account_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_runs (
    run_id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    as_of INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    processed INTEGER NOT NULL CHECK (processed >= 0),
    error TEXT
) STRICT;
