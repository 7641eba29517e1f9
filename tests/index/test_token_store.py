"""Compressed token vectors on the disk: what is merged scores as before, damage is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fallow_index.late_interaction import max_sim, score_rows
from fallow_index.token_codec import TokenQuantiser
from fallow_index.token_lists import LIST_OFFSETS_FILE, LIST_ROWS_FILE
from fallow_index.token_store import (
    CODES_FILE,
    OFFSETS_FILE,
    PLACES_FILE,
    QUANTISER_FILE,
    TokenStore,
    merge_tokens,
)
from fallow_ingest.errors import IndexDamaged

DIMENSION = 16
FILES = (CODES_FILE, LIST_OFFSETS_FILE, LIST_ROWS_FILE, OFFSETS_FILE, PLACES_FILE, QUANTISER_FILE)


def unit_vectors(seed: int, count: int, dimension: int = DIMENSION) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def offsets_of(lengths: list[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))]).astype(np.int64)


QUANTISER = TokenQuantiser.trained(unit_vectors(99, 600))


def store_of(seed: int, lengths: list[int]) -> TokenStore:
    offsets = offsets_of(lengths)
    return TokenStore.of(unit_vectors(seed, int(offsets[-1])), offsets, [QUANTISER])


@given(shapes=st.lists(st.lists(st.integers(0, 6), max_size=6), min_size=1, max_size=3), data=st.data())
@settings(max_examples=40, deadline=None)
def test_merged_segments_hold_the_same_codes(
    shapes: list[list[int]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("store")
    parts = []
    for seed, lengths in enumerate(shapes):
        part = folder / str(seed)
        part.mkdir()
        assert set(store_of(seed, lengths).write(part)) == set(FILES)
        kept = np.array([row for row in range(len(lengths)) if data.draw(st.booleans())], dtype=np.int64)
        parts.append((TokenStore.open(part, len(lengths), DIMENSION), kept))
    assert set(merge_tokens(folder, parts, DIMENSION)) == set(FILES)
    merged = TokenStore.open(folder, sum(len(kept) for _, kept in parts), DIMENSION)
    expected = np.concatenate(
        [store.codes[store.offsets[r] : store.offsets[r + 1]] for store, kept in parts for r in kept]
        + [merged.codes[:0]]
    )
    np.testing.assert_array_equal(merged.codes, expected)
    np.testing.assert_array_equal(merged.read(np.arange(len(merged)))[1], expected)
    query = unit_vectors(7, 3)
    alone = [score_rows(query, store, kept) for store, kept in parts]
    np.testing.assert_allclose(
        score_rows(query, merged, np.arange(len(merged))), np.concatenate(alone), atol=1e-6
    )


def test_segments_of_different_quantisers_merge_into_the_finer_one(tmp_path: Path) -> None:
    small = TokenStore.of(unit_vectors(1, 40), offsets_of([10, 0, 30]))
    large = TokenStore.of(unit_vectors(2, 900), offsets_of([300, 600]))
    assert len(small.quantiser) < len(large.quantiser)
    merge_tokens(tmp_path, [(small, np.array([0, 1, 2])), (large, np.array([1]))], DIMENSION)
    merged = TokenStore.open(tmp_path, 4, DIMENSION)
    assert merged.quantiser.digest == large.quantiser.digest
    np.testing.assert_array_equal(merged.read(np.array([3]))[1], large.read(np.array([1]))[1])
    before, after = small.vectors(np.array([0, 2])), merged.vectors(np.array([0, 2]))
    assert np.sum(before * after, axis=1).min() > 0.9
    assert not len(merged.vectors(np.array([1])))


def test_a_quantiser_is_kept_until_it_is_outgrown() -> None:
    few = TokenStore.of(unit_vectors(1, 200), offsets_of([200]))
    more = TokenStore.of(unit_vectors(2, 400), offsets_of([400]), [few.quantiser])
    many = TokenStore.of(unit_vectors(3, 700), offsets_of([700]), [few.quantiser])
    assert more.quantiser.digest == few.quantiser.digest
    assert len(many.quantiser) >= 4 * len(few.quantiser)


@pytest.mark.parametrize("lengths", [[], [0], [0, 0, 0], [1], [1, 0, 1]])
def test_papers_of_no_token_or_one(tmp_path: Path, lengths: list[int]) -> None:
    offsets = offsets_of(lengths)
    vectors = unit_vectors(1, int(offsets[-1]))
    TokenStore.of(vectors, offsets).write(tmp_path)
    store = TokenStore.open(tmp_path, len(lengths), DIMENSION)
    scores = score_rows(unit_vectors(2, 4), store, np.arange(len(lengths)))
    assert scores.shape == (len(lengths),)
    assert not scores[np.array(lengths, int) == 0].any()
    assert len(store.vectors(np.arange(len(lengths)))) == len(vectors)


def test_max_sim_is_the_mean_of_the_best() -> None:
    query, vectors = unit_vectors(1, 3), unit_vectors(2, 5)
    scores = max_sim(query, vectors, np.array([0, 2, 2, 5]))
    expected = [(query @ vectors[:2].T).max(axis=1).mean(), 0.0, (query @ vectors[2:].T).max(axis=1).mean()]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


@given(weights=st.lists(st.floats(0, 10, width=32), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_query_tokens_may_carry_weights(weights: list[float]) -> None:
    query, store = unit_vectors(1, 3), store_of(2, [2, 0, 3, 1])
    vectors, weighted = store.vectors(np.arange(4)), np.array(weights, np.float32)
    scores = max_sim(query, vectors, store.offsets, weighted)
    alone = [max_sim(query[at : at + 1], vectors, store.offsets) for at in range(3)]
    total = weighted.sum()
    expected = np.tensordot(weighted / total, alone, 1) if total > 0 else np.zeros(4)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    np.testing.assert_allclose(score_rows(query, store, np.arange(4), weighted), expected, atol=1e-5)


def test_equal_weights_are_the_plain_mean() -> None:
    query, store, rows = unit_vectors(1, 4), store_of(2, [2, 5, 3]), np.arange(3)
    plain = score_rows(query, store, rows)
    np.testing.assert_allclose(score_rows(query, store, rows, np.full(4, 2.5)), plain, rtol=1e-6)


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, np.nan], [1.0, np.inf]])
def test_weights_that_make_no_mean_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="one for each of 2"):
        score_rows(unit_vectors(1, 2), store_of(2, [2]), np.arange(1), np.array(weights))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_of(3, [4, 0, 9, 1, 30, 2])
    query, rows = unit_vectors(4, 6), np.array([5, 4, 1, 0, 2])
    whole = score_rows(query, store, rows)
    monkeypatch.setattr("fallow_index.late_interaction.BLOCK_TOKENS", 5)
    np.testing.assert_allclose(score_rows(query, store, rows), whole, rtol=1e-5)
    best = (query @ store.vectors(np.array([4])).T).max(axis=1).mean()
    assert whole[1] == pytest.approx(best, rel=1e-4)
    assert whole[2] == 0


def test_without_tokens_nothing_matches() -> None:
    assert score_rows(np.empty((0, DIMENSION), np.float32), store_of(1, [2]), np.array([0])).tolist() == [0]


@pytest.mark.parametrize("name", FILES)
def test_cut_files_are_named(tmp_path: Path, name: str) -> None:
    store_of(1, [3, 4]).write(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IndexDamaged, match=name):
        TokenStore.open(tmp_path, 2, DIMENSION)


@pytest.mark.parametrize("name", FILES)
def test_files_of_another_segment_are_named(tmp_path: Path, name: str) -> None:
    """Whole files, as after a copy gone wrong: the lengths do not fit."""
    other = tmp_path / "other"
    other.mkdir()
    store_of(1, [3, 4]).write(tmp_path)
    TokenStore.of(unit_vectors(5, 1200), offsets_of([1200])).write(other)
    (tmp_path / name).write_bytes((other / name).read_bytes())
    with pytest.raises(IndexDamaged, match=r"token_\w+\.npy"):
        TokenStore.open(tmp_path, 2, DIMENSION)


def test_a_quantiser_of_nonsense_is_named(tmp_path: Path) -> None:
    store_of(1, [3]).write(tmp_path)
    np.save(tmp_path / QUANTISER_FILE, np.zeros((40, DIMENSION), np.float32))
    with pytest.raises(IndexDamaged, match=QUANTISER_FILE):
        TokenStore.open(tmp_path, 1, DIMENSION)
