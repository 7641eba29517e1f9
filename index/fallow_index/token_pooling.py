"""Fewer token vectors a paper: neighbours in the text are averaged.

Clavié, Chaffin and Adams 2024, "Reducing the Footprint of Multi-Vector Retrieval with Minimal Performance
Impact via Token Pooling" (sequential pooling). docs/search.md has what it costs here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

POOL = 2
"""Adjacent token vectors averaged into one: half the bytes, and half the work of every MaxSim."""


def pool_tokens(
    vectors: NDArray[np.floating], offsets: NDArray[np.int64], size: int = POOL
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Average runs of `size` vectors of each text and bring them back to length 1.

    vectors: [tokens, d], those of text i at offsets[i]:offsets[i + 1]; the last run of a text may be shorter.
    Returns vectors float32 [pooled, d] and their offsets.

    >>> pool_tokens(np.eye(3), np.array([0, 2, 3]))[1].tolist()
    [0, 1, 2]
    """
    lengths = np.diff(offsets)
    pooled_lengths = -(-lengths // size)
    pooled = np.concatenate([np.zeros(1, np.int64), np.cumsum(pooled_lengths)])
    if not pooled[-1]:
        return np.empty((0, vectors.shape[1]), np.float32), pooled
    within = np.arange(pooled[-1]) - np.repeat(pooled[:-1], pooled_lengths)
    starts = np.repeat(offsets[:-1], pooled_lengths) + size * within
    summed = np.add.reduceat(np.asarray(vectors, dtype=np.float32), starts, axis=0)
    norms = np.linalg.norm(summed, axis=1, keepdims=True)
    return summed / np.maximum(norms, np.float32(1e-9)), pooled
