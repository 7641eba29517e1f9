"""Compressed token vectors: what goes in comes out, nearly; what is merged is the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fallow_index import token_codec
from fallow_index.late_interaction import max_sim, score_rows
from fallow_index.token_store import CODES_FILE, TokenStore, merge_tokens, write_tokens
from fallow_ingest.errors import IndexDamaged

DIMENSION = 16


def unit_vectors(seed: int, count: int, dimension: int = DIMENSION) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def store_of(seed: int, lengths: list[int]) -> TokenStore:
    offsets = np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))]).astype(np.int64)
    return TokenStore(token_codec.encode(unit_vectors(seed, int(offsets[-1]))), offsets, DIMENSION)


@pytest.mark.parametrize("dimension", [1, 7, 16, 96, 128])
def test_rotation_keeps_dot_products(dimension: int) -> None:
    turned = token_codec.rotation(dimension)
    np.testing.assert_allclose(turned @ turned.T, np.eye(dimension), atol=1e-6)


@given(seed=st.integers(0, 10_000), count=st.integers(0, 40), dimension=st.sampled_from([32, 96, 128]))
@settings(max_examples=40, deadline=None)
def test_round_trip(seed: int, count: int, dimension: int) -> None:
    vectors = unit_vectors(seed, count, dimension)
    codes = token_codec.encode(vectors)
    assert codes.shape == (count, dimension // 2)
    decoded = token_codec.decode(codes, dimension)
    cosine = np.sum(decoded * token_codec.rotate(vectors), axis=1) / np.linalg.norm(decoded, axis=1)
    assert count == 0 or cosine.min() > 0.95


def test_one_hot_vectors_survive() -> None:
    """The worst case of a scalar quantiser without rotation."""
    decoded = token_codec.decode(token_codec.encode(np.eye(128, dtype=np.float32)), 128)
    similarity = decoded @ token_codec.rotate(np.eye(128, dtype=np.float32)).T
    assert np.array_equal(similarity.argmax(axis=1), np.arange(128))
    assert np.diag(similarity).min() > 0.9


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
        store = store_of(seed, lengths)
        write_tokens(part, store.codes, store.offsets)
        kept = np.array([row for row in range(len(lengths)) if data.draw(st.booleans())], dtype=np.int64)
        parts.append((TokenStore.open(part, len(lengths), DIMENSION), kept))
    merge_tokens(folder, parts, DIMENSION)
    merged = TokenStore.open(folder, sum(len(kept) for _, kept in parts), DIMENSION)
    expected = np.concatenate([store.read(kept) for store, kept in parts])
    np.testing.assert_array_equal(merged.codes, expected)
    np.testing.assert_array_equal(merged.read(np.arange(len(merged))), expected)


def test_max_sim_is_the_mean_of_the_best() -> None:
    query, vectors = unit_vectors(1, 3), unit_vectors(2, 5)
    scores = max_sim(query, vectors, np.array([0, 2, 2, 5]))
    expected = [(query @ vectors[:2].T).max(axis=1).mean(), 0.0, (query @ vectors[2:].T).max(axis=1).mean()]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


@given(weights=st.lists(st.floats(0, 10, width=32), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_query_tokens_may_carry_weights(weights: list[float]) -> None:
    query, store = unit_vectors(1, 3), store_of(2, [2, 0, 3, 1])
    vectors = token_codec.decode(store.codes, DIMENSION)
    weighted = np.array(weights, np.float32)
    scores = max_sim(token_codec.rotate(query), vectors, store.offsets, weighted)
    alone = [max_sim(token_codec.rotate(query[at : at + 1]), vectors, store.offsets) for at in range(3)]
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
    decoded = token_codec.decode(store.codes, DIMENSION)
    best = (token_codec.rotate(query) @ decoded[store.offsets[4] : store.offsets[5]].T).max(axis=1).mean()
    assert whole[1] == pytest.approx(best, rel=1e-5)
    assert whole[2] == 0


def test_without_tokens_nothing_matches() -> None:
    assert score_rows(np.empty((0, DIMENSION), np.float32), store_of(1, [2]), np.array([0])).tolist() == [0]


def test_cut_files_are_named(tmp_path: Path) -> None:
    store = store_of(1, [3, 4])
    write_tokens(tmp_path, store.codes, store.offsets)
    path = tmp_path / CODES_FILE
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IndexDamaged, match=CODES_FILE):
        TokenStore.open(tmp_path, 2, DIMENSION)
