"""A library, a clock and a client on which the tests of arXiv's services harvest again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from protocols.server import Asked, FakeClock, ProtocolServer, Reply, Respond, serving

from fallow_ingest.catalog import Catalog
from fallow_ingest.harvest import HarvestAccount, harvest
from fallow_ingest.services import Selection, Service
from fallow_ingest.web.client import Client, Patience
from fallow_ingest.web.limiter import Limiter

SHARED = Path(__file__).resolve().parents[3] / "shared"
"""Recorded answers; absent on most machines, and tests that need them skip."""


class Bench:
    """One library and one machine. tries: of a request."""

    def __init__(self, folder: Path, tries: int = 3) -> None:
        self.clock = FakeClock()
        self.folder = folder
        self.tries = tries
        self.catalog = Catalog.open(folder / "library", create=True)

    def client(self) -> Client:
        limiter = Limiter(self.clock, folder=self.folder / "state")
        return Client(limiter, patience=Patience(tries=self.tries), connect_seconds=5.0)

    def harvest(self, service: Service, selection: Selection, *, limit: int | None = None) -> HarvestAccount:
        with self.client() as client:
            return harvest(self.catalog, service, selection, client, limit=limit)

    def titles(self) -> list[str]:
        rows = self.catalog.connection.execute("SELECT title FROM papers ORDER BY key").fetchall()
        return [str(row[0]) for row in rows]

    def column(self, name: str) -> dict[str, object]:
        """key -> a column of the papers."""
        return dict(self.catalog.connection.execute(f"SELECT key, {name} FROM papers").fetchall())

    def watermark(self) -> str:
        [row] = self.catalog.connection.execute("SELECT watermark FROM harvests").fetchall()
        return str(row[0])


@contextmanager
def bench(folder: Path, tries: int = 3) -> Iterator[Bench]:
    """For the length of a test."""
    made = Bench(folder, tries)
    with made.catalog:
        yield made


class Changing:
    """A server whose protocol can be exchanged, and that fails as it is told.

    fails: sees the number of the request, from 1, and the request; gives the answer to send instead, or None.
    """

    def __init__(self, respond: Respond, fails: Callable[[int, Asked], Reply | None] | None = None) -> None:
        self.respond = respond
        self.fails = fails
        self.count = 0

    def __call__(self, asked: Asked) -> Reply:
        self.count += 1
        failed = self.fails(self.count, asked) if self.fails else None
        return failed or self.respond(asked)


@contextmanager
def changing(
    respond: Respond, fails: Callable[[int, Asked], Reply | None] | None = None
) -> Iterator[tuple[ProtocolServer, Changing]]:
    """A running server and the protocol in it."""
    world = Changing(respond, fails)
    with serving(world) as server:
        yield server, world
