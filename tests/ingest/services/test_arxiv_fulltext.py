"""Full text: sources before PDFs, told by content; what is withdrawn, missing or too large is said."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest
from protocols.arxiv_files import LATEX, LIMITS, NO_TITLE, FileServer, pdf, tar_gz, world
from protocols.arxiv_harvests import bench, changing
from protocols.server import Asked, Reply, half_with_right_length, nothing, serving, web_page

from fallow_ingest.services import Selection
from fallow_ingest.services.arxiv import TIMES_BEFORE_BELIEVED
from fallow_ingest.services.arxiv.fulltext import ArxivFulltextService
from fallow_ingest.web.outcomes import Broken, Empty, Ok, Refused

ONE = Selection(ids=("2601.00001",))
SOURCE = tar_gz({"main.tex": LATEX, "limits.tex": LIMITS})


def only(source: bytes | None, printed: bytes | None = None) -> FileServer:
    return FileServer(
        {"2601.00001": source} if source is not None else {},
        {"2601.00001": printed} if printed is not None else {},
    )


def extra_of(catalog_row: object) -> dict[str, object]:
    found = orjson.loads(str(catalog_row))
    assert isinstance(found, dict)
    return found


def test_sources_first(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(world()) as server:
        account = here.harvest(ArxivFulltextService(base=server.url), ONE)
        assert account.outcome == Ok(1)
        assert [asked.path for asked in server.asked] == ["/src/2601.00001"]
        sections = here.catalog.connection.execute(
            "SELECT heading, kind, text FROM sections ORDER BY position"
        )
        assert [(row["heading"], row["kind"]) for row in sections] == [
            ("Introduction", "introduction"),
            ("Limitations", "limitations"),
        ]
        [row] = here.catalog.connection.execute("SELECT key, version FROM records")
        assert tuple(row) == ("arxiv:2601.00001", "v3")
        [references] = here.catalog.connection.execute(
            "SELECT count(*) FROM unresolved_references"
        ).fetchone()
        assert references == 1


def test_every_kind_of_file(tmp_path: Path) -> None:
    ids = ("hep-th/9901001", "2601.00003", "2601.00005", "2601.00006")
    with bench(tmp_path) as here, serving(world()) as server:
        account = here.harvest(ArxivFulltextService(base=server.url), Selection(ids=ids))
        assert account.outcome == Ok(4)
        assert here.titles() == [
            "Teaching Printed Toys to Play",
            "A Title Only the Page Has",
            "Toys Without Their Source",
            "Strings in LaTeX",
        ]
        assert [asked.path for asked in server.asked] == [
            "/src/hep-th/9901001",
            "/src/2601.00003",  # a PDF in place of the source: it need not be fetched again
            "/src/2601.00005",
            "/pdf/2601.00005",
            "/src/2601.00006",
            "/pdf/2601.00006",
        ]
        kept = here.catalog.connection.execute(
            "SELECT text FROM sections s JOIN papers p ON p.number = s.paper "
            "WHERE p.key = 'arxiv:2601.00005' ORDER BY position"
        ).fetchall()
        assert kept[0]["text"].startswith("A source that keeps"), "the source's text under the page's title"


def test_versions_are_asked_for(tmp_path: Path) -> None:
    with bench(tmp_path) as here, serving(world()) as server:
        here.harvest(ArxivFulltextService(base=server.url), Selection(ids=("arXiv:2601.00001v2",)))
        assert server.asked[0].path == "/src/2601.00001v2"
        [row] = here.catalog.connection.execute("SELECT version FROM records")
        assert row["version"] == "v2"


def test_what_there_is_not_is_told(tmp_path: Path) -> None:
    ids = ("2601.00004", "2601.00007", "2601.99999", "10.1000/x")
    with bench(tmp_path) as here, serving(world()) as server:
        account = here.harvest(ArxivFulltextService(base=server.url), Selection(ids=ids))
        assert account.outcome == Empty()
        assert account.skipped == {"withdrawn at arXiv": 2, "no full text at arXiv": 1, "not an arXiv id": 1}


def test_a_paper_is_committed_before_the_next_is_asked_for(tmp_path: Path) -> None:
    def fails(number: int, asked: Asked) -> Reply | None:
        return Reply(403, b"Access denied") if number > 1 else None

    ids = Selection(ids=("2601.00001", "hep-th/9901001"))
    with bench(tmp_path) as here, changing(world(), fails) as (server, protocol):
        account = here.harvest(ArxivFulltextService(base=server.url), ids)
        assert isinstance(account.outcome, Refused)
        assert len(server.asked) == 2, "blocked: nothing more is asked"
        assert len(here.titles()) == 1
        protocol.fails = None
        assert here.harvest(ArxivFulltextService(base=server.url), ids).outcome == Ok(2)
        assert [asked.path for asked in server.asked[2:]] == ["/src/hep-th/9901001"]


# Damage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [half_with_right_length, nothing, web_page], ids=lambda f: f.__name__)
def test_half_a_file_is_not_half_a_paper(fault: object, tmp_path: Path) -> None:
    protocol = only(SOURCE, pdf("Toys in LaTeX"))

    def fails(number: int, asked: Asked) -> Reply | None:
        return fault(protocol(asked)) if number < 3 else None  # type: ignore[operator,no-any-return]

    with bench(tmp_path) as here, changing(protocol, fails) as (server, _):
        assert here.harvest(ArxivFulltextService(base=server.url), ONE).outcome == Ok(1)
        assert [asked.path for asked in server.asked] == ["/src/2601.00001"] * 3


@pytest.mark.parametrize("source", [SOURCE[:-200], b"", SOURCE[:-6] + b"\0\0\0\0\0\0"])
def test_a_source_that_stays_broken_gives_way_to_the_pdf(source: bytes, tmp_path: Path) -> None:
    with bench(tmp_path, tries=6) as here, serving(only(source, pdf("Toys in LaTeX"))) as server:
        account = here.harvest(ArxivFulltextService(base=server.url), ONE)
        assert account.outcome == Ok(1)
        assert [a.path for a in server.asked][:TIMES_BEFORE_BELIEVED] == [
            "/src/2601.00001"
        ] * TIMES_BEFORE_BELIEVED


def test_web_pages_are_never_taken_for_papers(tmp_path: Path) -> None:
    """A page that asks for patience is no empty answer, however often it comes."""
    with bench(tmp_path, tries=8) as here, serving(lambda _asked: web_page(Reply())) as server:
        account = here.harvest(ArxivFulltextService(base=server.url), ONE)
        assert isinstance(account.outcome, Broken)
        assert not account.skipped


def test_files_are_bounded(tmp_path: Path) -> None:
    zeros = gzip.compress(bytes(20_000_000))  # 20 KB, and 20 MB inside
    large = bytes(200_000)
    with bench(tmp_path) as here, serving(only(large, large)) as server:
        account = here.harvest(ArxivFulltextService(base=server.url, largest=100_000), ONE)
        assert account.failure is None
        assert account.skipped == {"file too large": 1}
    with bench(tmp_path / "zeros") as here, serving(only(zeros)) as server:
        account = here.harvest(ArxivFulltextService(base=server.url), ONE)
        assert account.failure is None
        assert sum(account.skipped.values()) == 1


def test_hostile_archives_are_skipped_papers(tmp_path: Path) -> None:
    sources = {
        "2601.00001": gzip.compress(b"\x00" * 2_000),
        "2601.00002": tar_gz({"../../etc/passwd.tex": NO_TITLE}),
        "2601.00003": b"PK\x03\x04 not ours",
        "2601.00004": b"%PDF-1.4 nothing %%EOF",
        "2601.00005": b"%!PS-Adobe-2.0",
    }
    ids = Selection(ids=tuple(sources))
    with bench(tmp_path) as here, serving(FileServer(sources, {})) as server:
        account = here.harvest(ArxivFulltextService(base=server.url), ids)
        assert account.failure is None
        assert sum(account.skipped.values()) == 5
        assert not here.titles()


def test_another_paper_in_the_file_changes_no_id(tmp_path: Path) -> None:
    other = pdf("arXiv:1501.00001 Toys of Others")
    with bench(tmp_path) as here, serving(only(None, other)) as server:
        here.harvest(ArxivFulltextService(base=server.url), ONE)
        ids = here.catalog.connection.execute("SELECT scheme, value FROM paper_ids").fetchall()
        assert [tuple(row) for row in ids] == [("arxiv", "2601.00001")]


def test_plan() -> None:
    plan = ArxivFulltextService(base="http://localhost:9").plan(Selection(ids=("a", "b")), None)
    assert (plan.requests, plan.records) == (2, 2)
