"""Token vectors as the nearest of a few thousand centroids and a residual of about three bits a component.

After Santhanam, Khattab et al. 2022, "ColBERTv2" (residual compression). Three things are done otherwise. The
residual is turned to its principal axes, which are of different use, and bits go where the variance is: the
first components have 16 levels, the others 8, 8 and 4 in turn (reverse water-filling, Cover and Thomas 2006,
section 10.3.3). The levels are those that are best for a normal distribution (Max 1960, "Quantizing for
minimum distortion"), scaled to each axis; some tokens lie much nearer to their centroid than others, so each
has a gain of its own as well (shape and gain, Gersho and Gray 1992, section 12.10). Decoded vectors are
brought to length 1, as those of the encoder are.

Two bytes hold the centroid (12 bits) and the gain (4 bits). Each further byte holds two components of 16
levels or three of 8, 8 and 4; decoding is one look-up a byte. Decoded vectors lie in a space of their own:
turned, each axis divided by its scale, and four columns for a byte of three. `TokenQuantiser.turn` brings
queries there, where dot products are those of the original vectors.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from fallow_index.threads import usable_cores

Vectors = NDArray[np.float32]
Codes = NDArray[np.uint8]
Places = NDArray[np.uint16]
"""Centroid and gain of each vector."""

CENTROID_BITS = 12
MOST_CENTROIDS = 1 << CENTROID_BITS
MOST_BYTES = 48
"""Of the residual of vectors of up to 144 components: 4 bits each up to 96, 3 bits at 128."""
GAINS: Vectors = np.geomspace(0.35, 2.6, 1 << (16 - CENTROID_BITS)).astype(np.float32)
"""Length of a residual relative to the usual one: 99.8% lie between .4 and 2.2 (measured on abstracts)."""
TOKENS_A_CENTROID = 32
"""Vectors there must be for each centroid: fewer would be learnt by heart."""
OUTGROWN = 4
"""A quantiser is trained anew where so many times its centroids could be had."""
_SAMPLED_A_CENTROID = 48
_ITERATIONS = 5
_SEED = 20_261_120
_THREADS = 2
_WORTH_A_THREAD = 1 << 28
"""Products below which a second thread costs more than it saves."""
_BLOCK = 1 << 14
"""Vectors encoded at a time: bounds the copies to a few megabytes."""

# Max (1960), table 1: the positive output levels for a normal distribution of variance 1, N = 4, 8 and 16.
_HALVES = {
    4: (0.4528, 1.510),
    8: (0.2451, 0.7560, 1.344, 2.152),
    16: (0.1284, 0.3881, 0.6568, 0.9424, 1.2562, 1.6181, 2.0690, 2.7326),
}
LEVELS = {
    count: np.array([*(-level for level in reversed(half)), *half], np.float32)
    for count, half in _HALVES.items()
}
_BYTE = np.arange(256)
_DECODED_AT_ONCE = 512
_PAIRS: Vectors = np.stack([LEVELS[16][_BYTE & 15], LEVELS[16][_BYTE >> 4]], axis=1)
_TRIPLES: Vectors = np.stack(
    [LEVELS[8][_BYTE & 7], LEVELS[8][_BYTE >> 3 & 7], LEVELS[4][_BYTE >> 6], np.zeros(256, np.float32)],
    axis=1,
)


@dataclass(frozen=True)
class Layout:
    """Which byte holds which components of a vector: `pairs` bytes of two, then `triples` bytes of three."""

    pairs: int
    triples: int

    @classmethod
    def of(cls, dimension: int) -> Layout:
        """As many components in pairs as MOST_BYTES allow, the rest in triples."""
        pairs = min(max(0, 3 * MOST_BYTES - dimension), -(-dimension // 2))
        return cls(pairs, max(0, -(-(dimension - 2 * pairs) // 3)))

    @property
    def width(self) -> int:
        """Bytes of one vector."""
        return self.pairs + self.triples

    @property
    def columns(self) -> int:
        """Length of a decoded vector."""
        return 2 * self.pairs + 4 * self.triples

    def places(self, dimension: int) -> NDArray[np.int64]:
        """The column of each component, int64 [dimension]."""
        triples = np.arange(4 * self.triples).reshape(-1, 4)[:, :3].ravel()
        return np.concatenate([np.arange(2 * self.pairs), 2 * self.pairs + triples])[:dimension]


def code_width(dimension: int) -> int:
    """Bytes of the residual of one vector; its centroid takes two more."""
    return Layout.of(dimension).width


@dataclass(frozen=True, eq=False)
class TokenQuantiser:
    """How token vectors [n, d] become codes, and back.

    basis: float32 [d, d], orthonormal, an axis a column. scales: float32 [d], the deviation of residuals
    along each axis. centroids: float32 [k, d], turned and divided by the scales.
    """

    basis: Vectors
    scales: Vectors
    centroids: Vectors

    def __len__(self) -> int:
        return len(self.centroids)

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return len(self.scales)

    @cached_property
    def layout(self) -> Layout:
        """Which byte holds what."""
        return Layout.of(self.dimension)

    @cached_property
    def digest(self) -> str:
        """Equal for equal quantisers only."""
        return hashlib.sha256(self.as_rows().tobytes()).hexdigest()

    @classmethod
    def trained(cls, vectors: NDArray[np.floating]) -> TokenQuantiser:
        """A quantiser for vectors like these [n, d]. Deterministic on one machine: the seed is fixed."""
        count, dimension = vectors.shape
        wanted = centroids_for(count)
        if not count:
            scales = np.full(dimension, 1 / np.sqrt(dimension), np.float32)
            return cls(np.eye(dimension, dtype=np.float32), scales, np.zeros((1, dimension), np.float32))
        some = min(count, wanted * _SAMPLED_A_CENTROID)
        rows = np.sort(np.random.RandomState(_SEED).choice(count, some, replace=False))
        sample = np.ascontiguousarray(vectors[rows], np.float32)
        centroids = _k_means(sample, wanted)
        residuals = sample - centroids[_nearest(centroids).search(sample, 1)[1][:, 0]]
        _, axes = np.linalg.eigh(residuals.T.astype(np.float64) @ residuals)
        basis = np.ascontiguousarray(axes[:, ::-1], np.float32)
        scales = np.maximum((residuals @ basis).std(axis=0), np.float32(1e-4))
        return cls(basis, scales, (centroids @ basis) / scales)

    @classmethod
    def from_rows(cls, rows: Vectors) -> TokenQuantiser:
        """The inverse of `as_rows`. Raises ValueError when they are none."""
        dimension = rows.shape[1]
        centroids = rows[dimension + 1 :]
        if not 0 < len(centroids) <= MOST_CENTROIDS or not (rows[dimension] > 0).all():
            raise ValueError("rows of no quantiser")
        return cls(rows[:dimension], rows[dimension], centroids)

    def as_rows(self) -> Vectors:
        """Basis, scales and centroids, float32 [d + 1 + k, d]: what is stored."""
        return np.concatenate([self.basis, self.scales[np.newaxis], self.centroids])

    def encode(self, vectors: NDArray[np.floating]) -> tuple[Places, Codes]:
        """Places uint16 [n] and codes uint8 [n, code_width(d)] of vectors [n, d]."""
        nearest = _nearest((self.centroids * self.scales) @ self.basis.T)
        faiss.omp_set_num_threads(_threads(len(vectors) * len(self)))
        bounds = np.sqrt(GAINS[1:] * GAINS[:-1])
        places = np.empty(len(vectors), np.uint16)
        codes = np.empty((len(vectors), self.layout.width), np.uint8)
        for start in range(0, len(vectors), _BLOCK):
            block = np.ascontiguousarray(vectors[start : start + _BLOCK], np.float32)
            chosen = nearest.search(block, 1)[1][:, 0]
            residuals = (block @ self.basis) / self.scales - self.centroids[chosen]
            gains = np.searchsorted(bounds, np.sqrt(np.square(residuals).mean(axis=1)))
            places[start : start + _BLOCK] = chosen | gains << CENTROID_BITS
            codes[start : start + _BLOCK] = self._pack(residuals / GAINS[gains, np.newaxis])
        return places, codes

    def _pack(self, residuals: Vectors) -> Codes:
        """Bytes of scaled residuals."""
        paired, layout = 2 * self.layout.pairs, self.layout
        fine = _level(residuals[:, :paired], 16)
        fine = np.pad(fine, ((0, 0), (0, paired - fine.shape[1])))
        rest = np.zeros((len(residuals), 3 * layout.triples), np.float32)
        rest[:, : max(0, self.dimension - paired)] = residuals[:, paired:]
        first, second, third = (_level(rest[:, at::3], count) for at, count in enumerate((8, 8, 4)))
        return np.concatenate([fine[:, 0::2] | fine[:, 1::2] << 4, first | second << 3 | third << 6], axis=1)

    def decode(self, places: Places, codes: Codes) -> Vectors:
        """Vectors of length 1, float32 [n, columns], in the space that `turn` brings queries to."""
        vectors = np.empty((len(codes), self.layout.columns), np.float32)
        other = np.empty((min(len(codes), _DECODED_AT_ONCE), self.layout.columns), np.float32)
        for start in range(0, len(codes), _DECODED_AT_ONCE):
            some = slice(start, start + _DECODED_AT_ONCE)
            self._decode(places[some], codes[some], vectors[some], other[: len(codes[some])])
        return vectors

    def _decode(self, places: Places, codes: Codes, vectors: Vectors, other: Vectors) -> None:
        """Into `vectors`; `other` is overwritten. Both stay in the second-level cache."""
        pairs, paired = self.layout.pairs, 2 * self.layout.pairs
        # One look-up gives all components of a byte: 8 or 16 bytes are two or four float32 side by side.
        # mode="clip" cannot clip a byte; it only spares NumPy a copy made for the sake of errors.
        two = np.take(_PAIRS.view(np.float64).ravel(), codes[:, :pairs], mode="clip")
        four = np.take(_TRIPLES.view(np.complex128).ravel(), codes[:, pairs:], mode="clip")
        vectors[:, :paired] = two.view(np.float32)
        vectors[:, paired:] = four.view(np.float32)
        vectors *= GAINS[places >> CENTROID_BITS, np.newaxis]
        vectors += np.take(self.columns, centroids_of(places), axis=0, out=other, mode="clip")
        squared = np.multiply(vectors, vectors, out=other) @ self._metric
        vectors *= (1 / np.sqrt(np.maximum(squared, np.float32(1e-12))))[:, np.newaxis]

    @cached_property
    def _metric(self) -> Vectors:
        """What the square of each column adds to the squared length, float32 [columns]."""
        metric: Vectors = self._spread(np.square(self.scales)[np.newaxis])[0]
        return metric

    @cached_property
    def columns(self) -> Vectors:
        """The centroids as decoded vectors, float32 [k, columns]."""
        return self._spread(self.centroids)

    def turn(self, queries: NDArray[np.floating]) -> Vectors:
        """Queries [m, d] where their dot products with decoded vectors are those with the originals."""
        return self._spread((np.asarray(queries, np.float32) @ self.basis) * self.scales)

    def restore(self, decoded: Vectors) -> Vectors:
        """Decoded vectors as the encoder made them, float32 [n, d]."""
        turned = decoded[:, self.layout.places(self.dimension)] * self.scales
        return np.asarray(turned @ self.basis.T, np.float32)

    def _spread(self, vectors: Vectors) -> Vectors:
        spread = np.zeros((len(vectors), self.layout.columns), np.float32)
        spread[:, self.layout.places(self.dimension)] = vectors
        return spread


def centroids_of(places: Places) -> NDArray[np.intp]:
    """The centroid of each place."""
    return (places & np.uint16(MOST_CENTROIDS - 1)).astype(np.intp)


def centroids_for(count: int) -> int:
    """How many centroids so many vectors train: a power of two."""
    return min(MOST_CENTROIDS, 1 << max(0, (count // TOKENS_A_CENTROID).bit_length() - 1))


def _level(values: Vectors, count: int) -> Codes:
    """The nearest of `count` levels for each value."""
    levels = LEVELS[count]
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, values).astype(np.uint8)


def _k_means(vectors: Vectors, count: int) -> Vectors:
    faiss.omp_set_num_threads(_threads(len(vectors) * count))
    means = faiss.Clustering(vectors.shape[1], count)
    means.niter, means.seed = _ITERATIONS, _SEED
    means.min_points_per_centroid, means.max_points_per_centroid = 1, _SAMPLED_A_CENTROID
    # The index holds the centroids when training ends. faiss.Kmeans would read them as a C++ vector, a type
    # that the bindings of PyMuPDF claim for themselves where they are loaded first.
    index = faiss.IndexFlatL2(vectors.shape[1])
    means.train(vectors, index)
    return np.asarray(index.reconstruct_n(0, count), np.float32)


def _threads(products: int) -> int:
    return min(_THREADS, usable_cores()) if products > _WORTH_A_THREAD else 1


def _nearest(centroids: NDArray[np.floating]) -> Any:
    """An index that finds the nearest centroid."""
    index = faiss.IndexFlatL2(centroids.shape[1])
    index.add(np.ascontiguousarray(centroids, np.float32))
    return index
