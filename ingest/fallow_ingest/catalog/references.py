"""Citations between held papers, and references that wait for the paper they name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from fallow_ingest.catalog.draft import known_id


def add_pairs(connection: sqlite3.Connection, pairs: Iterable[tuple[str, str]], source: str) -> None:
    """Note (citing, cited) id pairs; `resolve` turns them into citations once both papers are held."""

    def rows() -> Iterator[tuple[str, str, str, str, str]]:
        for citing_text, cited_text in pairs:
            citing, cited = known_id(citing_text), known_id(cited_text)
            yield (citing.scheme, citing.value, cited.scheme, cited.value, source)

    connection.executemany(
        "INSERT OR IGNORE INTO unresolved_citations "
        "(citing_scheme, citing_value, cited_scheme, cited_value, source) VALUES (?, ?, ?, ?, ?)",
        rows(),
    )


def resolve(connection: sqlite3.Connection) -> int:
    """Turn every waiting reference whose paper is held into a citation; returns how many became one.

    By id first; by title only where the years agree within one or either is unknown. A paper never
    cites itself.
    """
    before = connection.total_changes
    connection.execute(
        "INSERT OR IGNORE INTO citations SELECT a.paper, b.paper, u.source FROM unresolved_citations u "
        "JOIN paper_ids a ON a.scheme = u.citing_scheme AND a.value = u.citing_value "
        "JOIN paper_ids b ON b.scheme = u.cited_scheme AND b.value = u.cited_value WHERE a.paper <> b.paper"
    )
    connection.execute(
        "INSERT OR IGNORE INTO citations SELECT u.citing, p.paper, u.source FROM unresolved_references u "
        "JOIN paper_ids p ON p.scheme = u.scheme AND p.value = u.value WHERE u.citing <> p.paper"
    )
    connection.execute(
        "INSERT OR IGNORE INTO citations SELECT u.citing, p.number, u.source FROM unresolved_references u "
        "JOIN papers p ON p.title_key = u.title_key "
        "WHERE u.title_key IS NOT NULL AND u.citing <> p.number "
        "AND (u.year IS NULL OR p.year IS NULL OR abs(u.year - p.year) <= 1)"
    )
    made = connection.total_changes - before
    connection.execute(
        "DELETE FROM unresolved_citations WHERE EXISTS (SELECT 1 FROM paper_ids a "
        "WHERE a.scheme = citing_scheme AND a.value = citing_value) AND EXISTS (SELECT 1 FROM paper_ids b "
        "WHERE b.scheme = cited_scheme AND b.value = cited_value)"
    )
    connection.execute(
        "DELETE FROM unresolved_references WHERE EXISTS (SELECT 1 FROM paper_ids p "
        "WHERE p.scheme = unresolved_references.scheme AND p.value = unresolved_references.value)"
    )
    return made


def waiting(connection: sqlite3.Connection) -> int:
    """How many references name a paper that the library does not hold."""
    count = 0
    for table in ("unresolved_references", "unresolved_citations"):
        count += connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return count
