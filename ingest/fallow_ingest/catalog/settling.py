"""Waiting rows whose papers are held become citations with their contexts, and wait no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import orjson


def settle_citations(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> int:
    """Rows are (citing, cited, source, contexts, and the four columns of the waiting row's key)."""
    made = _insert(connection, [tuple(row)[:4] for row in rows])
    connection.executemany(
        "DELETE FROM unresolved_citations WHERE citing_scheme = ? AND citing_value = ? "
        "AND cited_scheme = ? AND cited_value = ?",
        [tuple(row)[4:] for row in rows],
    )
    return made


def settle_references(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> int:
    """Rows are (reference, citing, cited, source, contexts)."""
    made = _insert(connection, [tuple(row)[1:] for row in rows])
    connection.executemany(
        "DELETE FROM unresolved_references WHERE reference = ?", [(row[0],) for row in rows]
    )
    return made


def _insert(connection: sqlite3.Connection, found: Iterable[Sequence[object]]) -> int:
    """Rows of (citing, cited, source, contexts as JSON); returns how many citations are new."""
    found = [row for row in found if row[0] != row[1]]
    made = connection.executemany(
        "INSERT OR IGNORE INTO citations (citing, cited, source) VALUES (?, ?, ?)",
        [row[:3] for row in found],
    ).rowcount
    contexts = (
        (*row[:3], c["section"], c["start"], c["end"], c["text"], orjson.dumps(c["intents"]).decode())
        for row in found
        if row[3] != "[]"
        for c in orjson.loads(str(row[3]))
    )
    # The same sentence again (a record read twice, two entries for one work) adds nothing.
    connection.executemany(
        "INSERT INTO citation_contexts (citing, cited, source, section, start, end, text, intents) "
        "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM citation_contexts "
        "WHERE citing = ?1 AND cited = ?2 AND source = ?3 AND section = ?4 AND start = ?5 AND text = ?7)",
        contexts,
    )
    return max(made, 0)
