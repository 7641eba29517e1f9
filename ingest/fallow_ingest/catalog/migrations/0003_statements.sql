-- What papers admit: one row a mined sentence, verbatim, with its place in the stored text.
CREATE TABLE statements (
    statement INTEGER PRIMARY KEY AUTOINCREMENT,
    paper     INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    section   INTEGER REFERENCES sections (section) ON DELETE CASCADE,   -- NULL: the abstract
    kind      TEXT    NOT NULL CHECK (kind IN ('limitation', 'future_work', 'open_question', 'negative_result', 'claim')),
    owner     TEXT    NOT NULL CHECK (owner IN ('own', 'prior', 'field')),
    strength  TEXT    NOT NULL CHECK (strength IN ('plain', 'hedged')),
    text      TEXT    NOT NULL,
    start     INTEGER NOT NULL,                -- characters into the abstract or the section's text
    end       INTEGER NOT NULL,
    score     REAL    NOT NULL,                -- calibrated probability of the kind
    core      TEXT    NOT NULL,                -- the sentence without its lead-in; "" when nothing is left
    vector    BLOB                             -- float16, sentence vector of the core; NULL when there is none
);
CREATE INDEX statements_by_paper ON statements (paper);
CREATE INDEX statements_by_section ON statements (section);
CREATE INDEX statements_by_kind ON statements (kind, owner);

-- Which text of each paper was mined, by what: a paper is mined again only when one of them changes.
CREATE TABLE statement_sources (
    paper       INTEGER PRIMARY KEY REFERENCES papers (number) ON DELETE CASCADE,
    fingerprint BLOB    NOT NULL,
    statements  INTEGER NOT NULL,
    sentences   INTEGER NOT NULL
);

-- Needs that recur over papers: statements that say the same thing.
CREATE TABLE needs (
    need          INTEGER PRIMARY KEY,
    label         TEXT    NOT NULL,            -- one sentence, ours
    phrase        TEXT    NOT NULL,            -- what the label is made of
    kind          TEXT    NOT NULL,
    papers        INTEGER NOT NULL,
    author_groups INTEGER NOT NULL,            -- papers that share an author count as one group
    first_year    INTEGER,
    last_year     INTEGER,
    status        TEXT    NOT NULL CHECK (status IN ('open', 'contested', 'addressed')),
    topic         INTEGER                      -- of most of its papers; not a foreign key: maps come and go
);

CREATE TABLE need_statements (
    need       INTEGER NOT NULL REFERENCES needs (need) ON DELETE CASCADE,
    statement  INTEGER NOT NULL REFERENCES statements (statement) ON DELETE CASCADE,
    centrality REAL    NOT NULL,               -- cosine with the need's centre
    clarity    REAL    NOT NULL,               -- how well it stands on its own as a quote, 0 to 1
    PRIMARY KEY (need, statement)
) WITHOUT ROWID;
CREATE INDEX need_statements_by_statement ON need_statements (statement);
