-- What a paper says around a citation, and what reviewers say of a paper; and the services both come from.

-- The sentences in which `citing` speaks of `cited`. While a reference waits for its paper they wait with it.
CREATE TABLE citation_contexts (
    context INTEGER PRIMARY KEY,
    citing  INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    cited   INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    source  TEXT    NOT NULL,
    section INTEGER NOT NULL,                  -- position of the section in that source's text; -1 unknown
    start   INTEGER NOT NULL,                  -- characters into the section's text; -1 unknown
    end     INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    intents TEXT    NOT NULL                   -- JSON list: "background", "methodology", "result", ...
);
CREATE INDEX citation_contexts_by_pair ON citation_contexts (citing, cited);
CREATE INDEX citation_contexts_by_cited ON citation_contexts (cited);
ALTER TABLE unresolved_references ADD COLUMN contexts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE unresolved_citations ADD COLUMN contexts TEXT NOT NULL DEFAULT '[]';

-- Parts of public reviews: reviewers' words about a paper, never the authors' own.
CREATE TABLE reviews (
    review    INTEGER PRIMARY KEY AUTOINCREMENT,
    paper     INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    source    TEXT    NOT NULL,
    key       TEXT    NOT NULL,                -- the review's own id in its source
    part      TEXT    NOT NULL,                -- weaknesses, limitations, questions, ...
    signature TEXT    NOT NULL,                -- "Reviewer_Ab12"
    date      TEXT    NOT NULL,                -- the day it became public, YYYY-MM-DD or ""
    rating    REAL,                            -- on the venue's own scale
    text      TEXT    NOT NULL,
    UNIQUE (source, key, part)
);
CREATE INDEX reviews_by_paper ON reviews (paper);
-- Set when a statement was said in a review: neither section nor abstract holds it then.
ALTER TABLE statements ADD COLUMN review INTEGER REFERENCES reviews (review) ON DELETE CASCADE;

-- Harvests from services: where an unfinished one goes on, and from when the next one has to ask.
CREATE TABLE harvests (
    harvest    INTEGER PRIMARY KEY,
    service    TEXT NOT NULL,
    selection  TEXT NOT NULL,                  -- what was asked for, canonical JSON
    state      TEXT NOT NULL CHECK (state IN ('running', 'done', 'broken')),
    cursor     TEXT NOT NULL,                  -- JSON; null when the next harvest starts a new round
    watermark  TEXT NOT NULL,                  -- the service's own clock at the last complete round; ""
    records    INTEGER NOT NULL,               -- of this round
    missing    INTEGER NOT NULL,               -- records that the service promised and did not give
    counts     TEXT NOT NULL,                  -- JSON
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    UNIQUE (service, selection)
);

-- How each service answered, a row a day and kind of outcome.
CREATE TABLE source_outcomes (
    service TEXT    NOT NULL,
    day     TEXT    NOT NULL,                  -- YYYY-MM-DD, UTC
    outcome TEXT    NOT NULL,                  -- ok, empty, throttled, budget_exhausted, refused, broken
    times   INTEGER NOT NULL,
    records INTEGER NOT NULL,
    detail  TEXT    NOT NULL,                  -- the last one's sentence
    until   TEXT    NOT NULL,                  -- ISO 8601 when the service may be asked again; ""
    last_at TEXT    NOT NULL,
    PRIMARY KEY (service, day, outcome)
) WITHOUT ROWID;
