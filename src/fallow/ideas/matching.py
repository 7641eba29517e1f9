"""Bringing burdens and cures together: who admits a weakness, and who cured the like elsewhere?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fallow.concepts import Concept
from fallow.concepts.mining import key_of
from fallow.gaps.burdens import Burden
from fallow.gaps.meetings import never_met, parts_of
from fallow.gaps.survey import Saying, Survey, is_target
from fallow.gaps.weaknesses import Weakness, weaknesses
from fallow.ideas.wording import fits_a_sentence
from fallow_ingest.text.sentences import split_sentences

Vectors = NDArray[np.floating[Any]]

NEXT_TO = 0.58
"""Cosine from which two papers are about the same subject."""
LEAST_FIT = 0.2
RARE = 5
"""Papers up to which a method is so special that its paper must mean it."""
CANDIDATES = 40
"""Cures a burden is compared with sentence by sentence, after a look at whole papers."""


class Meaning(Protocol):
    """What matching asks of an index: vectors of papers by number, and of sentences."""

    def of_papers(self, numbers: Sequence[int]) -> Vectors:
        """Unit vectors [n, d]; zeros for papers that the index does not hold."""

    def of_texts(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors [n, d]."""


@dataclass(frozen=True, eq=False)
class Cure:
    """A method that a paper tells to have cured a weakness elsewhere. home: where it did, None if not
    told.
    """

    saying: Saying
    method: Concept
    home: Concept | None


@dataclass(frozen=True, eq=False)
class Match:
    """A burden and a cure that never met. fit: 0 to 1, how alike the two situations are in meaning.

    proofs: papers in which the method is told to cure the weakness. earlier: what the curing paper says of
    the work before it, where that is the evidence.
    """

    burden: Burden
    cure: Cure
    fit: float
    proofs: tuple[int, ...]
    earlier: Saying | None = None


@dataclass(frozen=True, eq=False)
class _Pair:
    """A burden with a possible cure, before they are compared. told: the sentence that is compared."""

    burden: Burden
    cure: Cure
    told: Saying
    earlier: Saying | None = None


def find_matches(
    survey: Survey, meaning: Meaning, burdens: Sequence[Burden], *, per_burden: int = 3
) -> list[Match]:
    """The best cures for each burden, best first."""
    pairs = []
    for burden in burdens:
        foreign = _Foreign(survey, meaning, burden)
        cures = _candidates(survey, meaning, burden, foreign)
        pairs += [_Pair(burden, cure, cure.saying) for cure in cures]
    return _compared(survey, meaning, pairs, per_burden)


def find_patches(
    survey: Survey, meaning: Meaning, burdens: Sequence[Burden], *, per_burden: int = 3
) -> list[Match]:
    """The best patches for each burden: papers that name the same weakness in what came before them."""
    by_weakness = _earlier_by_weakness(survey)
    pairs = []
    for burden in burdens:
        foreign = _Foreign(survey, meaning, burden)
        for earlier in by_weakness.get(burden.weakness.key, ()):
            if foreign.holds(earlier.paper):
                cure = _patching(survey, burden, earlier)
                if cure is not None:
                    pairs.append(_Pair(burden, cure, earlier, earlier))
    return _compared(survey, meaning, pairs, per_burden)


def _earlier_by_weakness(survey: Survey) -> dict[str, list[Saying]]:
    found: dict[str, list[Saying]] = {}
    for saying in survey.earlier:
        lowered = " ".join(saying.text.lower().split())
        for weakness in weaknesses():
            if weakness.family != "resource" and weakness.admit.found_in(lowered):
                found.setdefault(weakness.key, []).append(saying)
    return found


