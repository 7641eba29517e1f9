"""An encoder that keeps what it said, so that a benchmark of the index can run again without encoding."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.encoders import Encoder, TokenVectors

Piece = tuple[NDArray[np.float32], NDArray[np.float16], NDArray[np.int64]]


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class RecordedEncoder:
    """Passes everything on to `encoder`; documents that the folder holds are read from there, others added.

    A piece NNNNNN.npz holds keys uint8 [n, 16] (BLAKE2b of the texts), dense, and tok, off as TokenVectors.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._places: dict[bytes, tuple[Path, int]] = {}
        for path in sorted(folder.glob("[0-9]*.npz")):
            with np.load(path) as piece:
                self._places.update((row.tobytes(), (path, at)) for at, row in enumerate(piece["keys"]))
        self.name, self.digest = encoder.name, encoder.digest
        self.dimension, self.token_dimension = encoder.dimension, encoder.token_dimension
        self.max_tokens = encoder.max_tokens

    def encode(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Not recorded."""
        return self._encoder.encode(texts, query=query)

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> TokenVectors:
        """Of queries; not recorded."""
        return self._encoder.encode_tokens(texts, query=query)

    def encode_both(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], TokenVectors]:
        """Of documents, from the record as far as it goes."""
        self._record([text for text in texts if _key(text) not in self._places])
        dense, tokens = [], []
        for text in texts:
            path, at = self._places[_key(text)]
            vectors, token_vectors, offsets = _read(path)
            dense.append(vectors[at])
            tokens.append(token_vectors[offsets[at] : offsets[at + 1]])
        lengths = np.array([len(found) for found in tokens], np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        return np.array(dense, np.float32), TokenVectors(np.concatenate(tokens), offsets)

    def _record(self, texts: Sequence[str]) -> None:
        if not texts:
            return
        dense, tokens = self._encoder.encode_both(texts)
        taken = [int(path.stem) for path in self._folder.glob("[0-9]*.npz")]
        path = self._folder / f"{max(taken, default=0) + 1:06}.npz"
        keys = [_key(text) for text in texts]
        rows = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 16)
        np.savez(path, keys=rows, dense=dense, tok=tokens.vectors, off=tokens.offsets)
        self._places.update((key, (path, at)) for at, key in enumerate(keys))


@lru_cache(maxsize=3)
def _read(path: Path) -> Piece:
    with np.load(path) as piece:
        return piece["dense"], piece["tok"], piece["off"]
