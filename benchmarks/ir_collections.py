"""Three test collections through ingest, build and search: cranfield, cacm, csfcube.

    python benchmarks/ir_collections.py --data ../shared/data/ir [--only csfcube] [--keep DIR]

cranfield and cacm (ad hoc queries, MAP over the first 1,000) and csfcube (a paper and one of its facets;
NDCG%20 and MAP over the judged pool, the 24 dev queries). Baseline: tantivy with its English stemmer and
default BM25, over the same papers, in the same run. No constant of the search was chosen on cranfield or
cacm; the weight of facets was, on csfcube's dev queries (docs/search.md has the leave-one-out figure).
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import tantivy

from fallow.evaluation.retrieval import ModeScores, Protocol, evaluate_task, mode_scores
from fallow.evaluation.retrieval_task import RetrievalQuery, RetrievalTask, read_task
from fallow_index.build import build_index
from fallow_index.search import MODES, Searcher
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.ingest import ingest

AD_HOC = Protocol((10, 100, 1000))
POOLED = Protocol((10, 100), judged_only=True)
Line = Mapping[str, object]


@dataclass(frozen=True)
class Collection:
    """Lines for `ingest jsonl`, for queries and for judgements, and how the collection is evaluated."""

    papers: Iterable[Line]
    queries: Iterable[Line]
    judgements: Iterable[Line]
    protocol: Protocol


# Reading ------------------------------------------------------------------------------------------


def read_lines(path: Path) -> Iterator[dict[str, str]]:
    """The objects of a file of JSON lines, compressed or not."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from map(json.loads, content.splitlines())


def cranfield(folder: Path) -> Collection:
    """1,400 abstracts of aerodynamics, 225 questions; the texts begin with their titles."""
    return ad_hoc(folder, ((line["id"], line["title"], line["text"]) for line in corpus(folder)))


def cacm(folder: Path) -> Collection:
    """3,204 records of Communications of the ACM, 64 questions of which 52 are judged."""
    return ad_hoc(folder, ((line["id"], *cacm_text(line["text"])) for line in corpus(folder)))


def csfcube(folder: Path) -> Collection:
    """4,205 abstracts; a query is a paper and a facet (Mysore et al. 2021)."""
    papers = (
        {"id": paper["id"], "title": paper["title"], "abstract": paper["abstract"], "year": paper["year"]}
        for paper in corpus(folder)
    )
    queries = (
        {"qid": f"{line['pid']} {line['facet']}", "docid": line["pid"], "facet": line["facet"]}
        for line in read_lines(folder / "queries.dev.jsonl")
    )
    judgements = (
        {"qid": f"{line['qid']} {line['facet']}", "docid": line["docid"], "rel": line["rel"]}
        for line in read_lines(folder / "qrels.dev.jsonl.gz")
    )
    return Collection(papers, queries, judgements, POOLED)


def corpus(folder: Path) -> Iterator[dict[str, str]]:
    """The records of a collection's corpus."""
    return read_lines(folder / "corpus.jsonl.gz")


def ad_hoc(folder: Path, papers: Iterable[tuple[str, str, str]]) -> Collection:
    """A collection of questions in words. papers: (id, title, abstract)."""
    return Collection(
        ({"id": key, "title": title or key, "abstract": text} for key, title, text in papers),
        ({"qid": line["id"], "text": line["text"]} for line in read_lines(folder / "queries.jsonl.gz")),
        read_lines(folder / "qrels.jsonl.gz"),
        AD_HOC,
    )


def cacm_text(record: str) -> tuple[str, str]:
    """Title, and the rest without the line of the issue, the record's number and the table of citations."""
    title, _, rest = record.partition("\n\n")
    kept = [
        line
        for line in rest.splitlines()
        if not re.fullmatch(r"CACM \w+,? \d{4}|CA\d{6}.*|\d+\t\d+\t\d+", line.strip())
    ]
    return " ".join(title.split()), " ".join(" ".join(kept).split())


COLLECTIONS: Mapping[str, Callable[[Path], Collection]] = {
    "cranfield": cranfield,
    "cacm": cacm,
    "csfcube": csfcube,
}


# Measuring ----------------------------------------------------------------------------------------


