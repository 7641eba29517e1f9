"""The index at 100,000 and 1,000,000 papers: build, disk, memory, latency, cold start, additions, overlap.

    python benchmarks/scale.py --papers-file jsonl:../shared/data/core/papers.jsonl.gz \
        --papers-file snapshot:../shared/data/arxiv_cs/snapshot.jsonl.gz --record /tmp/vectors
    python benchmarks/scale.py --generated 1000000 --parents LIBRARY

The first takes real abstracts through ingest, build and search; with --record the encoder's output is kept,
so that another run need not encode. The second invents a library in the likeness of a built one
(invented_library.py); its queries are titles and abstracts of the parents. Every stage runs in a process of
its own, so that its peak memory is its own. Baselines in the same run: a flat scan of the dense vectors for
the inverted file, exhaustive MaxSim for the candidates of `late`. CPU milliseconds stand beside those of the
clock, since only they mean something on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from search import Figures, alone, peak_mib

if TYPE_CHECKING:
    from fallow_index.search import Searcher
    from fallow_ingest.records import Paper

ADDED_TEXTS = "added_texts.json"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers-file", action="append", default=[], metavar="SOURCE:PATH")
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--added", type=int, default=1_000, help="papers added to the finished index")
    parser.add_argument("--record", type=Path, help="folder that keeps what the encoder said")
    parser.add_argument("--generated", type=int, default=0, help="invent a library of so many papers")
    parser.add_argument("--parents", type=Path, help="the built library that they are made after")
    parser.add_argument(
        "--library", type=Path, help="where; kept, and measured as it is when it has an index"
    )
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--overlap", type=int, default=100, help="queries compared with exhaustive MaxSim")
    options = parser.parse_args()
    figures: Figures = {}
    with ExitStack() as stack:
        library = options.library
        if library is None:
            library = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "library"
        if not (library / "index" / "CURRENT").exists():
            if options.generated:
                figures |= told(alone, invent, options.parents, library, options.generated)
                figures |= told(alone, build, library, None, "build")
            else:
                figures |= told(alone, ingest_until, library, options.papers_file, options.papers)
                figures |= told(alone, build, library, options.record, "build")
        figures |= told(disk, library)
        asked = options.parents or library
        figures |= told(cold_start, library)
        figures |= told(alone, latency, library, asked, options.queries)
        figures |= told(alone, overlap, library, asked, options.overlap)
        if options.added and options.papers_file:
            figures |= told(alone, ingest_until, library, options.papers_file, -options.added)
            figures |= told(alone, encode_added, library)
            figures |= told(alone, build, library, None, "add")
            figures["add_against_encoding"] = figures["add_s"] / figures["added_encoding_s"]
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=2))


def told(stage: Callable[..., Figures], *arguments: object) -> Figures:
    """What a stage measured, printed at once: a later one may take an hour."""
    figures = stage(*arguments)
    for name, value in figures.items():
        print(f"{name:40}{value:>16,.3f}", flush=True)
    return figures


# Stages, each in a process of its own -------------------------------------------------------------


def papers_of(files: list[str]) -> Iterator[tuple[str, Paper]]:
    """The records of several files, each with the name of its source."""
    from fallow_ingest.sources import SOURCES, Read

    for file in files:
        source, _, path = file.partition(":")
        for item in SOURCES.create(source).read(Path(path)):
            if isinstance(item, Read):
                yield source, item.paper


def ingest_until(library: Path, files: list[str], papers: int) -> Figures:
    """Ingest until the catalog holds so many papers, or -papers more than before.

    What is in it already is read again and changes nothing; several sources may name one paper, so the number
    is met to within a batch. The texts of added papers are left beside the catalog for `encode_added`.
    """
    from fallow_index.segments import text_of
    from fallow_ingest.catalog import Catalog

    started = time.perf_counter()
    with Catalog.open(library, create=True) as catalog:

        def held() -> int:
            return int(catalog.connection.execute("SELECT count(*) FROM papers").fetchone()[0])

        last = catalog.connection.execute("SELECT coalesce(max(number), 0) FROM papers").fetchone()[0]
        present = held()
        wanted = papers if papers > 0 else present - papers
        waiting: list[Paper] = []
        records = papers_of(files)
        source, paper = next(records)
        while present < wanted:
            waiting.append(paper)
            following, paper = next(records, ("", paper))
            if len(waiting) >= min(1_000, wanted - present) or following != source:
                catalog.add(waiting, source)
                waiting, source, present = [], following, held()
                if not source:
                    break
        texts = [text_of(p.title, p.abstract) for p in catalog.papers(after=last)]
        name = "ingest_s" if papers > 0 else "added_ingest_s"
        if papers < 0:
            (library / ADDED_TEXTS).write_text(json.dumps(texts), encoding="utf-8")
        return {name: time.perf_counter() - started, "papers": float(present)}


def invent(parents: Path, library: Path, papers: int) -> Figures:
    """Write the pieces of an invented library."""
    from invented_library import invent_library

    started = time.perf_counter()
    invent_library(parents, library, papers)
    return {"invent_s": time.perf_counter() - started, "invent_peak_mib": peak_mib()}


def encode_added(library: Path) -> Figures:
    """Encode the added texts and do nothing else: what adding is measured against."""
    from fallow_index.build import DEFAULT_ENCODER
    from fallow_index.encoders import ENCODERS

    texts = json.loads((library / ADDED_TEXTS).read_text(encoding="utf-8"))
    encoder = ENCODERS.create(DEFAULT_ENCODER)
    encoder.encode(["loads the model"])
    started, spent = time.perf_counter(), time.process_time()
    for start in range(0, len(texts), 256):
        encoder.encode_both(texts[start : start + 256])
    return {
        "added_papers": float(len(texts)),
        "added_encoding_s": time.perf_counter() - started,
        "added_encoding_cpu_s": time.process_time() - spent,
    }


def build(library: Path, record: Path | None, name: str) -> Figures:
    """Bring the index up to date; seconds a stage, and peak memory (which includes the encoder's)."""
    from recorded_encoder import RecordedEncoder

    from fallow_index.build import DEFAULT_ENCODER, build_index
    from fallow_index.encoders import ENCODERS, Encoder
    from fallow_ingest.catalog import Catalog

    encoder: Encoder = ENCODERS.create(DEFAULT_ENCODER)
    encoder.encode(["loads the model"])
    if record is not None:
        encoder = RecordedEncoder(encoder, record)
    stages: dict[str, float] = defaultdict(float)
    current, since = "start", time.perf_counter()

    def report(stage: str, _done: int, _total: int) -> None:
        nonlocal current, since
        now = time.perf_counter()
        stages[current] += now - since
        current, since = stage, now

    started, spent = time.perf_counter(), time.process_time()
    with Catalog.open(library) as catalog:
        build_index(catalog, encoder=encoder, report=report)
    report("", 0, 0)
    return {
        f"{name}_s": time.perf_counter() - started,
        f"{name}_cpu_s": time.process_time() - spent,
        **{f"{name}_{stage.replace(' ', '_')}_s": seconds for stage, seconds in stages.items()},
        f"{name}_peak_mib": peak_mib(),
    }


def disk(library: Path) -> Figures:
    """Bytes a paper, of the whole generation and of each kind of file."""
    from fallow_index.generations import current_generation

    generation = current_generation(library)
    sizes: dict[str, float] = defaultdict(float)
    for path, total in generation.paths():
        sizes[f"bytes_a_paper_{path.stem}"] += total.size / max(1, generation.papers)
    return {"bytes_a_paper": generation.size / max(1, generation.papers), **sizes}


def cold_start(library: Path, runs: int = 5) -> Figures:
    """`fallow search` from the start of the process to the printed answer; files are in the page cache."""
    command = [sys.executable, "-m", "fallow_app", "search", "sparse retrieval with late interaction"]
    seconds, spent = [], []
    for _ in range(runs):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([*command, "--library", str(library)], check=True, capture_output=True)
        seconds.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"cold_start_s": sorted(seconds)[runs // 2], "cold_start_cpu_s": sorted(spent)[runs // 2]}


def texts_of(library: Path, queries: int) -> dict[str, list[str]]:
    """Titles, and titles with abstracts, of papers drawn at random."""
    import numpy as np

    from fallow_index.generations import NUMBERS_FILE, current_generation
    from fallow_ingest.catalog import Catalog

    numbers = np.load(current_generation(library).folder / NUMBERS_FILE)
    chosen = np.random.RandomState(0).permutation(np.sort(numbers[numbers >= 0]))[:queries]
    with Catalog.open(library) as catalog:
        papers = list(catalog.papers_by_number(chosen.tolist()).values())
    return {
        "title": [paper.title for paper in papers],
        "abstract": [f"{paper.title}. {paper.abstract}" for paper in papers],
    }


def latency(library: Path, asked: Path, queries: int) -> Figures:
    """Milliseconds of every mode, by the clock and of the CPU, and resident memory after them."""
    import numpy as np

    from fallow_index.search import MODES, Searcher

    figures: Figures = {}
    with Searcher.open(library) as searcher:
        for kind, texts in texts_of(asked, queries).items():
            for mode in MODES:
                searcher.search(texts[0], 10, mode=mode)
                times, spent = [], []
                for text in texts:
                    before, cpu = time.perf_counter(), time.process_time()
                    searcher.search(text, 10, mode=mode)
                    times.append(1000 * (time.perf_counter() - before))
                    spent.append(1000 * (time.process_time() - cpu))
                figures[f"{kind}_{mode}_p50_ms"] = float(np.median(times))
                figures[f"{kind}_{mode}_p95_ms"] = float(np.percentile(times, 95))
                figures[f"{kind}_{mode}_p50_cpu_ms"] = float(np.median(spent))
        figures |= resident()
        figures |= inverted_file(searcher, asked, queries)
    figures["search_peak_mib"] = peak_mib()
    return figures


def resident() -> Figures:
    """Memory of this process now; that of mapped files can be taken back by the system at any time."""
    status = Path(f"/proc/{os.getpid()}/status")
    if not status.exists():
        return {}
    sizes = dict(line.split(":", 1) for line in status.read_text().splitlines())
    names = {"resident_mib": "VmRSS", "resident_own_mib": "RssAnon", "resident_mapped_mib": "RssFile"}
    return {name: int(sizes[key].split()[0]) / 1024 for name, key in names.items()}


def inverted_file(searcher: Searcher, asked: Path, queries: int) -> Figures:
    """The dense search as it is against a flat scan of the same vectors: recall of 200, and CPU time."""
    import numpy as np

    from fallow_index.dense import DenseIndex
    from fallow_index.dense_ivf import read_ivf
    from fallow_index.threads import one_blas_thread

    generation = searcher.generation
    ivf = read_ivf(generation.folder, generation.files, slots=generation.slots)
    vectors = searcher.encoder.encode(texts_of(asked, queries)["title"])
    allowed = np.ones(len(searcher), np.bool_)
    found, spent = [], []
    for lists in (None, ivf):
        index = DenseIndex([searcher.vectors], generation.space.dimension, lists)
        with one_blas_thread():
            index.search(vectors[0], 200, allowed)
            started = time.process_time()
            found.append([set(index.search(vector, 200, allowed).tolist()) for vector in vectors])
            spent.append(1000 * (time.process_time() - started) / len(vectors))
    recall = float(np.mean([len(a & b) / len(a) for a, b in zip(*found, strict=True)]))
    return {"dense_flat_cpu_ms": spent[0], "dense_lists_cpu_ms": spent[1], "dense_recall_200": recall}


def overlap(library: Path, asked: Path, queries: int) -> Figures:
    """Share of the exhaustive MaxSim top ten that `late` returns, for titles."""
    from fallow_index.search import Searcher

    shares, times = [], []
    with Searcher.open(library) as searcher:
        for text in texts_of(asked, queries)["title"]:
            found = {hit.number for hit in searcher.search(text, 10, mode="late")}
            started = time.perf_counter()
            # Asked for everything, the candidates are everything.
            ranked = searcher.search(text, len(searcher), mode="late")
            times.append(1000 * (time.perf_counter() - started))
            shares.append(len(found & {hit.number for hit in ranked[:10]}) / 10)
    if not shares:
        return {}
    return {
        "late_overlap_exhaustive": sum(shares) / len(shares),
        "exhaustive_p50_ms": sorted(times)[len(times) // 2],
    }


if __name__ == "__main__":
    main()
