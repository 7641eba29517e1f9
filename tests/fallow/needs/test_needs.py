"""Papers are invented; vectors count words, so that likeness can be read off the sentences."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow.needs import Need, group_needs, load_needs
from fallow.needs.likeness import content_stems, likeness_graph, overlaps, stars
from fallow.needs.trend import author_groups, trend_of
from fallow.needs.wording import clarity_of, shared_phrase, theme_of, word_need, wording_of
from fallow.statements import Statement, mine_statements, statements_by_id
from fallow.statements.cores import core_of
from fallow.statements.statement import Owner, StatementKind
from fallow_index.encoders import TokenVectors
from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper, Review, Section


class CountedEncoder:
    """Word counts hashed into 384 places."""

    name, digest, dimension, token_dimension, max_tokens = "counted", "01", 384, 1, 256

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.full((len(texts), 384), 1e-6, np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                rows[row, int(hashlib.md5(word.encode()).hexdigest(), 16) % 384] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> TokenVectors:
        raise NotImplementedError

    def encode_both(self, texts: Sequence[str]) -> tuple[np.ndarray, TokenVectors]:
        raise NotImplementedError


def whale_paper(number: int, limitation: str, author: str, year: int) -> Paper:
    return Paper(
        key=f"arxiv:{year % 100:02d}01.{number:05d}",
        title=f"Whale songs, part {number} of many",
        abstract="We tag whale songs.",
        authors=(author, f"Co {author}"),
        year=year,
        date=f"{year}-01-01",
        text_origin="fallow",
        sections=(Section("Limitations", limitation, "limitations"),),
    )


MICROPHONES = "The tagger needs expensive underwater microphones for every whale."


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "library", create=True) as opened:
        opened.add(
            [
                whale_paper(1, MICROPHONES, "Roe", 2015),
                whale_paper(2, "Our tagger needs expensive underwater microphones.", "Roe", 2018),
                whale_paper(3, "The tagger needs expensive underwater microphones everywhere.", "Kim", 2021),
                whale_paper(
                    4, "Dolphins mimic their neighbours and confuse the clustering of dialects.", "Lee", 2020
                ),
            ],
            "test",
        )
        mine_statements(opened, CountedEncoder())
        yield opened


def the_need(catalog: Catalog, **filters: int) -> Need:
    (need,) = load_needs(catalog, **filters)  # type: ignore[arg-type]
    return need


def test_what_recurs_is_one_need(catalog: Catalog) -> None:
    (need,) = group_needs(catalog, CountedEncoder())
    assert need == the_need(catalog)
    assert (need.papers, need.author_groups) == (3, 2)
    assert (need.first_year, need.last_year, need.kind, need.status) == (2015, 2021, "limitation", "open")
    assert need.topic is None
    assert need.trend.by_year == ((2015, 1), (2018, 1), (2021, 1))
    assert need.quote.origin == "fallow"
    assert need.quote.id in need.statements
    assert set(statements_by_id(catalog, need.statements)) == set(need.statements)
    assert need.label.endswith(".")
    assert "microphones" in need.label.lower()


def test_filters_and_dates(catalog: Catalog) -> None:
    group_needs(catalog, CountedEncoder())
    assert load_needs(catalog, min_groups=3) == []
    assert load_needs(catalog, kind="future_work") == []
    assert load_needs(catalog, topic=7) == []
    early = the_need(catalog, as_of=20190101)
    assert (early.papers, early.author_groups, early.last_year) == (2, 1, 2018)
    assert load_needs(catalog, as_of=20160101) == []
    assert len(load_needs(catalog, open_only=True)) == 1


def test_grouping_again_changes_nothing(catalog: Catalog) -> None:
    first = group_needs(catalog, CountedEncoder())
    assert group_needs(catalog, CountedEncoder()) == first


def test_an_empty_library_has_no_needs(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "empty", create=True) as empty:
        assert group_needs(empty, CountedEncoder()) == []


def test_likeness_wants_both_vector_and_words() -> None:
    cores = [
        "the tagger needs costly microphones",
        "the tagger needs costly microphones now",
        "bread is stale today",
    ]
    vectors = CountedEncoder().encode(cores)
    graph = likeness_graph(vectors, overlaps([content_stems(core) for core in cores]))
    assert sorted(zip(*graph.nonzero(), strict=True)) == [(0, 1), (1, 0)]
    assert stars(graph, np.array([1, 2, 3])) in ([[0, 1]], [[1, 0]])
    assert stars(graph, np.array([1, 1, 3])) == []


@given(
    st.dictionaries(
        st.integers(0, 30), st.lists(st.sampled_from(["A", "B", "C", "D"]), max_size=3), max_size=12
    )
)
def test_author_groups_are_components(authors: dict[int, list[str]]) -> None:
    groups = author_groups(authors)
    assert (groups == 0) == (not authors)
    assert groups <= len(authors)
    nameless = sum(not names for names in authors.values())
    assert groups <= nameless + 4


def test_trends_are_relative_to_what_was_read() -> None:
    even = dict.fromkeys(range(2010, 2020), 10)
    assert trend_of({2011: 1, 2018: 3, 2019: 4}, even).direction == "rising"
    assert trend_of({2010: 4, 2012: 3, 2019: 1}, even).direction == "fading"
    assert trend_of({2010: 2, 2012: 2, 2016: 2, 2018: 2}, even).direction == "steady"
    assert trend_of({2019: 3}, even).direction == "steady"
    assert trend_of({}, {}).by_year == ()


def statement(text: str, kind: StatementKind = "limitation", owner: Owner = "own") -> Statement:
    return Statement(1, 1, None, kind, owner, "plain", text, 0, len(text), 0.9)


@pytest.mark.parametrize(
    ("text", "kind", "owner", "label"),
    [
        ("We plan to extend our parser to spoken dialogue.", "future_work", "own",
         "Still to be done: extending the parser to spoken dialogue."),
        ("In the future, we will explore deeper encoders (Roe, 2010).", "future_work", "own",
         "Still to be done: exploring deeper encoders."),
        ("However, our tagger relies on a large lexicon.", "limitation", "own",
         "Authors keep admitting that the tagger relies on a large lexicon."),
        ("Existing taggers rely on a large lexicon.", "limitation", "prior",
         "Later papers keep pointing out that existing taggers rely on a large lexicon."),
        ("It remains unclear whether depth helps small models.", "open_question", "field",
         "Still unclear: whether depth helps small models."),
    ],
)  # fmt: skip
def test_frames(text: str, kind: StatementKind, owner: Owner, label: str) -> None:
    found = wording_of(statement(text, kind, owner), core_of(text))
    assert found is not None
    assert found.label == label


@pytest.mark.parametrize(
    "text",
    ["They cannot do this.", "It fails on $x^2$.", "The loss in Fig. 3 is unstable.", "This is hard.", ""],
)
def test_what_points_elsewhere_fits_no_frame(text: str) -> None:
    assert wording_of(statement(text), core_of(text)) is None


def test_themes_come_first_and_once() -> None:
    cores = [
        "test the tagger on other languages",
        "apply it to other languages",
        "other languages need lexicons",
    ]
    theme = theme_of(cores)
    assert theme is not None
    statements = [statement(core, "future_work") for core in cores]
    assert word_need(statements, cores, taken=frozenset()).label == theme
    assert word_need(statements, cores, taken=frozenset({theme})).label != theme
    assert theme_of(["stale bread", *cores[:1]]) is None


def test_the_shared_phrase_has_content_at_both_ends() -> None:
    cores = ["the size of training corpora is small", "small size of training corpora", "bread"]
    assert shared_phrase(cores) == "size of training corpora"
    assert shared_phrase(["stale bread", "fresh fish"]) == ""


@given(st.lists(st.text(max_size=80), min_size=1, max_size=4), st.sampled_from(["limitation", "future_work"]))
def test_any_statements_get_one_sentence(texts: list[str], kind: StatementKind) -> None:
    statements = [statement(text, kind) for text in texts]
    wording = word_need(statements, [core_of(text) for text in texts], taken=frozenset())
    assert wording.label.endswith(".")
    assert all(0.0 <= clarity_of(text) <= 1.0 for text in texts)


SLOW = "The method requires expensive underwater microphones, which may limit its applicability in practice."


def reviewed(number: int, author: str, text: str = SLOW) -> Paper:
    review = Review(f"r{number}", "weaknesses", text, "Reviewer_aB1c", "2022-03-01")
    return Paper(
        f"openreview:{number}", f"Whale songs, talk {number}", "We tag whale songs.", (author,), 2021,
        "2021-10-01", reviews=(review,),
    )  # fmt: skip


def test_what_reviewers_alone_say_of_their_papers_is_no_shared_need(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "library", create=True) as catalog:
        catalog.add([reviewed(1, "Ash"), reviewed(2, "Birch"), reviewed(3, "Cedar")], "openreview")
        mine_statements(catalog, CountedEncoder())
        assert group_needs(catalog, CountedEncoder()) == []


def test_the_authors_own_words_are_quoted_before_a_reviewers(tmp_path: Path) -> None:
    limits = Section("Limitations", SLOW, "limitations")
    own = Paper(
        "x:9", "Whale songs, retold", "We tag.", ("Elm",), 2021, "2021-01-01", sections=(limits,),
        text_origin="fallow",
    )  # fmt: skip
    with Catalog.open(tmp_path / "library", create=True) as catalog:
        catalog.add([reviewed(1, "Ash"), reviewed(2, "Birch"), own], "test")
        mine_statements(catalog, CountedEncoder())
        (need,) = group_needs(catalog, CountedEncoder())
        assert (need.papers, need.reviewed_only, need.author_groups) == (3, 2, 3)
        assert "Authors" not in need.label
        assert need.told == "3 papers (2 of them only through reviewers)"
        assert need.quote.origin == "fallow"
        assert load_needs(catalog, as_of=20220228) == [], "reviews come later than their papers"
        assert len(load_needs(catalog, as_of=20220301)) == 1
