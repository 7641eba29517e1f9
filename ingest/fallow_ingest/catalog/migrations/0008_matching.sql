-- Matching what waits to papers, at the cost of what is new: triggers note it, whoever wrote it.
CREATE TABLE papers_to_match (
    paper INTEGER PRIMARY KEY
);
CREATE TABLE references_to_match (
    reference INTEGER PRIMARY KEY
);
CREATE TABLE citations_to_match (
    citing_scheme TEXT NOT NULL,
    citing_value  TEXT NOT NULL,
    cited_scheme  TEXT NOT NULL,
    cited_value   TEXT NOT NULL,
    PRIMARY KEY (citing_scheme, citing_value, cited_scheme, cited_value)
) WITHOUT ROWID;

-- Papers above this number are new; of those below, an id or a title may be.
INSERT INTO settings SELECT 'papers_matched', coalesce(max(number), 0) FROM papers;
CREATE TRIGGER paper_ids_inserted AFTER INSERT ON paper_ids
WHEN NEW.paper <= (SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'papers_matched') BEGIN
    INSERT OR IGNORE INTO papers_to_match VALUES (NEW.paper);
END;
CREATE TRIGGER paper_ids_moved AFTER UPDATE OF paper ON paper_ids BEGIN
    INSERT OR IGNORE INTO papers_to_match VALUES (NEW.paper);
END;
CREATE TRIGGER papers_renamed AFTER UPDATE OF title_key, year, authors ON papers
WHEN NEW.title_key <> OLD.title_key OR NEW.year IS NOT OLD.year OR NEW.authors <> OLD.authors BEGIN
    INSERT OR IGNORE INTO papers_to_match VALUES (NEW.number);
END;
CREATE TRIGGER references_inserted AFTER INSERT ON unresolved_references BEGIN
    INSERT OR IGNORE INTO references_to_match VALUES (NEW.reference);
END;
CREATE TRIGGER citations_inserted AFTER INSERT ON unresolved_citations BEGIN
    INSERT OR IGNORE INTO citations_to_match
    VALUES (NEW.citing_scheme, NEW.citing_value, NEW.cited_scheme, NEW.cited_value);
END;

-- What waits is looked up by the ids and the title of a paper that comes.
CREATE INDEX unresolved_by_title ON unresolved_references (title_key) WHERE title_key IS NOT NULL;
CREATE INDEX unresolved_citations_by_cited ON unresolved_citations (cited_scheme, cited_value);

-- Hashes of first author and a title's first or last letters: what nearly equal titles still share. Kept only
-- while references wait by title.
CREATE TABLE paper_title_ends (
    paper INTEGER PRIMARY KEY REFERENCES papers (number) ON DELETE CASCADE,
    head  INTEGER NOT NULL,
    tail  INTEGER NOT NULL
);
CREATE INDEX paper_title_heads ON paper_title_ends (head);
CREATE INDEX paper_title_tails ON paper_title_ends (tail);
CREATE TABLE reference_title_ends (
    reference INTEGER PRIMARY KEY REFERENCES unresolved_references (reference) ON DELETE CASCADE,
    head      INTEGER NOT NULL,
    tail      INTEGER NOT NULL
);
CREATE INDEX reference_title_heads ON reference_title_ends (head);
CREATE INDEX reference_title_tails ON reference_title_ends (tail);

INSERT INTO references_to_match SELECT reference FROM unresolved_references;
INSERT INTO citations_to_match
    SELECT citing_scheme, citing_value, cited_scheme, cited_value FROM unresolved_citations;
