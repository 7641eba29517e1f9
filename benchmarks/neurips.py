"""Does search find the prior work that reviewers named? The dev protocol of shared/data/README.md.

    python benchmarks/neurips.py --data ../shared/data/neurips

The query is the title and abstract of a reviewed paper; the index holds the set without it and without papers
newer than its year. Everything goes through the doors that people use: ingest, build, eval retrieval.
Baseline: tantivy with its English stemmer and default BM25, over the same papers, in the same run.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import tantivy

from fallow.evaluation.measures import recall, reciprocal_rank
from fallow.evaluation.retrieval import Protocol, evaluate_task
from fallow.evaluation.retrieval_task import RetrievalTask, read_task
from fallow_index.build import build_index
from fallow_index.search import MODES, Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.ingest import ingest

CUTOFFS = (10, 100)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/neurips"))
    parser.add_argument("--library", type=Path, help="keep the library here, and use it again")
    parser.add_argument("--encoder", help="name of the encoder; default: that of the library")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.library or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "library"
        catalog = stack.enter_context(Catalog.open(folder, create=True))
        ingest(catalog, "jsonl", options.data / "papers.jsonl.gz")
        started = time.perf_counter()
        generation = build_index(catalog, encoder_name=options.encoder)
        seconds = time.perf_counter() - started
        task = read_protocol(options.data / "prior_work.dev.jsonl", catalog)
        rows = [tantivy_row(catalog, task)]
        with Searcher.open(folder) as searcher:
            scores = evaluate_task(task, searcher, MODES, protocol=Protocol(CUTOFFS))
            rows += [mode.as_json() for mode in scores]
    print_table(rows)
    summary = {"papers": generation.papers, "queries": len(task.queries), "build_s": round(seconds, 1)}
    print(json.dumps({**summary, "modes": rows}, indent=2))


def read_protocol(pairs: Path, catalog: Catalog) -> RetrievalTask:
    """The labelled pairs as a task of `fallow eval retrieval`."""
    queries: dict[str, dict[str, object]] = {}
    judged = []
    for line in pairs.read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        queries[pair["qid"]] = {"qid": pair["qid"], "docid": pair["qid"], "as_of_year": pair["q_year"]}
        judged.append({"qid": pair["qid"], "docid": pair["docid"], "rel": 1})
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "queries.jsonl"), Path(folder, "qrels.jsonl")
        for file, lines in zip(files, (queries.values(), judged), strict=True):
            file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return read_task(*files, catalog)


def tantivy_row(catalog: Catalog, task: RetrievalTask) -> dict[str, object]:
    """tantivy over the same papers; the filter is applied to a ranking long enough not to run out."""
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
    schema.add_integer_field("number", stored=True)
    index = tantivy.Index(schema.build())
    writer = index.writer(heap_size=100_000_000, num_threads=1)
    papers = {paper.number: paper for paper in catalog.papers()}
    for number, paper in papers.items():
        writer.add_document(tantivy.Document(text=f"{paper.title} {paper.abstract}", number=number))
    writer.commit()
    index.reload()
    searcher = index.searcher()
    found10, found100, first, times = 0.0, 0.0, 0.0, []
    for query in task.queries:
        asked = papers[query.paper or 0]
        words = " ".join(re.findall(r"\w+", f"{asked.title} {asked.abstract}".lower()))
        started = time.perf_counter()
        hits = searcher.search(index.parse_query(words, ["text"]), len(papers)).hits
        times.append(1000 * (time.perf_counter() - started))
        numbers = [searcher.doc(address)["number"][0] for _, address in hits[:2000]]
        ranking = [
            n for n in numbers if n != query.paper and papers[n].public_by <= (query.as_of or 99999999)
        ][:100]
        judged = task.judgements[query.qid]
        found10 += recall(ranking, judged, 10)
        found100 += recall(ranking, judged, 100)
        first += reciprocal_rank(ranking, judged)
    count = len(task.queries)
    return {
        "mode": "tantivy",
        "queries": count,
        "R@10": round(found10 / count, 4),
        "R@100": round(found100 / count, 4),
        "MRR": round(first / count, 4),
        "p50_ms": round(sorted(times)[count // 2], 2),
    }


def print_table(rows: list[dict[str, object]]) -> None:
    """A column a measure."""
    names = ["mode", "R@10", "R@100", "MRR", "nDCG@10", "MAP", "p50_ms", "p95_ms"]
    print("".join(f"{name:>10}" for name in names))
    for row in rows:
        print("".join(f"{row.get(name, '')!s:>10}" for name in names))


if __name__ == "__main__":
    main()
