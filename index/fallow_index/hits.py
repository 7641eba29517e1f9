"""What a search gives back: papers, and what each retriever said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallow_index.fusion import ranks


@dataclass(frozen=True, slots=True)
class Signal:
    """What one retriever said of a hit.

    rank: from 1 among the candidates, exact for as many as the retriever nominated. score: BM25, cosine, mean
    MaxSim, or whatever the retriever of that name measures; higher is better. why: what it rests on, in
    words, where the search was asked to explain.
    """

    rank: int
    score: float
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper found. score: higher is better, comparable within one search only.

    signals: retriever -> what it said, for every retriever that was asked.
    """

    number: int
    score: float
    signals: Mapping[str, Signal]


def best_hits(
    numbers: NDArray[np.int64],
    fused: NDArray[np.float32],
    scores: Mapping[str, NDArray[np.float32]],
    k: int,
) -> list[Hit]:
    """The k best candidates as hits. numbers, fused and each of scores: [candidates]."""
    places = {name: ranks(values) for name, values in scores.items()}
    # Equal scores go by paper number, so that the answer does not depend on how the index was built.
    order = np.lexsort((numbers, -fused))[:k]
    return [
        Hit(
            int(numbers[at]),
            float(fused[at]),
            {name: Signal(int(places[name][at]), float(scores[name][at])) for name in scores},
        )
        for at in order.tolist()
    ]
