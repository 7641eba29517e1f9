"""OpenAlex: its records, its prices, its two kinds of 429, and what is asked for how."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocols.openalex import (
    World,
    budget_spent,
    early_end,
    inverted,
    library_of_ids,
    plan_required,
    too_fast,
    toys,
    work,
)
from protocols.server import Asked, ProtocolServer, Reply, Respond, nothing, serving, web_page

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, BudgetExhausted, ServiceRefused
from fallow_ingest.harvest import HarvestAccount, harvest
from fallow_ingest.health import services_health
from fallow_ingest.records import Paper
from fallow_ingest.services import Selection
from fallow_ingest.services.openalex.records import MOST_WORDS, SEVERAL_ARXIV, abstract_of, paper_of
from fallow_ingest.services.openalex.works import OpenAlexService
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.client import Client
from fallow_ingest.web.clock import iso_time, next_midnight
from fallow_ingest.web.outcomes import Broken, Empty, Exhausted, Ok, Refused, Throttled

SHARED = Path(__file__).parents[4] / "shared"
SUBJECT = Selection(categories=("1702",))


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENALEX_API_KEY", "FALLOW_CONTACT"):
        monkeypatch.delenv(name, raising=False)


def run(catalog: Catalog, client: Client, server: ProtocolServer, selection: Selection) -> HarvestAccount:
    return harvest(catalog, OpenAlexService(base=server.url), selection, client)


def read(record: Any) -> Paper:
    paper = paper_of(record, field.Notes())
    assert isinstance(paper, Paper)
    return paper


def sometimes(world: Respond, bad: Reply, *, after: int = 0, path: str = "/works") -> Respond:
    """The world, but for a list asked for after so many good ones."""
    good = [0]

    def respond(asked: Asked) -> Reply:
        if asked.path == path:
            good[0] += 1
            if good[0] > after:
                return bad
        return world(asked)

    return respond


# Records -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded answers are not here")
def test_recorded_works_are_read() -> None:
    listed = json.loads((SHARED / "apis/samples/openalex_works_list_real_trimmed.json").read_bytes())
    paper = read(listed["results"][0])
    assert paper.key == "openalex:W7214331971"
    assert paper.ids["arxiv"] == "2609.28766"
    assert paper.date == "2026-09-23"
    full = read(json.loads((SHARED / "apis/samples/openalex_work_full_shape.json").read_bytes()))
    assert full.abstract == "Despite growing interest"
    assert full.venue == "PeerJ"
    assert [r.id for r in full.references] == ["openalex:W1560783210"]
    old = read(json.loads((SHARED / "data/fixtures/openalex/tutorial_work_1.json").read_bytes()))
    assert (old.year, old.date) == (1968, "1968")


@pytest.mark.parametrize(
    ("index", "abstract"),
    [
        ({"toys": [7], "We": [0], "love": [3]}, "We love toys"),
        ({"a": [1, 3], "b": [2]}, "a b a"),
        ({"Abstract": [0], "We": [1], "play.": [2]}, "We play."),
        ({"Abstract": [0], "interpretation": [1]}, "Abstract interpretation"),
        ({"<jats:p>Big": [0], "<i>toys</i>": [1], "&lt;": [2], "2</jats:p>": [3]}, "Big toys < 2"),
        ({"x": [-1, True, 2.5, "3", None, 4], "y": "5", "z": {}}, "x"),
        ({"x": [10**30]}, "x"),
        ({}, ""),
        (None, ""),
        ([["x", 0]], ""),
    ],
)
def test_abstracts_are_put_together_by_place(index: object, abstract: str) -> None:
    assert abstract_of(index, field.Notes()) == abstract


def test_hostile_indexes_are_bounded() -> None:
    notes = field.Notes()
    found = abstract_of({"word": list(range(5 * MOST_WORDS)), "x" * 10_000_000: [0]}, notes)
    assert len(found) <= field.LONGEST_ABSTRACT
    assert "abstract cut" in notes


@given(
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="<&"), min_size=1).map(str.split)
)
def test_an_abstract_survives_its_index(words: list[str]) -> None:
    text = " ".join(words)
    assert (
        abstract_of(inverted(text), field.Notes()).split()
        == field.paragraphs(text, 50_000, "a", field.Notes()).split()
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(sorted(work(1))), JSON, max_size=6))
def test_no_record_raises(changes: dict[str, object]) -> None:
    found = paper_of(work(1001) | changes, field.Notes())
    assert isinstance(found, Paper | Unreadable)


def test_fields_of_a_work() -> None:
    paper = read(work(1002, title="Toys<sub>2</sub> &amp; <i>us</i>", publication_date="2026-03-01"))
    assert paper.title == "Toys2 & us"
    assert paper.date == "2026-03"
    assert paper.ids == {"openalex": "W1002", "arxiv": "2601.01002", "doi": "10.48550/arxiv.2601.01002"}
    assert paper.venue == "Journal of Toys"
    assert paper.categories == ("Computer Science", "Artificial Intelligence")
    assert read(work(1001, publication_date="2026-01-01")).date == "2026"


def test_retractions_and_paratext() -> None:
    assert read(work(1001, is_retracted=True)).status == "retracted"
    marked = read(work(1001, title="RETRACTED: On toys"))
    assert (marked.title, marked.status) == ("On toys", "retracted")
    assert isinstance(paper_of(work(1001, is_paratext=True), field.Notes()), Unreadable)


def test_ids_of_places() -> None:
    place = {
        "id": "pmh:oai:arXiv.org:2512.00007",
        "landing_page_url": "https://aclanthology.org/2030.toy-long.1",
    }
    paper = read(work(1001, locations=[place]))
    assert paper.ids["arxiv"] == "2512.00007"
    assert paper.ids["acl"] == "2030.toy-long.1"
    notes = field.Notes()
    places = [{"landing_page_url": f"http://arxiv.org/abs/2512.0000{n}v2"} for n in (1, 2)]
    several = paper_of(work(1001, locations=places), notes)
    assert isinstance(several, Paper)
    assert "arxiv" not in several.ids
    assert SEVERAL_ARXIV in notes


# The day's budget (complaints: 429 that means "tomorrow", retried for hours) -----------------------


def test_a_spent_budget_is_told_at_once_and_until_when(catalog: Catalog, client: Client) -> None:
    world = World(toys(30), per_page=10)
    with serving(sometimes(world, budget_spent(Reply()), after=1)) as server:
        account = run(catalog, client, server, SUBJECT)
        assert len(server.asked) == 2, "a spent budget is not asked for again"
        assert isinstance(account.failure, BudgetExhausted)
        assert isinstance(account.outcome, Exhausted)
        assert account.outcome.until == iso_time(client.clock.now() + 1800)
        again = run(catalog, client, server, SUBJECT)
        assert isinstance(again.outcome, Exhausted)
        assert len(server.asked) == 2, "known to be spent, nobody asks"
    assert account.counts.new == 8
    assert not services_health(catalog)[0].sound


def test_what_costs_nothing_goes_on_when_the_budget_is_spent(catalog: Catalog, client: Client) -> None:
    with serving(sometimes(World(toys(30)), budget_spent(Reply()))) as server:
        run(catalog, client, server, SUBJECT)
        ids = tuple(f"openalex:W{number}" for number in range(1001, 1031))
        account = run(catalog, client, server, Selection(ids=ids))
        assert account.outcome == Ok(28)
        unknown = run(catalog, client, server, Selection(ids=("arxiv:2512.00001", "openalex:W1001")))
    assert isinstance(unknown.outcome, Exhausted), "unknown is only what was looked for everywhere"
    assert unknown.counts.total == 1
    assert not unknown.skipped


def test_a_budget_that_turns_out_to_be_spent_does_not_stop_look_ups(catalog: Catalog, client: Client) -> None:
    with serving(sometimes(World(toys(30)), budget_spent(Reply()))) as server:
        ids = tuple(f"openalex:W{number}" for number in range(1001, 1031))
        assert run(catalog, client, server, Selection(ids=ids)).outcome == Ok(28)


def test_hours_of_retry_after_are_a_spent_budget(catalog: Catalog, client: Client) -> None:
    bad = Reply(429, b"{}", headers={"Retry-After": "90000"})
    with serving(lambda _asked: bad) as server:
        outcome = run(catalog, client, server, SUBJECT).outcome
    assert outcome == Exhausted(iso_time(next_midnight(client.clock.now())), outcome.detail)  # type: ignore[union-attr]


def test_a_plan_is_no_budget(catalog: Catalog, client: Client) -> None:
    with serving(lambda _asked: plan_required(Reply())) as server:
        account = run(catalog, client, server, SUBJECT)
        assert len(server.asked) == 1
    assert isinstance(account.outcome, Refused)
    assert "paid plan" in account.outcome.detail


def test_haste_is_no_spent_budget(catalog: Catalog, client: Client) -> None:
    with serving(lambda _asked: too_fast(Reply())) as server:
        outcome = run(catalog, client, server, SUBJECT).outcome
        assert len(server.asked) == 3
    assert isinstance(outcome, Throttled)


def test_what_is_left_of_the_day_is_known(catalog: Catalog, client: Client) -> None:
    service = OpenAlexService()
    with serving(World(toys(30))) as server:
        run(catalog, client, server, Selection(query="toy"))
    assert client.limiter.credits_left(service.origin) == 900
    client.limiter.note_budget(service.origin, 5, client.clock.now() + 3600)
    with serving(World(toys(30))) as server:
        account = run(catalog, client, server, Selection(query="learns"))
        assert not server.asked, "a search costs ten"
    assert isinstance(account.outcome, Exhausted)


def test_a_key_goes_into_a_header_only(
    catalog: Catalog, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENALEX_API_KEY", "sesame123")
    monkeypatch.setenv("FALLOW_CONTACT", "ada@example.org")
    with serving(lambda _asked: Reply(401, b'{"error": "Invalid or missing API key"}')) as server:
        account = run(catalog, client, server, SUBJECT)
        asked = server.asked[0]
    assert asked.headers["authorization"] == "Bearer sesame123"
    assert "sesame" not in asked.raw_query
    assert asked.one("mailto") == "ada@example.org"
    assert isinstance(account.outcome, Refused)
    assert "OPENALEX_API_KEY" in account.outcome.detail
    assert "sesame" not in account.outcome.detail


# Failures are not empty answers (complaints: a throttled search read as a gap in knowledge) ---------


@pytest.mark.parametrize(
    "bad",
    [web_page, nothing, budget_spent, too_fast, plan_required, lambda _r: Reply(404), lambda _r: Reply(500)],
)
def test_no_failure_is_an_empty_answer(bad: Any, catalog: Catalog, client: Client) -> None:
    with serving(lambda _asked: bad(Reply())) as server:
        account = run(catalog, client, server, Selection(query="toys that talk"))
    assert account.failure is not None
    assert not isinstance(account.outcome, Empty | Ok)
    assert not services_health(catalog)[0].sound


def test_nothing_found_is_an_answer(catalog: Catalog, client: Client) -> None:
    with serving(World(toys(10))) as server:
        assert run(catalog, client, server, Selection(query="elephants")).outcome == Empty()
    assert services_health(catalog)[0].sound


def test_a_list_that_ends_early_for_good_is_told(catalog: Catalog, client: Client) -> None:
    world = World(toys(20))
    with serving(lambda asked: early_end(world(asked))) as server:
        account = run(catalog, client, server, SUBJECT)
        assert len(server.asked) == 5
    assert account.missing == 10
    assert not services_health(catalog)[0].sound


def test_ids_that_do_not_come_are_not_unknown(catalog: Catalog, client: Client) -> None:
    world = World(toys(40))
    with serving(lambda asked: early_end(world(asked))) as server:
        account = run(catalog, client, server, Selection(cited_by=("openalex:W1012",)))
    assert isinstance(account.outcome, Broken)
    assert not account.skipped


def test_a_forgotten_cursor_begins_again(catalog: Catalog, client: Client) -> None:
    world = World(toys(30), per_page=10)
    gone = Reply(400, b'{"error": "Pagination error.", "message": "Cursor value is invalid."}')
    failed: list[Asked] = []

    def respond(asked: Asked) -> Reply:
        if asked.one("cursor") not in ("", "*") and not failed:
            failed.append(asked)
            return gone
        return world(asked)

    with serving(respond) as server:
        account = run(catalog, client, server, SUBJECT)
    assert account.failure is None
    assert catalog.connection.execute("SELECT count(*) FROM papers").fetchone()[0] == 28


# What sources lack, others have (complaints: abstracts null, references zero, frozen counts) ---------


def test_an_abstract_comes_from_whoever_has_it(catalog: Catalog, client: Client) -> None:
    catalog.add([Paper("arxiv:2601.01002", "Toy number 1002 learns to talk", authors=("Ada Ash",))], "jsonl")
    held = Paper("arxiv:2601.01005", "Toy number 1005 learns to talk", abstract="We have one.", year=2026)
    catalog.add([held], "jsonl")
    with serving(World(toys(10))) as server:
        run(
            catalog, client, server, Selection(ids=("arxiv:2601.01002", "openalex:W1005", "arxiv:2601.01005"))
        )
    rows = dict(catalog.connection.execute("SELECT key, abstract FROM papers").fetchall())
    assert rows["arxiv:2601.01002"].startswith("We teach toy 1002")
    assert rows["arxiv:2601.01005"] == "We have one.", "a work without abstract takes none away"


def test_references_of_one_source_outlive_another_without(catalog: Catalog, client: Client) -> None:
    from fallow_ingest.records import Reference

    cited = Paper("arxiv:2512.00009", "Old toys", authors=("Cy Cedar",), year=2025)
    citing = Paper("arxiv:2601.01002", "Toy", ids={}, references=(Reference("arxiv:2512.00009"),))
    catalog.add([cited, citing], "jsonl")
    catalog.resolve_references()
    with serving(World([work(1002, referenced_works=[])])) as server:
        run(catalog, client, server, Selection(ids=("arxiv:2601.01002",)))
    assert catalog.connection.execute("SELECT count(*) FROM citations").fetchone()[0] == 1


def test_old_answers_are_called_stale(catalog: Catalog, client: Client) -> None:
    with serving(World(toys(10))) as server:
        run(catalog, client, server, SUBJECT)
    assert services_health(catalog)[0].sound
    later = services_health(catalog, date(2090, 1, 1))[0]
    assert not later.sound
    assert "not asked since" in later.told()


# What is asked for how ---------------------------------------------------------------------------


def test_a_few_ids_cost_nothing(catalog: Catalog, client: Client) -> None:
    with serving(library_of_ids()) as server:
        ids = ("openalex:W77", "doi:10.1234/toy.1018", "openalex:W999999")
        account = run(catalog, client, server, Selection(ids=ids))
        assert not [asked for asked in server.asked if asked.path == "/works"]
    assert account.skipped == {"not known to OpenAlex": 1}
    assert account.counts.new == 2


def test_arxiv_papers_known_by_their_page_only(catalog: Catalog, client: Client) -> None:
    with serving(library_of_ids()) as server:
        account = run(catalog, client, server, Selection(ids=("arxiv:2512.00001",)))
    assert account.counts.new == 1


def test_new_works_are_asked_for_from_sixty_days_before(catalog: Catalog, client: Client) -> None:
    with serving(World(toys(10))) as server:
        run(catalog, client, server, SUBJECT)
        run(catalog, client, server, SUBJECT)
        assert "from_publication_date:2026-11-06" in server.asked[-1].one("filter")


NAMES = {
    "authors": [("A77", "Ada Ash"), ("A78", "Ada Ash"), ("A79", "Ada Ashton")],
    "sources": [("S11", "Journal of Toys"), ("S11", "issn:1234-567X")],
    "topics": [("T10028", "Talking Toys")],
}


@pytest.mark.parametrize(
    ("selection", "filters"),
    [
        (Selection(authors=("ada ash",)), "authorships.author.id:A77|A78"),
        (
            Selection(authors=("A5",), since=20260102),
            "authorships.author.id:A5,from_publication_date:2026-01-02",
        ),
        (Selection(venues=("1234-567X", "Journal of Toys")), "locations.source.id:S11"),
        (Selection(categories=("Computer Science", "fields/26")), "primary_topic.field.id:17|26"),
        (Selection(categories=("talking toys",)), "topics.id:T10028"),
    ],
)
def test_names_are_looked_up_for_nothing(
    selection: Selection, filters: str, catalog: Catalog, client: Client
) -> None:
    with serving(World(toys(5), names=NAMES)) as server:
        run(catalog, client, server, selection)
        assert server.asked[-1].one("filter") == filters


@pytest.mark.parametrize(
    ("selection", "near"),
    [(Selection(authors=("Ada As",)), "Ada Ashton"), (Selection(categories=("cs.CL",)), "oai")],
)
def test_unknown_names_are_refused_with_what_is_near(
    selection: Selection, near: str, catalog: Catalog, client: Client
) -> None:
    with serving(World(toys(5), names=NAMES)) as server:
        account = run(catalog, client, server, selection)
    assert isinstance(account.failure, ServiceRefused)
    assert near in str(account.failure)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(ids=("W1",), since=20260101),
        Selection(cites=("W1",), like=("W2",)),
        Selection(query="x", cited_by=("W1",)),
        Selection(categories=("T1", "17")),
    ],
)
def test_what_cannot_be_told_is_refused_before_it_is_asked(
    selection: Selection, catalog: Catalog, client: Client
) -> None:
    with serving(World(toys(5))) as server:
        with pytest.raises(BadInput):
            run(catalog, client, server, selection)
        assert not server.asked


def test_citations_reach_papers_held_under_other_ids(catalog: Catalog, client: Client) -> None:
    catalog.add([Paper("arxiv:2601.01002", "Toy number 1002 learns to talk", authors=("Ada Ash",))], "jsonl")
    with serving(World(toys(20))) as server:
        run(catalog, client, server, Selection(cites=("arxiv:2601.01002",)))
        run(catalog, client, server, Selection(cited_by=("arxiv:2601.01002",)))
    rows = catalog.connection.execute(
        "SELECT a.key, b.key FROM citations JOIN papers a ON a.number = citing "
        "JOIN papers b ON b.number = cited"
    )
    pairs = {tuple(row) for row in rows}
    assert {("openalex:W1009", "arxiv:2601.01002"), ("arxiv:2601.01002", "openalex:W1001")} <= pairs


def test_related_works(catalog: Catalog, client: Client) -> None:
    with serving(World(toys(20))) as server:
        account = run(catalog, client, server, Selection(like=("openalex:W1010",)))
    assert account.counts.new == 2


def test_plans(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(World(toys(230))) as server:
        service = OpenAlexService(base=server.url)
        plan = service.plan(SUBJECT, client)
        assert (plan.requests, plan.credits, plan.records, plan.credits_a_day) == (3, 3, 230, 1000)
        assert plan.note == "900 credits left today"
        searched = service.plan(Selection(query="learns"), client)
        assert (searched.requests, searched.credits) == (3, 30)
        assert len(server.asked) == 2
    few = service.plan(Selection(ids=("W1", "W2")), None)
    assert (few.requests, few.credits, few.exact) == (2, 0, True)
    many = service.plan(Selection(ids=tuple(f"W{n}" for n in range(1000))), None)
    assert (many.requests, many.credits) == (110, 10)
    unknown = service.plan(Selection(authors=("Ada Ash",)), client)
    assert unknown.records is None
    assert unknown.note
    monkeypatch.setenv("OPENALEX_API_KEY", "k")
    assert service.plan(SUBJECT, None).credits_a_day == 10_000


def test_long_dois_are_parted_to_fit_into_an_address(catalog: Catalog, client: Client) -> None:
    works = [work(n, doi=f"https://doi.org/10.1234/{'long' * 20}.{n}") for n in range(1001, 1081)]
    ids = tuple("doi:" + w["doi"].removeprefix("https://doi.org/") for w in works)
    with serving(World(works)) as server:
        account = run(catalog, client, server, Selection(ids=ids))
        assert len(server.asked) == 3
    assert account.outcome == Ok(80)


def test_a_plan_of_a_whole_library_counts_its_parts() -> None:
    plan = OpenAlexService().plan(Selection(cites=tuple(f"doi:10.1234/{n}" for n in range(1_000))), None)
    assert (plan.requests, plan.credits) == (110 + 20, 10 + 20)
    assert plan.records is None
