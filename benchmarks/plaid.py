"""Late interaction, ours against colbert-ai's PLAID, over the same token vectors: building, disk, and latency
against overlap.

    python benchmarks/plaid.py --data ../shared/data/core --colbert-python PYTHON --plot plaid.png

Overlap is with the ten best of exhaustive MaxSim over the encoder's vectors, all of them in float32; the one
with our stored vectors is told too. Queries are titles. Encoding is excluded for both; with --vectors it is
kept for the next time. PLAID runs in a Python that has colbert-ai, on as many threads as ours.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from fallow_index.encoders import create_encoder
from fallow_index.engines.plaid import BITS, ITERATIONS, WORKER
from fallow_index.late_interaction import score_rows
from fallow_index.late_search import LateAnswer
from fallow_index.query import Query
from fallow_index.segments import text_of
from fallow_index.threads import one_blas_thread, usable_cores
from fallow_index.token_pooling import without_repeats
from fallow_index.token_store import TokenStore

BEST = 10
OURS = [
    (1, 50, 32),
    (1, 100, 64),
    (2, 200, 64),
    (4, 200, 128),
    (4, 400, 256),
    (8, 1000, 500),
    (16, 2000, 1000),
]
"""Lists a query token, candidates, and how many of them are decompressed."""
PLAID = [(1, 0.5, 256), (1, 0.5, 1024), (2, 0.45, 1024), (4, 0.4, 4096), (8, 0.3, 8192), (16, 0.0, 20000)]
"""Cells a query token, threshold and papers kept; the first, third and fourth are its defaults."""

Vectors = NDArray[np.floating]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Point:
    """One setting of an engine: latency in milliseconds, overlap of the ten best."""

    engine: str
    setting: str
    p50_ms: float
    p95_ms: float
    overlap: float
    overlap_stored: float | None = None


@dataclass(frozen=True)
class Texts:
    """Token vectors of papers and of queries: those of text i at offsets[i]:offsets[i + 1]."""

    tokens: Vectors
    offsets: Rows
    query_tokens: Vectors
    query_offsets: Rows

    @property
    def queries(self) -> list[NDArray[np.float32]]:
        """The vectors of each query."""
        ends = self.query_offsets.tolist()
        return [np.array(self.query_tokens[a:b], np.float32) for a, b in pairwise(ends)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/core"))
    parser.add_argument("--papers", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--vectors", type=Path, help="keep the vectors in this folder, and use them again")
    parser.add_argument("--colbert-python", help="a Python that has colbert-ai; without one only ours is run")
    parser.add_argument("--plot", type=Path, help="where to draw latency against overlap (.png or .svg)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        texts = vectors_of(options, options.vectors or Path(folder, "vectors"))
        truth = exhaustive(texts)
        built, points = ours(texts, truth, Path(folder, "ours"))
        if options.colbert_python:
            theirs, more = plaid(texts, truth, Path(folder, "plaid"), options.colbert_python)
            built |= theirs
            points += more
    report(built, points)
    if options.plot:
        draw(points, options.plot)


def vectors_of(options: argparse.Namespace, folder: Path) -> Texts:
    """Token vectors of the first papers and of titles drawn among them."""
    names = ("tokens", "offsets", "query_tokens", "query_offsets")
    if not all((folder / f"{name}.npy").exists() for name in names):
        encoder = create_encoder(options.encoder)
        with gzip.open(options.data / "papers.jsonl.gz", "rt", encoding="utf-8") as lines:
            papers = [json.loads(line) for line, _ in zip(lines, range(options.papers), strict=False)]
        documents = encoder.encode_tokens([text_of(p["title"], p.get("abstract") or "") for p in papers])
        asked = np.random.RandomState(0).permutation(len(papers))[: options.queries]
        queries = encoder.encode_tokens([papers[at]["title"] for at in asked.tolist()], query=True)
        folder.mkdir(parents=True, exist_ok=True)
        parts = (documents.vectors, documents.offsets, queries.vectors, queries.offsets)
        for name, part in zip(names, parts, strict=True):
            np.save(folder / f"{name}.npy", part)
    tokens, offsets, query_tokens, query_offsets = (
        np.load(folder / f"{name}.npy", mmap_mode="r") for name in names
    )
    papers, queries = min(options.papers, len(offsets) - 1), min(options.queries, len(query_offsets) - 1)
    tokens, offsets = tokens[: offsets[papers]], np.array(offsets[: papers + 1])
    return Texts(tokens, offsets, query_tokens, np.array(query_offsets[: queries + 1]))


def exhaustive(texts: Texts) -> list[set[int]]:
    """The ten best papers of each query by MaxSim over every vector."""
    papers, lengths = len(texts.offsets) - 1, np.diff(texts.query_offsets)
    together = np.array(texts.query_tokens[: texts.query_offsets[-1]], np.float32)
    scores = np.zeros((len(lengths), papers), np.float32)
    for first in range(0, papers, 25):
        ends = texts.offsets[first : first + 26]
        vectors = np.array(texts.tokens[ends[0] : ends[-1]], np.float32)
        filled = np.flatnonzero(np.diff(ends))
        best = np.maximum.reduceat(together @ vectors.T, ends[filled] - ends[0], axis=1)
        sums = np.add.reduceat(best, texts.query_offsets[:-1], axis=0)
        scores[:, first + filled] = sums / lengths[:, np.newaxis]
    return [set(np.argsort(-row, kind="stable")[:BEST].tolist()) for row in scores]


def ours(texts: Texts, truth: list[set[int]], folder: Path) -> tuple[dict[str, float], list[Point]]:
    folder.mkdir()
    started = time.perf_counter()
    with one_blas_thread():
        kept, offsets = without_repeats(texts.tokens, texts.offsets)
    TokenStore.of(kept, offsets).write(folder)
    seconds = time.perf_counter() - started
    store = TokenStore.open(folder, len(offsets) - 1, texts.tokens.shape[1])
    del kept
    everyone, bases = np.ones(len(store), bool), np.array([0, len(store)])
    with one_blas_thread():
        stored = [
            set(np.argsort(-score_rows(query, store, np.arange(len(store))), kind="stable")[:BEST].tolist())
            for query in texts.queries
        ]
    points = []
    for probes, depth, exact in OURS:

        def find(
            query: NDArray[np.float32], probes: int = probes, depth: int = depth, exact: int = exact
        ) -> list[int]:
            asked = Query({}, np.zeros(1, np.float32), query)
            with one_blas_thread():
                answer = LateAnswer([store], bases, asked, everyone, exact=exact, probes=probes)
                slots = answer.nominate(depth)
                return [int(slots[at]) for at in np.argsort(-answer.scores(slots), kind="stable")[:BEST]]

        points.append(measured("fallow", f"{probes} lists, {depth}, {exact}", find, texts, truth, stored))
    built = {"fallow_build_s": seconds, "fallow_bytes_a_paper": size_of(folder) / len(store)}
    return built | {"stored_overlap": overlap(stored, truth)}, points


def plaid(
    texts: Texts, truth: list[set[int]], folder: Path, python: str
) -> tuple[dict[str, float], list[Point]]:
    folder.mkdir()
    used = np.array(texts.tokens[: texts.offsets[-1]])
    np.save(folder / "vectors.npy", used)
    np.save(folder / "offsets.npy", texts.offsets)
    index, points = folder / "index", []
    with Worker(python, folder / "log") as worker:
        worker.ask("threads", count=usable_cores())
        started = time.perf_counter()
        files = {"vectors": str(folder / "vectors.npy"), "offsets": str(folder / "offsets.npy")}
        worker.ask("build", folder=str(index), nbits=BITS, iterations=ITERATIONS, **files)
        seconds = time.perf_counter() - started
        worker.ask("open", folder=str(index))
        for cells, threshold, documents in PLAID:
            setting = {"cells": cells, "threshold": threshold, "documents": documents}

            def find(query: NDArray[np.float32], setting: dict[str, float] = setting) -> list[int]:
                np.save(folder / "query.npy", query)
                found = worker.ask("search", query=str(folder / "query.npy"), k=BEST, **setting)
                return [int(row) for row in found["rows"]]

            points.append(measured("PLAID", f"{cells}, {threshold}, {documents}", find, texts, truth))
    papers = len(texts.offsets) - 1
    return {"plaid_build_s": seconds, "plaid_bytes_a_paper": size_of(index) / papers}, points


class Worker:
    """The process of PLAID: one JSON line a request, one an answer."""

    def __init__(self, python: str, log: Path) -> None:
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_exception: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._log.close()

    def ask(self, work: str, **arguments: object) -> dict[str, Any]:
        """What it answers to one request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": work, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "the process has ended"}')
        if "error" in answer:
            sys.exit(f"PLAID: {answer['error']} ({self._log.name})")
        return dict(answer["done"])


