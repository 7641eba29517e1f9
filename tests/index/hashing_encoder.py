"""A small deterministic encoder: every word has a fixed pseudo-random vector, a text the mean of its words'.

It implements the whole Encoder protocol, so the index cannot tell it from a trained one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fallow_index.encoders import TokenVectors


class HashingEncoder:
    """Vectors from hashed words. texts_seen counts the documents encoded, for tests of incremental builds."""

    name = "hashing"
    max_tokens = 64

    def __init__(self, dimension: int = 32, token_dimension: int = 16, salt: str = "") -> None:
        self.dimension = dimension
        self.token_dimension = token_dimension
        self.salt = salt
        self.texts_seen = 0

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.dimension} {self.token_dimension} {self.salt}".encode()).hexdigest()

    def encode(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            words = self._words(text)
            mean = np.sum([self._vector(word, self.dimension) for word in words], axis=0)
            vectors[row] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return vectors

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> TokenVectors:
        vectors = [
            np.array([self._vector(word, self.token_dimension) for word in self._words(text)], np.float16)
            for text in texts
        ]
        offsets = np.concatenate(
            [np.zeros(1, np.int64), np.cumsum([len(v) for v in vectors], dtype=np.int64)]
        )
        empty = np.empty((0, self.token_dimension), np.float16)
        return TokenVectors(np.concatenate([empty, *vectors]), offsets)

    def encode_both(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], TokenVectors]:
        self.texts_seen += len(texts)
        return self.encode(texts), self.encode_tokens(texts)

    def _words(self, text: str) -> list[str]:
        return ["[start]", *text.lower().split()][: self.max_tokens]

    def _vector(self, word: str, dimension: int) -> NDArray[np.float32]:
        return word_vector(self.salt + word, dimension)


@lru_cache(maxsize=4096)
def word_vector(word: str, dimension: int) -> NDArray[np.float32]:
    """The vector of one word, of length 1."""
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:4], "big")
    vector = np.random.RandomState(seed).standard_normal(dimension).astype(np.float32)
    unit: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return unit
