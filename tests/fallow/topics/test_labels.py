from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow.topics.labels import name_topics
from fallow.topics.phrases import PhraseTable, phrase_table, singular

FIELDS = {
    "dense passage retrieval": "We propose a novel approach to dense passage retrieval with dual encoders.",
    "graph neural networks": "We show that graph neural networks (GNNs) improve results. GNNs are deep.",
    "neural machine translation": "Here neural machine translation (NMT) is studied; NMT needs data.",
    "Bayesian optimization": "Results of Bayesian optimization are presented.",
}


def library(papers: int = 12) -> tuple[list[str], list[str], np.ndarray]:
    titles, abstracts, field = [], [], []
    for k, (subject, text) in enumerate(FIELDS.items()):
        for i in range(papers):
            titles.append(f"{subject.title() if i % 2 else subject} for Task {chr(65 + i)}")
            abstracts.append(text)
            field.append(k)
    return titles, abstracts, np.array(field)


def table() -> tuple[PhraseTable, np.ndarray]:
    titles, abstracts, field = library()
    return phrase_table(titles, abstracts), field


def test_subfields_are_named_by_their_subject() -> None:
    phrases, field = table()
    _, names = name_topics(phrases, field, np.array([0, 0, 1, 1]))
    assert [name.label for name in names] == [
        "dense passage retrieval",
        "graph neural networks",
        "neural machine translation",
        "Bayesian optimization",
    ]


def test_no_dull_words_in_labels() -> None:
    phrases, _ = table()
    used = {word for key in phrases.keys for word in key}
    assert not used & {"novel", "propose", "result", "paper", "approach", "the", "with", "using"}


def test_short_forms_count_for_their_long_form() -> None:
    phrases, _ = table()
    assert ("gnn",) not in phrases.keys
    assert ("nmt",) not in phrases.keys


def test_short_forms_need_their_own_case() -> None:
    titles = [
        "mAP of detectors",
        "maximum a-posteriori estimation",
        "mAP again",
        "maximum a-posteriori inference",
    ]
    abstracts = ["The mAP and the mAP rise.", "We use maximum a-posteriori (MAP) estimation."] * 2
    assert ("map",) in phrase_table(titles, abstracts).keys


def test_case_of_names_is_kept() -> None:
    titles = ["BERT Meets Dialogue Systems", "Bert and Dialogue Systems", "Probing BERT"]
    abstracts = [
        "We probe BERT in dialogue systems.",
        "The model BERT helps dialogue systems.",
        "We look at BERT.",
    ]
    shown = phrase_table(titles, abstracts).phrases
    assert "BERT" in shown
    assert "dialogue systems" in shown


def test_plurals_are_one_phrase() -> None:
    titles = ["Word Embedding", "Word Embeddings", "word embeddings"]
    phrases = phrase_table(titles, ["Word embeddings are used."] * 3)
    assert phrases.keys.count(("word", "embedding")) == 1
    assert phrases.uses[:, phrases.keys.index(("word", "embedding"))].nnz == 3


def test_adjectives_do_not_stand_alone() -> None:
    titles = ["Variational Inference"] * 6
    abstracts = ["We study variational inference and variational bounds and variational methods."] * 6
    phrases = phrase_table(titles, abstracts)
    standing = dict(zip(phrases.phrases, phrases.standing, strict=True))
    assert standing["variational inference"] > 5 * standing["variational"]


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("queries", "query"),
        ("classes", "class"),
        ("analysis", "analysis"),
        ("boxes", "box"),
        ("corpus", "corpus"),
    ],
)
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one


def test_siblings_never_share_a_label() -> None:
    titles = ["Speech Recognition"] * 30
    phrases = phrase_table(titles, ["Speech recognition."] * 30)
    _, names = name_topics(phrases, np.repeat([0, 1, 2], 10), np.zeros(3, dtype=np.int64))
    assert len({name.label for name in names}) == 3


def test_a_topic_without_phrases_says_so() -> None:
    phrases = phrase_table(["", "", ""], ["", "", ""])
    directions, subfields = name_topics(phrases, np.zeros(3, dtype=np.int64), np.zeros(1, dtype=np.int64))
    assert directions[0].label == "mixed papers"
    assert subfields[0].label


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=80), st.text(max_size=300)), max_size=8))
def test_any_text_is_survived(papers: list[tuple[str, str]]) -> None:
    phrases = phrase_table([t for t, _ in papers], [a for _, a in papers])
    assert phrases.uses.shape == (len(papers), len(phrases.phrases))


def test_hostile_text_is_read_in_bounded_time() -> None:
    phrase_table(["a" * 1_000_000, "(" * 100_000], ["x-" * 500_000, "\\$" * 500_000 + "\x00<" * 100_000])
