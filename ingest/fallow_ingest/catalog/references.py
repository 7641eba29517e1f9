"""Citations between held papers, and references that wait for the paper they name.

Whatever comes to wait, and every older paper that gains an id or another title, is noted by the catalog's
triggers; `resolve` looks only at that and at papers above the last number it has seen, so it costs in
proportion to what is new and not to what is held or waits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import orjson

from fallow_ingest.catalog import title_references
from fallow_ingest.catalog.settling import settle_citations, settle_references

CHUNK = 5_000
"""Rows that are held at a time."""

_PAIR = "citing_scheme, citing_value, cited_scheme, cited_value"


def resolve(connection: sqlite3.Connection) -> int:
    """Turn every waiting reference whose paper is now held into a citation; returns how many became one.

    By id, else by a title that is equal or nearly so (`title_matching.agreement`). No paper cites itself. The
    sentences that wait with a reference become the citation's contexts. What is resolved waits no longer.
    """
    _note_new_papers(connection)
    made = _citations(connection)
    made += _references_by_id(connection)
    made += title_references.resolve(connection)
    for table in ("papers_to_match", "references_to_match", "citations_to_match"):
        connection.execute(f"DELETE FROM {table}")
    return made


def _note_new_papers(connection: sqlite3.Connection) -> None:
    if not (_empty(connection, "unresolved_citations") and _empty(connection, "unresolved_references")):
        connection.execute(
            "INSERT OR IGNORE INTO papers_to_match SELECT number FROM papers WHERE number > coalesce("
            "(SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'papers_matched'), 0)"
        )
    connection.execute(
        "INSERT INTO settings SELECT 'papers_matched', coalesce(max(number), 0) FROM papers WHERE true "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value"
    )


def waiting(connection: sqlite3.Connection) -> int:
    """How many references name a paper that the library does not hold."""
    count = 0
    for table in ("unresolved_references", "unresolved_citations"):
        count += connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return count


_KEY = ", ".join(f"u.{column}" for column in _PAIR.split(", "))
_HELD = f"SELECT a.paper, b.paper, u.source, u.contexts, {_KEY}"
_OF_CITING = "paper_ids a ON a.scheme = u.citing_scheme AND a.value = u.citing_value"
_OF_CITED = "paper_ids b ON b.scheme = u.cited_scheme AND b.value = u.cited_value"
_SOME = "n.paper > ? AND n.paper <= ?"


def _new_papers(ids: str) -> str:
    return f"papers_to_match n CROSS JOIN paper_ids {ids} ON {ids}.paper = n.paper"


def _citations(connection: sqlite3.Connection) -> int:
    """Citation rows that came, and those that waited for a paper that came."""
    if _empty(connection, "unresolved_citations"):
        return 0
    made = 0
    terms = _PAIR.split(", ")
    same = " AND ".join(f"u.{column} = j.value ->> {place}" for place, column in enumerate(terms))
    query = (
        f"{_HELD} FROM json_each(?) j CROSS JOIN unresolved_citations u ON {same} "
        f"CROSS JOIN {_OF_CITING} CROSS JOIN {_OF_CITED}"
    )
    key = " AND ".join(f"{column} = ?" for column in terms)
    while chunk := connection.execute(f"SELECT {_PAIR} FROM citations_to_match LIMIT {CHUNK}").fetchall():
        keys = [tuple(row) for row in chunk]
        held = connection.execute(query, (orjson.dumps(keys).decode(),)).fetchall()
        made += settle_citations(connection, held)
        connection.executemany(f"DELETE FROM citations_to_match WHERE {key}", keys)
    for span in _spans(connection, "papers_to_match", "paper"):
        for query in (
            f"{_HELD} FROM {_new_papers('a')} CROSS JOIN unresolved_citations u "
            "ON u.citing_scheme = a.scheme AND u.citing_value = a.value "
            f"CROSS JOIN {_OF_CITED} WHERE {_SOME}",
            f"{_HELD} FROM {_new_papers('b')} CROSS JOIN unresolved_citations u "
            "ON u.cited_scheme = b.scheme AND u.cited_value = b.value "
            f"CROSS JOIN {_OF_CITING} WHERE {_SOME}",
        ):
            made += settle_citations(connection, connection.execute(query, span).fetchall())
    return made


def _references_by_id(connection: sqlite3.Connection) -> int:
    if _empty(connection, "unresolved_references"):
        return 0
    found = "SELECT u.reference, u.citing, p.paper, u.source, u.contexts"
    made = 0
    for span in _spans(connection, "references_to_match", "reference"):
        query = (
            f"{found} FROM references_to_match n CROSS JOIN unresolved_references u "
            "ON u.reference = n.reference "
            "CROSS JOIN paper_ids p ON p.scheme = u.scheme AND p.value = u.value "
            "WHERE n.reference > ? AND n.reference <= ?"
        )
        made += settle_references(connection, connection.execute(query, span).fetchall())
    for span in _spans(connection, "papers_to_match", "paper"):
        query = (
            f"{found} FROM {_new_papers('p')} CROSS JOIN unresolved_references u "
            f"ON u.scheme = p.scheme AND u.value = p.value WHERE {_SOME}"
        )
        made += settle_references(connection, connection.execute(query, span).fetchall())
    return made


def _spans(connection: sqlite3.Connection, table: str, column: str) -> Iterator[tuple[int, int]]:
    """(after, up to) of the table's keys, so that about CHUNK of them lie in each."""
    after = -1
    some = f"SELECT {column} FROM {table} WHERE {column} > ? ORDER BY {column} LIMIT ?"
    query = f"SELECT max({column}) FROM ({some})"
    while (last := connection.execute(query, (after, CHUNK)).fetchone()[0]) is not None:
        yield (after, last)
        after = last


def _empty(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None
