"""What belongs to a paper besides its row: sections, waiting references with their contexts, reviews."""

from __future__ import annotations

import sqlite3

from fallow_ingest.catalog.draft import Texts


def put_texts(connection: sqlite3.Connection, number: int, texts: Texts, source: str, *, again: bool) -> None:
    """Store what one record says. again: it comes again, and takes the place of what it said before.

    A record without sections, references or reviews says nothing about them: what there is stays.
    """
    if texts.sections:
        _put_sections(connection, number, texts, source)
    if texts.references:
        if again:
            _forget_references(connection, number, texts, source)
        _put_references(connection, number, texts, source)
    if texts.reviews:
        _put_reviews(connection, number, texts, source, again=again)


def _put_sections(connection: sqlite3.Connection, number: int, texts: Texts, source: str) -> None:
    kept = connection.execute(
        "SELECT heading, kind, text FROM sections WHERE paper = ? AND source = ? ORDER BY position",
        (number, source),
    ).fetchall()
    if [tuple(row) for row in kept] == list(texts.sections):
        return
    connection.execute("DELETE FROM sections WHERE paper = ? AND source = ?", (number, source))
    connection.executemany(
        "INSERT INTO sections (paper, source, position, heading, kind, text) VALUES (?, ?, ?, ?, ?, ?)",
        ((number, source, position, *section) for position, section in enumerate(texts.sections)),
    )


def _forget_references(connection: sqlite3.Connection, number: int, texts: Texts, source: str) -> None:
    # Citations stay: another source may have told the same one later, of which there is no trace.
    tables = ["unresolved_references"]
    if any(reference[-1] != "[]" for reference in texts.references):
        tables.append("citation_contexts")
    for table in tables:
        connection.execute(f"DELETE FROM {table} WHERE citing = ? AND source = ?", (number, source))


def _put_references(connection: sqlite3.Connection, number: int, texts: Texts, source: str) -> None:
    connection.executemany(
        "INSERT INTO unresolved_references (citing, source, scheme, value, title_key, year, text, contexts) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((number, source, *reference) for reference in texts.references),
    )


def _put_reviews(
    connection: sqlite3.Connection, number: int, texts: Texts, source: str, *, again: bool
) -> None:
    """A part whose text is the same keeps its row, and with it the statements mined from it."""
    said = {(review[0], review[1]): review for review in texts.reviews}
    for row in connection.execute(
        "SELECT review, key, part, text FROM reviews WHERE paper = ? AND source = ?", (number, source)
    ).fetchall():
        now = said.get((row["key"], row["part"]))
        if (now is None and again) or (now is not None and now[-1] != row["text"]):
            connection.execute("DELETE FROM reviews WHERE review = ?", (row["review"],))
    connection.executemany(
        "DELETE FROM reviews WHERE source = ? AND key = ? AND part = ? AND paper <> ?",
        ((source, *name, number) for name in said),
    )
    connection.executemany(
        "INSERT INTO reviews (paper, source, key, part, signature, date, rating, text) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, key, part) DO UPDATE SET "
        "signature = excluded.signature, date = excluded.date, rating = excluded.rating",
        ((number, source, *review) for review in said.values()),
    )
