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

    The model uses those of calibration.IDEA_FEATURES, the others are for the reasons: density and agreement
    because a model trained on single hidden papers would learn that a crowd of papers means a new idea; late
    because its scale belongs to one encoder's token vectors.

    joint, whole: log odds that the best single paper covers all core facets, the whole. similarity: greatest
    cosine; density: mean cosine of the next CROWD; words: greatest weighted share of the idea's words in one
    paper; alignment: greatest mean over the idea's sentences of the nearest sentence's cosine; late: greatest
    mean MaxSim; agreement: share of retrievers whose first paper is the one that covers most; length: ln(1 +
    content words).
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
    }


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
