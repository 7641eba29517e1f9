-- What each record says of the fields that sources may disagree on. A paper has rows here once a second
-- record tells of it, or once its one record changed its title; before that its own row says the same.
CREATE TABLE record_values (
    source TEXT    NOT NULL,
    key    TEXT    NOT NULL,
    paper  INTEGER NOT NULL REFERENCES papers (number) ON DELETE CASCADE,
    title  TEXT    NOT NULL,
    year   INTEGER,
    date   TEXT    NOT NULL,
    venue  TEXT    NOT NULL,
    status TEXT    NOT NULL,
    former TEXT    NOT NULL,                   -- JSON list of titles that this record carried before
    PRIMARY KEY (source, key)
) WITHOUT ROWID;
CREATE INDEX record_values_by_paper ON record_values (paper);

-- Papers merged before: the record that came first says what is shown, the others what they brought.
INSERT OR REPLACE INTO record_values
SELECT r.source, r.key, r.paper, p.title, p.year, p.date, p.venue, p.status, '[]'
FROM records r JOIN papers p ON p.number = r.paper
WHERE r.paper IN (SELECT paper FROM records GROUP BY paper HAVING count(*) > 1);
INSERT OR REPLACE INTO record_values
SELECT r.source, r.key, r.paper, m.incoming ->> '$.title',
       coalesce(m.incoming ->> '$.year', CAST(nullif(substr(m.incoming ->> '$.date', 1, 4), '') AS INTEGER)),
       m.incoming ->> '$.date', m.incoming ->> '$.venue', m.incoming ->> '$.status', '[]'
FROM records r JOIN merges m ON m.paper = r.paper AND m.source = r.source AND m.key = r.key
WHERE m.undone_at IS NULL AND m.incoming ->> '$.title' IS NOT NULL
ORDER BY m.merge;
