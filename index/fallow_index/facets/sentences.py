"""The sentences of an abstract that tell one facet."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fallow_index.facets import FACET_ROLES, ROLES, Facet
from fallow_index.facets.roles import load_role_classifier
from fallow_ingest.text.sentences import split_sentences

LONGEST_ABSTRACT = 20_000
"""Characters of an abstract that are read."""


@lru_cache(maxsize=4096)
def facet_sentences(abstract: str, facet: Facet) -> tuple[str, ...]:
    """The sentences of an abstract that tell a facet, in reading order; none of an empty one.

    Where no sentence has the facet's role, the one that comes nearest to it speaks for the facet: an abstract
    of two sentences often says what was done and found in the same one.
    """
    text = abstract[:LONGEST_ABSTRACT]
    sentences = [text[start:end] for start, end in split_sentences(text)]
    if not sentences:
        return ()
    classifier = load_role_classifier()
    wanted = FACET_ROLES[facet]
    told = tuple(
        sentence
        for sentence, role in zip(sentences, classifier.classify(sentences), strict=True)
        if role in wanted
    )
    if told:
        return told
    columns = [ROLES.index(role) for role in wanted]
    nearest = int(np.argmax(classifier.probabilities(sentences)[:, columns].sum(axis=1)))
    return (sentences[nearest],)
