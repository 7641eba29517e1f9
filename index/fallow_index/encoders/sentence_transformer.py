"""Any sentence-transformers or ColBERT model as an encoder: CUDA, other models. Needs the extra `torch`.

A dense model's token vectors are its last hidden states. A ColBERT model's dense vector is the mean of the
token vectors that are scored, so that a dot product of two is the mean of all token similarities: a first
stage for the MaxSim that the model was trained for.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fallow_index.encoders import TokenVectors
from fallow_index.encoders.multi_vector_rules import StanfordRules
from fallow_index.encoders.sentence_transformer_files import (
    GIVE_ANOTHER,
    ModelFiles,
    code_of_its_own,
    examine,
    locate,
    reason_of,
)
from fallow_index.encoders.weights import cache_folder, find_weights, write_cached
from fallow_ingest.errors import BadInput, EncoderError

if TYPE_CHECKING:
    from fallow_index.encoders.sentence_transformer_forward import TorchRunner

INSTALL = "run: pip install 'fallow[torch]'"
PRECISIONS = ("fp32", "bf16", "fp16")
MOST_TOKENS = 8192
"""Tokens read of a text even where a model would read more: no paper's title and abstract are longer."""
_PROBE = "Fallow land lies unsown for a season."


class SentenceTransformerEncoder:
    """A model folder or a name on the Hugging Face hub, run by sentence-transformers.

    model: None takes the weights of the default encoder; "organisation/model@revision" pins a hub model.
    device: such as "cuda" or "cpu"; None takes CUDA where it is. precision: "fp32", "bf16" or "fp16"; None
    takes the half precision that a CUDA device has, fp32 elsewhere. batch_tokens: tokens of a batch; None
    takes what suits the device. Code that a model brings is never run, weights are read from safetensors
    only. Raises EncoderError when sentence-transformers is not installed, the hub does not answer, or the
    model is not whole.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        device: str | None = None,
        precision: str | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        if precision is not None and precision not in PRECISIONS:
            raise BadInput(f"There is no precision '{precision}'", f"choose one of: {', '.join(PRECISIONS)}")
        if importlib.util.find_spec("sentence_transformers") is None:
            raise EncoderError("The encoder 'sentence-transformers' is not installed", INSTALL)
        name, folder = locate(str(find_weights().model.parent if model is None else model))
        self.name = "sentence-transformers" if model is None else name
        self.files = examine(folder)
        self.device = device
        self.precision = precision
        self.batch_tokens = batch_tokens

    @property
    def digest(self) -> str:
        """Of every file that defines the vector space; not of device and precision."""
        return self.files.digest

    @cached_property
    def runner(self) -> TorchRunner:
        """The model, loaded at first use (importing torch takes seconds) and tried on one sentence."""
        return _load(self.files, self.device, self.precision, self.batch_tokens)

    @cached_property
    def _widths(self) -> tuple[int, int]:
        dense, tokens = self.runner.run([_PROBE], "document", dense=True, tokens=True)
        return dense.shape[1], tokens.vectors.shape[1]

    @property
    def dimension(self) -> int:
        """Length of a dense vector."""
        return self._widths[0]

    @property
    def token_dimension(self) -> int:
        """Length of a token vector."""
        return self._widths[1]

    @property
    def max_tokens(self) -> int:
        """Tokens read of a document, markers included."""
        model = self.runner.model
        return int(getattr(model[0], "document_length", None) or model.max_seq_length)

    @cached_property
    def queries_are_documents(self) -> bool:
        """Whether a query is read just as a document is."""
        runner = self.runner
        return not self.files.multi_vector and runner.prompt("query") == runner.prompt("document")

    def encode(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Dense vectors, float32 [texts, dimension], each of length 1."""
        return self._run(texts, query=query, tokens=False)[0]

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> TokenVectors:
        """Token vectors, float16, each of length 1: of a ColBERT model those that are scored, [MASK] of
        queries included and punctuation of documents left out."""
        return self._run(texts, query=query, dense=False)[1]

    def encode_both(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], TokenVectors]:
        """Dense and token vectors of documents in one pass."""
        return self._run(texts)

    def _run(
        self, texts: Sequence[str], *, query: bool = False, dense: bool = True, tokens: bool = True
    ) -> tuple[NDArray[np.float32], TokenVectors]:
        if not texts:
            nothing = np.empty((0, self.token_dimension), np.float16)
            return np.empty((0, self.dimension), np.float32), TokenVectors(nothing, np.zeros(1, np.int64))
        return self.runner.run(texts, "query" if query else "document", dense=dense, tokens=tokens)


def _load(
    files: ModelFiles, device: str | None, precision: str | None, batch_tokens: int | None
) -> TorchRunner:
    """A runner of the model that has encoded one sentence; whatever goes wrong is one EncoderError."""
    import torch

    from fallow_index.encoders.sentence_transformer_forward import TorchRunner

    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        with _quiet():
            model = _read(files, place)
            _check_whole(files, model)
        _set_lengths(files, model)
        runner = TorchRunner(model, files.multi_vector, precision or _default_precision(place), batch_tokens)
        runner.run([_PROBE], "query", dense=True, tokens=True)
        runner.run([_PROBE], "document", dense=True, tokens=True)
    except EncoderError as error:
        raise EncoderError(
            f"The model in {files.folder} cannot be used: {error.what}", error.remedy
        ) from error
    except Exception as error:  # transformers and torch raise whatever comes to hand
        if "trust_remote_code" in str(error):
            raise code_of_its_own(files.folder, "trust_remote_code") from error
        raise EncoderError(
            f"The model in {files.folder} cannot be loaded ({reason_of(error)})", GIVE_ANOTHER
        ) from error
    return runner


def _read(files: ModelFiles, device: str) -> Any:
    import torch
    from sentence_transformers import MultiVectorEncoder, SentenceTransformer

    kind = MultiVectorEncoder if files.multi_vector else SentenceTransformer
    return kind(
        str(files.folder),
        device=device,
        trust_remote_code=False,
        local_files_only=True,
        model_kwargs={"dtype": torch.float32, "use_safetensors": True},
    )


def _set_lengths(files: ModelFiles, model: Any) -> None:
    """Stanford's rules where they hold; no text longer than the model or MOST_TOKENS allows."""
    if files.layout == "stanford":
        StanfordRules.read(files.folder).apply(model)
    longest = min(model.max_seq_length or MOST_TOKENS, MOST_TOKENS)
    model.max_seq_length = longest
    if files.multi_vector:
        model[0].document_length = min(model[0].document_length or longest, longest)


def _default_precision(device: str) -> str:
    import torch

    if not device.startswith("cuda"):
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported() else "fp16"


def _check_whole(files: ModelFiles, model: Any) -> None:
    """Refuse weights of which transformers would draw some at random, with only a line in a log.

    Asked of transformers itself, which loads the weights once more; the answer is remembered by digest. What
    belongs to the pooler head is not used and may be missing.
    """
    note = cache_folder() / f"{files.digest[:16]}.whole"
    if note.exists() or model.transformers_model is None:
        return
    _, loading = type(model.transformers_model).from_pretrained(
        str(files.transformer), output_loading_info=True, use_safetensors=True, local_files_only=True
    )
    missing = sorted(
        str(name)
        for name in (*loading["missing_keys"], *loading["mismatched_keys"])
        if "pooler." not in str(name)
    )
    if missing:
        raise EncoderError(
            f"its weights lack {len(missing)} tensors, such as {missing[0]}", "fetch the model again"
        )
    write_cached(note, b"")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' progress bars and reports off the terminal; errors still come as exceptions."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
