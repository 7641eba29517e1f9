"""Names for topics: the phrases that most of a topic's papers use and few others do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from fallow.topics.phrases import Key, PhraseTable
from fallow.topics.vocabulary import EVERYWHERE

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Name:
    """A label and the ranked phrases it was chosen from."""

    label: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Weighed uses per topic: inside [topics, phrases] sparse, everywhere [phrases], papers per topic."""

    inside: Any
    everywhere: Floats
    sizes: Floats
    papers: float


def name_topics(
    table: PhraseTable, subfield: Labels, direction_of: Labels, *, terms: int = 10
) -> tuple[list[Name], list[Name]]:
    """(names of directions, names of subfields), distinct among siblings and from their parent.

    subfield: int64 [n], -1 for none. direction_of: int64 [subfields].
    """
    above = np.where(subfield >= 0, direction_of[subfield], -1) if direction_of.size else subfield
    directions = _name_level(
        table, above, [None] * (int(direction_of.max(initial=-1)) + 1), {}, terms, broad=True
    )
    parents = {k: directions[parent] for k, parent in enumerate(direction_of.tolist())}
    subfields = _name_level(table, subfield, direction_of.tolist(), parents, terms, broad=False)
    if len(directions) and len(subfields):
        directions = _apart_from_children(directions, subfields, direction_of)
    return directions, subfields


def phrase_scores(counts: _Counts, topic: int, shape: Floats, *, broad: bool) -> tuple[Any, Floats, Floats]:
    """(columns, scores, coverage) of the phrases of one topic; `shape` is `phrase_shape` of the table.

    score = coverage^a x (log lift + prior): class-based TF-IDF (Grootendorst 2022) with the counts shrunk
    towards the whole library (Monroe, Colaresi & Quinn 2008), so that a phrase of three papers cannot top one
    of thirty.
    """
    row = counts.inside[topic]
    columns, inside = row.indices, row.data.astype(np.float64)
    size = counts.sizes[topic]
    share_inside = inside / (2.0 * size)
    expected = counts.everywhere[columns] * size / counts.papers
    prior = 2.0 * expected / (expected + 1.0)
    lift = np.log((inside + prior) / (expected + prior + 0.25))
    score = share_inside ** (0.75 if broad else 0.6) * np.maximum(lift, 0.0) * shape[columns]
    score[inside < 3.0] = 0.0
    return columns, score, share_inside


def phrase_shape(table: PhraseTable) -> Floats:
    """How well each phrase would read as a name, whatever the topic: float [phrases].

    Two or three words say more than one, unless the one is a short form (BERT); a phrase that rarely stands
    alone is an adjective or was cut off; one that half the literature uses names nothing.
    """
    words = np.array([len(key) for key in table.keys], dtype=np.int64)
    shape = np.select([words == 1, words == 2, words == 3], [0.55, 1.1, 1.2], 1.1)
    for j, key in enumerate(table.keys):
        if len(key) == 1 and sum(c.isupper() for c in table.phrases[j]) >= 2:
            shape[j] = 0.8
        if " ".join(key) in EVERYWHERE:
            shape[j] *= 0.35
    return np.asarray(shape * table.standing, dtype=np.float64)


def _name_level(
    table: PhraseTable,
    labels: Labels,
    parents: Sequence[int | None],
    parent_names: dict[int, Name],
    terms: int,
    *,
    broad: bool,
) -> list[Name]:
    counts = _count(table, labels, len(parents))
    shape = phrase_shape(table)
    ranked = [_ranked(table, counts, topic, shape, broad=broad) for topic in range(len(parents))]
    order = sorted(range(len(parents)), key=lambda k: (-counts.sizes[k], k))
    # What names a whole direction, this one or another, is too broad for a subfield.
    above = {name.terms[0] for name in parent_names.values() if name.terms}
    taken: set[str] = set()
    names: dict[int, Name] = {}
    for topic in order:
        rows = np.flatnonzero(labels == topic)
        chosen = _choose(table, rows, ranked[topic], taken, above, broad=broad)
        label = ", ".join(chosen) or "mixed papers"
        parent = parent_names[topic].terms[0] if topic in parent_names and parent_names[topic].terms else ""
        # "novelty" alone says little where "idea generation" is what most of the papers say.
        if chosen and parent and " " not in chosen[0] and parent == ranked[topic][0][0] != chosen[0]:
            apart = [entry for entry in ranked[topic][1:6] if not _akin(entry[1], ranked[topic][0][1])]
            free = [entry[0] for entry in apart if entry[0] not in taken and entry[0] not in above]
            label = f"{parent}: {free[0]}" if free else label
        if label in taken:
            label = f"{label} ({sum(1 for t in taken if t.startswith(label)) + 1})"
        taken.update({label, chosen[0] if chosen else label})
        names[topic] = Name(label, tuple(phrase for phrase, *_ in ranked[topic][:terms]))
    return [names[k] for k in range(len(parents))]


