"""Building: incremental, resumable, checked, mended."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hashing_encoder import HashingEncoder
from invented_papers import invented_paper

from fallow_index import build
from fallow_index.arrays import ArrayWriter, save_array
from fallow_index.build import build_index
from fallow_index.generations import (
    Generation,
    current_generation,
    index_folder,
    open_generation,
    publish,
    verify_generation,
)
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import DiskFull, EncoderError, IndexDamaged, IndexMissing, LibraryBusy
from fallow_ingest.records import Paper

Add = Callable[[Sequence[Paper]], None]


def papers(start: int, stop: int) -> list[Paper]:
    return [invented_paper(at) for at in range(start, stop)]


def rewrite(catalog: Catalog, number: int, title: str) -> None:
    """Change the text of a paper, as a later version of its source would."""
    with catalog.writing() as connection:
        connection.execute(
            "UPDATE papers SET title = ?, content_hash = ? WHERE number = ?",
            (title, f"hash of {title}", number),
        )


def delete(catalog: Catalog, numbers: Sequence[int]) -> None:
    with catalog.writing() as connection:
        connection.executemany("DELETE FROM papers WHERE number = ?", [(number,) for number in numbers])


def flip_a_bit(path: Path) -> None:
    """In the middle of the file; it is no longer shared with other generations then."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(bytes(data))


def check_whole(catalog: Catalog, generation: Generation) -> None:
    """What holds of every index: it verifies, holds each paper once, with the neighbours of brute force."""
    verify_generation(generation)
    with Searcher.open(catalog.library) as searcher:
        assert sorted(searcher.numbers.tolist()) == [paper.number for paper in catalog.papers()]
        encoder = HashingEncoder()
        texts = catalog.papers_by_number(searcher.numbers.tolist())
        expected = encoder.encode(
            [f"{texts[n].title}. {texts[n].abstract}" for n in searcher.numbers.tolist()]
        )
        np.testing.assert_allclose(searcher.vectors, expected, atol=5e-4)
        similarity = expected @ expected.T
        np.fill_diagonal(similarity, -np.inf)
        best = -np.sort(-similarity, axis=1)[:, :5]
        rows, found = searcher.nearest(5)
        np.testing.assert_allclose(found, best, atol=2e-3)
        np.testing.assert_allclose(np.take_along_axis(similarity, rows.astype(int), axis=1), best, atol=2e-3)


def test_without_a_build_there_is_no_index(catalog: Catalog) -> None:
    with pytest.raises(IndexMissing, match="fallow build"):
        Searcher.open(catalog.library)


def test_an_empty_library_has_an_index(catalog: Catalog, encoder: HashingEncoder) -> None:
    assert build_index(catalog, encoder=encoder).papers == 0
    with Searcher.open(catalog.library, encoder=encoder) as searcher:
        assert searcher.search("anything") == []
        assert searcher.nearest(5)[0].shape == (0, 5)


def test_additions_cost_what_is_new(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 120))
    build_index(catalog, encoder=encoder)
    add(papers(120, 140))
    second = build_index(catalog, encoder=encoder)
    assert encoder.texts_seen == 140
    assert [entry.slots for entry in second.segments] == [120, 20]
    check_whole(catalog, second)
    first_codes = index_folder(catalog.library) / "1" / "segment-000001" / "token_codes.npy"
    assert first_codes.samefile(second.folder / "segment-000001" / "token_codes.npy")


def test_nothing_new_changes_nothing(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 10))
    first = build_index(catalog, encoder=encoder)
    assert build_index(catalog, encoder=encoder) == first
    assert encoder.texts_seen == 10


