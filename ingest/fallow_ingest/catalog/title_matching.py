"""Whether a printed reference and a paper are the same work, by title, year and first author.

Similarity is the normalised indel similarity 2 LCS(a, b) / (|a| + |b|) of the titles' folded letters without
spaces: hyphenation, case, accents and lost spaces cost nothing, a letter lost in a PDF costs 1 in |a| + |b|.
The longest common subsequence is computed bit-parallel (Hyyrö, "Bit-parallel LCS-length computation
revisited", AWOCA 2004), one addition of |a| bits for each letter of b.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import takewhile

from fallow_ingest.references.entries import family, parse_entry
from fallow_ingest.text.normalise import fold

LEAST_SIMILARITY = 0.9
SHORT_TITLE = 20
"""Letters below which a title is shared by many works ("Introduction", "Statistical learning")."""
TELLING_ALONE = 32
"""Letters from which an equal title counts though neither year nor author is known of the reference."""
MOST_YEARS_APART = 1
"""A preprint and its publication, or a conference and the journal's version of it."""

_END_LETTERS = 12
_NUMBER = re.compile(r"\d+|\b(?:i{1,3}|iv|vi{0,3}|ix)\b")
_SMALL_WORDS = frozenset(re.split(" ", "a an the of for and on in to with by from at as is using via"))
_PREFIXES = frozenset(
    re.split(
        " ", " un non semi self in im ir dis de re multi cross inter intra sub super hyper mono bi tri anti"
    )
)


@dataclass(frozen=True, slots=True)
class Work:
    """What is compared of a reference or a paper.

    title: folded. families: folded family names, the first author's first. names: every word of a reference's
    first author, of all authors of a paper. text: a reference's whole entry, folded without spaces, or "".
    """

    title: str
    year: int | None
    families: tuple[str, ...]
    names: frozenset[str] = frozenset()
    text: str = ""

    @property
    def letters(self) -> str:
        """The title without spaces."""
        return self.title.replace(" ", "")


def reference_work(title: str, text: str, year: int | None) -> Work:
    """The work that a waiting reference names: its entry as printed is taken apart again."""
    entry = parse_entry(text)
    return Work(
        fold(entry.title or title),
        year or entry.year,
        entry.families[:1],
        _names(entry.authors[:1]),
        fold(text[:2_000]).replace(" ", ""),
    )


def paper_work(title: str, year: int | None, authors: list[str]) -> Work:
    """The work that a stored paper is."""
    return Work(fold(title), year, tuple(map(family, authors[:30])), _names(authors[:30]))


def _names(authors: Iterable[str]) -> frozenset[str]:
    return frozenset(word for author in authors for word in fold(author).split() if len(word) > 2)


def title_ends(work: Work) -> tuple[int, int]:
    """Hashes of first author with the title's first and with its last letters; (0, 0) when either is missing.

    One damaged place in a title leaves its beginning or its end as it was.
    """
    letters = work.letters
    if len(letters) < _END_LETTERS or not work.families or not work.families[0]:
        return (0, 0)
    author = work.families[0]
    return _hash(f"{author} {letters[:_END_LETTERS]}"), _hash(f"{letters[-_END_LETTERS:]} {author}")


def _hash(text: str) -> int:
    return (
        int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)
        or 1
    )


def agreement(reference: Work, paper: Work, *, same_title: bool) -> float | None:
    """How alike the titles are, from 0.9 to 1, when the two are one work; else None.

    same_title: the titles are known to be equal when folded. Years may be one apart, first authors must agree
    where both are known. A short title needs both; an inexact one needs the author.
    """
    if not _years_agree(reference.year, paper.year):
        return None
    letters = len(paper.letters)
    author = _authors_agree(reference, paper, same_title=same_title and letters >= SHORT_TITLE)
    if author is False:
        return None
    dated = reference.year is not None and paper.year is not None
    if letters < SHORT_TITLE:
        return 1.0 if same_title and author and dated else None
    if same_title:
        return 1.0 if author or dated or letters >= TELLING_ALONE else None
    if not author:
        return None
    return _likeness(reference, paper)


def _years_agree(one: int | None, other: int | None) -> bool:
    return one is None or other is None or abs(one - other) <= MOST_YEARS_APART


def _authors_agree(reference: Work, paper: Work, *, same_title: bool) -> bool | None:
    """None when either is unknown. Names are printed either way round: with an equal title any one does."""
    if not reference.families or not any(paper.families):
        return None
    wanted, first = reference.families[0], paper.families[0]
    if same_title and reference.names & paper.names:
        return True
    return wanted == first or (len(wanted) > 4 and similarity(wanted, first) >= 0.85)


def _likeness(reference: Work, paper: Work) -> float | None:
    ours, theirs = reference.letters, paper.letters
    if _NUMBER.findall(reference.title) == _NUMBER.findall(paper.title):
        alike = similarity(ours, theirs)
        if alike >= LEAST_SIMILARITY and _same_words(reference.title, paper.title):
            return alike
    # The entry holds the whole title, though it was cut where it was read: at a question mark, say.
    cut = len(ours) >= _END_LETTERS and theirs.startswith(ours)
    return 0.99 if cut and theirs in reference.text else None


def _same_words(one: str, other: str) -> bool:
    """Whether the words that differ are spellings of each other ("multi task", "multitask")."""
    ours, theirs = one.split(), other.split()
    left = "".join(w for w in ours if w not in theirs and w not in _SMALL_WORDS)
    right = "".join(w for w in theirs if w not in ours and w not in _SMALL_WORDS)
    if left == right:
        return True
    if not left or not right:
        return len(left + right) <= 2
    pairs = zip(reversed(left), reversed(right), strict=False)
    stem = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    if {left[: len(left) - stem], right[: len(right) - stem]} <= _PREFIXES:
        return False  # "supervised", "unsupervised", "semisupervised"
    return similarity(left, right) >= 0.75


def similarity(one: str, other: str) -> float:
    """2 LCS / (sum of lengths), from 0 to 1; 1 for two empty texts.

    >>> similarity("neuralparsing", "neuralparsing"), round(similarity("parsing", "tagging"), 2)
    (1.0, 0.57)
    """
    if one == other:
        return 1.0
    places = _places(one)
    mask = (1 << len(one)) - 1
    state = mask
    for letter in other:
        matched = state & places.get(letter, 0)
        state = ((state + matched) | (state - matched)) & mask
    common = len(one) - state.bit_count()
    return 2 * common / (len(one) + len(other))


@lru_cache(maxsize=1)
def _places(text: str) -> dict[str, int]:
    places: dict[str, int] = {}
    for index, letter in enumerate(text):
        places[letter] = places.get(letter, 0) | (1 << index)
    return places
