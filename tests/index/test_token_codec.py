"""Codes of token vectors: what goes in comes out, nearly, whatever the encoder's vectors are like."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fallow_index.token_codec import MOST_BYTES, Layout, TokenQuantiser, centroids_for, code_width


def clustered(seed: int, count: int, dimension: int) -> NDArray[np.float32]:
    """Vectors of length 1 around a few directions, as token vectors are, some axes wider than others."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(dimension).normal(size=(8, dimension))
    noise = random.normal(size=(count, dimension)) * np.geomspace(1, 0.3, dimension)
    vectors = (centres[random.integers(0, 8, count)] + noise).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@cache
def trained(dimension: int) -> TokenQuantiser:
    return TokenQuantiser.trained(clustered(1, 1000, dimension))


@given(st.integers(1, 400))
@settings(deadline=None)
def test_every_component_has_its_place(dimension: int) -> None:
    layout = Layout.of(dimension)
    places = layout.places(dimension)
    assert len(set(places.tolist())) == dimension
    assert places.max() < layout.columns
    assert layout.width == code_width(dimension) <= max(MOST_BYTES, -(-dimension // 3))


@given(
    seed=st.integers(0, 10_000), count=st.integers(0, 40), dimension=st.sampled_from([1, 7, 16, 96, 128, 150])
)
@settings(max_examples=60, deadline=None)
def test_round_trip(seed: int, count: int, dimension: int) -> None:
    quantiser = trained(dimension)
    vectors = clustered(seed + 1, count, dimension)
    places, codes = quantiser.encode(vectors)
    assert codes.shape == (count, code_width(dimension))
    decoded = quantiser.decode(places, codes)
    restored = quantiser.restore(decoded)
    np.testing.assert_allclose(np.linalg.norm(restored, axis=1), 1, rtol=1e-3)
    queries = clustered(3, 5, dimension)
    np.testing.assert_allclose(quantiser.turn(queries) @ decoded.T, queries @ restored.T, atol=1e-4)
    cosine = np.sum(restored * vectors, axis=1)
    assert count == 0 or np.median(cosine) > 0.97


def test_equal_vectors_have_equal_codes_and_training_is_repeatable() -> None:
    vectors = clustered(1, 500, 32)
    first, second = TokenQuantiser.trained(vectors), TokenQuantiser.trained(vectors.copy())
    assert first.digest == second.digest
    places, codes = first.encode(vectors[[3, 3]])
    assert places[0] == places[1]
    assert (codes[0] == codes[1]).all()


def test_one_hot_vectors_survive() -> None:
    """Trained on quite other vectors, and all length on one axis."""
    quantiser = TokenQuantiser.trained(clustered(1, 300, 128))
    eye = np.eye(128, dtype=np.float32)
    similarity = quantiser.turn(eye) @ quantiser.decode(*quantiser.encode(eye)).T
    assert np.array_equal(similarity.argmax(axis=0), np.arange(128))


def test_stored_rows_are_the_quantiser() -> None:
    quantiser = TokenQuantiser.trained(clustered(1, 300, 24))
    again = TokenQuantiser.from_rows(quantiser.as_rows())
    assert again.digest == quantiser.digest
    np.testing.assert_array_equal(again.columns, quantiser.columns)
    for rows in (quantiser.as_rows()[:25], np.zeros((60, 24), np.float32)):
        with pytest.raises(ValueError, match="no quantiser"):
            TokenQuantiser.from_rows(rows)


def test_centroids_grow_with_what_there_is() -> None:
    assert [centroids_for(count) for count in (0, 31, 64, 100, 4000, 10**9)] == [1, 1, 2, 2, 64, 4096]
