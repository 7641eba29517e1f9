"""Sentences are invented."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow.evaluation.limitations import area_under_roc, evaluate_limitations, read_labels, scores_of
from fallow_ingest.errors import BadInput


class FlatEncoder:
    """The same vector for every text."""

    name, digest, dimension, token_dimension, max_tokens = "flat", "02", 384, 1, 256

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.full((len(texts), 384), 384**-0.5, np.float32)


def labels(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_plain_labels_give_one_row(tmp_path: Path) -> None:
    path = labels(
        tmp_path,
        '{"text": "However, the sample limited the trial.", "prev": "We ran a trial.", "label": true}',
        '{"text": "We ran a trial.", "section": "Methods", "label": false}',
    )
    found = evaluate_limitations(path, FlatEncoder())  # type: ignore[arg-type]
    assert found.by_kind == ()
    assert (found.overall.kind, found.overall.sentences, found.overall.positive) == ("problem", 2, 1)
    assert found.overall.auc == 1.0


def test_kinds_give_a_row_each(tmp_path: Path) -> None:
    path = labels(
        tmp_path,
        '{"text": "In future work, we plan to test other languages.", "label": "future_work"}',
        '{"text": "Our parser is limited to verbs.", "section": "Limitations", "label": "limitation"}',
        '{"text": "The corpus has ten files.", "label": "none"}',
    )
    found = evaluate_limitations(path, FlatEncoder())  # type: ignore[arg-type]
    assert [row.kind for row in found.by_kind] == ["future_work", "limitation"]
    assert found.overall.positive == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{broken", "line 2 is not JSON"),
        ('{"label": true}', "line 2 has no text or no label"),
        ('{"text": "x"}', "line 2 has no text or no label"),
        ('{"text": "x", "label": "nonsense"}', "unknown label 'nonsense'"),
        ("[1, 2]", "line 2 has no text or no label"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_labels(labels(tmp_path, '{"text": "fine", "label": 1}', line))


def test_missing_and_empty_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_labels(tmp_path / "nothing.jsonl")
    with pytest.raises(BadInput, match="holds no labelled sentence"):
        read_labels(labels(tmp_path, ""))


def test_one_sided_labels_have_no_auc() -> None:
    assert scores_of([0.2, 0.9], np.array([True, True]), 0.5, "any").auc is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30))
def test_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[float, bool]]) -> None:
    scored, truth = np.array([p for p, _ in pairs]), np.array([t for _, t in pairs])
    found = area_under_roc(scored, truth)
    yes, no = scored[truth], scored[~truth]
    if not len(yes) or not len(no):
        assert found is None
        return
    by_hand = np.mean([(a > b) + 0.5 * (a == b) for a in yes for b in no])
    assert found == pytest.approx(by_hand)
