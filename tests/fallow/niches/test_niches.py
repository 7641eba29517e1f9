from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fallow.niches import FACTORS, find_niches, load_niches, survey_niches
from fallow.niches.factors import Library, attention_periods, periods_of
from fallow.niches.survey import measure
from fallow.topics import MapRun, Place, Topic, TopicTree, save_topics
from fallow_index.citation_graph import CitationGraph
from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper, Reference

HOT, COLD = 0, 1
CORNER, DEAD = 3, 4
"""Subfields 0-4 belong to the hot direction; 3 is thin and needed elsewhere, 4 has had no paper for years."""


def planted(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[tuple[int, int]]]:
    """(years, subfield, direction_of, citations) of 10 subfields in two directions."""
    rng = np.random.default_rng(seed)
    direction_of = np.repeat([HOT, COLD], 5)
    years, subfield = [], []
    for k in range(10):
        size = {CORNER: 12, DEAD: 40}.get(k, 45)
        for _ in range(size):
            if k == DEAD:
                year = rng.integers(2005, 2012)
            elif direction_of[k] == HOT:
                year = 2020 - int(rng.exponential(2.5))
            else:
                year = rng.integers(2005, 2018)
            years.append(max(2005, min(2020, int(year))))
            subfield.append(k)
    order = np.argsort(years, kind="stable")
    year, group = np.array(years)[order], np.array(subfield)[order]
    citations = []
    for row in range(year.size):
        older = np.flatnonzero(year < year[row])
        if not older.size:
            continue
        own = older[group[older] == group[row]]
        home = rng.choice(own, min(own.size, 2 if group[row] == CORNER else 6), replace=False)
        citations.extend((row, int(cited)) for cited in home)
        corner = older[group[older] == CORNER]
        if corner.size and group[row] != CORNER and rng.random() < 0.5:
            citations.append((row, int(rng.choice(corner))))
        citations.extend((row, int(cited)) for cited in rng.choice(older, min(2, older.size), replace=False))
    return year, group, direction_of, sorted(set(citations))


def library_of(
    years: np.ndarray, group: np.ndarray, parents: np.ndarray, pairs: list[tuple[int, int]]
) -> Library:
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Library(
        years.astype(np.int64), group.astype(np.int64), parents.astype(np.int64), ends[:, 0], ends[:, 1]
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_planted_corner_ranks_first_and_the_dead_topic_low(seed: int) -> None:
    scores = measure(library_of(*planted(seed))).scores
    assert scores.argmax() == CORNER
    assert scores[DEAD] < 0.3 * scores.max()
    assert scores[DEAD] < scores[[0, 1, 2]].min()


def test_cold_without_importance_ranks_low() -> None:
    years, group, parents, pairs = planted()
    unneeded = [(a, b) for a, b in pairs if group[b] != CORNER or group[a] == CORNER]
    scores = measure(library_of(years, group, parents, unneeded)).scores
    before = measure(library_of(years, group, parents, pairs)).scores
    assert scores[CORNER] < 0.5 * before[CORNER]
    assert scores.argmax() != CORNER


def test_a_corner_of_a_shrinking_direction_ranks_lower() -> None:
    years, group, parents, pairs = planted()
    moved = parents.copy()
    moved[CORNER], moved[5] = COLD, HOT
    assert (
        measure(library_of(years, group, moved, pairs)).scores[CORNER]
        < measure(library_of(years, group, parents, pairs)).scores[CORNER]
    )


def test_years_without_references_do_not_make_a_subfield_cold() -> None:
    years, group, parents, pairs = planted()
    whole = measure(library_of(years, group, parents, pairs))
    kept_back = [(a, b) for a, b in pairs if years[a] < 2019]
    partial = measure(library_of(years, group, parents, kept_back))
    assert np.argsort(-partial.scores)[0] == CORNER
    change = np.log(partial.sparse.ratio.value) - np.log(whole.sparse.ratio.value)
    assert abs(change[[0, 1, 2]]).max() < 0.3
    assert attention_periods(library_of(years, group, parents, kept_back)).recent[1] == 2018


def test_demand_lifts_importance() -> None:
    library = library_of(*planted())
    wanted = np.zeros(10)
    wanted[6] = 40.0
    assert (
        measure(library, wanted).ratios["importance"].value[6]
        > measure(library).ratios["importance"].value[6]
    )


def test_intervals_contain_their_value() -> None:
    for ratio in measure(library_of(*planted())).ratios.values():
        assert (ratio.low <= ratio.value).all()
        assert (ratio.value <= ratio.high).all()


def test_no_citations_leave_importance_open() -> None:
    years, group, parents, _ = planted()
    found = measure(library_of(years, group, parents, []))
    assert np.allclose(found.ratios["importance"].value, 1.0)
    assert np.isfinite(found.scores).all()


def test_a_library_without_dates() -> None:
    years, group, parents, pairs = planted()
    found = measure(library_of(np.zeros_like(years), group, parents, pairs))
    assert found.periods is None
    assert np.isfinite(found.scores).all()
    assert np.allclose(found.ratios["hotness"].value, 1.0)


def test_a_year_that_has_only_begun_does_not_move_the_window() -> None:
    years = np.concatenate([np.repeat(np.arange(2010, 2020), 50), [2020] * 3])
    periods = periods_of(years)
    assert periods is not None
    assert periods.recent == (2017, 2020)
    assert periods.earlier == (2012, 2016)
    assert periods_of(np.array([2020, 2020, 0])) is None


# Over a catalog -----------------------------------------------------------------------------------


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "library", create=True) as opened:
        yield opened


