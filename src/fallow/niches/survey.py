"""Which subfields are cold corners of hot directions, and needed: the survey over a topic tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from fallow.niches import explain
from fallow.niches.explain import Counts
from fallow.niches.factors import (
    Growth,
    Importance,
    Ints,
    Library,
    Periods,
    Sparsity,
    attention,
    attention_periods,
    growth,
    importance,
    momentum,
    periods_of,
    score,
    sparsity,
)
from fallow.niches.model import Factor, Niche, Survey
from fallow.niches.statistics import Ratio
from fallow.niches.store import save_survey
from fallow.topics.model import Topic, TopicTree
from fallow_ingest.catalog import Catalog, StoredPaper

WEIGHTS = {"hotness": 1.2, "sparsity": 1.6, "importance": 1.6, "timeliness": 0.8}
"""Exponents of the product. Cold without importance is worthless, and so is importance that everybody
serves."""

SLOPES = {"hotness": 2.5, "sparsity": 5.0, "importance": 2.2, "timeliness": 1.5}
"""How fast each factor turns from no to yes around 1: sparsity lies between 0.5 and 2, growth between 0.1 and
10."""

EVEN = {"hotness": 1.0, "sparsity": 1.15, "importance": 1.0, "timeliness": 1.0}
"""The ratio that counts as an even chance: a corner has to be thinner than usual to be one."""

FEWEST = 3
"""Papers that a subfield must have at the date asked about."""


class Citations(Protocol):
    """What the survey needs of the citation graph."""

    @property
    def numbers(self) -> npt.NDArray[np.int64]: ...  # noqa: D102

    @property
    def years(self) -> npt.NDArray[np.integer[Any]]: ...  # noqa: D102

    @property
    def references(self) -> Any: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Measures:
    """All factors of all subfields, with the counts behind them."""

    periods: Periods | None
    attention_periods: Periods | None
    direction_papers: Growth | None
    subfield_papers: Growth | None
    subfield_attention: Growth | None
    sparse: Sparsity
    important: Importance
    ratios: dict[str, Ratio]
    scores: npt.NDArray[np.float64]


def find_niches(
    catalog: Catalog,
    tree: TopicTree,
    graph: Citations,
    *,
    as_of: int | None = None,
    demand: Mapping[int, float] | None = None,
) -> list[Niche]:
    """Every subfield of the tree with its niche score, best first.

    as_of: yyyymmdd; papers that were not public by then, and their citations, take no part even when tree or
    graph hold them. demand: topic id -> how much others say they lack there.
    """
    return list(survey_niches(catalog, tree, graph, as_of=as_of, demand=demand).niches)


def survey_niches(
    catalog: Catalog,
    tree: TopicTree,
    graph: Citations,
    *,
    as_of: int | None = None,
    demand: Mapping[int, float] | None = None,
    save: bool = False,
) -> Survey:
    """As find_niches, with what the survey could not know. `save` stores it beside the map (never with
    `as_of`)."""
    numbers, library, topics = cut_library(catalog, tree, graph, as_of)
    notes = _notes(library, tree, as_of)
    if not topics:
        return Survey((), notes, as_of)
    wanted = np.array([(demand or {}).get(topic.id, 0.0) for topic in topics]) if demand else None
    measures = measure(library, wanted)
    order = np.lexsort((np.arange(len(topics)), -measures.scores))
    keys = [_key_rows(library, k) for k in range(len(topics))]
    papers = catalog.papers_by_number({int(numbers[row]) for rows in keys for row in rows.values()})
    niches = [
        _niche(tree, topics, library, measures, int(k), keys[int(k)], numbers, papers, wanted) for k in order
    ]
    survey = Survey(tuple(niches), notes, as_of)
    if save and as_of is None:
        save_survey(catalog, survey)
    return survey


def measure(library: Library, demand: npt.NDArray[np.float64] | None = None) -> Measures:
    """All factors of all subfields; a pure function of the arrays."""
    periods, cited = periods_of(library.years), attention_periods(library)
    # A direction is hot against its last years; a subfield is alive or dead against all of its history.
    history = periods.with_history(library.years) if periods else None
    cited_history = cited.with_history(library.years) if cited else None
    direction_papers = growth(library.years, library.direction, library.directions, periods)
    direction_cited = attention(library, library.direction, library.directions, cited, own=True)
    subfield_papers = growth(library.years, library.subfield, library.subfields, history)
    subfield_cited = attention(library, library.subfield, library.subfields, cited_history, own=False)
    hot = momentum(direction_papers, direction_cited, library.directions)
    ratios = {
        "hotness": Ratio(*(part[library.direction_of] for part in hot)),
        "sparsity": (sparse := sparsity(library)).ratio,
        "importance": (important := importance(library, demand)).ratio,
        "timeliness": momentum(subfield_papers, subfield_cited, library.subfields),
    }
    scores = score(
        list(ratios.values()), *([table[name] for name in ratios] for table in (WEIGHTS, SLOPES, EVEN))
    )
    return Measures(
        periods, cited, direction_papers, subfield_papers, subfield_cited, sparse, important, ratios, scores
    )


def cut_library(
    catalog: Catalog, tree: TopicTree, graph: Citations, as_of: int | None
) -> tuple[npt.NDArray[np.int64], Library, list[Topic]]:
    """(paper numbers of the rows, the library as it stood at `as_of`, the subfields that existed then)."""
    numbers = np.asarray(graph.numbers, dtype=np.int64)
    years = np.asarray(graph.years, dtype=np.int64)
    edges = sp.coo_matrix(graph.references)
    if as_of is not None:
        public = np.fromiter((paper.number for paper in catalog.papers(as_of)), dtype=np.int64)
        shown = np.isin(numbers, public)
    else:
        shown = np.ones(numbers.size, dtype=bool)
    row = np.cumsum(shown) - 1
    kept = shown[edges.row] & shown[edges.col] & (edges.row != edges.col)
    citing, cited = row[edges.row[kept]].astype(np.int64), row[edges.col[kept]].astype(np.int64)
    numbers, years = numbers[shown], years[shown]
    dated = (years[citing] == 0) | (years[cited] == 0) | (years[cited] <= years[citing])
    placed = [tree.subfield_of(int(number)) for number in numbers]
    counts: dict[int, int] = {}
    for topic in placed:
        if topic is not None:
            counts[topic] = counts.get(topic, 0) + 1
    topics = [topic for topic in tree.subfields() if counts.get(topic.id, 0) >= FEWEST]
    index = {topic.id: k for k, topic in enumerate(topics)}
    parents = {parent: k for k, parent in enumerate(dict.fromkeys(topic.parent for topic in topics))}
    subfield = np.array([-1 if t is None else index.get(t, -1) for t in placed], dtype=np.int64)
    direction_of = np.array([parents[topic.parent] for topic in topics], dtype=np.int64)
    return numbers, Library(years, subfield, direction_of, citing[dated], cited[dated]), topics


def _key_rows(library: Library, topic: int) -> dict[str, int]:
    """Rows to read first: cited most inside, cited most from outside, newest; as far as there are any."""
    rows = np.flatnonzero(library.subfield == topic)
    into = library.subfield[library.cited] == topic
    own = library.subfield[library.citing] == topic
    inside = np.bincount(library.cited[into & own], minlength=library.years.size)[rows]
    outside = np.bincount(library.cited[into & ~own], minlength=library.years.size)[rows]
    keys: dict[str, int] = {}
    if outside.any():
        best = np.lexsort((rows, -inside, -outside))
        keys["across"] = int(rows[best[0]])
        if rows.size > 1 and outside[best[1]]:
            keys["across2"] = int(rows[best[1]])
    if inside.any():
        best = np.lexsort((rows, -outside, -inside))
        keys["inside"] = int(rows[best[0]])
        if rows.size > 1 and inside[best[1]]:
            keys["inside2"] = int(rows[best[1]])
    # Of the newest papers the one that knows its field best: most references inside.
    knows = np.bincount(library.citing[into & own], minlength=library.years.size)[rows]
    keys["newest"] = int(rows[np.lexsort((rows, -knows, -library.years[rows]))[0]])
    return keys


def _niche(
    tree: TopicTree,
    topics: list[Topic],
    library: Library,
    measures: Measures,
    k: int,
    keys: dict[str, int],
    numbers: Ints,
    papers: Mapping[int, StoredPaper],
    demand: npt.NDArray[np.float64] | None,
) -> Niche:
    topic = topics[k]
    c = _counts(tree, topics, library, measures, k, demand)
    whys = {
        "hotness": explain.hotness_why(c),
        "sparsity": explain.sparsity_why(c),
        "importance": explain.importance_why(c),
        "timeliness": explain.timeliness_why(c),
    }
    factors = {
        name: Factor(
            round(float(ratio.value[k]), 3),
            round(float(ratio.low[k]), 3),
            round(float(ratio.high[k]), 3),
            whys[name],
        )
        for name, ratio in measures.ratios.items()
    }
    good = {
        role: papers[int(numbers[row])]
        for role, row in keys.items()
        if int(numbers[row]) in papers and not papers[int(numbers[row])].status
    }
    mentions = {role: f"{paper.citation}, “{paper.title}”" for role, paper in good.items()}
    order = ("inside", "across", "newest", "inside2", "across2")
    reading = tuple(dict.fromkeys(good[role].number for role in order if role in good))
    text = explain.explanation(
        c, factors, mentions.get("inside", mentions.get("across", "")), mentions.get("newest", "")
    )
    unsure = () if c.across_usual else ("Who needs it is unknown: no citations.",)
    return Niche(
        topic.id, topic.label, c.direction, round(float(measures.scores[k]), 4), factors, reading, text,
        tuple(whys.values()), unsure,
    )  # fmt: skip


def _counts(
    tree: TopicTree,
    topics: list[Topic],
    library: Library,
    m: Measures,
    k: int,
    demand: npt.NDArray[np.float64] | None,
) -> Counts:
    direction = int(library.direction_of[k])
    years = library.years[library.subfield == k]
    known = years[years > 0]
    foreign = m.important.matrix[:, k]
    top = [int(j) for j in np.lexsort((np.arange(foreign.size), -foreign))[:3] if foreign[j] > 0]
    upper, own, cited = m.direction_papers, m.subfield_papers, m.subfield_attention
    parent = topics[k].parent
    return Counts(
        label=topics[k].label,
        direction=tree.label(parent) if parent is not None else "",
        papers=int(m.sparse.sizes[k]),
        typical=m.sparse.typical,
        first_year=int(known.min()) if known.size else 0,
        last_year=int(known.max()) if known.size else 0,
        recent=m.periods.recent if m.periods else None,
        earlier=m.periods.earlier if m.periods else None,
        direction_now=int(upper.now[direction]) / max(1, upper.now_all) if upper else None,
        direction_before=int(upper.before[direction]) / max(1, upper.before_all) if upper else None,
        papers_now=int(own.now[k]) if own else 0,
        papers_usual_now=int(own.before[k]) * own.now_all / max(1, own.before_all) if own else 0.0,
        attention_years=m.attention_periods.recent if m.attention_periods else None,
        attention_now=int(cited.now[k]) if cited else None,
        attention_before=int(cited.before[k]) if cited else None,
        inside=int(m.sparse.inside[k]),
        inside_usual=float(m.sparse.inside_usual[k]),
        received=int(m.sparse.received.observed[k]),
        received_usual=float(m.sparse.received.expected[k]),
        false_discovery=float(m.sparse.false_discovery[k]),
        across=int(m.important.across[k]),
        across_usual=float(m.important.across_usual[k]),
        citers=int(m.important.citers[k]),
        fields=int(m.important.fields[k]),
        directions=int(m.important.directions[k]),
        share=float(m.important.share[k]),
        neighbours=tuple((topics[j].label, int(foreign[j])) for j in top),
        demand=float(demand[k]) if demand is not None else None,
    )


def _swing(library: Library) -> list[str]:
    """Whether the library collected some years far more fully than others."""
    periods = periods_of(library.years)
    if periods is None:
        return []
    first = periods.earlier[0]
    counts = np.bincount(library.years[library.years >= first] - first)
    most, least = (
        int(counts.argmax()),
        int(np.where(counts > counts.max() / 20, counts, counts.max()).argmin()),
    )
    if counts[most] < 3 * counts[least] or counts.sum() < 300:
        return []
    return [
        f"The library holds {counts[most]:,} papers of {first + most} and {counts[least]:,} of "
        f"{first + least}: growth is of shares among what was collected and moves with the sources."
    ]


def _notes(library: Library, tree: TopicTree, as_of: int | None) -> tuple[str, ...]:
    """What this survey could not know."""
    notes = []
    n = library.years.size
    if not library.subfields:
        notes.append("There are no subfields of three papers or more: niches cannot be told.")
    undated = int((library.years == 0).sum())
    if undated:
        notes.append(f"{undated:,} of {n:,} papers have no year and take no part in growth.")
    if library.citing.size == 0:
        notes.append(
            "No citations: importance is unknown, and thinness is judged by numbers of papers alone."
        )
    else:
        able = int(np.unique(library.citing).size)
        if able < 0.8 * n:
            notes.append(
                f"Only {able:,} of {n:,} papers have references here; citations are compared within years."
            )
        newest, window = int(library.years.max()), attention_periods(library)
        if window is None:
            notes.append("Too few papers a year have references to say where attention moves.")
        elif window.recent[1] < newest:
            end = window.recent[1]
            notes.append(f"References end in {end}, papers in {newest}: attention is as of {end}.")
    if as_of is not None and (tree.run.as_of is None or tree.run.as_of > as_of):
        notes.append(
            "Topics were drawn with papers of after the date; for a back-test build the map with it as well."
        )
    return tuple(notes)
