"""Reading a source into a library: accounts, resuming after a kill, sources that break on the way."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fallow_ingest.catalog import AddCounts, Catalog
from fallow_ingest.errors import BadInput, SourceMissing, SourceUnsupported, UnknownName
from fallow_ingest.ingest import ingest


def write_lines(file: Path, count: int) -> Path:
    file.write_text(
        "".join(
            json.dumps(
                {
                    "id": f"x:{n}",
                    "title": f"Paper number {n} about the tides",
                    "abstract": "word " * 30,
                    "year": 2000 + n % 20,
                    "references": [f"x:{(n * 7 + 1) % count}"],
                }
            )
            + "\n"
            for n in range(count)
        )
    )
    return file


def contents(catalog: Catalog) -> tuple[list[tuple[str, str, int]], list[tuple[str, str]]]:
    papers = [(paper.key, paper.content_hash, paper.public_by) for paper in catalog.papers()]
    keys = {paper.number: paper.key for paper in catalog.papers()}
    return sorted(papers), sorted((keys[a], keys[b]) for a, b in catalog.citations())


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.open(tmp_path / "library", create=True)


def test_a_killed_ingest_goes_on_and_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "papers.jsonl", 6000)
    with Catalog.open(tmp_path / "undisturbed", create=True) as undisturbed:
        ingest(undisturbed, "jsonl", file)
        expected = contents(undisturbed)
    library = tmp_path / "killed"
    code = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from fallow_ingest.catalog import Catalog
        from fallow_ingest.ingest import ingest
        with Catalog.open(Path(sys.argv[1]), create=True) as catalog:
            ingest(catalog, "jsonl", Path(sys.argv[2]))
        """
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(library), str(file)])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (library / "catalog.sqlite").exists():
            with Catalog.open(library, create=True) as watcher:
                if watcher.count() >= 1000:
                    break
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with Catalog.open(library) as killed:
        held = killed.count()
        account = ingest(killed, "jsonl", file)
        assert contents(killed) == expected
        if held < 6000:
            assert account.resumed_at == held
            assert account.counts == AddCounts(new=6000 - held)


def test_the_same_file_again_is_not_read_again_until_it_changes(catalog: Catalog, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "papers.jsonl", 10)
    assert ingest(catalog, "jsonl", file).counts == AddCounts(new=10)
    assert ingest(catalog, "jsonl", file).already
    write_lines(file, 12)
    assert ingest(catalog, "jsonl", file).counts.new == 2


def test_limit_and_since_are_told_in_the_account(catalog: Catalog, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "papers.jsonl", 40)
    assert ingest(catalog, "jsonl", file, limit=5).counts.new == 5
    account = ingest(catalog, "jsonl", file, since=20100101)
    assert account.skipped["public before --since"] == 20
    assert catalog.count() == 25


def test_what_could_be_read_of_a_truncated_archive_is_kept(catalog: Catalog, tmp_path: Path) -> None:
    whole = gzip.compress(write_lines(tmp_path / "papers.jsonl", 4000).read_bytes())
    file = tmp_path / "papers.jsonl.gz"
    file.write_bytes(whole[: len(whole) // 2])
    account = ingest(catalog, "jsonl", file)
    assert account.failure is not None
    assert "papers.jsonl.gz" in str(account.failure)
    held = catalog.count()
    assert 0 < held < 4000
    file.write_bytes(whole)
    account = ingest(catalog, "jsonl", file)
    assert (account.counts.new, account.counts.unchanged) == (4000 - held, held)


def test_cyclic_double_and_self_references_end_well(catalog: Catalog, tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"
    records = [
        {"id": "x:1", "title": "First of a circle", "references": ["x:2", "x:2", "x:1"]},
        {"id": "x:2", "title": "Second of a circle", "references": ["x:1"]},
    ]
    file.write_text("\n".join(map(json.dumps, records)))
    assert ingest(catalog, "jsonl", file).citations == 2
    table = tmp_path / "citations.tsv"
    table.write_text("citing\tcited\nx:1\tx:2\nx:2\tx:2\nx:1\tx:404\nnonsense\n")
    account = ingest(catalog, "citations", table)
    assert len(list(catalog.citations())) == 2
    assert account.skipped == {"cites itself": 1, "not two columns": 1}
    assert catalog.references_waiting() == 1


def test_what_cannot_be_read_at_all_changes_nothing(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(SourceMissing):
        ingest(catalog, "jsonl", tmp_path / "none.jsonl")
    with pytest.raises(SourceUnsupported):
        ingest(catalog, "jsonl", tmp_path)
    with pytest.raises(UnknownName, match="jsonl"):
        ingest(catalog, "json", tmp_path)
    with pytest.raises(BadInput, match="fallow ingest jsonl"):
        ingest(catalog, "jsonl", None)
    assert catalog.count() == 0


def test_the_sample_needs_no_location(catalog: Catalog) -> None:
    account = ingest(catalog, "sample", None)
    assert account.counts.new >= 240
    assert account.citations >= 900
    assert catalog.find("arxiv:1706.03762").text_origin == "fallow"
    assert not account.skipped
