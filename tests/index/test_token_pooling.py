"""Averaging adjacent token vectors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fallow_index.token_pooling import pool_tokens


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(1, 4))
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
