"""Widening a long query by what lies near its best papers."""

from __future__ import annotations

import numpy as np

from fallow_index.candidates import FEEDBACK_TERMS, Candidates, with_feedback
from fallow_index.dense import DenseIndex
from fallow_index.filters import Filters
from fallow_index.query import Query
from fallow_index.retrievers import Answer, DenseRetriever


def rounds(terms: int, allowed: np.ndarray) -> tuple[Candidates, Candidates, dict[str, Answer]]:
    """A first round over 30 papers that saw the first 20, and what feedback makes of it."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 8)).astype(np.float32)
    vectors[25] = vectors[:5].mean(axis=0)  # what the best five agree on, unseen by the first round
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = DenseIndex([vectors], 8)
    filters = Filters(np.ones(30, bool), allowed)
    slots = np.arange(20)
    answers: dict[str, Answer] = {
        "dense": DenseRetriever(index).ask(Query({}, vectors[0], np.zeros((0, 4))), filters)
    }
    first = Candidates(slots, {"dense": np.linspace(1, 0, 20).astype(np.float32)})
    return first, with_feedback(first, answers, index, filters, terms), answers


def test_a_long_query_finds_what_its_best_papers_agree_on() -> None:
    first, second, answers = rounds(FEEDBACK_TERMS, np.ones(30, bool))
    assert 25 not in first.slots
    assert 25 in second.slots
    assert list(second.slots) == sorted(set(second.slots.tolist()))
    assert second.scores["feedback"].argmax() == second.slots.tolist().index(25)
    assert set(second.scores) == {"dense", "feedback"} == set(answers)
    assert all(len(scores) == len(second.slots) for scores in second.scores.values())


def test_a_filter_holds_in_the_second_round_too() -> None:
    allowed = np.ones(30, bool)
    allowed[25] = False
    _, second, _ = rounds(FEEDBACK_TERMS, allowed)
    assert 25 not in second.slots


def test_a_short_query_means_what_it_says() -> None:
    first, second, answers = rounds(FEEDBACK_TERMS - 1, np.ones(30, bool))
    assert second is first
    assert "feedback" not in answers
