"""Sentences as rows of numbers: sentence vectors, cues, hashed word n-grams, kind of section."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
from scipy import sparse

from fallow.statements.cues import CUE_NAMES, cue_vector, prepare
from fallow_ingest.records import SectionKind

HASH_BITS = 15
SECTION_KINDS: tuple[SectionKind, ...] = get_args(SectionKind)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[?%]")
_MOST_WORDS = 120

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sentence as the classifier sees it; what is not known stays empty."""

    text: str
    previous: str = ""
    following: str = ""
    section: SectionKind = "other"


def words(prepared: str) -> list[str]:
    """Words of a prepared sentence; numbers become "0" so that tables do not fill the hash space."""
    return ["0" if word[0].isdigit() else word for word in _WORD.findall(prepared)[:_MOST_WORDS]]


def ngram_buckets(prepared: str) -> list[int]:
    """Hash buckets (0 .. 2**HASH_BITS - 1) of the word 1- to 3-grams, each once.

    Feature hashing: Weinberger et al. (2009), without the sign because rows are sparse.
    """
    tokens = ["<s>", *words(prepared), "</s>"]
    grams = [
        " ".join(tokens[start : start + size])
        for size in (1, 2, 3)
        for start in range(len(tokens) - size + 1)
    ]
    return sorted({zlib.crc32(gram.encode()) & ((1 << HASH_BITS) - 1) for gram in grams})


def ngram_rows(prepared: Sequence[str]) -> sparse.csr_matrix:
    """Binary n-gram rows of length one: float32 [n, 2**HASH_BITS]."""
    indices: list[int] = []
    values: list[float] = []
    starts = [0]
    for sentence in prepared:
        buckets = ngram_buckets(sentence)
        indices.extend(buckets)
        values.extend([1.0 / max(len(buckets), 1) ** 0.5] * len(buckets))
        starts.append(len(indices))
    return sparse.csr_matrix(
        (np.array(values, np.float32), np.array(indices, np.int32), np.array(starts, np.int64)),
        shape=(len(prepared), 1 << HASH_BITS),
    )


def cue_rows(prepared: Sequence[str]) -> Floats:
    """0/1 rows: float32 [n, len(CUE_NAMES)]."""
    rows = [cue_vector(sentence) for sentence in prepared]
    return np.array(rows, np.float32).reshape(len(rows), len(CUE_NAMES))


def section_rows(kinds: Sequence[SectionKind]) -> Floats:
    """One-hot rows: float32 [n, len(SECTION_KINDS)]."""
    rows = np.zeros((len(kinds), len(SECTION_KINDS)), np.float32)
    rows[np.arange(len(kinds)), [SECTION_KINDS.index(kind) for kind in kinds]] = 1.0
    return rows


@dataclass(frozen=True, slots=True)
class Rows:
    """Feature blocks of n sentences.

    vectors: float32 [n, d], the encoder's; cues: [n, c]; context: [n, 2c], cues of the neighbours;
    sections: [n, s]; ngrams: sparse [n, 2**HASH_BITS].
    """

    vectors: Floats
    cues: Floats
    context: Floats
    sections: Floats
    ngrams: sparse.csr_matrix

    @property
    def dense(self) -> Floats:
        """All but the n-grams side by side: float32 [n, d + 3c + s]."""
        return np.hstack([self.vectors, self.cues, self.context, self.sections])


def feature_rows(samples: Sequence[Sample], vectors: Floats) -> Rows:
    """Feature blocks of the samples; vectors: float32 [n, d], those of `sample.text`."""
    prepared = [prepare(sample.text) for sample in samples]
    context = np.hstack(
        [
            cue_rows([prepare(sample.previous) for sample in samples]),
            cue_rows([prepare(sample.following) for sample in samples]),
        ]
    )
    return Rows(
        vectors=np.asarray(vectors, np.float32),
        cues=cue_rows(prepared),
        context=context,
        sections=section_rows([sample.section for sample in samples]),
        ngrams=ngram_rows(prepared),
    )
