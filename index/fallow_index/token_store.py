"""Compressed token vectors of one segment: codes end to end, and where each paper's begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index import token_codec
from fallow_index.arrays import REBUILD, ArrayWriter, FileSum, map_array, save_array, spans
from fallow_ingest.errors import IndexDamaged

CODES_FILE = "token_codes.npy"
OFFSETS_FILE = "token_offsets.npy"
_COPY_BLOCK = 1 << 18


@dataclass(frozen=True, eq=False)
class TokenStore:
    """The token vectors of papers 0..n-1.

    codes: uint8 [tokens, code_width(dimension)] (token_codec); offsets: int64 [n + 1].
    """

    codes: token_codec.Codes
    offsets: NDArray[np.int64]
    dimension: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def open(cls, folder: Path, rows: int, dimension: int) -> TokenStore:
        """Map the two files of a segment. Raises IndexDamaged when they do not fit together."""
        codes = map_array(folder / CODES_FILE, np.uint8, (token_codec.code_width(dimension),))
        offsets = map_array(folder / OFFSETS_FILE, np.int64)
        if len(offsets) != rows + 1 or offsets[0] != 0 or offsets[-1] != len(codes):
            raise IndexDamaged(f"{folder / OFFSETS_FILE} does not fit the codes beside it", REBUILD)
        return cls(codes, offsets, dimension)

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many token vectors each of `rows` has."""
        return np.asarray(self.offsets[rows + 1] - self.offsets[rows])

    def read(self, rows: NDArray[np.int64]) -> token_codec.Codes:
        """The codes of `rows`, end to end in their order."""
        return self.codes[spans(self.offsets[rows], self.offsets[rows + 1])]

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[token_codec.Codes]:
        """As `read`, in blocks of bounded size."""
        lengths = np.cumsum(self.lengths(rows))
        start = 0
        while start < len(rows):
            before = lengths[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(lengths, before + _COPY_BLOCK)))
            yield self.read(rows[start:stop])
            start = stop


def write_tokens(folder: Path, codes: token_codec.Codes, offsets: NDArray[np.int64]) -> dict[str, FileSum]:
    """Write the files of one store; returns their checksums."""
    return {
        CODES_FILE: save_array(folder / CODES_FILE, codes),
        OFFSETS_FILE: save_array(folder / OFFSETS_FILE, offsets.astype(np.int64)),
    }


def merge_tokens(
    folder: Path, parts: list[tuple[TokenStore, NDArray[np.int64]]], dimension: int
) -> dict[str, FileSum]:
    """Write the chosen rows of several stores, end to end, as one store."""
    lengths = [store.lengths(rows) for store, rows in parts]
    counted = np.concatenate([*lengths, np.empty(0, np.int64)])
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counted)])
    width = token_codec.code_width(dimension)
    with ArrayWriter(folder / CODES_FILE, np.uint8, int(offsets[-1]), (width,)) as writer:
        for store, rows in parts:
            for block in store.blocks(rows):
                writer.append(block)
    return {CODES_FILE: writer.sum, OFFSETS_FILE: save_array(folder / OFFSETS_FILE, offsets)}
