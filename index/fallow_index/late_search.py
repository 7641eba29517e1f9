"""Late interaction over a whole index, in the stages of PLAID: lists, centroids, decompressed vectors.

Santhanam, Khattab, Potts and Zaharia 2022, "PLAID: An Efficient Engine for Late Interaction Retrieval".
Candidates are the papers in the lists nearest to the query's tokens (token_lists.py). However they were
found, candidates are first scored with every token put at its centroid, and only the best of them from
their decompressed vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fallow_index.late_interaction import score_by_centroids, score_rows, shares_of
from fallow_index.query import Query
from fallow_index.token_lists import PROBES
from fallow_index.token_pooling import pool_tokens
from fallow_index.token_store import TokenStore

Slots = NDArray[np.int64]
Scores = NDArray[np.float32]
_Score = Callable[[TokenStore, Slots], Scores]

EXACT = 128
"""Candidates that are scored from their decompressed vectors, at least."""
COARSE_TOKENS = 32
"""Vectors of a query in the stages before: longer ones are averaged in runs."""
EXACT_LONG = 1000
"""The same for queries longer than that, whose coarse scores say too little: with 128 a whole abstract as
query has R@100 .676 instead of .801 on neurips dev."""


class LateAnswer:
    """What late interaction makes of one query.

    stores: of each segment; bases[i]: the first slot of segment i; allowed: bool [slots].
    """

    def __init__(
        self,
        stores: Sequence[TokenStore],
        bases: Slots,
        query: Query,
        allowed: NDArray[np.bool_],
        *,
        exact: int | None = None,
        probes: int = PROBES,
    ) -> None:
        self._stores = stores
        self._bases = bases
        self._query = query
        self._allowed = allowed
        fitting = EXACT if len(query.tokens) <= COARSE_TOKENS else EXACT_LONG
        self._exact = fitting if exact is None else exact
        self._probes = probes
        self._coarse, self._shares = coarse_query(query.tokens, query.weights)
        self._near: dict[str, Scores] = {}

    def nominate(self, depth: int) -> Slots:
        """Slots of about the best `depth` allowed papers, in any order."""
        self._exact = max(self._exact, depth if depth > 2 * self._exact else 0)
        if not self._shares.any():
            return np.empty(0, np.int64)
        about = np.concatenate(
            [np.empty(0, np.float32)]
            + [s.lists.approximate(self._products(s), self._shares, self._probes) for s in self._stores]
        )
        slots = np.flatnonzero(self._allowed)
        if len(slots) > depth:
            slots = slots[np.argpartition(-about[slots], depth)[:depth]]
        return slots

    def scores(self, slots: Slots) -> Scores:
        """Mean MaxSim of each of `slots`, float32 [slots].

        From decompressed vectors for the best; the others have what their centroids say, brought to the same
        mean and never above the least of the best.
        """
        if len(slots) <= self._exact:
            return self._scored(slots, self._score)
        about = self._scored(slots, self._score_by_centroids)
        best = np.argpartition(-about, self._exact)[: self._exact]
        scored = self._scored(slots[best], self._score)
        scores = np.minimum(about + (scored - about[best]).mean(), scored.min())
        scores[best] = scored
        return np.asarray(scores, np.float32)

    def _scored(self, slots: Slots, score: _Score) -> Scores:
        scores = np.zeros(len(slots), np.float32)
        owner = np.searchsorted(self._bases, slots, side="right") - 1
        for at in np.unique(owner):
            mine = np.flatnonzero(owner == at)
            scores[mine] = score(self._stores[at], slots[mine] - self._bases[at])
        return scores

    def _score(self, store: TokenStore, rows: Slots) -> Scores:
        return score_rows(self._query.tokens, store, rows, self._query.weights)

    def _score_by_centroids(self, store: TokenStore, rows: Slots) -> Scores:
        return score_by_centroids(self._products(store), self._shares, store, rows)

    def _products(self, store: TokenStore) -> Scores:
        """Products of the coarse query with a store's centroids, [m, k]; segments often share them."""
        quantiser = store.quantiser
        near = self._near.get(quantiser.digest)
        if near is None:
            near = self._near[quantiser.digest] = quantiser.turn(self._coarse) @ quantiser.columns.T
        return near


def coarse_query(
    tokens: NDArray[np.floating], weights: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], Scores]:
    """At most COARSE_TOKENS vectors for a query's tokens [m, d], and what each counts."""
    size = max(1, -(-len(tokens) // COARSE_TOKENS))
    shares = shares_of(weights, len(tokens))
    # Weighted before they are averaged: what counts most in a run gives it its direction.
    coarse, _ = pool_tokens(tokens * shares[:, np.newaxis], np.array([0, len(tokens)]), size)
    starts = np.arange(0, len(tokens), size)
    return coarse, np.add.reduceat(shares, starts) if len(starts) else shares
