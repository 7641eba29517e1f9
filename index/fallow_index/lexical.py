"""Lexical search: BM25 on memory-mapped postings.

Why not tantivy (compared in docs/search.md): its k1 = 1.2 and b = 0.75 are fixed, field lengths are rounded
to one byte, statistics cannot be restricted to what was public on a date, and a query is a tree of objects.
The arrays of postings.py are smaller, score a whole abstract as query in a few milliseconds, and filter
inside: an `as_of` question is answered with the document frequencies of that day.

A long query does not scan every posting of every word. Its rarest words are scored for all papers, as many
as fit a budget of postings; the common rest is added for the best of these only, so every score that is
given out is exact (the budget's effect on who is among the best: docs/search.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallow_index.postings import Postings
from fallow_index.tokens import count_terms, term_key

Visible = NDArray[np.bool_]
Slots = NDArray[np.int64]
Scores = NDArray[np.float32]

K1 = 2.0
B = 0.75
"""Chosen on the neurips dev protocol, among k1 0.9-3 and b 0.4-0.9."""
QUERY_POWER = 0.75
"""A word said n times in the query weighs n ** QUERY_POWER."""
BUDGET = 1.0
"""Postings that are scanned for one query, per paper of the index: a title fits whole, an abstract's common
words do not."""
LEAST_BUDGET = 1_000_000
"""Postings that are scanned in any case, some ten milliseconds: up to 100,000 papers nothing is left out."""
SPARE = 10
"""So many times the papers asked for are scored with the common words as well."""
MOST_TOLD = 5
"""Words named as a reason."""


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A term of a query. places: per segment the range of its postings; frequency: visible papers with it.

    weight: what the query says times the inverse document frequency.
    """

    term: str
    weight: float
    frequency: int
    places: tuple[slice, ...]


class LexicalIndex:
    """BM25 over the postings of several segments; slots count through the segments in order."""

    def __init__(self, segments: Sequence[Postings]) -> None:
        self._segments = tuple(segments)
        sizes = [len(postings.lengths) for postings in segments]
        self._bases = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(sizes, np.int64))])
        self._lengths = np.concatenate([np.empty(0, np.float32), *(p.lengths for p in segments)]).astype(
            np.float32
        )

    def __len__(self) -> int:
        return len(self._lengths)

    def ask(self, terms: Mapping[str, float], visible: Visible) -> LexicalAnswer:
        """Prepare a query.

        terms: weights of query terms (`query_terms`). visible: bool [slots]; collection statistics count only
        visible slots, so what was not public yet cannot influence how others rank. Slots that are not visible
        are scored as well: it is for the caller to choose among the rest.
        """
        papers = int(np.count_nonzero(visible))
        everything = papers == len(visible)
        found: list[QueryTerm] = []
        if papers:
            keys = np.array([term_key(term) for term in terms], dtype=np.uint64)
            places = [postings.ranges(keys) for postings in self._segments]
            for at, (term, weight) in enumerate(terms.items()):
                ranges = tuple(slice(*bounds[at].tolist()) for bounds in places)
                frequency = self._frequency(ranges, None if everything else visible)
                weight *= inverse_document_frequency(frequency, papers)
                found.append(QueryTerm(term, weight, frequency, ranges))
        average = float(self._lengths.mean(where=visible)) if papers else 0.0
        return LexicalAnswer(self._segments, self._bases, found, _length_norm(self._lengths, average))

    def _frequency(self, ranges: Sequence[slice], visible: Visible | None) -> int:
        if visible is None:
            return sum(place.stop - place.start for place in ranges)
        return sum(
            int(np.count_nonzero(visible[base : base + len(postings.lengths)][postings.rows[place]]))
            for base, postings, place in zip(self._bases, self._segments, ranges, strict=False)
        )


