"""Which new topic is which old one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from fallow.topics.model import TopicTree


def carry_ids(
    groups: Sequence[Sequence[int]],
    previous: Mapping[int, Sequence[int]],
    next_id: int,
    *,
    least: float = 0.2,
) -> tuple[list[int], int]:
    """(an id for each group of papers, the next free id).

    A group takes the id of the previous topic it overlaps most with (Jaccard, at least `least`), best pairs
    first and each id once; groups that are left get new ids. Ids that disappear are never given again.
    """
    before = {paper: topic for topic, papers in previous.items() for paper in papers}
    pairs = []
    for k, papers in enumerate(groups):
        shared = Counter(before[paper] for paper in papers if paper in before)
        for topic, both in shared.items():
            overlap = both / (len(papers) + len(previous[topic]) - both)
            if overlap >= least:
                pairs.append((-overlap, topic, k))
    ids: dict[int, int] = {}
    used: set[int] = set()
    for _, topic, k in sorted(pairs):
        if k not in ids and topic not in used:
            ids[k] = topic
            used.add(topic)
    for k in range(len(groups)):
        if k not in ids:
            ids[k] = next_id
            next_id += 1
    return [ids[k] for k in range(len(groups))], next_id


def previous_groups(tree: TopicTree | None, level: int) -> dict[int, list[int]]:
    """Topic id -> papers of one level of an earlier tree (empty without one)."""
    if tree is None:
        return {}
    return {topic.id: tree.papers(topic.id) for topic in tree.topics if topic.level == level}
