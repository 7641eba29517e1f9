"""Data sets: what is chosen, what changed between releases, files that break, and what is left on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocols.s2_datasets import (
    FAULTS,
    FIRST,
    LOADS,
    SECOND,
    STORED,
    THIRD,
    World,
    body,
    citation,
    link_expired,
    paper,
)
from protocols.server import Asked, BadDay, FakeClock, ProtocolServer, Reply, Respond, serving

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, ServiceBroken, ServiceRefused
from fallow_ingest.harvest import HarvestAccount, harvest
from fallow_ingest.records import Paper
from fallow_ingest.services import Selection
from fallow_ingest.services.semantic_scholar import KEY_VARIABLE
from fallow_ingest.services.semantic_scholar.choice import choice_of
from fallow_ingest.services.semantic_scholar.datasets import FOLDER_VARIABLE, DatasetService
from fallow_ingest.services.semantic_scholar.full_text import full_text
from fallow_ingest.services.semantic_scholar.shelf import Shelf
from fallow_ingest.sources.fields import Notes
from fallow_ingest.web.client import Client, Patience
from fallow_ingest.web.limiter import Limiter
from fallow_ingest.web.outcomes import Empty, Ok

SHARED = Path(__file__).parents[4] / "shared"
FIELD = Selection(categories=("Computer Science",))
ALL_SETS = Selection(categories=("Computer Science", "abstracts", "tldrs", "s2orc_v2", "citations"))


@dataclass
class Bench:
    """A library and a folder for files; the server of one day after another."""

    catalog: Catalog
    folder: Path
    server: ProtocolServer

    def harvest(self, selection: Selection = FIELD, limit: int | None = None) -> HarvestAccount:
        limiter = Limiter(FakeClock(), folder=self.folder / "limits", longest_wait=1e6)
        service = DatasetService(base=self.server.url)
        with Client(limiter, patience=Patience(tries=3)) as client:
            return harvest(self.catalog, service, selection, client, limit=limit)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self.catalog.connection.execute(query)]

    def papers(self, column: str) -> dict[str, object]:
        return {str(key): value for key, value in self.rows(f"SELECT key, {column} FROM papers")}

    def citations(self) -> set[tuple[object, ...]]:
        return set(
            self.rows(
                "SELECT a.key, b.key FROM citations JOIN papers a ON a.number = citing "
                "JOIN papers b ON b.number = cited"
            )
        )

    def left(self) -> set[str]:
        place = self.folder / "s2"
        return {path.name for path in place.rglob("*") if path.is_file()}


@contextmanager
def bench(folder: Path, respond: Respond, bad_day: BadDay | None = None) -> Iterator[Bench]:
    with serving(respond, bad_day) as server, Catalog.open(folder / "library", create=True) as catalog:
        yield Bench(catalog, folder, server)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "s2"))


# A release ----------------------------------------------------------------------------------------


def test_a_release_of_a_field(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        account = here.harvest(ALL_SETS)
        assert account.failure is None
        assert here.papers("abstract") == {"s2:1": "We play.", "s2:2": "", "s2:5": "We float.", "s2:6": ""}
        assert account.skipped == {"broken JSON": 1}
        assert here.citations() == {("s2:1", "s2:2"), ("s2:5", "s2:1")}, "frogs and strangers are left out"
        assert here.rows("SELECT text, intents FROM citation_contexts ORDER BY text") == [
            ("Toys are old [2].", '["background"]'),
            ("Toys play [1].", '["background","influential"]'),
            ("We use them [2].", "[]"),
        ]
        assert here.rows("SELECT heading, kind, text FROM sections") == [
            ("5 Limitations", "limitations", "Our toys break, as those of Birch (2019) do.")
        ]
        extra = json.loads(str(here.papers("extra")["s2:5"]))
        assert extra["tldr"] == "Toys float."
        assert extra["counted"] == FIRST
        assert here.rows("SELECT watermark FROM harvests") == [(FIRST,)]


def test_only_what_was_chosen_of_the_data_sets_is_fetched(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        here.harvest(Selection(query="arxiv cited>=3", categories=("abstracts",)))
        assert set(here.papers("key")) == {"s2:1", "s2:2", "s2:5"}
        fetched = {asked.path.split("/")[3] for asked in here.server.asked if asked.path.startswith("/store")}
        assert fetched == {"papers", "abstracts"}


def test_full_texts_bring_their_citing_sentences_where_citations_are_not_read(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        here.harvest(Selection(query="arxiv", categories=("s2orc_v2",)))
        assert here.rows("SELECT section, text FROM citation_contexts") == [
            (0, "Our toys break, as those of Birch (2019) do.")
        ]
        assert here.citations() == {("s2:1", "s2:2")}


def test_files_are_gone_when_they_were_read(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        here.harvest()
        assert {name.split("-")[0] for name in here.left()} == {"shelf.sqlite", "lock"}


def test_nothing_chosen_is_an_empty_answer(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        assert here.harvest(Selection(categories=("History",))).outcome == Empty()


def test_a_release_may_be_named(tmp_path: Path) -> None:
    with bench(tmp_path, World(THIRD)) as here:
        here.harvest(Selection(query="arxiv", release=SECOND))
        assert here.rows("SELECT watermark FROM harvests") == [(SECOND,)]
        account = here.harvest(Selection(query="arxiv", release="1999-01-01"))
        assert isinstance(account.failure, ServiceRefused)
        assert "1999-01-01" in str(account.failure)


# What changed -------------------------------------------------------------------------------------


def test_the_next_release_brings_what_changed(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        here.harvest(ALL_SETS)
        here.server.respond = World(SECOND)
        here.server.asked.clear()
        account = here.harvest(ALL_SETS)
        assert account.failure is None
        assert account.gone == 2
        assert here.papers("title")["s2:1"] == "Toys at play, again"
        assert here.papers("abstract")["s2:1"] == "We play.", "an update of one data set keeps the others"
        assert here.papers("abstract")["s2:7"] == "We are new."
        assert here.papers("abstract")["s2:5"] == "", "its abstract was taken back"
        assert here.papers("status") == {
            "s2:1": "", "s2:2": "", "s2:5": "", "s2:6": "removed", "s2:7": "", "s2:8": "removed",
        }  # fmt: skip
        assert ("s2:7", "s2:1") in here.citations()
        assert ("s2:5", "s2:1") in here.citations(), "citations that are taken back stay"
        assert any("/diffs/" in asked.path for asked in here.server.asked)
        loaded = [asked.path for asked in here.server.asked if f"/store/{SECOND}" in asked.path]
        assert all("s2orc_v2" in path for path in loaded), "only what has no differences is loaded anew"
        assert sum(account.skipped.values()) == 1
        assert "tldr" not in json.loads(str(here.papers("extra")["s2:5"]))


def test_what_another_source_holds_outlives_what_s2_takes_back(tmp_path: Path) -> None:
    held = [
        Paper("arxiv:2001.00005", "Toys in space", abstract="By arXiv.", year=2020, authors=("Ada Ash",)),
        Paper("doi:10.1234/x6", "Toys without a preprint", year=2020, authors=("Ada Ash",), ids={"s2": "6"}),
    ]
    with bench(tmp_path, World()) as here:
        here.catalog.add(held, "snapshot")
        here.harvest()
        here.server.respond = World(SECOND)
        account = here.harvest()
        assert account.gone == 2
        assert here.papers("abstract")["arxiv:2001.00005"] == "By arXiv."
        assert here.papers("status")["doi:10.1234/x6"] == "", "another source still lists it"


def test_several_releases_are_caught_up_in_order(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        here.harvest()
        here.server.respond = World(THIRD)
        here.harvest()
        assert here.papers("title")["s2:7"] == "New toys, renamed"
        assert here.papers("abstract")["s2:7"] == "We are new."
        assert here.papers("title")["s2:8"] == "Back again", "deleted in one release, back in the next"
        assert here.papers("status")["s2:8"] == ""
        assert here.rows("SELECT watermark FROM harvests") == [(THIRD,)]
        here.server.asked.clear()
        assert here.harvest().outcome == Empty()
        assert len(here.server.asked) == 1, "nothing newer: one question"


def test_a_newest_release_that_is_older_than_what_is_held_is_no_news(tmp_path: Path) -> None:
    with bench(tmp_path, World(SECOND)) as here:
        here.harvest()
        here.server.respond = World(FIRST)
        here.server.asked.clear()
        assert here.harvest().outcome == Empty()
        assert len(here.server.asked) == 1
        assert here.rows("SELECT watermark FROM harvests") == [(SECOND,)]


def test_a_start_that_is_too_old_is_read_anew_and_said(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        here.harvest()
        here.server.respond = World(THIRD, oldest=SECOND)
        account = here.harvest()
        assert account.skipped[f"no differences since {FIRST}: read anew"] == 3
        assert here.rows("SELECT watermark FROM harvests") == [(THIRD,)]


def test_a_trial_does_not_cost_the_next_differences(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        here.harvest()
        assert here.harvest(limit=1).outcome == Ok(1)
        here.server.respond = World(SECOND)
        here.server.asked.clear()
        here.harvest()
        assert any("/diffs/" in asked.path for asked in here.server.asked)
        assert here.papers("title")["s2:7"] == "New toys"


def test_without_its_shelf_everything_is_read_again(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        here.harvest()
        for path in (tmp_path / "s2").rglob("shelf*"):
            path.unlink()
        here.server.respond = World(SECOND)
        assert here.harvest().failure is None
        assert not any("/diffs/" in asked.path for asked in here.server.asked)


@pytest.mark.parametrize("seed", range(2))
def test_bad_days_of_catching_up_lose_nothing(seed: int, tmp_path: Path) -> None:
    found = []
    for name in ("calm", "bad"):
        with bench(tmp_path / name, World()) as here:
            here.harvest(ALL_SETS)
            here.server.respond = World(THIRD)
            here.server.bad_day = BadDay(seed, FAULTS) if name == "bad" else None
            for _ in range(40):
                if here.harvest(ALL_SETS).failure is None:
                    break
            found.append(
                [sorted(here.rows(f"SELECT {columns}"), key=repr) for columns in (
                    "key, title, abstract, status FROM papers", "text FROM citation_contexts",
                    "watermark, state FROM harvests", "text FROM sections",
                )]
            )  # fmt: skip
    assert found[0] == found[1]
    assert found[0][2] == [(THIRD, "done")]


def test_differences_that_do_not_lead_all_the_way_are_not_taken(tmp_path: Path) -> None:
    def gap(asked: Asked) -> Reply:
        reply = World(THIRD)(asked)
        if "/diffs/" not in asked.path:
            return reply
        told = json.loads(reply.body)
        return Reply(200, json.dumps(told | {"diffs": told["diffs"][:1]}).encode())

    with bench(tmp_path, World()) as here:
        here.harvest()
        here.server.respond = gap
        account = here.harvest()
        assert any(reason.startswith("no differences") for reason in account.skipped)


# Files that break ---------------------------------------------------------------------------------


def test_links_that_expired_are_asked_for_again(tmp_path: Path) -> None:
    world, seen = World(), set[str]()

    def expiring(asked: Asked) -> Reply:
        reply = world(asked)
        if reply.content_type != STORED or asked.path in seen:
            return reply
        seen.add(asked.path)
        return link_expired(reply)

    with bench(tmp_path, expiring) as here:
        assert here.harvest().failure is None
        assert len(here.papers("key")) == 4


@pytest.mark.parametrize("content", [b"", b"<html>Please wait</html>", b"\x1f\x8b\x08\x00half"])
def test_files_that_stay_broken_end_the_run_and_keep_its_place(content: bytes, tmp_path: Path) -> None:
    def broken(asked: Asked) -> Reply:
        reply = World()(asked)
        return Reply(200, content, STORED) if asked.path.endswith("/papers/20300103_1") else reply

    with bench(tmp_path, broken) as here:
        account = here.harvest()
        assert isinstance(account.failure, ServiceBroken)
        assert len(here.papers("key")) == 2, "the first file is kept"
        here.server.respond = World()
        here.server.asked.clear()
        assert here.harvest().failure is None
        assert not any(asked.path.endswith("papers/20300103_0") for asked in here.server.asked)


def test_a_download_goes_on_inside_the_file(tmp_path: Path) -> None:
    world, cuts = World(), [0]

    def cut(asked: Asked) -> Reply:
        reply = world(asked)
        if reply.content_type != STORED or cuts[0] == 2:
            return reply
        cuts[0] += 1
        return Reply(reply.status, reply.body[:40], STORED, reply.headers, length=len(reply.body), drop=True)

    with bench(tmp_path, cut) as here:
        assert here.harvest().failure is None
        assert any("range" in asked.headers for asked in here.server.asked)


def test_files_elsewhere_are_not_fetched(tmp_path: Path) -> None:
    def astray(asked: Asked) -> Reply:
        reply = World()(asked)
        return Reply(200, reply.body.replace(b"http://127.0.0.1", b"http://169.254.169.254"))

    with bench(tmp_path, astray) as here:
        account = here.harvest()
        assert isinstance(account.failure, ServiceRefused)
        assert "169.254.169.254" in str(account.failure)


def test_without_a_key_it_says_so_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(tmp_path, World(key="right")) as here:
        account = here.harvest()
        assert isinstance(account.failure, ServiceRefused)
        assert "only with a key" in str(account.failure)
        assert len(here.server.asked) == 2, "which release there is needs none"
        monkeypatch.setenv(KEY_VARIABLE, "right")
        assert here.harvest().outcome == Ok(6)
        stored = [asked for asked in here.server.asked if asked.path.startswith("/store")]
        assert not any("x-api-key" in asked.headers for asked in stored), "the key is for the API only"


def test_without_a_key_ai2_itself_is_not_even_asked(tmp_path: Path) -> None:
    with bench(tmp_path, World()) as here:
        limiter = Limiter(FakeClock(), folder=tmp_path / "limits")
        with Client(limiter) as client:
            account = harvest(here.catalog, DatasetService(), FIELD, client)
        assert isinstance(account.failure, ServiceRefused)
        assert account.requests == 0


# Choices ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        (Selection(categories=("abstracts",)), "200 million"),
        (Selection(query="transformers"), "does not understand 'transformers'"),
        (Selection(categories=("cs.CL",)), "no field of study 'cs.CL'"),
        (Selection(ids=("not an id",)), "no id"),
    ],
)
def test_choices_without_a_meaning(selection: Selection, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        choice_of(selection)


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        (Selection(query="arxiv"), True),
        (Selection(query="doi"), False),
        (Selection(query="cited>=4"), False),
        (Selection(query="everything"), True),
        (Selection(venues=("toys",)), True),
        (Selection(since=20210101), False),
        (Selection(until=20201231), True),
        (Selection(ids=("s2:1",)), True),
        (Selection(ids=("arxiv:2001.00001", "s2:7")), True),
        (Selection(ids=("acl:P18-1001", "openalex:W12345")), False),
        (Selection(categories=("biology",)), False),
    ],
)
def test_choices(selection: Selection, kept: bool) -> None:
    record = paper(1, "Toys at play", arxiv="2001.00001")
    choice = choice_of(selection)
    assert choice.keeps(record) is kept
    for line in (json.dumps(record), json.dumps(record, separators=(",", ":"))):
        assert choice.may_keep(line.encode()) or not kept


@settings(max_examples=40)
@given(st.sampled_from(["arxiv", "doi"]), st.text(max_size=30), st.sampled_from([None, "x"]))
def test_the_quick_look_never_loses_a_paper(has: str, title: str, doi: str | None) -> None:
    record = paper(1, title + '"ArXiv":null', arxiv="2001.00001")
    record["externalids"] = {"ArXiv": "2001.00001", "DOI": doi}
    choice = choice_of(Selection(query=has, categories=("Computer Science",)))
    assert choice.may_keep(json.dumps(record).encode()) or not choice.keeps(record)


def test_plans(tmp_path: Path) -> None:
    service = DatasetService()
    plan = service.plan(Selection(query="arxiv", categories=("papers",)), None)
    assert "45 GB" in plan.note
    assert "S2_API_KEY" in plan.note
    assert plan.seconds == pytest.approx(4500 + 120)
    with bench(tmp_path, World()) as here:
        service = DatasetService(base=here.server.url)
        with Client(Limiter(FakeClock(), folder=tmp_path / "limits")) as client:
            plan = service.plan(ALL_SETS, client)
            assert plan.requests == 1 + 5 + 150
            assert "540 GB" in plan.note
            assert service.plan(ALL_SETS, client, watermark=FIRST).records == 0
        assert len(here.server.asked) == 2


# Parts --------------------------------------------------------------------------------------------


def test_a_shelf_forgets_what_was_taken_away(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.sqlite")
    shelf.put(1, "papers", b'{"title": "A"}')
    shelf.put(2, "papers", b'{"title": "B"}')
    shelf.put(2, "papers", None)
    assert shelf.parts(1) == {"papers": {"title": "A"}}
    assert shelf.parts(2) == {}
    assert shelf.holds(2, "papers")
    assert 1 in shelf.papers("papers")
    assert 2 not in shelf.papers("papers")
    shelf.sweep("papers")
    assert not shelf.holds(2, "papers")
    shelf.close()


SPANS = st.lists(
    st.fixed_dictionaries({"start": st.integers(-5, 99), "end": st.integers(-5, 99)}), max_size=8
).map(json.dumps)


@settings(max_examples=40)
@given(st.text(max_size=80), SPANS, SPANS, SPANS, SPANS)
def test_annotations_of_strangers(text: str, headings: str, blocks: str, refs: str, entries: str) -> None:
    marks = {"section_header": headings, "paragraph": blocks, "bib_ref": refs}
    record = {
        "body": {"text": text, "annotations": marks},
        "bibliography": {"text": text, "annotations": {"bib_entry": entries}},
    }
    found = full_text(record, Notes())
    assert sum(len(section.text) for section in found.sections) <= 2 * len(text) + 20
    for reference in found.references:
        for context in reference.contexts:
            if context.start >= 0:
                assert found.sections[context.section].text[context.start : context.end] == context.text


@pytest.mark.parametrize(
    "value", [None, 7, "x", {"text": 7}, {"text": "a", "annotations": {"paragraph": "["}}]
)
def test_full_texts_without_a_shape(value: object) -> None:
    assert full_text({"body": value, "content": value}, Notes()).sections == ()


def test_a_full_text_points_at_its_references() -> None:
    found = full_text(body(1, "Toys"), Notes())
    [reference] = found.references
    assert (reference.id, reference.year) == ("s2:2", 2019)
    [context] = reference.contexts
    assert found.sections[0].text[context.start : context.end] == context.text


@pytest.mark.skipif(not SHARED.exists(), reason="the samples of ../shared are not here")
def test_real_lines_are_read(tmp_path: Path) -> None:
    samples = SHARED / "apis" / "samples"
    files = [
        samples / "s2_dataset_papers_2022.jsonl",
        SHARED / "data" / "fixtures" / "s2ag_datasets" / "papers_1line.jsonl",
    ]
    lines = [line for file in files for line in file.read_bytes().splitlines() if line.strip()]
    cites = (SHARED / "data" / "fixtures" / "s2ag_datasets" / "citations_1line.jsonl").read_bytes()
    cited = json.loads(cites)
    lines.append(json.dumps(paper(int(cited["citingcorpusid"]), "The citing one")).encode())
    old = citation(1, 209884733, 268754447, "Twice.") | {"intents": ["background"]}
    old |= {"citingcorpusid": "209884733", "citedcorpusid": "268754447"}
    world = World(loads=LOADS | {"papers": (lines,), "citations": ((cites.strip(), old),)})
    with bench(tmp_path, world) as here:
        account = here.harvest(Selection(query="everything"))
        assert account.skipped == {}
        assert len(here.papers("key")) == len(lines)
        assert len(here.citations()) == 2
