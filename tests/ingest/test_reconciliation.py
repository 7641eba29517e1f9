"""What several sources say of one paper: kept apart, reconciled, taken back, undone."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fallow_ingest.catalog import AddCounts, Catalog
from fallow_ingest.catalog.schema import CATALOG_NAME, migrations
from fallow_ingest.records import Citation, CitationContext, Paper, Reference, Review, Section

TIDE = Paper(
    key="arxiv:1903.00007",
    title="Reading tide tables backwards",
    abstract="We read them backwards.",
    authors=("Ada Brook", "Carl Dune"),
    year=2019,
    date="2019-03-02",
    venue="arXiv",
)
PRINTED = Paper(
    key="doi:10.1000/tide",
    title="Reading Tide Tables Backwards",
    authors=("Ada Brook", "Carl Dune"),
    year=2020,
    venue="Harbour Letters",
    ids={"arxiv": "1903.00007"},
)

DOI, ACL = {"doi": "10.1000/half"}, {"acl": "P18-1001"}


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.open(tmp_path / "library", create=True)


def status_of(catalog: Catalog, id_text: str = TIDE.key) -> str:
    return catalog.find(id_text).status


def said(catalog: Catalog, id_text: str = TIDE.key) -> list[tuple[str, str]]:
    return [(s.source, s.value) for s in catalog.status_said_by(catalog.find(id_text).number)]


def fields_in_dispute(catalog: Catalog, id_text: str = TIDE.key) -> list[str]:
    return [d.field for d in catalog.disagreements(catalog.find(id_text).number)]


# Reviews, contexts and citations ----------------------------------------------------------------


def test_a_review_keeps_its_row_until_its_text_changes(catalog: Catalog) -> None:
    weak = Review(key="r1", part="weaknesses", text="Only one harbour.", signature="Reviewer_2", rating=4.0)
    ask = Review(key="r1", part="questions", text="Why backwards?")
    catalog.add([replace(TIDE, reviews=(weak, ask))], "openreview")
    number = catalog.find(TIDE.key).number
    first = {review.part: review.number for review in catalog.reviews(number)}
    changed = (replace(weak, rating=6.0), replace(ask, text="Why not forwards?"))
    catalog.add([replace(TIDE, reviews=changed)], "openreview")
    second = {review.part: review for review in catalog.reviews(number)}
    assert second["weaknesses"].number == first["weaknesses"]
    assert second["weaknesses"].rating == 6.0
    assert second["questions"].number != first["questions"]
    assert second["questions"].text == "Why not forwards?"
    catalog.add([replace(TIDE, reviews=changed[:1])], "openreview")
    assert [review.part for review in catalog.reviews(number)] == ["weaknesses"]


def test_contexts_wait_with_their_reference(catalog: Catalog) -> None:
    context = CitationContext("As [1] shows.", section=2, start=10, end=23, intents=("background",))
    citing = replace(TIDE, references=(Reference(id="x:cited", contexts=(context,)),))
    catalog.add([citing], "s2")
    catalog.add_citations([Citation("x:other", "x:cited", (context,)), ("x:third", "x:cited")], "s2")
    waiting = catalog.connection.execute(
        "SELECT contexts FROM unresolved_references UNION ALL SELECT contexts FROM unresolved_citations"
    )
    assert sorted(row[0] for row in waiting) == [
        "[]",
        *['[{"text":"As [1] shows.","section":2,"start":10,"end":23,"intents":["background"]}]'] * 2,
    ]


def test_a_pair_told_again_takes_its_own_sources_contexts_only(catalog: Catalog) -> None:
    def contexts() -> str:
        row = catalog.connection.execute("SELECT source, contexts FROM unresolved_citations").fetchone()
        return f"{row[0]} {row[1][:16]}"

    catalog.add_citations([("x:1", "x:2")], "table")
    catalog.add_citations([Citation("x:1", "x:2", (CitationContext("One."),))], "s2")
    assert contexts() == 's2 [{"text":"One.",'
    catalog.add_citations([Citation("x:1", "x:2", (CitationContext("Two."),))], "openalex")
    assert contexts() == 's2 [{"text":"One.",'
    catalog.add_citations([Citation("x:1", "x:2", (CitationContext("Six."),))], "s2")
    assert contexts() == 's2 [{"text":"Six.",'


def test_a_record_that_comes_again_replaces_its_contexts_and_keeps_citations(catalog: Catalog) -> None:
    def cites(key: str, sentence: str) -> Paper:
        return Paper(
            key="x:1", title="Citing", references=(Reference(key, contexts=(CitationContext(sentence),)),)
        )

    cited, other = Paper(key="x:2", title="Cited"), Paper(key="x:3", title="Another")
    catalog.add([cited, other, cites("x:2", "As in two.")], "s2")
    catalog.add_citations([("x:1", "x:2")], "table")
    here = catalog.find("x:1").number
    catalog.add([cites("x:2", "As in two, again.")], "s2")
    assert [c.text for c in catalog.citation_contexts(citing=here)] == ["As in two, again."]
    catalog.add([cites("x:3", "As in three.")], "s2")
    assert catalog.references_of(here) == [catalog.find(key).number for key in ("x:2", "x:3")]
    assert [c.text for c in catalog.citation_contexts(citing=here)] == ["As in three."]


def put_context(catalog: Catalog, citing: int, cited: int, text: str) -> None:
    with catalog.writing() as connection:
        connection.execute(
            "INSERT INTO citation_contexts (citing, cited, source, section, start, end, text, intents) "
            "VALUES (?, ?, 'table', -1, -1, -1, ?, '[\"method\"]')",
            (citing, cited, text),
        )


def test_stored_contexts_are_read_by_either_end(catalog: Catalog) -> None:
    catalog.add([TIDE, Paper(key="x:1", title="Another")], "jsonl")
    here, there = catalog.find(TIDE.key).number, catalog.find("x:1").number
    put_context(catalog, here, there, "We follow it.")
    (found,) = catalog.citation_contexts(citing=here)
    assert (found.text, found.intents, found.section) == ("We follow it.", ("method",), -1)
    assert catalog.citation_contexts(cited=there, citing=here) == [found]
    assert catalog.citation_contexts(cited=here) == []
    with pytest.raises(ValueError, match="name the citing paper"):
        catalog.citation_contexts()


def test_an_absorbed_paper_takes_its_texts_along_and_back(catalog: Catalog) -> None:
    left = Paper(key="x:1", title="Left half of one paper", year=2019, status="withdrawn", ids=DOI)
    right = Paper(
        key="x:2",
        title="Right half of one paper",
        year=2018,
        date="2018-05-04",
        venue="Harbour Letters",
        ids=ACL,
        reviews=(Review(key="r", part="summary", text="Fine."),),
        sections=(Section("1", "Text."),),
    )
    catalog.add([left, right, Paper(key="x:3", title="A third")], "jsonl")
    numbers = [catalog.find(f"x:{n}").number for n in (1, 2, 3)]
    put_context(catalog, numbers[1], numbers[2], "Of the third.")
    put_context(catalog, numbers[1], numbers[0], "Of the other half.")
    before = dump(catalog)
    catalog.add([Paper(key="s2:77", title="Both halves", year=2019, ids=DOI | ACL)], "s2")
    (joined,) = {catalog.find(f"x:{n}").number for n in (1, 2)}
    assert [r.text for r in catalog.reviews(joined)] == ["Fine."]
    assert [c.text for c in catalog.citation_contexts(citing=joined)] == ["Of the third."]
    assert catalog.paper(joined).date == "2018-05-04"
    assert catalog.paper(joined).venue == "Harbour Letters"
    assert said(catalog, "x:1") == [("jsonl", "withdrawn")]
    assert "title" in fields_in_dispute(catalog, "x:1")
    for merge in reversed(catalog.merges(joined)):
        catalog.undo_merge(merge.merge)
    assert dump(catalog) == before


def dump(catalog: Catalog) -> dict[str, list[tuple[object, ...]]]:
    """What is said of x:1, x:2 and x:3, whatever else the library holds."""
    tables = {
        "papers": "number",
        "sections": "paper",
        "reviews": "paper",
        "citation_contexts": "citing",
        "paper_ids": "paper",
    }
    held = "SELECT number FROM papers WHERE key IN ('x:1', 'x:2', 'x:3')"
    return {
        table: [
            tuple(row)
            for row in catalog.connection.execute(
                f"SELECT * FROM {table} WHERE {column} IN ({held}) ORDER BY 1, 2"
            )
        ]
        for table, column in tables.items()
    }


# A source takes a record back -------------------------------------------------------------------


def test_a_paper_that_no_source_lists_any_more_is_removed_and_may_return(catalog: Catalog) -> None:
    catalog.add([replace(TIDE, sections=(Section("1", "Text."),))], "s2")
    number = catalog.find(TIDE.key).number
    assert catalog.forget_record("s2", "arXiv:1903.00007v2")
    assert not catalog.forget_record("s2", TIDE.key)
    assert not catalog.forget_record("jsonl", TIDE.key)
    assert status_of(catalog) == "removed"
    assert said(catalog) == []
    assert catalog.sections(number) == []
    assert catalog.paper(number).abstract == TIDE.abstract
    assert catalog.add([TIDE], "s2") == AddCounts(updated=1)
    assert (status_of(catalog), catalog.find(TIDE.key).number) == ("", number)


def test_what_another_source_gave_stays(catalog: Catalog) -> None:
    catalog.add([replace(TIDE, sections=(Section("1", "Ours."),))], "pdf")
    catalog.add([replace(PRINTED, references=(Reference(id="x:9"),))], "crossref")
    number = catalog.find(TIDE.key).number
    assert catalog.forget_record("crossref", PRINTED.key)
    assert status_of(catalog) == ""
    assert catalog.references_waiting() == 0
    assert [s.text for s in catalog.sections(number)] == ["Ours."]
    assert catalog.disagreements(number) == []
    assert catalog.find(PRINTED.key).number == number
    apart = catalog.undo_merge(catalog.merges(number)[0].merge)
    assert catalog.paper(apart).status == "removed"


def test_a_retraction_outlives_the_record_that_told_it(catalog: Catalog) -> None:
    catalog.add([replace(TIDE, status="retracted")], "crossref")
    catalog.forget_record("crossref", TIDE.key)
    assert status_of(catalog) == "retracted"


# Status -----------------------------------------------------------------------------------------


def test_a_retraction_said_by_any_source_marks_the_paper_until_it_is_taken_back(catalog: Catalog) -> None:
    catalog.add([TIDE], "snapshot")
    catalog.add([replace(PRINTED, status="retracted")], "crossref")
    assert status_of(catalog) == "retracted"
    assert said(catalog) == [("crossref", "retracted")]
    catalog.add([replace(TIDE, abstract="New version.")], "snapshot")
    assert status_of(catalog) == "retracted"
    catalog.add([replace(TIDE, status="withdrawn")], "snapshot")
    assert said(catalog) == [("crossref", "retracted"), ("snapshot", "withdrawn")]
    catalog.add([PRINTED], "crossref")
    assert status_of(catalog) == "withdrawn"
    catalog.add([TIDE], "snapshot")
    assert status_of(catalog) == ""
    assert said(catalog) == []


def test_the_only_source_of_a_paper_may_take_its_status_back(catalog: Catalog) -> None:
    catalog.add([replace(TIDE, status="withdrawn")], "snapshot")
    assert said(catalog) == [("snapshot", "withdrawn")]
    catalog.add([TIDE], "snapshot")
    assert status_of(catalog) == ""


def test_an_undone_merge_takes_its_retraction_along(catalog: Catalog) -> None:
    catalog.add([TIDE], "snapshot")
    catalog.add([replace(PRINTED, status="retracted")], "crossref")
    apart = catalog.undo_merge(catalog.merges(catalog.find(TIDE.key).number)[0].merge)
    assert status_of(catalog) == ""
    assert catalog.paper(apart).status == "retracted"


# Disagreements ----------------------------------------------------------------------------------


def test_disagreements_name_the_field_what_is_shown_and_who_says_what(catalog: Catalog) -> None:
    catalog.add([TIDE], "snapshot")
    number = catalog.find(TIDE.key).number
    assert catalog.disagreements(number) == []
    catalog.add([PRINTED], "crossref")
    catalog.add([replace(PRINTED, key="openalex:W2741809807", venue="Proc. of Tides", year=2019)], "openalex")
    found = {d.field: (d.shown, [(s.source, s.value) for s in d.said]) for d in catalog.disagreements(number)}
    assert found == {
        "year": ("2019", [("crossref", "2020"), ("openalex", "2019"), ("snapshot", "2019")]),
        "venue": (
            "Harbour Letters",
            [("crossref", "Harbour Letters"), ("openalex", "Proc. of Tides"), ("snapshot", "arXiv")],
        ),
    }


def test_a_title_of_an_earlier_version_is_no_contradiction(catalog: Catalog) -> None:
    catalog.add([TIDE], "snapshot")
    catalog.add([replace(TIDE, title="How to read tide tables", version="v2")], "snapshot")
    assert catalog.find(TIDE.key).title == "How to read tide tables"
    catalog.add([PRINTED], "crossref")
    assert fields_in_dispute(catalog) == ["year"]
    catalog.add([replace(PRINTED, title="Tables of ebb and flow")], "crossref")
    assert fields_in_dispute(catalog) == ["title", "year"]


def test_a_less_precise_date_is_no_contradiction(catalog: Catalog) -> None:
    catalog.add([TIDE], "snapshot")
    catalog.add([replace(PRINTED, year=2019, date="2019-03")], "crossref")
    assert fields_in_dispute(catalog) == []
    assert catalog.find(TIDE.key).date == "2019-03-02"
    catalog.add([replace(PRINTED, year=2019, date="2019-04")], "crossref")
    assert fields_in_dispute(catalog) == ["date"]


def test_the_first_source_does_not_take_away_what_others_filled_in(catalog: Catalog) -> None:
    bare = replace(TIDE, abstract="", authors=(), url="")
    catalog.add([bare], "dblp")
    catalog.add([replace(PRINTED, abstract="Filled.", categories=("cs.XX",), url="https://x.org/1")], "s2")
    catalog.add([replace(bare, keywords=("tide",))], "dblp")
    paper = catalog.find(TIDE.key)
    assert (paper.abstract, paper.authors, paper.url) == ("Filled.", PRINTED.authors, "https://x.org/1")
    assert (paper.venue, paper.categories, paper.keywords) == ("Harbour Letters", ("cs.XX",), ("tide",))


def test_a_library_from_before_learns_what_its_merged_records_say(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / CATALOG_NAME)
    for version, script in migrations():
        if version < 6:
            old.executescript(script)
    old.execute("PRAGMA user_version = 5")
    paper = {
        "number": 1, "key": "arxiv:1903.00007", "title": "Reading tide tables", "abstract": "Text.",
        "authors": "[]", "year": 2019, "date": "2019-03-02", "public_by": 20190302, "venue": "Harbour",
        "categories": "[]", "keywords": "[]", "url": "", "source": "snapshot", "text_origin": "authors",
        "status": "", "content_hash": "", "title_key": 1, "extra": "{}",
    }  # fmt: skip
    record: dict[str, object] = {
        "key": "doi:10.1000/tide", "title": "Reading tides", "year": None, "date": "2020-01",
        "venue": "Harbour Letters", "status": "retracted", "abstract": "", "authors": [], "categories": [],
        "keywords": [], "ids": {"arxiv": "1903.00007"}, "references": [], "sections": [], "url": "",
        "version": "", "text_origin": "authors", "extra": {},
    }  # fmt: skip
    old.execute(f"INSERT INTO papers ({', '.join(paper)}) VALUES ({', '.join('?' * 18)})", [*paper.values()])
    for source, key in (("snapshot", "arxiv:1903.00007"), ("crossref", "doi:10.1000/tide")):
        old.execute("INSERT INTO records VALUES (?, ?, 1, x'00', '', '')", (source, key))
        old.execute("INSERT INTO paper_ids VALUES (?, ?, 1, ?)", (*key.split(":"), source))
    old.execute(
        "INSERT INTO merges VALUES (1, 1, 'crossref', 'doi:10.1000/tide', 'same id', ?, ?, ?, '', NULL)",
        (json.dumps(record), json.dumps(paper), '[["doi", "10.1000/tide"]]'),
    )
    old.commit()
    old.close()
    with Catalog.open(tmp_path) as catalog:
        assert fields_in_dispute(catalog) == ["title", "year", "date", "venue", "status"]
        assert said(catalog) == [("crossref", "retracted")]
        apart = catalog.paper(catalog.undo_merge(1))
        assert (apart.title, apart.status, apart.key) == ("Reading tides", "retracted", "doi:10.1000/tide")


# Order ------------------------------------------------------------------------------------------

records = st.builds(
    Paper,
    key=st.just("x:0"),
    title=st.sampled_from(["Reading tide tables", "READING TIDE-TABLES", "Of ebb and flow", "Tides"]),
    abstract=st.sampled_from(["", "One text.", "Another text."]),
    authors=st.sampled_from([(), ("Ada Brook",), ("Ada Brook", "Carl Dune")]),
    year=st.sampled_from([None, 2018, 2019]),
    date=st.sampled_from(["", "2018", "2019-03", "2019-03-02", "2019-12-31"]),
    venue=st.sampled_from(["", "arXiv", "Harbour Letters", "Tides (journal)"]),
    ids=st.sampled_from([{}, {"doi": "10.1000/t"}, {"acl": "P18-1001"}, {"doi": "10.1000/u"}]),
    status=st.sampled_from(["", "", "withdrawn", "retracted", "removed"]),
    text_origin=st.sampled_from(["authors", "fallow"]),
)


def reconciled(folder: Path, order: tuple[tuple[str, Paper], ...]) -> tuple[object, ...]:
    with Catalog.open(folder, create=True) as catalog:
        for source, paper in order:
            catalog.add([paper], source)
        (paper_held,) = catalog.papers()
        told = {(d.field, d.said) for d in catalog.disagreements(paper_held.number)}
        ids = set(map(tuple, catalog.connection.execute("SELECT scheme, value FROM paper_ids")))
        return (
            ids,
            paper_held.status,
            bool(paper_held.abstract),
            paper_held.public_by,
            tuple(catalog.status_said_by(paper_held.number)),
            told,
        )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(papers=st.lists(records, min_size=2, max_size=3))
def test_the_order_of_the_sources_does_not_change_what_is_reconciled(
    tmp_path_factory: pytest.TempPathFactory, papers: list[Paper]
) -> None:
    told = tuple(
        (f"source{n}", replace(paper, key=f"x:{n}", ids={**paper.ids, "arxiv": "1903.00007"}))
        for n, paper in enumerate(papers)
    )
    folder = tmp_path_factory.mktemp("orders")
    outcomes = [reconciled(folder / str(n), order) for n, order in enumerate(permutations(told))]
    assert all(outcome == outcomes[0] for outcome in outcomes)