def measure(collection: Collection, library: Path, encoder: str | None) -> list[ModeScores]:
    """Ingest, build and evaluate; a library that is there already is used again."""
    with Catalog.open(library, create=True) as catalog, tempfile.TemporaryDirectory() as scratch:
        if not catalog.count():
            ingest(catalog, "jsonl", write_lines(Path(scratch, "papers.jsonl"), collection.papers))
        build_index(catalog, encoder_name=encoder)
        queries = write_lines(Path(scratch, "queries.jsonl"), collection.queries)
        judgements = write_lines(Path(scratch, "judgements.jsonl"), collection.judgements)
        task = read_task(queries, judgements, catalog)
        rows = [tantivy_scores(catalog, task, collection.protocol)]
        with Searcher.open(library) as searcher:
            rows += evaluate_task(task, searcher, MODES, protocol=collection.protocol)
            if any(query.facet for query in task.queries):
                whole = replace(task, queries=tuple(replace(query, facet=None) for query in task.queries))
                scores = evaluate_task(whole, searcher, MODES, protocol=collection.protocol)
                rows += [replace(row, mode=f"{row.mode}, no facet") for row in scores]
        return rows


def write_lines(path: Path, lines: Iterable[Line]) -> Path:
    """Write objects as JSON lines; returns the path."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def tantivy_scores(catalog: Catalog, task: RetrievalTask, protocol: Protocol) -> ModeScores:
    """BM25 by tantivy over title and abstract; a facet query asks with the whole paper."""
    papers = {paper.number: paper for paper in catalog.papers()}
    search = tantivy_search(papers.values())
    rankings, times = [], []
    for query in task.queries:
        text = words_of(query, papers)
        started = time.perf_counter()
        found = search(text)
        times.append(1000 * (time.perf_counter() - started))
        pool = task.judgements[query.qid] if protocol.judged_only else papers
        ranked = [number for number in found if number in pool and number != query.paper]
        rankings.append(ranked if protocol.judged_only else ranked[: protocol.depth])
    return mode_scores("tantivy", task, rankings, times, protocol)


def words_of(query: RetrievalQuery, papers: Mapping[int, StoredPaper]) -> str:
    """What a query asks in words, without tantivy's operators."""
    text = query.text
    if query.paper is not None:
        text = f"{papers[query.paper].title} {papers[query.paper].abstract}"
    return " ".join(re.findall(r"\w+", text.lower()))


def tantivy_search(papers: Iterable[StoredPaper]) -> Callable[[str], Sequence[int]]:
    """A function that ranks all papers for words."""
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
    schema.add_integer_field("number", stored=True)
    index = tantivy.Index(schema.build())
    writer = index.writer(heap_size=100_000_000, num_threads=1)
    count = 0
    for count, paper in enumerate(papers, 1):  # noqa: B007
        writer.add_document(tantivy.Document(text=f"{paper.title} {paper.abstract}", number=paper.number))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def search(words: str) -> list[int]:
        hits = searcher.search(index.parse_query(words, ["text"]), max(count, 1)).hits
        return [searcher.doc(address)["number"][0] for _, address in hits]

    return search


def print_table(name: str, rows: Sequence[ModeScores], measures: Sequence[str]) -> None:
    """A row a mode: mean and half the width of its 95% interval."""
    print(f"\n{name}, {len(rows[0].times)} queries")
    print(
        f"{'mode':>18}" + "".join(f"{measure:>18}" for measure in measures) + f"{'p50 ms':>10}{'p95 ms':>10}"
    )
    for row in rows:
        line = row.as_json()
        intervals = line["interval_95"]
        assert isinstance(intervals, dict)
        cells = [f"{line[m]:.3f} ±{(intervals[m][1] - intervals[m][0]) / 2:.3f}".rjust(18) for m in measures]
        print(f"{row.mode:>18}{''.join(cells)}{line['p50_ms']:>10}{line['p95_ms']:>10}")


def main() -> None:
    """Run the collections asked for, print tables and one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ir"))
    parser.add_argument("--only", action="append", choices=COLLECTIONS, help="repeatable; default all")
    parser.add_argument("--keep", type=Path, help="keep the libraries in this folder, and use them again")
    parser.add_argument("--encoder", help="name of the encoder; default: that of the library")
    options = parser.parse_args()
    document: dict[str, object] = {}
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in options.only or COLLECTIONS:
            collection = COLLECTIONS[name](options.data / name)
            rows = measure(collection, folder / name, options.encoder)
            pooled = collection.protocol.judged_only
            print_table(name, rows, ("NDCG%20", "MAP") if pooled else ("MAP", "nDCG@10", "R@100"))
            document[name] = [{**row.as_json(), "against_tantivy": row.against(rows[0])} for row in rows]
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
