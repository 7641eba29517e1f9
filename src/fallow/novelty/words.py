"""Content words of ideas and papers: which words say something, and how much each says."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping

from fallow_index.tokens import stem, tokenise


def _words(text: str) -> frozenset[str]:
    words = text.split()
    return frozenset(words) | frozenset(map(stem, words))


GENERIC = _words(
    "novel new approach method model paper work study propose present introduce develop investigate "
    "task problem simple efficient effective framework system result performance state art technique "
    "algorithm use utilize employ leverage design aim improve improvement enhance better high low "
    "large small good best first propos various several different many multiple important existing "
    "previous recent current general specific particular standard common way based base achieve "
    "demonstrate show evaluate evaluation experiment address explore provide enable allow make build "
    "create apply application idea proposed research researcher analysis analyze process set type "
    "kind number well one two three able available given significant significantly include including "
    "increase reduce help challenge challenging issue potential capability ability goal objective "
    "step key main order case example traditional conventional typical comprehensive extensive robust "
    "powerful promising outperform baseline"
)
"""Words of every abstract: they carry no claim."""

_ROOT = 7
_ACRONYM = re.compile(r"\(([A-Z][A-Za-z]{1,6}?)s?\)")


def content_terms(text: str) -> list[str]:
    """The index terms of a text without words that every abstract has, in reading order, each once.

    >>> content_terms("We propose a novel method for rare words in translation")
    ['rar', 'word', 'translation']
    """
    return list(dict.fromkeys(t for t in tokenise(text[:20_000]) if t not in GENERIC and not t.isdigit()))


def root(term: str) -> str:
    """What spellings and derivations of a long word share: its first seven letters, double l as one.

    >>> root("regularis"), root("regularization"), root("distill"), root("rnn")
    ('regular', 'regular', 'distil', 'rnn')
    """
    return term.replace("ll", "l")[:_ROOT] if term.isalpha() else term


def acronyms(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Acronym -> the roots of what it stands for, as the texts themselves spell it out.

    >>> acronyms(["neural machine translation (NMT) is"])
    {'nmt': ('neural', 'machin', 'transla')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        for match in _ACRONYM.finditer(text[:20_000]):
            letters = match[1].lower()
            words = re.split(r"[\s-]+", text[max(0, match.start() - 120) : match.start()].strip())
            words = words[-len(letters) :]
            if [word[:1].lower() for word in words] == list(letters):
                short = tokenise(letters)
                if len(short) == 1:
                    found.setdefault(root(short[0]), tuple(root(t) for word in words for t in tokenise(word)))
    return found


def with_acronyms(terms: Collection[str], known: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The roots of the terms, each acronym joined by what it stands for and the other way round."""
    everything = set(map(root, terms))
    for short, long in known.items():
        if short in everything:
            everything.update(long)
        elif long and everything.issuperset(long):
            everything.add(short)
    return frozenset(everything)


def weight(frequency: int, papers: int) -> float:
    """Inverse document frequency, ln((N + 1) / (n + 0.5)) (Robertson and Sparck Jones 1976, smoothed)."""
    return math.log((papers + 1) / (frequency + 0.5)) if papers else 1.0


def coverage(terms: Iterable[str], present: Collection[str], weights: Mapping[str, float]) -> float:
    """Share, by weight, of the terms whose roots are present; 0 for no terms."""
    total = covered = 0.0
    for term in terms:
        total += weights[term]
        covered += weights[term] if root(term) in present else 0.0
    return covered / total if total else 0.0
