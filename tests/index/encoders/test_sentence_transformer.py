"""The sentence-transformers runtime agrees with ours; without torch it says what to install."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from fallow_index.encoders import Encoder
from fallow_index.encoders.minilm import MiniLmEncoder
from fallow_index.encoders.sentence_transformer import SentenceTransformerEncoder
from fallow_ingest.errors import EncoderError

TEXTS = ["Goats graze on the fallow field.", "", "词 🌾 \x00", "barley " * 400]

here = importlib.util.find_spec("sentence_transformers") is not None
needs_torch = pytest.mark.skipif(not here, reason="the extra `torch` is not installed")


@pytest.mark.skipif(here, reason="sentence-transformers is installed")
def test_without_it_the_error_names_the_command() -> None:
    with pytest.raises(EncoderError, match=r"pip install 'fallow\[torch\]'"):
        SentenceTransformerEncoder()


@needs_torch
@pytest.mark.filterwarnings("default")
def test_it_agrees_with_the_fast_path(fp32: MiniLmEncoder) -> None:
    peer = SentenceTransformerEncoder(device="cpu")
    assert isinstance(peer, Encoder)
    assert (peer.dimension, peer.token_dimension, peer.max_tokens) == (384, 384, 256)
    dense, tokens = peer.encode_both(TEXTS)
    np.testing.assert_allclose(dense, fp32.encode(TEXTS), atol=1e-4)
    ours = fp32.encode_tokens(TEXTS)
    assert tokens.offsets.tolist() == ours.offsets.tolist()
    projected = tokens.vectors.astype(np.float32) @ fp32.projection
    projected /= np.linalg.norm(projected, axis=1, keepdims=True)
    assert (projected * ours.vectors).sum(1).min() > 0.999
    assert peer.encode([]).shape == (0, 384)
    assert len(peer.digest) == 64


@needs_torch
@pytest.mark.filterwarnings("default")
def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"half")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        SentenceTransformerEncoder(tmp_path).encode(["a"])
