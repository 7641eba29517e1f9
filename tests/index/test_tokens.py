"""Words of scientific text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow_index.tokens import LONGEST_WORD, stem, term_key, tokenise


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("GPT-4", "gpt4", "gpt4"),
        ("k-NN", "kNN", "knn"),
        ("$l_2$ norm", "l2 norm", "l2"),
        ("l_{2}", "L2", "l2"),
        ("self-supervised", "selfsupervised", "selfsupervis"),
        ("self-supervised", "supervised", "supervis"),
        ("C++", "c++ code", "c++"),
        ("GPT-3.5", "gpt-3.5-turbo", "gpt"),
        ("naïve Bayes", "Naive Bayes", "naive"),
        ("β-VAE", "beta-VAE", "betavae"),
        ("models'", "model", "model"),
        ("Bayes's rule", "rules", "rule"),
    ],
)
def test_spellings_meet(one: str, other: str, shared: str) -> None:
    assert stem(shared) in tokenise(one)
    assert stem(shared) in tokenise(other)


def test_c_plus_plus_is_not_c() -> None:
    assert tokenise("C++ and C#") == ["c++", "c#"]


def test_chinese_is_searched_by_pairs_of_characters() -> None:
    assert tokenise("神经网络") == ["神经", "经网", "网络"]


@pytest.mark.parametrize("text", ["", "?!...", "🎉🎉", "the of and"])
def test_nothing_to_look_up(text: str) -> None:
    assert tokenise(text) == []


@given(st.text(max_size=300))
def test_any_text_gives_bounded_terms(text: str) -> None:
    for term in tokenise(text):
        assert 0 < len(term) <= 4 * LONGEST_WORD
        assert 0 <= term_key(term) < 2**64


def test_a_long_hostile_word_takes_no_time() -> None:
    assert len(tokenise("a-" * 50_000 + "b" * 100_000)) < 200


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_stems_are_beginnings(word: str) -> None:
    found = stem(word)
    assert found
    assert word.startswith(found) or (word.endswith("ies") and found.endswith("y"))
