"""What every registered encoder must do with any text, and what it must say of itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from fallow_index.encoders import ENCODERS, MODEL_RUNTIME, Encoder, create_encoder

pytestmark = pytest.mark.filterwarnings("default")

ODD = {
    "empty": "",
    "white space": " \n\t\u3000",
    "punctuation": "?!... --- (;)",
    "null": "a\x00b",
    "lone surrogate": "\ud800 alone",
    "emoji": "🌾🐐🧑‍🌾",
    "Chinese": "休耕地里的山羊" * 60,
    "right to left": "أرض بور ﷺ" * 99,
    "markers": "[CLS] [MASK] [SEP] [unused0] [PAD]",
    "one long word": "x" * 100_000,
    "100,000 words": "fallow " * 100_000,
    "a sentence": "Goats graze on the fallow field behind the mill.",
}


@pytest.fixture(scope="module", params=ENCODERS.names())
def encoder(cache: None, request: pytest.FixtureRequest) -> Encoder:
    if request.param == MODEL_RUNTIME and importlib.util.find_spec("sentence_transformers") is None:
        pytest.skip("the extra `torch` is not installed")
    return create_encoder(request.param)


def test_odd_texts_have_vectors(encoder: Encoder) -> None:
    dense, tokens = encoder.encode_both(list(ODD.values()))
    assert dense.shape == (len(ODD), encoder.dimension)
    assert dense.dtype == np.float32
    assert tokens.vectors.dtype == np.float16
    assert tokens.vectors.shape[1] == encoder.token_dimension
    lengths = np.diff(tokens.offsets)
    assert lengths.min() >= 1
    assert lengths.max() <= encoder.max_tokens
    np.testing.assert_allclose(np.linalg.norm(dense, axis=1), 1, atol=2e-3)
    norms = np.linalg.norm(tokens.vectors.astype(np.float32), axis=1)
    np.testing.assert_allclose(norms, 1, atol=5e-3)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_an_odd_query_has_vectors(encoder: Encoder, text: str) -> None:
    assert np.isfinite(encoder.encode([text], query=True)).all()
    tokens = encoder.encode_tokens([text], query=True)
    assert len(tokens.of(0)) >= 1
    assert np.isfinite(tokens.vectors).all()


def test_no_texts(encoder: Encoder) -> None:
    dense, tokens = encoder.encode_both([])
    assert dense.shape == (0, encoder.dimension)
    assert tokens.vectors.shape == (0, encoder.token_dimension)
    assert len(tokens) == 0


def test_company_and_order_change_little(encoder: Encoder) -> None:
    texts = [text for name, text in ODD.items() if name in ("empty", "emoji", "Chinese", "a sentence")]
    together, backwards = encoder.encode(texts), encoder.encode(texts[::-1])[::-1]
    assert (together * backwards).sum(1).min() > 0.999
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert (together * alone).sum(1).min() > 0.999


def test_it_says_what_it_is(encoder: Encoder, tmp_path: Path) -> None:
    assert isinstance(encoder, Encoder)
    assert len(encoder.digest) == 64
    assert encoder.digest == create_encoder(encoder.name).digest
    assert encoder.max_tokens >= 32
