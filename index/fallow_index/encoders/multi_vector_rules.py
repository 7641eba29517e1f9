"""The rules by which a Stanford ColBERT checkpoint reads queries and documents (Khattab and Zaharia 2020).

The checkpoint writes them into `artifact.metadata`, as its settings or as {"config": settings}; what that
leaves out has ColBERT's own default, which sentence-transformers does not know in every case (documents of
220 tokens).
"""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fallow_ingest.errors import EncoderError

METADATA_FILE = "artifact.metadata"


@dataclass(frozen=True)
class StanfordRules:
    """How texts become token ids, and which tokens count.

    Lengths are in tokens, markers included. attend: whether words attend to the [MASK] that fill a query up.
    dimension: length of a token vector, None when the checkpoint does not say.
    """

    query_marker: str = "[unused0]"
    document_marker: str = "[unused1]"
    query_length: int = 32
    document_length: int = 220
    attend: bool = False
    skip_punctuation: bool = True
    dimension: int | None = None

    @classmethod
    def read(cls, folder: Path) -> StanfordRules:
        """The rules of a checkpoint's folder. Raises EncoderError when its artifact.metadata cannot be
        read."""
        path = folder / METADATA_FILE
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            found = found.get("config", found)
            return cls._of({name: value for name, value in found.items() if value is not None})
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise EncoderError(f"The model's file {path} cannot be read", "fetch the model again") from error

    @classmethod
    def _of(cls, found: Mapping[str, Any]) -> StanfordRules:
        return cls(
            query_marker=str(found.get("query_token_id", cls.query_marker)),
            document_marker=str(found.get("doc_token_id", cls.document_marker)),
            query_length=int(found.get("query_maxlen", cls.query_length)),
            document_length=int(found.get("doc_maxlen", cls.document_length)),
            attend=bool(found.get("attend_to_mask_tokens", cls.attend)),
            skip_punctuation=bool(found.get("mask_punctuation", cls.skip_punctuation)),
            dimension=int(found["dim"]) if "dim" in found else None,
        )

    def apply(self, model: Any) -> None:
        """Make a loaded MultiVectorEncoder obey these rules. Raises EncoderError for an unknown marker."""
        tokenizer, transformer = model.tokenizer, model[0]
        _know_markers(tokenizer, (self.query_marker, self.document_marker))
        model.prompts |= {"query": f"{self.query_marker} ", "document": f"{self.document_marker} "}
        transformer.query_length = None  # the expansion below is the length
        transformer.query_expansion = {
            "strategy": "fixed",
            "attend": self.attend,
            "length": self.query_length,
        }
        transformer.document_length = self.document_length
        for module in model:
            if hasattr(module, "skiplist_words"):
                module.skiplist_words = list(string.punctuation) if self.skip_punctuation else []
                module.resolve_with_tokenizer(tokenizer)


def _know_markers(tokenizer: Any, markers: Sequence[str]) -> None:
    """Make every marker one token, as ColBERT inserts it, where the tokenizer would split it."""
    from tokenizers import AddedToken

    for marker in markers:
        if tokenizer.convert_tokens_to_ids(marker) in (None, tokenizer.unk_token_id):
            raise EncoderError(
                f"The model's tokenizer does not know its marker '{marker}'", "fetch the model again"
            )
    if any(tokenizer.tokenize(marker) != [marker] for marker in markers):
        special = [AddedToken(marker, normalized=False, special=True) for marker in markers]
        tokenizer.add_special_tokens({"additional_special_tokens": special})