def test_many_small_additions_keep_few_segments(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    for at in range(12):
        add(papers(10 * at, 10 * at + 10))
        generation = build_index(catalog, encoder=encoder)
    assert encoder.texts_seen == 120
    assert len(generation.segments) <= 4
    check_whole(catalog, generation)
    folders = {folder.name for folder in index_folder(catalog.library).glob("[0-9]*")}
    assert folders == {"11", "12"}


def test_changed_and_deleted_papers(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 50))
    build_index(catalog, encoder=encoder)
    delete(catalog, [3, 4])
    rewrite(catalog, 7, "Zebrafish whalesong")
    generation = build_index(catalog, encoder=encoder)
    assert encoder.texts_seen == 51
    assert (generation.papers, generation.slots) == (48, 51)
    check_whole(catalog, generation)
    with Searcher.open(catalog.library, encoder=encoder) as searcher:
        assert searcher.search("zebrafish whalesong")[0].number == 7
        assert searcher.rows([3, 7]).tolist()[0] == -1
        found = {
            hit.number
            for mode in ("bm25", "dense", "late")
            for hit in searcher.search("study3", 60, mode=mode)
        }
        assert not found & {3, 4}


def test_a_worn_segment_is_rewritten(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 50))
    build_index(catalog, encoder=encoder)
    delete(catalog, range(1, 21))
    generation = build_index(catalog, encoder=encoder)
    assert (generation.papers, generation.slots) == (30, 30)
    assert encoder.texts_seen == 50
    check_whole(catalog, generation)


def test_a_new_date_needs_no_encoding(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 10))
    build_index(catalog, encoder=encoder)
    with catalog.writing() as connection:
        connection.execute("UPDATE papers SET public_by = 19900101 WHERE number = 5")
    build_index(catalog, encoder=encoder)
    assert encoder.texts_seen == 10
    with Searcher.open(catalog.library, encoder=encoder) as searcher:
        assert [hit.number for hit in searcher.search("study", as_of=19901231)] == [5]


def test_equal_texts_are_two_papers(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 12))
    with catalog.writing() as connection:
        connection.execute(
            "UPDATE papers SET (title, abstract, content_hash) = "
            "(SELECT title, abstract, content_hash FROM papers WHERE number = 1) WHERE number = 2"
        )
    first = build_index(catalog, encoder=encoder)
    check_whole(catalog, first)
    assert build_index(catalog, encoder=encoder) == first


def test_readers_keep_their_generation(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 30))
    build_index(catalog, encoder=encoder)
    with Searcher.open(catalog.library, encoder=encoder) as searcher:
        before = searcher.search("sparse attention", 5)
        for at in range(3):
            add(papers(30 + 10 * at, 40 + 10 * at))
            build_index(catalog, encoder=encoder)
        assert not searcher.generation.folder.exists()
        assert searcher.search("sparse attention", 5) == before
        assert len(searcher.vectors) == 30


def test_another_encoder_starts_anew(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 10))
    build_index(catalog, encoder=encoder)
    other = HashingEncoder(dimension=24, salt="other")
    with pytest.raises(EncoderError, match="fallow build"):
        Searcher.open(catalog.library, encoder=other)
    generation = build_index(catalog, encoder=other)
    assert other.texts_seen == 10
    assert generation.space.dimension == 24
    with Searcher.open(catalog.library, encoder=other) as searcher:
        assert len(searcher.search("sparse", 3, mode="dense")) == 3


def test_a_second_builder_is_refused(catalog: Catalog, encoder: HashingEncoder) -> None:
    index_folder(catalog.library).mkdir()
    with FileLock(index_folder(catalog.library) / ".lock"), pytest.raises(LibraryBusy, match="Another"):
        build_index(catalog, encoder=encoder)


