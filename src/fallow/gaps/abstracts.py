"""What abstracts tell: how a weakness was overcome, and what is wrong with the subject as it stands."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fallow.gaps.weaknesses import weaknesses, word_starts
from fallow_ingest.catalog import StoredPaper
from fallow_ingest.text.sentences import split_sentences

SHORTEST, LONGEST = 25, 420
"""Characters of a sentence that people can read as a quote."""


@dataclass(frozen=True, slots=True)
class Place:
    """One sentence of an abstract: abstract[start:end]."""

    paper: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Complaint:
    """A sentence that tells weaknesses of a subject, and of the work before the paper. weaknesses: keys."""

    place: Place
    weaknesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Abstracts:
    """What the abstracts of a library tell. cures: weakness key -> sentences."""

    cures: Mapping[str, Sequence[Place]]
    complaints: Sequence[Complaint]


_DOUBT = re.compile(
    r"\b(?:however|unfortunately|remains?|cannot|fail\w*|suffer\w*|lacks?|existing|previous|prior work|"
    r"challeng\w*|difficult\w*|traditional|conventional|most current|we ask|whether|problem of|limited|"
    r"expensive|do not|does not|is not|are not|but|although)\b"
)
_COMPLAINS = re.compile(
    r"\b(?:however|unfortunately|remains?|cannot|fails?|suffers?|lacks?|lack of|challenging|difficult|"
    r"problem of|limited|hindered|expensive|costly|scarce|scarcity|prohibitive\w*|do not|does not|hard to|"
    r"time-consuming)\b"
)
_CLAIMS = re.compile(
    r"\b(?:we (?:propose|present|introduce|show|develop|address|tackle|find|demonstrate)|our \w+|unlike|"
    r"to (?:address|overcome|tackle|alleviate|mitigate)|outperforms?|the proposed|this paper)\b"
)


def read_abstracts(papers: Iterable[StoredPaper]) -> Abstracts:
    """Read every abstract once, sentence by sentence."""
    ledger = weaknesses()
    cures: dict[str, list[Place]] = defaultdict(list)
    complaints: list[Complaint] = []
    for paper in papers:
        starts = word_starts(paper.abstract.lower())
        curable = [weakness for weakness in ledger if weakness.remedy.possible_among(starts)]
        admitted = [weakness for weakness in ledger if weakness.admit.possible_among(starts)]
        if not curable and not admitted:
            continue
        for start, end in split_sentences(paper.abstract):
            if not SHORTEST <= end - start <= LONGEST:
                continue
            sentence = " ".join(paper.abstract[start:end].lower().split())
            place = Place(paper.number, start, end)
            hopeful = _DOUBT.search(sentence) is None
            bitter = _COMPLAINS.search(sentence) is not None and _CLAIMS.search(sentence) is None
            if not (hopeful or bitter):
                continue
            starts = word_starts(sentence)
            if hopeful:
                for weakness in curable:
                    if weakness.remedy.possible_among(starts) and weakness.remedy.found_in(sentence):
                        cures[weakness.key].append(place)
            if bitter:
                found = tuple(
                    weakness.key
                    for weakness in admitted
                    if weakness.admit.possible_among(starts) and weakness.admit.found_in(sentence)
                )
                if found:
                    complaints.append(Complaint(place, found))
    return Abstracts(dict(cures), complaints)
