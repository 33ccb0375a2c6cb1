-- The gate: rules of access in versions, reads, and the meter that is counted from them.
-- Times are milliseconds since 1970 UTC, intervals are half-open, ids are made by the application.

-- What holds for a target during an interval. Never edited: voided and replaced. Those of a target that are not voided
-- never overlap.
CREATE TABLE access_rules (
    rule_id BIGINT PRIMARY KEY,
    -- default, title:golem, section:golem/sport, article:golem/the-bridge
    target TEXT COLLATE "C" NOT NULL,
    access TEXT COLLATE "C" CHECK (access IN ('free', 'registered', 'metered', 'premium')),
    free_for BIGINT CHECK (free_for > 0),
    free_after BIGINT CHECK (free_after > 0),
    -- Entitlements with a space between; any one opens. NULL: all-titles and the title's.
    requires TEXT COLLATE "C",
    embargo_until BIGINT,
    withdrawn BIGINT NOT NULL CHECK (withdrawn IN (0, 1)),
    -- Articles a calendar month.
    meter_anonymous BIGINT CHECK (meter_anonymous >= 0),
    meter_registered BIGINT CHECK (meter_registered >= 0),
    -- "2 paragraphs", "20%"
    teaser TEXT COLLATE "C",
    starts_at BIGINT NOT NULL,
    ends_at BIGINT CHECK (ends_at > starts_at),
    actor TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    voided_at BIGINT CHECK (voided_at >= recorded_at),
    CHECK ((meter_anonymous IS NULL) = (meter_registered IS NULL)),
    CHECK (access IS NOT NULL OR (free_for IS NULL AND free_after IS NULL AND requires IS NULL))
);
CREATE INDEX access_rules_standing ON access_rules (target) WHERE voided_at IS NULL;
CREATE INDEX access_rules_of_target ON access_rules (target, recorded_at);

-- What the access of titles and articles was becomes their rules. Ids are made of the old ones, which no other rule has.
INSERT INTO access_rules (rule_id, target, access, withdrawn, starts_at, actor, recorded_at)
    SELECT title_id, 'title:' || slug, access, 0,
        -- It was that of articles too that are older than their title here.
        coalesce(
            (SELECT min(published_at) FROM articles
                WHERE articles.title_id = titles.title_id AND published_at < created_at),
            created_at),
        'unnamed', created_at
    FROM titles;
INSERT INTO access_rules (rule_id, target, access, withdrawn, starts_at, actor, recorded_at)
    SELECT articles.article_id, 'article:' || titles.slug || '/' || articles.slug, articles.access, 0,
        CASE WHEN published_at < imported_at THEN published_at ELSE imported_at END, 'unnamed', imported_at
    FROM articles JOIN titles ON titles.title_id = articles.title_id WHERE articles.access IS NOT NULL;
ALTER TABLE titles DROP COLUMN access;
ALTER TABLE articles DROP COLUMN access;

-- The section's name in rules; made by the program, right after this step.
ALTER TABLE articles ADD COLUMN section_slug TEXT COLLATE "C";
CREATE INDEX articles_of_section ON articles (title_id, section_slug) WHERE section_slug IS NOT NULL;

-- What an article's date and section were before a feed corrected them.
CREATE TABLE article_corrections (
    article_id BIGINT NOT NULL REFERENCES articles (article_id),
    -- Until when they were believed.
    replaced_at BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    section TEXT COLLATE "C",
    section_slug TEXT COLLATE "C",
    PRIMARY KEY (article_id, replaced_at)
);

-- An article that a reader opened, and what let her in: what titles are paid from, and what the meter counts.
CREATE TABLE reads (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    read_id BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    -- As they were then, so that what a month came to is for ever.
    title TEXT COLLATE "C" NOT NULL,
    section TEXT COLLATE "C",
    admitted_by TEXT COLLATE "C" NOT NULL
        CHECK (admitted_by IN ('free', 'registered', 'entitled', 'opened_before', 'metered')),
    source TEXT COLLATE "C" CHECK (source IN ('trial', 'subscription', 'grace', 'gift', 'complimentary', 'group', 'purchase')),
    grant_id BIGINT,
    -- Whose meter counts it: default, title:golem.
    meter TEXT COLLATE "C",
    -- What the reader's app calls this opening, so that a retry is not a second one.
    client_key TEXT COLLATE "C",
    seconds BIGINT CHECK (seconds BETWEEN 0 AND 86400),
    opened_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, read_id),
    CHECK ((admitted_by = 'metered') = (meter IS NOT NULL)),
    CHECK ((admitted_by = 'entitled') = (source IS NOT NULL))
);
CREATE INDEX reads_by_time ON reads (opened_at);
CREATE INDEX reads_metered ON reads (account_id, opened_at) WHERE meter IS NOT NULL;
CREATE UNIQUE INDEX reads_of_client ON reads (account_id, client_key) WHERE client_key IS NOT NULL;

-- The same of readers who have not signed in, and are known by an id of the site's.
CREATE TABLE visitor_reads (
    visitor TEXT COLLATE "C" NOT NULL,
    read_id BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    section TEXT COLLATE "C",
    admitted_by TEXT COLLATE "C" NOT NULL CHECK (admitted_by IN ('free', 'opened_before', 'metered')),
    meter TEXT COLLATE "C",
    client_key TEXT COLLATE "C",
    seconds BIGINT CHECK (seconds BETWEEN 0 AND 86400),
    opened_at BIGINT NOT NULL,
    -- Whether it was somebody's who has been erased: nobody who signs up as this visitor gets it.
    is_erased BIGINT NOT NULL DEFAULT 0 CHECK (is_erased IN (0, 1)),
    PRIMARY KEY (visitor, read_id),
    CHECK ((admitted_by = 'metered') = (meter IS NOT NULL))
);
CREATE INDEX visitor_reads_by_time ON visitor_reads (opened_at);
CREATE INDEX visitor_reads_metered ON visitor_reads (visitor, opened_at) WHERE meter IS NOT NULL;
CREATE UNIQUE INDEX visitor_reads_of_client ON visitor_reads (visitor, client_key) WHERE client_key IS NOT NULL;

-- The visitor that somebody was before she signed up: what she had spent stays spent.
CREATE TABLE account_visitors (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    visitor TEXT COLLATE "C" NOT NULL,
    -- The last read of somebody who signed up before her as the same visitor: hers are later.
    read_after BIGINT,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, visitor)
);
CREATE INDEX account_visitors_by_visitor ON account_visitors (visitor, linked_at);

-- The accounts that have become part of one, and since when: what they spent is spent. An account that becomes part of
-- another takes along those that were part of it, and what was known before stays as it was.
CREATE TABLE account_merges (
    account_id BIGINT NOT NULL REFERENCES accounts (account_id),
    merged_id BIGINT NOT NULL,
    merged_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, merged_id)
);
