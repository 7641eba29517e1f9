-- Papers as people meet them: one row a paper, whatever number of sources told of it.
CREATE TABLE papers (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT    NOT NULL UNIQUE,      -- the id people see: "arxiv:1706.03762"
    title        TEXT    NOT NULL,
    abstract     TEXT    NOT NULL,
    authors      TEXT    NOT NULL,             -- JSON list of names
    year         INTEGER,
    date         TEXT    NOT NULL,             -- YYYY[-MM[-DD]] or ""
    public_by    INTEGER NOT NULL,             -- latest day consistent with date, yyyymmdd; 99999999 unknown
    venue        TEXT    NOT NULL,
    categories   TEXT    NOT NULL,             -- JSON list
    keywords     TEXT    NOT NULL,             -- JSON list
    url          TEXT    NOT NULL,
    source       TEXT    NOT NULL,             -- the source whose record came first
    text_origin  TEXT    NOT NULL,             -- "authors" or "fallow" (our summary)
    status       TEXT    NOT NULL,             -- "", "withdrawn", "retracted"
    content_hash TEXT    NOT NULL,             -- of title and abstract
    title_key    INTEGER NOT NULL,
    extra        TEXT    NOT NULL              -- JSON object: whatever else the source said
);
CREATE INDEX papers_by_title ON papers (title_key);
CREATE INDEX papers_by_day ON papers (public_by);

CREATE TABLE paper_ids (
    scheme TEXT    NOT NULL,
    value  TEXT    NOT NULL,
    paper  INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    source TEXT    NOT NULL,
    PRIMARY KEY (scheme, value)
) WITHOUT ROWID;
CREATE INDEX paper_ids_by_paper ON paper_ids (paper);

-- What each source last said of a paper, by fingerprint: an unchanged record costs one look-up.
CREATE TABLE records (
    source      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    paper       INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    fingerprint BLOB    NOT NULL,
    version     TEXT    NOT NULL,
    seen_at     TEXT    NOT NULL,
    PRIMARY KEY (source, key)
) WITHOUT ROWID;
CREATE INDEX records_by_paper ON records (paper);

-- Every merge of two records into one paper: why, and enough to undo it.
CREATE TABLE merges (
    merge     INTEGER PRIMARY KEY,
    paper     INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    source    TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    incoming  TEXT    NOT NULL,                -- JSON of the record that was merged in
    before    TEXT    NOT NULL,                -- JSON of the paper's row as it was
    gained    TEXT    NOT NULL,                -- JSON list of ids that the merge added
    merged_at TEXT    NOT NULL,
    undone_at TEXT
);
CREATE INDEX merges_by_paper ON merges (paper);

CREATE TABLE citations (
    citing INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    cited  INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    source TEXT    NOT NULL,
    PRIMARY KEY (citing, cited)
) WITHOUT ROWID;
CREATE INDEX citations_by_cited ON citations (cited, citing);

-- References to papers that the library does not hold (yet): by id, else by title and year.
CREATE TABLE unresolved_references (
    reference INTEGER PRIMARY KEY,
    citing    INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    scheme    TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    title_key INTEGER,
    year      INTEGER,
    text      TEXT    NOT NULL,
    source    TEXT    NOT NULL
);
CREATE INDEX unresolved_by_citing ON unresolved_references (citing);
CREATE INDEX unresolved_by_id ON unresolved_references (scheme, value);

-- Citation rows whose citing paper is not held either (a citations file read before its papers).
CREATE TABLE unresolved_citations (
    citing_scheme TEXT NOT NULL,
    citing_value  TEXT NOT NULL,
    cited_scheme  TEXT NOT NULL,
    cited_value   TEXT NOT NULL,
    source        TEXT NOT NULL,
    PRIMARY KEY (citing_scheme, citing_value, cited_scheme, cited_value)
) WITHOUT ROWID;

CREATE TABLE sections (
    section  INTEGER PRIMARY KEY AUTOINCREMENT,
    paper    INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    source   TEXT    NOT NULL,
    position INTEGER NOT NULL,
    heading  TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    text     TEXT    NOT NULL
);
CREATE INDEX sections_by_paper ON sections (paper, position);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL                        -- JSON
) WITHOUT ROWID;

CREATE TABLE ingest_runs (
    run         INTEGER PRIMARY KEY,
    source      TEXT    NOT NULL,
    location    TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    state       TEXT    NOT NULL,              -- running, done, limited, broken
    position    INTEGER NOT NULL,              -- ordinal of the last record committed
    counts      TEXT    NOT NULL,              -- JSON
    started_at  TEXT    NOT NULL,
    ended_at    TEXT
);
CREATE INDEX ingest_runs_by_location ON ingest_runs (source, location);
