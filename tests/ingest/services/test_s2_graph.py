"""The Graph API: what is asked and how, searches that end early, lists that are too long or withheld."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocols.s2_graph import HELD, TOYS, UNHELD, Entry, World, hurried, said
from protocols.server import Asked, FakeClock, ProtocolServer, Reply, Respond, gateway_timeout, serving

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, ServiceBroken, ServiceRefused, ServiceThrottled
from fallow_ingest.harvest import HarvestAccount, harvest
from fallow_ingest.health import services_health
from fallow_ingest.records import Paper
from fallow_ingest.services import Selection
from fallow_ingest.services.semantic_scholar import KEY_VARIABLE, WITH_KEY, WITHOUT_KEY
from fallow_ingest.services.semantic_scholar.datasets import DatasetService
from fallow_ingest.services.semantic_scholar.graph import GraphService
from fallow_ingest.services.semantic_scholar.papers import contexts_of, paper_of
from fallow_ingest.sources.fields import Notes
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.text.normalise import plain
from fallow_ingest.web.client import Client, Patience
from fallow_ingest.web.limiter import Limiter
from fallow_ingest.web.outcomes import Empty, Ok, Refused, Throttled

SHARED = Path(__file__).parents[4] / "shared"


@dataclass
class Bench:
    """A library, a client whose time passes by sleeping, and a server."""

    catalog: Catalog
    client: Client
    clock: FakeClock
    server: ProtocolServer

    def harvest(self, **selected: object) -> HarvestAccount:
        service = GraphService(base=self.server.url)
        return harvest(self.catalog, service, Selection(**selected), self.client)  # type: ignore[arg-type]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self.catalog.connection.execute(query)]

    def keys(self) -> set[str]:
        return {str(key) for (key,) in self.rows("SELECT key FROM papers")}

    def extra(self, key: str) -> dict[str, object]:
        [(text,)] = self.rows(f"SELECT extra FROM papers WHERE key = '{key}'")
        found: dict[str, object] = json.loads(str(text))
        return found


@contextmanager
def bench(folder: Path, respond: Respond, *held: Paper) -> Iterator[Bench]:
    clock = FakeClock()
    limiter = Limiter(clock, folder=folder / "limits")
    with (
        serving(respond) as server,
        Catalog.open(folder / "library", create=True) as catalog,
        Client(limiter, patience=Patience(tries=3)) as client,
    ):
        catalog.add(held, "snapshot")
        yield Bench(catalog, client, clock, server)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


# Papers -------------------------------------------------------------------------------------------


def test_papers_by_id_are_mapped_by_position(tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS)) as here:
        account = here.harvest(ids=("s2:13", "s2:999", "arxiv:1203.0011", "openalex:W12345", "s2:14"))
        assert here.keys() == {"s2:11", "s2:13", "s2:14"}
        assert account.skipped == {
            "not known to Semantic Scholar": 1,
            "no id that Semantic Scholar can be asked for": 1,
        }
        [asked] = here.server.asked
        assert json.loads(asked.body) == {
            "ids": ["CorpusId:13", "CorpusId:999", "ARXIV:1203.0011", "CorpusId:14"]
        }
        assert here.rows("SELECT scheme, value FROM paper_ids p JOIN papers ON paper = number "
                         "WHERE key = 's2:11' ORDER BY scheme") == [
            ("arxiv", "1203.0011"), ("doi", "10.1234/toys.11"), ("s2", "11"),
        ]  # fmt: skip
        assert here.rows("SELECT key FROM papers WHERE status = 'retracted'") == [("s2:14",)]
        extra = here.extra("s2:11")
        assert extra["tldr"] == "In short: Toys at play."
        assert extra["citationCount"] == 6
        assert extra["counted"] == "2027-01-15", "a count is worth nothing without its day"


def test_an_abstract_that_s2_withholds_stays_as_it_is_held(tmp_path: Path) -> None:
    held = Paper("acl:P13-1012", "Idle toys", abstract="From the Anthology.", year=2013, authors=("Ada Ash",))
    with bench(tmp_path, World(TOYS), held) as here:
        here.harvest(ids=("acl:P13-1012",))
        here.harvest(ids=("acl:P13-1012",))
        assert here.rows("SELECT key, abstract FROM papers") == [("acl:P13-1012", "From the Anthology.")]
        assert ("s2", "12") in here.rows("SELECT scheme, value FROM paper_ids")


def test_an_abstract_that_is_lacking_is_filled_from_s2(tmp_path: Path) -> None:
    held = Paper("arxiv:1203.0011", "Toys at play", year=2012, authors=("Ada Ash",))
    with bench(tmp_path, World(TOYS), held) as here:
        here.harvest(ids=("arxiv:1203.0011",))
        assert here.rows("SELECT key, abstract FROM papers") == [("arxiv:1203.0011", "We study toys.")]


def test_an_answer_that_would_be_too_large_is_asked_for_in_halves(tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS, batch=2)) as here:
        here.harvest(ids=tuple(f"s2:{entry.number}" for entry in TOYS))
        assert len(here.keys()) == len(TOYS)
        assert [len(json.loads(a.body)["ids"]) for a in here.server.asked] == [9, 4, 2, 2, 2, 2, 1]
    with bench(tmp_path / "b", World(TOYS, batch=0)) as here:
        account = here.harvest(ids=("s2:11", "s2:12"))
        assert account.skipped == {"larger than they send": 2}
        assert account.outcome == Empty()


def test_fields_that_a_call_does_not_know_are_left_out(tmp_path: Path) -> None:
    world = World(TOYS, part=3)

    def changed(asked: Asked) -> Reply:
        if "journal" in asked.one("fields"):
            return said({"error": "Unrecognized or unsupported fields: [journal]"}, 400)
        return world(asked)

    with bench(tmp_path, changed) as here:
        assert here.harvest(query="toys").missing == 0
        asked = [a.one("fields").split(",") for a in here.server.asked]
        assert ["journal" in fields for fields in asked] == [True, False, False, False]


@pytest.mark.parametrize(
    ("selected", "papers"),
    [
        ({"query": "toys space"}, {17}),
        ({"query": "toys", "categories": ("physics",)}, {15}),
        ({"venues": ("Space",)}, {17}),
        ({"query": "toys", "since": 20160201, "until": 20211231}, {15, 17}),
        ({"ids": ("s2:11", "s2:15"), "categories": ("Physics",)}, {15}),
        ({"cites": ("s2:11",), "since": 20160101}, {14, 15, 17}),
        ({"cited_by": ("s2:15",), "until": 20121231}, {15, 11}),
        ({"authors": ("Bo Birch",)}, {14, 16}),
        ({"like": ("s2:11",), "venues": ("space",)}, {17}),
    ],
)
def test_selections(selected: dict[str, object], papers: set[int], tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS)) as here:
        account = here.harvest(**selected)
        assert account.outcome == Ok(len(papers))
        assert here.keys() == {f"s2:{number}" for number in papers}
        assert account.missing == 0


def test_an_author_may_be_named_by_id_and_may_be_nobody(tmp_path: Path) -> None:
    number = str(1000 + sum(b"Bo Birch"))
    with bench(tmp_path, World(TOYS, part=1)) as here:
        account = here.harvest(authors=(number, "Nobody Known", "4"))
        assert here.keys() == {"s2:14", "s2:16"}
        assert sum(account.skipped.values()) == 2


def test_recommendations_start_from_what_is_known(tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS)) as here:
        account = here.harvest(like=("s2:404", "s2:11"))
        assert account.skipped["not known to Semantic Scholar"] == 1
        assert json.loads(here.server.asked[-1].body)["positivePaperIds"] == [TOYS[0].sha]
        assert len(here.keys()) == len(TOYS) - 1
    with bench(tmp_path / "b", World(TOYS)) as here:
        assert here.harvest(like=("s2:404",)).outcome == Empty()
        assert len(here.server.asked) == 1, "without an example there is nothing to ask"


# Searches -----------------------------------------------------------------------------------------


def test_nothing_found_is_an_answer(tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS)) as here:
        account = here.harvest(query="xylophone")
        assert account.outcome == Empty()
        assert services_health(here.catalog)[0].sound


def test_a_search_that_ends_early_goes_on_in_narrower_windows(tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS, part=2, early=3000)) as here:
        account = here.harvest(query="toys", since=20100101, until=20251231)
        assert account.missing == 0
        assert here.keys() == {f"s2:{n}" for n in (11, 12, 13, 14, 15, 17, 19)}
        windows = {a.one("publicationDateOrYear") for a in here.server.asked}
        assert "2010-01-01:2025-12-31" in windows
        assert len(windows) > 2


def test_papers_without_a_day_are_counted_once(tmp_path: Path) -> None:
    """No window holds them: they come with the search that ended early, or are missing."""
    with bench(tmp_path, World(TOYS, part=9, early=None)) as here:
        assert here.harvest(query="toys").missing == 0
    with bench(tmp_path / "b", World(TOYS, part=7, early=20_000)) as here:
        account = here.harvest(query="toys")
        assert account.missing == 8 - len(here.keys())


def test_what_a_search_never_gives_is_told_as_missing(tmp_path: Path) -> None:
    same_day = [Entry(n, f"Toys {n}", "2020-05-05", 2020) for n in range(1, 6)]
    with bench(tmp_path, World(same_day, part=2, early=0)) as here:
        account = here.harvest(query="toys", since=20200401, until=20200531)
        assert account.failure is None
        assert account.missing == 3
        [health] = services_health(here.catalog)
        assert not health.sound, "a library that lacks what was promised cannot speak for its absence"
        assert "3 records missing" in services_health(here.catalog)[0].told()


DATES = st.one_of(st.none(), st.dates(date(1960, 1, 1), date(2027, 1, 1)).map(date.isoformat))


@settings(max_examples=15, deadline=None)
@given(st.lists(DATES, max_size=7), st.integers(1, 3), st.sampled_from([None, 0, 40, 4_000, 40_000]))
def test_no_search_passes_for_complete_that_is_not(
    days: list[str | None], part: int, early: int | None
) -> None:
    entries = [
        Entry(n, f"Toys {n}", day, int(day[:4]) if day else (None if n % 2 else 2015))
        for n, day in enumerate(days, 1)
    ]
    with TemporaryDirectory() as folder, bench(Path(folder), World(entries, part=part, early=early)) as here:
        account = here.harvest(query="toys")
        assert account.failure is None
        assert len(here.keys()) + account.missing >= len(entries)
        if early is None:
            assert account.missing == 0


def test_an_estimate_that_is_too_low_hides_nothing(tmp_path: Path) -> None:
    same_day = [Entry(n, f"Toys {n}", "2020-05-05", 2020) for n in range(1, 6)]
    world = World(same_day, part=2, early=0)

    def low(asked: Asked) -> Reply:
        reply = world(asked)
        if asked.one("publicationDateOrYear") != "2020-04-01:2020-05-31":
            return reply
        return said(json.loads(reply.body) | {"total": 3})

    with bench(tmp_path, low) as here:
        assert here.harvest(query="toys", since=20200401, until=20200531).missing == 3


def test_a_place_in_a_search_may_be_forgotten(tmp_path: Path) -> None:
    world = World(TOYS, part=3)
    seen: list[str] = []

    def forgetful(asked: Asked) -> Reply:
        seen.append(asked.one("token"))
        if seen[-1] and seen.count(seen[-1]) == 1:
            return said({"error": "Invalid or expired token"}, 400)
        return world(asked)

    with bench(tmp_path, forgetful) as here:
        assert here.harvest(query="toys").missing == 0
        assert len(here.keys()) == 8

    def always(asked: Asked) -> Reply:
        return said({"error": "Invalid token"}, 400) if asked.one("token") else world(asked)

    with bench(tmp_path / "b", always) as here:
        assert here.harvest(query="toys").missing == 0, "narrower windows need no second part"
        assert len(here.keys()) == 8


# Citations ----------------------------------------------------------------------------------------


def test_citations_come_with_their_sentences_and_intents(tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS, part=2), HELD) as here:
        here.harvest(cites=("arxiv:1203.0011",))
        assert len(here.rows("SELECT * FROM citations")) == 6
        contexts = here.rows(
            "SELECT p.key, c.text, c.intents FROM citation_contexts c JOIN papers p ON p.number = c.citing "
            "WHERE p.key IN ('s2:12', 's2:13') ORDER BY c.context"
        )
        assert sorted(contexts) == [
            ("s2:12", "Toys were first studied long ago [12].", '["background","influential"]'),
            ("s2:12", "We use the toys of [12].", '["influential"]'),
            ("s2:13", "Toys were first studied long ago [13].", '["background"]'),
            ("s2:13", "We use the toys of [13].", "[]"),
        ]


def test_references_that_s2_knows_by_title_only_wait_for_their_paper(tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS)) as here:
        here.harvest(cited_by=("s2:13",))
        assert here.keys() == {"s2:13", "s2:11"}
        assert here.rows("SELECT year FROM unresolved_references WHERE title_key IS NOT NULL") == [(2001,)]
        here.catalog.add(
            [Paper("x:1", UNHELD, year=2001)],
            "jsonl",
        )
        here.catalog.resolve_references()
        assert len(here.rows("SELECT * FROM citations")) == 2


def test_references_that_a_publisher_withholds_are_missing(tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS)) as here:
        account = here.harvest(cited_by=("s2:18", "s2:17"))
        assert account.missing == 1
        assert account.skipped == {"references withheld by the publisher": 1}
        assert here.keys() == {"s2:18", "s2:17", "s2:11", "s2:16"}


def test_a_list_longer_than_they_show_is_asked_for_by_days(tmp_path: Path) -> None:
    crowd = [Entry(n, f"Toy {n}", f"{2000 + n}-02-1{n % 10}", 2000 + n, cites=(1,)) for n in range(2, 22)]
    with bench(
        tmp_path, World([Entry(1, "The toy", "1999-01-01", 1999), *crowd], counts={1: 10_000})
    ) as here:
        account = here.harvest(cites=("s2:1",))
        assert here.keys() == {f"s2:{entry.number}" for entry in crowd}
        assert account.missing == 10_000 - len(crowd), "their count promised more than the windows gave"
        windows = {a.one("publicationDateOrYear") for a in here.server.asked[1:]}
        assert "" not in windows
        assert len(windows) == 2


def light(entry: Entry) -> dict[str, object]:
    return {
        "paperId": entry.sha,
        "corpusId": entry.number,
        "title": entry.title,
        "publicationDate": entry.date,
    }


def test_a_list_that_grew_too_long_is_divided_on_the_way_and_its_rest_told(tmp_path: Path) -> None:
    """Their count says few, the list goes on and on, and all of it on one day."""
    world = World([Entry(1, "The toy"), *(Entry(n, f"Toy {n}", cites=(1,)) for n in range(2, 5))])

    def endless(asked: Asked) -> Reply:
        if not asked.path.endswith("/citations"):
            return world(asked)
        offset = int(asked.one("offset"))
        entry = world.by_number[2]
        citing = {"citingPaper": light(entry), "contexts": None, "intents": None, "isInfluential": False}
        return said({"offset": offset, "next": offset + int(asked.one("limit")), "data": [citing]})

    with bench(tmp_path, endless) as here:
        account = here.harvest(cites=("s2:1",), since=20200101, until=20200102)
        assert account.failure is None
        assert account.missing == 1
        assert here.keys() == {"s2:2"}


def test_long_entries_are_asked_for_in_smaller_parts(tmp_path: Path) -> None:
    world = World(TOYS)

    def heavy(asked: Asked) -> Reply:
        if "limit" in dict(asked.query) and int(asked.one("limit")) > 3:
            return said({"error": "Response would exceed maximum size."}, 400)
        return world(asked)

    for selected in ({"cites": ("s2:11",)}, {"cited_by": ("s2:15",)}, {"authors": ("1" + "0" * 3,)}):
        with bench(tmp_path / next(iter(selected)), heavy) as here:
            assert here.harvest(**selected).failure is None


# Bad manners --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "a-wrong-key"])
def test_a_refused_key_ends_the_matter_in_one_request(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key:
        monkeypatch.setenv(KEY_VARIABLE, key)
    with bench(tmp_path, World(TOYS, key="the right key")) as here:
        account = here.harvest(query="toys")
        assert isinstance(account.failure, ServiceRefused)
        assert isinstance(account.outcome, Refused)
        assert len(here.server.asked) == 1
        assert sum(here.clock.slept) < 1
        told = str(account.failure) + services_health(here.catalog)[0].told()
        assert KEY_VARIABLE in told
        assert "a-wrong-key" not in told


def test_the_key_is_sent_as_a_header_and_kept_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "s3cret-key")
    with bench(tmp_path, World(TOYS, key="s3cret-key")) as here:
        assert here.harvest(ids=("s2:11",)).outcome == Ok(1)
        assert here.server.asked[0].headers["x-api-key"] == "s3cret-key"
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"s3cret-key" not in path.read_bytes()


def test_throttling_is_told_as_such_and_never_as_nothing_found(tmp_path: Path) -> None:
    with bench(tmp_path, lambda _asked: hurried(Reply())) as here:
        account = here.harvest(query="toys")
        assert isinstance(account.failure, ServiceThrottled)
        assert isinstance(account.outcome, Throttled)
        assert len(here.server.asked) == 3
        assert sum(here.clock.slept) < 3 * 160, "waiting is bounded"
        [health] = services_health(here.catalog)
        assert not health.sound


@pytest.mark.parametrize(
    "reply",
    [
        gateway_timeout(Reply()),
        said({"message": "Endpoint request timed out"}),
        said([]),
        said({"total": 5, "offset": 0}),
        said({"total": 1, "data": {"paperId": 1}}),
        said({"total": None, "data": []}),
    ],
)
def test_what_is_no_answer_is_asked_again_and_then_told(reply: Reply, tmp_path: Path) -> None:
    with bench(tmp_path, lambda _asked: reply) as here:
        account = here.harvest(query="toys")
        assert isinstance(account.failure, ServiceBroken)
        assert len(here.server.asked) == 3


@pytest.mark.parametrize("answer", [[], [None, None], {"data": []}])
def test_a_batch_of_another_length_is_no_answer(answer: object, tmp_path: Path) -> None:
    with bench(tmp_path, lambda _asked: said(answer)) as here:
        assert isinstance(here.harvest(ids=("s2:1",)).failure, ServiceBroken)


def test_a_list_that_turns_in_a_circle_is_no_answer(tmp_path: Path) -> None:
    world = World(TOYS)

    def circle(asked: Asked) -> Reply:
        return said({"offset": 0, "next": 0, "data": []}) if "/citations" in asked.path else world(asked)

    with bench(tmp_path, circle) as here:
        assert isinstance(here.harvest(cites=("s2:11",)).failure, ServiceBroken)


def test_every_request_of_graph_and_data_sets_waits_for_the_same_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert GraphService().origin == DatasetService().origin
    assert GraphService().origin.interval == WITHOUT_KEY
    monkeypatch.setenv(KEY_VARIABLE, "k")
    assert GraphService().origin.interval == DatasetService().origin.interval == WITH_KEY
    with bench(tmp_path, World(TOYS, part=1)) as here:
        here.harvest(query="toys")
        assert len(here.server.asked) > 5
        assert sum(here.clock.slept) == pytest.approx(WITH_KEY * (len(here.server.asked) - 1))


def test_hostile_records_cost_themselves_only(tmp_path: Path) -> None:
    bad = [None, 7, {}, {"paperId": "x"}, {"corpusId": 10**40, "title": "A"}, {"corpusId": 3, "title": ["A"]}]
    bad += [
        {"corpusId": 4, "title": "A" * 5_000_000, "authors": "x", "externalIds": {"ArXiv": [1], "DOI": 3}}
    ]

    def odd(asked: Asked) -> Reply:
        return said({"total": len(bad), "token": None, "data": bad})

    with bench(tmp_path, odd) as here:
        account = here.harvest(query="toys")
        assert here.keys() == {"s2:4"}
        assert sum(account.skipped.values()) == 6


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        "corpusId", "corpusid", "title", "abstract", "externalIds", "authors", "year", "publicationDate",
        "venue", "journal", "tldr", "s2FieldsOfStudy", "openAccessPdf", "citationCount", "contexts",
        "intents", "contextsWithIntent", "isInfluential", "publicationVenue",
    ]
)  # fmt: skip


@settings(max_examples=40)
@given(st.dictionaries(NAMES, JSON, max_size=12))
def test_no_record_can_hurt(record: dict[str, object]) -> None:
    paper = paper_of({"corpusId": 1, **record}, Notes(), seen_on="2030-01-01")
    assert isinstance(paper, Paper | Unreadable)
    assert all(context.text for context in contexts_of(record, Notes()))


@pytest.mark.parametrize(
    ("said_", "intents"),
    [
        ({"contexts": ["a", "b"], "intents": ["x", "y"]}, [("x",), ("y",)]),
        ({"contexts": ["a", "b"], "intents": [["x", "z"], None]}, [("x", "z"), ()]),
        ({"contexts": ["a", "b"], "intents": ["x"]}, [("x",), ("x",)]),
        ({"contexts": ["a"], "intents": None, "isInfluential": True}, [("influential",)]),
        ({"contexts": None, "intents": None}, []),
        ({"contexts": ["a"], "contextsWithIntent": [{"context": "b", "intents": ["x"]}]}, [("x",)]),
    ],
)
def test_intents_of_every_shape(said_: dict[str, object], intents: list[tuple[str, ...]]) -> None:
    assert [context.intents for context in contexts_of(said_, Notes())] == intents


@pytest.mark.parametrize(
    ("title", "status"),
    [
        ("RETRACTED: Toys", "retracted"),
        ("RETRACTED ARTICLE: Toys", "retracted"),
        ("[Retracted] Toys", "retracted"),
        ("WITHDRAWN: Toys", "withdrawn"),
        ("Retraction note: Toys", ""),
        ("Retracted papers and those who cite them", ""),
    ],
)
def test_titles_that_announce_a_retraction(title: str, status: str) -> None:
    paper = paper_of({"corpusId": 1, "title": title}, Notes(), seen_on="")
    assert isinstance(paper, Paper)
    assert paper.status == status


# Plans and selections -----------------------------------------------------------------------------


def test_plans(tmp_path: Path) -> None:
    many = tuple(f"s2:{n}" for n in range(1, 1201))
    service = GraphService()
    assert service.plan(Selection(ids=many), None).requests == 3
    assert service.plan(Selection(cites=many), None).requests == 1203
    assert service.plan(Selection(like=many), None).requests == 15
    assert not service.plan(Selection(query="toys"), None).exact
    assert "S2_API_KEY" in service.plan(Selection(query="toys"), None).note
    with bench(tmp_path, World(TOYS)) as here:
        service = GraphService(base=here.server.url)
        plan = service.plan(Selection(query="toys"), here.client)
        assert (plan.records, plan.requests, plan.exact) == (8, 1, True)
        plan = service.plan(Selection(cites=("s2:11", "s2:17", "s2:404")), here.client)
        assert (plan.records, plan.requests, plan.exact) == (8, 4, True)
        assert len(here.server.asked) == 2
        assert service.plan(Selection(cited_by=many), here.client).exact is False


@pytest.mark.parametrize(
    "selection",
    [
        Selection(ids=("s2:1",), query="toys"),
        Selection(cites=("s2:1",), cited_by=("s2:1",)),
        Selection(query="toys", categories=("cs.CL",)),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_is(selection: Selection, tmp_path: Path) -> None:
    with bench(tmp_path, World(TOYS)) as here, pytest.raises(BadInput):
        harvest(here.catalog, GraphService(base=here.server.url), selection, here.client)
    assert not here.server.asked


# Recorded answers ---------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded answers of ../shared are not here")
def test_recorded_papers_are_read() -> None:
    read = 0
    for path in sorted((SHARED / "data/fixtures/s2_graph_api").glob("*.json")):
        for record in papers_in(json.loads(path.read_text(encoding="utf-8"))):
            notes = Notes()
            paper = paper_of({"corpusId": 1, **record}, notes, seen_on="2030-01-01")
            assert isinstance(paper, Paper), path
            assert paper.title == plain(str(record["title"]))
            assert bool(paper.abstract) == bool(record.get("abstract"))
            assert "id not understood" not in notes, record.get("externalIds")
            read += 1
    assert read > 1000


def papers_in(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        if value.get("title") and isinstance(value.get("paperId"), str):
            yield value
        for inner in value.values():
            yield from papers_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from papers_in(inner)