def test_a_full_disk_loses_nothing(
    catalog: Catalog, add: Add, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(papers(0, 60))
    monkeypatch.setattr(build, "PIECE", 20)
    real_write, room = ArrayWriter.write, [20_000]

    def write(writer: ArrayWriter, data: bytes) -> int:
        room[0] -= len(data)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(writer, data)

    monkeypatch.setattr(ArrayWriter, "write", write)
    with pytest.raises(DiskFull, match="is kept"):
        build_index(catalog, encoder=encoder)
    seen = encoder.texts_seen
    assert seen > 20
    room[0] = 10**9
    check_whole(catalog, build_index(catalog, encoder=encoder))
    assert encoder.texts_seen < 60 + seen


def test_killed_anywhere_it_goes_on(catalog: Catalog, add: Add) -> None:
    """SIGKILL at growing numbers of writes, on the same library; every run takes up where the last fell."""
    if not hasattr(os, "kill") or sys.platform == "win32":
        pytest.skip("no SIGKILL here")
    add(papers(0, 60))

    def run(kill_at: int) -> subprocess.CompletedProcess[str]:
        script = Path(__file__).parent / "killed_build.py"
        command = [sys.executable, str(script), str(catalog.library), str(kill_at), "20"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    survivors = [run(kill_at) for kill_at in (5, 12, 17, 20, 3, 16, 9, 13)]
    assert all(done.returncode == -9 for done in survivors), survivors
    last = run(0)
    assert last.returncode == 0, last.stderr
    assert int(last.stdout.split()[0]) == 0  # every piece was safe by then
    check_whole(catalog, current_generation(catalog.library))
    assert not (index_folder(catalog.library) / "pending").exists()


def test_killed_before_the_swap(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    """The new generation is whole but not pointed to: the next build only swaps the pointer."""
    add(papers(0, 20))
    build_index(catalog, encoder=encoder)
    add(papers(20, 40))
    build_index(catalog, encoder=encoder)
    (index_folder(catalog.library) / "CURRENT").write_text("1\n")
    with Searcher.open(catalog.library, encoder=encoder) as searcher:
        assert len(searcher) == 20
    assert build_index(catalog, encoder=encoder).number == 2
    assert current_generation(catalog.library).number == 2
    assert encoder.texts_seen == 40


@pytest.mark.parametrize(
    "name",
    ["token_codes.npy", "dense.npy", "posting_rows.npy", "keys.npy"],
)
def test_flipped_bits_are_found_and_mended(
    catalog: Catalog, add: Add, encoder: HashingEncoder, name: str
) -> None:
    add(papers(0, 120))
    build_index(catalog, encoder=encoder)
    add(papers(120, 140))
    generation = build_index(catalog, encoder=encoder)
    flip_a_bit(generation.folder / "segment-000002" / name)
    with pytest.raises(IndexDamaged, match=name):
        verify_generation(current_generation(catalog.library))
    mended = build_index(catalog, encoder=encoder)
    assert mended.number == 3
    assert encoder.texts_seen == 160  # only the damaged segment was encoded again
    check_whole(catalog, mended)


@pytest.mark.parametrize("name", ["numbers.npy", "public_by.npy", "neighbours.npy", "similarities.npy"])
def test_damage_outside_segments_needs_no_encoding(
    catalog: Catalog, add: Add, encoder: HashingEncoder, name: str
) -> None:
    add(papers(0, 30))
    generation = build_index(catalog, encoder=encoder)
    flip_a_bit(generation.folder / name)
    check_whole(catalog, build_index(catalog, encoder=encoder))
    assert encoder.texts_seen == 30


@pytest.mark.parametrize("name", ["manifest.json", "numbers.npy", "segment-000001/token_codes.npy"])
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_cut_and_missing_files(
    catalog: Catalog, add: Add, encoder: HashingEncoder, name: str, how: str
) -> None:
    add(papers(0, 30))
    generation = build_index(catalog, encoder=encoder)
    path = generation.folder / name
    data = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(data[:-3])
    with pytest.raises(IndexDamaged, match=path.name):
        Searcher.open(catalog.library, encoder=encoder)
    check_whole(catalog, build_index(catalog, encoder=encoder))


def test_an_altered_manifest_is_refused(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 5))
    generation = build_index(catalog, encoder=encoder)
    path = generation.folder / "manifest.json"
    path.write_text(path.read_text().replace('"papers": 5', '"papers": 6'))
    with pytest.raises(IndexDamaged, match="checksum"):
        open_generation(generation.folder)
    path.write_text(path.read_text().replace("segment-000001", "../segment-000001"))
    with pytest.raises(IndexDamaged):
        open_generation(generation.folder)


@pytest.mark.parametrize("text", ["", "../../etc", "77", "½"])
def test_a_broken_pointer(catalog: Catalog, add: Add, encoder: HashingEncoder, text: str) -> None:
    add(papers(0, 5))
    build_index(catalog, encoder=encoder)
    (index_folder(catalog.library) / "CURRENT").write_text(text, encoding="utf-8")
    with pytest.raises(IndexDamaged, match="fallow build"):
        Searcher.open(catalog.library, encoder=encoder)
    build_index(catalog, encoder=encoder)
    assert current_generation(catalog.library).papers == 5


def test_a_broken_piece_is_encoded_again(
    catalog: Catalog, add: Add, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(papers(0, 40))
    monkeypatch.setattr(build, "PIECE", 20)
    monkeypatch.setattr(build, "_assemble", lambda *_: pytest.fail("stop here"))
    with pytest.raises(pytest.fail.Exception):
        build_index(catalog, encoder=encoder)
    monkeypatch.undo()
    piece = next((index_folder(catalog.library) / "pending").glob("*/000001"))
    flip_a_bit(piece / "dense.npy")
    shutil.copytree(piece, piece.with_name("000009"))
    (piece.with_name("000009") / "piece.json").unlink()
    check_whole(catalog, build_index(catalog, encoder=encoder))
    assert encoder.texts_seen == 60


def test_copies_where_links_are_impossible(
    catalog: Catalog, add: Add, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(_path: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    add(papers(0, 60))
    build_index(catalog, encoder=encoder)
    add(papers(60, 70))
    check_whole(catalog, build_index(catalog, encoder=encoder))


def test_other_rules_for_words_rewrite_the_postings_and_encode_nothing(
    catalog: Catalog, add: Add, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(papers(0, 30))
    build_index(catalog, encoder=encoder)
    monkeypatch.setattr("fallow_index.parts.VERSION", 10**6)
    monkeypatch.setattr("fallow_index.generations.SegmentEntry.__init__.__defaults__", (10**6,))
    for module in ("postings", "lexical"):
        monkeypatch.setattr(
            f"fallow_index.{module}.count_terms", lambda text: Counter({"new": 1, text[:3]: 1})
        )
    again = build_index(catalog, encoder=encoder)
    assert encoder.texts_seen == 30
    assert [segment.terms for segment in again.segments] == [10**6]
    with Searcher.open(catalog.library, encoder=encoder) as searcher:
        assert len(searcher.search("any word", 30, mode="bm25")) == 30  # they share the term "new"
    assert build_index(catalog, encoder=encoder).number == again.number


def test_wider_files_of_older_builds_open(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    """Dense vectors were float32 and numbers of neighbours int64; what is built on them is narrow."""
    add(papers(0, 30))
    generation = build_index(catalog, encoder=encoder)
    paths = [generation.folder / "neighbours.npy", generation.folder / "segment-000001" / "dense.npy"]
    sums = [dict(generation.files), dict(generation.segments[0].files)]
    for path, kind, totals in zip(paths, (np.int64, np.float32), sums, strict=True):
        wide = np.load(path).astype(kind)
        path.unlink()
        totals[path.name] = save_array(path, wide)
    older = replace(
        generation, files=sums[0], segments=(replace(generation.segments[0], files=sums[1]),), number=2
    )
    generation.folder.rename(index_folder(catalog.library) / ".older")
    publish(index_folder(catalog.library), replace(older, folder=index_folder(catalog.library) / ".older"))
    check_whole(catalog, current_generation(catalog.library))
    add(papers(30, 90))
    built = build_index(catalog, encoder=encoder)
    check_whole(catalog, built)
    assert encoder.texts_seen == 90
    assert np.load(built.folder / "neighbours.npy").dtype == np.int32
    assert [np.load(built.folder / s.name / "dense.npy").dtype for s in built.segments] == [np.float16]
