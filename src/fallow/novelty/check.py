"""Checking whether an idea is novel: claim by claim, quoted, calibrated, and honest about not knowing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from fallow.novelty.calibration import STATED_ERROR, Calibration, load_calibration
from fallow.novelty.claims import split_claims
from fallow.novelty.completeness import Missed, estimate_missed
from fallow.novelty.evidence_table import evidence_of, evidence_table, sinks
from fallow.novelty.explain import first_of_its_kind, listed, mention, nearest, novel_reasons, shorten
from fallow.novelty.features import idea_features
from fallow.novelty.frequencies import TermWeights
from fallow.novelty.idea_text import IdeaText, read_idea, same_title
from fallow.novelty.reach import SourceState, source_doubts, source_notes, source_states
from fallow.novelty.retrieval import RETRIEVERS, Pool, Scope, collect
from fallow.novelty.scoring import Coverage, Scored, score_pool
from fallow.novelty.verdict import Claim, Evidence, Outcome, RetrieverTrace, SearchTrace, Verdict
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.dates import day_text

FEWEST_PAPERS = 30
"""Papers that must have been public for "nobody did this" to mean anything."""
MOST_NOT_INDEXED = 0.1
"""Share of the library that the index may lack before "nobody did this" means nothing."""
RELEVANT = 0.4
"""Coverage of the whole idea from which a paper counts as relevant in the completeness estimate."""
LEAST_PROBABILITY = 0.01
COSINE_LEAD, NEAR = 0.2, 0.55
"""Lead in cosine of the nearest paper over the mean of the next ones, and its cosine."""
BM25_LEAD = 1.4
"""BM25 of the first over the second paper, where late interaction puts the same one first.

