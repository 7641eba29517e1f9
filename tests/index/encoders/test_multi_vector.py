"""ColBERT models in every layout against the rules written out once more with plain transformers and
torch."""

from __future__ import annotations

import importlib.util
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_models import PYLATE_MARKERS, VOCABULARY, projection, pylate, stanford
from tokenizers import Tokenizer

from fallow_index.encoders import Encoder
from fallow_index.encoders.sentence_transformer import SentenceTransformerEncoder
from fallow_index.encoders.weights import CACHE_VARIABLE
from fallow_ingest.errors import EncoderError

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("sentence_transformers") is None, reason="the extra `torch` is not installed"
    ),
    pytest.mark.filterwarnings("default"),
]

QUERIES = ("goat field", "the soil: of, barley?", "", "fallow " * 40, "词 goat")
DOCUMENTS = (
    "The goat rests; the field lies fallow.",
    "barley, barley... barley!",
    "soil",
    "the soil of the field " * 30,
    "!?!",
    "",
)


@dataclass(frozen=True)
class Rules:
    """What apis say of a checkpoint: ids of its markers, lengths in tokens, and what counts."""

    query_marker: int = VOCABULARY.index("[unused0]")
    document_marker: int = VOCABULARY.index("[unused1]")
    query_length: int = 12
    document_length: int = 20
    attend: bool = False
    expand: bool = True
    skip: bool = True


def reference(folder: Path, rules: Rules) -> Callable[[str, bool], Any]:
    """A function of a text and whether it is a query, which gives its token vectors, float32."""
    import torch
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    bert = BertModel(BertConfig.from_json_file(folder / "config.json"), add_pooling_layer=False).eval()
    stored = load_file(folder / "model.safetensors")
    own = {name.removeprefix("bert."): tensor for name, tensor in stored.items() if "linear" not in name}
    missing = bert.load_state_dict(own, strict=False).missing_keys
    assert not [name for name in missing if "position_ids" not in name]
    matrix = torch.from_numpy(projection())
    start, end, mask = (VOCABULARY.index(name) for name in ("[CLS]", "[SEP]", "[MASK]"))
    skipped = {VOCABULARY.index(sign) for sign in string.punctuation} if rules.skip else set()

    def vectors(text: str, query: bool) -> Any:
        words = tokenizer.encode(text, add_special_tokens=False).ids
        length = rules.query_length if query else rules.document_length
        marker = rules.query_marker if query else rules.document_marker
        ids = [start, marker, *words[: length - 3], end]
        seen = [1] * len(ids)
        if query and rules.expand:
            seen += [int(rules.attend)] * (length - len(ids))
            ids += [mask] * (length - len(ids))
        counts = [query or token not in skipped for token in ids]
        with torch.no_grad():
            hidden = bert(torch.tensor([ids]), attention_mask=torch.tensor([seen])).last_hidden_state[0]
        found = torch.nn.functional.normalize(hidden @ matrix.T, dim=-1)
        return found[torch.tensor(counts)]

    return vectors


def maxsim(query: Any, document: Any) -> float:
    return float((query @ document.T).max(1).values.sum())


METADATA = {
    "query_token_id": "[unused0]",
    "doc_token_id": "[unused1]",
    "query_maxlen": 12,
    "doc_maxlen": 20,
    "mask_punctuation": True,
    "attend_to_mask_tokens": False,
    "dim": 16,
    "similarity": "cosine",
    "nbits": 2,
    "meta": {"version": "colbert-v0.4"},
}


def write_native(folder: Path, *, expand: bool) -> Path:
    """What sentence-transformers itself writes."""
    from sentence_transformers import MultiVectorEncoder

    model = MultiVectorEncoder(str(stanford(folder / "before", METADATA)), device="cpu")
    if not expand:
        model[0].query_expansion = None
        model[0].query_length = 12
    model.save_pretrained(str(folder / "native"))
    return folder / "native"


