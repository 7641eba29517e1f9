"""The inverted file of token vectors: which papers have a token near each centroid, and candidates from it.

Khattab and Zaharia 2020, "ColBERT", section 3.6 (an IVF over token vectors as the first stage), in the form
that Santhanam, Khattab, Potts and Zaharia 2022, "PLAID", gave it: lists of papers instead of tokens. A paper
in none of the lists read for a query token is given the score of the best centroid that was not read, as in
Scheerer, Zaharia, Potts, Alonso and Khattab 2025, "WARP".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import REBUILD, FileSum, map_array, save_array
from fallow_ingest.errors import IndexDamaged

LIST_ROWS_FILE = "token_list_rows.npy"
LIST_OFFSETS_FILE = "token_list_offsets.npy"
BLOCK = 1 << 16
"""Papers that share a set of lists: a row within a block takes two bytes."""
PROBES = 4
"""Lists read for each query token."""

Offsets = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TokenLists:
    """rows: uint16 [entries], papers within their block, ascending in a list; offsets: int64
    [blocks * centroids + 1], where the list of each centroid of each block begins.
    """

    rows: NDArray[np.uint16]
    offsets: Offsets
    papers: int
    centroids: int

    @classmethod
    def open(cls, folder: Path, papers: int, centroids: int) -> TokenLists:
        """Map the two files of a segment. Raises IndexDamaged when they do not fit together."""
        rows = map_array(folder / LIST_ROWS_FILE, np.uint16)
        offsets = map_array(folder / LIST_OFFSETS_FILE, np.int64)
        if len(offsets) != _blocks(papers) * centroids + 1 or offsets[0] != 0 or offsets[-1] != len(rows):
            raise IndexDamaged(f"{folder / LIST_OFFSETS_FILE} does not fit the lists beside it", REBUILD)
        return cls(rows, offsets, papers, centroids)

    @classmethod
    def of(cls, ids: NDArray[np.intp], offsets: Offsets, centroids: int) -> TokenLists:
        """The lists of papers whose tokens offsets[i]:offsets[i + 1] have these centroids."""
        rows, counts = [np.empty(0, np.uint16)], [np.zeros(1, np.int64)]
        papers = len(offsets) - 1
        for first in range(0, papers, BLOCK):
            last = min(first + BLOCK, papers)
            owner = np.repeat(np.arange(last - first, dtype=np.uint32), np.diff(offsets[first : last + 1]))
            near = np.asarray(ids[offsets[first] : offsets[last]], np.uint32)
            near, owner = np.divmod(np.unique(near * np.uint32(BLOCK) + owner), np.uint32(BLOCK))
            rows.append(owner.astype(np.uint16))
            counts.append(np.bincount(near, minlength=centroids))
        return cls(np.concatenate(rows), np.cumsum(np.concatenate(counts)), papers, centroids)

    def write(self, folder: Path) -> dict[str, FileSum]:
        """Write the two files; returns their checksums."""
        return {
            LIST_ROWS_FILE: save_array(folder / LIST_ROWS_FILE, self.rows),
            LIST_OFFSETS_FILE: save_array(folder / LIST_OFFSETS_FILE, self.offsets),
        }

    def of_centroid(self, centroid: int) -> Offsets:
        """The papers of one list, ascending."""
        parts = [np.empty(0, np.int64)]
        for block in range(_blocks(self.papers)):
            at = block * self.centroids + centroid
            found = self.rows[self.offsets[at] : self.offsets[at + 1]].astype(np.int64)
            parts.append(found + block * BLOCK)
        return np.concatenate(parts)

    def approximate(self, near: Scores, shares: Scores, probes: int = PROBES) -> Scores:
        """About the MaxSim of every paper, from the nearest `probes` lists of each query token alone.

        near: float32 [m, k], products of the query's tokens with the centroids; shares: [m], what each token
        counts. Returns float32 [papers], comparable between segments of one set of centroids.
        """
        total = np.zeros(self.papers, np.float32)
        gained = np.empty(self.papers, np.float32)
        probes = min(probes, self.centroids)
        best = np.argpartition(-near, min(probes, self.centroids - 1), axis=1)[:, : probes + 1]
        for products, chosen, share in zip(near, best, shares.tolist(), strict=True):
            chosen = chosen[np.argsort(products[chosen])]
            floor = products[chosen[0]] if len(chosen) > probes else np.float32(0)
            lists = [self.of_centroid(centroid) for centroid in chosen[-probes:].tolist()]
            rows = np.concatenate(lists)
            gains = share * (products[chosen[-probes:]] - floor)
            # Lists come in ascending order of their score: what stays of a paper in several is the best.
            gained[rows] = np.repeat(gains, [len(found) for found in lists])
            # A paper that comes twice is added to once: both read the total before either writes it.
            total[rows] += gained[rows]
            total += share * floor
        return total


def _blocks(papers: int) -> int:
    return -(-papers // BLOCK)
