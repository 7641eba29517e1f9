"""What the signals of a hit rest on, in the words of the query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fallow_index.hits import Hit
from fallow_index.retrievers import Answer, Explained
from fallow_index.tokens import tokenise

_EDGES = re.compile(r"^[^\w$\\]+|[^\w$+#*}]+$")


def explained(
    hits: Sequence[Hit], slots: NDArray[np.int64], answers: Mapping[str, Answer], text: str
) -> list[Hit]:
    """The hits with the reasons of every retriever that gives some. slots: those of the hits, in their order.

    text: what was searched for; terms of the index are told as it spells them.
    """
    spelt = spellings(text)
    why: list[dict[str, tuple[str, ...]]] = [{} for _ in hits]
    for name, answer in answers.items():
        if isinstance(answer, Explained):
            for at, reasons in enumerate(answer.reasons(slots)):
                why[at][name] = tuple(dict.fromkeys(spelt.get(reason, reason) for reason in reasons))
    return [
        replace(hit, signals={n: replace(s, why=said.get(n, ())) for n, s in hit.signals.items()})
        for hit, said in zip(hits, why, strict=True)
    ]


def spellings(text: str) -> dict[str, str]:
    """How a text spells each of its terms, the first time.

    >>> spellings("Training a k-NN model, in C++.")
    {'train': 'Training', 'knn': 'k-NN', 'nn': 'k-NN', 'model': 'model', 'c++': 'C++'}
    """
    found: dict[str, str] = {}
    for word in text.split():
        for term in tokenise(word):
            found.setdefault(term, _EDGES.sub("", word))
    return found
