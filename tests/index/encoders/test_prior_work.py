"""The default encoder: MiniLM, its adapter, and the weights of word pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fallow_index.build import DEFAULT_ENCODER
from fallow_index.encoders import ENCODERS, prior_work
from fallow_index.encoders.minilm import MiniLmEncoder
from fallow_index.encoders.prior_work import (
    ADAPTER_FILE,
    CALIBRATION_FILE,
    DOWN,
    UP,
    PriorWorkEncoder,
    merged,
    piece_weights,
    read_adapter,
)
from fallow_ingest.errors import EncoderError

ABSTRACT = (
    "Attention without the softmax. We replace the normalisation of attention by a kernel, so that memory "
    "grows linearly with the length of the text, and measure what it costs on four tasks."
)
LIKE = "Kernels in place of softmax attention make its memory linear in the length of a sequence."
UNLIKE = "A treebank of spoken Frisian, annotated by two linguists, with figures of their agreement."


@pytest.fixture(scope="module")
def encoder(cache: None) -> PriorWorkEncoder:
    return PriorWorkEncoder(precision="fp32", threads=1)


def test_it_is_what_a_new_library_gets() -> None:
    assert PriorWorkEncoder.name == DEFAULT_ENCODER
    assert isinstance(ENCODERS.create(DEFAULT_ENCODER), PriorWorkEncoder)


def test_it_is_small() -> None:
    assert ADAPTER_FILE.stat().st_size + CALIBRATION_FILE.stat().st_size < 3_000_000


def test_its_space_is_its_own(encoder: PriorWorkEncoder) -> None:
    stock = MiniLmEncoder(precision="fp32", threads=1)
    assert encoder.digest != stock.digest
    assert np.abs(encoder.encode([ABSTRACT]) - stock.encode([ABSTRACT])).max() > 1e-3


def test_alike_is_nearer_than_unlike(encoder: PriorWorkEncoder) -> None:
    vectors = encoder.encode([ABSTRACT, LIKE, UNLIKE])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


def test_the_adapter_is_added_to_what_it_names() -> None:
    rng = np.random.default_rng(0)
    tensors = {"a": rng.normal(size=(4, 3)).astype(np.float32), "b": np.ones((2, 2), np.float32)}
    adapter = {"a" + DOWN: np.ones((1, 3), np.float32), "a" + UP: np.arange(4, dtype=np.float32)[:, None]}
    found = merged(tensors, adapter)
    np.testing.assert_allclose(found["a"] - tensors["a"], np.arange(4)[:, None] * np.ones(3), atol=1e-6)
    assert found["b"] is tensors["b"]


def test_every_change_fits_a_tensor_of_minilm(encoder: PriorWorkEncoder) -> None:
    stock = MiniLmEncoder(threads=1).tensors
    changed = [name.removesuffix(DOWN) for name in read_adapter(ADAPTER_FILE) if name.endswith(DOWN)]
    assert len(changed) == 18  # six matrices of three layers
    assert all(encoder.tensors[name].shape == stock[name].shape for name in changed)


def test_rare_and_first_word_pieces_weigh_more(encoder: PriorWorkEncoder) -> None:
    weights = encoder.query_weights(ABSTRACT)
    assert weights.shape == (len(encoder.encode_tokens([ABSTRACT]).of(0)),)
    assert (weights > 0).all()
    assert (np.diff(piece_weights(np.full(50, 3, np.float32), 1.0)) < 0).all()
    rare, common = piece_weights(np.array([[8.0], [1.0]], np.float32), 1.0)[:, 0]
    assert rare > 2 * common


@pytest.mark.parametrize(("precision", "floor"), [("bf16", 0.999), ("int8", 0.97)])
def test_drift_is_bounded(encoder: PriorWorkEncoder, precision: str, floor: float) -> None:
    texts = [ABSTRACT, LIKE, UNLIKE]
    found = PriorWorkEncoder(precision=precision, threads=1).encode(texts)
    assert (found * encoder.encode(texts)).sum(axis=1).min() > floor


def test_a_broken_adapter_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = tmp_path / "prior_work.npz"
    half.write_bytes(ADAPTER_FILE.read_bytes()[:5000])
    monkeypatch.setattr(prior_work, "ADAPTER_FILE", half)
    with pytest.raises(EncoderError, match=r"prior_work\.npz"):
        PriorWorkEncoder(threads=1).encode(["a"])
