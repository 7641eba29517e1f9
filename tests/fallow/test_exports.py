"""Every export format on one small library, by registry: whatever is installed is tested."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import networkx
import pytest
from pybtex.database import parse_string

from fallow.exports import EXPORTS
from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper, Reference, Section

PAPERS = [
    Paper(
        key="arxiv:1901.00001",
        title="Tides & {sand}: 50% of it",
        authors=("Ada Brook",),
        year=2019,
        venue="arXiv",
    ),
    Paper(
        key="doi:10.1000/b",
        title="=SUM(A1) is no title\x00",
        abstract="We\nmap.",
        authors=("Dune, Carl", "Eve Fell"),
        year=2020,
        venue="Sea_Conf",
        references=(Reference(id="arxiv:1901.00001"),),
        sections=(Section("1 Introduction", "Text.", "introduction"),),
    ),
    Paper(key="x:3", title="Tides & more", authors=("Ada Brook",), year=2019),
]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog.open(tmp_path, create=True)
    catalog.add(PAPERS, "jsonl")
    return catalog


def written(name: str, catalog: Catalog) -> str:
    stream = io.StringIO()
    assert EXPORTS.create(name).write(catalog.papers(), catalog, stream) == len(PAPERS)
    return stream.getvalue()


@pytest.mark.parametrize("name", EXPORTS.names())
def test_every_format_writes_every_paper_and_an_empty_library(
    name: str, catalog: Catalog, tmp_path: Path
) -> None:
    text = written(name, catalog)
    assert "Tides" in text
    with Catalog.open(tmp_path / "empty", create=True) as empty:
        assert EXPORTS.create(name).write(empty.papers(), empty, io.StringIO()) == 0


def test_bibtex_is_read_back_by_a_parser(catalog: Catalog) -> None:
    entries = parse_string(written("bibtex", catalog), "bibtex").entries
    assert len(entries) == 3
    assert {e.fields["eprint"] for e in entries.values() if "eprint" in e.fields} == {"1901.00001"}


def test_csv_holds_no_formulas(catalog: Catalog) -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", catalog))))
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())
    assert rows[0]["cited_by_here"] == "1"


def test_graphml_is_read_back_with_its_edge(catalog: Catalog) -> None:
    graph = networkx.read_graphml(io.BytesIO(written("graphml", catalog).encode()))
    assert list(graph.edges) == [("doi:10.1000/b", "arxiv:1901.00001")]


def test_jsonl_makes_the_same_library_again(catalog: Catalog, tmp_path: Path) -> None:
    from fallow_ingest.ingest import ingest

    file = tmp_path / "papers.jsonl"
    file.write_text(written("jsonl", catalog), encoding="utf-8")
    with Catalog.open(tmp_path / "copy", create=True) as copy:
        ingest(copy, "jsonl", file)
        assert [p.key for p in copy.papers()] == [p.key for p in catalog.papers()]
        assert list(copy.citations()) == list(catalog.citations())
        assert copy.sections(2)[0].text == "Text."
