"""The query API: whole results from unreliable pages, errors that look like papers, queries kept apart."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols.arxiv_harvests import SHARED, bench, changing
from protocols.arxiv_papers import PREPRINTS, Preprint, at, crowd
from protocols.arxiv_query import QueryApi, empty_page, error_reply
from protocols.server import Asked, Reply, serving, too_many

from fallow_ingest.errors import BadInput
from fallow_ingest.services import Selection
from fallow_ingest.services.arxiv import TIMES_BEFORE_BELIEVED
from fallow_ingest.services.arxiv.entries import found_of, refused_of
from fallow_ingest.services.arxiv.oai import OaiService
from fallow_ingest.services.arxiv.query import DEEPEST, IDS_A_REQUEST, ArxivQueryService
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal
from fallow_ingest.web.outcomes import Broken, Empty, Ok, Refused, Throttled

TOYS = Selection(query="ti:toy")


def titles_told(server_asked: list[Asked]) -> list[str]:
    return [asked.one("search_query") for asked in server_asked]


# Whole results ------------------------------------------------------------------------------------


def test_a_result_beyond_the_window_comes_whole(tmp_path: Path) -> None:
    """Deep places of a result are unreliable and 10,000 is the end: no request ever goes there."""
    with bench(tmp_path) as here, serving(QueryApi(crowd(60), window=20)) as server:
        account = here.harvest(ArxivQueryService(base=server.url, page=5), TOYS)
        assert account.outcome == Ok(60)
        assert account.counts.new == 60
        assert account.counts.unchanged == 0
        for asked in server.asked:
            assert int(asked.one("start")) + int(asked.one("max_results")) <= 20 < DEEPEST
            assert (asked.one("sortBy"), asked.one("sortOrder")) == ("submittedDate", "ascending")
        assert titles_told(server.asked)[1] == "(ti:toy) AND submittedDate:[202601011001 TO 209912312359]"


def test_a_minute_of_more_papers_than_a_page(tmp_path: Path) -> None:
    minute = [
        Preprint(f"2601.{n:05d}", f"Toy {n}", (at(f"2026-01-01T10:00:{n:02d}"),), ("cs.CL",), "")
        for n in range(1, 31)
    ]
    later = Preprint("2601.00099", "A toy after all", (at("2026-01-01T10:01:00"),), ("cs.CL",), "")
    with bench(tmp_path) as here, serving(QueryApi([*minute, later])) as server:
        assert here.harvest(ArxivQueryService(base=server.url, page=7), TOYS).outcome == Ok(31)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_minutes_and_the_pages(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    papers = [
        Preprint(
            f"2601.{n:05d}",
            f"Toy {n}",
            (at(f"2026-01-01T10:{draw.randrange(draw.choice([2, 9])):02d}:{draw.randrange(3):02d}"),),
            ("cs.CL",),
            "",
        )
        for n in range(1, 41)
    ]
    with bench(tmp_path) as here, serving(QueryApi(papers)) as server:
        account = here.harvest(ArxivQueryService(base=server.url, page=draw.choice([3, 5, 9])), TOYS)
        assert (account.outcome, account.counts.new, account.counts.unchanged) == (Ok(40), 40, 0)


def test_an_empty_page_in_the_middle_is_asked_for_again(tmp_path: Path) -> None:
    api = QueryApi(crowd(20))

    def fails(number: int, asked: Asked) -> Reply | None:
        return empty_page(api(asked)) if number in (2, 3, 5) else None

    with bench(tmp_path) as here, changing(api, fails) as (server, _):
        assert here.harvest(ArxivQueryService(base=server.url, page=8), TOYS).outcome == Ok(20)


def test_pages_that_stay_empty_are_no_empty_answer(tmp_path: Path) -> None:
    api = QueryApi(crowd(20))
    with bench(tmp_path, tries=8) as here, serving(lambda asked: empty_page(api(asked))) as server:
        account = here.harvest(ArxivQueryService(base=server.url, page=8), TOYS)
        assert isinstance(account.outcome, Broken)
        assert "empty page where 8 papers were promised" in account.outcome.detail


def test_a_page_that_stays_short_is_believed_at_last_and_told(tmp_path: Path) -> None:
    """The total counts a paper that the index cannot show: all others come, and one is told as missing."""
    api = QueryApi(crowd(20))

    def hiding(asked: Asked) -> Reply:
        reply = api(asked)
        return replace(
            reply, body=re.sub(rb"<entry><id>[^<]*2601.00007v1.*?</entry>", b"", reply.body, flags=re.S)
        )

    with bench(tmp_path, tries=TIMES_BEFORE_BELIEVED) as here, serving(hiding) as server:
        account = here.harvest(ArxivQueryService(base=server.url, page=8), TOYS)
        assert account.outcome == Ok(19)
        assert account.missing == 1


def test_the_same_paper_on_two_pages_counts_once(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(QueryApi(crowd(20))) as server:
        account = here.harvest(ArxivQueryService(base=server.url, page=3), TOYS)
        assert (account.counts.new, account.counts.unchanged) == (20, 0)


def test_a_day_to_come_does_not_lead_past_the_rest(tmp_path: Path) -> None:
    api = QueryApi(crowd(20))

    def wrong(asked: Asked) -> Reply:
        reply = api(asked)
        body = reply.body.replace(b"<published>2026-01-01T10:01:0", b"<published>2999-01-01T10:01:0")
        return replace(
            reply, body=body.replace(b"<published>2026-01-01T10:03:02", b"<published>2025-01-01T10:00:00")
        )

    with bench(tmp_path) as here, serving(wrong) as server:
        assert here.harvest(ArxivQueryService(base=server.url, page=4), TOYS).outcome == Ok(20)


def test_totals_that_drift(tmp_path: Path) -> None:
    papers = crowd(20)

    def respond(asked: Asked) -> Reply:
        return QueryApi(papers)(asked)

    def fails(number: int, asked: Asked) -> Reply | None:
        if number == 2:
            papers.append(Preprint("2601.00050", "A toy late", (at("2026-01-02T00:00:00"),), ("cs.CL",), ""))
        if number == 3:
            del papers[0]
        return None

    with bench(tmp_path) as here, changing(respond, fails) as (server, _):
        account = here.harvest(ArxivQueryService(base=server.url, page=8), TOYS)
        assert account.outcome == Ok(21)
        assert account.missing == 0


def test_nothing_found_is_empty(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(QueryApi()) as server:
        assert (
            here.harvest(ArxivQueryService(base=server.url), Selection(query="ti:nothing")).outcome == Empty()
        )
        assert here.watermark() == "2027-01-15"


def test_the_next_round_looks_back_a_month(tmp_path: Path) -> None:
    late = Preprint("2612.09999", "A toy held back", (at("2026-12-28T00:00:00"),), ("cs.CL",), "")
    with bench(tmp_path) as here, changing(QueryApi()) as (server, world):
        service = ArxivQueryService(base=server.url)
        here.harvest(service, Selection(categories=("cs.CL",)))
        world.respond = QueryApi((*PREPRINTS, late))
        server.asked.clear()
        account = here.harvest(service, Selection(categories=("cs.CL",)))
        assert account.counts.new == 1
        assert "submittedDate:[202612160000 TO 209912312359]" in server.asked[0].one("search_query")


def test_days_that_are_over_have_no_next_round(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(QueryApi()) as server:
        account = here.harvest(ArxivQueryService(base=server.url), Selection(since=20150101, until=20151231))
        assert account.outcome == Ok(1)
        assert here.watermark() == ""
        assert server.asked[0].one("search_query") == "submittedDate:[201501010000 TO 201512312359]"


# Ids ----------------------------------------------------------------------------------------------


def test_ids_go_in_batches_and_unknown_ones_are_told(tmp_path: Path) -> None:
    papers = crowd(250)
    ids = [p.id for p in papers] + ["2701.99999", "10.1000/x", "2601.00003v1", "0000.0000", "2601.00000"]
    with bench(tmp_path) as here, serving(QueryApi(papers)) as server:
        account = here.harvest(ArxivQueryService(base=server.url), Selection(ids=tuple(ids)))
        assert account.outcome == Ok(251)
        assert account.skipped == {"not known to arXiv": 1, "not an arXiv id": 3}
        assert len(server.asked) == 3
        assert all(len(a.one("id_list").split(",")) <= IDS_A_REQUEST for a in server.asked)
        assert all(a.one("max_results") == str(len(a.one("id_list").split(","))) for a in server.asked)
        assert [e.place for e in account.examples] == ["2701.99999", "10.1000/x", "0000.0000", "2601.00000"]


def test_versions_are_those_asked_for(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(QueryApi()) as server:
        here.harvest(ArxivQueryService(base=server.url), Selection(ids=("1501.00001v2", "hep-th/9901001")))
        found = dict(here.catalog.connection.execute("SELECT key, version FROM records").fetchall())
        assert found == {"arxiv:1501.00001": "v2", "arxiv:hep-th/9901001": "v2"}
        assert server.asked[0].one("id_list") == "1501.00001v2,hep-th/9901001"


def test_ids_can_be_narrowed(tmp_path: Path) -> None:
    asked = Selection(ids=("1501.00001", "hep-th/9901001"), categories=("cs.LG",))
    with bench(tmp_path) as here, serving(QueryApi()) as server:
        account = here.harvest(ArxivQueryService(base=server.url), asked)
        assert here.titles() == ["Five digits of toys"]
        assert account.skipped == {"not known to arXiv, or outside of what was asked for": 1}


# Queries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selection", "query"),
    [
        (Selection(query="ti:toy OR abs:play"), "(ti:toy OR abs:play)"),
        (
            Selection(query="all:toys\nall:idle", categories=("cs.cl", "hep-th", "cs", "cmp-lg")),
            "(all:toys OR all:idle) AND (cat:cs.CL OR cat:hep-th OR cat:cs OR cat:cs.* OR cat:cmp-lg)",
        ),
        (
            Selection(authors=('Ada "Root" Ash\\', "Ángel O'Úrsulo-Oak"), since=20260101),
            '(au:"Ada Root Ash" OR au:"Ángel O\'Úrsulo-Oak") '
            "AND submittedDate:[202601010000 TO 209912312359]",
        ),
        (Selection(authors=("x) OR (all:a",)), '(au:"x OR all a")'),
        (Selection(query='ti:"a (b" AND au:c%26&start=7#+é'), '(ti:"a (b" AND au:c%26&start=7#+é)'),
        (Selection(query='idle "old toys"'), '(all:idle OR all:"old toys")'),
    ],
)
def test_queries_arrive_as_they_are_meant(selection: Selection, query: str, tmp_path: Path) -> None:
    """The feed's title shows the query as the server understood it."""
    told: list[str] = []

    def noting(asked: Asked) -> Reply:
        reply = QueryApi()(asked)
        told.append(found_of(Answer("u", 200, {}, reply.body)).title if reply.status == 200 else "")
        return reply

    with bench(tmp_path) as here, serving(noting) as server:
        account = here.harvest(ArxivQueryService(base=server.url), selection)
        assert account.failure is None
        assert told[0] == f"arXiv Query: search_query={query}&id_list=&start=0&max_results=200"


