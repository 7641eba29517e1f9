"""Collecting every paper that could make an idea old: a search per claim, then the citations of the best.

Four retrievers that err differently (lexical, dense, late interaction, citations) fill one pool; what each
found is remembered, because their overlap tells how much all of them missed. A retriever that fails is
recorded, never taken for one that found nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from fallow.novelty.verdict import Claim
from fallow_index.search import Hit, Mode, Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput

RETRIEVERS = ("bm25", "dense", "late", "citations")
MODES: tuple[Mode, ...] = ("bm25", "dense", "late")
DEEP, SHALLOW = 60, 25
"""Papers taken for the whole idea, and for each other claim."""
LISTED = 30
"""A paper counts as found by a retriever when it is among that one's first so many."""
SEEDS, NEIGHBOURS = 8, 40
"""Papers whose citations are followed, and how many of those enter the pool."""
MOST_QUERIES = 6


@dataclass(slots=True)
class Pool:
    """What was found. signals: paper -> retriever -> (best rank, best score) for the whole idea.

    order: papers by the best fused place over all queries. found: retriever -> papers among its first LISTED.
    failures: retriever -> why.
    """

    order: list[int] = field(default_factory=list)
    signals: dict[int, dict[str, tuple[int, float]]] = field(default_factory=dict)
    found: dict[str, set[int]] = field(default_factory=lambda: {name: set() for name in RETRIEVERS})
    failures: dict[str, str] = field(default_factory=dict)
    queries: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """Which papers may be found. within: None for the whole library."""

    as_of: int | None = None
    exclude: frozenset[int] = frozenset()
    within: frozenset[int] | None = None


def collect(
    claims: Sequence[Claim], searcher: Searcher, catalog: Catalog, scope: Scope, *, spare: int = 0
) -> Pool:
    """The pool of candidate papers for all claims.

    spare: papers taken beyond the usual depth, when some of them will be hidden later.
    """
    pool = Pool()
    best: dict[int, tuple[int, int]] = {}
    for at, claim in enumerate(_queries(claims)):
        depth = (DEEP if at == 0 else SHALLOW) + spare
        hits = _ask(searcher, claim.text, depth, scope, pool)
        pool.queries += 1
        for place, hit in enumerate(hits):
            best[hit.number] = min(best.get(hit.number, (depth, at)), (place, at))
            _note(pool, hit, whole=at == 0)
    pool.order = sorted(best, key=lambda number: (best[number], number))
    _follow_citations(pool, catalog, searcher, scope)
    return pool


def _queries(claims: Sequence[Claim]) -> list[Claim]:
    """The whole idea first, then the claims one paper can cover, distinct, no more than MOST_QUERIES."""
    whole = [claim for claim in claims if claim.facet == "whole"]
    others = [claim for claim in claims if claim.facet in ("problem", "method")]
    rest = [claim for claim in claims if claim.facet in ("setting", "finding")]
    return (whole + others + rest)[:MOST_QUERIES]


def _note(pool: Pool, hit: Hit, *, whole: bool) -> None:
    signals = pool.signals.setdefault(hit.number, {})
    for name, signal in hit.signals.items():
        if whole:
            signals[name] = (signal.rank, signal.score)
        if name in MODES and signal.rank <= LISTED and (name != "bm25" or signal.score > 0):
            pool.found[name].add(hit.number)


def _ask(searcher: Searcher, text: str, depth: int, scope: Scope, pool: Pool) -> list[Hit]:
    """Hybrid hits; when that fails, those of the retrievers that still work, with the failures noted."""
    try:
        return searcher.search(
            text, depth, as_of=scope.as_of, exclude=scope.exclude, within=scope.within, concurrent=True
        )
    except BadInput:
        return []
    except Exception as error:  # whatever broke is told in the verdict
        pool.failures.setdefault("hybrid", _said(error))
    hits: list[Hit] = []
    for mode in MODES:
        try:
            hits += searcher.search(
                text, depth, mode=mode, as_of=scope.as_of, exclude=scope.exclude, within=scope.within
            )
        except Exception as error:  # whatever broke is told in the verdict
            pool.failures.setdefault(mode, _said(error))
    return hits


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _follow_citations(pool: Pool, catalog: Catalog, searcher: Searcher, scope: Scope) -> None:
    """Add papers that the strongest hits cite or are cited by: those that most of them share."""
    times: dict[int, int] = {}
    try:
        for seed in pool.order[:SEEDS]:
            for number in {*catalog.references_of(seed), *catalog.cited_by(seed)}:
                times[number] = times.get(number, 0) + 1
        allowed = _allowed(times, catalog, scope)
    except Exception as error:  # whatever broke is told in the verdict
        pool.failures.setdefault("citations", _said(error))
        return
    ranked = sorted(allowed, key=lambda number: (-times[number], number))[:NEIGHBOURS]
    pool.found["citations"].update(ranked)
    known = set(pool.order)
    rows = searcher.rows(ranked)
    for number, row in zip(ranked, rows.tolist(), strict=True):
        if number not in known and row >= 0:
            pool.order.append(number)
            pool.signals.setdefault(number, {})


def _allowed(numbers: Collection[int], catalog: Catalog, scope: Scope) -> list[int]:
    papers = catalog.papers_by_number(numbers)
    return [
        number
        for number, paper in papers.items()
        if number not in scope.exclude
        and (scope.as_of is None or paper.public_by <= scope.as_of)
        and (scope.within is None or number in scope.within)
    ]
