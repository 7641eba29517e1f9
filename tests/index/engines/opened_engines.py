"""Opening an engine by name for a test, and papers to put into it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallow_index.engines import ENGINES, Engine, Held, Papers, Place, Ranking, lacking
from fallow_index.late_interaction import max_sim
from fallow_index.segments import KEY_BYTES, VectorSpace
from fallow_ingest.errors import EngineError, FallowError

DENSE, TOKENS = 16, 32
SPACE = VectorSpace("invented", "ab" * 32, DENSE, TOKENS)
OTHER_SPACE = VectorSpace("invented", "cd" * 32, DENSE, TOKENS)
DAYS = (20_180_301, 20_200_615, 20_221_231)

ROUNDING = {"local": 0.08, "colbert-ai": 0.12}
"""By how much a MaxSim may be off: four bits a component; elsewhere half precision."""
HALF = 0.003


class Opener:
    """Opens one engine on one folder as often as asked."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.place = Place(folder)
        self.rounding = ROUNDING.get(name, HALF)
        self._opened: list[Engine] = []
        folder.mkdir(parents=True, exist_ok=True)

    def lacking(self) -> FallowError | None:
        if self.name == "qdrant":  # the in-process client stands for the server
            missing = find_spec("qdrant_client") is None
            return EngineError("qdrant-client is not installed") if missing else None
        return lacking(self.name, self.place)

    def open(self, space: VectorSpace = SPACE, **options: Any) -> Engine:
        if self.name == "qdrant":
            from qdrant_client import QdrantClient

            client = QdrantClient(path=str(self.place.folder / "qdrant"))
            options["client"] = client
        try:
            engine = ENGINES.create(self.name, place=self.place, space=space, **options)
        except BaseException:
            if "client" in options:
                options["client"].close()
            raise
        self._opened.append(engine)
        return engine

    def close(self) -> None:
        for engine in self._opened:
            engine.close()
        self._opened.clear()


def units(rows: int, dimension: int, seed: int) -> NDArray[np.float32]:
    drawn = np.random.RandomState(seed).standard_normal((rows, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def key_of(number: int, version: int = 0) -> bytes:
    return f"{number:08}{version:08}".encode()


def papers(numbers: list[int], *, version: int = 0, tokenless: int = -1) -> Papers:
    """Papers with fixed vectors; `tokenless` has none for its words. A new version has other vectors."""
    lengths = [0 if number == tokenless else 3 + number % 5 for number in numbers]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    seeds = [number + 10_000 * version for number in numbers]
    dense = [units(1, DENSE, seed) for seed in seeds]
    tokens = [units(length, TOKENS, seed + 5000) for seed, length in zip(seeds, lengths, strict=True)]
    keys = np.frombuffer(b"".join(key_of(number, version) for number in numbers), np.uint8)
    days = np.array([DAYS[number % len(DAYS)] for number in numbers], np.int32)
    return Papers(
        Held(np.array(numbers, np.int64), keys.reshape(-1, KEY_BYTES), days),
        tuple(f"x:{number} – naïve “论文” \N{GRINNING FACE}" for number in numbers),
        np.concatenate([np.empty((0, DENSE), np.float32), *dense]),
        np.concatenate([np.empty((0, TOKENS), np.float32), *tokens]),
        offsets,
    )


def exact(
    held: Papers, tokens: NDArray[np.floating], weights: NDArray[np.floating] | None = None
) -> dict[int, float]:
    """MaxSim of every paper, uncompressed."""
    scores = max_sim(tokens, held.tokens, held.offsets, weights)
    return dict(zip(held.held.numbers.tolist(), scores.tolist(), strict=True))


def assert_ranked(found: Ranking, expected: dict[int, float], rounding: float) -> None:
    """Scores are as expected, and the order is that of the expected ones wherever these are clearly apart."""
    scores = [expected[number] for number in found.numbers.tolist()]
    np.testing.assert_allclose(found.late, scores, atol=rounding)
    assert (np.diff(found.late) <= 0).all()
    for at in range(1, len(scores)):
        assert scores[at] <= min(scores[:at]) + 2 * rounding
