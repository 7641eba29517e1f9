"""Crossref: its records, its retractions, its cursors, its words of refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocols.crossref import (
    PACE,
    World,
    cursor_expired,
    fewer_than_due,
    journal,
    library_of_ids,
    record,
    too_many_small_page,
)
from protocols.server import Asked, ProtocolServer, Reply, nothing, serving, web_page

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, ServiceRefused
from fallow_ingest.harvest import HarvestAccount, harvest
from fallow_ingest.health import services_health
from fallow_ingest.records import Paper, Reference
from fallow_ingest.services import Selection
from fallow_ingest.services.crossref import CrossrefService
from fallow_ingest.services.crossref.records import NOTICE, date_of_parts, paper_of
from fallow_ingest.services.crossref.works import TOO_FAR, UNKNOWN
from fallow_ingest.services.markup import abstract_of_markup, is_notice, text_of_markup, unmarked_title
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.client import Client
from fallow_ingest.web.outcomes import Empty, Ok

SHARED = Path(__file__).parents[4] / "shared"
VENUE = Selection(venues=("Journal of Toys",))


def run(catalog: Catalog, client: Client, server: ProtocolServer, selection: Selection) -> HarvestAccount:
    return harvest(catalog, CrossrefService(base=server.url), selection, client)


def read(found: Any) -> Paper:
    paper = paper_of(found, field.Notes())
    assert isinstance(paper, Paper)
    return paper


def held(catalog: Catalog) -> int:
    return int(catalog.connection.execute("SELECT count(*) FROM papers").fetchone()[0])


# Records -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded answers are not here")
def test_recorded_works_are_read() -> None:
    exchanges = json.loads((SHARED / "apis/samples/crossref_recorded_responses.json").read_bytes())
    one = read(exchanges[0]["body"]["message"])
    assert one.key == "doi:10.1371/journal.pone.0033693"
    assert one.date == "2012-03-21"
    assert one.venue == "PLoS ONE"
    assert one.status == "", "a correction is no retraction"
    assert one.references[0].id == "doi:10.1038/sj.npp.1301164"
    assert read(exchanges[1]["body"]["message"]["items"][0]).abstract.startswith("Communication is")
    assert read(exchanges[2]["body"]["message"]["items"][0]).year is None


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded answers are not here")
def test_recorded_refusals_are_told_in_their_words(catalog: Catalog, client: Client) -> None:
    exchanges = json.loads((SHARED / "apis/samples/crossref_recorded_responses.json").read_bytes())
    for exchange in exchanges:
        if exchange["status"] == 400:
            bad = Reply(400, json.dumps(exchange["body"]).encode())
            with serving(lambda _asked, bad=bad: bad) as server:  # type: ignore[misc]
                account = run(catalog, client, server, Selection(query="toys"))
            assert isinstance(account.failure, ServiceRefused)
            assert exchange["body"]["message"][0]["message"].strip() in str(account.failure)


def test_fields_of_a_record() -> None:
    paper = read(record(7, subtitle=["A study"], title=["", "Toys"], **{"container-title": ["J &amp; T"]}))
    assert paper.title == "Toys: A study"
    assert paper.venue == "J & T"
    assert paper.abstract == "Toy 7 speaks, p < .05."
    assert paper.authors == ("Ada Ash", "B. Birch7")
    assert paper.references[0] == Reference("doi:10.1234/toy.6")
    assert paper.references[1] == Reference(year=1999, text="B. Birch. Old toys 7. Toy Press, 1999.")


@pytest.mark.parametrize(
    ("parts", "date"),
    [
        ([[2019, 6, 12]], "2019-06-12"),
        ([[2019, 2, 30]], "2019-02"),
        ([[2019, None, 12]], "2019"),
        ([["2019", "06"]], "2019-06"),
        ([[None]], ""),
        ([[]], ""),
        ([], ""),
        ([None], ""),
        ("2019", ""),
        ([[10**20, {}, []]], ""),
    ],
)
def test_dates_with_holes(parts: object, date: str) -> None:
    assert date_of_parts({"date-parts": parts}) == date


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("retraction", "retracted"), ("withdrawal", "withdrawn"), ("removal", "withdrawn"),
        ("correction", ""), ("expression_of_concern", ""), ("partial_retraction", ""), (None, ""),
    ],
)  # fmt: skip
def test_updates_by_notices(kind: str | None, status: str) -> None:
    update = {"DOI": "10.1234/notice", "type": kind}
    paper = read(record(1, **{"updated-by": [{"type": "correction"}, update]}))
    assert paper.status == status
    if kind:
        assert kind in paper.extra["updates"]  # type: ignore[operator]
    notice = paper_of(record(2, **{"update-to": [{"DOI": "10.1234/toy.1", "type": kind}]}), field.Notes())
    assert (isinstance(notice, Unreadable) and notice.reason == NOTICE) == (kind is not None)


def test_a_paper_retracted_under_its_own_doi() -> None:
    own = {"DOI": "10.1234/TOY.1", "type": "retraction"}
    paper = read(record(1, title=["RETRACTED: Toys"], **{"update-to": [own]}))
    assert (paper.title, paper.status) == ("Toys", "retracted")
    new_edition = read(record(2, **{"update-to": [{"DOI": "10.1234/toy.1", "type": "new_version"}]}))
    assert new_edition.status == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = [*record(1), "updated-by", "update-to"]


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
def test_no_record_raises(changes: dict[str, object]) -> None:
    assert isinstance(paper_of(record(1) | changes, field.Notes()), Paper | Unreadable)


# Markup ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<jats:title>Abstract</jats:title><jats:p>One.</jats:p><jats:p>Two.</jats:p>", "One.\n\nTwo."),
        ("<p>a &lt; b &amp;amp; c</p>", "a < b & c"),
        ("if a <b and c> d then", "if a <b and c> d then"),
        ("x<sub>1</sub> <scp>DNA</scp> <mml:math><mml:mi>y</mml:mi></mml:math>", "x1 DNA y"),
        (
            "<inline-formula><alternatives><tex-math>$x$</tex-math><mml:math><mml:mi>x</mml:mi></mml:math>"
            "</alternatives></inline-formula> and <mml:math><mml:mi>z</mml:mi></mml:math>",
            "$x$ and z",
        ),
        (r"\documentclass[12pt]{minimal}\begin{document}$$x$$\end{document} is", "$$x$$ is"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("&amp;lt;i&amp;gt;deep&amp;lt;/i&amp;gt;", "deep"),
        ("Abstract Toys are fun.", "Toys are fun."),
        ("<!DOCTYPE x [<!ENTITY a 'aa'>]>&a;", "<!DOCTYPE x [<!ENTITY a 'aa'>]>&a;"),
    ],
)
def test_markup_becomes_text(markup: str, text: str) -> None:
    assert field.paragraphs(abstract_of_markup(markup), 1000, "abstract", field.Notes()) == text


@pytest.mark.parametrize("piece", ["<", "<p ", "<mml:math>", "&lt;", "&", "<a:", "</", "\\documentclass"])
def test_hostile_markup_grows_nothing(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    assert len(text_of_markup(text)) <= len(text)


@pytest.mark.parametrize(
    ("title", "plain", "status"),
    [
        ("RETRACTED: Toys", "Toys", "retracted"),
        ("[Retracted] Toys", "Toys", "retracted"),
        ("WITHDRAWN: Toys", "Toys", "withdrawn"),
        ("Retracted Article: Toys", "Toys", "retracted"),
        ("Retracted papers live on", "Retracted papers live on", ""),
        ("Withdrawn: a history of", "a history of", "withdrawn"),
    ],
)
def test_marks_before_titles(title: str, plain: str, status: str) -> None:
    assert unmarked_title(title) == (plain, status)


def test_notices_by_their_title() -> None:
    assert is_notice("Erratum: Toys")
    assert is_notice("Retraction note to: Toys")
    assert not is_notice("Correction of grammatical errors with toys")


# Asking ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [web_page, nothing, cursor_expired, too_many_small_page, lambda _r: Reply(403, b"blocked"),
     lambda _r: Reply(404, b"<html>Not Found</html>", "text/html"), lambda _r: Reply(500)],
)  # fmt: skip
@pytest.mark.parametrize("selection", [Selection(query="toys"), VENUE, Selection(ids=("doi:10.1234/toy.1",))])
def test_no_failure_is_an_empty_answer(
    bad: Any, selection: Selection, catalog: Catalog, client: Client
) -> None:
    with serving(lambda _asked: bad(Reply())) as server:
        account = run(catalog, client, server, selection)
    assert account.failure is not None
    assert not isinstance(account.outcome, Empty | Ok)
    assert not account.skipped
    assert not services_health(catalog)[0].sound


def test_unknown_dois_are_told(catalog: Catalog, client: Client) -> None:
    with serving(library_of_ids()) as server:
        account = run(catalog, client, server, Selection(ids=("doi:10.1234/none", "doi:10.1234/toy.0")))
    assert account.skipped == {UNKNOWN: 1}
    assert account.counts.new == 1


def test_a_page_that_may_have_been_skipped_is_never_taken(catalog: Catalog, client: Client) -> None:
    """The server moves on with every request for the same cursor; a lost answer must not lose its works."""
    world = World(journal(60), rows=10)
    followed: list[Asked] = []

    def respond(asked: Asked) -> Reply:
        reply = world(asked)
        if asked.one("cursor") not in ("", "*"):
            followed.append(asked)
            if len(followed) in (1, 3, 6):
                return Reply(503, b"busy")
        return reply

    with serving(respond) as server:
        account = run(catalog, client, server, VENUE)
    assert len(followed) > 6
    assert held(catalog) == 57
    assert account.missing == 0
    assert account.outcome == Ok(57)


def test_an_expired_cursor_begins_where_it_was(catalog: Catalog, client: Client) -> None:
    world = World(journal(60), rows=10)
    expired: list[Asked] = []

    def respond(asked: Asked) -> Reply:
        if asked.one("cursor") not in ("", "*") and len(expired) < 2:
            expired.append(asked)
            return cursor_expired(Reply())
        return world(asked)

    with serving(respond) as server:
        account = run(catalog, client, server, VENUE)
        started = [a.one("filter") for a in server.asked if a.one("cursor") == "*"]
    assert len(started) == 3
    assert "from-created-date:2026-03-01T00" in started[-1]
    assert account.outcome == Ok(57)


def test_a_list_that_stays_short_is_told(catalog: Catalog, client: Client) -> None:
    world = World(journal(12))
    with serving(lambda asked: fewer_than_due(world(asked))) as server:
        account = run(catalog, client, server, Selection(query="toy"))
    assert account.missing == 6
    assert not services_health(catalog)[0].sound


def test_only_ten_thousand_results_of_a_search_can_be_reached(catalog: Catalog, client: Client) -> None:
    few = [record(n, abstract=None, reference=[]) for n in range(200)]

    def respond(asked: Asked) -> Reply:
        first, rows = int(asked.one("offset", "0")), int(asked.one("rows"))
        assert first + rows <= 10_000
        message = {"total-results": 586_628, "items": few[:rows], "items-per-page": rows}
        return Reply(body=json.dumps({"status": "ok", "message": message}).encode(), headers=PACE)

    with serving(respond) as server:
        plan = CrossrefService(base=server.url).plan(Selection(query="toy"), client)
        account = run(catalog, client, server, Selection(query="toy"))
    assert (plan.records, plan.requests) == (10_000, 50)
    assert account.requests == 50
    assert account.skipped == {TOO_FAR: 1}
    assert account.examples[-1].detail == "576,628 more"


def test_people_are_told_apart_from_their_names_words(catalog: Catalog, client: Client) -> None:
    others = [record(n, author=[{"given": "Bo", "family": "Ash"}]) for n in range(100, 130)]
    theirs = [record(n, author=[{"given": "A.", "family": "Ash"}]) for n in range(3)]
    with serving(World([*theirs, *others], rows=10)) as server:
        account = run(catalog, client, server, Selection(authors=("Ada Ash",)))
        assert len(server.asked) == 2, "the first page without the person is the last"
    assert account.counts.new == 3


def test_what_is_new_is_what_was_indexed_since(catalog: Catalog, client: Client) -> None:
    with serving(World(journal(10))) as server:
        run(catalog, client, server, VENUE)
        run(catalog, client, server, VENUE)
        assert "from-index-date:2027-01-05" in server.asked[-1].one("filter")


def test_slower_limits_are_obeyed(catalog: Catalog, client: Client) -> None:
    slow = {"X-Rate-Limit-Limit": "1", "X-Rate-Limit-Interval": "10s"}
    world = World(journal(30), rows=10)

    def respond(asked: Asked) -> Reply:
        reply = world(asked)
        return Reply(reply.status, reply.body, headers=slow)

    with serving(respond) as server:
        run(catalog, client, server, VENUE)
    assert client.clock.slept == [10.0, 10.0]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "selection", [Selection(ids=("10.1234/a",), since=20200101), Selection(venues=("Toys, Games",))]
)
def test_what_cannot_be_told_is_refused_before_it_is_asked(
    selection: Selection, catalog: Catalog, client: Client
) -> None:
    with serving(World(journal(9))) as server:
        with pytest.raises(BadInput):
            run(catalog, client, server, selection)
        assert not server.asked


def test_plans(client: Client) -> None:
    with serving(World(journal(450))) as server:
        service = CrossrefService(base=server.url)
        plan = service.plan(VENUE, client)
        assert (plan.records, plan.requests, plan.seconds, plan.exact) == (450, 3, 7.5, True)
        assert len(server.asked) == 1
    assert service.plan(Selection(ids=tuple(f"10.1234/{n}" for n in range(101))), None).requests == 3
    assert service.plan(VENUE, None).records is None
