"""PDFs: what is read of a good one, and that no bad one harms."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutated_pdfs import WAYS, mutated
from source_samples import write_pdf

from fallow_ingest.errors import SourceUnsupported
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, Skipped, pdf_reader
from fallow_ingest.sources.fields import Notes
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.sources.pdf import PdfSource, paper_of
from fallow_ingest.sources.pdf_reader import PdfReader

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def one(path: Path) -> Read | Skipped:
    [outcome] = PdfSource().read(path)
    return outcome


def paper_in(path: Path) -> Paper:
    outcome = one(path)
    assert isinstance(outcome, Read), outcome
    return outcome.paper


def test_a_paper(tmp_path: Path) -> None:
    paper = paper_in(write_pdf(tmp_path / "2001.00001v3.pdf"))
    assert paper.title == "Teaching Idle Toys to Play Well"
    assert paper.authors == ("Ada Ash", "Bo Birch")
    assert paper.abstract.startswith("We teach toys to play. They learn it")
    assert [s.kind for s in paper.sections] == ["introduction", "limitations", "conclusion"]
    assert paper.ids == {"arxiv": "2001.00001"}
    assert (paper.year, paper.date) == (2020, "2020-01")
    assert [(r.title, r.year) for r in paper.references] == [("Idle toys in the house", 2029)]
    assert paper.key.startswith("pdf:")


def test_the_key_is_of_the_content(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf")
    copy = tmp_path / "b.pdf"
    copy.write_bytes(path.read_bytes())
    assert paper_in(path).key == paper_in(copy).key


def test_two_columns_stamps_and_hyphens(tmp_path: Path) -> None:
    document = pymupdf.open()
    for number in range(3):
        page = document.new_page()
        page.insert_text((200, 30), f"Running Head of Toys {number}", fontsize=8)
        page.insert_text((300, 820), str(number + 1), fontsize=8)
        if number == 0:
            page.insert_text((110, 70), "Two Columns of Many Toys", fontsize=18, fontname="hebo")
            page.insert_text((30, 600), "arXiv:2101.00002v1  [cs.CL]  4 Jan 2021", fontsize=14, rotate=90)
            page.insert_text((60, 120), "Abstract", fontsize=12, fontname="hebo")
        for column, x in enumerate((60, 310)):
            for line in range(40):
                text = (
                    f"page {number} column {column} line {line} speaks of auto-"
                    if line % 2
                    else "matic toys at play"
                )
                page.insert_text((x, 140 + 15 * line), text, fontsize=9.5)
    path = tmp_path / "x.pdf"
    document.save(path)
    paper = paper_in(path)
    assert paper.title == "Two Columns of Many Toys"
    assert (paper.ids, paper.date) == ({"arxiv": "2101.00002"}, "2021-01-04")
    words = paper.abstract
    assert "Running Head" not in words
    assert "automatic toys" in words
    assert words.index("page 0 column 0 line 39") < words.index("page 0 column 1 line 1 ")
    assert words.index("page 0 column 1 line 39") < words.index("page 1 column 0 line 1 ")


def encrypted(path: Path) -> Path:
    document = pymupdf.open(write_pdf(path.with_name("plain.pdf")))
    document.save(path, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner")
    return path


def scanned(path: Path) -> Path:
    document = pymupdf.open()
    page = document.new_page()
    picture = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40))
    page.insert_image(page.rect, pixmap=picture)
    document.save(path)
    return path


def blank(path: Path) -> Path:
    document = pymupdf.open()
    document.new_page()
    document.save(path)
    return path


def test_bad_files_are_told_apart(tmp_path: Path) -> None:
    encrypted(tmp_path / "a.pdf")
    (tmp_path / "plain.pdf").unlink()
    (tmp_path / "b.pdf").write_bytes(b"")
    scanned(tmp_path / "c.pdf")
    blank(tmp_path / "d.pdf")
    (tmp_path / "e.pdf").write_bytes(b"<html>Too many requests</html>" * 50)
    whole = write_pdf(tmp_path / "f.pdf").read_bytes()
    (tmp_path / "g.pdf").write_bytes(whole[: len(whole) // 3])
    found = {Path(getattr(o, "place", "f.pdf")).name: o for o in PdfSource().read(tmp_path)}
    reasons = {name: o.reason for name, o in found.items() if isinstance(o, Skipped)}
    assert reasons.pop("a.pdf") == "encrypted PDF"
    assert reasons.pop("b.pdf") == "empty file"
    assert reasons.pop("c.pdf") == "scanned PDF, no text in it"
    assert reasons.pop("d.pdf") == "PDF without text"
    assert reasons.pop("e.pdf") == "not a PDF"
    assert isinstance(found["f.pdf"], Read)
    assert set(reasons) <= {"g.pdf"}


def test_a_book_is_no_paper(tmp_path: Path) -> None:
    document = pymupdf.open()
    for _ in range(601):
        document.new_page(width=50, height=50)
    document.save(tmp_path / "book.pdf")
    outcome = one(tmp_path / "book.pdf")
    assert isinstance(outcome, Skipped)
    assert (outcome.reason, outcome.detail) == ("too many pages", "601 pages, 600 at most")


def test_large_files_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_reader, "LARGEST_FILE", 100)
    outcome = one(write_pdf(tmp_path / "a.pdf"))
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "file too large"


def test_a_reader_that_hangs_or_dies_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_pdf(tmp_path / "a.pdf")
    with PdfReader(seconds_a_file=0.5) as reader:
        for script, reason in (("import time; time.sleep(60)", "PDF takes too long"), ("", "broken PDF")):
            started = pdf_reader._started
            monkeypatch.setattr(
                pdf_reader,
                "_started",
                lambda script=script: pdf_reader.subprocess.Popen(
                    [sys.executable, "-c", script],
                    stdin=pdf_reader.subprocess.PIPE,
                    stdout=pdf_reader.subprocess.PIPE,
                ),
            )
            outcome = reader.read(path)
            monkeypatch.setattr(pdf_reader, "_started", started)
            assert getattr(outcome, "reason", None) == reason
    with PdfReader() as reader:
        assert hasattr(reader.read(path), "lines")


def test_without_pymupdf_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_reader.importlib.util, "find_spec", lambda _name: None)
    write_pdf(tmp_path / "a.pdf")
    with pytest.raises(SourceUnsupported, match=r"pip install 'fallow\[pdf\]'"):
        list(PdfSource().read(tmp_path))


def listed(path: Path, lines: list[tuple[float, float, str]], *, size: float = 10) -> Paper:
    """A paper of one page of prose and a page that begins with "References", its lines at (x, y)."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((110, 70), "Reference Lists of Many Toys", fontsize=18, fontname="hebo")
    page.insert_text((60, 120), "Abstract", fontsize=12, fontname="hebo")
    for line in range(12):
        page.insert_text(
            (60, 140 + 12 * line), f"line {line} speaks of toys that rest at home.", fontsize=size
        )
    page.insert_text((60, 320), "1 Introduction", fontsize=12, fontname="hebo")
    page.insert_text(
        (60, 340), "Toys rest [1, 3]. So say Ash and Birch (2001), and Elm (2003) too.", fontsize=size
    )
    page = document.new_page()
    page.insert_text((60, 60), "References", fontsize=12, fontname="hebo")
    for x, y, text in lines:
        page.insert_text((x, y), text, fontsize=size)
    document.save(path)
    return paper_in(path)


