"""Joining what several retrievers say of the same candidates into one score.

Constants were chosen on the neurips dev protocol (docs/search.md). Standardised scores beat reciprocal rank
fusion there: ranks forget by how much a paper that shares the query's rare words stands out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

WEIGHTS: Mapping[str, float] = {
    "bm25": 1.0,
    "dense": 1.0,
    "late": 0.75,
    "feedback": 0.5,
    "facet": 1.0,
}
"""Of each retriever's standardised scores. The optimum is flat: 0.5 to 1 changes R@10 by under .01.

feedback: only long queries have it; on neurips dev 0.25 to 1 differ little. facet: only facet queries have
it (facets/search.py); .5 to 1.5 differ by under .01 on the dev queries of CSFCube.
"""

PRIORS: Mapping[str, float] = {"age": 2.0, "citations": 10.0, "passages": 10.0}
"""Of scores that are added as they are, in units of one standardised score: log-odds known beforehand.

age: chosen on core (concurrency.py), where 1.2 to 3.2 were found; 1.5 to 2 on neurips dev. citations: on core
(the papers that those of 2020-21 cite; flat from 8 to 14). Standardised they would drown the rest: most
candidates are nobody's neighbour. passages: so that a passage that holds nearly all of a query outweighs the
best abstract that does not.
"""


def ranks(scores: Scores) -> NDArray[np.int64]:
    """Rank of each candidate, from 1; equal scores keep their order."""
    order = np.argsort(-scores, kind="stable")
    places = np.empty(len(scores), np.int64)
    places[order] = np.arange(1, len(scores) + 1)
    return places


def standardised(scores: Scores) -> Scores:
    """Scores with mean 0 and variance 1 over the candidates (z-scores); 0 where all are equal."""
    spread = float(scores.std())
    if spread < 1e-9:
        return np.zeros_like(scores)
    return np.asarray((scores - scores.mean()) / np.float32(spread), dtype=np.float32)


def score_fusion(scores: Mapping[str, Scores]) -> Scores:
    """Weighted sum of z-scores (CombSUM, Fox and Shaw 1994) and of priors, float32 [candidates]."""
    fused = np.zeros(len(next(iter(scores.values()))), np.float32)
    for name, values in scores.items():
        if name in PRIORS:
            fused += np.float32(PRIORS[name]) * values
        else:
            fused += np.float32(WEIGHTS[name]) * standardised(values)
    return fused
