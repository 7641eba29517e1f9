"""Texts through a torch model: tokenised ahead in a thread, sorted by length, batched by tokens, in low
precision.

Works for every model whose first part gives `input_ids` and `attention_mask`, dense or multi-vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from fallow_index.encoders import TokenVectors
from fallow_ingest.errors import EncoderError

Dense = NDArray[np.float32]
Task = Literal["query", "document"]

CHUNK = 1024
"""Texts tokenised at a time, while the chunk before is computed."""
BATCH_TOKENS = {"cuda": 65_536, "cpu": 4_096}
"""Tokens of a batch, padding included: what fills a chip without filling its memory."""
LONGEST_TEXT = 100_000
"""Characters read of a text: more than any model's window holds, little enough to tokenise."""
_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, eq=False)
class _Part:
    """What a chunk gave: rows[i] is the text of dense[i], whose token vectors are the next lengths[i]."""

    rows: list[int]
    dense: Dense
    tokens: NDArray[np.float16]
    lengths: NDArray[np.int64]


@dataclass(eq=False)
class TorchRunner:
    """A loaded model and how it is run.

    model: a SentenceTransformer or a MultiVectorEncoder (`multi_vector`) in float32. batch_tokens: None takes
    what suits the device. Vectors are computed under autocast in `precision` and brought to length 1 in
    float32.
    """

    model: Any
    multi_vector: bool
    precision: str = "fp32"
    batch_tokens: int | None = None
    blank: str = field(init=False, default="")
    _lock: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        self.model.eval()
        self.device = torch.device(self.model.device)
        self.budget = self.batch_tokens or BATCH_TOKENS.get(self.device.type, BATCH_TOKENS["cpu"])
        features = self.model.preprocess([""], prompt=self.prompt("document"), task="document")
        if not isinstance(features.get("attention_mask"), torch.Tensor):
            raise EncoderError("The model gives no token vectors", "choose a transformer model")
        if not bool(features["attention_mask"].any()):
            self.blank = "."  # a tokenizer without markers makes nothing of nothing

    def prompt(self, task: Task) -> str | None:
        """What the model puts before a query or a document, as sentence-transformers chooses it."""
        names = ("query",) if task == "query" else ("document", "passage", "corpus")
        for name in names:
            if name in self.model.prompts:
                return str(self.model.prompts[name] or "")
        return (
            self.model.prompts.get(self.model.default_prompt_name) if self.model.default_prompt_name else None
        )

    def run(
        self, texts: Sequence[str], task: Task, *, dense: bool, tokens: bool
    ) -> tuple[Dense, TokenVectors]:
        """Dense vectors float32 [n, d] and token vectors, each of length 1, in the order of the texts; what
        is not asked for is empty. Raises EncoderError for values that are not finite or too little memory."""
        order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
        with self._lock, torch.inference_mode():
            parts = [
                self._chunk(rows, features, task, dense=dense, tokens=tokens)
                for rows, features in self._tokenised(texts, chunks, task)
            ]
        return _in_order(parts, len(texts))

    def _tokenised(
        self, texts: Sequence[str], chunks: Sequence[list[int]], task: Task
    ) -> Iterator[tuple[list[int], dict[str, Any]]]:
        prompt = self.prompt(task)

        def prepare(rows: list[int]) -> dict[str, Any]:
            bounded = [_bounded(texts[row]) for row in rows]
            bounded = [text if text.strip() else self.blank for text in bounded]
            return dict(self.model.preprocess(bounded, prompt=prompt, task=task))

        with ThreadPoolExecutor(1) as ahead:
            waiting = [ahead.submit(prepare, rows) for rows in chunks[:1]]
            for at, rows in enumerate(chunks):
                features = waiting.pop().result()
                if at + 1 < len(chunks):
                    waiting.append(ahead.submit(prepare, chunks[at + 1]))
                yield rows, features

    def _chunk(
        self, rows: list[int], features: dict[str, Any], task: Task, *, dense: bool, tokens: bool
    ) -> _Part:
        """Everything of one chunk, brought to the host at once so that the device never waits between
        batches."""
        done: list[tuple[Any, Any, Any]] = []
        places: list[int] = []
        with self._autocast():
            for batch, part in batches(features, self.budget):
                places += [rows[at] for at in batch.tolist()]
                done += self._fitting(part, task, tokens=tokens)
        vectors = torch.cat([found for found, _, _ in done]) if dense else torch.empty(0, 0)
        flat = torch.cat([found for _, found, _ in done])
        if not (bool(torch.isfinite(vectors).all()) and bool(torch.isfinite(flat).all())):
            raise EncoderError(
                f"The model's vectors are not finite numbers in {self.precision}",
                "use precision='fp32'" if self.precision != "fp32" else "fetch the model again",
            )
        lengths = torch.cat([found for _, _, found in done]).cpu().numpy().astype(np.int64)
        return _Part(places, vectors.float().cpu().numpy(), flat.cpu().numpy(), lengths)

    def _fitting(self, part: dict[str, Any], task: Task, *, tokens: bool) -> list[tuple[Any, Any, Any]]:
        """One batch; in halves where the device's memory is too small for the whole."""
        count = len(part["input_ids"])
        try:
            return [self._forward(part, task, tokens=tokens)]
        except torch.OutOfMemoryError as error:
            if count == 1:
                raise EncoderError(
                    f"The memory of {self.device} is too small for one text of this model",
                    "choose device='cpu' or a smaller model",
                ) from error
        self.budget = max(1, self.budget // 2)
        halves = torch.arange(count).tensor_split(2)
        parts = [_rows_of(part, half, count) for half in halves]
        return [found for half in parts for found in self._fitting(half, task, tokens=tokens)]

    def _forward(self, part: dict[str, Any], task: Task, *, tokens: bool) -> tuple[Any, Any, Any]:
        """Dense vectors [n, d], token vectors [sum of lengths, t] and lengths [n] of a batch, on the
        device."""
        present = part["attention_mask"].bool().to(self.device)
        found = self.model({name: self._moved(value) for name, value in part.items()}, task=task)
        kept = found["attention_mask"].bool()
        if kept.shape == present.shape:  # a text of which nothing counts keeps all it has
            kept = torch.where(kept.any(1, keepdim=True), kept, present)
        vectors = torch.nn.functional.normalize(found["token_embeddings"].float(), dim=-1)
        if self.multi_vector:
            whole = (vectors * kept.unsqueeze(-1)).sum(1)
        else:
            whole = found["sentence_embedding"].float()
        if not tokens:
            kept = torch.zeros_like(kept)
        return torch.nn.functional.normalize(whole, dim=-1), vectors[kept].half(), kept.sum(1)

    def _moved(self, value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        if self.device.type == "cuda":
            return value.pin_memory().to(self.device, non_blocking=True)
        return value.to(self.device)

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.precision == "fp32":
            return nullcontext()
        half: AbstractContextManager[Any] = torch.autocast(self.device.type, dtype=_HALF[self.precision])
        return half


def batches(features: dict[str, Any], budget: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Rows of a padded chunk, longest first, in batches of at most `budget` tokens, each cut to its longest
    row.

    Yields the rows' numbers (int64 tensor) and their features. The positions that a query is filled up with
    are no padding: they stay.
    """
    mask = features["attention_mask"].bool()
    filled = features.get("query_expansion_positions")
    needed = mask if filled is None else mask | filled.bool()
    count, width = needed.shape
    lengths = needed.sum(1)
    left_padded = bool((~needed[:, 0]).any())
    order = torch.argsort(lengths, descending=True, stable=True)
    start = 0
    while start < count:
        longest = max(1, int(lengths[order[start]]))
        rows = order[start : start + max(1, budget // longest)]
        start += len(rows)
        span = slice(width - longest, width) if left_padded else slice(0, longest)
        part = _rows_of(features, rows, count)
        cut = {
            name: value[:, span].contiguous()
            for name, value in part.items()
            if isinstance(value, torch.Tensor) and value.shape == (len(rows), width)
        }
        yield rows, part | cut


def _rows_of(features: dict[str, Any], rows: Any, count: int) -> dict[str, Any]:
    return {
        name: value[rows] if isinstance(value, torch.Tensor) and value.shape[:1] == (count,) else value
        for name, value in features.items()
    }


def _bounded(text: str) -> str:
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")


def _in_order(parts: Sequence[_Part], count: int) -> tuple[Dense, TokenVectors]:
    """Bring what the chunks gave back into the order of the texts."""
    lengths = np.zeros(count, np.int64)
    for part in parts:
        lengths[part.rows] = part.lengths
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    width, token_width = (parts[0].dense.shape[1], parts[0].tokens.shape[1]) if parts else (0, 0)
    vectors = np.empty((count if width else 0, width), np.float32)
    tokens = np.empty((offsets[-1], token_width), np.float16)
    for part in parts:
        if width:
            vectors[part.rows] = part.dense
        at = 0
        for row, length in zip(part.rows, part.lengths.tolist(), strict=True):
            tokens[offsets[row] : offsets[row + 1]] = part.tokens[at : at + length]
            at += length
    return vectors, TokenVectors(tokens, offsets)