@pytest.mark.parametrize(
    "selection",
    [
        Selection(query="ti:a) OR (all:b"),
        Selection(query='ti:a) "x" (b'),
        Selection(query='ti:"a'),
        Selection(query="(ti:a"),
        Selection(authors=('")(',)),
        Selection(categories=("cs.ZZ",)),
    ],
)
def test_queries_that_would_fall_apart_are_not_sent(selection: Selection, tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(QueryApi()) as server:
        with pytest.raises(BadInput):
            here.harvest(ArxivQueryService(base=server.url), selection)
        assert not server.asked


def test_long_queries_go_by_post(tmp_path: Path) -> None:
    query = " OR ".join(f'ti:"toy {n} of"' for n in range(1, 300))
    with bench(tmp_path) as here, serving(QueryApi(crowd(20))) as server:
        account = here.harvest(ArxivQueryService(base=server.url), Selection(query=query))
        assert account.outcome == Ok(20)
        assert server.asked[0].method == "POST"
        assert not server.asked[0].query


# Errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400])
def test_errors_that_look_like_papers_are_refusals(status: int, tmp_path: Path) -> None:
    with (
        bench(tmp_path) as here,
        serving(lambda _asked: error_reply("incorrect id format for abc", status)) as server,
    ):
        account = here.harvest(ArxivQueryService(base=server.url), TOYS)
        assert isinstance(account.outcome, Refused)
        assert "incorrect id format for abc" in account.outcome.detail
        assert len(server.asked) == 1
        assert not here.titles()


def test_a_query_with_wrong_grammar_is_refused_in_the_apis_words(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(QueryApi()) as server:
        account = here.harvest(ArxivQueryService(base=server.url), Selection(query="AND AND"))
        assert isinstance(account.outcome, Refused)
        assert "Invalid query string" in account.outcome.detail


@given(st.data())
def test_nothing_sent_can_hurt(data: st.DataObject) -> None:
    asked = Asked("GET", "/api/query", (("search_query", "all:toys"), ("max_results", "3")), {}, b"")
    body = bytearray(QueryApi()(asked).body)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=12))
    try:
        found = found_of(Answer("u", 200, {}, bytes(body)))
    except (BadAnswer, Fatal):
        return
    assert all(isinstance(entry.item, Read | Skipped) for entry in found.entries)
    assert refused_of(Answer("u", 400, {}, bytes(body))) is None


