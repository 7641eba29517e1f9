"""Libraries whose structure is known because it was planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp


def block_graph(
    sizes: list[int], *, inside: float, outside: float, seed: int = 0, years: Any = None
) -> tuple[Any, Any]:
    """(references CSR bool [n, n], community int [n]) of a stochastic block model; rows cite earlier rows
    only."""
    rng = np.random.default_rng(seed)
    community = np.repeat(np.arange(len(sizes)), sizes)
    community = community[rng.permutation(community.size)]
    n = community.size
    same = community[:, None] == community[None, :]
    draw = rng.random((n, n)) < np.where(same, inside, outside)
    draw &= np.arange(n)[:, None] > np.arange(n)[None, :]
    if years is not None:
        draw &= np.asarray(years)[:, None] >= np.asarray(years)[None, :]
    return sp.csr_matrix(draw), community


def block_vectors(community: Any, *, noise: float = 0.6, dimension: int = 24, seed: int = 0) -> Any:
    """Unit vectors around one random centre a community: float32 [n, dimension]."""
    rng = np.random.default_rng(seed + 1)
    centres = rng.normal(size=(int(community.max()) + 1, dimension))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    vectors = centres[community] + noise * rng.normal(size=(community.size, dimension)) / np.sqrt(dimension)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def agreement(a: Any, b: Any) -> float:
    """Adjusted Rand index of two labelings (Hubert & Arabie 1985)."""
    table = sp.csr_matrix((np.ones(len(a)), (a, b)))

    def pairs(x: Any) -> float:
        return float((x * (x - 1) / 2).sum())

    both = pairs(np.asarray(table.tocsr().data))
    left, right = pairs(np.bincount(a).astype(float)), pairs(np.bincount(b).astype(float))
    chance = left * right / (len(a) * (len(a) - 1) / 2)
    return (both - chance) / ((left + right) / 2 - chance)
