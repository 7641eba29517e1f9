"""Topics and the tree they form, as plain data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

DIRECTION: Literal[0] = 0
SUBFIELD: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Topic:
    """A node of the topic tree.

    id: kept from build to build while the topic keeps most of its papers. level: 0 direction, 1 subfield; a
    direction has no parent. terms: the phrases that tell it from its siblings, best first. size: papers. x,
    y, radius: its disc on the map, in a square of 0..1000.
    """

    id: int
    level: int
    parent: int | None
    label: str
    terms: tuple[str, ...]
    size: int
    x: float
    y: float
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a paper stands: its direction, its subfield, and its point on the map."""

    direction: int
    subfield: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class MapRun:
    """How a map was made. as_of: yyyymmdd or None. next_id: the first id no topic of this library ever
    had."""

    seed: int = 0
    as_of: int | None = None
    built_at: str = ""
    next_id: int = 1
    fingerprint: str = ""


@dataclass(frozen=True)
class TopicTree:
    """Two levels of topics and the papers in them.

    topics: directions first, each level by size. places: paper number -> Place. outliers: paper number -> why
    it has no place. notes: what could not be known, in sentences.
    """

    topics: tuple[Topic, ...] = ()
    places: Mapping[int, Place] = field(default_factory=dict)
    outliers: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    run: MapRun = MapRun()

    @cached_property
    def by_id(self) -> dict[int, Topic]:
        """Topic id -> Topic."""
        return {topic.id: topic for topic in self.topics}

    @cached_property
    def _papers(self) -> dict[int, list[int]]:
        papers: dict[int, list[int]] = defaultdict(list)
        for number in sorted(self.places):
            papers[self.places[number].direction].append(number)
            papers[self.places[number].subfield].append(number)
        return dict(papers)

    def subfield_of(self, paper: int) -> int | None:
        """Id of the paper's subfield, None for an outlier or an unknown paper."""
        place = self.places.get(paper)
        return place.subfield if place else None

    def direction_of(self, paper: int) -> int | None:
        """Id of the paper's direction, None for an outlier or an unknown paper."""
        place = self.places.get(paper)
        return place.direction if place else None

    def papers(self, topic: int) -> list[int]:
        """Numbers of a topic's papers, ascending."""
        return list(self._papers.get(topic, []))

    def parent(self, topic: int) -> int | None:
        """Id of a subfield's direction; None for a direction. Raises KeyError for an id the tree does not
        have."""
        return self.by_id[topic].parent

    def label(self, topic: int) -> str:
        """A topic's label. Raises KeyError for an id the tree does not have."""
        return self.by_id[topic].label

    def directions(self) -> list[Topic]:
        """The upper level, largest first."""
        return [topic for topic in self.topics if topic.level == DIRECTION]

    def subfields(self, direction: int | None = None) -> list[Topic]:
        """The lower level, largest first, of one direction or of all."""
        return [
            topic
            for topic in self.topics
            if topic.level == SUBFIELD and (direction is None or topic.parent == direction)
        ]
