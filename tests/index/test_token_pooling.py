"""Leaving out repeated token vectors, and averaging adjacent ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow_index.token_pooling import pool_tokens, without_repeats


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(1, 4))
@settings(deadline=None)
def test_each_run_of_each_text_becomes_its_mean(lengths: list[int], size: int) -> None:
    vectors = np.random.RandomState(0).standard_normal((sum(lengths), 5)).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(np.array(lengths, dtype=np.int64))]).astype(np.int64)
    pooled, found = pool_tokens(vectors, offsets, size)
    expected = [
        vectors[start : min(start + size, stop)].sum(axis=0)
        for first, stop in pairwise(offsets.tolist())
        for start in range(first, stop, size)
    ]
    assert found.tolist() == [0, *np.cumsum([-(-length // size) for length in lengths], dtype=int).tolist()]
    for vector, mean in zip(pooled, expected, strict=True):
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), rtol=1e-4, atol=1e-5)


@given(st.lists(st.lists(st.integers(0, 5), max_size=9), max_size=5))
@settings(deadline=None)
def test_a_repeated_vector_stays_once_a_text(texts: list[list[int]]) -> None:
    axes = np.eye(6, dtype=np.float16)
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts], dtype=np.int64)]).astype(np.int64)
    vectors = axes[[word for text in texts for word in text]].reshape(-1, 6)
    kept, found = without_repeats(vectors, offsets)
    for (start, stop), text in zip(pairwise(found.tolist()), texts, strict=True):
        assert kept[start:stop].argmax(axis=1).tolist() == list(dict.fromkeys(text))


def test_what_is_left_out_is_near_what_is_kept() -> None:
    random = np.random.RandomState(0)
    vectors = random.standard_normal((5, 8)).repeat(6, axis=0) + 0.2 * random.standard_normal((30, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kept, offsets = without_repeats(vectors, np.array([0, 0, 30]), 0.9)
    assert offsets.tolist() == [0, 0, len(kept)]
    assert len(kept) < 30
    assert len(without_repeats(vectors, np.array([0, 30]), 1.01)[0]) == 30
