"""Sentences of an abstract as sparse rows: hashed n-grams of itself and its neighbours, and its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np
from scipy import sparse

HASH_BITS = 15
BUCKETS = 1 << HASH_BITS
MOST_WORDS = 60
"""Words read of one sentence."""

_WORD = re.compile(r"[a-z]+|\d+|[%?:]")
_PLACES = 5
_BEFORE, _AFTER = crc32(b"before"), crc32(b"after")
"""Turn the hash of a word into that of the same word in a neighbouring sentence."""
_OWN, _NEIGHBOUR, _PLACE = 3.0, 1.5, 2.0
"""What a block of features is multiplied with; chosen on the development part (training/facets/README.md)."""


def feature_rows(sentences: Sequence[str]) -> sparse.csr_matrix:
    """One row a sentence of one abstract, in reading order: float32 [sentences, BUCKETS].

    Feature hashing as in Weinberger et al. (2009), without the sign because rows are sparse. Each block of a
    row has the length of its factor, however long the sentence.
    """
    grams = [_gram_hashes(sentence) for sentence in sentences]
    indices: list[int] = []
    values: list[float] = []
    starts = [0]
    for at in range(len(sentences)):
        for factor, hashes in _blocks(grams, at):
            buckets = {value & (BUCKETS - 1) for value in hashes}
            indices.extend(buckets)
            values.extend([factor / max(len(buckets), 1) ** 0.5] * len(buckets))
        starts.append(len(indices))
    matrix = sparse.csr_matrix(
        (np.array(values, np.float32), np.array(indices, np.int32), np.array(starts, np.int64)),
        shape=(len(sentences), BUCKETS),
    )
    matrix.sum_duplicates()
    return matrix


def _gram_hashes(sentence: str) -> tuple[list[int], list[int]]:
    """Hashes of the word 1- and 2-grams of a sentence, and of its 3-grams; a number counts as "0"."""
    found = _WORD.findall(sentence[: 20 * MOST_WORDS].lower())[:MOST_WORDS]
    words = ["<s>", *("0" if word[0].isdigit() else word for word in found), "</s>"]
    pairs = [f"{one} {two}" for one, two in pairwise(words)]
    triples = [f"{pair} {word}" for pair, word in zip(pairs, words[2:], strict=False)]
    return [crc32(gram.encode()) for gram in (*words, *pairs)], [crc32(gram.encode()) for gram in triples]


def _blocks(grams: Sequence[tuple[list[int], list[int]]], at: int) -> Iterator[tuple[float, Iterable[int]]]:
    """(factor, hashes) of sentence `at`: its own n-grams, its neighbours' as other features, its place."""
    short, long = grams[at]
    yield _OWN, (*short, *long)
    if at:
        yield _NEIGHBOUR, (value ^ _BEFORE for value in grams[at - 1][0])
    if at + 1 < len(grams):
        yield _NEIGHBOUR, (value ^ _AFTER for value in grams[at + 1][0])
    yield _PLACE, (crc32(name.encode()) for name in _places(at, len(grams)))


def _places(at: int, count: int) -> list[str]:
    """Where a sentence stands: counted from both ends, and as a tenth of the abstract."""
    from_end = count - 1 - at
    return [
        f"place {min(at, _PLACES)}",
        f"place from end {min(from_end, _PLACES)}",
        f"tenth {10 * at // count}",
        f"of {min(count, 3 * _PLACES)}",
    ]
