"""OAI-PMH: every error code, tokens that die, rounds that bring only what changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from protocols.arxiv_harvests import bench, changing
from protocols.arxiv_oai import STANDARD, OaiServer, expired
from protocols.arxiv_papers import PREPRINTS, Preprint, at
from protocols.server import Asked, Reply, serving, too_many

from fallow_ingest.errors import BadInput
from fallow_ingest.health import services_health
from fallow_ingest.services import Cursor, Page, Selection
from fallow_ingest.services.arxiv.oai import MOST_RESTARTS, OaiService
from fallow_ingest.web.client import Client
from fallow_ingest.web.outcomes import Broken, Empty, Ok, Refused, Throttled

CL = Selection(categories=("cs.CL",))
IN_CL = [p for p in PREPRINTS if "cs.CL" in p.categories]


def error_page(code: str, text: str = "") -> Reply:
    body = f"""<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
    <responseDate>2027-01-15T08:00:00Z</responseDate><request>x</request>
    <error code='{code}'>{text}</error></OAI-PMH>"""
    return Reply(200, body.encode(), "text/xml")


# Lists and tokens ---------------------------------------------------------------------------------


def test_tokens_go_back_as_they_came_and_alone(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer()) as server:
        here.harvest(OaiService(base=server.url), CL)
        first, *later = server.asked
        assert dict(first.query) == {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": "cs:cs:CL"}
        assert len(later) == 3
        for asked in later:
            assert [name for name, _ in asked.query] == ["verb", "resumptionToken"]
            assert asked.one("resumptionToken").startswith("verb%3DListRecords%26")
            assert "verb%253DListRecords" in asked.raw_query


@pytest.mark.parametrize(("page", "requests"), [(10, 1), (11, 1), (9, 2), (5, 2), (3, 4)])
def test_a_list_ends_without_a_token_or_with_an_empty_one(page: int, requests: int, tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer(page=page)) as server:
        assert here.harvest(OaiService(base=server.url), CL).outcome == Ok(len(IN_CL))
        assert len(server.asked) == requests


def test_a_lost_token_is_no_loss_and_doubles_nothing(tmp_path: Path) -> None:
    for lost in range(2, 6):

        def fails(number: int, asked: Asked, lost: int = lost) -> Reply | None:
            return error_page("badResumptionToken") if number == lost else None

        with bench(tmp_path / str(lost)) as here, changing(OaiServer(page=2), fails) as (server, _):
            account = here.harvest(OaiService(base=server.url), CL)
            assert account.outcome == Ok(len(IN_CL))
            assert account.counts.new == len(IN_CL)
            assert account.counts.unchanged == 0
            again = server.asked[lost]
            assert again.one("from") == ("2010-03-04" if lost == 2 else "2026-12-01")


def test_an_old_token_is_not_shown_again(tmp_path: Path) -> None:
    def fails(number: int, asked: Asked) -> Reply | None:
        return Reply(500) if number > 2 else None

    with bench(tmp_path, tries=1) as here, changing(OaiServer(page=3), fails) as (server, world):
        assert here.harvest(OaiService(base=server.url), CL).failure is not None
        world.fails = None
        here.clock.sleep(86_400)
        before = len(server.asked)
        account = here.harvest(OaiService(base=server.url), CL)
        assert account.resumed
        assert account.outcome == Ok(len(IN_CL))
        resumed = server.asked[before]
        assert resumed.one("from") == "2026-12-01"
        assert not resumed.one("resumptionToken")


def test_a_server_that_always_forgets_is_told(tmp_path: Path) -> None:
    def fails(number: int, asked: Asked) -> Reply | None:
        return expired(OaiServer()(asked)) if asked.one("resumptionToken") else None

    with bench(tmp_path) as here, changing(OaiServer(page=2), fails) as (server, world):
        account = here.harvest(OaiService(base=server.url), CL)
        assert isinstance(account.outcome, Broken)
        assert "forgot its place" in account.outcome.detail
        assert len(server.asked) <= 2 * (MOST_RESTARTS + 1) * 2
        assert here.watermark() == ""
        world.fails = None
        assert here.harvest(OaiService(base=server.url), CL).outcome == Ok(len(IN_CL))


def test_a_server_without_order_is_begun_again(tmp_path: Path) -> None:
    class Unordered(OaiServer):
        def __call__(self, asked: Asked) -> Reply:
            reply = super().__call__(asked)
            records = re.findall(rb"<record>.*?</record>", reply.body, flags=re.DOTALL)
            body = reply.body
            for old, new in zip(records, records[::-1], strict=True):
                body = body.replace(old, b"<r>" + new[8:-9] + b"</r>", 1)
            return replace(reply, body=body.replace(b"<r>", b"<record>").replace(b"</r>", b"</record>"))

    def fails(number: int, asked: Asked) -> Reply | None:
        return error_page("badResumptionToken") if number == 3 else None

    with bench(tmp_path) as here, changing(Unordered(page=3), fails) as (server, _):
        assert here.harvest(OaiService(base=server.url), CL).failure is None
        assert len(here.titles()) == len(IN_CL)
        assert not server.asked[3].one("from")


def test_what_was_promised_and_not_given_is_told(tmp_path: Path) -> None:
    def promising(asked: Asked) -> Reply:
        reply = OaiServer(page=5)(asked)
        return replace(
            reply,
            body=reply.body.replace(b"expirationDate=", b"completeListSize='12' cursor='0' expirationDate="),
        )

    with bench(tmp_path) as here, serving(promising) as server:
        account = here.harvest(OaiService(base=server.url), CL)
        assert account.missing == 12 - len(IN_CL)


def test_papers_of_two_sets_come_once(tmp_path: Path) -> None:
    both = Selection(categories=("cs.LG", "cs.CL", "cs.lg"))
    with bench(tmp_path) as here, serving(OaiServer()) as server:
        account = here.harvest(OaiService(base=server.url), both)
        wanted = sum(bool({"cs.LG", "cs.CL"} & set(p.categories)) for p in PREPRINTS)
        assert account.outcome == Ok(wanted)
        assert account.counts.new == wanted


def test_an_archive_and_its_category_bring_a_paper_once(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer()) as server:
        account = here.harvest(OaiService(base=server.url), Selection(categories=("cs", "cs.CL")))
        assert account.counts.unchanged == 0
        assert account.outcome == Ok(sum(any("cs." in c for c in p.categories) for p in PREPRINTS))


def test_an_alias_in_the_header_is_no_proof_that_a_paper_came(tmp_path: Path) -> None:
    """The header of a paper of math.NA names cs.NA too, but the list of cs.NA does not have it."""
    only_math = Preprint(
        "2612.00003", "Sums of toys", (at("2026-12-02T08:00:00"),), ("math.NA",), "2026-12-03"
    )
    with bench(tmp_path) as here, serving(OaiServer(preprints=(*PREPRINTS, only_math))) as server:
        account = here.harvest(OaiService(base=server.url), Selection(categories=("cs.NA", "math.NA")))
        assert here.titles() == ["Numbers of toys", "Sums of toys"]
        assert account.counts.unchanged == 0


# Errors of the protocol -----------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*STANDARD, "noSetHierarchy", "undefinedError", ""])
def test_every_error_code_has_its_outcome(code: str, tmp_path: Path) -> None:
    text = STANDARD.get(code, "something else")
    with bench(tmp_path) as here, serving(lambda _asked: error_page(code, text)) as server:
        account = here.harvest(OaiService(base=server.url), CL)
        wanted = {"noRecordsMatch": Empty, "badResumptionToken": Broken}.get(code, Refused)
        assert isinstance(account.outcome, wanted)
        if wanted is Refused:
            assert text in account.outcome.detail  # type: ignore[union-attr]
            assert len(server.asked) == 1, "what will not heal is not asked again"
        assert here.watermark() == ("2027-01-15" if wanted is Empty else "")


def test_unknown_ids_are_told(tmp_path: Path) -> None:
    ids = Selection(ids=("2701.99999", "isbn:123", "1501.00001v9"))
    with bench(tmp_path) as here, serving(OaiServer()) as server:
        account = here.harvest(OaiService(base=server.url), ids)
        assert account.skipped == {"not known to arXiv": 1, "not an arXiv id": 1}
        assert here.titles() == ["Five digits of toys"]
        assert len(server.asked) == 2


@pytest.mark.parametrize("name", ["cs.XX", "cmp-lg", "cs.CL; DROP", "x" * 5_000, "", "cs:cs:CL:x"])
def test_unknown_categories_are_told_before_anything_is_asked(name: str, tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer()) as server:
        with pytest.raises(BadInput):
            here.harvest(OaiService(base=server.url), Selection(categories=("cs.CL", name)))
        assert not server.asked
        assert services_health(here.catalog) == [], "no harvest was begun"


def test_a_round_that_is_not_begun_leaves_the_last_one_alone(tmp_path: Path) -> None:
    class Particular(OaiService):
        def harvest(
            self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
        ) -> Iterator[Page]:
            if watermark:
                raise BadInput("once is enough")
            return super().harvest(selection, client, cursor=cursor, watermark=watermark)

    with bench(tmp_path) as here, serving(OaiServer()) as server:
        here.harvest(Particular(base=server.url), CL)
        query = "SELECT * FROM harvests"
        before = tuple(here.catalog.connection.execute(query).fetchone())
        with pytest.raises(BadInput):
            here.harvest(Particular(base=server.url), CL)
        assert tuple(here.catalog.connection.execute(query).fetchone()) == before


def test_ids_stand_alone(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer()) as server, pytest.raises(BadInput, match="one by one"):
        here.harvest(OaiService(base=server.url), Selection(ids=("1501.00001",), since=20200101))


# Rounds -------------------------------------------------------------------------------------------


def test_the_next_round_asks_for_what_changed(tmp_path: Path) -> None:
    new = Preprint("2701.00009", "Tomorrow's toy", (at("2027-01-15T20:00:00"),), ("cs.CL",), "2027-01-16")
    changed = replace(IN_CL[0], title="Old toys, renamed", stamped="2027-01-16")
    gone = replace(IN_CL[1], deleted=True, stamped="2027-01-16")
    later = OaiServer(10, (new, changed, gone, *IN_CL[2:]), today=at("2027-01-16").date())
    with bench(tmp_path) as here, changing(OaiServer()) as (server, world):
        here.harvest(OaiService(base=server.url), CL)
        assert here.watermark() == "2027-01-15"
        world.respond = later
        here.clock.sleep(86_400)
        before = len(server.asked)
        account = here.harvest(OaiService(base=server.url), CL)
        [asked] = server.asked[before:]
        assert (asked.one("from"), asked.one("until")) == ("2027-01-15", "")
        assert account.gone == 1
        assert account.counts.new == 1
        assert "Tomorrow's toy" in here.titles()
        assert here.column("status")[f"arxiv:{gone.id}"] == "removed"
        assert here.watermark() == "2027-01-16"


def test_days_are_sent_as_the_server_wants_them(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer()) as server:
        service = OaiService(base=server.url)
        for since, until, start, end in (
            (19900101, None, "", ""),
            (20160101, 20161231, "2016-01-01", "2016-12-31"),
            (20160101, 20270115, "2016-01-01", ""),
            (None, 20990101, "", ""),
        ):
            account = here.harvest(service, Selection(since=since, until=until))
            assert account.failure is None
            first = next(a for a in server.asked if not a.one("resumptionToken"))
            assert (first.one("from"), first.one("until")) == (start, end)
            server.asked.clear()


def test_a_closed_range_is_read_again(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer()) as server:
        for _ in range(2):
            account = here.harvest(OaiService(base=server.url), Selection(since=20160101, until=20161231))
            assert account.outcome == Ok(1)
            assert here.watermark() == ""


# Complaints that users of other tools have ------------------------------------------------------------


def test_being_throttled_is_told_with_its_end_and_goes_on_there(tmp_path: Path) -> None:
    """No key, no traceback: the sentence says until when, and what was read is kept."""

    def fails(number: int, asked: Asked) -> Reply | None:
        return too_many(Reply()) if number > 2 else None

    with bench(tmp_path) as here, changing(OaiServer(page=3), fails) as (server, world):
        account = here.harvest(OaiService(base=server.url), CL)
        assert isinstance(account.outcome, Throttled)
        assert re.fullmatch(r"2027-01-15T08:\d\d:\d\dZ", account.outcome.until)
        assert len(here.titles()) == 6
        world.fails = None
        assert here.harvest(OaiService(base=server.url), CL).outcome == Ok(len(IN_CL))


def test_the_watermark_waits_for_the_last_page(tmp_path: Path) -> None:
    """An aborted harvest followed by "no papers found" cannot be: nothing moves before its page is in."""

    def fails(number: int, asked: Asked) -> Reply | None:
        return Reply(403, b"Access denied") if number in (3, 5) else None

    with bench(tmp_path) as here, changing(OaiServer(page=2), fails) as (server, _):
        outcomes = []
        for _ in range(3):
            outcomes.append(here.harvest(OaiService(base=server.url), CL).outcome)
            assert (here.watermark() == "") == (len(outcomes) < 3)
        assert [type(outcome) for outcome in outcomes] == [Refused, Refused, Ok]
        assert len(here.titles()) == len(IN_CL)


# Plans ----------------------------------------------------------------------------------------------


def test_plans() -> None:
    service = OaiService(base="http://localhost:9")
    whole = service.plan(Selection(), None)
    assert (whole.requests, whole.records) == (2_308, 3_000_000)
    assert 3.5 < whole.seconds / 3_600 < 4
    assert service.plan(Selection(ids=("1", "2")), None).requests == 2
    assert service.plan(Selection(), None, watermark="2027-01-01").records is None
    with pytest.raises(BadInput):
        service.plan(Selection(categories=("nix",)), None)


def test_a_plan_asks_how_large_a_set_is(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer()) as server, here.client() as client:
        plan = OaiService(base=server.url).plan(CL, client)
        assert (plan.records, plan.requests, plan.exact) == (len(IN_CL), 1, True)
        assert len(server.asked) == 1


def test_a_plan_of_what_is_new_asks_how_much_was_submitted_since(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer()) as server, here.client() as client:
        service = OaiService(base=server.url)
        since = Selection(categories=("cs.CL",), since=20260101)
        plan = service.plan(since, client)
        assert plan.records is not None
        assert 0 < plan.records < len(IN_CL)
        assert not plan.exact
        assert service.plan(CL, client, watermark="2026-01-01") == plan
        assert "on top" in plan.note
