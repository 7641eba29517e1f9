"""Words of scientific text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow_index.tokens import LONGEST_WORD, stem, term_key, tokenise
from fallow_ingest.text.normalise import fold


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
        (r"$\ell_2$", "l_2", "l2"),
        (r"\ell_{2}", "ℓ2", "l2"),
        (r"\ell_\infty ball", "ℓ_∞", "linfty"),
        (r"$\beta$-VAE", "β-VAE", "betavae"),
        ("$k$-means", "k-means", "kmeans"),
        ("x^2", "x²", "x2"),
        ("x^{2}", "x^2", "x2"),
        ("CIFAR-10", "cifar10", "cifar10"),
        ("arXiv:1706.03762v5", "arxiv 1706.03762", "170603762"),
        ("UNet++", "unet", "unet"),
        ("CNN模型", "cnn", "cnn"),
        ("CNN模型", "模型", "模型"),
        ("ε-greedy", r"$\epsilon$-greedy", "epsilongreedy"),
    ],
)
def test_spellings_meet(one: str, other: str, shared: str) -> None:
    assert stem(shared) in tokenise(one)
    assert stem(shared) in tokenise(other)


def test_c_plus_plus_is_not_c() -> None:
    assert tokenise("C++ and C#") == ["c++", "c#"]


def test_a_star_is_not_an_article() -> None:
    assert tokenise("A* and (D*), **bold** a*b") == ["a*", "d*", "bold", "b"]


def test_chinese_is_searched_by_pairs_of_characters() -> None:
    assert tokenise("神经网络") == ["神经", "经网", "网络"]


@pytest.mark.parametrize("text", ["", "?!...", "🎉🎉", "the of and"])
def test_nothing_to_look_up(text: str) -> None:
    assert tokenise(text) == []


@given(st.text(max_size=300))
@settings(deadline=None)
def test_any_text_gives_bounded_terms(text: str) -> None:
    for term in tokenise(text):
        assert 0 < len(term) <= 4 * LONGEST_WORD
        assert 0 <= term_key(term) < 2**64


def test_a_long_hostile_word_takes_no_time() -> None:
    assert len(tokenise("a-" * 50_000 + "b" * 100_000)) < 200


names = st.text(alphabet="bcdfghjklmnpqrtvwxz", min_size=2, max_size=6)
numbers = st.integers(0, 999).map(str)


@given(
    names,
    numbers,
    st.sampled_from(["{0}-{1}", "{0}{1}", "{0}_{1}", "{0}^{{{1}}}", "${0}$-{1}", "${0}_{{{1}}}$"]),
)
@settings(deadline=None)
def test_a_name_and_its_number_meet_however_they_are_joined(name: str, number: str, form: str) -> None:
    for spelt in (form.format(name, number), form.format(name.upper(), number)):
        assert name + number in tokenise(f"the {spelt}, again")


@given(st.sampled_from("αβγδεζηθκλμπρστφχψω"), names)
@settings(deadline=None)
def test_greek_letters_meet_their_names(letter: str, name: str) -> None:
    spelt = fold(letter)
    assert stem(spelt + name) in tokenise(f"{letter}-{name}")
    assert stem(spelt + name) in tokenise(f"$\\{spelt}$-{name}")
    assert stem(spelt + name) in tokenise(f"{spelt}-{name}")


@given(st.text(alphabet="aZ1-_^'{}$\\.*+#ℓ∞β模 ", max_size=60))
@settings(deadline=None)
def test_what_stands_between_spaces_is_read_alone(text: str) -> None:
    assert tokenise(f"{text} {text}") == tokenise(text) * 2


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
@settings(deadline=None)
def test_stems_are_beginnings(word: str) -> None:
    found = stem(word)
    assert found
    assert word.startswith(found) or (word.endswith("ies") and found.endswith("y"))