def measured(
    engine: str,
    setting: str,
    find: Callable[[NDArray[np.float32]], list[int]],
    texts: Texts,
    truth: list[set[int]],
    stored: list[set[int]] | None = None,
) -> Point:
    """Latency and overlap of one setting; one question before warms it up."""
    found, times = [], []
    find(texts.queries[0])
    for query in texts.queries:
        started = time.perf_counter()
        found.append(set(find(query)))
        times.append(1000 * (time.perf_counter() - started))
    median, slow = (round(float(np.percentile(times, share)), 2) for share in (50, 95))
    own = None if stored is None else overlap(found, stored)
    return Point(engine, setting, median, slow, overlap(found, truth), own)


def overlap(found: list[set[int]], truth: list[set[int]]) -> float:
    """Mean share of the true ten best that was found."""
    return round(float(np.mean([len(a & b) / len(b) for a, b in zip(found, truth, strict=True)])), 4)


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in files_of(folder))


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def report(built: dict[str, float], points: list[Point]) -> None:
    for name, value in built.items():
        print(f"{name:28}{value:>12,.3f}")
    print(f"{'engine':8} {'setting':24}{'p50 ms':>8}{'p95 ms':>8}{'overlap':>9}{'with stored':>13}")
    for point in points:
        own = "" if point.overlap_stored is None else f"{point.overlap_stored:.3f}"
        print(
            f"{point.engine:8} {point.setting:24}{point.p50_ms:8.1f}{point.p95_ms:8.1f}"
            f"{point.overlap:9.3f}{own:>13}"
        )
    print(json.dumps({**built, "points": [asdict(point) for point in points]}, indent=2))


def draw(points: list[Point], path: Path) -> None:
    """Latency (logarithmic) against overlap, a line an engine."""
    rows = alt.Data(values=[asdict(point) for point in points])
    axes = alt.Chart(rows).encode(
        x=alt.X("overlap:Q", title="overlap of the ten best with exhaustive MaxSim").scale(zero=False),
        y=alt.Y("p50_ms:Q", title="median latency, ms").scale(type="log"),
        color=alt.Color("engine:N", title=None),
    )
    chart = axes.mark_line(order=False) + axes.mark_point(filled=True, size=60)
    chart.properties(width=480, height=320).save(str(path))


if __name__ == "__main__":
    main()
