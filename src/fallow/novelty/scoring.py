"""How far each paper covers each claim: sentence by sentence, by meaning and by words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fallow.evidence import TITLE, Quote
from fallow.novelty import cues
from fallow.novelty.calibration import Calibration
from fallow.novelty.frequencies import TermWeights
from fallow.novelty.idea_text import IdeaText, is_order
from fallow.novelty.retrieval import Pool
from fallow.novelty.verdict import CORE_FACETS, Claim
from fallow.novelty.words import acronyms, content_terms, coverage, root, with_acronyms
from fallow.sentences import sentence_encoder
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.text.sentences import split_sentences

READ = 16
"""Papers whose sentences are read; the others of the pool are judged by their vectors and words."""
MOST_SENTENCES = 7
"""Sentences of one paper that are read: its title and those most like the claims or about its own work."""
LONGEST_SECTION = 60_000
"""Characters of one section that are looked at."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Candidate:
    """One paper of the pool.

    terms: roots of the words of title and abstract. quotes: its sentences with places.
    """

    paper: StoredPaper
    terms: frozenset[str]
    quotes: tuple[Quote, ...] = ()
    quote_terms: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, eq=False)
class Coverage:
    """How far one paper covers the claims, arrays [claims] (0 for claims of no words).

    score: calibrated chance that the paper covers the claim. sentence: cosine of the claim with the
    paper's nearest sentence. paper: cosine with title and abstract. words: weighted share of the claim's
    content words in title and abstract; in_sentence: in the sentence that has most. best: index into the
    candidate's quotes, -1 when none was read.
    """

    candidate: Candidate
    score: Floats
    sentence: Floats
    paper: Floats
    words: Floats
    in_sentence: Floats
    best: NDArray[np.int64]
    alignment: float


@dataclass(frozen=True, eq=False)
class Scored:
    """Every candidate that was read, scored, best joint coverage first.

    similarity, lexical: cosine and weighted share of words of the whole idea, for every paper of the pool.
    """

    claims: tuple[Claim, ...]
    claim_terms: tuple[tuple[str, ...], ...]
    weights: Mapping[str, float]
    rows: tuple[Coverage, ...]
    similarity: Mapping[int, float]
    lexical: Mapping[int, float]

    def joint(self, row: Coverage) -> float:
        """Chance-like score that this one paper covers every core facet: the least of the facets' means.

        An idea without facets that rules can tell is judged as a whole.
        """
        parts = [self.facet(row, facet) for facet in CORE_FACETS]
        known = [part for part in parts if part is not None]
        return min(known) if len(known) >= 2 else self.facet(row, "whole") or 0.0

    def mean(self, row: Coverage) -> float:
        """Mean score over the core facets, or of the whole where rules can tell none."""
        parts = [self.facet(row, facet) for facet in CORE_FACETS]
        known = [part for part in parts if part is not None]
        return sum(known) / len(known) if known else self.facet(row, "whole") or 0.0

    def recalibrated(self, calibration: Calibration) -> Scored:
        """The same evidence scored by another model."""
        rows = [
            replace(row, score=calibration.covered(row.sentence, row.paper, row.words, row.in_sentence))
            for row in self.rows
        ]
        return replace(self, rows=tuple(sorted(rows, key=self.rank)))

    def rank(self, row: Coverage) -> tuple[float, float, int]:
        """Sorting key: who covers the core facets best comes first."""
        return (-self.joint(row), -float(row.paper[0]), row.candidate.paper.number)

    def facet(self, row: Coverage, facet: str) -> float | None:
        """Mean score over the claims of a facet; None when the idea claims nothing of that kind."""
        scores = [float(row.score[at]) for at, claim in enumerate(self.claims) if claim.facet == facet]
        return sum(scores) / len(scores) if scores else None


@dataclass(frozen=True, eq=False)
class _Claimed:
    """The claims as they are compared. vectors: [claims, d]; idea_vectors: [sentences of the idea, d]."""

    claims: Sequence[Claim]
    terms: Sequence[Sequence[str]]
    weights: Mapping[str, float]
    vectors: Floats
    idea_vectors: Floats


def score_pool(
    idea: IdeaText,
    claims: tuple[Claim, ...],
    pool: Pool,
    searcher: Searcher,
    catalog: Catalog,
    weights: TermWeights,
    calibration: Calibration,
    *,
    read: int = READ,
) -> Scored:
    """Score the pool's papers against the claims; reads the sentences of the `read` most promising."""
    terms_of = tuple(tuple(content_terms(claim.text)) for claim in claims)
    sentences = [s.text for s in idea.sentences[:8]] or [idea.text]
    encoded = sentence_encoder().encode([*(claim.text for claim in claims), *sentences])
    known = {term: weights[term] for some in terms_of for term in some}
    claimed = _Claimed(claims, terms_of, known, encoded[: len(claims)], encoded[len(claims) :])
    papers = catalog.papers_by_number(pool.order)
    numbers = [number for number in pool.order if number in papers]
    short = acronyms([idea.text, *(papers[n].abstract for n in numbers)])
    roots = [with_acronyms(content_terms(f"{papers[n].title}. {papers[n].abstract}"), short) for n in numbers]
    similar = _vectors(searcher, numbers) @ searcher.encode([claim.text for claim in claims]).T
    words = np.array(
        [[coverage(some, present, known) for some in terms_of] for present in roots], dtype=np.float32
    ).reshape(len(numbers), len(claims))
    promise = _promise(claims, similar, words)
    chosen = sorted(range(len(numbers)), key=lambda at: (-promise[at], at))[:read]
    candidates = [_read(papers[numbers[at]], roots[at], catalog, claimed, short) for at in chosen]
    rows = _cover(candidates, claimed, similar[chosen], words[chosen], calibration)
    unranked = Scored(
        claims,
        terms_of,
        known,
        tuple(rows),
        dict(zip(numbers, map(float, similar[:, 0]), strict=True)),
        dict(zip(numbers, map(float, words[:, 0]), strict=True)),
    )
    return replace(unranked, rows=tuple(sorted(rows, key=unranked.rank)))