An idea for which one paper stands out, by either lead or because all retrievers put it first, is never called
novel: it may be that paper's idea in other words. A ninth of hidden ideas have such a paper, and six of seven
shown ones (docs/novelty.md)."""


@dataclass(frozen=True, eq=False)
class _Check:
    """Everything one check works with."""

    idea: IdeaText
    claims: tuple[Claim, ...]
    scope: Scope
    catalog: Catalog
    calibration: Calibration
    sources: tuple[SourceState, ...]


def check_novelty(
    text: str,
    searcher: Searcher | None,
    catalog: Catalog,
    *,
    as_of: int | None = None,
    exclude: Collection[int] = (),
    claims: Sequence[Claim] | None = None,
    within: Collection[int] | None = None,
) -> Verdict:
    """Whether the idea in a text is novel, as far as the library can tell.

    searcher: None when there is no index, which ends in insufficient_search. as_of: only papers public by
    that day (yyyymmdd). exclude: paper numbers that do not count, such as the idea's own paper. claims: used
    instead of those the rules find. within: a closed list of paper numbers to judge against, however short.
    Raises BadInput for a text that is no idea, saying what to write instead.
    """
    idea = read_idea(text)
    scope = Scope(as_of, frozenset(exclude), None if within is None else frozenset(within))
    # A closed list is all there is, whatever else the library was fed from.
    sources = source_states(catalog) if within is None else ()
    check = _Check(idea, _with_whole(claims, idea), scope, catalog, load_calibration(), sources)
    verdict = _checked(check, searcher)
    return replace(verdict, search=replace(verdict.search, sources=sources))


def _checked(check: _Check, searcher: Searcher | None) -> Verdict:
    idea, scope, catalog = check.idea, check.scope, check.catalog
    if idea.unreadable:
        return _insufficient(check, [idea.unreadable], _no_search(check))
    if not catalog.count():
        return _insufficient(
            check,
            ["The library holds no papers: read some with `fallow ingest SOURCE FILE`."],
            _no_search(check),
        )
    if searcher is None or not len(searcher):
        return _insufficient(check, ["There is no index to search: run `fallow build`."], _no_search(check))
    weights = TermWeights(searcher, scope.as_of)
    pool = collect(check.claims, searcher, catalog, scope)
    trace = _trace(check, searcher, pool, weights)
    if not pool.order:
        return _insufficient(check, _failures(pool) or ["The search found no paper at all."], trace)
    scored = score_pool(idea, check.claims, pool, searcher, catalog, weights, check.calibration)
    return _judge(check, pool, scored, _complete(trace, pool, scored))


def _with_whole(claims: Sequence[Claim] | None, idea: IdeaText) -> tuple[Claim, ...]:
    """The claims, numbered anew with the whole idea first."""
    if claims is None:
        return split_claims(idea)
    parts = [claim for claim in claims if claim.facet != "whole" and claim.text.strip()]
    whole = next((c.text for c in claims if c.facet == "whole" and c.text.strip()), idea.text)
    return (Claim(1, "whole", whole), *(Claim(at, c.facet, c.text) for at, c in enumerate(parts, 2)))


def _judge(check: _Check, pool: Pool, scored: Scored, trace: SearchTrace) -> Verdict:
    features = idea_features(scored, pool)
    probability = check.calibration.probability(features)
    known = _known_title(check, scored)
    old = known or _old(check, scored)
    neighbours = nearest(scored, check.idea, check.calibration)
    # Even a probability near 1 is one of this library, never a certainty.
    probability = min(max(probability, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY)
    outcome: Outcome
    first = first_of_its_kind(scored, check.calibration)
    doubts = _doubts(check, features, trace)
    if pool.failures or (doubts and not (old and (known or probability <= check.calibration.not_novel_to))):
        reasons = [*_failures(pool), *doubts]
        if old:
            reasons.append(_old_reason(check, scored, old, known=bool(known)))
        return _insufficient(check, reasons, trace, scored, features)
    if known:
        outcome, probability = "not_novel", LEAST_PROBABILITY
        reasons = [_old_reason(check, scored, old, known=True)]
    elif old and probability <= check.calibration.not_novel_to:
        outcome = "not_novel"
        reasons = [_old_reason(check, scored, old, known=False)]
    elif not old and probability >= check.calibration.novel_from and not _stands_out(check, features):
        outcome = "novel"
        reasons = novel_reasons(scored, neighbours, features["density"])
    else:
        outcome = "unsure"
        reasons = _unsure_reasons(check, scored, old, features, probability)
        reasons += novel_reasons(scored, neighbours, features["density"])[-1:]
    return Verdict(
        outcome,
        round(probability, 4),
        check.claims,
        _table(scored, check, old),
        tuple(n.paper for n in neighbours),
        (*reasons, *source_notes(check.sources), *check.idea.notes),
        trace,
        neighbours,
        first if outcome != "not_novel" else "",
        tuple(sorted(features.items())),
    )


def _known_title(check: _Check, scored: Scored) -> tuple[Evidence, ...]:
    """Evidence that the idea bears the title of a paper of the library: it is that paper."""
    titles = [check.idea.title, check.idea.text.rstrip(".")]
    for row in scored.rows:
        if any(same_title(title, row.candidate.paper.title) for title in titles if title):
            evidence = evidence_of(row, 0, scored, check.catalog, check.calibration)
            if evidence is not None:
                return (evidence,)
    return ()


def _old(check: _Check, scored: Scored) -> tuple[Evidence, ...]:
    """Evidence that one paper covers all core facets; that of the paper which covers them best."""
    for row in scored.rows:
        found = sinks(row, scored, check.catalog, check.calibration)
        if found:
            return found
    return ()


def _table(scored: Scored, check: _Check, old: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence table; what made the idea old is always part of it."""
    table = list(evidence_table(scored, check.catalog, check.calibration))
    held = {(row.claim, row.paper) for row in table}
    table += [row for row in old if (row.claim, row.paper) not in held]
    return tuple(sorted(table, key=lambda row: (row.claim, -row.score, row.paper)))


def _old_reason(check: _Check, scored: Scored, old: Sequence[Evidence], *, known: bool) -> str:
    paper = check.catalog.paper(old[0].paper)
    if known:
        return f"The idea bears the title of {mention(paper)}; leave that paper out if the idea is its own."
    texts = {claim.id: claim for claim in scored.claims}
    parts = [f"the {texts[e.claim].facet} “{shorten(texts[e.claim].text)}”" for e in old[:3]]
    return f"{mention(paper)} covers {listed(parts)}."


def _stands_out(check: _Check, features: Mapping[str, float]) -> bool:
    """Whether one paper stands out from all others. A closed list has no neighbourhood to stand out from."""
    lead = features["similarity"] - features["density"]
    by_cosine = features["similarity"] >= NEAR and lead >= COSINE_LEAD
    by_ranks = features["unanimous"] > 0 or features["lead"] >= BM25_LEAD
    return check.scope.within is None and (by_cosine or by_ranks)