class LexicalAnswer:
    """BM25 for one query: of all slots, of some slots, or the best.

    asked: every term of the query; terms: those that some visible paper holds, the rarest first.
    """

    def __init__(
        self, segments: Sequence[Postings], bases: Slots, terms: Sequence[QueryTerm], norms: Scores
    ) -> None:
        self._segments = segments
        self._bases = bases
        self.asked = terms
        self.terms = sorted((term for term in terms if term.frequency), key=lambda term: term.frequency)
        self.total_weight = sum(term.weight for term in terms)
        self._norms = norms
        self._all: Scores | None = None

    def everything(self, terms: Sequence[QueryTerm] | None = None) -> Scores:
        """Exact BM25 of every slot, float32 [slots]; 0 where no term occurs. terms: only of these."""
        scores = np.zeros(len(self._norms), np.float32)
        for at, postings in enumerate(self._segments):
            stretch = slice(int(self._bases[at]), int(self._bases[at + 1]))
            mine, norms = scores[stretch], self._norms[stretch]
            for term in self.terms if terms is None else terms:
                rows = postings.rows[term.places[at]]
                counts = postings.counts[term.places[at]].astype(np.float32)
                mine[rows] += np.float32(term.weight) * term_saturation(counts, norms[rows])
        return scores

    def coverage(self) -> Scores:
        """The share of the query's weight that the terms of every slot make up, float32 [slots], 0 to 1."""
        shares = np.zeros(len(self._norms), np.float32)
        for at, postings in enumerate(self._segments):
            mine = shares[int(self._bases[at]) : int(self._bases[at + 1])]
            for term in self.terms:
                mine[postings.rows[term.places[at]]] += np.float32(term.weight / self.total_weight)
        return shares

    def contributions(self, slots: Slots, terms: Sequence[QueryTerm] | None = None) -> NDArray[np.float32]:
        """What each of `terms`, or only of these, adds to the BM25 of some slots, float32 [terms, slots]."""
        asked = self.terms if terms is None else terms
        parts = np.zeros((len(asked), len(slots)), np.float32)
        owner = np.searchsorted(self._bases, slots, side="right") - 1
        for at, postings in enumerate(self._segments):
            mine = np.flatnonzero(owner == at)
            if not len(mine):
                continue
            rows = (slots[mine] - self._bases[at]).astype(np.int32)
            norms = self._norms[slots[mine]]
            for row, term in enumerate(asked):
                counts = postings.counts_of(term.places[at], rows)
                parts[row, mine] = np.float32(term.weight) * term_saturation(counts, norms)
        return parts

    def scores(self, slots: Slots) -> Scores:
        """Exact BM25 of some slots, float32 [slots]."""
        if self._all is not None:
            return self._all[slots]
        return np.asarray(self.contributions(slots).sum(axis=0), dtype=np.float32)

    def telling_terms(self, slots: Slots) -> list[tuple[str, ...]]:
        """The terms that each slot owes most of its score to, at most MOST_TOLD, the weightiest first."""
        parts = self.contributions(slots)
        order = np.argsort(-parts, axis=0, kind="stable")[:MOST_TOLD]
        return [
            tuple(self.terms[row].term for row in order[:, at].tolist() if parts[row, at] > 0)
            for at in range(len(slots))
        ]

    def best(self, k: int, allowed: Visible) -> Slots:
        """Slots of the k best among those allowed, in no particular order; fewer when fewer hold a term."""
        leading = self._leading()
        partial = self.everything(leading)
        found = np.where(allowed, partial, np.float32(0))
        if len(leading) == len(self.terms):
            self._all = partial
            return best_slots(found, k)
        first = best_slots(found, SPARE * k)
        if len(first) < k:  # the rare words alone do not fill the list
            self._all = self.everything()
            return best_slots(np.where(allowed, self._all, np.float32(0)), k)
        common = self.contributions(first, self.terms[len(leading) :]).sum(axis=0)
        return first[best_slots(partial[first] + common, k)]

    def _leading(self) -> list[QueryTerm]:
        """The rarest terms, as many as the budget allows."""
        spent = np.cumsum([term.frequency for term in self.terms])
        budget = max(LEAST_BUDGET, BUDGET * len(self._norms))
        return self.terms[: max(1, int(np.searchsorted(spent, budget, side="right")))]


def best_slots(scores: Scores, k: int) -> Slots:
    """Slots of the k highest scores above 0, in no particular order; the lower slot among equals."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) <= k:
        return positive
    values = scores[positive]
    cut = np.partition(values, len(values) - k)[len(values) - k]
    above, equal = positive[values > cut], positive[values == cut]
    return np.concatenate([above, equal[: k - len(above)]])


def query_terms(text: str) -> dict[str, float]:
    """The terms of a query with their weights: n ** QUERY_POWER for a term said n times."""
    return {term: count**QUERY_POWER for term, count in count_terms(text).items()}


def inverse_document_frequency(frequency: int, papers: int) -> float:
    """BM25's weight of a rare term (Robertson and Zaragoza 2009, eq. 3.3; Lucene's + 1 keeps it positive)."""
    return float(np.log1p((papers - frequency + 0.5) / (frequency + 0.5)))


def term_saturation(counts: NDArray[np.float32], norms: NDArray[np.float32]) -> NDArray[np.float32]:
    """BM25's term-frequency part, tf (k1 + 1) / (tf + norm) (Robertson and Zaragoza 2009, eq. 3.15)."""
    return counts * np.float32(K1 + 1) / (counts + norms)


def _length_norm(lengths: NDArray[np.float32], average: float) -> NDArray[np.float32]:
    """k1 ((1 - b) + b length / average length), the soft length normalisation of the same equation."""
    return np.float32(K1) * (np.float32(1 - B) + np.float32(B / max(average, 1e-9)) * lengths)
