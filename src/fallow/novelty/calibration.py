"""The calibrated model: how likely a claim is covered, how likely an idea is novel, and when to abstain.

Coefficients are in calibration.json, made by training/novelty/train.py from papers hidden and shown
(docs/novelty.md says how). Two logistic regressions and two thresholds: few enough numbers to read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CLAIM_FEATURES = ("sentence", "paper", "words", "in_sentence")
IDEA_FEATURES = ("joint", "whole", "words", "alignment")
STATED_ERROR = 0.10


@dataclass(frozen=True, slots=True)
class Calibration:
    """The model's numbers.

    claim: weights in the order of CLAIM_FEATURES, then the intercept. idea: weights of the idea's
    features, by name, with "intercept". novel_from: an idea is novel from this probability; not_novel_to:
    not novel up to this one; between them the answer is unsure. field: similarity below which the library
    is of another field. falls: score from which a claim falls to a paper; same: from which the whole idea
    does, even where a facet, taken out of it, seems less well covered.
    """

    claim: tuple[float, ...]
    idea: Mapping[str, float]
    novel_from: float
    not_novel_to: float
    field: float
    falls: float
    same: float

    def covered(self, sentence: Floats, paper: Floats, words: Floats, in_sentence: Floats) -> Floats:
        """Chance that a paper covers a claim (logistic regression), elementwise."""
        *weights, intercept = self.claim
        total = sum(w * x for w, x in zip(weights, (sentence, paper, words, in_sentence), strict=True))
        return np.asarray(1.0 / (1.0 + np.exp(-(total + intercept))), dtype=np.float32)

    def probability(self, features: Mapping[str, float]) -> float:
        """Chance that the idea is novel (logistic regression over IDEA_FEATURES)."""
        total = self.idea["intercept"] + sum(self.idea[name] * features[name] for name in IDEA_FEATURES)
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def logit(chance: float) -> float:
    """ln(p / (1 - p)), with p kept 0.005 away from 0 and 1."""
    p = min(max(chance, 0.005), 0.995)
    return math.log(p / (1 - p))


def conformal_quantile(scores: Sequence[float], error: float) -> float:
    """The ceil((n + 1)(1 - error))-th smallest nonconformity score (Vovk et al. 2005; split conformal).

    infinity when there are too few scores to promise that error.
    """
    rank = math.ceil((len(scores) + 1) * (1 - error))
    return sorted(scores)[rank - 1] if rank <= len(scores) else math.inf


@cache
def load_calibration() -> Calibration:
    """The shipped numbers."""
    return from_json(json.loads(files("fallow.novelty").joinpath("calibration.json").read_text("utf-8")))


def from_json(content: Mapping[str, Any]) -> Calibration:
    """The numbers of a calibration file."""
    return Calibration(
        tuple(float(content["claim"][name]) for name in (*CLAIM_FEATURES, "intercept")),
        {name: float(value) for name, value in content["idea"].items()},
        float(content["novel_from"]),
        float(content["not_novel_to"]),
        float(content["field"]),
        float(content["falls"]),
        float(content["same"]),
    )