def write(kind: str, folder: Path) -> tuple[Path, Path, Rules]:
    """The model's folder, the folder that the reference reads, the rules."""
    if kind == "stanford":
        return stanford(folder, METADATA), folder, Rules()
    if kind == "stanford attends, keeps punctuation":
        changed = {"attend_to_mask_tokens": True, "mask_punctuation": False}
        return stanford(folder, METADATA | changed), folder, Rules(attend=True, skip=False)
    if kind == "stanford nested, other markers":
        changed = {"query_token_id": "[unused1]", "doc_token_id": "[unused0]"}
        return stanford(folder, {"config": METADATA | changed}), folder, Rules(2, 1)
    if kind == "stanford without metadata":
        return stanford(folder), folder, Rules(query_length=32, document_length=64)
    if kind == "pylate":
        return pylate(folder), folder, Rules(len(VOCABULARY), len(VOCABULARY) + 1)
    if kind == "pylate attends, keeps punctuation":
        written = pylate(folder, attend_to_expansion_tokens=True, skiplist_words=[])
        return written, folder, Rules(len(VOCABULARY), len(VOCABULARY) + 1, attend=True, skip=False)
    if kind == "pylate without expansion":
        written = pylate(folder, do_query_expansion=False)
        return written, folder, Rules(len(VOCABULARY), len(VOCABULARY) + 1, expand=False)
    expand = kind == "native"
    return write_native(folder, expand=expand), folder / "before", Rules(expand=expand)


KINDS = (
    "stanford",
    "stanford attends, keeps punctuation",
    "stanford nested, other markers",
    "stanford without metadata",
    "pylate",
    "pylate attends, keeps punctuation",
    "pylate without expansion",
    "native",
    "native without expansion",
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_the_rules(tmp_path: Path, kind: str) -> None:
    folder, plain, rules = write(kind, tmp_path / "model")
    expected = reference(plain, rules)
    encoder = SentenceTransformerEncoder(folder, device="cpu", batch_tokens=70)
    assert isinstance(encoder, Encoder)
    assert encoder.token_dimension == encoder.dimension == 16
    queries, documents = encoder.encode_tokens(QUERIES, query=True), encoder.encode_tokens(DOCUMENTS)
    exact = encoder.runner.model
    for i, query in enumerate(QUERIES):
        wanted = expected(query, True)
        assert queries.of(i).shape == tuple(wanted.shape)
        np.testing.assert_allclose(queries.of(i).astype(np.float32), wanted, atol=1e-3)
        for j, document in enumerate(DOCUMENTS):
            score = maxsim(wanted, expected(document, False))
            in_float32 = maxsim(exact.encode_query(query), exact.encode_document(document))
            assert in_float32 == pytest.approx(score, abs=1e-4)
            ours = queries.of(i).astype(np.float32) @ documents.of(j).astype(np.float32).T
            assert ours.max(1).sum() == pytest.approx(score, abs=5e-3)  # vectors are stored in float16


def test_the_dense_view_is_the_mean_of_what_is_scored(tmp_path: Path) -> None:
    encoder = SentenceTransformerEncoder(stanford(tmp_path / "model", METADATA), device="cpu")
    dense, tokens = encoder.encode_both(DOCUMENTS)
    np.testing.assert_array_equal(tokens.vectors, encoder.encode_tokens(DOCUMENTS).vectors)
    for at in range(len(DOCUMENTS)):
        mean = tokens.of(at).astype(np.float32).mean(0)
        np.testing.assert_allclose(dense[at], mean / np.linalg.norm(mean), atol=1e-3)
    assert not encoder.queries_are_documents
    asked = encoder.encode(["goat field"], query=True)[0]
    assert asked @ encoder.encode(["goat field"])[0] < 0.9999


def test_a_marker_in_the_text_of_a_pylate_model_is_one_token(tmp_path: Path) -> None:
    encoder = SentenceTransformerEncoder(pylate(tmp_path / "model"), device="cpu")
    ids = encoder.runner.model.preprocess(["goat"], prompt=encoder.runner.prompt("query"), task="query")
    assert ids["input_ids"][0, 1] == len(VOCABULARY)
    assert encoder.runner.prompt("document") == PYLATE_MARKERS[1]


def test_a_marker_that_the_tokenizer_does_not_know_is_refused(tmp_path: Path) -> None:
    folder = stanford(tmp_path / "model", METADATA | {"query_token_id": "[Q]"})
    with pytest.raises(EncoderError, match=r"does not know its marker '\[Q\]'"):
        _ = SentenceTransformerEncoder(folder, device="cpu").dimension
