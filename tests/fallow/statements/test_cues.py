"""Sentences are invented."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow.statements.boilerplate import is_boilerplate, is_denial, is_prose
from fallow.statements.cores import core_of
from fallow.statements.cues import CUE_NAMES, cue_vector, is_candidate, may_have_cue, prepare


@pytest.mark.parametrize(
    "sentence",
    [
        "(b) Did you describe the limitations of your work? [Yes] See the last section.",
        "Answer: [NA] means that the paper has no limitation while the answer No means that it has some.",
        "The authors are encouraged to create a separate Limitations section in their paper.",
        "We thank the anonymous reviewers for pointing out the limitations of an early draft.",
        "This work was partially supported by the Fund for Limited Resources, grant no. 17.",
        "We limit ourselves to projective trees in what follows.",
        "In this paper we restrict our attention to binary labels.",
        "Without loss of generality we assume that the weights are sorted.",
        "Due to space limitations the proof is omitted.",
        "For simplicity we only consider the scalar case.",
        "A full treatment is beyond the scope of this paper.",
        "The error vanishes in the limit of infinite width.",
        "The sequence has a limit point in the unit ball.",
        "By the central limit theorem the estimate is normal.",
        "It serves many tasks including but not limited to parsing and tagging.",
        "There are no potential ethical concerns with the data that we release.",
    ],
)
def test_what_only_sounds_like_a_limitation(sentence: str) -> None:
    assert is_boilerplate(prepare(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "Our parser is limited to sentences of forty words.",
        "A limitation of our study is its small number of annotators.",
        "The method fails when the classes overlap.",
        "However, the central limit argument cannot be used here, a drawback for small samples.",
        "We only evaluate on two corpora, which limits our conclusions.",
        "The approach does not scale to graphs with a billion edges.",
    ],
)
def test_real_limitations_are_candidates(sentence: str) -> None:
    assert not is_boilerplate(prepare(sentence))
    assert is_candidate(cue_vector(prepare(sentence)), weak=False)


def test_a_weakness_overcome_is_a_denial() -> None:
    assert is_denial(prepare("Our decoder does not suffer from label bias."))
    assert is_denial(prepare("We overcome this limitation by caching the scores."))
    assert not is_denial(prepare("Our decoder suffers from label bias."))


@pytest.mark.parametrize(
    "text",
    [
        "0.91 0.87 0.44 | 12 33 41 & 0.2",
        "x_{i+1} = \\sum_j w_j \\phi(x_j) + b ∀ i ∈ I",
        "Unsere Methode versagt bei langen Sätzen und bleibt teuer.",
        "我们的方法有局限性。",
        "",
    ],
)
def test_tables_equations_and_other_languages_are_no_prose(text: str) -> None:
    assert not is_prose(prepare(text))


@given(st.text(max_size=300))
def test_the_quick_look_never_hides_a_candidate(text: str) -> None:
    candidate = is_candidate(cue_vector(prepare(text)), weak=True)
    assert not candidate or may_have_cue(text)


CUED = st.lists(
    st.sampled_from(
        [
            "we",
            "plan",
            "to",
            "extend",
            "limitations",
            "fail",
            "cannot",
            "does",
            "not",
            "our",
            "method",
            "future",
            "work",
            "remains",
            "unclear",
            "only",
            "is",
            "limited",
            "to",
            "of",
            "expensive",
            "requires",
            "large",
            "data",
            "worse",
            "than",
            "no",
            "improvement",
            "it",
            "would",
            "be",
            "interesting",
            "open",
            "problem",
            "the",
            ",",
            ".",
        ]
    ),
    max_size=30,
).map(" ".join)


@given(CUED)
def test_the_quick_look_never_hides_a_cued_candidate(text: str) -> None:
    assert not is_candidate(cue_vector(prepare(text)), weak=True) or may_have_cue(text)


@given(st.one_of(st.text(max_size=400), CUED))
def test_any_text_is_survived(text: str) -> None:
    prepared = prepare(text)
    assert len(cue_vector(prepared)) == len(CUE_NAMES)
    is_boilerplate(prepared)
    is_denial(prepared)
    assert len(core_of(text)) <= len(text) + 1


@pytest.mark.parametrize(
    "sentence",
    ["a " * 1_000_000, "we " * 700_000, "(" * 2_000_000, "limited " * 250_000, "of the " * 300_000],
)
def test_two_megabytes_in_one_sentence_take_no_time(sentence: str) -> None:
    started = time.process_time()
    prepared = prepare(sentence)
    cue_vector(prepared)
    is_boilerplate(prepared)
    is_denial(prepared)
    core_of(sentence)
    # Not a speed test: a pattern that backtracks would not end within the hour.
    assert time.process_time() - started < 60


@pytest.mark.parametrize(
    ("sentence", "core"),
    [
        ("In the future, we would like to test the tagger on speech.", "test the tagger on speech"),
        ("However, future work should address rare words.", "address rare words"),
        ("It would be interesting to see whether pruning helps.", "pruning helps"),
        ("Another limitation is that the corpus is small.", "the corpus is small"),
        ("We leave the study of noise to future work.", "study of noise"),
    ],
)
def test_lead_ins_and_tails_are_cut_off(sentence: str, core: str) -> None:
    assert core_of(sentence) == core
