"""Any sentence-transformers model as an encoder: other models, CUDA. Needs the extra `torch`."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallow_index.encoders import TokenVectors
from fallow_index.encoders.weights import find_weights
from fallow_ingest.errors import EncoderError

LONGEST_TEXT = 100_000
INSTALL = "run: pip install 'fallow[torch]'"


class SentenceTransformerEncoder:
    """A model folder or a name on the Hugging Face hub, run by sentence-transformers.

    model: None takes the weights of the default encoder. device: such as "cuda" or "cpu"; None takes CUDA
    where it is. Token vectors are the model's own token embeddings, of length 1, markers included;
    `token_dimension` is the model's width. Raises EncoderError when sentence-transformers is not installed or
    the model cannot be loaded.
    """

    name = "sentence-transformers"

    def __init__(
        self, model: str | Path | None = None, device: str | None = None, batch_size: int = 32
    ) -> None:
        if importlib.util.find_spec("sentence_transformers") is None:
            raise EncoderError("The encoder 'sentence-transformers' is not installed", INSTALL)
        self.model_name = str(model or find_weights().model.parent)
        self.device = device
        self.batch_size = batch_size

    @cached_property
    def model(self) -> Any:
        """The SentenceTransformer, loaded at first use (importing it takes seconds)."""
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(self.model_name, device=self.device, trust_remote_code=False)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            remedy = "give a folder or a hub name of a sentence-transformers model"
            raise EncoderError(
                f"The model '{self.model_name}' cannot be loaded ({reason})", remedy
            ) from error

    @cached_property
    def digest(self) -> str:
        """Of all the model's parameters and its length limit."""
        found = hashlib.sha256(f"{self.max_tokens}".encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            found.update(name.encode() + tensor.detach().cpu().float().numpy().tobytes())
        return found.hexdigest()

    @cached_property
    def dimension(self) -> int:
        """Length of a dense vector."""
        return int(self.encode([""]).shape[1])

    @cached_property
    def token_dimension(self) -> int:
        """Length of a token vector, the width of the model."""
        return int(self.encode_tokens(["a"]).vectors.shape[1])

    @property
    def max_tokens(self) -> int:
        """Word pieces read of a text."""
        return int(self.model.max_seq_length)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Dense vectors, float32 [texts, dimension], each of length 1."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        options = {"normalize_embeddings": True, "convert_to_numpy": True}
        return np.asarray(self._encode(texts, **options), dtype=np.float32)

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> TokenVectors:
        """Token vectors, float16, each of length 1; queries and documents are treated alike."""
        return _token_vectors(self._encode(texts, output_value="token_embeddings") if texts else [])

    def encode_both(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], TokenVectors]:
        """Dense and token vectors; two passes here, which torch makes cheap on a GPU."""
        return self.encode(texts), self.encode_tokens(texts)

    def _encode(self, texts: Sequence[str], **options: Any) -> Any:
        bounded = [text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8") for text in texts]
        return self.model.encode(bounded, batch_size=self.batch_size, show_progress_bar=False, **options)


def _token_vectors(found: Sequence[Any]) -> TokenVectors:
    rows = [np.asarray(tensor.detach().float().cpu().numpy(), dtype=np.float32) for tensor in found]
    vectors = np.concatenate(rows) if rows else np.empty((0, 0), np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    offsets = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64)
    return TokenVectors(vectors.astype(np.float16), offsets)
