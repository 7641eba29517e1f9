"""What a paper is in Qdrant, the same on a server, in its in-process client and in the embedded engine.

A point's id is the paper's number. It has two named vectors, `dense` and the multi-vector `tokens` (absent
where a paper has no token vectors), and the payload below. The tokens have no graph (m = 0): they rank what
the dense vectors nominate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallow_index.engines import Held, Numbers, Papers, Ranking
from fallow_index.segments import KEY_BYTES
from fallow_ingest.errors import EngineError

DENSE, TOKENS = "dense", "tokens"
KEY, PUBLIC_BY, PAPER = "key", "public_by", "paper"
PAGE = 10_000
"""Points whose payload is read at once."""
MESSAGE_BYTES = 8 << 20
"""The longest message sent: a quarter of what a server takes unless told otherwise (32 MiB)."""
_NUMBER_BYTES = 9
"""Of one component as JSON."""
_DIGITS = 5
"""Of one component: a half-precision number, which is what the server keeps, has three to four."""


def vectors_of(papers: Papers, row: int) -> dict[str, Any]:
    """The named vectors of one paper as lists."""
    vectors: dict[str, Any] = {DENSE: rounded(papers.dense[row])}
    tokens = papers.tokens[papers.offsets[row] : papers.offsets[row + 1]]
    if len(tokens):
        vectors[TOKENS] = rounded(tokens)
    return vectors


def payload_of(papers: Papers, row: int) -> dict[str, str | int]:
    """The payload of one paper."""
    return {
        KEY: papers.held.keys[row].tobytes().hex(),
        PUBLIC_BY: int(papers.held.public_by[row]),
        PAPER: papers.names[row],
    }


def rounded(vectors: NDArray[np.floating]) -> list[Any]:
    """Vectors as lists of numbers that are short in JSON."""
    lists: list[Any] = np.round(np.asarray(vectors, np.float64), _DIGITS).tolist()
    return lists


def messages(papers: Papers) -> Iterator[Papers]:
    """Papers in runs whose vectors stay below MESSAGE_BYTES as JSON; at least one paper each."""
    width = papers.dense.shape[1] + np.diff(papers.offsets) * papers.tokens.shape[1]
    ends = np.cumsum(width * _NUMBER_BYTES)
    start = 0
    while start < len(papers):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + MESSAGE_BYTES, side="right")))
        yield papers.part(start, stop)
        start = stop


def held_of(points: Sequence[tuple[Any, Mapping[str, Any] | None]], where: str) -> Held:
    """What is held, as points, (id, payload), say. Raises EngineError for one that fallow did not write."""
    numbers, keys, days = [], [], []
    for number, payload in points:
        try:
            key = bytes.fromhex(str((payload or {})[KEY]))
            day = int((payload or {})[PUBLIC_BY])
            if not isinstance(number, int) or len(key) != KEY_BYTES:
                raise ValueError(number)
        except (KeyError, ValueError, TypeError) as error:
            raise EngineError(
                f"{where} holds point {number}, which fallow did not write",
                "name a collection of its own with --engine-collection",
            ) from error
        numbers.append(number)
        keys.append(key)
        days.append(day)
    if not numbers:
        return Held.nothing()
    order = np.argsort(numbers)
    table = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY_BYTES)
    return Held(np.array(numbers, np.int64)[order], table[order], np.array(days, np.int32)[order])


def ranking_of(by_dense: Sequence[Any], by_late: Sequence[Any], divisor: float, k: int) -> Ranking:
    """The ranking of two lists of scored points over the same candidates.

    by_dense: all candidates with their inner products; by_late: those that have token vectors, with the sum
    of best products.
    """
    late = {point.id: point.score / divisor for point in by_late}
    numbers: Numbers = np.array([point.id for point in by_dense], np.int64)
    dense = np.array([point.score for point in by_dense], np.float32)
    scores = np.array([late.get(point.id, 0.0) for point in by_dense], np.float32)
    return Ranking.best(numbers, dense, scores, k)
