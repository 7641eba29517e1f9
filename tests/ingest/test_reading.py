"""A large source is read by a process of its own: the same records, errors and library as without it."""

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
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow_ingest.catalog import AddCounts, Catalog
from fallow_ingest.catalog.draft import Draft, draft, draft_from_json, draft_json
from fallow_ingest.drafting import MOST_RECORDS, Batch, Drafted, batches
from fallow_ingest.errors import SourceBroken, SourceMissing, SourceUnsupported, UnknownName
from fallow_ingest.ingest import ingest
from fallow_ingest.reading import WORTH_A_PROCESS, read_batches, unpacked
from fallow_ingest.reading_worker import packed
from fallow_ingest.records import CitationContext, Paper, Reference, Review, Section
from fallow_ingest.sources import Read, Skipped, ignore_bytes


def write_snapshot(file: Path, count: int, *, words: int = 20) -> Path:
    with file.open("w") as out:
        for n in range(count):
            record = {
                "id": f"{1501 + n // 90_000 % 9:04d}.{n % 90_000:05d}",
                "title": f"Tides of harbour number {n}",
                "abstract": f"  We look at harbour {n}.\n" + "water " * words,
                "authors_parsed": [["Brook", "Ada", ""], ["Dune", "Carl", "Jr."]],
                "categories": "cs.XX",
                "versions": [{"version": "v1", "created": f"Mon, {1 + n % 28} Jun 2015 10:00:00 GMT"}],
            }
            out.write(json.dumps(record) + "\n" + ("{broken\n" if n % 1000 == 7 else ""))
    return file


def read(file: Path, *, apart: bool, start: int = 0, source: str = "snapshot") -> Batch:
    found = read_batches(source, file, start=start, report=ignore_bytes, apart=apart)
    return [item for batch in found for item in batch]


