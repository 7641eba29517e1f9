"""Bringing papers from a service into the library: page by page, each committed with the place behind it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import orjson

from fallow_ingest.catalog import Catalog
from fallow_ingest.catalog.adding import add_batch, now
from fallow_ingest.catalog.citing import add_citations
from fallow_ingest.catalog.forgetting import forget_record
from fallow_ingest.errors import BadInput, ServiceBroken, ServiceError
from fallow_ingest.health import note_outcome
from fallow_ingest.ingest import EXAMPLES, IngestAccount
from fallow_ingest.progress import ReportProgress, ignore_progress
from fallow_ingest.records import Citation
from fallow_ingest.services import SERVICES, Cursor, Gone, Page, Plan, Selection, Service
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.client import Client
from fallow_ingest.web.outcomes import Empty, Ok, Outcome, outcome_of


@dataclass(slots=True)
class HarvestAccount(IngestAccount):
    """What one harvest did. missing: records promised and not given; requests: asked of the service."""

    outcome: Outcome | None = None
    missing: int = 0
    requests: int = 0
    gone: int = 0
    resumed: bool = False


def harvest(
    catalog: Catalog,
    service: Service,
    selection: Selection,
    client: Client,
    *,
    limit: int | None = None,
    report: ReportProgress = ignore_progress,
) -> HarvestAccount:
    """Bring what the service has of the selection into the library.

    Interrupted or refused part of the way, the same call goes on where the last committed page ended;
    complete, it asks only for what is new where the service can tell. limit: stop after so many records, as
    a harvest of its own. A service that fails on the way is told in the account's failure and outcome.
    Raises BadInput before anything is asked.
    """
    check_selection(service, selection)
    with catalog.exclusive():
        run = _Round(catalog, service, selection, limit)
        before = client.requests
        try:
            pages = service.harvest(selection, client, cursor=run.cursor, watermark=run.watermark)
            for page in pages:
                run.commit(page)
                report(f"asking {service.label}", run.records, page.total or 0)
                if run.ended:
                    break
            if not run.ended:
                raise ServiceBroken(f"{service.label} stopped in the middle", "run the same command again")
        except ServiceError as error:
            run.fail(error)
        except BadInput:
            run.undo()
            raise
        run.account.requests = client.requests - before
        run.account.citations = catalog.resolve_references()
    return run.account


def plan(catalog: Catalog | None, service: Service, selection: Selection, client: Client | None) -> Plan:
    """What `harvest` of that selection would take from now on. Raises BadInput, ServiceError."""
    check_selection(service, selection)
    row = _row(catalog.connection, service, selection.canonical()) if catalog else None
    return service.plan(selection, client, watermark=row["watermark"] if row else "")


def check_selection(service: Service, selection: Selection) -> None:
    """Raise BadInput when the service cannot be asked that, naming those that can."""
    unknown = selection.asked() - service.selects
    if unknown:
        others = [n for n in SERVICES.names() if selection.asked() <= SERVICES.create(n).selects]
        raise BadInput(
            f"{service.name} cannot select by {_listed(unknown)}",
            f"it knows {_listed(service.selects)}; "
            + (f"by all you said: {', '.join(others)}" if others else "no service knows all you said"),
        )
    if service.needs and not service.needs & selection.asked():
        raise BadInput(
            f"{service.name} must be told what to look for", f"give {_listed(service.needs, 'or')}"
        )


def _listed(names: Iterable[str], word: str = "and") -> str:
    said = sorted(f"--{OPTION_OF.get(name, name)}" for name in names)
    return f" {word} ".join(filter(None, [", ".join(said[:-1]), said[-1]])) if said else "nothing"


LIBRARY = "library"
"""What people type where an id is expected, to mean every paper they hold."""

OPTION_OF = {
    "ids": "id",
    "categories": "category",
    "authors": "author",
    "venues": "venue",
    "cited_by": "cited-by",
}
"""Field of Selection -> the option people type, where they differ."""


class _Round:
    """One round of a harvest: its row in `harvests` moves in the same transactions as the papers."""

    def __init__(self, catalog: Catalog, service: Service, selection: Selection, limit: int | None) -> None:
        self.catalog = catalog
        self.service = service
        self.limit = limit
        self.key = selection.canonical() + (f" limit {limit}" if limit is not None else "")
        self.account = HarvestAccount(service.name, selection.told())
        row = self._before = _row(catalog.connection, service, self.key)
        self.cursor: Cursor | None = orjson.loads(row["cursor"]) if row else None
        self.watermark: str = row["watermark"] if row and limit is None else ""
        self.records = self.account.resumed_at = row["records"] if row and self.cursor is not None else 0
        self.account.missing = row["missing"] if row and self.cursor is not None else 0
        self.account.resumed = self.cursor is not None
        self.ended = False
        with catalog.writing() as connection:
            connection.execute(
                "INSERT INTO harvests (service, selection, state, cursor, watermark, records, missing, "
                "counts, started_at) VALUES (?, ?, 'running', 'null', '', 0, 0, '{}', ?) "
                "ON CONFLICT DO UPDATE SET state = 'running', started_at = excluded.started_at, "
                "records = ?, missing = ?",
                (service.name, self.key, now(), self.records, self.account.missing),
            )

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


def _row(connection: sqlite3.Connection, service: Service, selection: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM harvests WHERE service = ? AND selection = ?",
        (service.name, selection),
    ).fetchone()
    return found


def held_ids(catalog: Catalog, schemes: Iterable[str], *, newest: int | None = None) -> tuple[str, ...]:
    """One id of each held paper in the first of the schemes it has, newest papers first: for snowballing."""
    ranked = list(schemes)
    best: dict[int, tuple[int, str]] = {}
    marks = ", ".join("?" * len(ranked))
    rows = catalog.connection.execute(
        f"SELECT paper, scheme, value FROM paper_ids WHERE scheme IN ({marks})", ranked
    )
    for row in rows:
        candidate = (ranked.index(row["scheme"]), f"{row['scheme']}:{row['value']}")
        best[row["paper"]] = min(best.get(row["paper"], candidate), candidate)
    days = dict(catalog.connection.execute("SELECT number, public_by FROM papers").fetchall())
    order = sorted(best, key=lambda number: (-days[number] if days[number] < 99999999 else 0, number))
    return tuple(best[number][1] for number in order[:newest])


def snowballed(selection: Selection, catalog: Catalog, service: Service) -> Selection:
    """The selection with LIBRARY among its ids replaced by the ids of the papers held."""
    schemes = getattr(service, "id_schemes", ("arxiv", "doi", "acl", "s2", "openalex"))

    def with_library(ids: tuple[str, ...]) -> tuple[str, ...]:
        if LIBRARY not in ids:
            return ids
        held = held_ids(catalog, schemes)
        if not held:
            raise BadInput(
                f"No paper in {catalog.library} has an id that {service.label} knows ({', '.join(schemes)})",
                "bring in papers first, or name ids",
            )
        return tuple(dict.fromkeys((*(i for i in ids if i != LIBRARY), *held)))

    return replace(
        selection,
        ids=with_library(selection.ids),
        cites=with_library(selection.cites),
        cited_by=with_library(selection.cited_by),
        like=with_library(selection.like),
    )
