"""Which papers say nearly what a sentence says, and where.

Papers come from the search of everything and from passages of full texts; then the sentences of each that
share most words with the claim are read, and late interaction compares them with it, so that the answer is a
sentence with its section and not only a paper.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fallow_index.hits import Hit, Signal
from fallow_index.late_interaction import max_sim
from fallow_index.passages import passages_of
from fallow_index.query import encode_query, readable
from fallow_index.search import Searcher
from fallow_index.tokens import tokenise
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.text.sentences import split_sentences

READ = 20
"""Papers whose sentences are read, of the search of everything and of that in passages; more if more are
asked for."""
COMPARED = 2
"""Sentences of a paper that are encoded: those that hold most of the claim's words by weight."""


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence and where it stands. section: its number in the catalog, None for the abstract.

    heading: of the section, "" where it has none; kind: "abstract" or the section's. start, end: characters
    into the abstract's or the section's text.
    """

    sentence: str
    section: int | None
    heading: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ClaimHit:
    """A paper with the sentence of it that is nearest to a claim.

    score: similarity + share; similarity: mean MaxSim of the claim's tokens in the sentence; share: how much
    of the claim's words by weight the sentence holds. signals: as in Hit; empty for what only passages found.
    """

    number: int
    score: float
    similarity: float
    share: float
    place: Place
    signals: Mapping[str, Signal]


def nearest_to_claim(
    searcher: Searcher,
    claim: str,
    k: int = 10,
    *,
    as_of: int | None = None,
    exclude: Collection[int] = (),
    within: Collection[int] | None = None,
) -> list[ClaimHit]:
    """The k papers with the sentences nearest to a claim, best first. Raises BadInput as Searcher.search."""
    claim = readable(claim)
    depth = max(k, READ)
    hits = searcher.search(claim, depth, as_of=as_of, exclude=exclude, within=within, explain=True)
    quoting = searcher.search_passages(claim, depth, as_of=as_of, exclude=exclude, within=within)
    found: dict[int, Hit | None] = dict.fromkeys(quoting) | {hit.number: hit for hit in hits}
    weights = searcher.word_weights(claim, as_of)
    papers = searcher.catalog.papers_by_number(found)
    read = [
        (number, place, share)
        for number in found
        for place, share in best_sentences(searcher.catalog, papers[number], weights, COMPARED)
    ]
    similarities = _similarities(searcher, claim, [place.sentence for _, place, _ in read])
    best: dict[int, ClaimHit] = {}
    for (number, place, share), similarity in zip(read, similarities, strict=True):
        hit = found[number]
        scored = ClaimHit(
            number, similarity + share, similarity, share, place, hit.signals if hit is not None else {}
        )
        if number not in best or scored.score > best[number].score:
            best[number] = scored
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.number))[:k]


def best_sentences(
    catalog: Catalog, paper: StoredPaper, weights: Mapping[str, float], count: int = 1
) -> list[tuple[Place, float]]:
    """The sentences of a paper that hold most of some words, and the share of the words' weight they hold.

    weights: term -> weight (Searcher.word_weights). The earlier one among equals; the title stands for a
    paper without a sentence.
    """
    total = sum(weights.values()) or 1.0
    places = [
        (place, sum(weights.get(term, 0.0) for term in set(tokenise(place.sentence))) / total)
        for place in _places(catalog, paper)
    ]
    return sorted(places, key=lambda entry: -entry[1])[:count]


def _places(catalog: Catalog, paper: StoredPaper) -> Iterable[Place]:
    empty = True
    for span in split_sentences(paper.abstract):
        empty = False
        yield Place(paper.abstract[span.start : span.end], None, "", "abstract", span.start, span.end)
    for passage in passages_of(catalog.sections(paper.number)):
        section = passage.section
        for span in passage.sentences:
            empty = False
            sentence = section.text[span.start : span.end]
            yield Place(sentence, section.number, section.heading, section.kind, span.start, span.end)
    if empty:
        yield Place(paper.title, None, "", "title", 0, len(paper.title))


def _similarities(searcher: Searcher, claim: str, sentences: Sequence[str]) -> list[float]:
    if not sentences:
        return []
    _, query = encode_query(searcher.encoder, claim, with_tokens=True)
    tokens = searcher.encoder.encode_tokens(sentences)
    return [float(similarity) for similarity in max_sim(query, tokens.vectors, tokens.offsets)]
