"""Taking a merge back: the second record becomes a paper of its own again."""

from __future__ import annotations

import sqlite3

import orjson

from fallow_ingest.catalog.absorbing import restore
from fallow_ingest.catalog.adding import insert_apart, now
from fallow_ingest.catalog.draft import draft, paper_from_json
from fallow_ingest.catalog.merging import gained_fields
from fallow_ingest.errors import BadInput


def undo(connection: sqlite3.Connection, merge: int) -> int:
    """Undo one merge inside the caller's transaction; returns the number of the paper set apart."""
    row = connection.execute("SELECT * FROM merges WHERE merge = ?", (merge,)).fetchone()
    if row is None or row["undone_at"]:
        raise BadInput(f"There is no merge {merge} to undo", "list a paper's merges first")
    before = orjson.loads(row["before"])
    incoming = orjson.loads(row["incoming"])
    gained: list[list[str]] = orjson.loads(row["gained"])
    paper = int(row["paper"])
    if "absorbed" in incoming:
        changed: tuple[str, ...] = ("abstract", "content_hash", "text_origin", "public_by")
        apart = restore(connection, paper, incoming, gained)
    else:
        record = paper_from_json(row["incoming"])
        changed = tuple(gained_fields(before, draft(record).fields))
        _take_back(connection, paper, row["source"], row["key"], before["source"], gained)
        apart = insert_apart(connection, record, row["source"])
    if changed:
        assignments = ", ".join(f"{name} = ?" for name in changed)
        values = [before[name] for name in changed]
        connection.execute(f"UPDATE papers SET {assignments} WHERE number = ?", (*values, paper))
    connection.execute("UPDATE merges SET undone_at = ? WHERE merge = ?", (now(), merge))
    return apart


def _take_back(
    connection: sqlite3.Connection,
    paper: int,
    source: str,
    key: str,
    first_source: str,
    gained: list[list[str]],
) -> None:
    connection.execute("DELETE FROM records WHERE source = ? AND key = ?", (source, key))
    for scheme, value in gained:
        connection.execute(
            "DELETE FROM paper_ids WHERE scheme = ? AND value = ? AND paper = ?", (scheme, value, paper)
        )
    if source != first_source:
        for table, column in (
            ("sections", "paper"),
            ("unresolved_references", "citing"),
            ("citations", "citing"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ? AND source = ?", (paper, source))
