"""A source takes a record back: what only it said goes, the paper stays, since verdicts may quote it."""

from __future__ import annotations

import sqlite3

from fallow_ingest.catalog import reconciling
from fallow_ingest.catalog.draft import known_id


def forget_record(connection: sqlite3.Connection, source: str, key: str) -> bool:
    """Forget what `source` said under `key`, inside the caller's transaction; False when it said nothing.

    A paper that no source lists any more gets the status "removed".
    """
    key = str(known_id(key))
    row = connection.execute(
        "SELECT paper FROM records WHERE source = ? AND key = ?", (source, key)
    ).fetchone()
    if row is None:
        return False
    number = int(row["paper"])
    for table in ("records", "record_values"):
        connection.execute(f"DELETE FROM {table} WHERE source = ? AND key = ?", (source, key))
    forget_texts(connection, number, source)
    reconciling.settle_status(connection, number)
    return True


def forget_texts(connection: sqlite3.Connection, number: int, source: str) -> None:
    """Drop what a source gave besides the paper's row, unless another record of it is the same paper."""
    others = connection.execute(
        "SELECT 1 FROM records WHERE paper = ? AND source = ? LIMIT 1", (number, source)
    ).fetchone()
    if others:
        return
    for table, column in (
        ("sections", "paper"),
        ("reviews", "paper"),
        ("unresolved_references", "citing"),
        ("citation_contexts", "citing"),
        ("citations", "citing"),
    ):
        connection.execute(f"DELETE FROM {table} WHERE {column} = ? AND source = ?", (number, source))
