"""Mining concepts from titles, keywords and abstracts: no training, one pass, linear in the text.

A candidate is a run of words that ends in a noun which tells its kind (heads.py), or a keyword that authors
gave. What is kept is mentioned often enough to be a term and seldom enough to say something. Short forms are
resolved where a text introduces them ("neural machine translation (NMT)"; Schwartz and Hearst 2003).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from fallow.concepts.concept import Concept, ConceptKind, ConceptTable
from fallow.concepts.heads import COUNTABLE, DULL_PHRASES, EXCEPTIONS, KINDS
from fallow.topics.phrases import singular
from fallow.topics.vocabulary import BOUNDARIES, DULL_FIRST, DULL_LAST, VERBS
from fallow_ingest.catalog import StoredPaper

LONGEST = 4
"""Words of a concept at most."""
TEXT_LIMIT = 4_000
"""Characters of an abstract that are read."""
MOST = 0.08
"""Share of the papers above which a phrase says too little to be a concept."""

_SPELLINGS = 40

Key = tuple[str, ...]

_MARKUP = re.compile(r"<[^<>]{0,80}>|\$[^$]{0,200}\$|\\[a-zA-Z]{1,30}|https?://\S{1,300}|[{}~]")
_TOKEN = re.compile(r"[^\W_]+(?:[-'’+/.][^\W_]+)*|[^\s\w]")
_SHORT_FORM = re.compile(r" \(([A-Z][A-Za-z0-9-]{1,8}?)s?\)")
_BEFORE_SHORT_FORM = 90
_NUMBER = re.compile(r"^[\d.,/+-]+(?:st|nd|rd|th|s|k|m|b|x|d)?$|^(?:19|20)\d\d")
_NAME = re.compile(r"^(?=.*[a-z])(?=.*[A-Z].*[A-Z])[A-Z][A-Za-z0-9+-]{2,24}$")
_LATIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9+./'’-]*$")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WEAK_MODIFIERS = _words(
    """
    efficient effective scalable fast accurate automatic modern several three four five six seven eight
    nine ten underlying corresponding resulting entire individual multiple single whole given large
    larger largest small smaller big long longer short shorter strong stronger weak flexible
    model-agnostic widely-used interpretable robust lightweight learnable well-known real-world
    high-quality large-scale full actual final-answer fluent correct incorrect such-as own further
    future possible current next good right wrong same optimal quantitative detailed theoretical learned
    labeled unlabeled annotated public published human-level human ordinary plain quality custom longest
    heavy early earlier later older newer
    """
)


_MORE_VERBS = _words(
    """
    asks ask replaces replace replaced continues continue beats beat raises raise raised adds add needs
    matches drops drop keeps turns turn reads read writes write mixes joins puts lets makes costs scores
    serves runs uses picks feeds treats fixes fix selects selecting choosing chooses supplies supply
    extra fewer constant no another whole longer than
    """
)


@lru_cache(maxsize=300_000)
def _folded(word: str) -> str:
    return singular(word.lower().replace("’", "'").removesuffix("'s"))


@lru_cache(maxsize=300_000)
def _breaks(word: str) -> bool:
    lower = word.lower()
    if (
        not word[0].isalnum()
        or len(word) > 40
        or lower in BOUNDARIES
        or lower in VERBS
        or lower in _MORE_VERBS
    ):
        return True
    return bool(_NUMBER.match(lower)) or lower.endswith("ly") or not _LATIN.match(word)


def key_of(text: str) -> Key:
    """The folded key of a phrase.

    >>> key_of("Neural Machine Translations")
    ('neural', 'machine', 'translation')
    """
    return tuple(_folded(word) for word in _TOKEN.findall(text) if word[0].isalnum())


def kind_of(key: Sequence[str]) -> ConceptKind | None:
    """What kind of thing a phrase names, None when its words do not tell.

    >>> kind_of(("neural", "machine", "translation")), kind_of(("variational", "inference"))
    ('task', 'method')
    """
    for length in range(len(key), 0, -1):
        found = EXCEPTIONS.get(" ".join(key[-length:]))
        if found is not None:
            return found
    last = key[-1]
    return KINDS.get(last) or KINDS.get(last.rsplit("-", 1)[-1])


@dataclass(slots=True)
class _Mined:
    mentions: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    about: dict[Key, set[int]] = field(default_factory=lambda: defaultdict(set))
    surfaces: dict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    standing: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    in_text: set[Key] = field(default_factory=set)
    given: Counter[Key] = field(default_factory=Counter)
    shouted: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    short_forms: Counter[tuple[str, Key]] = field(default_factory=Counter)
    years: dict[int, int] = field(default_factory=dict)


def mine_concepts(
    papers: Iterable[StoredPaper], *, least: int | None = None, most: float = MOST
) -> ConceptTable:
    """The concepts of papers.

    least: papers that must mention a phrase (default: 2, and 4 in libraries of over 5,000 papers; one keyword
    list suffices in libraries of under 2,000). most: share of the papers above which a phrase is dropped.
    """
    mined = _Mined()
    for paper in papers:
        _read(paper, mined)
    total = len(mined.years)
    if least is None:
        least = 4 if total > 5_000 else 2
    _resolve_short_forms(mined)
    ceiling = max(25.0, most * total)
    concepts: list[Concept] = []
    for key in sorted(mined.mentions):
        numbers = sorted(set(mined.mentions[key]))
        enough = len(numbers) >= least or (total < 2_000 and mined.given[key] > 0)
        kind = kind_of(key)
        whole = mined.given[key] > 0 or (key in mined.in_text and _stands_alone(mined.standing[key]))
        if not enough or not whole or len(numbers) > ceiling or kind is None:
            continue
        label = _label(key, mined.surfaces[key])
        concepts.append(
            Concept(len(concepts), key, label, kind, tuple(numbers), tuple(sorted(mined.about[key])))
        )
    return ConceptTable(tuple(concepts), mined.years)


def _read(paper: StoredPaper, mined: _Mined) -> None:
    number = paper.number
    mined.years[number] = paper.year or 0
    abstract = _MARKUP.sub(" ", paper.abstract[:TEXT_LIMIT])
    found: set[Key] = set()
    for text, weight in ((_MARKUP.sub(" ", paper.title[:500]), 1), (abstract, 3)):
        tokens = _TOKEN.findall(text)
        keys = _candidates(tokens, mined, weight)
        found |= keys
        if weight == 3:
            for key in keys:
                mined.in_text.add(key)
        else:
            for key in keys:
                mined.about[key].add(number)
        for token in tokens:
            if len(token) > 1 and token.isupper() and token.isalnum():
                mined.shouted[token].add(number)
    for keyword in paper.keywords[:50]:
        key = key_of(keyword[:100])
        if 1 <= len(key) <= LONGEST and _admissible(key, by_hand=True):
            found.add(key)
            mined.given[key] += 1
            mined.about[key].add(number)
            mined.surfaces[key][keyword[:100].strip()] += 2
            # "conference peer review" is about peer review too.
            for whole in (key[first:] for first in range(1, len(key) - 1)):
                if _admissible(whole):
                    found.add(whole)
                    mined.about[whole].add(number)
                    mined.surfaces[whole][" ".join(keyword[:100].split()[-len(whole) :])] += 1
    if "(" in abstract:
        for match in _SHORT_FORM.finditer(abstract):
            before = abstract[max(0, match.start() - _BEFORE_SHORT_FORM) : match.start()]
            _note_short_form(before, match.group(1), mined)
    for key in found:
        mined.mentions[key].append(number)


def _candidates(tokens: Sequence[str], mined: _Mined, weight: int) -> set[Key]:
    """Keys of the phrases that end in a telling noun; how they are written and where they stand is
    counted.
    """
    found: set[Key] = set()
    told = [_told(token) for token in tokens]
    start = 0
    for position, (folded, breaks, heads) in enumerate(told):
        if breaks:
            start = position + 1
            continue
        if not heads or position == start:
            continue
        ends = position + 1 == len(told) or told[position + 1][1]
        for first in range(max(start, position - LONGEST + 1), position):
            key = (*[word for word, _, _ in told[first:position]], folded)
            if not _admissible(key):
                continue
            found.add(key)
            standing = mined.standing[key]
            standing[0] += 1
            standing[1] += ends
            standing[2] += first == start
            if standing[0] <= _SPELLINGS:
                mined.surfaces[key][" ".join(tokens[first : position + 1])] += weight
    return found


@lru_cache(maxsize=400_000)
def _told(token: str) -> tuple[str, bool, bool]:
    """(folded word, whether it ends a run of words, whether it is a telling noun)."""
    if _breaks(token):
        return "", True, False
    folded = _folded(token)
    return folded, False, folded in KINDS or folded.rsplit("-", 1)[-1] in KINDS


def _stands_alone(standing: Sequence[int]) -> bool:
    """Whether a phrase is a whole: it often ends its run of words ("pre-trained language" does not) and often
    begins it ("language inference" does not)."""
    counted, ending, starting = standing
    return ending + 1 >= 0.35 * counted and starting + 1 >= 0.3 * counted


@lru_cache(maxsize=400_000)
def _admissible(key: Key, *, by_hand: bool = False) -> bool:
    if not key or " ".join(key) in DULL_PHRASES:
        return False
    first, last = key[0], key[-1]
    if first in DULL_FIRST or first in _WEAK_MODIFIERS or last in DULL_LAST or any(w in VERBS for w in key):
        return False
    if not by_hand and (len(key) < 2 or first in DULL_LAST or (first.endswith("ing") and len(first) < 6)):
        return False
    if any(len(word) < 2 for word in key) or len(set(key)) < len(key):
        return False
    return len(key) > 1 or "-" in first


def _note_short_form(long: str, short: str, mined: _Mined) -> None:
    letters = [c for c in short.lower() if c.isalnum()]
    words = re.split(r"[ -]", long)[-len(letters) :]
    if len(words) == len(letters) and all(
        word[:1].lower() == letter for word, letter in zip(words, letters, strict=True)
    ):
        mined.short_forms[short, key_of(" ".join(words))] += 1


def _resolve_short_forms(mined: _Mined) -> None:
    """Papers that only use the short form mention the long one, where the short form has one clear
    reading.
    """
    readings: dict[str, list[tuple[int, Key]]] = defaultdict(list)
    for (short, key), count in mined.short_forms.items():
        readings[short].append((count, key))
    for short, found in sorted(readings.items()):
        found.sort(key=lambda entry: (-entry[0], entry[1]))
        clear = len(found) == 1 or found[0][0] >= 3 * found[1][0]
        key = found[0][1]
        if clear and len(short) > 2 and key in mined.mentions:
            mined.mentions[key].extend(sorted(mined.shouted.get(short, ())))


def _label(key: Key, surfaces: Counter[str]) -> str:
    """The commonest spelling; countable heads in the plural, title case undone where running text
    does not shout.
    """
    forms: Counter[str] = Counter()
    for surface, count in surfaces.items():
        forms[" ".join(_recase(word) for word in surface.split())] += count
    best = min(forms.items(), key=lambda entry: (-entry[1], len(entry[0]), entry[0]))[0]
    return pluralised(best) if key[-1].rsplit("-", 1)[-1] in COUNTABLE else best


def _recase(word: str) -> str:
    if "-" in word and not word.isupper():
        return "-".join(_recase(part) for part in word.split("-"))
    if any(letter.isupper() for letter in word[1:]) or any(letter.isdigit() for letter in word):
        return word
    return word if word.lower() in _PROPER else word.lower()


_PROPER = _words(
    """
    bayesian gaussian markov monte carlo gibbs langevin fisher hilbert
    riemannian wasserstein bernoulli dirichlet poisson boltzmann hamiltonian laplacian fourier chinese
    english german french japanese arabic spanish russian hindi korean italian portuguese turkish czech
    dutch finnish indian african european american wikipedia twitter reddit minecraft atari python bert
    hopfield kalman bellman thompson lipschitz nyström euclidean hessian nash granger latin greek hebrew
    persian urdu vietnamese swedish danish norwegian polish romanian basque welsh irish turing viterbi
    kaggle
    """
)


def pluralised(phrase: str) -> str:
    """The phrase with its last word in the plural.

    >>> pluralised("conditional random field"), pluralised("web query"), pluralised("late-interaction models")
    ('conditional random fields', 'web queries', 'late-interaction models')
    """
    last = phrase.rsplit(" ", 1)[-1]
    if singular(last.lower()) != last.lower() or last.lower().endswith(("data", "corpora", "media")):
        return phrase
    if last.isupper() or last[-1].isupper():
        return f"{phrase}s"
    if last.endswith(("x", "ch", "sh", "ss")):
        return f"{phrase[:-2]}ices" if last.endswith("matrix") else f"{phrase}es"
    if last.endswith("corpus"):
        return f"{phrase[:-2]}ora"
    if last.endswith("y") and len(last) > 2 and last[-2] not in "aeiou":
        return f"{phrase[:-1]}ies"
    return f"{phrase}s"