def _patching(survey: Survey, burden: Burden, earlier: Saying) -> Cure | None:
    """The method of the paper that names an earlier weakness, with the sentence that tells what it
    does instead.
    """
    limit = special(survey)
    methods = [
        method
        for method in survey.methods_of(earlier.paper)
        if len(method.papers) <= limit
        and fits_a_sentence(method.label)
        and not _part_of_trouble(burden.weakness, method)
        and (_carries(burden.weakness, method) or len(method.papers) <= RARE)
        and never_met(survey, method, burden.target)
    ]
    if not methods:
        return None
    method = max(methods, key=lambda m: (_carries(burden.weakness, m), -len(m.papers), m.label))
    least = 1.5 if _carries(burden.weakness, method) else 2.0
    told = _what_it_does(survey, burden.weakness, method, earlier, least)
    if told is None:
        return None
    return Cure(told, method, _home(survey, earlier.paper, burden.target, method))


def _what_it_does(
    survey: Survey, weakness: Weakness, method: Concept, earlier: Saying, least: float
) -> Saying | None:
    """The sentence of the abstract that best tells of the cure, None when none scores `least`.

    2 for telling of the cure, 1.5 for naming the method, 0.5 for a verb of doing.
    """
    paper = survey.papers[earlier.paper]
    cured = {(s.start, s.end) for s in survey.cures.get(weakness.key, ()) if s.paper == paper.number}
    best: tuple[float, int] | None = None
    for start, end in split_sentences(paper.abstract):
        text = paper.abstract[start:end]
        if not 40 <= end - start <= 420 or (earlier.section is None and earlier.start == start):
            continue
        words = key_of(text)
        score = 2.0 * ((start, end) in cured) + 1.5 * _within(method.key, words)
        score += 0.5 * bool(_DOES.search(text)) - 0.5 * bool(_LACKS.search(text))
        if score >= least and (best is None or score > best[0]):
            best = (score, start)
            told = Saying(paper.number, None, start, end, text, paper.text_origin)
    return told if best is not None else None


_DOES = re.compile(
    r"\b(?:we (?:propose|present|introduce|show|develop)|learns?|replaces?|reduces?|trains?|improves?)\b"
)
_LACKS = re.compile(r"\b(?:however|existing|previous|cannot|unfortunately|suffers?|fails?)\b", re.IGNORECASE)


def _compared(survey: Survey, meaning: Meaning, pairs: Sequence[_Pair], per_burden: int) -> list[Match]:
    """The pairs whose two sides are alike enough in meaning, the best few for each burden, best first."""
    if not pairs:
        return []
    texts = sorted({p.burden.sayings[0].text for p in pairs} | {p.told.text for p in pairs})
    place = {text: at for at, text in enumerate(texts)}
    vectors = meaning.of_texts(texts)
    papers = sorted({p.burden.papers[0] for p in pairs} | {p.told.paper for p in pairs})
    spot = {number: at for at, number in enumerate(papers)}
    subjects = meaning.of_papers(papers)
    by_burden: dict[str, list[Match]] = {}
    for pair in pairs:
        burden, cure = pair.burden, pair.cure
        said = float(vectors[place[burden.sayings[0].text]] @ vectors[place[pair.told.text]])
        near = float(subjects[spot[burden.papers[0]]] @ subjects[spot[pair.told.paper]])
        named = 0.05 if _within(cure.method.key, key_of(cure.saying.text)) else 0.0
        known = 0.05 if _carries(burden.weakness, cure.method) else 0.0
        fit = min(1.0, max(0.0, 0.5 * said + 0.5 * near + known + named))
        if fit >= LEAST_FIT:
            proofs = _proofs(survey, burden.weakness, cure.method) or (pair.told.paper,)
            match = Match(burden, cure, fit, proofs, pair.earlier)
            by_burden.setdefault(burden.name, []).append(match)
    kept: list[Match] = []
    for matches in by_burden.values():
        matches.sort(key=lambda match: (-match.fit, match.cure.method.label, match.cure.saying.paper))
        kept += _distinct(matches)[:per_burden]
    return sorted(kept, key=_rank)


def _rank(match: Match) -> tuple[float, str, str]:
    return (-match.fit * match.burden.weight**0.5, match.burden.name, match.cure.method.label)


def _distinct(matches: Iterable[Match]) -> list[Match]:
    """One match a method, and one a cured paper."""
    seen: set[object] = set()
    kept = []
    for match in matches:
        names = {match.cure.method.id, ("paper", match.cure.saying.paper)}
        if not names & seen:
            kept.append(match)
            seen |= names
    return kept