def _unsure_reasons(
    check: _Check,
    scored: Scored,
    old: Sequence[Evidence],
    features: Mapping[str, float],
    probability: float,
) -> list[str]:
    """Why neither verdict is safe."""
    low, high = check.calibration.not_novel_to, check.calibration.novel_from
    if old:
        return [
            _old_reason(check, scored, old, known=False),
            f"Yet the search as a whole gives a probability of {probability:.0%} that the idea is novel: "
            "read that paper and decide.",
        ]
    if probability >= high and _stands_out(check, features):
        return [
            "No paper that was read covers the idea in its facets, yet one stands out from all others in the "
            "search: it may be the same idea in other words."
        ]
    if probability <= low:
        return [
            "Papers come very near, but none that was read covers the whole idea with a quote to prove it.",
        ]
    return [
        f"The probability of {probability:.0%} lies between {low:.0%} and {high:.0%}, where more than "
        f"{STATED_ERROR:.0%} of verdicts would be wrong."
    ]


def _doubts(check: _Check, features: dict[str, float], trace: SearchTrace) -> list[str]:
    """Why finding nothing would mean nothing here."""
    doubts = source_doubts(check.sources)
    closed = check.scope.within is not None
    if trace.papers < FEWEST_PAPERS and not closed:
        when = f" by {day_text(trace.as_of)}" if trace.as_of else ""
        doubts.append(
            f"Only {trace.papers} papers were public{when}, too few to say that nobody did this: ingest more."
        )
    held = trace.papers + trace.not_indexed
    if held and trace.not_indexed > MOST_NOT_INDEXED * held and not closed:
        doubts.append(f"{trace.not_indexed} of {held} papers are not in the index yet: run `fallow build`.")
    if features["similarity"] < check.calibration.field and not closed:
        doubts.append(
            f"The library seems to be of another field: its nearest paper has a cosine of only "
            f"{features['similarity']:.2f}. Read in papers of the idea's field."
        )
    return doubts


def _failures(pool: Pool) -> list[str]:
    return [
        f"The {name} search failed ({why.rstrip('.')}), so nothing can be said of what it would have found."
        for name, why in pool.failures.items()
    ]


def _no_search(check: _Check) -> SearchTrace:
    held = check.catalog.count(as_of=check.scope.as_of)
    return SearchTrace(0, check.scope.as_of, 0, (), held, 0, None, None, None, None)


def _trace(check: _Check, searcher: Searcher, pool: Pool, weights: TermWeights) -> SearchTrace:
    scope = check.scope
    held = check.catalog.count(as_of=scope.as_of)
    searched = weights.papers if scope.within is None else len(scope.within)
    retrievers = [
        RetrieverTrace(name, len(pool.found[name]), pool.failures.get(name, "")) for name in RETRIEVERS
    ]
    if "hybrid" in pool.failures:
        retrievers.append(RetrieverTrace("hybrid", 0, pool.failures["hybrid"]))
    return SearchTrace(
        searched - len(scope.exclude) if scope.within is None else searched,
        scope.as_of,
        pool.queries,
        tuple(retrievers),
        max(0, held - weights.papers),
        0,
        None,
        None,
        None,
        searcher.generation.number,
    )


def _complete(trace: SearchTrace, pool: Pool, scored: Scored) -> SearchTrace:
    """The trace with the estimate of what all retrievers missed."""
    relevant = {row.candidate.paper.number for row in scored.rows if _relevant(row)}
    missed: Missed | None = estimate_missed([pool.found[name] for name in RETRIEVERS], relevant)
    low, high = (missed.low, missed.high) if missed else (None, None)
    return SearchTrace(
        trace.papers, trace.as_of, trace.queries, trace.retrievers, trace.not_indexed, len(relevant),
        round(missed.estimate, 2) if missed else None,
        None if low is None else round(low, 2), None if high is None else round(high, 2), trace.generation,
    )  # fmt: skip


def _relevant(row: Coverage) -> bool:
    return float(row.score[0]) >= RELEVANT


def _insufficient(
    check: _Check,
    reasons: Sequence[str],
    trace: SearchTrace,
    scored: Scored | None = None,
    features: dict[str, float] | None = None,
) -> Verdict:
    """The verdict when nothing can be concluded; what was found is shown all the same."""
    neighbours = nearest(scored, check.idea, check.calibration) if scored else ()
    return Verdict(
        "insufficient_search",
        None,
        check.claims,
        evidence_table(scored, check.catalog, check.calibration) if scored else (),
        tuple(n.paper for n in neighbours),
        (*reasons, *check.idea.notes),
        trace,
        neighbours,
        "",
        tuple(sorted((features or {}).items())),
    )
