"""Noun phrases of titles, keywords and abstracts, without a tagger.

A phrase is a run of words between boundaries (function words, verbs of papers, punctuation, numbers). What
qualifies it as the name of a subject is that people put it in titles or keyword lists; abstracts add counts,
and tell whether the phrase stands on its own feet: "variational" hardly ever ends a run of words,
"variational inference" does.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from fallow.topics.vocabulary import (
    BOUNDARIES,
    DULL_ALONE,
    DULL_ANYWHERE,
    DULL_FIRST,
    DULL_LAST,
    SAME_FORM,
    VERBS,
)

LONGEST = 4
"""Words of a phrase at most, hyphened words counting as one."""

TEXT_LIMIT = 4_000
"""Characters of an abstract that are read: more is a whole paper, or an attack."""

_MARKUP = re.compile(r"<[^<>]{0,80}>|\$[^$]{0,200}\$|\\[a-zA-Z]{1,30}|https?://\S{1,300}|[{}~]")
_TOKEN = re.compile(r"[^\W_]+(?:[-'’+/.][^\W_]+)*|[^\s\w]")
_DIGITS = re.compile(r"^[\d.,/+-]+(?:st|nd|rd|th|s|k|m|b|x)?$|^(?:19|20)\d\d")
_ABBREVIATION = re.compile(r"((?:[^\W_]+[ -]){1,5}[^\W_]+) \(([A-Z][A-Za-z0-9-]{1,8}?)s?\)")
_SURFACES = 40

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhraseTable:
    """Which paper uses which phrase.

    phrases: display form of each column. keys: folded words of each column. uses: CSR float32 [n, phrases]: 2
    when the phrase stands in title or keywords, 1 when only in the abstract. standing: float [phrases], 0..1,
    how well the phrase stands alone (adjectives and cut-off phrases are near 0).
    """

    phrases: tuple[str, ...]
    keys: tuple[Key, ...]
    uses: Any
    standing: npt.NDArray[np.float64]


@lru_cache(maxsize=200_000)
def singular(word: str) -> str:
    """The singular of a lower-case English word, by rule.

    >>> [singular(word) for word in ("queries", "analysis", "losses", "embeddings", "corpus")]
    ['query', 'analysis', 'loss', 'embedding', 'corpus']
    """
    if (
        len(word) < 4
        or not word.endswith("s")
        or word in SAME_FORM
        or word.endswith(("ss", "us", "is", "ics"))
    ):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes")):
        return word[:-2]
    return word[:-1]


def phrase_table(
    titles: Sequence[str], abstracts: Sequence[str], keywords: Sequence[Sequence[str]] | None = None
) -> PhraseTable:
    """The phrases of n papers; see PhraseTable.

    A phrase qualifies when two titles (one, in a library of under 1,000 papers) or one keyword list carry it,
    and it is kept when two papers use it.
    """
    keywords = keywords or [()] * len(titles)
    lexicon = _Lexicon()
    named = [_named_phrases(title, words, lexicon) for title, words in zip(titles, keywords, strict=True)]
    lexicon.keep(least=1 if len(titles) < 1_000 else 2)
    uses: list[dict[int, float]] = []
    for abstract, own in zip(abstracts, named, strict=True):
        found = dict.fromkeys(_scan(_MARKUP.sub(" ", abstract[:TEXT_LIMIT]), lexicon), 1.0)
        found.update((phrase, 2.0) for key in own if (phrase := lexicon.ids.get(key)) is not None)
        uses.append(found)
    return _table(uses, lexicon)


@dataclass(slots=True)
class _Lexicon:
    """What is known of the phrases so far; phrase ids index the lists."""

    ids: dict[Key, int] = field(default_factory=dict)
    trie: dict[str, Any] = field(default_factory=dict)
    in_titles: Counter[Key] = field(default_factory=Counter)
    in_keywords: set[Key] = field(default_factory=set)
    surfaces: dict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    counted: list[int] = field(default_factory=list)
    ending: list[int] = field(default_factory=list)
    starting: list[int] = field(default_factory=list)
    lower: Counter[str] = field(default_factory=Counter)
    cased: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    short_forms: Counter[tuple[str, Key]] = field(default_factory=Counter)

    def keep(self, least: int) -> None:
        """Give ids to the phrases that qualify and make them findable."""
        chosen = {key for key, count in self.in_titles.items() if count >= least} | self.in_keywords
        for key in sorted(chosen):
            self.ids[key] = len(self.ids)
            node = self.trie
            for word in key:
                node = node.setdefault(word, {})
            node[""] = self.ids[key]
        size = len(self.ids)
        self.counted, self.ending, self.starting = [0] * size, [0] * size, [0] * size


def _named_phrases(title: str, keywords: Sequence[str], lexicon: _Lexicon) -> set[Key]:
    """Phrases of one paper's title and keywords, noted in the lexicon."""
    in_title = set()
    for surface, key in _candidates(title[:500]):
        in_title.add(key)
        lexicon.surfaces[key][surface] += 1
    lexicon.in_titles.update(in_title)
    by_hand = set()
    for keyword in keywords[:50]:
        for surface, key in _candidates(keyword[:100]):
            by_hand.add(key)
            lexicon.surfaces[key][surface] += 1
    lexicon.in_keywords |= by_hand
    return in_title | by_hand