def _candidates(survey: Survey, meaning: Meaning, burden: Burden, foreign: _Foreign) -> list[Cure]:
    """Cures of the weakness that the target has not met, nearest papers first."""
    cures: list[Cure] = []
    for saying in survey.cures.get(burden.weakness.key, ()):
        if not foreign.holds(saying.paper):
            continue
        for method in _methods(survey, burden.weakness, saying):
            if never_met(survey, method, burden.target):
                cures.append(Cure(saying, method, _home(survey, saying.paper, burden.target, method)))
                break
    if len(cures) <= CANDIDATES:
        return cures
    vectors = meaning.of_papers([cure.saying.paper for cure in cures])
    anchor = meaning.of_papers(burden.papers[:5]).mean(axis=0)
    order = np.argsort(-(vectors @ anchor), kind="stable")[:CANDIDATES]
    return [cures[int(at)] for at in order]


class _Foreign:
    """Tells papers that are about another subject than the burden's target.

    A paper is at home when it has the concept, cites a paper that admits the burden, or is in meaning next to
    any paper on the target.
    """

    def __init__(self, survey: Survey, meaning: Meaning, burden: Burden) -> None:
        self._survey = survey
        self._meaning = meaning
        self._home = set(burden.target.papers)
        self._admitting = burden.papers
        self._neighbours = meaning.of_papers([*burden.target.about[:200], *self._admitting])

    def holds(self, paper: int) -> bool:
        """Whether the paper is about something else."""
        if paper in self._home or any(paper in self._survey.citing.get(n, ()) for n in self._admitting):
            return False
        return float(np.max(self._neighbours @ self._meaning.of_papers([paper])[0])) < NEXT_TO


def _methods(survey: Survey, weakness: Weakness, saying: Saying) -> list[Concept]:
    """The methods that may carry a cure, best first: named in its sentence, or of a telling kind and
    a subject.
    """
    words = key_of(saying.text)
    limit = special(survey)
    found = []
    for method in survey.concepts.mentioned_in(saying.paper):
        if method.kind != "method" or len(method.papers) > limit or not fits_a_sentence(method.label):
            continue
        subject = saying.paper in method.about
        named = _within(method.key, words)
        telling = _carries(weakness, method)
        if named + subject + telling >= 2 and not _part_of_trouble(weakness, method):
            found.append((-named - telling, -subject, len(method.papers), method.label, method))
    return [method for *_, method in sorted(found, key=lambda entry: entry[:4])]


def _part_of_trouble(weakness: Weakness, method: Concept) -> bool:
    return not weakness.never.isdisjoint({part for word in method.key for part in (word, *word.split("-"))})


def special(survey: Survey) -> int:
    """Papers up to which a method says something special."""
    return max(10, len(survey.papers) // 150)


def _carries(weakness: Weakness, method: Concept) -> bool:
    parts = {part for word in method.key for part in (word, *word.split("-"))}
    return not weakness.by.isdisjoint(parts)


def _within(key: Sequence[str], words: Sequence[str]) -> bool:
    size = len(key)
    return any(tuple(words[at : at + size]) == tuple(key) for at in range(len(words) - size + 1))


def _home(survey: Survey, paper: int, target: Concept, method: Concept) -> Concept | None:
    """What the cure's paper is about, to say where it worked."""
    homes = [
        concept
        for concept in survey.concepts.subjects_of(paper)
        if is_target(concept) and concept.id not in (target.id, method.id) and fits_a_sentence(concept.label)
    ]
    homes = [home for home in homes if not parts_of(home.key) & parts_of(method.key)]
    return max(homes, key=lambda home: (home.kind == "task", len(home.about), home.label), default=None)


def _proofs(survey: Survey, weakness: Weakness, method: Concept) -> tuple[int, ...]:
    with_method = set(method.papers)
    cured = dict.fromkeys(s.paper for s in survey.cures.get(weakness.key, ()) if s.paper in with_method)
    return tuple(cured)
