"""A concept and the table that says which paper is about which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

ConceptKind = Literal["task", "method", "data", "setting", "metric"]


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept of the library.

    key: folded singular words, the same for every spelling; label: as it is written in a sentence without an
    article ("conditional random fields", "machine translation", "BERT").
    papers: numbers of all papers that mention it, ascending; about: those whose title or keywords do.
    """

    id: int
    key: tuple[str, ...]
    label: str
    kind: ConceptKind
    papers: tuple[int, ...]
    about: tuple[int, ...]


@dataclass(frozen=True)
class ConceptTable:
    """The concepts of a library, and the years of the papers they were mined from (0 unknown)."""

    concepts: tuple[Concept, ...]
    years: Mapping[int, int]

    @cached_property
    def _mentions(self) -> dict[int, list[int]]:
        return _inverted((concept.id, concept.papers) for concept in self.concepts)

    @cached_property
    def _subjects(self) -> dict[int, list[int]]:
        return _inverted((concept.id, concept.about) for concept in self.concepts)

    @cached_property
    def _by_key(self) -> dict[tuple[str, ...], Concept]:
        return {concept.key: concept for concept in self.concepts}

    def mentioned_in(self, paper: int) -> list[Concept]:
        """Every concept that a paper mentions."""
        return [self.concepts[i] for i in self._mentions.get(paper, ())]

    def subjects_of(self, paper: int) -> list[Concept]:
        """The concepts of a paper's title and keywords."""
        return [self.concepts[i] for i in self._subjects.get(paper, ())]

    def find(self, text: str) -> Concept | None:
        """The concept of that name in any spelling, None when the library has no such concept."""
        from fallow.concepts.mining import key_of

        return self._by_key.get(key_of(text))

    def recent(self, concept: Concept, since: int) -> int:
        """How many papers about the concept are from `since` (a year) or later."""
        return sum(self.years.get(number, 0) >= since for number in concept.about)


def _inverted(columns: object) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = {}
    for concept, papers in columns:  # type: ignore[attr-defined]
        for paper in papers:
            rows.setdefault(paper, []).append(concept)
    return rows
