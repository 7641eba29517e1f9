"""Papers whose background, method or result is like this paper's.

Two stages. The hybrid search finds papers: the title and the facet's sentences make its vectors, the words
are those of the whole paper. Then the best are ranked anew with one more signal, "facet": sentence vectors of
the query's facet against those of the same facet of each paper, so that a method is compared with methods.
docs/search.md has what else was tried.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fallow_index.facets import Facet
from fallow_index.facets.sentences import facet_sentences
from fallow_index.fusion import score_fusion
from fallow_index.hits import Hit, Signal, best_hits
from fallow_index.late_interaction import max_sim
from fallow_index.search import Mode, Searcher
from fallow_index.segments import text_of
from fallow_ingest.errors import BadInput

RERANKED = 100
"""How many of the papers found are read sentence by sentence: some 250 sentences are encoded for them."""


@dataclass(frozen=True, slots=True)
class SentenceMatch:
    """Why a paper was found: the nearest pair of a sentence of the query's facet and one of the paper's.

    similarity: cosine of the two sentence vectors.
    """

    asked: str
    found: str
    similarity: float


@dataclass(frozen=True, slots=True)
class FacetHit:
    """A paper found by a facet. score, signals: as in Hit. match: None beyond the first RERANKED."""

    number: int
    score: float
    signals: Mapping[str, Signal]
    match: SentenceMatch | None


@dataclass(frozen=True, eq=False)
class SentenceComparison:
    """Facet sentences of candidates against those asked for.

    scores: float32 [candidates], mean over the sentences asked of the best cosine; matches: one each.
    """

    scores: NDArray[np.float32]
    matches: tuple[SentenceMatch, ...]


def search_by_facet(
    searcher: Searcher,
    number: int,
    facet: Facet,
    k: int = 10,
    *,
    mode: Mode = "hybrid",
    as_of: int | None = None,
    exclude: Collection[int] = (),
    within: Collection[int] | None = None,
    explain: bool = False,
) -> list[FacetHit]:
    """The k papers most like one of the library in one facet, itself excluded, best first.

    mode: only the hybrid ranks by sentences; the others compare title and facet sentences with whole papers.
    The rest is as in Searcher.search. Raises PaperUnknown, and BadInput for a paper without an abstract.
    """
    paper = searcher.catalog.paper(number)
    asked = facet_sentences(paper.abstract, facet)
    if not asked:
        raise BadInput(
            f"'{paper.title}' has no abstract to take its {facet} from",
            "search for papers like it as a whole",
        )
    hits = searcher.search(
        text_of(paper.title, " ".join(asked)),
        max(k, RERANKED) if mode == "hybrid" else k,
        mode=mode,
        as_of=as_of,
        exclude={*exclude, number},
        within=within,
        words=text_of(paper.title, paper.abstract) if mode == "hybrid" else None,
        explain=explain,
    )
    read, unread = hits[:RERANKED], hits[RERANKED:]
    papers = searcher.catalog.papers_by_number([hit.number for hit in read])
    told = [
        facet_sentences(papers[hit.number].abstract, facet) or (papers[hit.number].title,) for hit in read
    ]
    compared = compare_sentences(searcher, asked, told)
    matches = {hit.number: match for hit, match in zip(read, compared.matches, strict=True)}
    ranked = [*_reranked(read, compared.scores, unread), *unread] if mode == "hybrid" else hits
    return [FacetHit(hit.number, hit.score, hit.signals, matches.get(hit.number)) for hit in ranked[:k]]


def compare_sentences(
    searcher: Searcher, asked: Sequence[str], told: Sequence[Sequence[str]]
) -> SentenceComparison:
    """asked: at least one sentence; told: at least one sentence of each candidate.

    The score is MaxSim (late_interaction.py) with sentences in place of tokens, as Mysore, Cohan and Hope
    2022, "Multi-Vector Models with Textual Guidance", compare papers by sentences.
    """
    vectors = searcher.encode([*asked, *(sentence for sentences in told for sentence in sentences)])
    query, others = vectors[: len(asked)], vectors[len(asked) :]
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(one) for one in told], dtype=np.int64)])
    matches = []
    for sentences, start in zip(told, offsets, strict=False):
        cosines = query @ others[start : start + len(sentences)].T
        one, other = np.unravel_index(int(cosines.argmax()), cosines.shape)
        matches.append(SentenceMatch(asked[int(one)], sentences[int(other)], float(cosines[one, other])))
    return SentenceComparison(max_sim(query, others, offsets), tuple(matches))


def _reranked(read: Sequence[Hit], facet_scores: NDArray[np.float32], unread: Sequence[Hit]) -> list[Hit]:
    """Hits in their new order; their scores stay above those of the hits that were not read."""
    if not read:
        return []
    scores = {
        name: np.array([hit.signals[name].score for hit in read], np.float32) for name in read[0].signals
    }
    scores["facet"] = facet_scores
    fused = score_fusion(scores)
    why = {hit.number: {name: signal.why for name, signal in hit.signals.items()} for hit in read}
    if unread:
        fused += np.float32(max(0.0, unread[0].score + 1e-3 - float(fused.min())))
    ranked = best_hits(np.array([hit.number for hit in read], np.int64), fused, scores, len(read))
    return [
        replace(
            hit,
            signals={
                name: replace(signal, why=why[hit.number].get(name, ()))
                for name, signal in hit.signals.items()
            },
        )
        for hit in ranked
    ]
