"""Where the sources of one paper disagree, who says so, and which status follows from what they say."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from fallow_ingest.text.normalise import fold

FIELDS = ("title", "year", "date", "venue", "status")
"""What sources may disagree on, in the order in which disagreements are told."""

MOST_FORMER_TITLES = 20

_STRENGTH = {"": 0, "removed": 1, "withdrawn": 2, "retracted": 3}


@dataclass(frozen=True, slots=True)
class Said:
    """What one record says of a field, "" when it says nothing."""

    source: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A field on which the records of one paper differ. shown: the value that the paper goes by."""

    field: str
    shown: str
    said: tuple[Said, ...]


def spread(connection: sqlite3.Connection, number: int) -> None:
    """Write down what the one record of a paper says, before another record or title changes the paper."""
    connection.execute(
        "INSERT OR IGNORE INTO record_values SELECT r.source, r.key, p.number, p.title, p.year, p.date, "
        "p.venue, p.status, '[]' FROM records r JOIN papers p ON p.number = r.paper WHERE r.paper = ?",
        (number,),
    )


def is_spread(connection: sqlite3.Connection, number: int) -> bool:
    """Whether what the paper's records say is written down apart from its row."""
    found = connection.execute("SELECT 1 FROM record_values WHERE paper = ? LIMIT 1", (number,))
    return found.fetchone() is not None


def is_shared(connection: sqlite3.Connection, number: int, source: str, key: str) -> bool:
    """Whether a record besides this one tells of the paper."""
    found = connection.execute(
        "SELECT 1 FROM records WHERE paper = ? AND NOT (source = ? AND key = ?) LIMIT 1",
        (number, source, key),
    )
    return found.fetchone() is not None


def keep(connection: sqlite3.Connection, number: int, source: str, said: Mapping[str, object]) -> None:
    """Note what a record says now; a title that it carried before is remembered as such."""
    key = said["key"]
    held = connection.execute(
        "SELECT title, former FROM record_values WHERE source = ? AND key = ?", (source, key)
    ).fetchone()
    former: list[str] = []
    if held:
        former = orjson.loads(held["former"])
        if held["title"] != said["title"]:
            former = [title for title in former if title != held["title"]] + [held["title"]]
    connection.execute(
        "INSERT OR REPLACE INTO record_values VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source,
            key,
            number,
            *(said[name] for name in FIELDS),
            orjson.dumps(former[-MOST_FORMER_TITLES:]).decode(),
        ),
    )


def settle_status(connection: sqlite3.Connection, number: int) -> None:
    """Give the paper the gravest status that any of its records says.

    Retracted goes before withdrawn, withdrawn before removed. A paper that no source lists any more is
    removed, unless it was withdrawn or retracted before.
    """
    shown = connection.execute("SELECT status FROM papers WHERE number = ?", (number,)).fetchone()[0]
    said = [
        row[0] for row in connection.execute("SELECT status FROM record_values WHERE paper = ?", (number,))
    ]
    if not said:
        if connection.execute("SELECT 1 FROM records WHERE paper = ? LIMIT 1", (number,)).fetchone():
            return
        said = [shown, "removed"]
    status = max(said, key=lambda text: (_STRENGTH.get(text, 0), text))
    if status != shown:
        connection.execute("UPDATE papers SET status = ? WHERE number = ?", (status, number))


def status_said_by(connection: sqlite3.Connection, number: int) -> list[Said]:
    """The records that give the paper a status; none when it has none or no source lists it any more."""
    rows = connection.execute(
        "SELECT source, key, status FROM record_values WHERE paper = ? ORDER BY source, key", (number,)
    ).fetchall()
    if not rows:
        rows = connection.execute(
            "SELECT r.source, r.key, p.status FROM papers p JOIN records r ON r.paper = p.number "
            "WHERE p.number = ?",
            (number,),
        ).fetchall()
    return [Said(*row) for row in rows if row["status"]]


def disagreements(connection: sqlite3.Connection, number: int) -> list[Disagreement]:
    """Where the paper's records differ, in the order of FIELDS.

    Titles and venues differ when they do without case, accents and punctuation; dates when neither makes
    the other more precise. No date, no venue and "arXiv" for a venue contradict nothing; no status does.
    A title that another record carried in an earlier version is that record's, not a contradiction.
    """
    shown = connection.execute("SELECT * FROM papers WHERE number = ?", (number,)).fetchone()
    rows = connection.execute(
        "SELECT * FROM record_values WHERE paper = ? ORDER BY source, key", (number,)
    ).fetchall()
    found: list[Disagreement] = []
    for name in FIELDS:
        told = [Said(row["source"], row["key"], _text(row[name])) for row in rows]
        if _DIFFER[name](rows):
            found.append(Disagreement(name, _text(shown[name]), tuple(told)))
    return found


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _titles_differ(rows: list[sqlite3.Row]) -> bool:
    now = {_folded(row["title"]) for row in rows}
    # What each record was called before stands for what it is called now.
    renamed = {_folded(old): _folded(row["title"]) for row in rows for old in orjson.loads(row["former"])}
    return len({renamed.get(title, title) for title in now} if len(now) > 1 else now) > 1


def _folded(text: str) -> str:
    return fold(text).replace(" ", "")


def _years_differ(rows: list[sqlite3.Row]) -> bool:
    return len({row["year"] for row in rows if row["year"] is not None}) > 1


def _dates_differ(rows: list[sqlite3.Row]) -> bool:
    dates = sorted({row["date"] for row in rows if row["date"]}, key=len)
    return any(not longer.startswith(shorter) for shorter in dates for longer in dates[-1:])


def _venues_differ(rows: list[sqlite3.Row]) -> bool:
    return len({_folded(row["venue"]) for row in rows} - {"", "arxiv"}) > 1


def _statuses_differ(rows: list[sqlite3.Row]) -> bool:
    return len({row["status"] for row in rows}) > 1


_DIFFER: dict[str, Callable[[list[sqlite3.Row]], bool]] = {
    "title": _titles_differ,
    "year": _years_differ,
    "date": _dates_differ,
    "venue": _venues_differ,
    "status": _statuses_differ,
}