def test_headings_that_stand_in_the_line(tmp_path: Path) -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((110, 70), "Headings in the Line of Many Toys", fontsize=18, fontname="hebo")
    page.insert_text((60, 120), "1 Introduction", fontsize=12, fontname="hebo")
    page.insert_text((60, 140), "Toys rest. They were made for nothing else but rest, and they do it well.")
    page.insert_text((60, 180), "2 Discussion", fontsize=12, fontname="hebo")
    paragraphs = [
        ("Results.", "All toys rested when they were told to rest, by day and by night."),
        ("Limitations.", "We asked only the toys of one house, and none of them was old."),
        ("Cost.", "A toy that rests costs nothing, which cannot be said of other ones."),
    ]
    for number, (lead, text) in enumerate(paragraphs):
        end = 60 + pymupdf.get_text_length(lead, fontname="hebo", fontsize=10)
        page.insert_text((60, 210 + 30 * number), lead, fontsize=10, fontname="hebo")
        page.insert_text((end + 3, 210 + 30 * number), text, fontsize=10)
    path = tmp_path / "a.pdf"
    document.save(path)
    sections = {(s.heading, s.kind): s.text for s in paper_in(path).sections}
    assert sections["Limitations", "limitations"].startswith("We asked only the toys of one house")
    assert "costs nothing" not in sections["Limitations", "limitations"]
    assert [kind for _, kind in sections] == ["introduction", "discussion", "limitations"]


