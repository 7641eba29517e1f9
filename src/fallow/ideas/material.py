"""What strategies work with: a survey of the library, meaning, and the gaps found in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fallow.gaps.burdens import Burden, find_burdens
from fallow.gaps.survey import Survey
from fallow.ideas.experiments import Bench
from fallow.ideas.matching import Meaning, Vectors

if TYPE_CHECKING:
    from fallow_index.search import Searcher


class SearcherMeaning:
    """Meaning from an open index: stored vectors for papers, its encoder for sentences."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._known: dict[str, Vectors] = {}

    def of_papers(self, numbers: Sequence[int]) -> Vectors:
        """Unit vectors [n, d]; zeros for papers that the index does not hold."""
        rows = self._searcher.rows(np.asarray(numbers, dtype=np.int64))
        vectors = np.asarray(self._searcher.vectors)[np.maximum(rows, 0)].astype(np.float32)
        vectors[np.asarray(rows) < 0] = 0.0
        return vectors

    def of_texts(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors [n, d]; each text is encoded once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._searcher.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True)
class Material:
    """The evidence that every strategy may draw on."""

    survey: Survey
    meaning: Meaning

    @cached_property
    def bench(self) -> Bench:
        """Test data, metrics and baselines that the library's papers name."""
        return Bench.of(self.survey)

    @cached_property
    def cost_burdens(self) -> list[Burden]:
        """Targets whose papers admit a cost."""
        return find_burdens(self.survey, ["cost"])

    @cached_property
    def method_burdens(self) -> list[Burden]:
        """Targets whose papers admit a weakness of method."""
        return find_burdens(self.survey, ["method"])

    @cached_property
    def open_burdens(self) -> list[Burden]:
        """Every weakness of cost or method that at least one group admits."""
        return find_burdens(self.survey, ["cost", "method"], least_groups=1)

    @cached_property
    def resource_burdens(self) -> list[Burden]:
        """Targets whose papers miss data or benchmarks."""
        return find_burdens(self.survey, ["resource"])
