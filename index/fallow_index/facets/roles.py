"""What each sentence of an abstract does: background, objective, method, result or something else.

A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001): a linear score a sentence
and role (features.py) plus a score for each role after another, decoded together. Trained on CSAbstruct
(Cohan et al. 2019, "Pretrained Language Models for Sequential Sentence Classification"); training/facets has
the script, the data card and the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from fallow_index.facets import ROLES, Role
from fallow_index.facets.features import BUCKETS, feature_rows
from fallow_ingest.errors import EncoderError

WEIGHTS_FILE = "roles.npz"
MOST_SENTENCES = 100
"""Sentences of one text that are read; longer texts are no abstracts, and the rest counts as "other"."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RoleClassifier:
    """weights: float32 [BUCKETS, roles]; bias: [roles]; follows: [roles, roles], row before column."""

    weights: Floats
    bias: Floats
    follows: Floats

    def classify(self, sentences: Sequence[str]) -> list[Role]:
        """The role of each sentence of one abstract, given in reading order."""
        read = sentences[:MOST_SENTENCES]
        if not read:
            return []
        best = best_path(self._emissions(read), self.follows)
        return [ROLES[role] for role in best] + ["other"] * (len(sentences) - len(read))

    def probabilities(self, sentences: Sequence[str]) -> Floats:
        """How likely each role is for each sentence taken by itself, float32 [sentences, roles].

        For texts of at most MOST_SENTENCES sentences; of longer ones the rest is left out.
        """
        scores = self._emissions(sentences[:MOST_SENTENCES])
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)

    def _emissions(self, sentences: Sequence[str]) -> Floats:
        return np.asarray(feature_rows(sentences) @ self.weights + self.bias, dtype=np.float32)


def best_path(emissions: Floats, follows: Floats) -> list[int]:
    """The sequence of states with the highest sum of scores (Viterbi 1967); the lower state among equals.

    emissions: [steps, states], at least one step; follows: [states, states].

    >>> best_path(np.array([[1.0, 0.0], [0.4, 0.5]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    [0, 0]
    """
    score = emissions[0]
    came_from = []
    for emission in emissions[1:]:
        through = score[:, np.newaxis] + follows
        came_from.append(through.argmax(axis=0))
        score = through.max(axis=0) + emission
    path = [int(score.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return path[::-1]


@lru_cache(maxsize=1)
def load_role_classifier() -> RoleClassifier:
    """The classifier of the package. Raises EncoderError when its weights are damaged or do not fit."""
    return read_role_classifier(files("fallow_index.facets").joinpath(WEIGHTS_FILE).read_bytes())


def read_role_classifier(content: bytes) -> RoleClassifier:
    """A classifier from the bytes of its .npz file. Raises EncoderError."""
    remedy = "install fallow again, or train anew with training/facets/train.py"
    size = len(ROLES)
    shapes = {"weights": (BUCKETS, size), "scales": (size,), "bias": (size,), "follows": (size, size)}
    try:
        with np.load(BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name].astype(np.float32) for name in shapes}
    except (ValueError, OSError, EOFError, KeyError, BadZipFile) as error:
        raise EncoderError(f"The weights of sentence roles cannot be read ({error})", remedy) from error
    for name, shape in shapes.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise EncoderError(f"The weights of sentence roles do not fit: '{name}' is not {shape}", remedy)
    return RoleClassifier(arrays["weights"] * arrays["scales"], arrays["bias"], arrays["follows"])


def role_weights_file(classifier: RoleClassifier) -> bytes:
    """The bytes that `read_role_classifier` reads: weights in one byte each, with a scale a role."""
    scales = np.maximum(np.abs(classifier.weights).max(axis=0), 1e-9) / 127
    file = BytesIO()
    np.savez_compressed(
        file,
        weights=np.rint(classifier.weights / scales).astype(np.int8),
        scales=scales.astype(np.float32),
        bias=classifier.bias,
        follows=classifier.follows,
    )
    return file.getvalue()
