-- The map: one row, how the topics below were made.
CREATE TABLE map_run (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    seed     INTEGER NOT NULL,
    as_of    INTEGER,                          -- yyyymmdd; NULL: everything the library held
    built_at TEXT    NOT NULL,
    next_id  INTEGER NOT NULL,                 -- ids of topics that are gone are never given again
    notes    TEXT    NOT NULL                  -- JSON list: what could not be known
);

CREATE TABLE topics (
    topic    INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,                 -- order in which the tree lists its topics
    level    INTEGER NOT NULL CHECK (level IN (0, 1)),
    parent   INTEGER REFERENCES topics (topic) ON DELETE CASCADE,
    label    TEXT    NOT NULL,
    terms    TEXT    NOT NULL,                 -- JSON list, best first
    size     INTEGER NOT NULL,
    x        REAL    NOT NULL,
    y        REAL    NOT NULL,
    radius   REAL    NOT NULL
);
CREATE INDEX topics_by_parent ON topics (parent);

-- Where each paper stands; topic and subtopic are NULL for an outlier, whose reason is told.
CREATE TABLE paper_topics (
    paper    INTEGER PRIMARY KEY REFERENCES papers (number) ON DELETE CASCADE,
    topic    INTEGER REFERENCES topics (topic) ON DELETE CASCADE,
    subtopic INTEGER REFERENCES topics (topic) ON DELETE CASCADE,
    x        REAL,
    y        REAL,
    reason   TEXT NOT NULL
);
CREATE INDEX paper_topics_by_topic ON paper_topics (topic);
CREATE INDEX paper_topics_by_subtopic ON paper_topics (subtopic);

-- The survey of niches over that map, best first; a new map empties it.
CREATE TABLE niches (
    topic       INTEGER PRIMARY KEY REFERENCES topics (topic) ON DELETE CASCADE,
    rank        INTEGER NOT NULL,
    score       REAL    NOT NULL,
    as_of       INTEGER,
    factors     TEXT    NOT NULL,              -- JSON object: name -> value, low, high, why
    papers      TEXT    NOT NULL,              -- JSON list of numbers
    explanation TEXT    NOT NULL,
    evidence    TEXT    NOT NULL,              -- JSON list of sentences
    notes       TEXT    NOT NULL               -- JSON list: what could not be known
);
