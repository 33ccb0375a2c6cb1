-- The main job: titles and articles, accounts and trials, grants, events, messages and jobs.
-- Times are milliseconds since 1970 UTC, intervals are half-open, ids are made by the application.

-- One row: what kind of database this is.
CREATE TABLE deployment (
    deployment_id BIGINT PRIMARY KEY CHECK (deployment_id = 1),
    -- NULL in a live database, which follows the wall clock; the time in a sandbox.
    sandbox_now BIGINT,
    -- Tells whether the key file beside the database is the one the ledger was written with.
    key_fingerprint TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE plan_versions (
    plan TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    trial_days BIGINT NOT NULL CHECK (trial_days BETWEEN 0 AND 365),
    price_minor BIGINT CHECK (price_minor >= 0),
    currency TEXT COLLATE "C" CHECK (length(currency) = 3),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (plan, version),
    CHECK ((price_minor IS NULL) = (currency IS NULL))
);

CREATE TABLE plan_entitlements (
    plan TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    entitlement TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (plan, version, entitlement),
    FOREIGN KEY (plan, version) REFERENCES plan_versions (plan, version)
);

CREATE TABLE titles (
    title_id BIGINT PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    access TEXT COLLATE "C" NOT NULL CHECK (access IN ('free', 'registered', 'metered', 'premium')),
    section TEXT COLLATE "C",
    home_page TEXT COLLATE "C",
    language TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);

-- What lists and decisions need, in small rows.
CREATE TABLE articles (
    article_id BIGINT PRIMARY KEY,
    title_id BIGINT NOT NULL REFERENCES titles (title_id),
    slug TEXT COLLATE "C" NOT NULL,
    -- What the feed knows the article by.
    source_id TEXT COLLATE "C" NOT NULL,
    link TEXT COLLATE "C",
    headline TEXT COLLATE "C" NOT NULL,
    section TEXT COLLATE "C",
    -- NULL: the title's access holds.
    access TEXT COLLATE "C" CHECK (access IN ('free', 'registered', 'metered', 'premium')),
    published_at BIGINT NOT NULL,
    updated_at BIGINT,
    imported_at BIGINT NOT NULL,
    UNIQUE (title_id, slug),
    UNIQUE (title_id, source_id)
);
CREATE INDEX articles_by_link ON articles (title_id, link) WHERE link IS NOT NULL;
CREATE INDEX articles_by_time ON articles (published_at);
CREATE INDEX articles_of_title_by_time ON articles (title_id, published_at);

-- What an article says. Lists are JSON arrays of strings. An editor's words stand beside the feed's.
CREATE TABLE article_contents (
    article_id BIGINT PRIMARY KEY REFERENCES articles (article_id),
    author TEXT COLLATE "C",
    summary TEXT COLLATE "C",
    key_points TEXT COLLATE "C" NOT NULL,
    edited_summary TEXT COLLATE "C",
    edited_key_points TEXT COLLATE "C",
    categories TEXT COLLATE "C" NOT NULL,
    image_url TEXT COLLATE "C",
    language TEXT COLLATE "C",
    opening TEXT COLLATE "C" NOT NULL,
    body_html TEXT COLLATE "C" NOT NULL
);

CREATE TABLE accounts (
    account_id BIGINT PRIMARY KEY,
    email TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    time_zone TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

-- Unique across accounts, so keyed by the value alone.
CREATE TABLE account_emails (
    canonical_email TEXT COLLATE "C" PRIMARY KEY,
    account_id BIGINT NOT NULL UNIQUE REFERENCES accounts (account_id)
);

CREATE TABLE account_suspensions (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    suspension_id BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT CHECK (ends_at >= starts_at),
    reason TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, suspension_id)
);
CREATE UNIQUE INDEX account_suspensions_open ON account_suspensions (account_id) WHERE ends_at IS NULL;

-- One trial per person, ever: an HMAC of the canonical email, so that it outlives the account.
CREATE TABLE trial_ledger (
    identity_hmac TEXT COLLATE "C" PRIMARY KEY CHECK (length(identity_hmac) = 64),
    started_at BIGINT NOT NULL
);

CREATE TABLE subscriptions (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    subscription_id BIGINT NOT NULL,
    plan TEXT COLLATE "C" NOT NULL,
    plan_version BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL CHECK (status IN ('trialing', 'expired')),
    trial_start BIGINT NOT NULL,
    trial_end BIGINT NOT NULL CHECK (trial_end >= trial_start),
    ended_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, subscription_id),
    FOREIGN KEY (plan, plan_version) REFERENCES plan_versions (plan, version),
    CHECK ((status = 'expired') = (ended_at IS NOT NULL))
);
CREATE INDEX subscriptions_trialing ON subscriptions (trial_end, account_id, subscription_id)
    WHERE status = 'trialing';
CREATE UNIQUE INDEX subscriptions_one_trialing ON subscriptions (account_id) WHERE status = 'trialing';

-- The truth about access. Never edited: voided and replaced.
CREATE TABLE grants (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    grant_id BIGINT NOT NULL,
    entitlement TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL CHECK (source IN ('trial')),
    subscription_id BIGINT,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT CHECK (ends_at >= starts_at),
    recorded_at BIGINT NOT NULL,
    voided_at BIGINT CHECK (voided_at >= recorded_at),
    PRIMARY KEY (account_id, grant_id),
    FOREIGN KEY (account_id, subscription_id) REFERENCES subscriptions (account_id, subscription_id)
);

-- What happened, immutable, numbered from 1 within an account.
CREATE TABLE events (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    sequence BIGINT NOT NULL CHECK (sequence >= 1),
    kind TEXT COLLATE "C" NOT NULL,
    subscription_id BIGINT,
    reason TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, sequence)
);

-- What readers are to be told: at most one message an event.
CREATE TABLE outbox (
    account_id BIGINT NOT NULL,
    event_sequence BIGINT NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT,
    PRIMARY KEY (account_id, event_sequence),
    FOREIGN KEY (account_id, event_sequence) REFERENCES events (account_id, sequence)
);

CREATE TABLE job_runs (
    run_id BIGINT PRIMARY KEY,
    job TEXT COLLATE "C" NOT NULL,
    as_of BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL CHECK (duration_ms >= 0),
    processed BIGINT NOT NULL CHECK (processed >= 0),
    error TEXT COLLATE "C"
);
