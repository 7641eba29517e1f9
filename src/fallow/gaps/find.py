"""Finding gaps: one finder a kind, each with the evidence it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from fallow.gaps.burdens import Burden, find_burdens
from fallow.gaps.contradictions import find_contradictions
from fallow.gaps.gap import GAP_KINDS, Gap, GapKind
from fallow.gaps.survey import Survey, take_survey
from fallow.gaps.white_space import find_white_space
from fallow.needs import Need
from fallow_ingest.catalog import Catalog
from fallow_ingest.progress import ReportProgress, ignore_progress

if TYPE_CHECKING:
    from fallow_index.search import Searcher

PER_KIND = 60


def find_gaps(
    catalog: Catalog,
    *,
    searcher: Searcher | None = None,
    kinds: Collection[GapKind] | None = None,
    as_of: int | None = None,
    survey: Survey | None = None,
    report: ReportProgress = ignore_progress,
) -> list[Gap]:
    """Every gap that the evidence supports, kinds in turn, each kind best first.

    searcher: lets white space be judged by meaning too. as_of: yyyymmdd. survey: one taken already. A kind
    without evidence gives nothing: never a guess.
    """
    seen = survey or take_survey(catalog, as_of=as_of, report=report)
    finders: dict[GapKind, Callable[[], list[Gap]]] = {
        "niche": lambda: _niches(catalog, seen),
        "white_space": lambda: find_white_space(seen, searcher)[:PER_KIND],
        "unmet_need": lambda: _unmet_needs(seen)[:PER_KIND],
        "missing_resource": lambda: _missing_resources(seen)[:PER_KIND],
        "contradiction": lambda: find_contradictions(seen)[:PER_KIND],
    }
    found: list[list[Gap]] = []
    wanted = [kind for kind in GAP_KINDS if kinds is None or kind in kinds]
    for done, kind in enumerate(wanted, 1):
        found.append(finders[kind]())
        report("finding gaps", done, len(wanted))
    longest = max((len(gaps) for gaps in found), default=0)
    return [gaps[rank] for rank in range(longest) for gaps in found if rank < len(gaps)]


def _niches(catalog: Catalog, survey: Survey) -> list[Gap]:
    """The niches of the map, whose factors are ratios; the score is the niche's own."""
    from fallow.niches import find_niches
    from fallow_index.citation_graph import CitationGraph

    if not survey.tree.topics:
        return []
    graph = CitationGraph.load(catalog, as_of=survey.as_of)
    gaps = []
    for niche in find_niches(catalog, survey.tree, graph, as_of=survey.as_of):
        spread = 1.0
        for factor in niche.factors.values():
            spread = min(spread, factor.low / factor.value if factor.value > 0 else 0.0)
        gaps.append(
            Gap(
                id=f"niche:{niche.topic}",
                kind="niche",
                title=f"{niche.label}, a cold corner of {niche.direction_label}",
                why=niche.explanation,
                topic=niche.topic,
                papers=niche.papers,
                quotes=(),
                score=niche.score,
                low=niche.score * spread,
                high=min(1.0, niche.score * (2.0 - spread)),
                concepts=(niche.label,),
            )
        )
    return gaps


def _unmet_needs(survey: Survey) -> list[Gap]:
    """Needs that recur over independent groups and are open, and weaknesses that weigh on one target."""
    gaps = [_of_burden(survey, burden, "unmet_need") for burden in find_burdens(survey, ["cost", "method"])]
    told = {quote.text for gap in gaps for quote in gap.quotes}
    gaps += [
        _of_need(survey, need)
        for need in survey.needs
        if need.author_groups >= 2 and need.status == "open" and need.quote.text not in told
    ]
    return sorted(gaps, key=lambda gap: (-gap.score, gap.id))


def _missing_resources(survey: Survey) -> list[Gap]:
    """What papers say that the data of a subject lack, where no paper on the subject supplies it."""
    burdens = [burden for burden in find_burdens(survey, ["resource"]) if not burden.eased]
    return [_of_burden(survey, burden, "missing_resource") for burden in burdens]


def _of_burden(survey: Survey, burden: Burden, kind: GapKind) -> Gap:
    target = burden.target
    years = _span(burden.years)
    count = len(burden.eased)
    eased = (
        f"; {count} other{'s' if count > 1 else ''} already tell{'' if count > 1 else 's'} of a cure"
        if count
        else ""
    )
    trouble = burden.weakness.trouble
    first = {saying.paper: saying for saying in reversed(burden.sayings)}
    spread = 1.0 / (burden.groups + 1.0)
    return Gap(
        id=f"{kind}:{burden.name}",
        kind=kind,
        title=f"{trouble[0].upper()}{trouble[1:]} in {target.label}",
        why=(
            f"{len(burden.papers)} of {len(target.about)} papers on {target.label}, by {burden.groups} "
            "independent "
            f"author groups, {burden.told}{years}{eased}."
        ),
        topic=survey.topic_of(burden.papers),
        papers=burden.papers,
        quotes=tuple(first[number].quote for number in burden.papers[:3]),
        score=burden.weight,
        low=burden.weight * (1.0 - spread),
        high=min(1.0, burden.weight * (1.0 + spread)),
        concepts=(target.label,),
        weakness=burden.weakness.key,
    )


def _of_need(survey: Survey, need: Need) -> Gap:
    said = need.quote
    score = (
        need.author_groups / (need.author_groups + 2.0) * (1.0 if need.trend.direction != "fading" else 0.7)
    )
    spread = 1.0 / (need.author_groups + 1.0)
    years = _span([year for year in (need.first_year, need.last_year) if year])
    return Gap(
        id=f"unmet_need:need {need.id}",
        kind="unmet_need",
        title=need.label.rstrip("."),
        why=(
            f"{need.told[0].upper()}{need.told[1:]} by {need.author_groups} independent author groups "
            f"state it{years}, and no later paper claims to meet it."
        ),
        topic=need.topic,
        papers=need.paper_numbers,
        quotes=(said.quote,) if said.paper in survey.papers else (),
        score=score,
        low=score * (1.0 - spread),
        high=min(1.0, score * (1.0 + spread)),
    )


def _span(years: Sequence[int]) -> str:
    if not years:
        return ""
    return f", in {years[0]}" if years[0] == years[-1] else f", from {years[0]} to {years[-1]}"
