"""Engines on the same vectors: seconds to fill, disk, latency, and how much of the exact top ten they find.

    python benchmarks/engines.py --vectors PREFIX --papers 20000 --python DIR/bin/python

PREFIX_dense.npy [n, d], PREFIX_tok.npy [tokens, token_d] and PREFIX_off.npy [n + 1] are an encoder's vectors
of n papers. The first --papers are the collection. Each query is a paper after them: its dense vector and its
first --words token vectors (its title, as a rule). Exact is MaxSim over every paper with the vectors
that the engines are given, uncompressed. Each engine runs in a process of its own, one after another; one
that cannot run here says why. --python names a Python that has colbert-ai, --url a Qdrant server, whose
collection fallow-benchmark is written anew.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fallow_index.engines import ENGINES, Engine, Held, Papers, Place, lacking
from fallow_index.late_interaction import max_sim
from fallow_index.segments import KEY_BYTES, VectorSpace
from fallow_index.token_pooling import without_repeats
from fallow_ingest.errors import FallowError

K = 10
BATCH = 2000


@dataclass(frozen=True)
class Task:
    """What is measured. candidates: of engines whose dense vectors nominate."""

    vectors: Path
    papers: int
    queries: int
    words: int
    candidates: tuple[int, ...]
    python: str
    url: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=Path, required=True, metavar="PREFIX")
    parser.add_argument("--papers", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--words", type=int, default=24, help="token vectors of a query")
    parser.add_argument("--candidates", default="100,300", help="dense nominees, comma-separated")
    parser.add_argument("--engines", default=",".join(ENGINES.names()))
    parser.add_argument("--python", default="")
    parser.add_argument("--url", default="")
    options = parser.parse_args()
    candidates = tuple(int(text) for text in options.candidates.split(","))
    task = Task(
        options.vectors,
        options.papers,
        options.queries,
        options.words,
        candidates,
        options.python,
        options.url,
    )
    exact = _alone(exhaustive, task)
    rows = [
        {"engine": "exhaustive, uncompressed", "candidates": "all", "p50_ms": exact["p50_ms"], "overlap": 1.0}
    ]
    _show(rows[0])
    for name in options.engines.split(","):
        for row in _alone(measure, name, task, exact["best"]):
            rows.append(row)
            _show(row)
    print(json.dumps(rows, indent=1))


def exhaustive(task: Task) -> dict[str, Any]:
    """The exact top ten of every query, and the milliseconds that they take."""
    held = collection(task)
    best, times = [], []
    for _, tokens in questions(task):
        started = time.perf_counter()
        scores = max_sim(tokens, held.tokens, held.offsets)
        best.append((np.argsort(-scores, kind="stable")[:K] + 1).tolist())
        times.append(time.perf_counter() - started)
    return {"best": best, "p50_ms": 1000 * float(np.median(times))}


def measure(name: str, task: Task, best: list[list[int]]) -> list[dict[str, Any]]:
    """The rows of one engine."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), url=task.url, collection="fallow-benchmark", python=task.python)
        error = lacking(name, place)
        if error is not None:
            return [{"engine": name, "note": str(error)}]
        held = collection(task)
        space = VectorSpace("benchmark", "00" * 32, held.dense.shape[1], held.tokens.shape[1])
        started = time.perf_counter()
        try:
            engine = ENGINES.create(name, place=place, space=space, replace=True)
            for start in range(0, len(held), BATCH):
                engine.upsert(held.part(start, start + BATCH))
            engine.settle()
        except FallowError as failed:
            return [{"engine": name, "note": str(failed)}]
        seconds = time.perf_counter() - started
        disk = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        shared = {"engine": name, "papers": len(held), "build_s": seconds, "disk_mb": disk / 1e6}
        rows = [shared | _searched(engine, task, best, count) for count in _depths(name, task)]
        engine.close()
        return rows


def _depths(name: str, task: Task) -> list[int]:
    """colbert-ai nominates by its own index; of the others, also all papers."""
    return [task.candidates[0]] if name == "colbert-ai" else [*task.candidates, task.papers]


def _searched(engine: Engine, task: Task, best: list[list[int]], candidates: int) -> dict[str, Any]:
    times, found = [], []
    for round_ in range(2):  # the first opens files and fills caches
        for at, (dense, tokens) in enumerate(questions(task)):
            if round_ == 0 and at == 5:
                break
            started = time.perf_counter()
            ranking = engine.search(dense, tokens, K, candidates=candidates)
            if round_:
                times.append(time.perf_counter() - started)
                found.append(len(set(ranking.numbers.tolist()) & set(best[at])) / K)
    return {
        "candidates": candidates,
        "p50_ms": 1000 * float(np.median(times)),
        "p95_ms": 1000 * float(np.quantile(times, 0.95)),
        "overlap": float(np.mean(found)),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def collection(task: Task) -> Papers:
    """The first papers, as the index would keep them, before compression."""
    dense, tokens, offsets = _mapped(task)
    count = min(task.papers, len(dense) - task.queries)
    ends = np.asarray(offsets[: count + 1])
    kept, ends = without_repeats(np.asarray(tokens[: ends[-1]]), ends)
    keys = np.zeros((count, KEY_BYTES), np.uint8)
    keys[:, :8] = np.arange(count, dtype=np.int64).view(np.uint8).reshape(-1, 8)
    days = np.full(count, 20_200_101, np.int32)
    held = Held(np.arange(1, count + 1), keys, days)
    return Papers(
        held, ("",) * count, np.asarray(dense[:count], np.float32), np.asarray(kept, np.float32), ends
    )


def questions(task: Task) -> Iterator[tuple[Any, Any]]:
    """Dense and token vectors of the queries."""
    dense, tokens, offsets = _mapped(task)
    first = min(task.papers, len(dense) - task.queries)
    for row in range(first, first + task.queries):
        stop = min(offsets[row] + task.words, offsets[row + 1])
        yield np.asarray(dense[row], np.float32), np.asarray(tokens[offsets[row] : stop], np.float32)


def _mapped(task: Task) -> tuple[Any, Any, Any]:
    return tuple(  # type: ignore[return-value]
        np.load(f"{task.vectors}_{part}.npy", mmap_mode="r") for part in ("dense", "tok", "off")
    )


def _alone(stage: Any, *arguments: object) -> Any:
    """Run a stage in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(stage, *arguments).result()


def _show(row: dict[str, Any]) -> None:
    told = [
        f"{name} {value:,.3f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in row.items()
    ]
    print("  ".join(told), flush=True)


if __name__ == "__main__":
    main()
