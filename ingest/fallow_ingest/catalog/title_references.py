"""Waiting references matched to papers by title: equal titles, and nearly equal ones of the same author."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

import orjson

from fallow_ingest.catalog.merging import SINGLE_VALUED_SCHEMES
from fallow_ingest.catalog.settling import settle_references
from fallow_ingest.catalog.title_matching import Work, agreement, paper_work, reference_work, title_ends

CHUNK = 2_000
MOST_CANDIDATES = 50
"""Of one damaged or generic title; beyond, which one is meant cannot be told."""


def resolve(connection: sqlite3.Connection) -> int:
    """Match new references to all papers and new papers to all waiting references; returns citations made."""
    noted = connection.execute("SELECT coalesce(max(paper), 0) FROM paper_title_ends").fetchone()[0]
    changed = f"SELECT paper FROM papers_to_match WHERE paper > ? AND paper <= {noted} ORDER BY paper LIMIT ?"
    _note_papers(connection, changed)
    waits = "SELECT 1 FROM unresolved_references WHERE title_key IS NOT NULL LIMIT 1"
    if connection.execute(waits).fetchone() is None:
        return 0
    # Those that came since references last waited by title.
    _note_papers(
        connection, f"SELECT number FROM papers WHERE number > max(?, {noted}) ORDER BY number LIMIT ?"
    )
    made = 0
    for references in _chunks(
        connection,
        "SELECT n.reference FROM references_to_match n JOIN unresolved_references u USING (reference) "
        "WHERE u.title_key IS NOT NULL AND n.reference > ? ORDER BY n.reference LIMIT ?",
    ):
        works = _note_references(connection, references)
        made += _match(connection, _papers_like(connection, references), works)
    for papers in _chunks(
        connection, "SELECT paper FROM papers_to_match WHERE paper > ? ORDER BY paper LIMIT ?"
    ):
        pairs = _references_like(connection, papers)
        made += _match(connection, pairs, _reference_works(connection, pairs))
    return made


def _chunks(connection: sqlite3.Connection, query: str) -> Iterator[list[int]]:
    after = 0
    while found := [row[0] for row in connection.execute(query, (after, CHUNK))]:
        yield found
        after = found[-1]


# Title ends -------------------------------------------------------------------------------------


def _note_papers(connection: sqlite3.Connection, query: str) -> None:
    for numbers in _chunks(connection, query):
        works = _paper_works(connection, numbers)
        connection.executemany(
            "INSERT OR REPLACE INTO paper_title_ends VALUES (?, ?, ?)",
            ((number, *title_ends(work)) for number, work in works.items()),
        )


def _note_references(connection: sqlite3.Connection, references: list[int]) -> dict[int, Work]:
    works = _reference_works(connection, references)
    connection.executemany(
        "INSERT OR REPLACE INTO reference_title_ends VALUES (?, ?, ?)",
        ((number, *ends) for number, work in works.items() if (ends := title_ends(work))[0]),
    )
    return works


# Candidates -------------------------------------------------------------------------------------

_LIKE_REFERENCES = """
SELECT u.reference, p.number, 1 FROM json_each(?1) j CROSS JOIN unresolved_references u
    ON u.reference = j.value CROSS JOIN papers p ON p.title_key = u.title_key
UNION ALL
SELECT e.reference, p.paper, 0 FROM json_each(?1) j CROSS JOIN reference_title_ends e ON e.reference = j.value
    CROSS JOIN paper_title_ends p ON p.head = e.head
UNION ALL
SELECT e.reference, p.paper, 0 FROM json_each(?1) j CROSS JOIN reference_title_ends e ON e.reference = j.value
    CROSS JOIN paper_title_ends p ON p.tail = e.tail
"""
_LIKE_PAPERS = """
SELECT u.reference, p.number, 1 FROM json_each(?1) j CROSS JOIN papers p ON p.number = j.value
    CROSS JOIN unresolved_references u ON u.title_key = p.title_key AND u.title_key IS NOT NULL
UNION ALL
SELECT e.reference, p.paper, 0 FROM json_each(?1) j CROSS JOIN paper_title_ends p ON p.paper = j.value
    CROSS JOIN reference_title_ends e ON e.head = p.head
