"""The inverted file of a large library: recall, filters, additions, damage, kills; and the scan on a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hashing_encoder import HashingEncoder
from invented_papers import invented_paper
from numpy.typing import NDArray

from fallow_index import dense_ivf
from fallow_index.arrays import save_array
from fallow_index.build import build_index
from fallow_index.dense import DenseIndex
from fallow_index.dense_ivf import IVF_FILE, DenseIvf, read_ivf
from fallow_index.dense_table import DenseTable
from fallow_index.generations import Generation, current_generation, verify_generation
from fallow_index.ivf_neighbours import find_by_lists
from fallow_index.neighbours import find_neighbours
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import IndexDamaged
from fallow_ingest.records import Paper

Add = Callable[[Sequence[Paper]], None]
Vectors = NDArray[np.float32]

DIMENSION = 48


def papers(start: int, stop: int) -> list[Paper]:
    return [invented_paper(at) for at in range(start, stop)]


def clustered(count: int, seed: int) -> Vectors:
    """Unit vectors around 60 centres."""
    random = np.random.RandomState(seed)
    centres = np.random.RandomState(1).standard_normal((60, DIMENSION))
    vectors = centres[random.randint(0, 60, count)] + 0.8 * random.standard_normal((count, DIMENSION))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inverted files from 100 papers on."""
    monkeypatch.setattr(dense_ivf, "IVF_FROM", 100)
    monkeypatch.setattr(dense_ivf, "ROWS_A_LIST", 10)


