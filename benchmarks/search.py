"""Building and searching the core corpus: seconds, memory, bytes a paper, latency.

    python benchmarks/search.py --data ../shared/data/core

Every stage runs in a process of its own, so that its peak memory is its own. Queries are texts that the
index has not seen encoded: the titles of papers, and whole abstracts. The baseline of each latency is the
same run's BM25.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/core"))
    parser.add_argument("--papers", type=int, default=0, help="use the first N papers; 0 for all")
    parser.add_argument("--added", type=int, default=1000, help="papers added to the finished index")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--library", type=Path, help="measure search in this library, as it is")
    options = parser.parse_args()
    figures: Figures = {}
    with ExitStack() as stack:
        library = options.library
        if library is None:
            library = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "library"
            source = options.data / "papers.jsonl.gz"
            total = alone(ingest_some, library, source, 0, options.papers, options.added)["papers"]
            figures |= alone(build, library, "build")
            alone(ingest_some, library, source, int(total), options.added, 0)
            figures |= alone(build, library, "add")
        figures |= alone(search, library, options.queries)
    for name, value in figures.items():
        print(f"{name:32}{value:>14,.2f}")
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}, indent=2))


def alone(stage: Callable[..., Figures], *arguments: object) -> Figures:
    """Run a stage in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(stage, *arguments).result()


def peak_mib() -> float:
    """Most memory that this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def ingest_some(library: Path, source: Path, start: int, limit: int, spare: int) -> Figures:
    """Add papers start..start+limit of a file; all but the last `spare` when limit is 0."""
    from fallow_ingest.catalog import Catalog
    from fallow_ingest.sources import SOURCES, Read

    papers = [item.paper for item in SOURCES.create("jsonl").read(source) if isinstance(item, Read)]
    stop = start + limit if limit else len(papers) - spare
    with Catalog.open(library, create=True) as catalog:
        catalog.add(papers[start:stop], "jsonl")
    return {"papers": len(papers[:stop])}


def build(library: Path, name: str) -> Figures:
    """Bring the index up to date."""
    from fallow_index.build import DEFAULT_ENCODER, build_index
    from fallow_index.encoders import ENCODERS
    from fallow_ingest.catalog import Catalog

    encoder = ENCODERS.create(DEFAULT_ENCODER)
    encoder.encode(["loads the model"])
    stages: dict[str, float] = {}
    current, since = "", time.perf_counter()

    def report(stage: str, _done: int, _total: int) -> None:
        nonlocal current, since
        now = time.perf_counter()
        stages[current] = stages.get(current, 0.0) + now - since
        current, since = stage, now

    started = time.perf_counter()
    with Catalog.open(library) as catalog:
        generation = build_index(catalog, encoder=encoder, report=report)
    report("", 0, 0)
    seconds = time.perf_counter() - started
    return {
        f"{name}_s": seconds,
        **{f"{name}_{stage}_s": spent for stage, spent in stages.items() if stage},
        f"{name}_peak_mib": peak_mib(),
        "papers": generation.papers,
        "bytes_a_paper": generation.size / max(generation.papers, 1),
    }


def search(library: Path, queries: int) -> Figures:
    """Cold start, then warm latencies of every mode for short and long queries."""
    started = time.perf_counter()
    import numpy as np

    from fallow_index.search import MODES, Searcher
    from fallow_ingest.catalog import Catalog

    figures: Figures = {}
    with Searcher.open(library) as searcher, Catalog.open(library) as catalog:
        searcher.search("late interaction for scientific search")
        figures["cold_first_answer_s"] = time.perf_counter() - started
        numbers = np.random.RandomState(0).permutation(searcher.numbers)[:queries].tolist()
        papers = list(catalog.papers_by_number(numbers).values())
        texts = {
            "title": [paper.title for paper in papers],
            "abstract": [f"{paper.title}. {paper.abstract}" for paper in papers],
        }
        for kind, queried in texts.items():
            for mode in MODES:
                times = []
                for text in queried:
                    before = time.perf_counter()
                    searcher.search(text, 10, mode=mode)
                    times.append(1000 * (time.perf_counter() - before))
                figures[f"{kind}_{mode}_p50_ms"] = float(np.median(times))
                figures[f"{kind}_{mode}_p95_ms"] = float(np.percentile(times, 95))
    figures["search_peak_mib"] = peak_mib()
    return figures


if __name__ == "__main__":
    main()
