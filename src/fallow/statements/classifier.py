"""The trained part: a chain of logistic regressions over sentence vectors, cues and hashed n-grams.

Each head is a logistic regression on the features of fallow.statements.features and on the squashed scores
of the heads before it, so that small data sets lean on larger ones: stated ignorance, sentence roles, future
work, then problems and directions, then the kinds of the ledger (a classifier chain: Read et al., 2011).
Scores are calibrated by Platt scaling (Platt, 1999) on held-out papers. docs/limitations.md has the figures,
training/statements the script and the data card.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from io import BytesIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from fallow.statements.cues import CUE_NAMES
from fallow.statements.features import HASH_BITS, SECTION_KINDS, Floats, Rows
from fallow.statements.statement import StatementKind
from fallow_ingest.errors import EncoderError

WEIGHTS_FILE = "weights.npz"
KIND_HEADS: tuple[StatementKind, ...] = ("limitation", "future_work", "open_question", "negative_result")
LEDGER = "ledger:"
"""Prefix of the heads that decide the ledger's kinds; "ledger:any" is their union."""


@dataclass(frozen=True, slots=True)
class BlockScales:
    """What each feature block is multiplied with before the heads see it (chosen on development data)."""

    vectors: float = 3.0
    cues: float = 0.5
    context: float = 0.2
    sections: float = 0.5
    ngrams: float = 3.0
    chain: float = 0.5


SCALES = BlockScales()


def dense_block(rows: Rows, scales: BlockScales = SCALES) -> Floats:
    """The scaled dense features: float32 [n, d + 3c + s]."""
    return np.hstack(
        [
            rows.vectors * scales.vectors,
            rows.cues * scales.cues,
            rows.context * scales.context,
            rows.sections * scales.sections,
        ]
    ).astype(np.float32)


def squash(scores: npt.NDArray[np.floating]) -> Floats:
    """Scores of a head as the heads after it see them: tanh(z / 2) in (-1, 1)."""
    return np.tanh(np.asarray(scores, np.float32) / 2)


@dataclass(frozen=True)
class StatementClassifier:
    """Weights of h heads in the order in which they are computed.

    dense: float32 [h, d + 3c + s]; ngrams: float32 [h, 2**HASH_BITS]; chain: float32 [h, h], strictly lower
    triangular; bias: [h]; platt: [h, 2], slope and offset; thresholds: [h], probabilities that gave the best
    F1 on held-out papers; digest: of the file.
    """

    heads: tuple[str, ...]
    dense: Floats
    ngrams: Floats
    chain: Floats
    bias: Floats
    platt: Floats
    thresholds: Floats
    digest: str

    @cached_property
    def _ngrams_by_bucket(self) -> Floats:
        return np.ascontiguousarray(self.ngrams.T)

    def scores(self, rows: Rows) -> Floats:
        """Uncalibrated log-odds: float32 [n, h]."""
        raw = dense_block(rows) @ self.dense.T
        raw += (rows.ngrams @ self._ngrams_by_bucket) * SCALES.ngrams + self.bias
        squashed = np.zeros_like(raw)
        for head in range(len(self.heads)):
            raw[:, head] += (squashed[:, :head] @ self.chain[head, :head]) * SCALES.chain
            squashed[:, head] = squash(raw[:, head])
        return np.asarray(raw, np.float32)

    def probabilities(self, rows: Rows) -> Floats:
        """Calibrated probabilities, each head for itself: float32 [n, h]."""
        calibrated = self.scores(rows) * self.platt[:, 0] + self.platt[:, 1]
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(calibrated, -30, 30))), np.float32)

    def column(self, head: str) -> int:
        """Place of a head in the columns of `probabilities`."""
        return self.heads.index(head)

    def columns(self, heads: Sequence[str]) -> list[int]:
        """Places of several heads."""
        return [self.column(head) for head in heads]


@lru_cache(maxsize=1)
def load_classifier() -> StatementClassifier:
    """The classifier of the package. Raises EncoderError when its weights are damaged or do not fit."""
    content = files("fallow.statements").joinpath(WEIGHTS_FILE).read_bytes()
    return read_classifier(content)


def read_classifier(content: bytes) -> StatementClassifier:
    """A classifier from the bytes of its .npz file. Raises EncoderError."""
    remedy = "install fallow again, or train anew with training/statements/train.py"
    try:
        with np.load(BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (ValueError, OSError, EOFError, KeyError, BadZipFile) as error:
        raise EncoderError(f"The statement classifier's weights cannot be read ({error})", remedy) from error
    layout = tuple(str(part) for part in arrays.get("layout", ()))
    if layout != layout_of():
        raise EncoderError("The statement classifier's weights are of another layout", remedy)
    as_floats = {
        name: arrays[name].astype(np.float32)
        for name in ("dense", "ngrams", "chain", "bias", "platt", "thresholds")
    }
    return StatementClassifier(
        heads=tuple(str(head) for head in arrays["heads"]),
        digest=hashlib.sha256(content).hexdigest(),
        **as_floats,
    )


def layout_of() -> tuple[str, ...]:
    """What the columns of the features mean; stored with the weights."""
    return (str(HASH_BITS), *CUE_NAMES, *SECTION_KINDS)
