"""From a paper's stored text to candidate sentences, and from probabilities to statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fallow.statements.boilerplate import is_boilerplate, is_denial, is_prose
from fallow.statements.classifier import KIND_HEADS, LEDGER, StatementClassifier
from fallow.statements.cores import core_of
from fallow.statements.cues import cue_vector, is_candidate, may_have_cue, prepare, shows_weakness
from fallow.statements.features import Sample
from fallow.statements.ownership import owner_of, strength_of
from fallow.statements.statement import Owner, StatementKind, Strength
from fallow_ingest.catalog import StoredPaper, StoredSection
from fallow_ingest.records import SectionKind
from fallow_ingest.text.sections import section_kind
from fallow_ingest.text.sentences import Span, split_sentences

NEVER_READ: frozenset[SectionKind] = frozenset({"references", "acknowledgements", "ethics"})
ADMITTING: frozenset[SectionKind] = frozenset({"limitations", "future_work"})
"""Sections whose every sentence is looked at."""
FRANK: frozenset[SectionKind] = frozenset({"abstract", "conclusion", "discussion"})
"""Sections in which weak cues suffice."""
_OUR_LISTS: frozenset[SectionKind] = ADMITTING | {"related_work"}
"""Sections of our own summaries: what was written into them is a statement."""
_READ_FIRST: tuple[SectionKind, ...] = ("limitations", "future_work", "conclusion", "discussion", "abstract")
LONGEST_TEXT = 2_000_000
"""Characters read of one section: beyond that it is no section."""
MOST_CANDIDATES = 400
"""Of one paper, in the order of sections: a hostile paper cannot fill the ledger."""
_LEAST: dict[StatementKind, float] = {
    "limitation": 0.9,
    "future_work": 0.9,
    "open_question": 0.6,
    "negative_result": 0.6,
}
"""Probability of its kind that a sentence must reach, chosen by reading (docs/limitations.md)."""
_ADMITTING_LEAST, _ANY_LEAST = 0.6, 0.6
"""The same in sections of admissions; and that it is a statement of any kind."""
_LONGEST_KEPT = 700
_SURELY_AHEAD = re.compile(
    r"\b(?:future|further|later|subsequent|additional) (?:\w+ )?(?:works?|research|stud(?:y|ies)"
    r"|investigation|exploration|"
    r"directions?|extensions?|papers?|versions?|improvements?)\b|\bin (?:the |our )?(?:near )?future\b"
    r"|\b(?:leave|left|leaving|defer)\b.{0,120}\b(?:future|later|open|further)\b|\bremains? (?:to be"
    r"|future)\b"
    r"|\b(?:plan|intend|planning|intending) to\b|\bis planned\b|\bare planned\b|\bongoing work\b"
    r"|\bwe are (?:also |currently |now |presently )+(?:\w+ing)\b|\bcurrently (?:investigating|exploring"
    r"|working|developing|extending)\b"
    r"|\b(?:interesting|promising|possible|natural|worthwhile|useful|exciting) (?:\w+ )?(?:directions?"
    r"|avenues?|extensions?|lines?)\b"
    r"|\bwould (?:also )?be (?:\w+ )?(?:interesting|worthwhile|useful|valuable|beneficial|desirable"
    r"|instructive) to\b"
    r"|\bworth (?:\w+ing|of)\b|\b(?:deserves?|warrants?|merits?) (?:\w+ )?(?:further|more|investigation"
    r"|study|attention)\b"
)
_GIVES_TO_OTHERS = re.compile(
    r"\b(?:provid|construct|releas|availab|creat|serv|inspir|foster|facilitat|encourag|stimulat|pav"
    r"|enabl|support|motivat)"
    r"\w* .{0,100}\b(?:future|further|more \w+) (?:\w+ )?(?:research|work|stud(?:y|ies)|comparisons?|progress"
    r"|developments?)\b"
)
"""A corpus "for future research" is a gift, no plan."""
_ASKS = re.compile(
    r"\?|\bopen\b|\bunclear\b|\bun(?:known|solved|resolved|answered|explored)\b|\bquestions?\b"
    r"|\bunder-?(?:explored|studied)\b"
    r"|\bnot (?:\w+ )?(?:\w+ )?(?:clear|known|understood|obvious|studied|explored|established|resolved"
    r"|addressed)\b"
    r"|\bremains? (?:\S+ ){0,3}(?:to be|challeng\w+|difficult|elusive|mystery)\b"
    r"|\blittle (?:\w+ )?(?:is known|work|understanding)\b"
    r"|\bpoorly understood\b|\bno (?:\w+ )?(?:known|clear|standard|consensus|theoretical)\b"
    r"|\bfew \w+ (?:have|has)\b"
)
_EXTENDABLE = re.compile(
    r"\b(?:can|could|may|might) (?:also |then )?be (?:\w+ly )?(?:extended|generali[sz]ed|carried over)\b"
)
_LOOKS_AHEAD = re.compile(
    rf"{_SURELY_AHEAD.pattern}|\b(?:could|can|might|may|should|will|must|needs? to|has to"
    rf"|have to) (?:also |further |then |easily |still )*"
    r"(?:be (?:\w+ly )?(?:extended|improved|explored|investigated|applied|addressed|studied|considered"
    r"|incorporated|integrated|combined|"
    r"adapted|generali[sz]ed|used|added|enhanced|refined|examined|tested|replaced|developed|relaxed"
    r"|solved|made|done|taken|evaluated)"
    r"|investigate|explore|extend|study|apply|examine|try|improve|continue|incorporate|address|evaluate"
    r"|test|include|focus|work|aim|help|develop)\b"
    r"|\bone (?:could|can|might|may)\b|\bwe (?:\w+ )?(?:hope|would like|want|wish|aim|envision"
    r"|suggest)\b|\bnext (?:steps?|is|we)\b"
    r"|\b(?:interesting|interested|promising|further|extensions?|ongoing|next step|investigating"
    r"|planned)\b|\bopens? (?:up )?\b"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sentence worth the classifier's time.

    section: its id, None for the abstract; start, end: offsets into its text; summary: the words are ours.
    """

    sample: Sample
    section: int | None
    start: int
    end: int
    summary: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A statement before it has an id: what the store writes. review: its row, None when authors say it."""

    section: int | None
    kind: StatementKind
    owner: Owner
    strength: Strength
    text: str
    start: int
    end: int
    score: float
    core: str
    review: int | None = None


def candidates(paper: StoredPaper, sections: Sequence[StoredSection]) -> tuple[list[Candidate], int]:
    """Candidate sentences of a paper, admitting sections first, and how many sentences were read."""
    found: list[Candidate] = []
    sentences = 0
    summary = paper.text_origin == "fallow"
    for number, kind, text in _places(paper, sections):
        spans = split_sentences(text[:LONGEST_TEXT])
        if summary:
            spans = closed_spans(text, spans)
        sentences += len(spans)
        all_of_it = summary and kind in _OUR_LISTS
        for place, (start, end) in enumerate(spans):
            if len(found) >= MOST_CANDIDATES or not (all_of_it or _worth_reading(text[start:end], kind)):
                continue
            before = text[slice(*spans[place - 1])] if place else ""
            after = text[slice(*spans[place + 1])] if place + 1 < len(spans) else ""
            sample = Sample(text[start:end], before, after, kind)
            found.append(Candidate(sample, number, start, end, summary))
    return found, sentences


def closed_spans(text: str, spans: Sequence[Span]) -> list[Span]:
    """Spans joined until their parentheses are closed: a title in them may hold a question mark.

    >>> closed_spans("It fails (Why? A study). So.", [Span(0, 14), Span(15, 24), Span(25, 28)])
    [Span(start=0, end=24), Span(start=25, end=28)]
    """
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and text.count("(", last.start, last.end) > text.count(")", last.start, last.end):
            joined[-1] = Span(last.start, span.end)
        else:
            joined.append(span)
    return joined


def _places(
    paper: StoredPaper, sections: Sequence[StoredSection]
) -> Iterator[tuple[int | None, SectionKind, str]]:
    """(section id, kind, text) of what is read, the most telling kinds first."""
    places: list[tuple[int | None, SectionKind, str]] = []
    if paper.text_origin != "fallow":  # our summaries tell limitations in sections of their own
        places.append((None, "abstract", paper.abstract))
    for section in sections:
        kind = section.kind if section.kind != "other" else section_kind(section.heading)
        # A PDF's first, unheaded section repeats title and abstract.
        if kind not in NEVER_READ and not (kind == "abstract" and paper.abstract):
            places.append((section.number, kind, section.text))
    order = {kind: rank for rank, kind in enumerate(_READ_FIRST)}
    return iter(sorted(places, key=lambda place: order.get(place[1], len(order))))


def _worth_reading(sentence: str, kind: SectionKind) -> bool:
    if kind not in ADMITTING and not may_have_cue(sentence):
        return False
    prepared = prepare(sentence)
    if len(prepared) > _LONGEST_KEPT or not is_prose(prepared) or is_boilerplate(prepared):
        return False
    return kind in ADMITTING or is_candidate(cue_vector(prepared), weak=kind in FRANK)


def statements_among(
    found: Sequence[Candidate], probabilities: npt.NDArray[np.float32], classifier: StatementClassifier
) -> list[Found]:
    """The candidates that are statements. probabilities: [n, heads] of `classifier`."""
    any_column = classifier.column(f"{LEDGER}any")
    kind_columns = classifier.columns([f"{LEDGER}{kind}" for kind in KIND_HEADS])
    kept = []
    for candidate, row in zip(found, probabilities, strict=True):
        place = int(np.argmax(row[kind_columns]))
        kind, probability = KIND_HEADS[place], float(row[kind_columns[place]])
        if kind == "limitation" and candidate.sample.text.rstrip().endswith("?"):
            kind = "open_question"
        elif kind == "limitation" and _EXTENDABLE.search(prepare(candidate.sample.text)):
            kind = "future_work"
        statement = judge(candidate, kind, probability, float(row[any_column]))
        if statement is not None:
            kept.append(statement)
    return kept


def holds_up(prepared: str, kind: StatementKind, section: SectionKind) -> bool:
    """Whether the words bear out what the classifier says: a plan names a plan, a weakness is not denied.

    Outside of the sections where authors look ahead, "we would like to" and "we will" tell what comes next in
    the paper, not what comes after it.
    """
    if kind == "open_question":
        return _ASKS.search(prepared) is not None
    if kind != "future_work":
        return not is_denial(prepared) and shows_weakness(cue_vector(prepared))
    if _GIVES_TO_OTHERS.search(prepared):
        return False
    return (_LOOKS_AHEAD if section in FRANK | ADMITTING else _SURELY_AHEAD).search(prepared) is not None


def judge(candidate: Candidate, kind: StatementKind, probability: float, any_kind: float) -> Found | None:
    """The statement a candidate makes, None when it makes none.

    kind: the likeliest; probability: of that kind; any_kind: that it is a statement at all.
    """
    sample = candidate.sample
    prepared = prepare(sample.text)
    owner: Owner
    if candidate.summary and sample.section in _OUR_LISTS:
        kind = "future_work" if sample.section == "future_work" else "limitation"
        owner = "prior" if sample.section == "related_work" else "own"
        score = max(probability, 0.5)
    else:
        score = probability
        owner = owner_of(prepared, kind, sample.section, previous=prepare(sample.previous))
        least = min(_LEAST[kind], _ADMITTING_LEAST) if sample.section in ADMITTING else _LEAST[kind]
        if probability < least or any_kind < _ANY_LEAST or not holds_up(prepared, kind, sample.section):
            return None
    return Found(
        section=candidate.section,
        kind=kind,
        owner=owner,
        strength=strength_of(prepared),
        text=sample.text,
        start=candidate.start,
        end=candidate.end,
        score=round(score, 4),
        core=core_of(sample.text),
    )
