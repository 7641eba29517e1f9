"""Text: normal forms, sentences by offset, kinds of section, LaTeX."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow_ingest.text.latex import latex_to_text
from fallow_ingest.text.normalise import fold, plain, title_key
from fallow_ingest.text.sections import section_kind, without_number
from fallow_ingest.text.sentences import LONGEST_SENTENCE, split_sentences

anything = st.text(st.characters(codec=None), max_size=300)
PIECES = [
    "We",
    "et al.",
    "Fig. 3",
    "e.g.",
    "(2018)",
    "[12].",
    "3.5",
    "J. Smith",
    "end.",
    "The",
    "\n\n",
    "\n",
    "•",
    "1.",
]
proseish = st.lists(
    st.sampled_from([*PIECES, "?", "。", "x" * 50]),
    max_size=60,
).map(" ".join)  # fmt: skip


@given(anything)
def test_plain_is_final_and_clean(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    once.encode()
    assert "\x00" not in once
    assert once == " ".join(once.split())


@given(anything)
def test_fold_is_final(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert -(2**63) <= title_key(text) < 2**63


def test_marks_without_end_are_cut() -> None:
    assert len(plain("a" + "\u0301\u0323" * 500_000)) < 100


@given(anything | proseish)
def test_sentences_lose_nothing(text: str) -> None:
    spans = split_sentences(text)
    last = 0
    for start, end in spans:
        assert last <= start < end <= start + LONGEST_SENTENCE
        assert not text[last:start].strip()
        assert text[start:end] == text[start:end].strip()
        last = end
    assert not text[last:].strip()


@pytest.mark.parametrize(
    "sentences",
    [
        ["We follow Vaswani et al. (2017) and Smith et al. [3].", "It works."],
        ["See Fig. 3, Eq. (2), Sec. IV and App. B for details.", "They differ."],
        ["This holds w.r.t. the i.i.d. case, i.e. always.", "Recall is 0.5 at 3.2 GHz."],
        ["J. Smith and A. B. Jones proposed it.", "However, it fails."],
        ["Is it so?", "No!", "“Yes.”", "We agree (see below).", "[12] shows why."],
        ["fastText is fast.", "mBERT is not.", "It costs 5 USD etc.", "We stop."],
        ["1. Introduction matters.", "2. So does this."],
        ["We used the U.S. Census.", "The rest vs. ours is clear."],
        ["It was shown in Proc. ACL by Prof. Dr. Smith.", "We differ."],
    ],
)
def test_scientific_prose(sentences: list[str]) -> None:
    text = " ".join(sentences)
    assert [text[start:end] for start, end in split_sentences(text)] == sentences


def test_paragraphs_and_items_end_sentences() -> None:
    text = "A heading\n\nFirst line\nbroken here. Second.\n• one item\n• another"
    found = [text[start:end] for start, end in split_sentences(text)]
    assert found == ["A heading", "First line\nbroken here.", "Second.", "• one item", "• another"]


@pytest.mark.parametrize("unit", ["a", ". ", "et al. ", "(((. ", "\n ", "[1,2 ", '"', "1. "])
def test_two_million_characters_are_bounded(unit: str) -> None:
    text = (unit * (2_000_000 // len(unit)))[:2_000_000]
    assert all(end - start <= LONGEST_SENTENCE for start, end in split_sentences(text))


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("5.2 Limitations and Future Work", "limitations"),
        ("LIMITATIONS", "limitations"),
        ("7 Threats to Validity", "limitations"),
        ("Limitations of prior work", "related_work"),
        ("VI. Conclusion and Future Work", "conclusion"),
        ("6 Future Directions", "future_work"),
        ("8. Open Problems", "future_work"),
        ("Discussion", "discussion"),
        ("1 Introduction", "introduction"),
        ("2. Related Work", "related_work"),
        ("3 Preliminaries", "background"),
        ("4 Experimental Setup", "experiments"),
        ("5.1 Main Results", "results"),
        ("3.2 Datasets", "data"),
        ("3 Our Approach", "method"),
        ("Acknowledgments", "acknowledgements"),
        ("Broader Impact", "ethics"),
        ("Ethics Statement", "ethics"),
        ("References", "references"),
        ("Appendix A", "appendix"),
        ("B.1 Hyperparameters", "appendix"),
        ("Cats and Dogs", "other"),
        ("", "other"),
        ("x" * 10_000, "other"),
    ],
)
def test_headings(heading: str, kind: str) -> None:
    assert section_kind(heading) == kind


@given(anything)
def test_any_heading_has_a_kind(heading: str) -> None:
    assert section_kind(heading)
    assert isinstance(without_number(heading), str)


@given(anything, st.booleans())
def test_any_text_survives_latex(text: str, drop: bool) -> None:
    assert isinstance(latex_to_text(text, drop_braces=drop), str)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"Erd\H{o}s, Ma\~nana, \'{\i}, \c{c}, \v s, \aa, \o, \ss", "Erdős, Mañana, í, ç, š, å, ø, ß"),
        (r"\emph{so \textbf{bold}} and {\it italic}", "so bold and italic"),
        (r"$\alpha\emph{x}$ costs 5\% \& more", r"$\alpha\emph{x}$ costs 5% & more"),
        (r"\href{http://x}{here}", "here"),
        (r"\unknown{kept}", r"\unknown{kept}"),
    ],
)
def test_latex(written: str, meant: str) -> None:
    assert latex_to_text(written) == meant
