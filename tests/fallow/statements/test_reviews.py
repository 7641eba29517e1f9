"""Reviewers' words: what becomes a statement, where it stands, and when it could be read. All invented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow.evidence import check_quote, source_of
from fallow.statements import mine_statements, statements_by_id, statements_of
from fallow.statements.cues import prepare
from fallow.statements.review_cues import is_idle, kind_of, prose_spans, stands_alone
from fallow.statements.reviews import load_review_judge, statements_in
from fallow_index.encoders import TokenVectors
from fallow_ingest.catalog import Catalog, StoredReview
from fallow_ingest.records import Paper, Review

CRITICISM = "The experiments are limited to small synthetic datasets, without any real recordings."
BASELINE = "There is no comparison with recent transformer baselines."
QUESTION = "How does the proposed method scale to longer recordings?"
WEAKNESSES = f"""The paper is well written. However, I have some concerns:

- {CRITICISM}
2. {BASELINE} See Table 3.
**W3:** This is a strong assumption.
Minor: there is a typo in line 203."""


class CountingEncoder:
    """Vectors of ones; texts: how many were encoded."""

    name, digest, dimension, token_dimension, max_tokens = "ones", "00", 384, 1, 256

    def __init__(self) -> None:
        self.texts = 0

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += len(texts)
        return np.full((len(texts), 384), 384**-0.5, np.float32)

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> TokenVectors:
        raise NotImplementedError

    def encode_both(self, texts: Sequence[str]) -> tuple[np.ndarray, TokenVectors]:
        raise NotImplementedError


def reviewed_paper(**changes: object) -> Paper:
    fields: dict[str, object] = {
        "title": "A tagger for whales",
        "abstract": "We tag whale songs.",
        "authors": ("A. Roe",),
        "date": "2024-10-04",
        "venue": "Grove 2025 poster",
        "reviews": (
            Review("r1", "summary", "The experiments are limited, says the summary of this paper.", "R"),
            Review("r1", "weaknesses", WEAKNESSES, "Reviewer_aB1c", "2024-11-19", 6.0),
            Review("r1", "questions", f"{QUESTION} What is meant by it?", "Reviewer_aB1c", "2024-11-19"),
            Review("r2", "limitations", "The authors adequately discuss the limitations.", "Reviewer_x"),
        ),
    }
    return Paper(key="openreview:abc", **(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "library", create=True) as opened:
        opened.add([reviewed_paper()], "openreview")
        yield opened


def test_criticism_and_questions_become_statements_with_their_provenance(catalog: Catalog) -> None:
    counts = mine_statements(catalog, CountingEncoder())
    found = statements_of(catalog)
    assert [(s.text, s.kind) for s in found] == [
        (CRITICISM, "limitation"), (BASELINE, "limitation"), (QUESTION, "open_question"),
    ]  # fmt: skip
    assert counts.reviewed == counts.statements == 3
    parts = {review.number: review for review in catalog.reviews(1)}
    for statement in found:
        assert statement.review is not None
        assert statement.section is None
        assert (statement.owner, statement.origin) == ("own", "reviewer")
        assert parts[statement.review].text[statement.start : statement.end] == statement.text
        assert check_quote(catalog, statement.quote)
    assert statements_by_id(catalog, [found[0].id]) == {found[0].id: found[0]}
    assert source_of(catalog.paper(1), "reviewer") == "a reviewer of Roe (2024) (Grove 2025 poster)"


def test_a_review_counts_from_its_own_day(catalog: Catalog) -> None:
    mine_statements(catalog, CountingEncoder())
    assert statements_of(catalog, as_of=20241101) == []
    assert len(statements_of(catalog, as_of=20241119)) == 3
    undated = [Review("r1", "weaknesses", WEAKNESSES, "Reviewer_aB1c")]
    catalog.add([reviewed_paper(reviews=tuple(undated))], "openreview")
    mine_statements(catalog, CountingEncoder())
    assert len(statements_of(catalog)) == 2
    assert statements_of(catalog, as_of=20991231) == []


def test_a_year_alone_counts_from_its_end(catalog: Catalog) -> None:
    dated = Review("r1", "weaknesses", WEAKNESSES, "Reviewer_aB1c", "2024")
    catalog.add([reviewed_paper(reviews=(dated,))], "openreview")
    mine_statements(catalog, CountingEncoder())
    assert statements_of(catalog, as_of=20241230) == []
    assert len(statements_of(catalog, as_of=20250101)) == 2


def test_papers_are_mined_again_when_their_reviews_change_and_only_then(catalog: Catalog) -> None:
    mine_statements(catalog, CountingEncoder())
    encoder = CountingEncoder()
    assert mine_statements(catalog, encoder).skipped == 1
    assert encoder.texts == 0
    fewer = reviewed_paper(reviews=(Review("r1", "questions", QUESTION, "Reviewer_aB1c", "2024-11-19"),))
    catalog.add([fewer], "openreview")
    mine_statements(catalog, CountingEncoder())
    assert [s.text for s in statements_of(catalog)] == [QUESTION]


@pytest.mark.parametrize(
    "sentence",
    [
        "None.", "N/A", "See weaknesses.", "Please see the questions section above.",
        "The paper is well written and easy to follow, and the results are impressive.",
        "I thank the authors for their detailed rebuttal and raise my score to 6.",
        "The limitations of the proposed method are adequately discussed in the paper.",
        "The method has no major weaknesses, and I do not see any major limitations.",
        "There are several typos in the experiments and the proposed method.",
        "The proposed method is only explained in Section 4.2 and Figure 3.",
        "This makes the proposed method hard to apply in practice, and expensive too.",
        "However, it is not clear to me what these results mean for the method.",
        "Can you please clarify how the proposed method computes the loss?",
        "What is the meaning of the symbol in the proposed method?",
        "My main concern is the limited novelty of the proposed method and paper.",
        "Rating: 6: marginally above the acceptance threshold of the conference",
    ],
)  # fmt: skip
def test_praise_courtesy_and_remarks_on_the_form_are_no_statements(sentence: str) -> None:
    review = StoredReview(1, 1, "s", "k", "weaknesses", "", "", None, sentence)
    assert statements_in([review], load_review_judge())[0] == []


def test_only_parts_that_criticise_or_ask_are_read() -> None:
    def said(part: str) -> int:
        review = StoredReview(1, 1, "s", "k", part, "", "", None, CRITICISM)
        return len(statements_in([review], load_review_judge())[0])

    assert [said(part) for part in ("weaknesses", "strengths_and_weaknesses", "review", "limitations")] == [
        1, 1, 1, 1,
    ]  # fmt: skip
    assert [said(part) for part in ("summary", "strengths", "meta_review", "decision")] == [0, 0, 0, 0]


def test_what_two_reviewers_copy_is_said_once() -> None:
    reviews = [StoredReview(n, 1, "s", str(n), "weaknesses", "", "", None, CRITICISM) for n in (1, 2)]
    assert len(statements_in(reviews, load_review_judge())[0]) == 1


def test_sentences_begin_behind_bullets_and_numbers() -> None:
    text = f"- {CRITICISM}\n   * 1) {BASELINE}\n[Q2] **Scale.** {QUESTION}"
    assert [text[start:end] for start, end in prose_spans(text)] == [CRITICISM, BASELINE, QUESTION]


def test_parts_of_judgement() -> None:
    assert is_idle(prepare("Overall, the paper is well written."))
    assert not stands_alone(CRITICISM.replace("The", "These"), prepare(CRITICISM.replace("The", "These")))
    assert kind_of(CRITICISM, prepare(CRITICISM)) == "limitation"
    assert kind_of(QUESTION, prepare(QUESTION)) == "open_question"


@given(st.text(max_size=400), st.sampled_from(["- ", "", "1. ", "**a** ", "> "]))
def test_any_text_gives_statements_that_stand_where_they_say(text: str, lead: str) -> None:
    text = f"{text}\n{lead}{CRITICISM}\n{text}"
    review = StoredReview(7, 1, "s", "k", "weaknesses", "", "", None, text)
    for found in statements_in([review], load_review_judge())[0]:
        assert text[found.start : found.end] == found.text


@pytest.mark.parametrize(
    "text",
    [
        "**a** " * 20_000, "the method is not " * 20_000, "(" * 100_000, "a" * 1_000_000,
        "the paper the method the experiments the results, " * 5_000, "1. " * 50_000,
    ],
)  # fmt: skip
def test_hostile_parts_end(text: str) -> None:
    review = StoredReview(7, 1, "s", "k", "weaknesses", "", "", None, text)
    assert len(statements_in([review], load_review_judge())[0]) <= 200