UNION ALL
SELECT e.reference, p.paper, 0 FROM json_each(?1) j CROSS JOIN paper_title_ends p ON p.paper = j.value
    CROSS JOIN reference_title_ends e ON e.tail = p.tail
"""
Pairs = dict[int, dict[int, bool]]
"""reference -> paper -> whether their titles are equal."""


def _papers_like(connection: sqlite3.Connection, references: list[int]) -> Pairs:
    return _pairs(connection.execute(_LIKE_REFERENCES, (orjson.dumps(references).decode(),)))


def _references_like(connection: sqlite3.Connection, papers: list[int]) -> Pairs:
    return _pairs(connection.execute(_LIKE_PAPERS, (orjson.dumps(papers).decode(),)))


def _pairs(rows: Iterable[sqlite3.Row]) -> Pairs:
    pairs: Pairs = {}
    for reference, paper, same in rows:
        papers = pairs.setdefault(reference, {})
        if paper in papers or len(papers) < MOST_CANDIDATES:
            papers[paper] = papers.get(paper, False) or bool(same)
    return pairs


# Deciding ---------------------------------------------------------------------------------------


def _match(connection: sqlite3.Connection, pairs: Pairs, references: dict[int, Work]) -> int:
    numbers = sorted({paper for papers in pairs.values() for paper in papers})
    works = _paper_works(connection, numbers)
    ids = _ids(connection, numbers)
    named = _named(connection, pairs)
    matched: dict[int, int] = {}
    for reference, papers in pairs.items():
        work = references[reference]
        scheme, value = named[reference]
        if scheme in SINGLE_VALUED_SCHEMES:  # an entry may say itself that it is another paper
            papers = {p: same for p, same in papers.items() if ids.get((p, scheme), value) == value}
        ranked = (
            (-alike, _years_apart(work, works[paper]), paper)
            for paper, same in papers.items()
            if (alike := agreement(work, works[paper], same_title=same)) is not None
        )
        if best := min(ranked, default=None):
            matched[reference] = best[2]
    return _settle(connection, matched)


def _years_apart(one: Work, other: Work) -> int:
    return abs(one.year - other.year) if one.year and other.year else 0


def _settle(connection: sqlite3.Connection, matched: dict[int, int]) -> int:
    rows = connection.execute(
        "SELECT u.reference, u.citing, j.value ->> 1, u.source, u.contexts FROM json_each(?) j "
        "CROSS JOIN unresolved_references u ON u.reference = j.value ->> 0",
        (orjson.dumps(list(matched.items())).decode(),),
    ).fetchall()
    return settle_references(connection, rows)


def _reference_works(connection: sqlite3.Connection, references: Iterable[int]) -> dict[int, Work]:
    rows = connection.execute(
        "SELECT u.reference, u.year, u.text FROM json_each(?) j "
        "CROSS JOIN unresolved_references u ON u.reference = j.value",
        (orjson.dumps(list(references)).decode(),),
    )
    return {row[0]: reference_work("", row[2], row[1]) for row in rows}


def _paper_works(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, Work]:
    rows = connection.execute(
        "SELECT p.number, p.title, p.year, p.authors FROM json_each(?) j "
        "CROSS JOIN papers p ON p.number = j.value",
        (orjson.dumps(list(numbers)).decode(),),
    )
    return {row[0]: paper_work(row[1], row[2], orjson.loads(row[3])) for row in rows}


def _ids(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[tuple[int, str], str]:
    rows = connection.execute(
        "SELECT i.paper, i.scheme, i.value FROM json_each(?) j CROSS JOIN paper_ids i ON i.paper = j.value",
        (orjson.dumps(list(numbers)).decode(),),
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _named(connection: sqlite3.Connection, references: Iterable[int]) -> dict[int, tuple[str, str]]:
    rows = connection.execute(
        "SELECT u.reference, u.scheme, u.value FROM json_each(?) j "
        "CROSS JOIN unresolved_references u ON u.reference = j.value",
        (orjson.dumps(list(references)).decode(),),
    )
    return {row[0]: (row[1], row[2]) for row in rows}
