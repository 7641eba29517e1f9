"""Taking a merge back: the second record becomes a paper of its own again."""

from __future__ import annotations

import sqlite3

import orjson

from fallow_ingest.catalog import reconciling
from fallow_ingest.catalog.absorbing import restore
from fallow_ingest.catalog.adding import insert_apart, now
from fallow_ingest.catalog.draft import draft_from_json
from fallow_ingest.catalog.forgetting import forget_record, forget_texts
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
        changed = gained_fields(before, incoming["absorbed"])
        apart = restore(connection, paper, incoming, gained)
    else:
        item = draft_from_json(row["incoming"])
        changed = gained_fields(before, item.fields)
        listed = _take_back(connection, paper, row["source"], row["key"], gained)
        apart = insert_apart(connection, item, row["source"])
        if not listed:
            forget_record(connection, row["source"], row["key"])
    if changed:
        assignments = ", ".join(f"{name} = ?" for name in changed)
        values = [before[name] for name in changed]
        connection.execute(f"UPDATE papers SET {assignments} WHERE number = ?", (*values, paper))
    for number in (paper, apart):
        reconciling.settle_status(connection, number)
    connection.execute("UPDATE merges SET undone_at = ? WHERE merge = ?", (now(), merge))
    return apart


def _take_back(
    connection: sqlite3.Connection, paper: int, source: str, key: str, gained: list[list[str]]
) -> bool:
    """Take from the paper what the record brought; returns whether its source still listed it."""
    listed = connection.execute("DELETE FROM records WHERE source = ? AND key = ?", (source, key)).rowcount
    connection.execute("DELETE FROM record_values WHERE source = ? AND key = ?", (source, key))
    connection.executemany(
        "DELETE FROM paper_ids WHERE scheme = ? AND value = ? AND paper = ?",
        ((scheme, value, paper) for scheme, value in gained),
    )
    forget_texts(connection, paper, source)
    return bool(listed)