def pair(vectors: Vectors) -> tuple[DenseIndex, DenseIndex]:
    """The same vectors, in two segments, scanned and through lists."""
    segments = [vectors[: len(vectors) // 3], vectors[len(vectors) // 3 :]]
    ivf = DenseIvf.trained(DenseTable(segments, DIMENSION), np.arange(len(vectors)))
    return DenseIndex(segments, DIMENSION), DenseIndex(segments, DIMENSION, ivf)


def overlap(found: NDArray[np.int64], expected: NDArray[np.int64]) -> float:
    return len(set(found.tolist()) & set(expected.tolist())) / len(expected)


def test_recall_against_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense_ivf, "ROWS_A_LIST", 50)
    flat, lists = pair(clustered(20_000, seed=2))
    allowed = np.ones(20_000, np.bool_)
    shares = [
        overlap(lists.search(query, 200, allowed), flat.search(query, 200, allowed))
        for query in clustered(30, seed=3)
    ]
    assert np.mean(shares) > 0.95


@pytest.mark.parametrize("share", [0.5, 0.3])
def test_filters_act_inside(share: float) -> None:
    flat, lists = pair(clustered(20_000, seed=2))
    allowed = np.random.RandomState(4).random_sample(20_000) < share
    shares = []
    for query in clustered(20, seed=3):
        found = lists.search(query, 100, allowed)
        assert len(found) == 100
        assert allowed[found].all()
        shares.append(overlap(found, flat.search(query, 100, allowed)))
    assert np.mean(shares) > 0.95


def test_a_selective_filter_is_exact() -> None:
    vectors = clustered(20_000, seed=2)
    _, lists = pair(vectors)
    allowed = np.zeros(20_000, np.bool_)
    allowed[np.random.RandomState(5).choice(20_000, 300, replace=False)] = True
    for query in clustered(20, seed=3):
        exact = np.flatnonzero(allowed)[np.argsort(-(vectors[allowed] @ query), kind="stable")]
        assert lists.search(query, 50, allowed).tolist() == exact[:50].tolist()
        assert len(lists.search(query, 5_000, allowed)) == 300


def test_as_many_as_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the lists that are read hold too few."""
    monkeypatch.setattr(dense_ivf, "ROWS_A_LIST", 10)
    _, lists = pair(clustered(6_000, seed=2))
    allowed = np.ones(6_000, np.bool_)
    assert len(lists.search(clustered(1, seed=3)[0], 6_000, allowed)) == 6_000


def test_equal_inputs_give_equal_files(tmp_path: Path) -> None:
    vectors = clustered(2_000, seed=2)
    table = DenseTable([vectors], DIMENSION)
    sums = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        sums.append(DenseIvf.trained(table, np.arange(2_000)).write(tmp_path / name))
    assert sums[0] == sums[1]


def test_neighbours_by_lists_are_nearly_exact() -> None:
    vectors = clustered(6_000, seed=2)
    table = DenseTable([vectors], DIMENSION)
    numbers = np.arange(6_000) + 7
    numbers[::9] = -1
    ivf = DenseIvf.trained(table, np.flatnonzero(numbers >= 0))
    found = find_by_lists(table, ivf, numbers)
    live = numbers >= 0
    exact = find_neighbours(vectors[live], numbers[live], np.arange(live.sum()))
    same = [overlap(a, b) for a, b in zip(found.numbers, exact.numbers, strict=True)]
    assert np.mean(same) > 0.95
    assert not np.any(found.numbers == numbers[live][:, np.newaxis])


# In a library -------------------------------------------------------------------------------------


def check(catalog: Catalog, generation: Generation) -> None:
    """The file verifies and finds what a scan finds; the neighbours are nearly those of brute force."""
    verify_generation(generation)
    ivf = read_ivf(generation.folder, generation.files, slots=generation.slots)
    assert ivf is not None
    with Searcher.open(catalog.library, encoder=HashingEncoder()) as searcher:
        live = np.flatnonzero(np.asarray(searcher.table.numbers) >= 0)
        entries = np.concatenate(ivf.lists())
        assert sorted(entries[entries >= 0].tolist()) == live.tolist()
        assert len(searcher) == sum(1 for _ in catalog.papers())
        similarity = searcher.vectors @ searcher.vectors.T
        np.fill_diagonal(similarity, -np.inf)
        best = -np.sort(-similarity, axis=1)[:, :10]
        rows, found = searcher.nearest(10)
        held = np.take_along_axis(similarity, rows.astype(int), axis=1)
        np.testing.assert_allclose(held, found, atol=1e-5)
        assert np.mean(found > best[:, -1:] - 1e-5) > 0.9
        hits = searcher.search("Sparse attention study24", 3, mode="dense")
        assert len(hits) == 3


@pytest.mark.usefixtures("_small")
def test_a_large_library_has_an_inverted_file(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 90))
    assert IVF_FILE not in build_index(catalog, encoder=encoder).files
    add(papers(90, 300))
    generation = build_index(catalog, encoder=encoder)
    assert IVF_FILE in generation.files
    check(catalog, generation)


@pytest.mark.usefixtures("_small")
def test_additions_and_deletions_keep_the_lists(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    trained: list[int] = []
    add(papers(0, 300))
    first = build_index(catalog, encoder=encoder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DenseIvf, "trained", classmethod(lambda *_: trained.append(1)))
        for at in range(3):
            add(papers(300 + 10 * at, 310 + 10 * at))
            with catalog.writing() as connection:
                connection.execute("DELETE FROM papers WHERE number = ?", (5 + 20 * at,))
            generation = build_index(catalog, encoder=encoder)
            check(catalog, generation)
    assert not trained
    assert generation.number == first.number + 3
    assert encoder.texts_seen == 330


@pytest.mark.usefixtures("_small")
def test_twice_the_papers_train_anew(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add(papers(0, 120))
    lists = []
    for stop in (120, 200, 300):
        add(papers(0, stop))
        generation = build_index(catalog, encoder=encoder)
        ivf = read_ivf(generation.folder, generation.files, slots=generation.slots)
        assert ivf is not None
        lists.append(len(ivf.lists()))
    assert lists == [12, 12, 30]
    check(catalog, generation)


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_damage_is_named_and_mended(catalog: Catalog, add: Add, encoder: HashingEncoder, how: str) -> None:
    add(papers(0, 200))
    path = build_index(catalog, encoder=encoder).folder / IVF_FILE
    data = bytearray(path.read_bytes())
    path.unlink()
    data[len(data) // 2] ^= 1
    if how != "gone":
        path.write_bytes(bytes(data if how == "flipped" else data[:-9]))
    with pytest.raises(IndexDamaged, match=IVF_FILE):
        verify_generation(current_generation(catalog.library))
    with (
        pytest.raises(IndexDamaged, match=IVF_FILE),
        Searcher.open(catalog.library, encoder=encoder) as searcher,
    ):
        searcher.search("sparse attention", mode="dense")
    check(catalog, build_index(catalog, encoder=encoder))
    assert encoder.texts_seen == 200


@pytest.mark.parametrize("data", [b"", b"no index at all", b"IxFI" + bytes(60)])
def test_what_is_no_inverted_file_is_named(tmp_path: Path, data: bytes) -> None:
    save_array(tmp_path / IVF_FILE, np.frombuffer(data, np.uint8))
    with pytest.raises(IndexDamaged, match=IVF_FILE):
        DenseIvf.read(tmp_path, slots=10)


def test_killed_while_it_is_written(catalog: Catalog, add: Add) -> None:
    """SIGKILL at every write after the encoding, on the same library; the last run only puts it together."""
    if not hasattr(os, "kill") or sys.platform == "win32":
        pytest.skip("no SIGKILL here")
    add(papers(0, 120))
    script = Path(__file__).parent / "killed_build.py"

    def run(kill_at: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(script), str(catalog.library), str(kill_at), "120", "100"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    first = run(12)
    assert first.returncode == -9, first.stderr
    writes, kill_at = [], 13
    while (done := run(kill_at)).returncode == -9:
        writes.append(kill_at)
        kill_at += 2
        assert kill_at < 60
    assert done.returncode == 0, done.stderr
    assert len(writes) > 2
    assert int(done.stdout.split()[0]) == 0
    check(catalog, current_generation(catalog.library))


# On a GPU -----------------------------------------------------------------------------------------


class Unfiltered:
    """What a GPU index can do: search, without a filter, for at most 2,048."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self.asked = 0

    def search(self, queries: Vectors, k: int) -> tuple[Vectors, NDArray[np.int64]]:
        assert k <= 2_048
        self.asked += 1
        products, found = self._index.search(queries, k)
        return products, found


def test_a_gpu_scans_and_the_filter_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clustered(5_000, seed=2)
    expected = DenseIndex([vectors], DIMENSION)
    made: list[Unfiltered] = []

    def to_gpu(resources: object, device: int, index: Any) -> Unfiltered:
        assert (resources, device) == ("resources", 0)
        made.append(Unfiltered(index))
        return made[-1]

    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    monkeypatch.setattr(faiss, "StandardGpuResources", lambda: "resources", raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", to_gpu, raising=False)
    index = DenseIndex([vectors], DIMENSION)
    query = clustered(1, seed=3)[0]
    for allowed in (np.ones(5_000, np.bool_), np.arange(5_000) % 3 == 0, np.arange(5_000) % 500 == 0):
        for k in (10, 200, 3_000):
            assert index.search(query, k, allowed).tolist() == expected.search(query, k, allowed).tolist()
    assert made[0].asked == 8
