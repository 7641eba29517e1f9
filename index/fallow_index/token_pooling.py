"""Fewer token vectors a paper: those that say nothing new are left out, or neighbours are averaged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

POOL = 1
"""Adjacent token vectors of a paper averaged into one; what changes it makes another vector space."""
REPEATED = 0.97
"""Cosine from which a token vector repeats an earlier one of its paper. Of abstracts one in ten does, full
stops and repeated words above all; MaxSim over the others is within .03 of what it was, by definition."""


def without_repeats(
    vectors: NDArray[np.floating], offsets: NDArray[np.int64], least: float = REPEATED
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Leave out every vector that is nearly an earlier one of the same text.

    vectors: [tokens, d] of length 1, those of text i at offsets[i]:offsets[i + 1]; least: the cosine from
    which two count as the same. Returns the vectors kept, in their order, and their offsets.

    >>> without_repeats(np.eye(2)[[0, 0, 1]], np.array([0, 3]))[1].tolist()
    [0, 2]
    """
    kept = np.ones(len(vectors), bool)
    for start, stop in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        text = np.asarray(vectors[start:stop], np.float32)
        kept[start:stop] = ~np.triu(text @ text.T >= least, 1).any(axis=0)
    counted = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])
    return vectors[kept], counted[offsets]


def pool_tokens(
    vectors: NDArray[np.floating], offsets: NDArray[np.int64], size: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Average runs of `size` vectors of each text and bring them back to length 1.

    Clavié, Chaffin and Adams 2024, "Reducing the Footprint of Multi-Vector Retrieval with Minimal Performance
    Impact via Token Pooling" (sequential pooling). vectors: [tokens, d], those of text i at
    offsets[i]:offsets[i + 1]; the last run of a text may be shorter. Returns vectors float32 [pooled, d] and
    their offsets.

    >>> pool_tokens(np.eye(3), np.array([0, 2, 3]), 2)[1].tolist()
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
