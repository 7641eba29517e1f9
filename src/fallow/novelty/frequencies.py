"""In how many papers a word occurs, as of a day: read from the index, for weighing the words of a claim."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallow.novelty.words import weight
from fallow_index.arrays import map_array
from fallow_index.generations import NUMBERS_FILE, PUBLIC_BY_FILE
from fallow_index.postings import Postings
from fallow_index.search import Searcher
from fallow_index.tokens import term_key


class TermWeights:
    """Inverse document frequencies of index terms among the papers that were public by `as_of`."""

    def __init__(self, searcher: Searcher, as_of: int | None = None) -> None:
        generation = searcher.generation
        self._segments = [Postings.open(generation.folder / s.name, s.slots) for s in generation.segments]
        numbers = map_array(generation.folder / NUMBERS_FILE, np.int64)
        days = map_array(generation.folder / PUBLIC_BY_FILE, np.int32)
        self._visible: NDArray[np.bool_] = (
            (numbers >= 0) if as_of is None else (numbers >= 0) & (days <= as_of)
        )
        self.papers = int(np.count_nonzero(self._visible))
        self._known: dict[str, int] = {}

    def frequency(self, term: str) -> int:
        """How many papers hold the term."""
        if term not in self._known:
            key = np.array([term_key(term)], dtype=np.uint64)
            base = found = 0
            for postings in self._segments:
                at = int(postings.find(key)[0])
                if at >= 0:
                    rows = postings.rows[int(postings.offsets[at]) : int(postings.offsets[at + 1])]
                    found += int(np.count_nonzero(self._visible[base + rows]))
                base += len(postings.lengths)
            self._known[term] = found
        return self._known[term]

    def __getitem__(self, term: str) -> float:
        """The weight of a term; a word that no paper holds weighs as one that a single paper holds."""
        return weight(max(self.frequency(term), 1), self.papers)
