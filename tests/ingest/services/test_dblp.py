"""DBLP: its JSON, its page for robots, and how far its search reaches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocols.dblp import World, fewer_than_due, info, page_for_robots, proceedings
from protocols.server import ProtocolServer, Reply, nothing, serving, too_many

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput
from fallow_ingest.harvest import HarvestAccount, harvest
from fallow_ingest.health import services_health
from fallow_ingest.records import Paper
from fallow_ingest.services import Selection
from fallow_ingest.services.dblp import VOLUME, DblpService, paper_of
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.client import Client
from fallow_ingest.web.outcomes import Broken, Empty, Ok, Refused

SHARED = Path(__file__).parents[4] / "shared"


def run(catalog: Catalog, client: Client, server: ProtocolServer, selection: Selection) -> HarvestAccount:
    return harvest(catalog, DblpService(base=server.url), selection, client)


def read(found: Any) -> Paper:
    paper = paper_of(found, field.Notes())
    assert isinstance(paper, Paper)
    return paper


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded answers are not here")
def test_the_recorded_hit_is_read(catalog: Catalog, client: Client) -> None:
    body = (SHARED / "apis/samples/dblp_publ_search.json").read_bytes()
    paper = read(json.loads(body)["result"]["hits"]["hit"][0]["info"])
    assert paper.key == "dblp:conf/ats/ShinogiYHTY05"
    assert paper.ids["doi"] == "10.1109/ats.2005.17"
    assert paper.title.endswith("Test Architecture")
    assert paper.year == 2005
    assert paper.authors == ("Tsuyoshi Shinogi", "Hiroyuki Yamada")


def test_fields_of_a_hit() -> None:
    paper = read(info(3))
    assert paper.title == "Toys & their voices, part 3"
    assert paper.authors == ("Ada Ash", "Bo Birch3")
    assert paper.ids == {"doi": "10.1234/toys.3", "dblp": "conf/toys/Ash3"}
    assert read(info(3, title="And then...")).title == "And then..."
    assert read(info(3, authors={"author": {"text": "Cy Cedar"}})).authors == ("Cy Cedar",)
    assert read(info(3, authors={"author": "Cy Cedar"})).authors == ("Cy Cedar",)
    assert read(info(3, venue=["TOYS", "LNCS"])).venue == "TOYS"


@pytest.mark.parametrize(
    ("key", "ee", "arxiv"),
    [
        ("journals/corr/abs-2401-00001", [], "2401.00001"),
        ("journals/corr/abs-1412-6980", "http://arxiv.org/abs/1412.6980", "1412.6980"),
        ("journals/corr/abs-cs-0101001", [], "cs/0101001"),
        ("journals/corr/KingmaB14", ["http://arxiv.org/abs/1412.6980"], "1412.6980"),
        ("conf/x/Y24", "https://doi.org/10.48550/arXiv.2401.00001", "2401.00001"),
        ("conf/x/Y24", {"text": "x"}, None),
    ],
)
def test_preprints_carry_their_arxiv_id(key: str, ee: object, arxiv: str | None) -> None:
    assert read(info(1, key=key, ee=ee, doi=None)).ids.get("arxiv") == arxiv


def test_other_links_are_ids_too() -> None:
    paper = read(
        info(1, ee=["https://aclanthology.org/2030.toy-long.1", "https://openreview.net/forum?id=aBc_1"])
    )
    assert paper.ids["acl"] == "2030.toy-long.1"
    assert paper.ids["openreview"] == "aBc_1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from([*info(1), "volume"]), JSON, max_size=6))
def test_no_record_raises(changes: dict[str, object]) -> None:
    assert isinstance(paper_of(info(1) | changes, field.Notes()), Paper | Unreadable)


@pytest.mark.parametrize("bad", [page_for_robots, nothing, too_many, lambda _r: Reply(403, b"no")])
def test_no_failure_is_an_empty_answer(bad: Any, catalog: Catalog, client: Client) -> None:
    with serving(lambda _asked: bad(Reply())) as server:
        account = run(catalog, client, server, Selection(query="toys"))
    assert account.failure is not None
    assert not isinstance(account.outcome, Empty | Ok)
    assert not services_health(catalog)[0].sound


def test_a_page_for_robots_is_broken(catalog: Catalog, client: Client) -> None:
    with serving(lambda _asked: page_for_robots(Reply())) as server:
        outcome = run(catalog, client, server, Selection(query="toys")).outcome
    assert isinstance(outcome, Broken)
    assert "web page" in outcome.detail


def test_nothing_found_is_an_answer(catalog: Catalog, client: Client) -> None:
    with serving(World(proceedings(5))) as server:
        assert run(catalog, client, server, Selection(query="elephants")).outcome == Empty()


def test_one_hit_comes_without_a_list(catalog: Catalog, client: Client) -> None:
    with serving(World([info(1)])) as server:
        assert run(catalog, client, server, Selection(query="toys")).outcome == Ok(1)


def test_more_than_a_thousand_hits_are_paged_through(catalog: Catalog, client: Client) -> None:
    with serving(World([info(n) for n in range(1_200)])) as server:
        account = run(catalog, client, server, Selection(authors=("Ada Ash",)))
        assert [asked.one("f") for asked in server.asked] == ["0", "1000"]
        assert server.asked[0].one("q") == "author:Ada_Ash:"
    assert account.outcome == Ok(1_200)


def test_too_many_hits_are_asked_for_by_year(catalog: Catalog, client: Client) -> None:
    with serving(World(proceedings(30), total=12_345)) as server:
        account = run(catalog, client, server, Selection(query="toys"))
        asked = list(dict.fromkeys(asked.one("q") for asked in server.asked))
        assert asked == ["toys", *(f"toys year:{year}:" for year in range(1936, 2029))]
    assert account.skipped == {VOLUME: 1, "no title": 1}
    assert account.outcome == Ok(28)


def test_hits_that_stay_away_are_told(catalog: Catalog, client: Client) -> None:
    world = World(proceedings(10))
    with serving(lambda asked: fewer_than_due(world(asked))) as server:
        account = run(catalog, client, server, Selection(query="toys"))
    assert account.missing == 10
    assert not services_health(catalog)[0].sound


def test_hits_that_were_counted_wrong_are_asked_for_again(catalog: Catalog, client: Client) -> None:
    hits = {"@total": "3", "@sent": "3", "hit": [{"info": info(1)}]}
    body = json.dumps({"result": {"status": {"@code": "200"}, "hits": hits}}).encode()
    with serving(lambda _asked: Reply(body=body)) as server:
        assert isinstance(run(catalog, client, server, Selection(query="toys")).outcome, Broken)
        assert len(server.asked) == 3


def test_a_refusal_is_told(catalog: Catalog, client: Client) -> None:
    body = json.dumps({"result": {"status": {"@code": "500", "text": "query too long"}}}).encode()
    with serving(lambda _asked: Reply(body=body)) as server:
        outcome = run(catalog, client, server, Selection(query="toys")).outcome
    assert isinstance(outcome, Refused)
    assert "query too long" in outcome.detail


def test_what_is_new_is_asked_for_by_year(catalog: Catalog, client: Client) -> None:
    with serving(World(proceedings(10))) as server:
        run(catalog, client, server, Selection(venues=("TOYS",)))
        run(catalog, client, server, Selection(venues=("TOYS",)))
        later = [asked.one("q") for asked in server.asked[1:]]
    assert later == [f"venue:TOYS: year:{year}:" for year in (2026, 2027, 2028)]


def test_metadata_joins_the_paper_that_is_held(catalog: Catalog, client: Client) -> None:
    catalog.add([Paper("arxiv:1601.00001", "Toys", abstract="We play.", authors=("Ada Ash",))], "jsonl")
    with serving(World(proceedings(9)[1:2])) as server:
        account = run(catalog, client, server, Selection(query="toys"))
    assert account.counts.merged == 1
    row = catalog.connection.execute("SELECT abstract, venue FROM papers").fetchone()
    assert tuple(row) == ("We play.", "CoRR")


def test_a_question_of_nothing_is_refused(catalog: Catalog, client: Client) -> None:
    with serving(World([])) as server:
        with pytest.raises(BadInput):
            run(catalog, client, server, Selection(authors=(" : ",)))
        assert not server.asked


def test_plans(client: Client) -> None:
    with serving(World([info(n) for n in range(2_100)])) as server:
        service = DblpService(base=server.url)
        plan = service.plan(Selection(query="toys"), client)
        assert (plan.records, plan.requests, plan.seconds, plan.exact) == (2_100, 3, 10.5, True)
        assert len(server.asked) == 1
        assert service.plan(Selection(query="toys", since=20200101, until=20221231), client).requests == 3
        assert len(server.asked) == 1
    assert service.plan(Selection(query="toys"), None).records is None