_Ranked = list[tuple[str, Key, float, float, float]]


def _ranked(table: PhraseTable, counts: _Counts, topic: int, shape: Floats, *, broad: bool) -> _Ranked:
    """(phrase, key, score, coverage, share of its uses that are here), best first.

    Phrases that only live inside a longer one are left out.
    """
    columns, scores, coverage = phrase_scores(counts, topic, shape, broad=broad)
    order = np.lexsort((columns, -scores))[:60]
    used, everywhere = counts.inside[topic].data, counts.everywhere[columns]
    best = [
        (
            table.phrases[columns[j]],
            table.keys[columns[j]],
            float(scores[j]),
            float(coverage[j]),
            float(used[j] / everywhere[j]),
        )
        for j in order
        if scores[j] > 0
    ]
    kept: _Ranked = []
    for phrase, key, score, cover, here in best:
        longer = [other for other in best if len(other[1]) > len(key) and _inside(key, other[1])]
        # C-value (Frantzi et al. 2000) in one rule: "neural machine" only lives inside "neural machine
        # translation".
        if any(other[3] >= 0.6 * cover for other in longer):
            continue
        kept.append((phrase, key, score, cover, here))
    return kept


def _choose(
    table: PhraseTable, rows: Any, ranked: _Ranked, taken: set[str], above: set[str], *, broad: bool
) -> list[str]:
    """One phrase, or a second one for the papers that the first leaves out.

    rows: the topic's papers. Phrases of siblings are passed over, and those of directions unless they belong
    here.
    """
    # What names a direction may name the subfield that most of its uses lie in.
    free = [e for e in ranked if e[0] not in taken and (e[0] not in above or e[4] >= 0.4)]
    if not free:
        return [entry[0] for entry in ranked[:1]]
    first = free[0]
    if first[3] >= (0.6 if broad else 0.45):
        return [first[0]]
    uses = table.uses[rows]
    column = {phrase: j for j, phrase in enumerate(table.phrases)} if len(free) > 1 else {}
    left = (
        np.flatnonzero(np.asarray(uses[:, column[first[0]]].todense()).ravel() == 0) if column else rows[:0]
    )
    best, most = None, 0.0
    for phrase, key, score, cover, _ in free[1:12]:
        if _akin(key, first[1]) or score < 0.4 * first[2]:
            continue
        rest = float(uses[left][:, column[phrase]].sum()) / (2.0 * max(1, rows.size))
        if rest * score / cover > most:
            best, most = phrase, rest * score / cover
    if best is None and len(first[1]) == 1 and first[0].islower():
        # One common word is no name.
        best = next((phrase for phrase, key, *_ in free[1:6] if not _akin(key, first[1])), None)
    return [first[0], best] if best else [first[0]]


def _apart_from_children(directions: list[Name], subfields: list[Name], direction_of: Labels) -> list[Name]:
    """A direction whose label is also a child's gets its next phrase added."""
    apart = []
    for k, name in enumerate(directions):
        children = {subfields[c].label for c in np.flatnonzero(direction_of == k)}
        if name.label in children and len(children) > 1:
            extra = next(
                (term for term in name.terms if term not in name.label and term not in children), None
            )
            name = Name(f"{name.label}, {extra}", name.terms) if extra else name
        apart.append(name)
    return apart


def _akin(one: Key, other: Key) -> bool:
    """Whether two phrases share a word or its stem, by the first four letters ("parser", "parsing")."""
    return bool({word[:4] for word in one} & {word[:4] for word in other})


def _inside(short: Key, long: Key) -> bool:
    return any(long[i : i + len(short)] == short for i in range(len(long) - len(short) + 1))


def _count(table: PhraseTable, labels: Labels, topics: int) -> _Counts:
    n = labels.size
    placed = np.flatnonzero(labels >= 0)
    member = sp.csr_matrix((np.ones(placed.size), (labels[placed], placed)), shape=(topics, n))
    inside = (member @ table.uses).tocsr()
    inside.sort_indices()
    sizes = np.maximum(np.bincount(labels[placed], minlength=topics).astype(np.float64), 1.0)
    everywhere = np.asarray(table.uses.sum(axis=0), dtype=np.float64).ravel()
    return _Counts(inside, everywhere, sizes, float(max(n, 1)))