HANGING = [
    (60, 80, "Ada Ash and Bo Birch. 2001. The first toy of a very"),
    (70, 92, "long list. In Proceedings of TOYS, pages 1-9,"),
    (70, 104, "Toytown."),
    (60, 116, "Cy Cedar. 2002. The second toy. Journal of Toys,"),
    (70, 128, "27. 2002."),
    (60, 140, "Ed Elm. 2003. The third toy of the list. Toy Press."),
    (320, 80, "Flo Fir and Gus Gum. 2004. The fourth toy stands in"),
    (330, 92, "the other column, and ends there."),
    (320, 104, "Hal Holm. 2005. The fifth toy. Toy Press."),
]


def test_a_list_with_hanging_indents_in_two_columns(tmp_path: Path) -> None:
    paper = listed(tmp_path / "a.pdf", HANGING, size=7)
    assert [(r.title, r.year) for r in paper.references] == [
        ("The first toy of a very long list", 2001),
        ("The second toy", 2002),
        ("The third toy of the list", 2003),
        ("The fourth toy stands in the other column, and ends there", 2004),
        ("The fifth toy", 2005),
    ]
    [context] = paper.references[0].contexts
    assert context.text == "So say Ash and Birch (2001), and Elm (2003) too."
    assert paper.sections[context.section].text[context.start : context.end] == context.text


def test_a_list_with_labels(tmp_path: Path) -> None:
    lines = [
        (60, 80, "[1] A. Ash. The first toy of all toys. Toy Journal,"),
        (76, 92, "27. 2001."),
        (60, 104, "[2] B. Birch. The second toy. arXiv:2001.00002, 2020."),
        (60, 116, "[3] C. Cedar. The third toy. Toy Press, 2003."),
        (60, 170, "Ten more pages of tables of toys and their friends follow here."),
    ]
    paper = listed(tmp_path / "a.pdf", lines)
    assert [(r.title, r.year, r.id) for r in paper.references] == [
        ("The first toy of all toys", 2001, ""),
        ("The second toy", 2020, "arxiv:2001.00002"),
        ("The third toy", 2003, ""),
    ]
    assert [len(r.contexts) for r in paper.references] == [1, 0, 1]
    assert "tables" not in paper.references[2].text


@pytest.fixture(scope="module")
def reader() -> object:
    with PdfReader(seconds_a_file=20) as shared:
        yield shared


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=12)), min_size=1, max_size=8))
def test_mutated_files_do_no_harm(
    tmp_path: Path, reader: PdfReader, changes: list[tuple[float, bytes]]
) -> None:
    path = tmp_path / "mutated.pdf"
    content = bytearray(write_pdf(tmp_path / "whole.pdf").read_bytes())
    for place, junk in changes:
        at = int(place * (len(content) - 1))
        content[at : at + len(junk)] = junk
    path.write_bytes(content)
    assert reader.read(path) is not None


@pytest.mark.parametrize("way", sorted(WAYS))
def test_each_way_to_spoil_a_file_has_an_outcome(tmp_path: Path, reader: PdfReader, way: str) -> None:
    whole = write_pdf(tmp_path / "whole.pdf").read_bytes()
    path = tmp_path / "mutated.pdf"
    for seed in range(2):
        path.write_bytes(WAYS[way](whole, random.Random(seed)))
        printed = reader.read(path)
        outcome = printed if isinstance(printed, Unreadable) else paper_of(printed, path, Notes())
        assert isinstance(outcome, Paper) or outcome.reason
    assert mutated([whole], 7) == mutated([whole], 7)


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from fallow_ingest.sources.pdf_reader import PdfReader\n"
        "reader = PdfReader(); reader.read(Path(sys.argv[1])); print(reader._worker.pid, flush=True)\n"
        "time.sleep(60)"
    )
    path = write_pdf(tmp_path / "a.pdf")
    parent = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    os.kill(worker, 0)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(200):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{worker}/stat").exists() and " Z " in Path(f"/proc/{worker}/stat").read_text():
            return  # dead, and nobody has asked how
        time.sleep(0.05)
    pytest.fail("the reader outlived its parent")


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_a_real_paper() -> None:
    paper = paper_in(SHARED / "pdfs/W11-2123.pdf")
    assert paper.title == "KenLM: Faster and Smaller Language Model Queries"
    assert paper.authors == ("Kenneth Heafield",)
    assert {"introduction", "related_work", "future_work", "conclusion"} <= {s.kind for s in paper.sections}
    assert (paper.year, paper.ids["acl"]) == (2011, "W11-2123")