# Complaints that users of other tools have ------------------------------------------------------------


def test_one_throttle_is_felt_by_all_callers(tmp_path: Path) -> None:
    """Seven callers do not each pay for the same 429: whoever comes next waits without asking."""
    with bench(tmp_path, tries=1) as here, serving(lambda _asked: too_many(Reply())) as server:
        account = here.harvest(ArxivQueryService(base=server.url), TOYS)
        assert isinstance(account.outcome, Throttled)
        asked = len(server.asked)
        here.clock.slept.clear()
        for service in (OaiService(base=server.url), ArxivQueryService(base=server.url)):
            here.harvest(service, Selection(ids=("1501.00001",)))
        assert len(server.asked) == asked + 2
        assert min(here.clock.slept) >= 3


def test_arxiv_is_asked_once_in_three_seconds(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(QueryApi(crowd(20))) as server:
        here.harvest(ArxivQueryService(base=server.url, page=5), TOYS)
        assert here.clock.slept == [3.0] * (len(server.asked) - 1)


# Plans ----------------------------------------------------------------------------------------------


def test_plans(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(QueryApi(crowd(20))) as server, here.client() as client:
        service = ArxivQueryService(base=server.url, page=6)
        plan = service.plan(TOYS, client)
        assert (plan.requests, plan.records, plan.exact) == (4, 20, True)
        assert len(server.asked) == 1
        assert service.plan(Selection(ids=tuple(f"2601.{n:05d}" for n in range(1, 251))), None).requests == 3
        assert service.plan(TOYS, None).records is None


# The real thing ---------------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.exists(), reason="no recorded answers on this machine")
def test_recorded_answers_are_read() -> None:
    read = 0
    for path in sorted((SHARED / "data" / "fixtures" / "arxiv_atom").glob("*.xml")):
        answer = Answer("u", 200, {}, path.read_bytes())
        if path.name.startswith("id_abc"):
            with pytest.raises(Fatal, match="incorrect id format for abc"):
                found_of(answer)
            continue
        found = found_of(answer)
        assert found.title.startswith("arXiv Query: ")
        assert found.total >= len(found.entries)
        for entry in found.entries:
            assert isinstance(entry.item, Read)
            assert entry.key
            assert entry.version
            assert entry.minute
            assert entry.item.paper.authors
            assert entry.item.paper.categories
            read += 1
    assert read == 221
