"""A source takes a record back: what only it gave goes, the paper stays."""

from __future__ import annotations

import sqlite3

from fallow_ingest.catalog.draft import known_id


def forget_record(connection: sqlite3.Connection, source: str, key: str) -> bool:
    """Forget what `source` said under `key`, inside the caller's transaction; False when it said nothing.

    A paper that no source lists any more gets the status "removed": verdicts may have quoted it.
    """
    canonical = str(known_id(key))
    row = connection.execute(
        "SELECT paper FROM records WHERE source = ? AND key = ?", (source, canonical)
    ).fetchone()
    if row is None:
        return False
    paper = int(row[0])
    connection.execute("DELETE FROM records WHERE source = ? AND key = ?", (source, canonical))
    still = connection.execute(
        "SELECT count(*), coalesce(sum(source = ?), 0) FROM records WHERE paper = ?", (source, paper)
    ).fetchone()
    if not still[1]:
        for table, column in (
            ("sections", "paper"),
            ("reviews", "paper"),
            ("unresolved_references", "citing"),
            ("citation_contexts", "citing"),
            ("citations", "citing"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ? AND source = ?", (paper, source))
    if not still[0]:
        connection.execute("UPDATE papers SET status = 'removed' WHERE number = ?", (paper,))
    return True
