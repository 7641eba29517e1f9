"""Grouping the ledger into recurring needs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fallow.needs.likeness import Floats, content_stems, joined, likeness_graph, overlaps, stars
from fallow.needs.need import Need
from fallow.needs.store import (
    GroupedNeed,
    GroupedStatement,
    Pooled,
    load_needs,
    pooled_statements,
    replace_needs,
    topics_of,
)
from fallow.needs.wording import clarity_of, narrow_theme, word_need
from fallow.statements.cues import prepare
from fallow.statements.review_cues import asks_for_evidence
from fallow.statements.statement import StatementKind
from fallow_index.encoders import Encoder
from fallow_ingest.catalog import Catalog
from fallow_ingest.progress import ReportProgress, ignore_progress

_FEWEST_STEMS = 2
_THEME_COSINE = 0.5
"""With the centre of its theme, below which a statement is taken to speak of something else."""


@dataclass(frozen=True, slots=True)
class _Pool:
    """Statements that can be compared. vectors: float32 [n, d] of length one; papers: int64 [n]."""

    rows: list[Pooled]
    stems: list[frozenset[str]]
    vectors: Floats
    papers: npt.NDArray[np.int64]


def group_needs(
    catalog: Catalog, encoder: Encoder, *, report: ReportProgress = ignore_progress
) -> list[Need]:
    """Group statements that say the same thing; store the needs and return them best first.

    Statements are compared by the vectors that mining stored, so `encoder` is only asked for its dimension.
    Needs are made anew each time: cheap beside mining. Raises LibraryBusy, DiskFull.
    """
    report("needs", 0, 3)
    pool = _pool_of(pooled_statements(catalog), encoder.dimension)
    themed = _themed_groups(pool)
    rest = np.setdiff1d(np.arange(len(pool.rows)), [row for group in themed for row in group]).astype(
        np.int64
    )
    graph = likeness_graph(pool.vectors[rest], overlaps([pool.stems[row] for row in rest]))
    report("needs", 1, 3)
    alike = joined(stars(graph, pool.papers[rest]), pool.vectors[rest])
    every = themed + [[int(rest[row]) for row in group] for group in alike]
    # In a review "the method" is that paper's: words which recur over reviews alone are no shared need.
    groups = [g for g in every if any(pool.rows[row].statement.origin != "reviewer" for row in g)]
    topics = topics_of(catalog)
    needs: list[GroupedNeed] = []
    taken: set[str] = set()
    for members in sorted(groups, key=lambda group: -len({int(pool.papers[row]) for row in group})):
        need = _need_of(pool, members, topics, frozenset(taken))
        taken.add(need.label)
        needs.append(need)
    report("needs", 2, 3)
    replace_needs(catalog, needs)
    report("needs", 3, 3)
    return load_needs(catalog)


def _pool_of(rows: list[Pooled], dimension: int) -> _Pool:
    """The statements whose core has a vector of the right length and enough content words.

    What reviewers say of how much a paper shows is left out: it recurs whatever the paper is about.
    """
    kept, stems = [], []
    for row in rows:
        if row.statement.origin == "reviewer" and asks_for_evidence(prepare(row.statement.text)):
            continue
        words = content_stems(row.core)
        if len(words) >= _FEWEST_STEMS and len(row.vector) == 2 * dimension:
            kept.append(row)
            stems.append(words)
    packed = b"".join(row.vector for row in kept)
    vectors = np.frombuffer(packed, np.float16).reshape(len(kept), dimension).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return _Pool(kept, stems, vectors, np.array([row.statement.paper for row in kept], np.int64))


def _themed_groups(pool: _Pool) -> list[list[int]]:
    """Rows that state a narrow theme, a group for each theme over two papers or more; strays are left out."""
    by_theme: dict[str, list[int]] = {}
    for row, pooled in enumerate(pool.rows):
        theme = narrow_theme(pooled.core)
        if theme is not None:
            by_theme.setdefault(theme, []).append(row)
    groups = []
    for rows in by_theme.values():
        centre = pool.vectors[rows].mean(axis=0)
        near = pool.vectors[rows] @ (centre / max(float(np.linalg.norm(centre)), 1e-6))
        kept = [row for row, cosine in zip(rows, near, strict=True) if cosine >= _THEME_COSINE]
        if len({int(pool.papers[row]) for row in kept}) >= 2:
            groups.append(kept)
    return groups


def _need_of(pool: _Pool, members: list[int], topics: dict[int, int], taken: frozenset[str]) -> GroupedNeed:
    mean = pool.vectors[members].mean(axis=0)
    centrality = pool.vectors[members] @ (mean / max(float(np.linalg.norm(mean)), 1e-6))
    order = np.argsort(-centrality, kind="stable")
    ordered = [pool.rows[members[place]] for place in order]
    wording = word_need([row.statement for row in ordered], [row.core for row in ordered], taken=taken)
    kinds: Counter[StatementKind] = Counter(row.statement.kind for row in ordered)
    papers = sorted({row.statement.paper for row in ordered})
    return GroupedNeed(
        label=wording.label,
        phrase=wording.phrase,
        kind=kinds.most_common(1)[0][0],
        topic=_common_topic(papers, topics),
        papers=tuple(papers),
        statements=tuple(
            GroupedStatement(row.statement.id, float(centrality[place]), clarity_of(row.statement.text))
            for place, row in zip(order, ordered, strict=True)
        ),
    )


def _common_topic(papers: list[int], topics: dict[int, int]) -> int | None:
    """The topic of more than half of the papers."""
    found = Counter(topics[paper] for paper in papers if paper in topics)
    if not found:
        return None
    topic, count = found.most_common(1)[0]
    return topic if count * 2 > len(papers) else None
