"""Waiting references find their papers, whichever comes first, once, and by no more than what is new."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow_ingest.catalog import Catalog
from fallow_ingest.catalog.title_matching import agreement, paper_work, reference_work, similarity
from fallow_ingest.records import Citation, CitationContext, Paper, Reference

TITLE = "Semi-supervised dressing of very idle toys"
SAYS = CitationContext("We follow them.", 0, 4, 19)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path, create=True) as catalog:
        yield catalog


def cited(title: str = TITLE, year: int | None = 2019, authors: tuple[str, ...] = ("Ada Ash",)) -> Paper:
    return Paper("x:cited", title, authors=authors, year=year)


def citing(*references: Reference) -> Paper:
    return Paper(
        "x:citing", "What we read about toys this year", authors=("Bo Birch",), references=references
    )


def entry(title: str, *, author: str = "Ash, A.", year: int | None = 2019, id: str = "") -> Reference:
    text = f"{author} {title}. Toy Journal{f', {year}' if year else ''}."
    return Reference(id, title, year, text, (SAYS,))


def contexts(catalog: Catalog) -> list[tuple[object, ...]]:
    rows = catalog.connection.execute(
        "SELECT citing, cited, section, start, end, text FROM citation_contexts"
    )
    return [tuple(row) for row in rows]


def known(catalog: Catalog) -> bool:
    held, other = catalog.number_of("x:citing"), catalog.number_of("x:cited")
    assert held is not None
    assert other is not None
    return catalog.references_of(held) == [other]


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1])))
@pytest.mark.parametrize(
    ("title", "finds"),
    [
        (TITLE, True),
        ("Semisupervised Dressing of Very Idle Toys", True),
        ("Semi-supervised dressing of very idle toy", True),
        ("Semi-supervised dresing of very idle t0ys", False),  # a number is no misprint
        ("Semi-supervised dresing of verv idle toys", True),
        ("Unsupervised dressing of very idle toys", False),
        ("Semi-supervised washing of very idle toys", False),
        ("Semi-supervised dressing of very idle toys 2", False),
        ("A study of semi-supervised dressing of very idle toys", False),
    ],
)
def test_by_title(catalog: Catalog, order: tuple[int, ...], title: str, finds: bool) -> None:
    papers = [cited(), citing(entry(title))]
    for place in order:
        catalog.add([papers[place]], "x")
    assert known(catalog) is finds
    assert catalog.references_waiting() == (0 if finds else 1)
    assert len(contexts(catalog)) == finds


@pytest.mark.parametrize(
    ("reference", "finds"),
    [
        (entry(TITLE, year=2020), True),
        (entry(TITLE, year=2021), False),
        (entry(TITLE, year=None), True),
        (entry(TITLE, author="Oak, B."), False),
        (entry(TITLE, author="Ada, A."), True),  # names are printed either way round
        (entry(TITLE, id="arxiv:1901.00001"), True),
        (Reference(title=TITLE, year=2019), True),
        (Reference(title=TITLE), True),
    ],
)
def test_year_author_and_id_must_agree(catalog: Catalog, reference: Reference, finds: bool) -> None:
    catalog.add([cited(), citing(reference)], "x")
    assert known(catalog) is finds


def test_an_entry_that_names_another_id_is_another_paper(catalog: Catalog) -> None:
    paper = Paper("arxiv:1901.00002", TITLE, authors=("Ada Ash",), year=2019, ids={"x": "cited"})
    catalog.add([paper, citing(entry(TITLE, id="arxiv:1901.00001"))], "x")
    assert catalog.references_waiting() == 1


def test_short_titles_need_author_and_year(catalog: Catalog) -> None:
    catalog.add([cited("Idle toys"), citing(Reference(title="Idle toys", year=2019))], "x")
    assert not known(catalog)
    catalog.add([Paper("x:2", "Another", references=(entry("Idle toys"),))], "x")
    assert catalog.references_of(catalog.find("x:2").number) == [catalog.find("x:cited").number]


def test_the_nearest_of_several_is_taken(catalog: Catalog) -> None:
    near = Paper("x:near", TITLE + "s", authors=("Ada Ash",), year=2019)
    catalog.add([near, cited(), citing(entry(TITLE))], "x")
    assert known(catalog)


def test_contexts_move_once(catalog: Catalog) -> None:
    told = citing(entry(TITLE), entry(TITLE, id="x:cited"))
    for papers in ([cited(), told], [told], [cited(year=2020)], [told]):
        catalog.add(papers, "x")
        catalog.resolve_references()
    assert [row[2:] for row in contexts(catalog)] == [(0, 4, 19, "We follow them.")]


def test_contexts_of_citations_move(catalog: Catalog) -> None:
    pair = Citation("x:citing", "x:cited", (SAYS,))
    assert catalog.add_citations([pair], "s2") == 0
    catalog.add([citing()], "x")
    assert catalog.references_waiting() == 1
    catalog.add([cited()], "x")
    assert known(catalog)
    assert catalog.add_citations([pair], "s2") == 0
    assert len(contexts(catalog)) == 1
    assert catalog.references_waiting() == 0


def test_a_paper_that_gains_an_id_or_a_title_is_found(catalog: Catalog) -> None:
    catalog.add([citing(Reference("doi:10.1000/toys"), entry(TITLE))], "x")
    catalog.add([cited("A title that was misread", year=None)], "x")
    assert catalog.references_waiting() == 2
    catalog.add([Paper("x:cited", TITLE, authors=("Ada Ash",), year=2019, ids={"doi": "10.1000/toys"})], "x")
    assert known(catalog)
    assert catalog.references_waiting() == 0


def test_titles_are_followed_while_nothing_waits(catalog: Catalog) -> None:
    catalog.add(
        [cited("Toys and how they came to rest at last"), citing(entry("A toy that nobody holds"))], "x"
    )
    with catalog.writing() as connection:
        connection.execute("DELETE FROM unresolved_references")
    catalog.add([cited()], "x")
    catalog.add([Paper("x:citing", "Toys again", references=(entry(TITLE.replace("idle", "idlle")),))], "x")
    assert known(catalog)


def test_nothing_cites_itself(catalog: Catalog) -> None:
    catalog.add([Paper("x:cited", TITLE, authors=("Ada Ash",), year=2019, references=(entry(TITLE),))], "x")
    assert catalog.references_of(catalog.find("x:cited").number) == []


def test_only_what_is_new_is_looked_at(catalog: Catalog) -> None:
    """What waits is not read again: the pages that a day needs stay few however many references wait."""
    waiting = (entry(f"A toy that nobody holds, number {number} of many") for number in range(3_000))
    catalog.add([citing(*waiting)], "x")
    read: list[str] = []
    catalog.connection.set_trace_callback(read.append)
    catalog.add([cited()], "x")
    catalog.connection.set_trace_callback(None)
    plans = [
        row["detail"]
        for statement in read
        if statement.startswith("SELECT") and "unresolved" in statement and not statement.endswith("LIMIT 1")
        for row in catalog.connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert plans
    assert not [plan for plan in plans if plan.startswith(("SCAN u", "SCAN unresolved", "SCAN p", "SCAN e"))]


@given(st.text("abcde", max_size=30), st.text("abcde", max_size=30))
def test_similarity_is_two_lcs_over_both_lengths(one: str, other: str) -> None:
    rows = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            rows[i + 1][j + 1] = rows[i][j] + 1 if a == b else max(rows[i][j + 1], rows[i + 1][j])
    expected = 2 * rows[-1][-1] / (len(one) + len(other)) if one or other else 1.0
    assert similarity(one, other) == pytest.approx(expected)


@given(st.text(max_size=80), st.text(max_size=80), st.booleans())
def test_any_two_works_are_compared(title: str, text: str, same: bool) -> None:
    alike = agreement(
        reference_work(title, text, None), paper_work(title, 2019, [text, title]), same_title=same
    )
    assert alike is None or 0.9 <= alike <= 1