def _vectors(searcher: Searcher, numbers: Sequence[int]) -> Floats:
    """Dense vectors of papers, float32 [papers, d]; zeros for those the index does not hold."""
    rows = searcher.rows(numbers)
    vectors = np.array(searcher.vectors[np.maximum(rows, 0)], dtype=np.float32)
    vectors[rows < 0] = 0
    return vectors


def _promise(claims: Sequence[Claim], similar: Floats, words: Floats) -> Floats:
    """Which papers are worth reading: near as a whole, or near in every facet (the mean over claims)."""
    if not len(similar):
        return np.zeros(0, np.float32)
    core = [at for at, claim in enumerate(claims) if claim.facet in ("problem", "method", "setting")]
    whole = 0.6 * similar[:, 0] + 0.4 * words[:, 0]
    if not core:
        return np.asarray(whole, dtype=np.float32)
    facets = 0.6 * similar[:, core].mean(axis=1) + 0.4 * words[:, core].mean(axis=1)
    return np.asarray(0.5 * whole + 0.5 * facets, dtype=np.float32)


def _read(
    paper: StoredPaper,
    terms: frozenset[str],
    catalog: Catalog,
    claimed: _Claimed,
    short: Mapping[str, tuple[str, ...]],
) -> Candidate:
    """The paper with its title and the most telling of its sentences, in reading order."""
    wanted = {root(term): weight for term, weight in claimed.weights.items()}
    found: list[tuple[float, int, Quote, frozenset[str]]] = []
    for quote in _sentences(paper, catalog):
        if quote.text.strip() and not is_order(quote.text):
            said = with_acronyms(content_terms(quote.text[:1000]), short)
            value = sum(wanted.get(term, 0.0) for term in said)
            value += _OWN_WORK if cues.CONTRIBUTION.search(quote.text) and quote.section is None else 0.0
            found.append((math.inf if quote.section == TITLE else value, len(found), quote, said))
    kept = sorted(sorted(found, key=lambda one: (-one[0], one[1]))[:MOST_SENTENCES], key=lambda one: one[1])
    return Candidate(paper, terms, tuple(one[2] for one in kept), tuple(one[3] for one in kept))


_OWN_WORK = 5.0
"""What a sentence about the paper's own work is worth beside shared words: as much as one rare word."""


def _sentences(paper: StoredPaper, catalog: Catalog) -> Iterator[Quote]:
    """Every sentence of title, abstract and sections, with its place."""
    if paper.title:
        yield Quote(paper.number, TITLE, 0, len(paper.title), paper.title, "authors")
    for start, end in split_sentences(paper.abstract):
        yield Quote(paper.number, None, start, end, paper.abstract[start:end], paper.text_origin)
    for section in catalog.sections(paper.number):
        text = section.text[:LONGEST_SECTION]
        for start, end in split_sentences(text):
            yield Quote(paper.number, section.number, start, end, text[start:end], paper.text_origin)


def _cover(
    candidates: Sequence[Candidate],
    claimed: _Claimed,
    similar: Floats,
    words: Floats,
    calibration: Calibration,
) -> list[Coverage]:
    """How far each candidate covers the claims; similar, words: [candidates, claims]."""
    texts = [quote.text for candidate in candidates for quote in candidate.quotes]
    vectors = (
        sentence_encoder().encode(texts) if texts else np.zeros((0, claimed.vectors.shape[1]), np.float32)
    )
    scored: list[Coverage] = []
    start = 0
    for at, candidate in enumerate(candidates):
        own = vectors[start : start + len(candidate.quotes)]
        start += len(candidate.quotes)
        sentence = np.zeros(len(claimed.claims), np.float32)
        in_sentence = np.zeros(len(claimed.claims), np.float32)
        best = np.full(len(claimed.claims), -1, np.int64)
        alignment = 0.0
        if len(own):
            meaning = claimed.vectors @ own.T
            shared = np.array(
                [
                    [coverage(some, t, claimed.weights) for t in candidate.quote_terms]
                    for some in claimed.terms
                ],
                dtype=np.float32,
            )
            # The title is shown anyway: a sentence of the text is quoted unless the title says it far better.
            handicap = np.array([0.1 if q.section == TITLE else 0.0 for q in candidate.quotes], np.float32)
            best = np.argmax(0.6 * meaning + 0.4 * shared - handicap, axis=1).astype(np.int64)
            sentence, in_sentence = meaning.max(axis=1), shared.max(axis=1)
            alignment = float((claimed.idea_vectors @ own.T).max(axis=1).mean())
        score = calibration.covered(sentence, similar[at], words[at], in_sentence)
        scored.append(
            Coverage(candidate, score, sentence, similar[at], words[at], in_sentence, best, alignment)
        )
    return scored
