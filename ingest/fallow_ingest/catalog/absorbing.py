"""Two stored papers turn out to be one: the later is taken into the earlier, and can be taken out again."""

from __future__ import annotations

import sqlite3

import orjson


def absorb(connection: sqlite3.Connection, kept: int, gone: int, reason: str, at: str) -> None:
    """Move everything of paper `gone` to paper `kept`, remembering enough to undo it."""
    row = connection.execute("SELECT * FROM papers WHERE number = ?", (gone,)).fetchone()
    before = connection.execute("SELECT * FROM papers WHERE number = ?", (kept,)).fetchone()
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
    connection.execute("UPDATE paper_ids SET paper = ? WHERE paper = ?", (kept, gone))
    connection.execute("UPDATE records SET paper = ? WHERE paper = ?", (kept, gone))
    connection.execute("UPDATE merges SET paper = ? WHERE paper = ?", (kept, gone))
    connection.execute("UPDATE sections SET paper = ? WHERE paper = ?", (kept, gone))
    connection.execute("UPDATE unresolved_references SET citing = ? WHERE citing = ?", (kept, gone))
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
    if not before["abstract"] and row["abstract"]:
        connection.execute(
            "UPDATE papers SET abstract = ?, content_hash = ?, text_origin = ? WHERE number = ?",
            (row["abstract"], row["content_hash"], row["text_origin"], kept),
        )
    connection.execute(
        "UPDATE papers SET public_by = min(public_by, ?) WHERE number = ?", (row["public_by"], kept)
    )
    connection.execute("DELETE FROM papers WHERE number = ?", (gone,))


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
    sections = connection.execute("SELECT section FROM sections WHERE paper = ?", (number,))
    references = connection.execute("SELECT reference FROM unresolved_references WHERE citing = ?", (number,))
    return {
        "citations": citations,
        "gained_citations": [list(pair) for pair in moved if pair not in held],
        "records": [list(row) for row in records],
        "sections": [row[0] for row in sections],
        "references": [row[0] for row in references],
    }


def restore(
    connection: sqlite3.Connection, kept: int, incoming: dict[str, object], ids: list[list[str]]
) -> int:
    """Undo `absorb`: the absorbed paper returns under its old number with what it brought."""
    row = incoming["absorbed"]
    assert isinstance(row, dict)
    number = int(row["number"])
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO papers ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    for scheme, value in ids:
        connection.execute(
            "UPDATE paper_ids SET paper = ? WHERE scheme = ? AND value = ? AND paper = ?",
            (number, scheme, value, kept),
        )
    for statement, rows in (
        ("UPDATE records SET paper = ? WHERE source = ? AND key = ?", incoming["records"]),
        ("UPDATE sections SET paper = ? WHERE section = ?", incoming["sections"]),
        ("UPDATE unresolved_references SET citing = ? WHERE reference = ?", incoming["references"]),
    ):
        assert isinstance(rows, list)
        for entry in rows:
            connection.execute(statement, (number, *(entry if isinstance(entry, list) else [entry])))
    gained, citations = incoming["gained_citations"], incoming["citations"]
    assert isinstance(gained, list)
    assert isinstance(citations, list)
    connection.executemany("DELETE FROM citations WHERE citing = ? AND cited = ?", gained)
    connection.executemany("INSERT OR IGNORE INTO citations VALUES (?, ?, ?)", citations)
    return number
