"""Measuring verdicts on labelled ideas."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fallow.evaluation.novelty import (
    area_under_curve,
    bootstrap_auc,
    evaluate_novelty,
    expected_calibration_error,
    read_ideas,
    score,
)
from fallow.novelty import SearchTrace, Verdict
from fallow_ingest.errors import BadInput, LibraryMissing

BEES = {
    "title": "Listening to Hives",
    "abstract": "We detect swarming of honey bees from microphone recordings using neural networks.",
}
OTHERS = [
    {"title": f"Parsing study {at}", "abstract": "We parse sentences of many languages with graphs."}
    for at in range(4)
]
KNOWN = "Detect swarming of honey bees from microphone recordings using neural networks"


def write(path: Path, rows: list[object]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def verdict(outcome: str, probability: float | None) -> Verdict:
    trace = SearchTrace(1, None, 1, (), 0, 0, None, None, None, 1)
    return Verdict(outcome, probability, (), (), (), (), trace)  # type: ignore[arg-type]


def test_closed_lists_are_judged_alone(tmp_path: Path) -> None:
    rows: list[object] = [
        {"id": "a", "text": KNOWN, "label": "not novel", "papers": [BEES, *OTHERS]},
        {"id": "b", "text": KNOWN, "label": "novel", "papers": OTHERS},
        {"id": "c", "idea": "bees", "label": "novel", "papers": OTHERS},
        {"id": "d", "text": KNOWN, "papers": []},
    ]
    scores = evaluate_novelty(write(tmp_path / "ideas.jsonl", rows), tmp_path / "no library")
    assert (scores.ideas, scores.labelled) == (4, 3)
    assert scores.outcomes["not_novel"] == 1
    assert scores.outcomes["refused"] == 1
    assert scores.auc == 1.0
    assert scores.decided_accuracy == 1.0


def test_open_ideas_need_a_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing):
        evaluate_novelty(write(tmp_path / "ideas.jsonl", [{"text": KNOWN}]), tmp_path / "nothing")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{not json", "line 2 is not JSON"),
        ("[1]", "line 2 has no text"),
        ('{"text": 5}', "line 2 has no text"),
        ('{"text": "x", "label": "perhaps"}', "has the label 'perhaps'"),
        ('{"text": "x", "papers": "none"}', "has papers that are no list"),
        ('{"text": "x", "as_of": "soon"}', "is not a date"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "ideas.jsonl"
    path.write_text(f'{{"text": "fine"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        list(read_ideas(path))


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no ideas"):
        evaluate_novelty(write(tmp_path / "ideas.jsonl", []), tmp_path)


def test_auc_of_worked_examples() -> None:
    truth = np.array([True, True, False, False])
    assert area_under_curve(np.array([0.9, 0.8, 0.2, 0.1]), truth) == 1.0
    assert area_under_curve(np.array([0.9, 0.1, 0.8, 0.2]), truth) == 0.5
    assert area_under_curve(np.array([0.5, 0.5, 0.5, 0.5]), truth) == 0.5
    low, high = bootstrap_auc(np.array([0.9, 0.8, 0.2, 0.1]), truth)
    assert low == high == 1.0


def test_calibration_error_of_worked_examples() -> None:
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0.0
    assert expected_calibration_error(np.array([0.99, 0.99]), np.array([True, False])) == pytest.approx(0.49)


def test_figures_count_abstentions_and_refusals() -> None:
    scores = score(
        [True, False, True, None],
        [verdict("novel", 0.9), verdict("unsure", 0.6), None, verdict("insufficient_search", None)],
    )
    assert scores.abstention == 0.75
    assert scores.accuracy == pytest.approx(2 / 3)
    assert scores.decided_accuracy == 1.0
    assert scores.auc == pytest.approx(0.5)
    nothing = score([None], [None])
    assert nothing.auc is None
    assert nothing.calibration_error is None
