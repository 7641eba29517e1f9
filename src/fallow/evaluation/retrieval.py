"""How well search finds what people judged relevant: `fallow eval retrieval`.

retrieval_task reads the files, measures has the formulas, significance the intervals and tests.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np

from fallow.evaluation.measures import (
    Judgements,
    average_precision,
    ndcg,
    ndcg_of_pool,
    recall,
    reciprocal_rank,
)
from fallow.evaluation.retrieval_task import RetrievalQuery, RetrievalTask, read_task
from fallow.evaluation.significance import bootstrap_interval, randomisation_test
from fallow_index.facets.search import FacetHit, search_by_facet
from fallow_index.search import Hit, Mode, Searcher, checked_modes
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput
from fallow_ingest.progress import ReportProgress, ignore_progress

DEFAULT_CUTOFFS = (10, 100)
NDCG_CUTOFF = 10
POOL_PERCENT = 20
"""The part of a judged pool that NDCG%p looks at, as CSFCube reports it."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is measured. cutoffs: of recall and nDCG.

    judged_only: rank the judged papers of each query only, as collections with judged pools are evaluated;
    NDCG%p at pool_percent is measured then as well.
    """

    cutoffs: tuple[int, ...] = DEFAULT_CUTOFFS
    judged_only: bool = False
    pool_percent: int = POOL_PERCENT

    def __post_init__(self) -> None:
        if not self.cutoffs or min(self.cutoffs) < 1:
            raise BadInput("Recall needs cut-offs of at least 1", "write them like -k 10,100")
        if not 1 <= self.pool_percent <= 100:
            raise BadInput(f"{self.pool_percent} is no percentage of a pool", "take one from 1 to 100")

    @property
    def depth(self) -> int:
        """How many results a query needs; judged pools are ranked whole."""
        return max([*self.cutoffs, NDCG_CUTOFF])

    def measure(self, ranking: Sequence[int], judgements: Judgements) -> dict[str, float]:
        """Every measure of one ranking, by the names that people know."""
        values = {f"R@{cutoff}": recall(ranking, judgements, cutoff) for cutoff in sorted(self.cutoffs)}
        values["MRR"] = reciprocal_rank(ranking, judgements)
        for cutoff in sorted({*self.cutoffs, NDCG_CUTOFF}):
            values[f"nDCG@{cutoff}"] = ndcg(ranking, judgements, cutoff)
        values["MAP"] = average_precision(ranking, judgements)
        if self.judged_only:
            values[f"NDCG%{self.pool_percent}"] = ndcg_of_pool(ranking, judgements, self.pool_percent)
        return values


@dataclass(frozen=True, slots=True)
class ModeScores:
    """One search mode. values: measure -> its value for each query; times: ms of each query."""

    mode: str
    values: Mapping[str, tuple[float, ...]]
    times: tuple[float, ...]

    def mean(self, measure: str) -> float:
        """The mean of a measure over queries."""
        return fmean(self.values[measure])

    def as_json(self) -> dict[str, object]:
        """For --json: means, latency, and 95% intervals of the means."""
        return {
            "mode": self.mode,
            "queries": len(self.times),
            **{measure: round(self.mean(measure), 4) for measure in self.values},
            "p50_ms": round(median(self.times), 2),
            "p95_ms": round(float(np.percentile(self.times, 95)), 2),
            "interval_95": {
                measure: [round(bound, 4) for bound in bootstrap_interval(values)]
                for measure, values in self.values.items()
            },
        }

    def against(self, other: ModeScores) -> dict[str, dict[str, float]]:
        """Measure -> mean difference to another mode over the same queries, and its p."""
        return {
            measure: {
                "difference": round(self.mean(measure) - other.mean(measure), 4),
                "p": round(randomisation_test(values, other.values[measure]), 4),
            }
            for measure, values in self.values.items()
        }


def evaluate_retrieval(
    catalog: Catalog,
    searcher: Searcher,
    queries: Path,
    qrels: Path,
    *,
    protocol: Protocol = Protocol(),
    modes: Sequence[str] = ("hybrid",),
    report: ReportProgress = ignore_progress,
) -> list[dict[str, object]]:
    """One row a mode, as `fallow eval retrieval` prints it: ModeScores.as_json, and `against` other modes.

    Raises SourceMissing, or BadInput for a file or a mode that cannot be used.
    """
    task = read_task(queries, qrels, catalog)
    scores = evaluate_task(task, searcher, checked_modes(modes), protocol=protocol, report=report)
    return [
        {
            **score.as_json(),
            "unknown_papers": len(task.unknown_papers),
            **(
                {"against": {other.mode: score.against(other) for other in scores if other is not score}}
                if len(scores) > 1
                else {}
            ),
        }
        for score in scores
    ]


def evaluate_task(
    task: RetrievalTask,
    searcher: Searcher,
    modes: Sequence[Mode],
    *,
    protocol: Protocol = Protocol(),
    report: ReportProgress = ignore_progress,
) -> list[ModeScores]:
    """Run every query in every mode.

    Measures without a cut-off look at the first `protocol.depth` results, or at the whole judged pool. The
    first query of a mode runs twice, and only its second time counts: latencies are those of a warm index.
    """
    scores = []
    for mode in modes:
        rankings: list[list[int]] = []
        times: list[float] = []
        for done, query in enumerate(task.queries):
            report(f"search {mode}", done, len(task.queries))
            judged = task.judgements[query.qid]
            within = [paper for paper in judged if paper >= 0] if protocol.judged_only else None
            k = protocol.depth if within is None else max(len(within), 1)
            if not done:
                run_query(searcher, query, mode, k, within)
            started = time.perf_counter()
            ranking = run_query(searcher, query, mode, k, within)
            times.append(1000 * (time.perf_counter() - started))
            rankings.append(ranking)
        report(f"search {mode}", len(task.queries), len(task.queries))
        scores.append(mode_scores(mode, task, rankings, times, protocol))
    return scores


def mode_scores(
    mode: str,
    task: RetrievalTask,
    rankings: Sequence[Sequence[int]],
    times: Sequence[float],
    protocol: Protocol,
) -> ModeScores:
    """The measures of rankings, one for each query of the task, however they were made."""
    measured = [
        protocol.measure(ranking, task.judgements[query.qid])
        for ranking, query in zip(rankings, task.queries, strict=True)
    ]
    values = {name: tuple(row[name] for row in measured) for name in measured[0]}
    return ModeScores(mode, values, tuple(times))


def run_query(
    searcher: Searcher,
    query: RetrievalQuery,
    mode: Mode,
    k: int,
    within: Collection[int] | None = None,
) -> list[int]:
    """The papers that one search finds, asked as the query asks; within: only these are ranked."""
    hits: Sequence[Hit | FacetHit]
    if query.paper is None:
        hits = searcher.search(
            query.text, k, mode=mode, as_of=query.as_of, exclude=query.excluded, within=within
        )
    elif query.facet is None:
        hits = searcher.search_like(
            query.paper, k, mode=mode, as_of=query.as_of, exclude=query.excluded, within=within
        )
    else:
        hits = search_by_facet(
            searcher,
            query.paper,
            query.facet,
            k,
            mode=mode,
            as_of=query.as_of,
            exclude=query.excluded,
            within=within,
        )
    return [hit.number for hit in hits]