def test_the_same_records_come_from_both_sides(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write_snapshot(tmp_path / "snapshot.json", 5000)
    here, there = read(file, apart=False), read(file, apart=True)
    assert here == there
    assert [item.position for item in here] == list(range(1, 5006))
    assert sum(isinstance(item, Skipped) for item in here) == 5
    assert read(file, apart=True, start=4990) == here[4990:]
    assert capfd.readouterr().err == ""


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    file = write_snapshot(tmp_path / "snapshot.json", 50)
    told: list[tuple[int, int]] = []
    report = lambda done, total: told.append((done, total))  # noqa: E731
    assert list(read_batches("snapshot", file, start=0, report=report, apart=True))
    assert told[-1] == (file.stat().st_size, file.stat().st_size)


def test_errors_are_the_same_from_both_sides(tmp_path: Path) -> None:
    for apart in (False, True):
        with pytest.raises(SourceMissing, match=r"none\.json; check the path"):
            read(tmp_path / "none.json", apart=apart)
        with pytest.raises(SourceUnsupported, match="is a folder"):
            read(tmp_path, apart=apart)
        with pytest.raises(UnknownName, match="snapshot"):
            read(tmp_path, apart=apart, source="nosuch")


def test_what_came_before_a_source_broke_is_kept(tmp_path: Path) -> None:
    whole = gzip.compress(write_snapshot(tmp_path / "snapshot.json", 3000).read_bytes())
    file = tmp_path / "snapshot.json.gz"
    file.write_bytes(whole[: len(whole) // 2])
    found: list[int] = []
    for apart in (False, True):
        got: Batch = []
        with pytest.raises(SourceBroken, match="it ends too early"):
            got.extend(
                item
                for batch in read_batches("snapshot", file, start=0, report=ignore_bytes, apart=apart)
                for item in batch
            )
        found.append(len(got))
    assert found[0] == found[1] > 0


def reading_processes() -> list[int]:
    """Children of this process that read a source."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    children = [n for task in tasks.iterdir() for n in (task / "children").read_text().split()]
    return [
        int(n) for n in children if b"fallow_ingest.reading_worker" in Path(f"/proc/{n}/cmdline").read_bytes()
    ]


needs_proc = pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(),
    reason="finds its processes in Linux's /proc",
)


MORE_THAN_WAIT = 8 * MOST_RECORDS
"""Records of more batches than are kept waiting, so that a reader cannot end before it is listened to."""


@needs_proc
def test_a_reader_that_is_left_ends_its_process(tmp_path: Path) -> None:
    file = write_snapshot(tmp_path / "snapshot.json", MORE_THAN_WAIT)
    reader = read_batches("snapshot", file, start=0, report=ignore_bytes, apart=True)
    assert 0 < len(next(reader)) <= MOST_RECORDS  # a slow machine cuts batches by time
    assert len(reading_processes()) == 1
    reader.close()
    assert reading_processes() == []


@needs_proc
def test_a_reading_process_that_dies_is_told(tmp_path: Path) -> None:
    file = write_snapshot(tmp_path / "snapshot.json", MORE_THAN_WAIT)
    reader = read_batches("snapshot", file, start=0, report=ignore_bytes, apart=True)
    next(reader)
    (process,) = reading_processes()
    os.kill(process, signal.SIGKILL)
    with pytest.raises(SourceBroken, match="ended unexpectedly; run the same command again"):
        list(reader)


def contents(catalog: Catalog) -> list[tuple[int, str, str, int]]:
    return [(p.number, p.key, p.content_hash, p.public_by) for p in catalog.papers()]


@needs_proc
@pytest.mark.parametrize("pause", [0.0, 0.6])
def test_a_kill_amid_two_processes_ends_both_and_loses_nothing(pause: float, tmp_path: Path) -> None:
    file = write_snapshot(tmp_path / "snapshot.json", 12_000, words=100)
    assert file.stat().st_size > WORTH_A_PROCESS
    with Catalog.open(tmp_path / "undisturbed", create=True) as undisturbed:
        assert ingest(undisturbed, "snapshot", file).counts == AddCounts(new=12_000)
        expected = contents(undisturbed)
    library = tmp_path / "killed"
    code = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from fallow_ingest.catalog import Catalog
        from fallow_ingest.ingest import ingest
        with Catalog.open(Path(sys.argv[1]), create=True) as catalog:
            ingest(catalog, "snapshot", Path(sys.argv[2]))
        """
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(library), str(file)])
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    reading: list[str] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not reading:
        reading = children.read_text().split()
    time.sleep(pause)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(reading) == 1
    while time.monotonic() < deadline and is_alive(int(reading[0])):
        time.sleep(0.01)
    assert not is_alive(int(reading[0]))
    with Catalog.open(library) as killed:
        held = killed.count()
        account = ingest(killed, "snapshot", file)
        assert contents(killed) == expected
        assert account.counts == AddCounts(new=12_000 - held)


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


# Batches and drafts -----------------------------------------------------------------------------


def test_batches_are_bounded_by_what_they_hold() -> None:
    def papers(count: int, text: str) -> list[Read]:
        sections = (Section("1", text),)
        return [Read(n, Paper(key=f"x:{n}", title="T", sections=sections)) for n in range(1, count + 1)]

    sizes = [len(batch) for batch in batches(papers(10, "x" * 3 * 2**20))]
    assert sum(sizes) == 10
    assert max(sizes) <= 6
    sizes = [len(batch) for batch in batches(papers(MOST_RECORDS + 1, ""))]
    assert sum(sizes) == MOST_RECORDS + 1
    assert max(sizes) <= MOST_RECORDS


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
contexts = st.builds(
    CitationContext, text=words, section=st.integers(-1, 5), intents=st.lists(words, max_size=2).map(tuple)
)
papers = st.builds(
    Paper,
    key=st.sampled_from(["arxiv:1706.03762v2", "P18-1001", "mine", "x:1"]),
    title=words,
    abstract=words,
    authors=st.lists(words, max_size=3).map(tuple),
    year=st.one_of(st.none(), st.integers(1900, 2100)),
    ids=st.dictionaries(st.sampled_from(["arxiv", "doi", "s2"]), st.just("10.1000/a"), max_size=2),
    references=st.lists(
        st.builds(
            Reference, id=words, title=words, text=words, contexts=st.lists(contexts, max_size=1).map(tuple)
        ),
        max_size=2,
    ).map(tuple),
    sections=st.lists(st.builds(Section, heading=words, text=words), max_size=2).map(tuple),
    reviews=st.lists(
        st.builds(Review, key=words, part=words, text=words, rating=st.one_of(st.none(), st.floats(0, 10))),
        max_size=2,
    ).map(tuple),
    extra=st.dictionaries(words, st.one_of(words, st.integers(0, 9)), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(paper=papers, notes=st.lists(words, max_size=2).map(tuple))
def test_a_draft_survives_both_journeys(paper: Paper, notes: tuple[str, ...]) -> None:
    item: Draft = draft(paper)
    batch: Batch = [Drafted(3, item, notes), Skipped(4, "no title", "file:4", "")]
    assert unpacked(packed(batch)) == batch
    assert draft_from_json(draft_json(item)) == item
