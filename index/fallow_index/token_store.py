"""Compressed token vectors of one segment: places and codes end to end, where each paper's begin, the
quantiser that made them, and the lists of papers near each centroid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import REBUILD, ArrayWriter, FileSum, map_array, save_array, spans
from fallow_index.token_codec import (
    OUTGROWN,
    Codes,
    Places,
    TokenQuantiser,
    Vectors,
    centroids_for,
    centroids_of,
    code_width,
)
from fallow_index.token_lists import TokenLists
from fallow_ingest.errors import IndexDamaged

CODES_FILE = "token_codes.npy"
PLACES_FILE = "token_places.npy"
OFFSETS_FILE = "token_offsets.npy"
QUANTISER_FILE = "token_quantiser.npy"
_COPY_BLOCK = 1 << 18

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TokenStore:
    """The token vectors of papers 0..n-1.

    places: uint16 [tokens] and codes: uint8 [tokens, code_width(dimension)] as in token_codec; offsets: int64
    [n + 1].
    """

    quantiser: TokenQuantiser
    places: Places
    codes: Codes
    offsets: Rows
    lists: TokenLists

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def open(cls, folder: Path, rows: int, dimension: int) -> TokenStore:
        """Map the files of a segment. Raises IndexDamaged when they do not fit together."""
        quantiser = _read_quantiser(folder, dimension)
        places = map_array(folder / PLACES_FILE, np.uint16)
        codes = map_array(folder / CODES_FILE, np.uint8, (code_width(dimension),))
        offsets = map_array(folder / OFFSETS_FILE, np.int64)
        if len(offsets) != rows + 1 or offsets[0] != 0 or not offsets[-1] == len(codes) == len(places):
            raise IndexDamaged(f"{folder / OFFSETS_FILE} does not fit the codes beside it", REBUILD)
        return cls(quantiser, places, codes, offsets, TokenLists.open(folder, rows, len(quantiser)))

    @classmethod
    def of(
        cls, vectors: NDArray[np.floating], offsets: Rows, known: Sequence[TokenQuantiser] = ()
    ) -> TokenStore:
        """The store of papers whose token vectors [tokens, d] are offsets[i]:offsets[i + 1].

        known: quantisers of the same encoder's vectors; the one of most centroids is used, so that segments
        merge without loss, unless these vectors could train OUTGROWN times as many.
        """
        quantiser = max(known, key=len, default=None)
        if quantiser is None or centroids_for(len(vectors)) >= OUTGROWN * len(quantiser):
            quantiser = TokenQuantiser.trained(vectors)
        places, codes = quantiser.encode(vectors)
        return cls(
            quantiser, places, codes, offsets, TokenLists.of(centroids_of(places), offsets, len(quantiser))
        )

    def write(self, folder: Path) -> dict[str, FileSum]:
        """Write the files of the store; returns their checksums."""
        return {
            QUANTISER_FILE: save_array(folder / QUANTISER_FILE, self.quantiser.as_rows()),
            PLACES_FILE: save_array(folder / PLACES_FILE, self.places),
            CODES_FILE: save_array(folder / CODES_FILE, self.codes),
            OFFSETS_FILE: save_array(folder / OFFSETS_FILE, self.offsets),
            **self.lists.write(folder),
        }

    def lengths(self, rows: Rows) -> Rows:
        """How many token vectors each of `rows` has."""
        return np.asarray(self.offsets[rows + 1] - self.offsets[rows])

    def read(self, rows: Rows) -> tuple[Places, Codes]:
        """Places and codes of `rows`, end to end in their order."""
        tokens = spans(self.offsets[rows], self.offsets[rows + 1])
        return self.places[tokens], self.codes[tokens]

    def decode(self, rows: Rows) -> Vectors:
        """Token vectors of `rows` as the quantiser's `turn` sees them, float32 [tokens, columns]."""
        return self.quantiser.decode(*self.read(rows))

    def vectors(self, rows: Rows) -> Vectors:
        """Token vectors of `rows` as the encoder made them, decompressed, float32 [tokens, dimension]."""
        return self.quantiser.restore(self.decode(rows))

    def blocks(self, rows: Rows) -> Iterator[Rows]:
        """`rows` in runs whose tokens are of bounded number."""
        lengths = np.cumsum(self.lengths(rows))
        start = 0
        while start < len(rows):
            before = lengths[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(lengths, before + _COPY_BLOCK)))
            yield rows[start:stop]
            start = stop

    def coded(self, rows: Rows, quantiser: TokenQuantiser) -> tuple[Places, Codes]:
        """As `read`, in the codes of a quantiser, which may be another one: then they are made again."""
        if quantiser.digest == self.quantiser.digest:
            return self.read(rows)
        return quantiser.encode(self.vectors(rows))


def merge_tokens(
    folder: Path, parts: Sequence[tuple[TokenStore, Rows]], dimension: int
) -> dict[str, FileSum]:
    """Write the chosen rows of several stores, end to end, as one store.

    The quantiser of most centroids is kept; of equals that of most papers.
    """
    lengths = [store.lengths(rows) for store, rows in parts]
    counted = np.concatenate([*lengths, np.empty(0, np.int64)])
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counted)])
    quantiser = max(parts, key=lambda part: (len(part[0].quantiser), len(part[1])))[0].quantiser
    places = np.empty(int(offsets[-1]), np.uint16)
    done = 0
    with ArrayWriter(folder / CODES_FILE, np.uint8, len(places), (code_width(dimension),)) as codes:
        for store, rows in parts:
            for some in store.blocks(rows):
                near, block = store.coded(some, quantiser)
                codes.append(block)
                places[done : done + len(near)] = near
                done += len(near)
    return {
        QUANTISER_FILE: save_array(folder / QUANTISER_FILE, quantiser.as_rows()),
        PLACES_FILE: save_array(folder / PLACES_FILE, places),
        CODES_FILE: codes.sum,
        OFFSETS_FILE: save_array(folder / OFFSETS_FILE, offsets),
        **TokenLists.of(centroids_of(places), offsets, len(quantiser)).write(folder),
    }


def _read_quantiser(folder: Path, dimension: int) -> TokenQuantiser:
    path = folder / QUANTISER_FILE
    try:
        return TokenQuantiser.from_rows(map_array(path, np.float32, (dimension,)))
    except (ValueError, IndexError) as error:
        raise IndexDamaged(f"{path} holds no quantiser", REBUILD) from error
