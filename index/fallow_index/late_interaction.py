"""Late interaction: MaxSim between the token vectors of a query and of each candidate.

Khattab and Zaharia 2020, "ColBERT", equation 3: the sum over query tokens of the best dot product with any
token of the paper. Here divided by the number of query tokens, so that scores of short and long queries
compare. Query tokens may carry weights (as in Formal, Piwowarski and Clinchant 2021, "A White Box Analysis of
ColBERT", rare words should count more); the mean is then a weighted one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import spans
from fallow_index.threads import one_blas_thread, pool
from fallow_index.token_codec import centroids_of
from fallow_index.token_store import TokenStore

Scores = NDArray[np.float32]

BLOCK_TOKENS = 2048
"""Paper tokens scored at a time: a block's decoded vectors then stay in the second-level cache."""


def max_sim(
    query: NDArray[np.floating],
    vectors: NDArray[np.floating],
    offsets: NDArray[np.int64],
    weights: NDArray[np.floating] | None = None,
) -> Scores:
    """Mean over query tokens of the best dot product with a token of each paper, float32 [papers].

    query: [m, d]; vectors: [tokens, d]; the tokens of paper i are offsets[i]:offsets[i + 1]; weights: [m],
    not negative, of the query's tokens, None for equal ones. A paper without tokens scores 0, as does
    everything for a query without tokens or without weight.
    """
    count = len(offsets) - 1
    scores = np.zeros(count, np.float32)
    filled = np.flatnonzero(np.diff(offsets))
    shares = shares_of(weights, len(query))
    if not shares.any() or not len(filled):
        return scores
    similarity = np.asarray(query, dtype=np.float32) @ np.asarray(vectors, dtype=np.float32).T
    best = np.maximum.reduceat(similarity, offsets[filled], axis=1)
    scores[filled] = shares @ best
    return scores


def shares_of(weights: NDArray[np.floating] | None, count: int) -> Scores:
    """What each of `count` query tokens contributes to the mean: weights brought to the sum 1, float32.

    Raises ValueError when there is not one weight, finite and not negative, for each token.

    >>> shares_of(np.array([3.0, 1.0]), 2).tolist()
    [0.75, 0.25]
    """
    if weights is None:
        return np.full(count, 1 / max(count, 1), np.float32)
    given = np.asarray(weights, dtype=np.float32)
    if given.shape != (count,) or not np.isfinite(given).all() or (given < 0).any():
        raise ValueError(f"weights {given.shape} must be finite, not negative and one for each of {count}")
    total = given.sum()
    return given / total if total > 0 else np.zeros(count, np.float32)


def score_rows(
    query: NDArray[np.floating],
    store: TokenStore,
    rows: NDArray[np.int64],
    weights: NDArray[np.floating] | None = None,
) -> Scores:
    """`max_sim` of a query (as the encoder gave it, [m, d]) with rows of a store, float32 [rows].

    weights: as `max_sim`. Exact over the decompressed vectors; memory is bounded by BLOCK_TOKENS and the
    longest paper.
    """
    scores = np.zeros(len(rows), np.float32)
    if not len(query) or not len(rows):
        return scores
    turned = store.quantiser.turn(query)

    def score(block: slice) -> None:
        some = rows[block]
        vectors = store.decode(some)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(store.lengths(some))])
        scores[block] = max_sim(turned, vectors, offsets, weights)

    with one_blas_thread():
        list(pool().map(score, _blocks(store.lengths(rows))))
    return scores


def score_by_centroids(near: Scores, shares: Scores, store: TokenStore, rows: NDArray[np.int64]) -> Scores:
    """MaxSim of rows with every token put at its centroid, float32 [rows]; nothing is decompressed.

    Centroid interaction (Santhanam, Khattab, Potts and Zaharia 2022, "PLAID", section 4.2).
    near: float32 [m, k], products of the query's tokens with the store's centroids; shares: as `shares_of`.
    """
    scores = np.zeros(len(rows), np.float32)
    lengths = store.lengths(rows)
    filled = np.flatnonzero(lengths)
    if not len(filled):
        return scores
    rows, ends = rows[filled], np.cumsum(lengths[filled])
    centroids = centroids_of(store.places[spans(store.offsets[rows], store.offsets[rows + 1])])
    total = np.zeros(len(rows), np.float32)
    for products, share in zip(near, shares, strict=True):
        total += share * np.maximum.reduceat(products[centroids], ends - lengths[filled])
    scores[filled] = total
    return scores


def _blocks(lengths: NDArray[np.int64]) -> list[slice]:
    """Consecutive papers whose tokens together stay below BLOCK_TOKENS; at least one paper each."""
    ends = np.cumsum(lengths)
    blocks = []
    start = 0
    while start < len(lengths):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + BLOCK_TOKENS, side="right")))
        blocks.append(slice(start, stop))
        start = stop
    return blocks
