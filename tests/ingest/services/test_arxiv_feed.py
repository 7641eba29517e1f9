"""The daily feeds: one request a day, known again by its ETag, and nothing missed without a word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols.arxiv_harvests import SHARED, Bench, bench, changing
from protocols.arxiv_papers import crowd
from protocols.arxiv_rss import TODAY, Announced, FeedServer
from protocols.scenarios import content
from protocols.server import EVERYWHERE, Asked, BadDay, Reply, serving

from fallow_ingest.errors import BadInput
from fallow_ingest.services import Selection
from fallow_ingest.services.arxiv.announcements import feed_of
from fallow_ingest.services.arxiv.feed import ArxivFeedService
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal
from fallow_ingest.web.outcomes import Empty, Ok, Refused

CL = Selection(categories=("cs.CL",))


def test_a_day_is_one_request(tmp_path: Path) -> None:
    """What scheduled jobs elsewhere ask the query API for until it answers 429."""
    with bench(tmp_path) as here, serving(FeedServer()) as server:
        account = here.harvest(ArxivFeedService(base=server.url), Selection(categories=("cs.LG", "cs.cl")))
        assert account.outcome == Ok(4)
        assert [asked.path for asked in server.asked] == ["/rss/cs.CL+cs.LG"]
        assert here.column("date") == {
            "arxiv:2701.00001": "2027-01",
            "arxiv:2701.00002": "2027-01",
            "arxiv:2611.00001": "2026-11",
            "arxiv:hep-th/9901001": "1999-01",
        }
        assert set(here.column("abstract").values()) == {"We study idle toys & find that 2 < 3."}
        assert here.column("authors")["arxiv:2701.00001"] == '["Ada Ash","Bo Birch"]'


def test_what_an_item_says() -> None:
    asked = Asked("GET", "/rss/cs.CL", (), {}, b"")
    feed = feed_of(Answer("u", 200, {}, FeedServer()(asked).body), 0)
    papers = [item.paper for item in feed.items if isinstance(item, Read)]
    assert [paper.extra["announce_type"] for paper in papers] == ["new", "cross", "replace"]
    replaced = papers[2]
    assert (replaced.version, replaced.venue, replaced.ids["doi"]) == ("v2", "J. Toys 2", "10.1234/toys.2")
    assert replaced.extra["announced"] == "2027-01-15"
    assert replaced.extra["license"] == "http://creativecommons.org/licenses/by/4.0/"


def test_an_unchanged_feed_costs_nothing(tmp_path: Path) -> None:
    with bench(tmp_path) as here, changing(FeedServer()) as (server, world):
        service = ArxivFeedService(base=server.url)
        here.harvest(service, CL)
        mark = here.watermark()
        account = here.harvest(service, CL)
        assert account.outcome == Empty()
        assert server.asked[1].headers["if-none-match"] in mark.replace("\\", "")
        assert here.watermark() == mark
        more = Announced(replace(crowd(1)[0], id="2701.00007", categories=("cs.CL",)))
        world.respond = FeedServer((*TODAY, more), "Mon, 18 Jan 2027 00:00:00 -0500")
        account = here.harvest(service, CL)
        assert account.counts.new == 1
        assert not account.skipped, "a weekend has no announcement"


def test_a_tag_that_is_none_is_not_sent_back(tmp_path: Path) -> None:
    def odd(asked: Asked) -> Reply:
        return replace(FeedServer(tags=False)(asked), headers={"ETag": " \\xff no tag"})

    with bench(tmp_path) as here, serving(odd) as server:
        for _ in range(2):
            assert here.harvest(ArxivFeedService(base=server.url), CL).outcome == Ok(3)
        assert "if-none-match" not in server.asked[1].headers


def test_a_weekend_is_empty(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(FeedServer(())) as server:
        assert here.harvest(ArxivFeedService(base=server.url), CL).outcome == Empty()


def test_days_without_a_look_are_told(tmp_path: Path) -> None:
    with bench(tmp_path) as here, changing(FeedServer()) as (server, world):
        service = ArxivFeedService(base=server.url)
        here.harvest(service, CL)
        world.respond = FeedServer((), "Wed, 20 Jan 2027 00:00:00 -0500")
        account = here.harvest(service, CL)
        [missed] = account.examples
        assert missed.reason == "announcement days without a look"
        assert missed.detail.startswith("2027-01-18 to 2027-01-19: ")
        assert here.harvest(service, CL).skipped == {}


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_that_is_a_feed_is_a_refusal(status: int, tmp_path: Path) -> None:
    refusal = replace(FeedServer()(Asked("GET", "/rss/cs.XX+nix", (), {}, b"")), status=status)
    with bench(tmp_path) as here, serving(lambda _asked: refusal) as server:
        account = here.harvest(ArxivFeedService(base=server.url), CL)
        assert isinstance(account.outcome, Refused)
        assert "Bad archive" in account.outcome.detail
        assert len(server.asked) == 1
        assert here.watermark() == ""


def test_unknown_categories_are_told_before_anything_is_asked(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(FeedServer()) as server:
        for name in ("cs.XX", "../cs.CL", "cs.CL?version=9"):
            with pytest.raises(BadInput):
                here.harvest(ArxivFeedService(base=server.url), Selection(categories=(name,)))
        assert not server.asked


# Full feeds -----------------------------------------------------------------------------------------


def test_a_full_feed_is_asked_for_in_parts(tmp_path: Path) -> None:
    busy = [Announced(p) for p in crowd(3)]
    with bench(tmp_path) as here, serving(FeedServer((*TODAY, *busy), most=6)) as server:
        service = ArxivFeedService(base=server.url, most=6)
        account = here.harvest(service, Selection(categories=("cs.CL", "cs.LG", "hep-th")))
        assert account.outcome == Ok(7)
        assert (account.counts.new, account.counts.unchanged, account.missing) == (7, 0, 1)
        paths = [asked.path.removeprefix("/rss/") for asked in server.asked]
        assert paths == ["cs.CL+cs.LG+hep-th", "cs.CL", "cs.LG+hep-th"]


def test_a_full_archive_is_asked_for_by_category(tmp_path: Path) -> None:
    economic = [
        Announced(replace(p, categories=(f"econ.{s}",)))
        for p, s in zip(crowd(3), ["EM", "GN", "TH"], strict=True)
    ]
    econ = Selection(categories=("econ",))
    with bench(tmp_path) as here, serving(FeedServer(economic, most=2)) as server:
        account = here.harvest(ArxivFeedService(base=server.url, most=2), econ)
        assert account.outcome == Ok(3)
        assert account.missing == 0
        assert [a.path for a in server.asked] == ["/rss/econ", "/rss/econ.EM", "/rss/econ.GN", "/rss/econ.TH"]
        server.asked.clear()
        assert here.harvest(ArxivFeedService(base=server.url, most=2), econ).outcome == Empty()
        assert len(server.asked) == 1


@pytest.mark.parametrize("seed", range(3))
def test_parts_survive_bad_days(seed: int, tmp_path: Path) -> None:
    def run(here: Bench, bad_day: BadDay | None) -> dict[str, list[tuple[object, ...]]]:
        world = FeedServer((*TODAY, *(Announced(p) for p in crowd(5))), most=4)
        with here.catalog, serving(world, bad_day) as server:
            service = ArxivFeedService(base=server.url, most=4)
            for _ in range(40):
                if (
                    here.harvest(service, Selection(categories=("econ", "cs.CL", "cs.LG", "cs.AI"))).failure
                    is None
                ):
                    break
                here.clock.sleep(3_600)
        return content(here.folder / "library")

    assert run(Bench(tmp_path / "bad"), BadDay(seed, EVERYWHERE)) == run(Bench(tmp_path / "calm"), None)


# Hostile feeds --------------------------------------------------------------------------------------


@given(st.data())
def test_nothing_sent_can_hurt(data: st.DataObject) -> None:
    body = bytearray(FeedServer()(Asked("GET", "/rss/cs", (), {}, b"")).body)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=12))
    try:
        feed = feed_of(Answer("u", 200, {}, bytes(body)), 0)
    except (BadAnswer, Fatal):
        return
    assert all(isinstance(item, Read | Skipped) for item in feed.items)


def test_plan() -> None:
    assert ArxivFeedService(base="http://localhost:9").plan(CL, None).requests == 1


@pytest.mark.skipif(not SHARED.exists(), reason="no sample feed on this machine")
def test_the_documented_feed_is_read() -> None:
    body = (SHARED / "apis" / "samples" / "arxiv_rss_sample.xml").read_bytes()
    [item] = feed_of(Answer("u", 200, {"etag": '"x"'}, body), 0).items
    assert isinstance(item, Read)
    paper = item.paper
    assert (paper.key, paper.version, paper.date) == ("arxiv:2203.01250", "v3", "2022-03")
    assert paper.authors == ("Antonin Monteil", "Paul Pegon")
    assert "Tome 11 (2024)" in paper.venue
    assert paper.abstract.startswith("We consider")


def test_an_answer_cut_in_the_middle_is_no_feed() -> None:
    reply: Reply = FeedServer()(Asked("GET", "/rss/cs.CL", (), {}, b""))
    for body in (reply.body[:-40], reply.body.replace(b"pubDate", b"nought"), b"<rss/>", b"<html></html>"):
        with pytest.raises(BadAnswer):
            feed_of(Answer("u", 200, {}, body), 0)
