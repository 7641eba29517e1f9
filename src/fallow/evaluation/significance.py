"""How far a mean over queries can be trusted, and whether two modes differ by more than chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEVEL = 0.95
RESAMPLES = 2000
ROUNDS = 10_000
_SEED = 20_261_120
_BLOCK = 1 << 22
"""Random numbers drawn at a time; bounds the memory of collections with many queries."""


def bootstrap_interval(values: Sequence[float], *, level: float = LEVEL) -> tuple[float, float]:
    """Interval of the mean over queries: percentiles of resampled means (Efron 1979, "Bootstrap methods").

    values: one a query, at least one. The same values give the same interval.

    >>> bootstrap_interval([0.5, 0.5])
    (0.5, 0.5)
    """
    array = np.asarray(values, dtype=np.float64)
    random = np.random.RandomState(_SEED)
    means: list[float] = []
    block = max(1, _BLOCK // len(array))
    while len(means) < RESAMPLES:
        chosen = random.randint(len(array), size=(min(block, RESAMPLES - len(means)), len(array)))
        means.extend(array[chosen].mean(axis=1).tolist())
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def randomisation_test(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p of a difference at least this large when each query's pair is swapped by a coin.

    Fisher's paired randomisation test, as Smucker, Allan and Carterette (2007, "A comparison of statistical
    significance tests for information retrieval evaluation") recommend it; p is at least 1 / (ROUNDS + 1).
    Raises ValueError when the two are of different lengths.

    >>> randomisation_test([0.2, 0.4], [0.2, 0.4])
    1.0
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} values are no pairs")
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    observed = abs(float(differences.mean()))
    random = np.random.RandomState(_SEED)
    block = max(1, _BLOCK // len(differences))
    as_large = done = 0
    while done < ROUNDS:
        rounds = min(block, ROUNDS - done)
        signs = random.randint(2, size=(rounds, len(differences))) * 2 - 1
        means = np.abs((signs * differences).mean(axis=1))
        # Sums in another order differ in the last digits; equal must count as equal.
        as_large += int(np.count_nonzero(means >= observed - 1e-12))
        done += rounds
    return (as_large + 1) / (ROUNDS + 1)
