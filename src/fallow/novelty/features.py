"""What the calibrated model sees of a search: a handful of numbers about the nearest papers."""

from __future__ import annotations

import math
from collections.abc import Collection

from fallow.novelty.calibration import logit
from fallow.novelty.retrieval import MODES, Pool
from fallow.novelty.scoring import Scored

CROWD = 10
"""Papers after the nearest whose mean similarity says how crowded the neighbourhood is."""


def idea_features(scored: Scored, pool: Pool, without: Collection[int] = ()) -> dict[str, float]:
    """Features by name, as if the papers in `without` were not in the library.

    The model uses those of calibration.IDEA_FEATURES. The others are for the reasons and for looking at:
    density and agreement would teach a model trained on single hidden papers that a crowd of papers means a
    new idea, the scale of late belongs to one encoder's token vectors, similarity and length added nothing.

    joint, whole: log odds that the best single paper covers all core facets, the whole. similarity: greatest
    cosine; density: mean cosine of the next CROWD; words: greatest weighted share of the idea's words in one
    paper; alignment: greatest mean over the idea's sentences of the nearest sentence's cosine; late: greatest
    mean MaxSim; agreement: share of retrievers whose first paper is the one that covers most; length: ln(1 +
    content words); unanimous and lead: whether one paper stands out, by ranks.
    """
    rows = [row for row in scored.rows if row.candidate.paper.number not in without]
    similar = sorted((s for n, s in scored.similarity.items() if n not in without), reverse=True)
    crowd = similar[1 : 1 + CROWD]
    late = [s["late"][1] for n, s in pool.signals.items() if "late" in s and n not in without]
    return {
        "joint": logit(max((scored.joint(row) for row in rows), default=0.0)),
        "whole": logit(max((scored.facet(row, "whole") or 0.0 for row in rows), default=0.0)),
        "similarity": similar[0] if similar else 0.0,
        "words": max((s for n, s in scored.lexical.items() if n not in without), default=0.0),
        "alignment": max((row.alignment for row in rows), default=0.0),
        "late": max(late, default=0.0),
        "density": sum(crowd) / len(crowd) if crowd else 0.0,
        "agreement": _agreement(scored, pool, without),
        "length": math.log1p(len(scored.claim_terms[0])),
        **_standing_out(pool, without),
    }


def _standing_out(pool: Pool, without: Collection[int]) -> dict[str, float]:
    """unanimous: 1 when all three retrievers put the same paper first for the whole idea, else 0.

    lead: BM25 score of the first over the second paper, 0 unless late interaction puts the same one first.
    """
    first: dict[str, list[tuple[int, int, float]]] = {}
    for mode in MODES:
        ranked = sorted(
            (s[mode][0], n, s[mode][1]) for n, s in pool.signals.items() if mode in s and n not in without
        )
        if len(ranked) < 2:
            return {"unanimous": 0.0, "lead": 0.0}
        first[mode] = ranked[:2]
    tops = {mode: found[0][1] for mode, found in first.items()}
    (_, _, best), (_, _, second) = first["bm25"]
    lead = best / max(second, 1e-6) if tops["bm25"] == tops["late"] and best > 0 else 0.0
    return {"unanimous": float(len(set(tops.values())) == 1), "lead": min(lead, 10.0)}


def _agreement(scored: Scored, pool: Pool, without: Collection[int]) -> float:
    rows = [row for row in scored.rows if row.candidate.paper.number not in without]
    if not rows:
        return 0.0
    best = rows[0].candidate.paper.number
    first = 0
    for mode in MODES:
        ranked = [(s[mode][0], n) for n, s in pool.signals.items() if mode in s and n not in without]
        first += bool(ranked) and min(ranked)[1] == best
    return first / len(MODES)
