"""The sentence-transformers runtime: dense models of any folder, batching, odd models; what it says without
torch."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from invented_papers import invented_paper
from tiny_models import (
    HIDDEN,
    VOCABULARY,
    bert_tensors,
    dense,
    dense_part,
    pylate,
    save_tensors,
    stanford,
    write_json,
)

from fallow_index.encoders import ENCODERS, Encoder, create_encoder
from fallow_index.encoders.minilm import MiniLmEncoder
from fallow_index.encoders.sentence_transformer import SentenceTransformerEncoder
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, EncoderError, UnknownName

TEXTS = ["Goats graze on the fallow field.", "", "词 🌾 \x00", "barley " * 400]
WORDS = ("goat", "the soil of the field", "", "fallow, rest!", "barley " * 90, "rest of the goat")

here = importlib.util.find_spec("sentence_transformers") is not None
needs_torch = pytest.mark.skipif(not here, reason="the extra `torch` is not installed")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.mark.skipif(here, reason="sentence-transformers is installed")
def test_without_it_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"pip install 'fallow\[torch\]'"):
        SentenceTransformerEncoder()
    with pytest.raises(EncoderError, match=r"pip install 'fallow\[torch\]'"):
        create_encoder(str(dense(tmp_path / "model")))


def test_a_name_that_is_nothing_lists_what_there_is() -> None:
    with pytest.raises(UnknownName, match=r"minilm.*or give a model's folder or its hub name"):
        create_encoder("minilmm")


def test_an_unknown_precision_lists_those_there_are() -> None:
    with pytest.raises(BadInput, match="fp32, bf16, fp16"):
        SentenceTransformerEncoder(precision="int4")


@needs_torch
def test_it_agrees_with_the_fast_path(fp32: MiniLmEncoder) -> None:
    peer = SentenceTransformerEncoder(device="cpu")
    assert isinstance(peer, Encoder)
    assert (peer.name, peer.queries_are_documents) == ("sentence-transformers", True)
    assert (peer.dimension, peer.token_dimension, peer.max_tokens) == (384, 384, 256)
    dense_vectors, tokens = peer.encode_both(TEXTS)
    ours, our_tokens = fp32.encode_both(TEXTS)
    assert tokens.offsets.tolist() == our_tokens.offsets.tolist()
    np.testing.assert_allclose(dense_vectors, ours, atol=1e-4)
    projected = tokens.vectors.astype(np.float32) @ fp32.projection
    projected /= np.linalg.norm(projected, axis=1, keepdims=True)
    assert (projected * our_tokens.vectors).sum(1).min() > 0.999


@needs_torch
def test_vectors_are_those_of_sentence_transformers(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = dense(tmp_path / "model", prompts={"query": "goat: ", "document": "rest: "})
    encoder, peer = (
        SentenceTransformerEncoder(folder, device="cpu"),
        SentenceTransformer(str(folder), device="cpu"),
    )
    options = {"normalize_embeddings": True, "show_progress_bar": False}
    np.testing.assert_allclose(encoder.encode(WORDS), peer.encode_document(list(WORDS), **options), atol=1e-5)
    asked = peer.encode_query(list(WORDS), **options)
    np.testing.assert_allclose(encoder.encode(WORDS, query=True), asked, atol=1e-5)
    assert not encoder.queries_are_documents
    states = peer.encode_document(list(WORDS), output_value="token_embeddings", show_progress_bar=False)
    tokens = encoder.encode_tokens(WORDS)
    for at, state in enumerate(states):
        wanted = state / state.norm(dim=1, keepdim=True)
        np.testing.assert_allclose(tokens.of(at).astype(np.float32), wanted, atol=1e-3)


@needs_torch
def test_how_texts_are_batched_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fallow_index.encoders import sentence_transformer_forward as forward

    folder = dense(tmp_path / "model")
    encoder = SentenceTransformerEncoder(folder, device="cpu")
    together, tokens = encoder.encode_both(WORDS)
    monkeypatch.setattr(forward, "CHUNK", 2)
    narrow = SentenceTransformerEncoder(folder, device="cpu", batch_tokens=1)
    apart, other = narrow.encode_both(WORDS)
    np.testing.assert_allclose(apart, together, atol=1e-5)
    assert other.offsets.tolist() == tokens.offsets.tolist()
    np.testing.assert_allclose(other.vectors.astype(np.float32), tokens.vectors.astype(np.float32), atol=2e-3)


@needs_torch
def test_padding_on_the_left_is_cut_on_the_left() -> None:
    import torch

    from fallow_index.encoders.sentence_transformer_forward import batches

    ids = torch.tensor([[0, 0, 0, 5], [0, 1, 2, 3], [0, 0, 8, 9]])
    features = {"input_ids": ids, "attention_mask": (ids > 0).long(), "modality": "text"}
    found = [(rows.tolist(), part["input_ids"].tolist()) for rows, part in batches(features, 4)]
    assert found == [([1], [[1, 2, 3]]), ([2, 0], [[8, 9], [0, 5]])]
    assert [rows.tolist() for rows, _ in batches(features, 6)] == [[1, 2], [0]]


@needs_torch
def test_positions_that_fill_a_query_up_are_not_padding() -> None:
    import torch

    from fallow_index.encoders.sentence_transformer_forward import batches

    mask = torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0]])
    filled = torch.tensor([[0, 1, 1, 0], [0, 0, 1, 0]])
    features = {"input_ids": mask, "attention_mask": mask, "query_expansion_positions": filled}
    ((_, part),) = batches(features, 100)
    assert part["input_ids"].shape == (2, 3)


@needs_torch
def test_a_batch_too_large_for_the_memory_is_halved(tmp_path: Path) -> None:
    import torch

    encoder = SentenceTransformerEncoder(dense(tmp_path / "model"), device="cpu")
    wanted = encoder.encode(WORDS)
    runner = encoder.runner
    whole = runner._forward

    def small(part: dict[str, Any], task: Any, **options: Any) -> Any:
        if len(part["input_ids"]) > limit:
            raise torch.OutOfMemoryError("too much")
        return whole(part, task, **options)

    runner._forward = small  # type: ignore[method-assign]
    limit = 1
    np.testing.assert_allclose(encoder.encode(WORDS), wanted, atol=1e-5)
    assert runner.budget < 4096
    limit = 0
    with pytest.raises(EncoderError, match="memory of cpu is too small"):
        encoder.encode(WORDS)


@needs_torch
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_stays_near(tmp_path: Path, precision: str) -> None:
    folder = dense(tmp_path / "model")
    exact = SentenceTransformerEncoder(folder, device="cpu").encode(WORDS)
    encoder = SentenceTransformerEncoder(folder, device="cpu", precision=precision)
    found = encoder.encode(WORDS)
    assert (exact * found).sum(1).min() > 0.99
    assert np.abs(exact - found).max() > 1e-6
    assert encoder.digest == SentenceTransformerEncoder(folder).digest


@needs_torch
def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    folder = dense(tmp_path / "model")
    tensors = bert_tensors(len(VOCABULARY))
    tensors["encoder.layer.1.output.dense.bias"][3] = np.nan
    save_tensors(folder / "model.safetensors", tensors)
    with pytest.raises(EncoderError, match="vectors are not finite numbers in fp32"):
        _ = SentenceTransformerEncoder(folder, device="cpu").dimension


@needs_torch
@pytest.mark.parametrize("write", [dense, stanford, pylate], ids=lambda write: write.__name__)
def test_weights_of_which_a_part_is_gone_are_refused(tmp_path: Path, write: Any) -> None:
    from safetensors.numpy import load_file

    folder = write(tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if "layer.1.intermediate" not in name}
    save_tensors(folder / "model.safetensors", kept)
    with pytest.raises(EncoderError, match=r"lack 2 tensors, such as encoder\.layer\.1\.intermediate"):
        _ = SentenceTransformerEncoder(folder, device="cpu").dimension


@needs_torch
def test_a_projection_of_another_width_is_refused(tmp_path: Path) -> None:
    folder = pylate(tmp_path / "model")
    dense_part(folder / "1_Dense")
    settings = json.loads((folder / "1_Dense" / "config.json").read_text(encoding="utf-8"))
    write_json(folder / "1_Dense" / "config.json", settings | {"in_features": 48})
    save_tensors(folder / "1_Dense" / "model.safetensors", {"linear.weight": np.ones((16, 48), np.float32)})
    with pytest.raises(EncoderError, match="cannot be loaded"):
        _ = SentenceTransformerEncoder(folder, device="cpu").dimension


@needs_torch
@pytest.mark.parametrize("place", ["config.json", "tokenizer_config.json"])
def test_code_that_a_model_brings_is_never_run(tmp_path: Path, place: str) -> None:
    folder = dense(tmp_path / "model")
    (folder / "evil.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: ...\n", encoding="utf-8"
    )
    settings = json.loads((folder / place).read_text(encoding="utf-8"))
    asks = {
        "config.json": {
            "model_type": "evil",
            "auto_map": {"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"},
        },
        "tokenizer_config.json": {
            "tokenizer_class": "Evil",
            "auto_map": {"AutoTokenizer": ["evil.Evil", None]},
        },
    }
    write_json(folder / place, settings | asks[place])
    encoder = SentenceTransformerEncoder(folder, device="cpu")
    if place == "config.json":
        with pytest.raises(EncoderError, match="asks to run code of its own"):
            _ = encoder.dimension
    else:  # tokenizer.json says all there is to know
        assert encoder.dimension == HIDDEN
    assert not (tmp_path / "ran").exists()


@needs_torch
def test_a_model_without_a_word_for_nothing_still_reads_it(tmp_path: Path) -> None:
    folder = dense(tmp_path / "model")
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["post_processor"] = None
    write_json(folder / "tokenizer.json", tokenizer)
    write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "model_max_length": 64},
    )
    encoder = SentenceTransformerEncoder(folder, device="cpu")
    found = encoder.encode(["", " \n", "."])
    assert encoder.runner.blank == "."
    np.testing.assert_allclose(found[0], found[2], atol=1e-6)
    np.testing.assert_allclose(found[1], found[2], atol=1e-6)


@needs_torch
def test_a_library_is_built_and_searched_with_a_folder_and_survives_its_move(
    catalog: Catalog, add: Any, tmp_path: Path
) -> None:
    from fallow_index.build import build_index
    from fallow_index.search import Searcher

    add([invented_paper(at) for at in range(12)])
    folder = stanford(tmp_path / "model", {"doc_maxlen": 40})
    first = build_index(catalog, encoder_name=str(folder))
    assert first.space.encoder == str(folder)
    with Searcher.open(catalog.library) as searcher:
        assert len(searcher.search("goat field", 5)) == 5
    moved = folder.rename(tmp_path / "moved")
    with Searcher.open(catalog.library) as searcher, pytest.raises(EncoderError, match="is not there"):
        searcher.search("goat field", 5)
    second = build_index(catalog, encoder_name=str(moved))
    assert second.number == first.number + 1
    assert [entry.name for entry in second.segments] == [entry.name for entry in first.segments]
    with Searcher.open(catalog.library) as searcher:
        assert len(searcher.search("goat field", 5)) == 5
    others = bert_tensors(len(VOCABULARY), "bert.", 3) | {"linear.weight": np.ones((16, 32), np.float32)}
    save_tensors(moved / "model.safetensors", others)
    with (
        Searcher.open(catalog.library) as searcher,
        pytest.raises(EncoderError, match="was built with encoder"),
    ):
        searcher.search("goat field", 5)


def test_the_registry_knows_it() -> None:
    assert "sentence-transformers" in ENCODERS.names()
