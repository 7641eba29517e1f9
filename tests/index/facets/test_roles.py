"""Roles of sentences: decoding by hand, the weights of the package, damaged weights."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow_index.facets import FACET_ROLES, FACETS, ROLES, checked_facet
from fallow_index.facets.features import BUCKETS, feature_rows
from fallow_index.facets.roles import (
    MOST_SENTENCES,
    RoleClassifier,
    best_path,
    load_role_classifier,
    read_role_classifier,
)
from fallow_index.facets.sentences import facet_sentences
from fallow_ingest.errors import BadInput, EncoderError

ABSTRACT = (
    "Parsing long sentences remains a hard problem in natural language processing. "
    "In this paper, we aim to make parsing of long sentences more robust. "
    "We propose a method that trains a neural network on sentences cut at clauses. "
    "Experimental results show that our parser outperforms the baseline by 3.2%."
)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_the_best_path_is_the_best_of_all(steps: int, seed: int) -> None:
    random = np.random.RandomState(seed)
    emissions = random.standard_normal((steps, 3)).astype(np.float32)
    follows = random.standard_normal((3, 3)).astype(np.float32)

    def score(path: tuple[int, ...]) -> float:
        emitted = sum(float(emissions[step, state]) for step, state in enumerate(path))
        return emitted + sum(float(follows[a, b]) for a, b in pairwise(path))

    best = max(product(range(3), repeat=steps), key=score)
    assert score(tuple(best_path(emissions, follows))) == pytest.approx(score(best), abs=1e-4)


def test_the_weights_of_the_package_read_a_plain_abstract() -> None:
    assert facet_sentences(ABSTRACT, "background")[0].startswith("Parsing long")
    assert facet_sentences(ABSTRACT, "method") == (
        "We propose a method that trains a neural network on sentences cut at clauses.",
    )
    assert facet_sentences(ABSTRACT, "result") == (
        "Experimental results show that our parser outperforms the baseline by 3.2%.",
    )


def test_a_facet_that_no_sentence_tells_is_told_by_the_nearest() -> None:
    only = "Experimental results show that our parser outperforms the baseline by 3.2%."
    for facet in FACETS:
        assert facet_sentences(only, facet) == (only,)
        assert facet_sentences("  \n ", facet) == ()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_sentences_get_one_role_each(sentences: list[str]) -> None:
    classifier = load_role_classifier()
    roles = classifier.classify(sentences)
    assert len(roles) == len(sentences)
    assert set(roles) <= set(ROLES)
    if sentences:
        assert classifier.probabilities(sentences).sum(axis=1) == pytest.approx(
            np.ones(len(sentences)), abs=1e-4
        )


def test_what_is_no_abstract_is_read_in_part() -> None:
    many = ["We train a model."] * (MOST_SENTENCES + 5)
    roles = load_role_classifier().classify(many)
    assert len(roles) == len(many)
    assert set(roles[MOST_SENTENCES:]) == {"other"}


def test_rows_tell_neighbours_and_place_apart() -> None:
    rows = feature_rows(["We train a model.", "It works.", "We train a model."])
    assert rows.shape == (3, BUCKETS)
    assert (rows[0] != rows[2]).nnz
    alone = feature_rows(["We train a model."])
    assert (rows[0] != alone[0]).nnz
    assert (feature_rows(["Of 12 trees."]) != feature_rows(["Of 7 trees."])).nnz == 0


def test_every_facet_has_roles_and_a_name_that_is_checked() -> None:
    assert tuple(FACET_ROLES) == FACETS
    assert [checked_facet(facet) for facet in FACETS] == list(FACETS)
    with pytest.raises(BadInput, match="background, method, result"):
        checked_facet("results")


def weights(**changes: np.ndarray) -> bytes:
    arrays = {
        "weights": np.zeros((BUCKETS, len(ROLES)), np.int8),
        "scales": np.ones(len(ROLES), np.float32),
        "bias": np.zeros(len(ROLES), np.float32),
        "follows": np.zeros((len(ROLES), len(ROLES)), np.float32),
    }
    file = BytesIO()
    np.savez_compressed(file, **{**arrays, **changes})  # type: ignore[arg-type]
    return file.getvalue()


def test_weights_that_cannot_be_used_are_refused() -> None:
    assert isinstance(read_role_classifier(weights()), RoleClassifier)
    with pytest.raises(EncoderError, match="'bias' is not"):
        read_role_classifier(weights(bias=np.zeros(4, np.float32)))
    with pytest.raises(EncoderError, match="'follows' is not"):
        read_role_classifier(weights(follows=np.full((len(ROLES), len(ROLES)), np.nan, np.float32)))
    for content in (b"", b"no archive", weights()[:-200]):
        with pytest.raises(EncoderError, match="cannot be read"):
            read_role_classifier(content)
