"""How well search finds what people judged relevant: `fallow eval retrieval`.

Files are JSON lines. Queries: {qid, text | docid, as_of_year?, exclude? (ids)}; docid means that paper's
title and abstract, itself excluded. Judgements: {qid, docid, rel?}, rel 1 when not given. Ids are looked up
in the catalog.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
import orjson

from fallow_index.search import Hit, Mode, Searcher, checked_modes
from fallow_ingest.catalog import Catalog
from fallow_ingest.dates import parse_as_of
from fallow_ingest.errors import BadInput, SourceMissing
from fallow_ingest.progress import ReportProgress, ignore_progress

DEFAULT_CUTOFFS = (10, 100)
NDCG_CUTOFF = 10
LONGEST_LINE = 4_000_000
"""Bytes of one line that are read; a query of this length is no query."""

Judgements = Mapping[int, float]
"""Paper number -> relevance, 0 for judged irrelevant."""


@dataclass(frozen=True, slots=True)
class RetrievalQuery:
    """One query with its ids resolved. text or paper is given; excluded holds paper numbers."""

    qid: str
    text: str
    paper: int | None
    as_of: int | None
    excluded: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RetrievalTask:
    """Queries with their judgements. unknown_papers: judged ids that the library does not hold.

    Such ids count as relevant papers that cannot be found: leaving them out would flatter the library. Their
    judgements have negative numbers.
    """

    queries: tuple[RetrievalQuery, ...]
    judgements: Mapping[str, Judgements]
    unknown_papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModeScores:
    """The measures of one search mode, means over queries. recall: cutoff -> R@cutoff; latencies in ms."""

    mode: Mode
    queries: int
    recall: Mapping[int, float]
    mrr: float
    ndcg: float
    average_precision: float
    p50_ms: float
    p95_ms: float

    def as_json(self) -> dict[str, object]:
        """For --json, by the names that people know."""
        return {
            "mode": self.mode,
            "queries": self.queries,
            **{f"R@{cutoff}": round(value, 4) for cutoff, value in self.recall.items()},
            "MRR": round(self.mrr, 4),
            f"nDCG@{NDCG_CUTOFF}": round(self.ndcg, 4),
            "MAP": round(self.average_precision, 4),
            "p50_ms": round(self.p50_ms, 2),
            "p95_ms": round(self.p95_ms, 2),
        }


# Measures -----------------------------------------------------------------------------------------


def recall(ranking: Sequence[int], judgements: Judgements, cutoff: int) -> float:
    """Share of the relevant papers among the first `cutoff` (Manning, Raghavan and Schütze 2008, 8.3).

    >>> recall([5, 7, 9], {5: 1, 9: 2, 11: 1}, 2)
    0.3333333333333333
    """
    relevant = {paper for paper, grade in judgements.items() if grade > 0}
    return len(relevant.intersection(ranking[:cutoff])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[int], judgements: Judgements) -> float:
    """One over the rank of the first relevant paper, 0 without one (Voorhees 1999, TREC-8 QA).

    >>> reciprocal_rank([5, 7, 9], {7: 1})
    0.5
    """
    for rank, paper in enumerate(ranking, 1):
        if judgements.get(paper, 0) > 0:
            return 1 / rank
    return 0.0


def ndcg(ranking: Sequence[int], judgements: Judgements, cutoff: int) -> float:
    """Discounted cumulated gain over that of the best ranking (Järvelin and Kekäläinen 2002), gain = grade.

    >>> round(ndcg([5, 7], {7: 1}, 10), 4)
    0.6309
    """

    def gain(grades: Sequence[float]) -> float:
        return sum(max(grade, 0.0) / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))

    ideal = gain(sorted(judgements.values(), reverse=True)[:cutoff])
    return gain([judgements.get(paper, 0.0) for paper in ranking[:cutoff]]) / ideal if ideal > 0 else 0.0


def average_precision(ranking: Sequence[int], judgements: Judgements) -> float:
    """Mean over relevant papers of the precision at their rank (Buckley and Voorhees 2000).

    >>> average_precision([5, 7, 9], {5: 1, 9: 1})
    0.8333333333333333
    """
    relevant = sum(grade > 0 for grade in judgements.values())
    found, total = 0, 0.0
    for rank, paper in enumerate(ranking, 1):
        if judgements.get(paper, 0) > 0:
            found += 1
            total += found / rank
    return total / relevant if relevant else 0.0


# Reading ------------------------------------------------------------------------------------------


def read_task(queries: Path, judgements: Path, catalog: Catalog) -> RetrievalTask:
    """Read both files and resolve their ids.

    Queries without a relevant paper are left out. Raises SourceMissing, or BadInput naming file and line.
    """
    judged: dict[str, dict[int, float]] = {}
    unknown: dict[str, int] = {}
    for place, line in _lines(judgements):
        qid, docid = _text(line, "qid", place), _text(line, "docid", place)
        grade = line.get("rel", 1)
        if isinstance(grade, bool) or not isinstance(grade, int | float) or not math.isfinite(grade):
            raise BadInput(
                f"{place}: 'rel' is not a number", "write 0 for irrelevant, 1 or more for relevant"
            )
        number = catalog.number_of(docid)
        if number is None:
            number = unknown.setdefault(docid, -1 - len(unknown))
        judged.setdefault(qid, {})[number] = float(grade)
    kept = tuple(
        query
        for query in (_query(line, place, catalog) for place, line in _lines(queries))
        if any(grade > 0 for grade in judged.get(query.qid, {}).values())
    )
    if not kept:
        raise BadInput(
            f"No query of {queries} has a relevant paper in {judgements}", "use the same qid in both files"
        )
    return RetrievalTask(kept, judged, tuple(unknown))


def _query(line: Mapping[str, Any], place: str, catalog: Catalog) -> RetrievalQuery:
    qid = _text(line, "qid", place)
    year = line.get("as_of_year")
    if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
        raise BadInput(f"{place}: 'as_of_year' is not a year", "write it as a whole number, such as 2021")
    exclude = line.get("exclude") or []
    if not isinstance(exclude, list) or not all(isinstance(paper, str) for paper in exclude):
        raise BadInput(f"{place}: 'exclude' is not a list of ids", 'write it as ["arxiv:1706.03762"]')
    numbers = [catalog.number_of(paper) for paper in exclude]
    as_of = None if year is None else parse_as_of(f"{year:04}")
    excluded = tuple(number for number in numbers if number is not None)
    if line.get("docid") is not None:
        docid = _text(line, "docid", place)
        number = catalog.number_of(docid)
        if number is None:
            raise BadInput(f"{place}: the library has no paper '{docid}'", "ingest it or leave the query out")
        return RetrievalQuery(qid, "", number, as_of, excluded)
    return RetrievalQuery(qid, _text(line, "text", place), None, as_of, excluded)


def _lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(place, object) of every line that is not blank."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceMissing(f"{path} cannot be opened", "check the path") from error
    with file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            place = f"{path}, line {number}"
            if len(line) >= LONGEST_LINE:
                raise BadInput(f"{place} is longer than {LONGEST_LINE:,} bytes", "shorten the text")
            if not line.strip():
                continue
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise BadInput(f"{place} is not JSON ({error})", "write one object a line") from error
            if not isinstance(value, dict):
                raise BadInput(f"{place} is not a JSON object", "write one object a line")
            yield place, value


def _text(line: Mapping[str, Any], key: str, place: str) -> str:
    value = line.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{place} has no '{key}'", "give it as text")
    return value


# Measuring ----------------------------------------------------------------------------------------


def evaluate_retrieval(
    catalog: Catalog,
    searcher: Searcher,
    queries: Path,
    qrels: Path,
    *,
    cutoffs: Collection[int] = DEFAULT_CUTOFFS,
    modes: Sequence[str] = ("hybrid",),
    report: ReportProgress = ignore_progress,
) -> list[dict[str, object]]:
    """One row a mode, as `fallow eval retrieval` prints it (ModeScores.as_json).

    Raises SourceMissing, or BadInput for a file, a mode or a cut-off that cannot be used.
    """
    if not cutoffs or min(cutoffs) < 1:
        raise BadInput("Recall needs cut-offs of at least 1", "write them like -k 10,100")
    task = read_task(queries, qrels, catalog)
    scores = evaluate_task(task, searcher, checked_modes(modes), cutoffs=cutoffs, report=report)
    return [{**score.as_json(), "unknown_papers": len(task.unknown_papers)} for score in scores]


def evaluate_task(
    task: RetrievalTask,
    searcher: Searcher,
    modes: Sequence[Mode],
    *,
    cutoffs: Collection[int] = DEFAULT_CUTOFFS,
    report: ReportProgress = ignore_progress,
) -> list[ModeScores]:
    """Run every query in every mode. Measures other than R@k look at the first max(cutoffs) results.

    The first query of a mode runs twice, and only its second time counts: latencies are those of a warm
    index.
    """
    depth = max([*cutoffs, NDCG_CUTOFF])
    scores = []
    for mode in modes:
        run_query(searcher, task.queries[0], mode, depth)
        rankings, times = [], []
        for done, query in enumerate(task.queries):
            report(f"search {mode}", done, len(task.queries))
            started = time.perf_counter()
            hits = run_query(searcher, query, mode, depth)
            times.append(1000 * (time.perf_counter() - started))
            rankings.append([hit.number for hit in hits])
        report(f"search {mode}", len(task.queries), len(task.queries))
        scores.append(_mode_scores(mode, task, rankings, times, sorted(cutoffs)))
    return scores


def run_query(searcher: Searcher, query: RetrievalQuery, mode: Mode, k: int) -> list[Hit]:
    """One search as the query asks for it."""
    if query.paper is not None:
        return searcher.search_like(query.paper, k, mode=mode, as_of=query.as_of, exclude=query.excluded)
    return searcher.search(query.text, k, mode=mode, as_of=query.as_of, exclude=query.excluded)


def _mode_scores(
    mode: Mode,
    task: RetrievalTask,
    rankings: Sequence[Sequence[int]],
    times: Sequence[float],
    cutoffs: Sequence[int],
) -> ModeScores:
    pairs = [(r, task.judgements[q.qid]) for r, q in zip(rankings, task.queries, strict=True)]
    return ModeScores(
        mode=mode,
        queries=len(pairs),
        recall={cutoff: fmean(recall(r, judged, cutoff) for r, judged in pairs) for cutoff in cutoffs},
        mrr=fmean(reciprocal_rank(r, judged) for r, judged in pairs),
        ndcg=fmean(ndcg(r, judged, NDCG_CUTOFF) for r, judged in pairs),
        average_precision=fmean(average_precision(r, judged) for r, judged in pairs),
        p50_ms=median(times),
        p95_ms=float(np.percentile(times, 95)),
    )
