"""Tiny random BERT models in the layouts that are met in the wild; written without torch."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

HIDDEN, LAYERS, HEADS, INNER, POSITIONS, PROJECTED = 32, 2, 4, 48, 64, 16
SPECIAL = ("[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = string.ascii_lowercase + string.digits
WORDS = ("goat", "field", "fallow", "soil", "rest", "the", "of", "barley", "词")
VOCABULARY = [*SPECIAL, *string.punctuation, *LETTERS, *(f"##{letter}" for letter in LETTERS), *WORDS]
PYLATE_MARKERS = ("[Q] ", "[D] ")

Tensors = dict[str, NDArray[np.float32]]


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_tokenizer(folder: Path, added: tuple[str, ...] = ()) -> None:
    """A lower-casing word piece tokenizer; `added` words get ids behind the vocabulary."""
    tokenizer = Tokenizer(WordPiece({word: at for at, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    markers = [("[CLS]", VOCABULARY.index("[CLS]")), ("[SEP]", VOCABULARY.index("[SEP]"))]
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=markers)
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.add_tokens([AddedToken(word, normalized=True) for word in added])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    named = {
        f"{name.strip('[]').lower()}_token": name for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    }
    settings = {"tokenizer_class": "BertTokenizer", "model_max_length": POSITIONS, "do_lower_case": True}
    write_json(folder / "tokenizer_config.json", settings | named)


def bert_tensors(words: int, prefix: str = "", seed: int = 1) -> Tensors:
    """Random weights of a BERT encoder, large enough that every token's vector is its own."""
    random = np.random.default_rng(seed)

    def drawn(*shape: int) -> NDArray[np.float32]:
        return random.normal(0, 0.3, shape).astype(np.float32)

    def norm(name: str) -> Tensors:
        return {f"{name}.weight": 1 + drawn(HIDDEN) / 10, f"{name}.bias": drawn(HIDDEN)}

    tensors: Tensors = {
        "embeddings.word_embeddings.weight": drawn(words, HIDDEN),
        "embeddings.position_embeddings.weight": drawn(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": drawn(2, HIDDEN),
    } | norm("embeddings.LayerNorm")
    shapes = {f"attention.self.{name}": (HIDDEN, HIDDEN) for name in ("query", "key", "value")}
    shapes |= {
        "attention.output.dense": (HIDDEN, HIDDEN),
        "intermediate.dense": (INNER, HIDDEN),
        "output.dense": (HIDDEN, INNER),
    }
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            tensors[f"encoder.layer.{layer}.{name}.weight"] = drawn(*shape)
            tensors[f"encoder.layer.{layer}.{name}.bias"] = drawn(shape[0])
        tensors |= norm(f"encoder.layer.{layer}.attention.output.LayerNorm")
        tensors |= norm(f"encoder.layer.{layer}.output.LayerNorm")
    return {prefix + name: tensor for name, tensor in tensors.items()}


def projection(seed: int = 2) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 0.3, (PROJECTED, HIDDEN)).astype(np.float32)


def write_config(folder: Path, words: int, architecture: str) -> None:
    write_json(
        folder / "config.json",
        {
            "architectures": [architecture],
            "model_type": "bert",
            "vocab_size": words,
            "hidden_size": HIDDEN,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "intermediate_size": INNER,
            "max_position_embeddings": POSITIONS,
            "pad_token_id": 0,
        },
    )


def save_tensors(path: Path, tensors: Tensors) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"format": "pt"})


def stanford(folder: Path, metadata: dict[str, Any] | None = None) -> Path:
    """Stanford's layout; metadata None writes no artifact.metadata."""
    write_tokenizer(folder)
    write_config(folder, len(VOCABULARY), "HF_ColBERT")
    save_tensors(
        folder / "model.safetensors",
        bert_tensors(len(VOCABULARY), "bert.") | {"linear.weight": projection()},
    )
    if metadata is not None:
        (folder / "artifact.metadata").write_text(json.dumps(metadata), encoding="utf-8")
    return folder


def dense_part(folder: Path) -> None:
    """A projection as a part of its own."""
    settings = {"in_features": HIDDEN, "out_features": PROJECTED, "bias": False}
    write_json(folder / "config.json", settings | {"activation_function": "torch.nn.modules.linear.Identity"})
    save_tensors(folder / "model.safetensors", {"linear.weight": projection()})


def write_modules(folder: Path, *parts: tuple[str, str]) -> None:
    """modules.json of (path, type)."""
    listed = [{"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(parts)]
    write_json(folder / "modules.json", listed)


TRANSFORMER = ("", "sentence_transformers.models.Transformer")


def pylate(folder: Path, **settings: Any) -> Path:
    """PyLate's layout of version 3."""
    words = len(VOCABULARY) + len(PYLATE_MARKERS)
    write_tokenizer(folder, PYLATE_MARKERS)
    write_config(folder, words, "BertModel")
    save_tensors(folder / "model.safetensors", bert_tensors(words))
    write_modules(folder, TRANSFORMER, ("1_Dense", "pylate.models.Dense.Dense"))
    dense_part(folder / "1_Dense")
    write_json(
        folder / "sentence_bert_config.json", {"max_seq_length": POSITIONS - 1, "do_lower_case": False}
    )
    told = {
        "model_type": "ColBERT",
        "query_prefix": PYLATE_MARKERS[0],
        "document_prefix": PYLATE_MARKERS[1],
        "query_length": 12,
        "document_length": 20,
        "attend_to_expansion_tokens": False,
        "skiplist_words": list(string.punctuation),
    }
    write_json(folder / "config_sentence_transformers.json", told | settings)
    return folder


def dense(folder: Path, **settings: Any) -> Path:
    """A dense sentence-transformers model with mean pooling."""
    write_tokenizer(folder)
    write_config(folder, len(VOCABULARY), "BertModel")
    save_tensors(folder / "model.safetensors", bert_tensors(len(VOCABULARY)))
    write_modules(folder, TRANSFORMER, ("1_Pooling", "sentence_transformers.models.Pooling"))
    write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": HIDDEN})
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": POSITIONS, "do_lower_case": False})
    write_json(folder / "config_sentence_transformers.json", settings)
    return folder
