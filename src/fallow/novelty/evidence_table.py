"""The evidence table: claim x paper x relation x verbatim quote, every quote found again in its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fallow.evidence import check_quote
from fallow.novelty.calibration import Calibration
from fallow.novelty.scoring import Coverage, Scored
from fallow.novelty.verdict import CORE_FACETS, Claim, Evidence, Facet, Relation
from fallow_ingest.catalog import Catalog

ROWS_PER_CLAIM = 3
LEAST_SCORE = 0.25
"""Coverage below which a paper has nothing to do with a claim."""

_SAME: dict[Facet, Relation] = {
    "whole": "same_idea",
    "first": "same_idea",
    "problem": "same_problem",
    "method": "same_method",
    "setting": "same_setting",
    "finding": "same_finding",
}


def falls_from(claim: Claim, scored: Scored, calibration: Calibration) -> float:
    """The score from which a claim falls.

    More for the idea as a whole, in which a facet may be lacking, unless rules could tell no facets apart.
    """
    told_apart = len({c.facet for c in scored.claims if c.facet in CORE_FACETS}) >= 2
    return calibration.same if claim.facet in ("whole", "first") and told_apart else calibration.falls


def relation_of(claim: Claim, row: Coverage, at: int, falls: float) -> Relation:
    """How a paper stands to a claim.

    Same from the score `falls`. Below it a paper near in meaning is broader when it leaves out words of the
    claim, narrower when it has them all and goes on about something of its own; else related.
    """
    if row.score[at] >= falls:
        return _SAME[claim.facet]
    if max(row.sentence[at], row.paper[at]) < 0.4:
        return "related"
    return "narrower" if row.words[at] >= 0.8 else "broader"


def evidence_of(
    row: Coverage, at: int, scored: Scored, catalog: Catalog, calibration: Calibration
) -> Evidence | None:
    """The row of the table for one claim and paper; None without a quote that stands in the stored text."""
    if row.best[at] < 0:
        return None
    quote = row.candidate.quotes[row.best[at]]
    if not check_quote(catalog, quote):
        return None
    claim = scored.claims[at]
    return Evidence(
        claim.id,
        quote.paper,
        relation_of(claim, row, at, falls_from(claim, scored, calibration)),
        quote.text,
        quote.section,
        quote.start,
        quote.end,
        round(float(row.score[at]), 4),
        quote.origin,
        bool(row.score[at] >= falls_from(claim, scored, calibration)),
    )


def evidence_table(scored: Scored, catalog: Catalog, calibration: Calibration) -> tuple[Evidence, ...]:
    """The best ROWS_PER_CLAIM rows of each claim, claims in order."""
    return tuple(
        row for at in range(len(scored.claims)) for row in _of_claim(at, scored, catalog, calibration)
    )


def _of_claim(at: int, scored: Scored, catalog: Catalog, calibration: Calibration) -> Iterator[Evidence]:
    ranked = sorted(scored.rows, key=lambda row: (-float(row.score[at]), row.candidate.paper.number))
    given = 0
    for row in ranked:
        if given == ROWS_PER_CLAIM or row.score[at] < LEAST_SCORE:
            return
        found = evidence_of(row, at, scored, catalog, calibration)
        if found is not None:
            given += 1
            yield found


def sinks(row: Coverage, scored: Scored, catalog: Catalog, calibration: Calibration) -> tuple[Evidence, ...]:
    """The evidence by which this one paper makes the idea old: a confirmed quote for every core facet.

    Empty when it does not. A facet falls when its claims do on average. The idea falls as a whole when
    rules can tell no facets, or when the paper plainly has the whole of it and none of the facets is
    foreign to it.
    """
    facets: list[Facet] = [facet for facet in CORE_FACETS if scored.facet(row, facet) is not None]
    least = min((scored.facet(row, facet) or 0.0 for facet in facets), default=0.0)
    whole = scored.facet(row, "whole") or 0.0
    if len(facets) < 2:
        facets = ["whole"]
        fallen = whole >= calibration.falls
    else:
        fallen = least >= calibration.falls
        if not fallen and whole >= calibration.same and least >= calibration.falls / 2:
            facets, fallen = ["whole"], True
    return _quoted(facets, row, scored, catalog, calibration) if fallen else ()


def _quoted(
    facets: Sequence[Facet], row: Coverage, scored: Scored, catalog: Catalog, calibration: Calibration
) -> tuple[Evidence, ...]:
    """Evidence for every claim of the facets; empty when one facet has no confirmed quote."""
    found = [
        evidence
        for at, claim in enumerate(scored.claims)
        if claim.facet in facets
        and (evidence := evidence_of(row, at, scored, catalog, calibration)) is not None
    ]
    quoted = {claim.facet for claim in scored.claims if any(e.claim == claim.id for e in found)}
    return tuple(found) if quoted.issuperset(facets) else ()
