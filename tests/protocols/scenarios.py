"""What every service is tried on: a server with a little world behind it, and what to ask of it.

Each module of this folder that speaks a protocol lists its scenarios as SCENARIOS; the tests of faults and
kills, and benchmarks/faults.py, run all of them.
"""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from protocols.server import EVERYWHERE, BadDay, FakeClock, Fault, Respond, serving

from fallow_ingest.catalog import Catalog
from fallow_ingest.harvest import HarvestAccount, harvest
from fallow_ingest.records import Paper
from fallow_ingest.services import SERVICES, Selection
from fallow_ingest.web.client import Client, Patience
from fallow_ingest.web.limiter import Limiter


@dataclass(frozen=True, slots=True)
class Scenario:
    """One service in one little world.

    world: makes a fresh protocol (its state must not depend on what was asked before); held: papers that
    the library has already; papers: how many a complete harvest brings into it, those held included.
    """

    name: str
    service: str
    world: Callable[[], Respond]
    selection: Selection
    papers: int
    faults: tuple[Fault, ...] = EVERYWHERE
    held: tuple[Paper, ...] = ()


def scenarios() -> list[Scenario]:
    """Those of every module of this folder."""
    found: list[Scenario] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name not in ("server", "scenarios", "killed_harvest"):
            found += getattr(importlib.import_module(f"protocols.{module.name}"), "SCENARIOS", ())
    return found


def run_until_complete(
    scenario: Scenario, library: Path, state: Path, seed: int | None = None, most_runs: int = 60
) -> list[HarvestAccount]:
    """Harvest again and again, as a person would after every refusal, until a run comes through."""
    accounts: list[HarvestAccount] = []
    clock = FakeClock()
    bad_day = None if seed is None else BadDay(seed, scenario.faults)
    with serving(scenario.world(), bad_day) as server, Catalog.open(library, create=True) as catalog:
        if scenario.held:
            catalog.add(scenario.held, "jsonl")
        service = SERVICES.create(scenario.service, base=server.url)
        for _ in range(most_runs):
            limiter = Limiter(clock, folder=state)
            with Client(limiter, patience=Patience(tries=3), connect_seconds=5.0) as client:
                accounts.append(harvest(catalog, service, scenario.selection, client))
            if accounts[-1].failure is None:
                return accounts
            clock.sleep(3600)
    raise AssertionError(f"{scenario.name}, seed {seed}: never complete; {accounts[-1].failure}")


def content(library: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything a harvest stores, without numbers and moments that depend on the order of arrival."""
    connection = sqlite3.connect(library / "catalog.sqlite")
    try:
        keys = dict(connection.execute("SELECT number, key FROM papers"))

        def rows(query: str) -> list[tuple[object, ...]]:
            return sorted(connection.execute(query).fetchall(), key=repr)

        return {
            "papers": rows(
                "SELECT key, title, abstract, authors, year, date, public_by, venue, categories, keywords, "
                "url, status, content_hash FROM papers"
            ),
            "ids": rows(
                "SELECT i.scheme, i.value, p.key FROM paper_ids i JOIN papers p ON p.number = i.paper"
            ),
            "records": rows(
                "SELECT r.source, r.key, p.key FROM records r JOIN papers p ON p.number = r.paper"
            ),
            "citations": sorted(
                (keys[a], keys[b]) for a, b in connection.execute("SELECT citing, cited FROM citations")
            ),
            "contexts": sorted(
                (keys[a], keys[b], *rest)
                for a, b, *rest in connection.execute(
                    "SELECT citing, cited, source, section, start, end, text, intents FROM citation_contexts"
                )
            ),
            "references": rows(
                "SELECT p.key, u.scheme, u.value, u.text, u.year, u.source FROM unresolved_references u "
                "JOIN papers p ON p.number = u.citing"
            ),
            "waiting": rows(
                "SELECT citing_scheme, citing_value, cited_scheme, cited_value, source, contexts "
                "FROM unresolved_citations"
            ),
            "sections": rows(
                "SELECT p.key, s.source, s.position, s.heading, s.kind, s.text FROM sections s "
                "JOIN papers p ON p.number = s.paper"
            ),
            "reviews": rows(
                "SELECT p.key, r.source, r.key, r.part, r.text, r.rating FROM reviews r "
                "JOIN papers p ON p.number = r.paper"
            ),
            "watermarks": rows("SELECT service, selection, state, watermark, records, missing FROM harvests"),
        }
    finally:
        connection.close()
