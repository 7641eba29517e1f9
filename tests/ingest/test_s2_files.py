"""Semantic Scholar's files on disk: several data sets, one paper."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from protocols.s2_datasets import abstract, body, citation, paper

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import SourceBroken, SourceUnsupported
from fallow_ingest.ingest import ingest
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources.s2_files import S2FilesSource

SAMPLES = Path(__file__).parents[3] / "shared" / "apis" / "samples"

ONE, TWO = paper(1, "Toys at play", arxiv="2001.00001"), paper(2, "Older toys", year=2019)
TLDR = {"corpusid": 1, "model": "tldr@v2.0.0", "text": "Toys play."}


def write(path: Path, records: Sequence[object], *, packed: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def read(location: Path, start: int = 0) -> list[Read | Skipped]:
    return list(S2FilesSource().read(location, start=start))


def papers(location: Path) -> dict[str, Paper]:
    return {item.paper.key: item.paper for item in read(location) if isinstance(item, Read)}


@pytest.mark.parametrize("names", ["papers abstracts tldrs citations s2orc", "z y x w v", "a b c d e"])
def test_several_data_sets_are_one_paper(names: str, tmp_path: Path) -> None:
    first, second, third, fourth, fifth = names.split()
    write(tmp_path / first / "20300101_0", [ONE, TWO])
    write(tmp_path / second / "20300101_0.gz", [abstract(1, "We play."), abstract(9, "Nobody.")])
    write(tmp_path / third / "part.jsonl", [TLDR], packed=False)
    write(
        tmp_path / fourth / "x.json",
        [citation(10, 1, 2, "Old [2]."), citation(11, 9, 1), citation(12, 1, None)],
    )
    write(tmp_path / fifth / "y", [body(1, "Toys at play")])
    (tmp_path / "README.md").write_text("not looked into")
    found = papers(tmp_path)
    assert set(found) == {"s2:1", "s2:2"}
    toys = found["s2:1"]
    assert (toys.title, toys.abstract, toys.extra["tldr"]) == ("Toys at play", "We play.", "Toys play.")
    assert toys.ids == {"arxiv": "2001.00001"}
    assert [section.kind for section in toys.sections] == ["limitations"]
    [reference] = toys.references
    assert (reference.id, reference.year) == ("s2:2", 2019)
    assert [context.section for context in reference.contexts] == [0], "the text knows where"
    skips = [item for item in read(tmp_path) if isinstance(item, Skipped)]
    assert sorted(skip.detail for skip in skips) == ["s2:9", "s2:9"]
    whole = read(tmp_path)
    for start in (1, 2, 5, 8):
        assert read(tmp_path, start) == [item for item in whole if item.position > start]


def test_citations_bring_sentences_with_intents(tmp_path: Path) -> None:
    write(tmp_path / "p", [ONE, TWO])
    write(tmp_path / "c", [citation(10, 1, 2, "Old [2].", "Toys [2].")])
    [reference] = papers(tmp_path)["s2:1"].references
    assert [(c.text, c.intents) for c in reference.contexts] == [
        ("Old [2].", ("background", "influential")),
        ("Toys [2].", ("influential",)),
    ]
    with Catalog.open(tmp_path / "library", create=True) as catalog:
        account = ingest(catalog, "s2-files", tmp_path)
        assert account.counts.new == 2
        assert account.citations == 1
        rows = catalog.connection.execute("SELECT count(*) FROM citation_contexts").fetchone()
        assert rows[0] == 2


def test_a_full_text_stands_for_its_paper(tmp_path: Path) -> None:
    write(tmp_path / "texts", [body(5, "Toys on their own")])
    write(tmp_path / "abstracts", [abstract(5, "Alone.")])
    found = papers(tmp_path)["s2:5"]
    assert (found.title, found.abstract, found.authors) == ("Toys on their own", "Alone.", ("Ada Ash",))


def test_one_file_needs_no_other(tmp_path: Path) -> None:
    assert set(papers(write(tmp_path / "p", [ONE, TWO]))) == {"s2:1", "s2:2"}
    [skip] = read(write(tmp_path / "a", [abstract(1, "We play.")]))
    assert isinstance(skip, Skipped)
    assert skip.reason == "no title: its paper is in none of these files"


def test_other_data_sets_are_counted(tmp_path: Path) -> None:
    others = [{"authorid": "1", "name": "Ada"}, {"sha": "a", "corpusid": 1, "primary": True}]
    found = read(write(tmp_path / "o", [*others, {"corpusid": 1, "vector": "[1]"}]))
    assert [item.reason for item in found if isinstance(item, Skipped)] == [
        "of a data set that is not read here"
    ] * 3


def test_a_file_that_ends_early_keeps_what_came_before(tmp_path: Path) -> None:
    write(tmp_path / "a", [abstract(1, "We play.")])
    path = write(tmp_path / "p", [paper(n, f"Toy {n} " + "x" * 50) for n in range(1, 200)])
    path.write_bytes(path.read_bytes()[:-30])
    found: list[Read | Skipped] = []
    with pytest.raises(SourceBroken, match="ends too early"):
        found.extend(S2FilesSource().read(tmp_path))
    kept = [item.paper for item in found if isinstance(item, Read)]
    assert len(kept) > 100
    assert kept[0].abstract == "We play."


def test_a_folder_of_other_things_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    with pytest.raises(SourceUnsupported, match="no file of Semantic Scholar"):
        read(tmp_path)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples of ../shared are not here")
def test_real_samples_are_read(tmp_path: Path) -> None:
    for kind in ("papers", "abstracts", "citations", "tldrs", "s2orc_v1"):
        name = f"s2_dataset_{kind}_2022.jsonl"
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())
    found = read(tmp_path)
    titles = [item.paper.title for item in found if isinstance(item, Read)]
    assert len(titles) == 2
    reasons = {item.reason for item in found if isinstance(item, Skipped)}
    assert reasons <= {"no title: its paper is in none of these files", "no title"}
