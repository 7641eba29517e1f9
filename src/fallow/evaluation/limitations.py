"""How well statements are found: precision, recall, F1 and AUC on labelled sentences of the user's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt

from fallow.statements.boilerplate import is_boilerplate
from fallow.statements.classifier import LEDGER, StatementClassifier, load_classifier
from fallow.statements.cues import prepare
from fallow.statements.features import Sample, feature_rows
from fallow_index.encoders import Encoder
from fallow_ingest.errors import BadInput
from fallow_ingest.records import SectionKind
from fallow_ingest.text.sections import section_kind

HEADS: dict[str, str] = {
    "": "problem",
    "problem": "problem",
    "challenge": "problem",
    "direction": "direction",
    "ignorance": "ignorance:any",
    "conclusion_future_work": "conclusion:future_work",
    "statement": f"{LEDGER}any",
    "limitation": f"{LEDGER}limitation",
    "future_work": f"{LEDGER}future_work",
    "open_question": f"{LEDGER}open_question",
    "negative_result": f"{LEDGER}negative_result",
}
"""Kind in a label file -> head of the classifier; "" stands for true/false labels."""
_NOTHING = frozenset({"", "none", "no", "false", "other", "0"})
_BATCH = 4_096
LONGEST_LINE = 1_000_000

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures for one kind. threshold: the probability from which a sentence counts as found.

    auc is None when all sentences have the same label.
    """

    kind: str
    sentences: int
    positive: int
    threshold: float
    precision: float
    recall: float
    f1: float
    auc: float | None


@dataclass(frozen=True, slots=True)
class LimitationScores:
    """`fallow eval limitations`: `overall` for "any statement at all", then a row per kind in the labels."""

    overall: Scores
    by_kind: tuple[Scores, ...]


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """One line of a label file. kind: "" for none of them; True/False labels give "problem" or ""."""

    sample: Sample
    kind: str


def read_labels(path: Path) -> tuple[list[LabelledSentence], bool]:
    """Lines {text, prev?, next?, section?, label} and whether labels are plain true/false.

    label: bool, 0/1 or a kind of HEADS. Raises BadInput naming the line.
    """
    found: list[LabelledSentence] = []
    plain = True
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                sentence, is_plain = _labelled(line, f"{path}, line {number}")
                plain = plain and is_plain
                found.append(sentence)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror})", "name a file of JSON lines") from error
    if not found:
        raise BadInput(f"{path} holds no labelled sentence", "write one JSON object a line: text, label")
    return found, plain


def _labelled(line: str, place: str) -> tuple[LabelledSentence, bool]:
    remedy = 'write {"text": ..., "label": true} or a kind such as "limitation"'
    if len(line) > LONGEST_LINE:
        raise BadInput(f"{place} is longer than {LONGEST_LINE:,} characters", remedy)
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{place} is not JSON", remedy) from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or "label" not in row:
        raise BadInput(f"{place} has no text or no label", remedy)
    label = row["label"]
    plain = isinstance(label, (bool, int, float)) or label is None
    kind = ("problem" if label else "") if plain else str(label).strip().lower().replace(" ", "_")
    kind = "" if kind in _NOTHING else kind
    if kind not in HEADS:
        raise BadInput(
            f"{place} has the unknown label '{kind[:40]}'",
            f"use true, false or: {', '.join(filter(None, HEADS))}",
        )
    sample = Sample(
        row["text"],
        str(row.get("prev") or ""),
        str(row.get("next") or ""),
        _section(str(row.get("section") or "")),
    )
    return LabelledSentence(sample, kind), plain


def _section(name: str) -> SectionKind:
    kinds: tuple[SectionKind, ...] = get_args(SectionKind)
    return next((kind for kind in kinds if kind == name), section_kind(name))


def evaluate_limitations(labels: Path, encoder: Encoder) -> LimitationScores:
    """Measure the shipped classifier on a label file. Raises BadInput, EncoderError."""
    sentences, plain = read_labels(labels)
    classifier = load_classifier()
    samples = [sentence.sample for sentence in sentences]
    if plain:
        # The head for plain labels was trained on sentences whose section was not known.
        samples = [replace(sample, section="other") for sample in samples]
    probabilities = probabilities_of(samples, encoder, classifier)
    if plain:
        truth = np.array([sentence.kind != "" for sentence in sentences])
        return LimitationScores(_of_head("problem", truth, probabilities, classifier), ())
    kinds = sorted({sentence.kind for sentence in sentences} - {""})
    by_kind = tuple(
        _of_head(kind, np.array([sentence.kind == kind for sentence in sentences]), probabilities, classifier)
        for kind in kinds
    )
    columns = classifier.columns([HEADS[kind] for kind in kinds])
    best = probabilities[:, columns] - classifier.thresholds[columns]
    truth = np.array([sentence.kind != "" for sentence in sentences])
    overall = scores_of(best.max(axis=1), truth, 0.0, "any")
    return LimitationScores(overall, by_kind)


def _of_head(
    kind: str, truth: Booleans, probabilities: npt.NDArray[np.float32], classifier: StatementClassifier
) -> Scores:
    column = classifier.column(HEADS[kind])
    return scores_of(probabilities[:, column], truth, float(classifier.thresholds[column]), kind)


def probabilities_of(
    samples: Sequence[Sample], encoder: Encoder, classifier: StatementClassifier
) -> npt.NDArray[np.float32]:
    """Probabilities of every head: float32 [n, heads], in batches. Boilerplate is no ledger statement."""
    parts = [np.zeros((0, len(classifier.heads)), np.float32)]
    ledger = [column for column, head in enumerate(classifier.heads) if head.startswith(LEDGER)]
    for start in range(0, len(samples), _BATCH):
        some = [_bounded(sample) for sample in samples[start : start + _BATCH]]
        part = classifier.probabilities(feature_rows(some, encoder.encode([sample.text for sample in some])))
        boilerplate = [row for row, sample in enumerate(some) if is_boilerplate(prepare(sample.text))]
        part[np.ix_(boilerplate, ledger)] = 0.0
        parts.append(part)
    return np.concatenate(parts)


def _bounded(sample: Sample) -> Sample:
    return replace(sample, text=sample.text[:20_000])


def scores_of(values: Iterable[float], truth: Booleans, threshold: float, kind: str) -> Scores:
    """Precision, recall and F1 at a threshold, and the area under the ROC curve."""
    scored = np.asarray(list(values), np.float64)
    said = scored >= threshold
    right = int((said & truth).sum())
    precision = right / max(1, int(said.sum()))
    recall = right / max(1, int(truth.sum()))
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return Scores(
        kind, len(truth), int(truth.sum()), threshold, precision, recall, f1, area_under_roc(scored, truth)
    )


def area_under_roc(scored: Floats, truth: Booleans) -> float | None:
    """Probability that a positive outranks a negative, ties half (Mann and Whitney, 1947).

    >>> area_under_roc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    positive = int(truth.sum())
    negative = len(truth) - positive
    if not positive or not negative:
        return None
    _, places, counts = np.unique(scored, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))
