-- The archive of ideas: every one that was ever shown or dropped, with its history.
CREATE TABLE ideas (
    idea       TEXT    PRIMARY KEY,            -- short id, made from what the idea says
    strategy   TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    statement  TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN
               ('proposed', 'checked', 'saved', 'running', 'written', 'scooped', 'dropped')),
    reason     TEXT    NOT NULL,               -- why it is in that state, "" when there is nothing to say
    value      REAL    NOT NULL,               -- novelty x effectiveness x problem size
    payload    TEXT    NOT NULL,               -- JSON: the whole idea
    as_of      INTEGER,                        -- yyyymmdd; NULL: everything the library held
    created_at TEXT    NOT NULL,
    changed_at TEXT    NOT NULL,
    history    TEXT    NOT NULL                -- JSON list of {at, state, reason}
) WITHOUT ROWID;
CREATE INDEX ideas_by_state ON ideas (state, value);

-- Every verdict that was ever given: on an idea of the archive, or on a text of the user's.
CREATE TABLE verdicts (
    verdict     INTEGER PRIMARY KEY AUTOINCREMENT,
    idea        TEXT REFERENCES ideas (idea) ON DELETE SET NULL,
    text_hash   TEXT    NOT NULL,              -- of the text that was checked
    text        TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    probability REAL,
    payload     TEXT    NOT NULL,              -- JSON: the whole verdict
    generation  INTEGER,                       -- of the index that was searched
    as_of       INTEGER,
    at          TEXT    NOT NULL
);
CREATE INDEX verdicts_by_text ON verdicts (text_hash, generation);
CREATE INDEX verdicts_by_idea ON verdicts (idea);

-- What was read out of all papers for gaps and ideas, so that it is read once: concepts, cures, complaints.
CREATE TABLE surveys (
    as_of       INTEGER PRIMARY KEY,           -- yyyymmdd; 0: everything the library holds
    fingerprint TEXT    NOT NULL,              -- of the papers and of the rules
    payload     BLOB    NOT NULL               -- zlib of JSON
);
