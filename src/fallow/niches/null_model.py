"""What citations would look like if subfields meant nothing: null models that keep degrees and years.

Reference lists in open corpora are incomplete, and how incomplete depends on the year and on the venue.
Comparing a paper only with papers of its own year and direction takes most of that out: a year whose
references were kept back is poor for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Expectation:
    """Observed sum, expectation and variance under the null for each group; float [groups]."""

    observed: Floats
    expected: Floats
    variance: Floats


def _expectation(observed: Any, expected: Any, variance: Any) -> Expectation:
    return Expectation(*(np.asarray(part, dtype=np.float64) for part in (observed, expected, variance)))


def shuffled_within_strata(values: Any, group: Ints, stratum: Ints, groups: int) -> Expectation:
    """Sums of `values` per group when papers are dealt anew to the groups inside each stratum.

    values: float [n]; group: int [n], -1 takes no part; stratum: int [n], e.g. direction x year. The moments
    are those of sampling without replacement (Cochran 1977, ch. 2): degrees stay with their papers and papers
    with their years, only membership is random. No swap has to be simulated.
    """
    values = np.asarray(values, dtype=np.float64)
    rows = np.flatnonzero(group >= 0)
    observed = np.bincount(group[rows], weights=values[rows], minlength=groups)
    _, layer = np.unique(stratum[rows], return_inverse=True)
    size = np.bincount(layer).astype(np.float64)
    mean = np.bincount(layer, weights=values[rows]) / size
    square = np.bincount(layer, weights=values[rows] ** 2) / size
    variance = np.maximum(square - mean**2, 0.0) * size / np.maximum(size - 1.0, 1.0)
    cell = group[rows] * size.size + layer
    cells, taken = np.unique(cell, return_counts=True)
    which, layers = cells // size.size, cells % size.size
    expected = np.bincount(which, weights=taken * mean[layers], minlength=groups)
    rest = 1.0 - taken / size[layers]
    spread = np.bincount(which, weights=taken * variance[layers] * rest, minlength=groups)
    return _expectation(observed, expected, spread)


def expected_inside(citing: Ints, cited: Ints, stratum: Ints, group: Ints, groups: int) -> Expectation:
    """Citations inside each group, against a configuration model inside strata of citing and cited year.

    citing, cited: int [m], ends of each citation; stratum: int [m], e.g. citing year x cited year; group: int
    [n]. A citation keeps its stratum, each paper its number of references and citations in it: expected = sum
    over strata of references made x citations received / citations in the stratum (Chung & Lu 2002, per
    stratum). The variance is that of a Poisson count.
    """
    _, layer = np.unique(stratum, return_inverse=True)
    layers = int(layer.max(initial=-1)) + 1
    out, into = group[citing], group[cited]
    inside = np.bincount(out[(out == into) & (out >= 0)], minlength=groups).astype(np.float64)
    total = np.bincount(layer, minlength=layers).astype(np.float64)
    made = _cells(out, layer, layers)
    received = _cells(into, layer, layers)
    shared = np.intersect1d(made[0], received[0], assume_unique=True)
    product = (
        made[1][np.searchsorted(made[0], shared)]
        * received[1][np.searchsorted(received[0], shared)]
        / total[shared % max(layers, 1)]
    )
    expected = np.bincount(shared // max(layers, 1), weights=product, minlength=groups)
    return _expectation(inside, expected, expected)


def _cells(group: Ints, layer: Ints, layers: int) -> tuple[Ints, Floats]:
    kept = group >= 0
    cells, counts = np.unique(group[kept] * max(layers, 1) + layer[kept], return_counts=True)
    return cells.astype(np.int64), counts.astype(np.float64)
