"""What arXiv says of a paper in its formats: nothing lost, and nothing sent can hurt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols.arxiv_harvests import SHARED, bench
from protocols.arxiv_oai import OaiServer
from protocols.arxiv_papers import PREPRINTS
from protocols.server import Asked, Reply, serving

from fallow_ingest.services import Gone, Selection
from fallow_ingest.services.arxiv.authors import authors_of_line
from fallow_ingest.services.arxiv.oai import OaiService
from fallow_ingest.services.arxiv.oai_records import OaiError, item_of, listed_of
from fallow_ingest.services.arxiv.taxonomy import CATEGORIES, category_of, set_of
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.exchange import Answer, BadAnswer
from fallow_ingest.web.outcomes import Ok


def test_records_as_they_are(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(OaiServer()) as server:
        account = here.harvest(OaiService(base=server.url), Selection())
        assert account.outcome == Ok(len(PREPRINTS))
        assert not account.skipped
        assert here.column("date")["arxiv:1501.00001"] == "2015-01-01", "the first version's day"
        assert here.column("status") == {
            f"arxiv:{p.id}": "withdrawn" if p.withdrawn else "" for p in PREPRINTS
        }
        assert here.column("authors")["arxiv:0704.0001"] == '["Ángel Úrsulo","Cy Cedar","Toy Collaboration"]'
        assert here.column("abstract")["arxiv:0704.0001"] == "We study idle toys & find that 2 < 3."
        ids = here.catalog.connection.execute("SELECT scheme, value FROM paper_ids WHERE value LIKE '10.%'")
        assert [tuple(row) for row in ids] == [("doi", "10.1234/toys.1")]
        [version] = here.catalog.connection.execute(
            "SELECT version FROM records WHERE key = 'arxiv:1501.00001'"
        ).fetchone()
        assert version == "v3"


def test_a_withdrawn_last_version_is_enough() -> None:
    silent = replace(next(p for p in PREPRINTS if p.withdrawn), comments="")
    reply = OaiServer(preprints=(silent,))(asked_for("GetRecord", identifier=f"oai:arXiv.org:{silent.id}"))
    item = item_of(listed_of(Answer("u", 200, {}, reply.body)).records[0], 1)
    assert isinstance(item, Read)
    assert item.paper.status == "withdrawn"


def asked_for(verb: str, **params: str) -> Asked:
    return Asked("GET", "/oai", (("verb", verb), ("metadataPrefix", "arXivRaw"), *params.items()), {}, b"")


def test_forbidden_characters_cost_no_page(tmp_path: Path) -> None:
    def dirty(asked: Asked) -> Reply:
        reply = OaiServer(page=4)(asked)
        return replace(reply, body=reply.body.replace(b"idle toys", b"id\x0ble toys &#x1F;&#11;"))

    with bench(tmp_path) as here, serving(dirty) as server:
        assert here.harvest(OaiService(base=server.url), Selection()).failure is None
        assert set(here.column("abstract").values()) == {"We study idle toys & find that 2 < 3."}


@given(st.data())
def test_nothing_sent_can_hurt(data: st.DataObject) -> None:
    body = bytearray(OaiServer(page=3)(asked_for("ListRecords")).body)
    for _ in range(data.draw(st.integers(1, 6))):
        at_ = data.draw(st.integers(0, len(body) - 1))
        body[at_ : at_ + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=12))
    try:
        listed = listed_of(Answer("u", 200, {}, bytes(body)))
    except BadAnswer:
        return
    for record in listed.records:
        assert isinstance(item_of(record, 1), Read | Skipped | Gone)


@given(st.text(alphabet="aB ,;:&()\\'{}\"and.", max_size=200))
def test_author_lines_are_read_without_complaint(line: str) -> None:
    assert all(any(map(str.isalnum, name)) for name in authors_of_line(line))


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("A. Ash (for the TOY Collaboration), B. Birch and others", ["A. Ash", "B. Birch"]),
        ("Ash A., Birch B. (Lab), and Cy Cedar III", ["Ash A.", "Birch B.", "Cy Cedar III"]),
        ("A. Ash (Lab (Here), B. Birch", ["A. Ash (Lab", "B. Birch"]),
        (r"{\O}rsted {\"O}zg\"ur & {\L}ukasz", ["Ørsted Özgür", "Łukasz"]),
        ("", []),
    ],
)
def test_author_lines(line: str, names: list[str]) -> None:
    assert authors_of_line(line) == names


# The real thing ---------------------------------------------------------------------------------------

needs_recordings = pytest.mark.skipif(not SHARED.exists(), reason="no recorded answers on this machine")


@needs_recordings
def test_recorded_records_are_read() -> None:
    read = 0
    folder = SHARED / "data" / "fixtures" / "arxiv_oai_pmh"
    for path in [*folder.glob("sample_*.xml"), *folder.glob("arxiv-*.xml")]:
        for record in listed_of(Answer("u", 200, {}, path.read_bytes())).records:
            item = item_of(record, 1)
            assert isinstance(item, Read), (path, item)
            assert item.paper.abstract
            assert item.paper.authors
            assert item.paper.categories
            read += 1
    assert read == 30


@needs_recordings
def test_raw_records_have_their_first_day() -> None:
    body = (SHARED / "apis" / "samples" / "oai_getrecord_arXivRaw.xml").read_bytes()
    item = item_of(listed_of(Answer("u", 200, {}, body)).records[0], 1)
    assert isinstance(item, Read)
    paper = item.paper
    assert (paper.date, paper.version, paper.ids["doi"]) == ("2008-06-25", "v6", "10.1063/1.3536454")
    assert paper.authors == ("Roldao da Rocha", "Waldyr A. Rodrigues Jr")


@needs_recordings
@pytest.mark.parametrize(
    "code",
    ["badArgument", "badResumptionToken", "cannotDisseminateFormat", "idDoesNotExist", "noRecordsMatch"],
)
def test_recorded_errors_are_read(code: str) -> None:
    body = (SHARED / "data" / "fixtures" / "oai_pmh_generic" / f"{code}.xml").read_bytes()
    error = listed_of(Answer("u", 200, {}, body)).error
    assert isinstance(error, OaiError)
    assert error.code == code


@needs_recordings
def test_the_taxonomy_is_arxivs() -> None:
    rows = (SHARED / "apis" / "samples" / "arxiv_taxonomy.tsv").read_text(encoding="utf-8").splitlines()
    fields = [row.split("\t") for row in rows if not row.startswith("#")]
    active = {row[1]: row[2] for row in fields if row[0] == "category" and row[4] == "1"}
    assert {name: set_of(name) for name in CATEGORIES} == active
    for row in fields:
        if row[0] == "archive" and row[4] == "1":
            assert set_of(category_of(row[1])) == row[2]
        if row[0] == "archive" and row[4] == "0":
            assert category_of(row[1], closed=True) == row[1]