def _candidates(text: str) -> Iterator[tuple[str, Key]]:
    """(surface, key) of every admissible run of 1 to LONGEST words."""
    for run in _runs(_TOKEN.findall(_MARKUP.sub(" ", text))):
        folded = [_fold(word) for word in run]
        for start in range(len(run)):
            for end in range(start + 1, min(start + LONGEST, len(run)) + 1):
                if _admissible([word.lower() for word in run[start:end]]):
                    yield " ".join(run[start:end]), tuple(part for word in folded[start:end] for part in word)


def _runs(tokens: Sequence[str]) -> Iterator[list[str]]:
    run: list[str] = []
    for token in tokens:
        if _breaks(token):
            if run:
                yield run
            run = []
        else:
            run.append(token[:-2] if token.endswith(("'s", "’s")) else token)
    if run:
        yield run


@lru_cache(maxsize=200_000)
def _breaks(token: str) -> bool:
    lower = token.lower()
    if not token[0].isalnum() or len(token) > 40 or lower in BOUNDARIES or lower in VERBS:
        return True
    return bool(_DIGITS.match(lower)) or lower.split("-")[0] in DULL_ANYWHERE or lower in DULL_ANYWHERE


@lru_cache(maxsize=200_000)
def _fold(word: str) -> Key:
    parts = [part for part in word.lower().split("-") if part] or [word.lower()]
    return (*parts[:-1], singular(parts[-1]))


_HANGING = (
    "-based",
    "-aware",
    "-specific",
    "-driven",
    "-level",
    "-free",
    "-free",
    "-of",
    "-like",
    "-oriented",
)


def _admissible(words: Sequence[str]) -> bool:
    """Whether a run of lower-case words can name a subject."""
    first, last = words[0], words[-1]
    if first in DULL_FIRST or last in DULL_FIRST or last in DULL_LAST or len(last) < 2 or len(first) < 2:
        return False
    if last.endswith("ly") or last.endswith(_HANGING):
        return False
    if (
        first == "learning"
        and len(words) > 1
        and words[1] not in ("rate", "theory", "curve", "analytics", "to")
    ):
        return False
    if len(words) == 1:
        return len(first) > 2 and first not in DULL_ALONE
    return len(set(words)) == len(words)


def _scan(text: str, lexicon: _Lexicon) -> set[int]:
    """Ids of the lexicon's phrases in one text; casing, standing and short forms are noted on the way."""
    tokens = _TOKEN.findall(text)
    _note_casing(tokens, lexicon)
    _note_short_forms(text, lexicon.short_forms)
    found: set[int] = set()
    for run in _runs(tokens):
        folded = [_fold(word) for word in run]
        for start in range(len(run)):
            node: dict[str, Any] | None = lexicon.trie
            for end in range(start, min(start + LONGEST, len(run))):
                for part in folded[end]:
                    node = node.get(part) if node is not None else None
                if node is None:
                    break
                phrase = node.get("")
                if phrase is not None:
                    found.add(phrase)
                    lexicon.counted[phrase] += 1
                    lexicon.starting[phrase] += start == 0
                    lexicon.ending[phrase] += end == len(run) - 1
                    if lexicon.counted[phrase] <= _SURFACES:
                        key = tuple(part for word in folded[start : end + 1] for part in word)
                        # Running text counts double: title case hides how a word is written.
                        lexicon.surfaces[key][" ".join(run[start : end + 1])] += 2
    return found


def _note_casing(tokens: Sequence[str], lexicon: _Lexicon) -> None:
    """Count how words are written in running text, where no title case hides the proper nouns."""
    lexicon.lower.update(tokens)
    for previous, word in pairwise(tokens):
        if not word.islower() and (previous.islower() or previous == ","):
            lexicon.cased[word.lower()][word] += 1


