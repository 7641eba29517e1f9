"""Sentences are invented."""

import pytest

from fallow.statements.cues import prepare
from fallow.statements.ownership import owner_of, strength_of
from fallow.statements.statement import Owner, StatementKind
from fallow_ingest.records import SectionKind


@pytest.mark.parametrize(
    ("sentence", "kind", "section", "owner"),
    [
        ("Existing methods cannot handle long inputs.", "limitation", "introduction", "prior"),
        ("Previous work on tagging relies on large lexicons.", "limitation", "introduction", "prior"),
        ("Roe et al. (2012) do not consider noise.", "limitation", "introduction", "prior"),
        ("Their model ignores word order [12].", "limitation", "method", "prior"),
        ("Our parser cannot handle long inputs.", "limitation", "introduction", "own"),
        ("We only evaluate on English news.", "limitation", "experiments", "own"),
        ("A limitation is the small number of annotators.", "limitation", "limitations", "own"),
        ("The proposed loss is sensitive to its temperature.", "limitation", "discussion", "own"),
        ("Unlike existing parsers, our parser cannot use a lexicon.", "limitation", "conclusion", "own"),
        ("These taggers fail on rare words.", "limitation", "related_work", "prior"),
        ("Training is expensive and slow.", "limitation", "related_work", "prior"),
        ("Transcribed speech is scarce and expensive.", "limitation", "introduction", "field"),
        ("It remains unclear why pretraining helps.", "open_question", "conclusion", "field"),
        ("Whether P equals NP is an open problem.", "open_question", "introduction", "field"),
        ("We plan to extend the grammar.", "future_work", "conclusion", "own"),
        ("Future research should test other languages.", "future_work", "discussion", "field"),
        ("Adding features did not improve accuracy.", "negative_result", "results", "own"),
    ],
)
def test_whose_weakness(sentence: str, kind: StatementKind, section: SectionKind, owner: Owner) -> None:
    assert owner_of(prepare(sentence), kind, section) == owner


def test_a_pronoun_takes_the_owner_of_the_sentence_before() -> None:
    prior = prepare("Roe et al. (2012) propose a tagger.")
    own = prepare("We then train our tagger on speech.")
    said = prepare("However, it fails on rare words.")
    assert owner_of(said, "limitation", "introduction", previous=prior) == "prior"
    assert owner_of(said, "limitation", "results", previous=prior) == "prior"
    assert owner_of(said, "limitation", "results", previous=own) == "own"


def test_hedges() -> None:
    assert strength_of(prepare("This may not hold for speech.")) == "hedged"
    assert strength_of(prepare("This does not hold for speech.")) == "plain"
