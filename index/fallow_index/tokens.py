"""Words as lexical search compares them.

A scientific name is written many ways, so a compound gives its joined form and its parts: "k-NN", "kNN" and
"$k$-NN" meet in `knn`, "GPT-4" and "GPT4" in `gpt4`, "l_2", "\\ell_{2}" and "ℓ2" in `l2`, "β-VAE" and
"$\\beta$-VAE" in `betavae`; "C++", "C#" and "A*" keep their signs. English words lose plural and participle
endings; other scripts are kept, Chinese and Japanese as pairs of characters, since they are written without
spaces.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

from fallow_ingest.text.normalise import fold

LONGEST_WORD = 48
"""Letters of one word that are looked at; what is longer is no word (a URL, a base64 blob)."""

VERSION = 2
"""Raise it when a text gives other terms than before: `fallow build` then writes the postings anew."""

# A chunk is a run of letters and digits, joined by hyphen, underscore, caret or apostrophe (with the LaTeX
# that may stand around it: l_{2}, $k$-NN, \\ell_\\infty) or by a point before a digit (GPT-3.5); "++" and "#"
# may end it, and a star one letter. Each character can be matched in one way only, and what comes before and
# after a join is bounded, so the pattern is linear in the text.
_CHUNK = re.compile(
    r"(?<![\w*])[a-z]\*(?![\w*])"
    r"|[^\W_]+(?:(?:[$}]{0,2}[-‐‑_^'’][\\${]{0,3}|\.(?=\d))[^\W_]+)*(?:\+\+|#)?"
)
_SEPARATOR = re.compile(r"[-‐‑_^'’\\${}.]+")
_ARXIV_ID = re.compile(r"(\d{4})\.(\d{4,5})(?:v\d+)?")
_SCRIPT_ELL = re.compile(r"^ell(?=(?:\d+|infty|p|q)$)")
_UNSPACED = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+)")
_VOWEL = re.compile(r"[aeiouy]")
_SHORTEST_STEM = 3

_STOP_WORDS = """
a about above after again all also although am an and any are as at be because been before being below
between both but by can could did do does doing done during each either et etc few for from further had
has have having he her here hers him his how however i if in into is it its itself just may me might more
most must my no nor not now of off on once only onto or other our ours out over own per s same shall she
should since so some such t than that the their theirs them then there thereby therefore these they this
those though through thus to too under until up upon us very via was we were what when where whereas
whether which while who whom whose why will with within without would you your yours
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Function words: in every paper, about none."""


def tokenise(text: str) -> list[str]:
    """The index terms of a text, in reading order.

    >>> tokenise("GPT-4 improves k-NN models with l_2 norms in C++")
    ['gpt4', 'gpt', '4', 'improv', 'knn', 'nn', 'model', 'l2', '2', 'norm', 'c++']
    >>> tokenise("A* and UNet++ on CIFAR-10, arXiv:1706.03762v5")
    ['a*', 'unet++', 'unet', 'cifar10', 'cifar', '10', 'arxiv', '170603762']
    """
    terms: list[str] = []
    for chunk in _CHUNK.findall(text.lower().replace("∞", "infty")):
        terms.extend(_terms_of(chunk if len(chunk) <= 4 * LONGEST_WORD else chunk[: 4 * LONGEST_WORD]))
    return terms


def count_terms(text: str) -> Counter[str]:
    """How often each index term occurs in a text."""
    return Counter(tokenise(text))


def term_key(term: str) -> int:
    """An unsigned 64-bit number for a term: what postings are filed under.

    Among a hundred million distinct terms two share a number with a probability of 3 in 10,000.
    """
    return int.from_bytes(blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@lru_cache(maxsize=1 << 16)
def _terms_of(chunk: str) -> tuple[str, ...]:
    """The terms of one chunk of lower-case text."""
    if chunk.isascii() and chunk.isalnum():
        return () if chunk in STOP_WORDS else (stem(chunk[:LONGEST_WORD]),)
    identifier = _ARXIV_ID.fullmatch(chunk)
    if identifier:
        return ("".join(identifier.groups()),)
    if chunk.endswith("*"):
        return (chunk,)
    signs = "++" if chunk.endswith("++") else "#" if chunk.endswith("#") else ""
    if chunk.endswith(("'s", "’s")):
        chunk = chunk[:-2]
    parts = [word for part in _SEPARATOR.split(chunk.rstrip("+#")) for word in fold(part).split()]
    if not parts:
        return ()
    terms: list[str] = []
    joined = _SCRIPT_ELL.sub("l", "".join(parts))
    compound = len(parts) > 1 or bool(signs)
    if compound and len(joined) <= LONGEST_WORD:
        terms.append(stem(joined) + signs)
    for part in parts if len(parts) > 1 else [joined]:
        # One letter out of a compound says nothing by itself ("C++"); one digit may (GPT-4).
        lone = compound and len(part) == 1 and part.isascii() and not part.isdigit()
        if not lone and part not in STOP_WORDS:
            terms.extend(_unspaced(part[:LONGEST_WORD]))
    return tuple(terms)


def _unspaced(word: str) -> list[str]:
    """A word; what of it is in a script without spaces, by pairs of characters."""
    if word.isascii() or not _UNSPACED.search(word):
        return [stem(word)]
    terms: list[str] = []
    for run in filter(None, _UNSPACED.split(word)):
        if _UNSPACED.match(run) and len(run) > 1:
            terms.extend(run[at : at + 2] for at in range(len(run) - 1))
        else:
            terms.append(stem(run))
    return terms


def stem(word: str) -> str:
    """An English word without plural, participle and silent-e endings.

    Lighter than Porter (1980), whose steps 2-4 also merge words that scientists keep apart ("generative",
    "general"); the endings are those of its steps 1a, 1b and 5a.

    >>> [stem(word) for word in ("studies", "training", "trained", "mapped", "classes", "bias", "generate")]
    ['study', 'train', 'train', 'map', 'class', 'bias', 'generat']
    """
    if len(word) <= _SHORTEST_STEM or not word.isascii() or not word.isalpha():
        return word
    word = _singular(word)
    for ending in ("ing", "ed"):
        left = word[: -len(ending)]
        if word.endswith(ending) and len(left) >= _SHORTEST_STEM - 1 and _VOWEL.search(left):
            if len(left) > _SHORTEST_STEM - 1 and left[-1] == left[-2] and left[-1] not in "lsz":
                left = left[:-1]
            return _without_e(left)
    return _without_e(word)


def _singular(word: str) -> str:
    if not word.endswith("s") or word.endswith(("ss", "us", "is", "ias")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > len("ties") else word[:-1]
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1]


def _without_e(word: str) -> str:
    return word[:-1] if word.endswith("e") and len(word) > _SHORTEST_STEM else word