def _note_short_forms(text: str, short_forms: Counter[tuple[str, Key]]) -> None:
    """Count "long form (SF)" where the initials agree (after Schwartz & Hearst 2003)."""
    if "(" not in text:
        return
    for match in _ABBREVIATION.finditer(text):
        short = match.group(2)
        letters = [c for c in short.lower() if c.isalnum()]
        words = re.split(r"[ -]", match.group(1).lower())[-len(letters) :]
        if len(words) == len(letters) and all(w[:1] == c for w, c in zip(words, letters, strict=True)):
            short_forms[short, (*words[:-1], singular(words[-1]))] += 1


def _aliases(lexicon: _Lexicon) -> dict[int, int]:
    """Short form -> long form, where the short form has one reading at least three times as common as any
    other."""
    readings: dict[str, list[tuple[int, Key]]] = defaultdict(list)
    for (short, long), count in lexicon.short_forms.items():
        readings[short].append((count, long))
    aliases = {}
    for short, found in sorted(readings.items()):
        found.sort(key=lambda entry: (-entry[0], entry[1]))
        clear = len(found) == 1 or found[0][0] >= 3 * found[1][0]
        key, long = _fold(short), found[0][1]
        if not clear or key not in lexicon.ids or long not in lexicon.ids:
            continue
        # mAP is not MAP: the short form has to be the usual way to write the word.
        forms = lexicon.surfaces[key]
        if sum(count for form, count in forms.items() if form.rstrip("s") == short) * 2 > sum(forms.values()):
            aliases[lexicon.ids[key]] = lexicon.ids[long]
    return aliases


def _table(uses: list[dict[int, float]], lexicon: _Lexicon) -> PhraseTable:
    aliases = _aliases(lexicon)
    rows: list[int] = []
    columns: list[int] = []
    weights: list[float] = []
    for i, found in enumerate(uses):
        folded: dict[int, float] = {}
        for phrase, weight in found.items():
            target = aliases.get(phrase, phrase)
            folded[target] = max(weight, folded.get(target, 0.0))
        rows.extend([i] * len(folded))
        columns.extend(folded.keys())
        weights.extend(folded.values())
    matrix = sp.csr_matrix(
        (np.array(weights, dtype=np.float32), (rows, columns)), shape=(len(uses), len(lexicon.ids))
    )
    frequency = np.bincount(np.asarray(columns, dtype=np.int64), minlength=len(lexicon.ids))
    kept = np.flatnonzero(frequency >= 2)
    keys = list(lexicon.ids)
    written = _written(lexicon)
    return PhraseTable(
        tuple(_display(keys[j], lexicon.surfaces[keys[j]], written) for j in kept),
        tuple(keys[j] for j in kept),
        matrix[:, kept].tocsr(),
        _standing(lexicon)[kept],
    )


def _standing(lexicon: _Lexicon) -> npt.NDArray[np.float64]:
    """How often a phrase ends the run of words it stands in, and how often it begins it, as one factor.

    A phrase that only titles have gets the benefit of the doubt (two invented good occurrences).
    """
    counted = np.array(lexicon.counted, dtype=np.float64)
    ends = (np.array(lexicon.ending) + 2.0) / (counted + 3.0)
    starts = (np.array(lexicon.starting) + 2.0) / (counted + 3.0)
    return np.clip((ends - 0.12) / 0.25, 0.02, 1.0) * np.clip(starts / 0.3, 0.1, 1.0)


def _written(lexicon: _Lexicon) -> dict[str, str]:
    """Words that running text writes with capitals more often than without."""
    written = {}
    in_compounds: Counter[str] = Counter()
    for word, count in lexicon.lower.items():
        if "-" in word:
            for part in word.split("-"):
                in_compounds[part] += count
    for word, forms in lexicon.cased.items():
        form, count = min(forms.items(), key=lambda entry: (-entry[1], entry[0]))
        if count > lexicon.lower[word] + in_compounds[word]:
            written[word] = form
    return written


def _display(key: Key, surfaces: Counter[str], written: dict[str, str]) -> str:
    """The commonest way to write the phrase, proper nouns and short forms in their own case, else lower
    case."""
    forms: Counter[str] = Counter()
    for surface, count in surfaces.items():
        forms[_recase(surface, written)] += count
    if not forms:
        return " ".join(key)
    return min(forms.items(), key=lambda entry: (-entry[1], len(entry[0]), entry[0]))[0]


def _recase(surface: str, written: dict[str, str]) -> str:
    return " ".join(
        "-".join(_recase_word(part, written) for part in word.split("-"))
        if word.islower() or word.lower() not in written
        else written[word.lower()]
        for word in surface.split(" ")
    )


def _recase_word(word: str, written: dict[str, str]) -> str:
    # Small letters are meant; capitals may be a title's or a shout.
    if word.islower() or (any(c.isupper() for c in word[1:]) and not (word.isupper() and len(word) > 6)):
        return word
    return written.get(word.lower(), word.lower())
