"""Does search find what a paper went on to cite? Queries: papers of core from 2020 and 2021 with references.

    python benchmarks/core_citations.py --data ../shared/data/core [--library DIR] [--part dev] [--limit N]

The query is a paper's title and abstract, asked as of its own day, itself excluded; relevant are the papers
that it cites. The outgoing citations of every query paper are taken out of the library before anything is
built, so neither graph nor counts know them. Baseline: tantivy with its English stemmer and default BM25, in
the same run.

--library: a library of core to start from (copied: the index by hard links); without one, core is ingested
and encoded. --part: half of the queries by a hash of their ids; choices are made on dev, test is reported.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from ir_collections import print_table, tantivy_search, words_of

from fallow.evaluation.retrieval import ModeScores, Protocol, evaluate_task, mode_scores
from fallow.evaluation.retrieval_task import RetrievalQuery, RetrievalTask
from fallow_index.build import build_index
from fallow_index.search import MODES, Searcher, checked_modes
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.ingest import ingest

YEARS = (2020, 2021)
PROTOCOL = Protocol((10, 100))
MEASURES = ("R@10", "R@100", "MRR")


def main() -> None:
    """Hide the citations, build, measure every mode and the baseline."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/core"))
    parser.add_argument("--library", type=Path, help="a library of core to start from; it is not changed")
    parser.add_argument(
        "--keep", type=Path, help="keep the library without the citations here, and use it again"
    )
    parser.add_argument("--part", choices=("all", "dev", "test"), default="all")
    parser.add_argument("--limit", type=int, default=600, help="at most so many queries, by hash")
    parser.add_argument("--mode", action="append", choices=MODES, help="repeatable; default all")
    parser.add_argument("--encoder", help="name of the encoder; default: that of the library")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "library"
        if not folder.exists():
            if options.library:
                copy_library(options.library, folder)
            else:
                ingest_core(options.data, folder)
        catalog = stack.enter_context(Catalog.open(folder))
        task = hidden_task(catalog, options.part, options.limit)
        build_index(catalog, encoder_name=options.encoder)
        modes = checked_modes(options.mode or MODES)
        rows = [tantivy_scores(catalog, task)]
        with Searcher.open(folder) as searcher:
            rows += evaluate_task(task, searcher, modes, protocol=PROTOCOL)
    report(rows)


def ingest_core(data: Path, folder: Path) -> None:
    """Papers and citations into a new library."""
    with Catalog.open(folder, create=True) as catalog:
        ingest(catalog, "jsonl", data / "papers.jsonl.gz")
        ingest(catalog, "citations", data / "citations.tsv.gz")


def copy_library(source: Path, target: Path) -> None:
    """A library of its own that shares the index's files, which never change once written."""
    target.mkdir(parents=True)
    with (
        closing(sqlite3.connect(source / "catalog.sqlite")) as old,
        closing(sqlite3.connect(target / "catalog.sqlite")) as new,
    ):
        old.backup(new)
    shutil.copytree(source / "index", target / "index", copy_function=link_or_copy)


def link_or_copy(source: str, target: str) -> None:
    """A hard link; a copy for the pointer, which a build writes anew, and where links do not work."""
    if Path(source).name == "CURRENT":
        shutil.copyfile(source, target)
        return
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def hidden_task(catalog: Catalog, part: str, limit: int) -> RetrievalTask:
    """The queries with what they cite; their citations are taken out of the library on the first run.

    What was taken out is kept beside the library, for the next run with it.
    """
    kept = catalog.library / "hidden_citations.json"
    if not kept.exists():
        pairs = citations_to_hide(catalog)
        kept.write_text(json.dumps(pairs), encoding="ascii")
        with catalog.writing() as connection:
            connection.executemany("DELETE FROM citations WHERE citing = ? AND cited = ?", pairs)
    cited: dict[int, list[int]] = {}
    for citing, other in json.loads(kept.read_text(encoding="ascii")):
        cited.setdefault(citing, []).append(other)
        assert not catalog.references_of(citing), "a query's citations are still in the library"
    papers = catalog.papers_by_number([*cited, *(number for numbers in cited.values() for number in numbers)])
    chosen = sorted(cited, key=lambda number: key_hash(papers[number]))
    chosen = [n for n in chosen if part == "all" or (key_hash(papers[n]) % 2 == 0) == (part == "dev")][:limit]
    queries, judged = [], {}
    for number in chosen:
        day = papers[number].public_by
        relevant = {other: 1.0 for other in cited[number] if papers[other].public_by <= day}
        if relevant:
            key = papers[number].key
            judged[key] = relevant
            queries.append(RetrievalQuery(key, "", number, day, ()))
    return RetrievalTask(tuple(queries), judged, ())


def citations_to_hide(catalog: Catalog) -> list[tuple[int, int]]:
    """Every outgoing citation of a paper of YEARS, as (citing, cited)."""
    rows = catalog.connection.execute(
        "SELECT citing, cited FROM citations JOIN papers ON papers.number = citing "
        "WHERE year BETWEEN ? AND ? AND citing != cited ORDER BY citing, cited",
        YEARS,
    )
    return [(citing, cited) for citing, cited in rows]


def key_hash(paper: StoredPaper) -> int:
    """A number that depends on nothing but the paper's id."""
    return int.from_bytes(hashlib.blake2b(paper.key.encode(), digest_size=8).digest(), "big")


def tantivy_scores(catalog: Catalog, task: RetrievalTask) -> ModeScores:
    """The baseline; what was not public yet is left out of a ranking long enough not to run out."""
    papers = {paper.number: paper for paper in catalog.papers()}
    search = tantivy_search(papers.values())
    rankings, times = [], []
    for query in task.queries:
        started = time.perf_counter()
        found = search(words_of(query, papers))
        times.append(1000 * (time.perf_counter() - started))
        assert query.as_of is not None
        rankings.append(
            [n for n in found if n != query.paper and papers[n].public_by <= query.as_of][: PROTOCOL.depth]
        )
    return mode_scores("tantivy", task, rankings, times, PROTOCOL)


def report(rows: Sequence[ModeScores]) -> None:
    """The table, ratios to both BM25s, and one JSON document."""
    print_table("core citations", rows, MEASURES)
    ratios = {
        row.mode: {
            f"{measure} to {base.mode}": round(row.mean(measure) / base.mean(measure), 3)
            for base in rows
            if base.mode in ("tantivy", "bm25")
            for measure in MEASURES
        }
        for row in rows
    }
    document = [
        {**row.as_json(), "ratios": ratios[row.mode], "against": row.against(rows[0])} for row in rows
    ]
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
