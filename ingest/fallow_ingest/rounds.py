"""One round of a harvest: its place, its account, and how both are stored with the papers."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass

import orjson

from fallow_ingest.catalog import Catalog
from fallow_ingest.catalog.adding import add_batch, now
from fallow_ingest.catalog.citing import add_citations
from fallow_ingest.catalog.forgetting import forget_record
from fallow_ingest.errors import ServiceError
from fallow_ingest.health import note_outcome
from fallow_ingest.ingest import EXAMPLES, IngestAccount
from fallow_ingest.records import Citation
from fallow_ingest.services import Cursor, Gone, Page, Selection, Service
from fallow_ingest.snowball import expanded
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.outcomes import Empty, Ok, Outcome, outcome_of


@dataclass(slots=True)
class HarvestAccount(IngestAccount):
    """What one harvest did. missing: records promised and not given; requests: asked of the service."""

    outcome: Outcome | None = None
    missing: int = 0
    requests: int = 0
    gone: int = 0
    resumed: bool = False


class Round:
    """One round of a harvest: its row in `harvests` moves in the same transactions as the papers.

    selection: what the service is asked, which an interrupted round keeps although the library has grown.
    cursor, watermark: where it goes on, and from when it has to ask. ended: nothing is left to do.
    """

    def __init__(self, catalog: Catalog, service: Service, selection: Selection, limit: int | None) -> None:
        self.catalog = catalog
        self.service = service
        self.limit = limit
        self.key = key_of(selection, limit)
        self.account = HarvestAccount(service.name, selection.told())
        row = self._before = row_of(catalog.connection, service, self.key)
        self.cursor: Cursor | None = orjson.loads(row["cursor"]) if row else None
        self.watermark: str = row["watermark"] if row and limit is None else ""
        self.records = self.account.resumed_at = row["records"] if row and self.cursor is not None else 0
        self.account.missing = row["missing"] if row and self.cursor is not None else 0
        self.account.resumed = self.cursor is not None
        if row and self.cursor is not None and row["asked"]:
            self.selection = Selection.of(row["asked"])
        else:
            self.selection = expanded(selection, catalog, service)
            if row and row["asked"] and not _covers(Selection.of(row["asked"]), self.selection):
                # What is new of the papers asked for then is not all there is of those that came since.
                self.watermark = ""
        self.ended = False
        with catalog.writing() as connection:
            connection.execute(
                "INSERT INTO harvests (service, selection, state, cursor, watermark, records, missing, "
                "counts, started_at, asked) VALUES (?, ?, 'running', 'null', '', 0, 0, '{}', ?, ?) "
                "ON CONFLICT DO UPDATE SET state = 'running', started_at = excluded.started_at, "
                "asked = excluded.asked, records = ?, missing = ?, watermark = ?",
                (
                    service.name,
                    self.key,
                    now(),
                    self.selection.as_json(),
                    self.records,
                    self.account.missing,
                    self.watermark,
                ),
            )

    def nothing_left(self) -> None:
        """End the round without asking: every paper it is about was read before."""
        with self.catalog.writing() as connection:
            self._end(connection, "")
        self.account.already = True
        self.ended = True

    def commit(self, page: Page) -> None:
        """Store a page and the place behind it in one transaction."""
        items = self._within_limit(page)
        self.ended = page.last or (self.limit is not None and self.records >= self.limit)
        self.account.missing += page.missing
        papers = [item.paper for item in items if isinstance(item, Read)]
        with self.catalog.writing() as connection:
            self.account.counts += add_batch(connection, papers, self.service.name)
            add_citations(connection, [i for i in items if isinstance(i, Citation)], self.service.name)
            for item in items:
                self._account_for(connection, item)
            if self.ended:
                self._end(connection, page.watermark if page.last else "")
            else:
                self._move(connection, page.cursor)

    def fail(self, error: ServiceError) -> None:
        """Keep the place of the last committed page, and how the service answered."""
        self.account.failure = error
        self.account.outcome = outcome_of(error)
        with self.catalog.writing() as connection:
            connection.execute(
                "UPDATE harvests SET state = 'broken', counts = ?, ended_at = ? "
                "WHERE service = ? AND selection = ?",
                (self._counts(), now(), self.service.name, self.key),
            )
            note_outcome(connection, self.service.name, self.account.outcome)

    def undo(self) -> None:
        """Leave the row as it was found: what was asked for makes no sense, so no round was begun."""
        with self.catalog.writing() as connection:
            connection.execute(
                "DELETE FROM harvests WHERE service = ? AND selection = ?", (self.service.name, self.key)
            )
            if self._before is not None:
                names = self._before.keys()
                connection.execute(
                    f"INSERT INTO harvests ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                    tuple(self._before),
                )

    def _within_limit(self, page: Page) -> list[Read | Skipped | Citation | Gone]:
        kept: list[Read | Skipped | Citation | Gone] = []
        for item in page.items:
            if isinstance(item, Read):
                if self.limit is not None and self.records >= self.limit:
                    break
                self.records += 1
            kept.append(item)
        return kept

    def _account_for(self, connection: sqlite3.Connection, item: Read | Skipped | Citation | Gone) -> None:
        if isinstance(item, Skipped):
            self.account.skipped[item.reason] += 1
            if len(self.account.examples) < EXAMPLES:
                self.account.examples.append(item)
        elif isinstance(item, Read):
            self.account.repaired.update(item.notes)
        elif isinstance(item, Gone):
            self.account.gone += forget_record(connection, self.service.name, item.key)

    def _move(self, connection: sqlite3.Connection, cursor: Cursor) -> None:
        connection.execute(
            "UPDATE harvests SET cursor = ?, records = ?, missing = ?, counts = ? "
            "WHERE service = ? AND selection = ?",
            (
                orjson.dumps(cursor).decode(),
                self.records,
                self.account.missing,
                self._counts(),
                self.service.name,
                self.key,
            ),
        )

    def _end(self, connection: sqlite3.Connection, watermark: str) -> None:
        self.account.outcome = Ok(self.records) if self.records else Empty()
        connection.execute(
            "UPDATE harvests SET state = 'done', cursor = 'null', records = ?, missing = ?, counts = ?, "
            "watermark = CASE WHEN ? <> '' THEN ? ELSE watermark END, ended_at = ? "
            "WHERE service = ? AND selection = ?",
            (
                self.records,
                self.account.missing,
                self._counts(),
                watermark,
                watermark,
                now(),
                self.service.name,
                self.key,
            ),
        )
        note_outcome(connection, self.service.name, self.account.outcome)

    def _counts(self) -> str:
        counts = asdict(self.account.counts) | {
            "skipped": dict(self.account.skipped),
            "repaired": dict(self.account.repaired),
            "gone": self.account.gone,
        }
        return orjson.dumps(counts).decode()


def _covers(before: Selection, now_asked: Selection) -> bool:
    """Whether every paper that is named now was named before."""
    return all(
        set(getattr(now_asked, name)) <= set(getattr(before, name))
        for name in ("ids", "cites", "cited_by", "like")
    )


def key_of(selection: Selection, limit: int | None = None) -> str:
    """What tells one harvest of a service from another: the selection as typed, and its limit."""
    return selection.canonical() + (f" limit {limit}" if limit is not None else "")


def row_of(connection: sqlite3.Connection, service: Service, key: str) -> sqlite3.Row | None:
    """The row of the last round of a harvest, None when there was none."""
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM harvests WHERE service = ? AND selection = ?",
        (service.name, key),
    ).fetchone()
    return found
