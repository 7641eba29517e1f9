"""Two stored papers turn out to be one: the later is taken into the earlier, and can be taken out again."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson

from fallow_ingest.catalog import reconciling
from fallow_ingest.catalog.merging import gained_fields

_MOVED = (
    ("sections", "section", "paper"),
    ("reviews", "review", "paper"),
    ("unresolved_references", "reference", "citing"),
    ("citation_contexts", "context", "citing"),
    ("citation_contexts", "context", "cited"),
)
"""Table, its key and the column that names the paper, of everything that goes with a paper by its row."""


def absorb(connection: sqlite3.Connection, kept: int, gone: int, reason: str, at: str) -> None:
    """Move everything of paper `gone` to paper `kept`, remembering enough to undo it."""
    row = connection.execute("SELECT * FROM papers WHERE number = ?", (gone,)).fetchone()
    before = connection.execute("SELECT * FROM papers WHERE number = ?", (kept,)).fetchone()
    for number in (kept, gone):
        reconciling.spread(connection, number)
    ids = [
        list(r) for r in connection.execute("SELECT scheme, value FROM paper_ids WHERE paper = ?", (gone,))
    ]
    incoming = {"absorbed": dict(row), **_belongings(connection, gone, kept)}
    connection.execute(
        "INSERT INTO merges (paper, source, key, reason, incoming, before, gained, merged_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kept,
            row["source"],
            row["key"],
            reason,
            orjson.dumps(incoming).decode(),
            orjson.dumps(dict(before)).decode(),
            orjson.dumps(ids).decode(),
            at,
        ),
    )
    for table in ("paper_ids", "records", "record_values", "merges"):
        connection.execute(f"UPDATE {table} SET paper = ? WHERE paper = ?", (kept, gone))
    for table, _, column in _MOVED:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (kept, gone))
    # A paper does not speak of itself: what one half said of the other waits in the merge.
    connection.execute("DELETE FROM citation_contexts WHERE citing = cited AND citing = ?", (kept,))
    connection.execute(
        "INSERT OR IGNORE INTO citations "
        "SELECT ?, cited, source FROM citations WHERE citing = ? AND cited <> ?",
        (kept, gone, kept),
    )
    connection.execute(
        "INSERT OR IGNORE INTO citations "
        "SELECT citing, ?, source FROM citations WHERE cited = ? AND citing <> ?",
        (kept, gone, kept),
    )
    gained = gained_fields(before, dict(row))
    if gained:
        assignments = ", ".join(f"{name} = ?" for name in gained)
        connection.execute(f"UPDATE papers SET {assignments} WHERE number = ?", (*gained.values(), kept))
    connection.execute("DELETE FROM papers WHERE number = ?", (gone,))
    reconciling.settle_status(connection, kept)


def _belongings(connection: sqlite3.Connection, number: int, kept: int) -> dict[str, object]:
    citations = [
        list(row)
        for row in connection.execute(
            "SELECT citing, cited, source FROM citations WHERE citing = ? OR cited = ?", (number, number)
        )
    ]
    held = {
        tuple(row)
        for row in connection.execute(
            "SELECT citing, cited FROM citations WHERE citing = ? OR cited = ?", (kept, kept)
        )
    }
    moved = [tuple(kept if end == number else end for end in row[:2]) for row in citations]
    records = connection.execute("SELECT source, key FROM records WHERE paper = ?", (number,))
    between = connection.execute(
        "SELECT * FROM citation_contexts WHERE (citing = ? AND cited = ?) OR (citing = ? AND cited = ?)",
        (number, kept, kept, number),
    )
    return {
        "citations": citations,
        "gained_citations": [list(pair) for pair in moved if pair not in held],
        "records": [list(row) for row in records],
        "contexts_between": [list(row) for row in between],
        "moved": {
            f"{table}.{column}": [
                row[0]
                for row in connection.execute(f"SELECT {key} FROM {table} WHERE {column} = ?", (number,))
            ]
            for table, key, column in _MOVED
        },
    }


def restore(connection: sqlite3.Connection, kept: int, incoming: dict[str, Any], ids: list[list[str]]) -> int:
    """Undo `absorb`: the absorbed paper returns under its old number with what it brought."""
    row = incoming["absorbed"]
    number = int(row["number"])
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO papers ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    for scheme, value in ids:
        connection.execute(
            "UPDATE paper_ids SET paper = ? WHERE scheme = ? AND value = ? AND paper = ?",
            (number, scheme, value, kept),
        )
    for table in ("records", "record_values"):
        connection.executemany(
            f"UPDATE {table} SET paper = ? WHERE source = ? AND key = ?",
            ((number, *record) for record in incoming["records"]),
        )
    # Merges of older libraries name what moved by the table's own word.
    older = {"sections.paper": "sections", "unresolved_references.citing": "references"}
    for table, key, column in _MOVED:
        name = f"{table}.{column}"
        moved = incoming.get("moved", {}).get(name) or incoming.get(older.get(name, ""), ())
        connection.executemany(
            f"UPDATE {table} SET {column} = ? WHERE {key} = ?", ((number, entry) for entry in moved)
        )
    connection.executemany(
        "INSERT OR IGNORE INTO citation_contexts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        incoming.get("contexts_between", ()),
    )
    connection.executemany(
        "DELETE FROM citations WHERE citing = ? AND cited = ?", incoming["gained_citations"]
    )
    connection.executemany("INSERT OR IGNORE INTO citations VALUES (?, ?, ?)", incoming["citations"])
    return number