def fill(catalog: Catalog) -> TopicTree:
    """The planted library in a catalog, with its tree; paper numbers are rows + 1."""
    years, group, parents, pairs = planted()
    cites: dict[int, list[int]] = {}
    for a, b in pairs:
        cites.setdefault(a, []).append(b)
    catalog.add(
        [
            Paper(
                key=f"x:{row}",
                title=f"Paper {row}",
                authors=("Ada Lovelace",),
                year=int(years[row]),
                references=tuple(Reference(id=f"x:{b}") for b in cites.get(row, ())),
            )
            for row in range(years.size)
        ],
        "planted",
    )
    sizes = np.bincount(group)
    directions = [
        Topic(d + 1, 0, None, f"direction {d}", (), int(sizes[parents == d].sum()), 0, 0) for d in (0, 1)
    ]
    subfields = [
        Topic(k + 3, 1, int(parents[k]) + 1, f"field {k}", (), int(sizes[k]), 0, 0) for k in range(10)
    ]
    places = {row + 1: Place(int(parents[k]) + 1, int(k) + 3, 0.0, 0.0) for row, k in enumerate(group)}
    return TopicTree((*directions, *subfields), places, run=MapRun(next_id=13))


def test_niches_explain_themselves(catalog: Catalog) -> None:
    tree = fill(catalog)
    best = find_niches(catalog, tree, CitationGraph.load(catalog))[0]
    assert best.label == f"field {CORNER}"
    assert best.direction_label == "direction 0"
    assert set(best.factors) == set(FACTORS)
    assert "12 papers" in best.explanation
    assert "thin corner of “direction 0”, a direction that grows" in best.explanation
    assert "Lovelace (20" in best.explanation
    assert 2 <= best.explanation.count(". ") + 1 <= 4
    assert best.papers
    assert all(tree.subfield_of(paper) == best.topic for paper in best.papers)
    assert all(any(c.isdigit() for c in factor.why) for factor in best.factors.values())


def test_niches_come_back_from_the_catalog(catalog: Catalog) -> None:
    tree = fill(catalog)
    save_topics(catalog, tree)
    survey = survey_niches(catalog, tree, CitationGraph.load(catalog), save=True)
    assert load_niches(catalog) == survey
    save_topics(catalog, tree)
    assert load_niches(catalog).niches == ()


def test_the_past_does_not_see_the_future(catalog: Catalog) -> None:
    tree = fill(catalog)
    as_of = 20151231
    past = survey_niches(catalog, tree, CitationGraph.load(catalog, as_of=as_of), as_of=as_of)
    # One planted paper of 2016 that cites everything, and a graph that knows it.
    catalog.add(
        [
            Paper(
                key="x:future",
                title="Everything",
                year=2016,
                references=tuple(Reference(id=f"x:{row}") for row in range(300)),
            )
        ],
        "planted",
    )
    number = catalog.number_of("x:future")
    seen = replace(tree, places={**tree.places, number: Place(1, CORNER + 3, 0.0, 0.0)})
    again = survey_niches(catalog, seen, CitationGraph.load(catalog), as_of=as_of)
    assert again == past
    assert any("after the date" in note for note in past.notes)


def test_retracted_papers_are_not_recommended(catalog: Catalog) -> None:
    tree = fill(catalog)
    graph = CitationGraph.load(catalog)
    first = find_niches(catalog, tree, graph)[0].papers[0]
    with catalog.writing() as connection:
        connection.execute("UPDATE papers SET status = 'retracted' WHERE number = ?", (first,))
    assert first not in find_niches(catalog, tree, graph)[0].papers


def test_an_empty_tree_gives_no_niches_and_says_why(catalog: Catalog) -> None:
    survey = survey_niches(catalog, TopicTree(), CitationGraph.load(catalog))
    assert survey.niches == ()
    assert any("no subfields" in note for note in survey.notes)
    assert any("No citations" in note for note in survey.notes)


def test_no_survey_yet(catalog: Catalog) -> None:
    assert "fallow build" in load_niches(catalog).notes[0]
