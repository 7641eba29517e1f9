"""A harvest's place, limits and outcomes, with a service that needs no network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from protocols.server import FakeClock

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, BudgetExhausted, ServiceBroken, ServiceError, ServiceThrottled
from fallow_ingest.harvest import check_selection, harvest, plan
from fallow_ingest.health import services_health
from fallow_ingest.records import Citation, CitationContext, Paper
from fallow_ingest.services import SERVICES, Cursor, Gone, Page, Plan, Selection
from fallow_ingest.snowball import expanded, held_ids
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.client import Client
from fallow_ingest.web.limiter import Limiter, Origin
from fallow_ingest.web.outcomes import OUTCOMES, Broken, Exhausted, Ok, Stale, Throttled

SHELF = Origin("shelf", "The Shelf", 1.0, ("shelf.example",))
TODAY = datetime.now(UTC).date()


def paper(number: int) -> Paper:
    return Paper(
        f"arxiv:2001.{number:05d}", f"An Invented Paper Number {number}", year=2020, date="2020-01-01"
    )


@dataclass
class Shelf:
    """Ten papers in pages of three; fails before page `fails_at` with `error`."""

    name: ClassVar[str] = "shelf"
    label: ClassVar[str] = "The Shelf"
    selects: ClassVar[frozenset[str]] = frozenset({"query", "since", "cites", "ids"})
    needs: ClassVar[frozenset[str]] = frozenset({"query", "cites", "ids"})
    fresh_days: ClassVar[int] = 7
    origin: Origin = SHELF
    pages: list[tuple[object, ...]] = field(
        default_factory=lambda: [tuple(Read(n, paper(n)) for n in range(s, s + 3)) for s in (1, 4, 7, 10)]
    )
    fails_at: int | None = None
    error: ServiceError | None = None
    missing: int = 0
    asked_with: list[tuple[Cursor | None, str]] = field(default_factory=list)

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        return Plan(len(self.pages), 4.0, note=f"since {watermark}" if watermark else "")

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        self.asked_with.append((cursor, watermark))
        first = int(str(cursor["page"])) if cursor else 0
        for at in range(first, len(self.pages)):
            if at == self.fails_at and self.error:
                raise self.error
            last = at == len(self.pages) - 1
            yield Page(
                self.pages[at],  # type: ignore[arg-type]
                {"page": at + 1},
                last,
                "2020-02-02" if last else "",
                self.missing if last else 0,
            )


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(Limiter(FakeClock(), folder=tmp_path / "limits"))


ASK = Selection(query="toys")


def test_a_complete_round_leaves_its_watermark(catalog: Catalog, client: Client) -> None:
    shelf = Shelf()
    account = harvest(catalog, shelf, ASK, client)
    assert account.counts.new == 12
    assert isinstance(account.outcome, Ok)
    assert harvest(catalog, shelf, ASK, client).counts.unchanged == 12
    assert shelf.asked_with == [(None, ""), (None, "2020-02-02")]
    assert plan(catalog, shelf, ASK, None).note == "since 2020-02-02"


def test_a_failure_keeps_the_place_and_is_told(catalog: Catalog, client: Client) -> None:
    shelf = Shelf(fails_at=2, error=ServiceThrottled("The Shelf is tired", "wait", 2e9))
    account = harvest(catalog, shelf, ASK, client)
    assert account.failure is shelf.error
    assert isinstance(account.outcome, Throttled)
    (health,) = services_health(catalog, TODAY)
    assert not health.sound
    assert health.unfinished
    assert "throttled until 2033-05-18" in health.told()
    shelf.fails_at = None
    account = harvest(catalog, shelf, ASK, client)
    assert shelf.asked_with[-1] == ({"page": 2}, "")
    assert (account.counts.new, account.resumed_at, catalog.count()) == (6, 6, 12)
    (health,) = services_health(catalog, TODAY)
    assert health.sound


def test_failing_before_the_first_page_keeps_the_old_watermark(catalog: Catalog, client: Client) -> None:
    harvest(catalog, Shelf(), ASK, client)
    harvest(catalog, Shelf(fails_at=0, error=ServiceBroken("The Shelf fell over")), ASK, client)
    shelf = Shelf()
    harvest(catalog, shelf, ASK, client)
    assert shelf.asked_with == [(None, "2020-02-02")]


def test_a_limit_is_a_harvest_of_its_own(catalog: Catalog, client: Client) -> None:
    account = harvest(catalog, Shelf(), ASK, client, limit=5)
    assert (account.counts.new, catalog.count()) == (5, 5)
    shelf = Shelf()
    assert harvest(catalog, shelf, ASK, client).counts.new == 7
    assert shelf.asked_with == [(None, "")], "the limited round must not count as complete"


def test_a_service_that_just_stops_is_broken(catalog: Catalog, client: Client) -> None:
    class Stopping(Shelf):
        def harvest(self, *args: object, **kwargs: object) -> Iterator[Page]:
            yield next(super().harvest(*args, **kwargs))  # type: ignore[arg-type]

    account = harvest(catalog, Stopping(), ASK, client)
    assert isinstance(account.outcome, Broken)
    assert catalog.count() == 3


def test_citations_skips_and_records_that_go(catalog: Catalog, client: Client) -> None:
    context = CitationContext("We build on it.", intents=("background",))
    pages: list[tuple[object, ...]] = [
        (Read(1, paper(1)), Read(2, paper(2)), Skipped(3, "not known to The Shelf", "x1")),
        (
            Citation("arxiv:2001.00001", "arxiv:2001.00002", (context,)),
            Gone(4, "arxiv:2001.00002", "deleted"),
        ),
    ]
    account = harvest(catalog, Shelf(pages=pages), ASK, client)
    assert account.skipped == {"not known to The Shelf": 1}
    assert (account.gone, account.citations) == (1, 1)
    assert catalog.find("arxiv:2001.00002").status == "removed"
    (row,) = catalog.connection.execute("SELECT text, intents FROM citation_contexts").fetchall()
    assert tuple(row) == ("We build on it.", '["background"]')


def test_what_a_service_cannot_do_names_who_can() -> None:
    with pytest.raises(BadInput, match="cannot select by --author"):
        check_selection(Shelf(), Selection(authors=("Ada Ash",)))
    with pytest.raises(BadInput, match="give --cites, --id or --query"):
        check_selection(Shelf(), Selection(since=20200101))


def test_every_outcome_can_be_stored_and_read_back(catalog: Catalog, client: Client) -> None:
    errors = [
        None,
        ServiceThrottled("a", until=2e9),
        BudgetExhausted("b", until=2e9),
        ServiceBroken("d"),
    ]
    seen = set()
    for error in errors:
        shelf = Shelf(fails_at=0 if error else None, error=error)
        account = harvest(catalog, shelf, Selection(query=f"q{error}"), client)
        assert account.outcome is not None
        seen.add(account.outcome.name)
        assert account.outcome.name in {outcome.name for outcome in OUTCOMES}
    assert len(seen) == len(errors)
    days = catalog.connection.execute("SELECT day, outcome, times FROM source_outcomes").fetchall()
    assert {row["outcome"] for row in days} == seen
    assert isinstance(services_health(catalog, TODAY)[0].outcome, Ok | Throttled | Exhausted | Broken)


def test_what_was_asked_long_ago_is_stale(catalog: Catalog, client: Client) -> None:
    harvest(catalog, Shelf(), ASK, client)
    (fresh,) = services_health(catalog, TODAY + timedelta(days=6))
    assert isinstance(fresh.outcome, Ok)
    (old,) = services_health(catalog, TODAY + timedelta(days=30))
    assert old.outcome == Stale(TODAY.isoformat())
    assert not old.sound
    assert "not asked since" in old.told()


def test_missing_records_are_told(catalog: Catalog, client: Client) -> None:
    harvest(catalog, Shelf(missing=310), ASK, client)
    (health,) = services_health(catalog, TODAY)
    assert not health.sound
    assert "310 records missing" in health.told()


def test_a_killed_first_harvest_is_seen(catalog: Catalog, client: Client) -> None:
    class Killed(BaseException):
        pass

    class Dying(Shelf):
        def harvest(self, *args: object, **kwargs: object) -> Iterator[Page]:
            yield next(super().harvest(*args, **kwargs))  # type: ignore[arg-type]
            raise Killed

    with pytest.raises(Killed):
        harvest(catalog, Dying(), ASK, client)
    (health,) = services_health(catalog, date.today())
    assert health.unfinished
    assert "interrupted" in str(health.outcome)


def test_snowballing_asks_for_every_paper_held_newest_first(catalog: Catalog) -> None:
    old = Paper("doi:10.1234/old", "An Older Invented Paper", date="2010-01-01", year=2010)
    catalog.add([old, paper(1)], "jsonl")
    assert held_ids(catalog, ("arxiv", "doi")) == ("arxiv:2001.00001", "doi:10.1234/old")
    assert held_ids(catalog, ("doi",)) == ("doi:10.1234/old",)
    grown = expanded(Selection(cites=("library", "s2:7")), catalog, Shelf())
    assert grown.cites == ("s2:7", "arxiv:2001.00001", "doi:10.1234/old")


def test_a_round_interrupted_keeps_what_it_asked_for_though_the_library_grows(
    catalog: Catalog, client: Client
) -> None:
    catalog.add([paper(50), paper(51)], "jsonl")
    snowball = Selection(cites=("library",))
    harvest(catalog, Shelf(fails_at=2, error=ServiceBroken("The Shelf fell over")), snowball, client)
    asked: list[Selection] = []

    class Noting(Shelf):
        def harvest(self, selection: Selection, *args: object, **kwargs: object) -> Iterator[Page]:
            asked.append(selection)
            return super().harvest(selection, *args, **kwargs)  # type: ignore[arg-type]

    for _ in range(2):
        assert harvest(catalog, Noting(), snowball, client).failure is None
    assert asked[0].cites == ("arxiv:2001.00050", "arxiv:2001.00051")
    assert len(asked[1].cites) == 14
    assert len(catalog.connection.execute("SELECT * FROM harvests").fetchall()) == 1


def test_papers_that_came_since_are_not_only_asked_for_what_is_new(catalog: Catalog, client: Client) -> None:
    catalog.add([paper(50)], "jsonl")
    snowball = Selection(cites=("library",))
    shelf = Shelf(pages=[()])
    for grown in (False, False, True):
        if grown:
            catalog.add([paper(51)], "jsonl")
            shelf.fails_at, shelf.error = 0, ServiceBroken("The Shelf fell over")
        harvest(catalog, shelf, snowball, client)
    shelf.fails_at = None
    harvest(catalog, shelf, snowball, client)
    assert [watermark for _, watermark in shelf.asked_with] == ["", "2020-02-02", "", ""]


def test_a_service_that_has_said_all_is_not_asked_again(catalog: Catalog, client: Client) -> None:
    class Once(Shelf):
        once: ClassVar[bool] = True

    everything = Selection(ids=("library",))
    catalog.add([paper(n) for n in range(1, 13)], "jsonl")
    assert harvest(catalog, Once(), everything, client).counts.merged == 12
    again = Once()
    account = harvest(catalog, again, everything, client)
    assert (account.already, again.asked_with) == (True, [])
    assert plan(catalog, again, everything, None).requests == 0


def test_the_order_of_what_is_said_makes_no_other_harvest() -> None:
    one, other = Selection(categories=("cs.CL", "cs.LG")), Selection(categories=("cs.LG", "cs.CL"))
    assert one.canonical() == other.canonical()
    assert Selection.of(other.as_json()) == other


def test_services_say_what_they_are() -> None:
    for name in SERVICES.names():
        service = SERVICES.create(name)
        assert service.name == name
        assert service.label
        assert service.selects
        assert service.needs <= service.selects <= set(Selection.__dataclass_fields__)
        assert service.origin.interval > 0
        assert service.origin.hosts
        assert service.fresh_days >= 1
