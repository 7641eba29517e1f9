"""Train and calibrate the novelty model from papers hidden and shown; writes calibration.json.

    python training/novelty/train.py --library LIBRARY --out src/fallow/novelty/calibration.json

LIBRARY is a built library of the core corpus. Papers are split by year (train to 2018, dev 2019, test
from 2020), and no first or last author of one split occurs in another. From each paper rules write one
idea (fallow.novelty.self_made); its search is made once and judged twice: with the paper (not novel) and
without (novel). Everything is chosen on train and dev; test is only reported. Searching takes about a
second an idea; --cache keeps what was found, so that the model can be fitted again in seconds.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fallow.novelty.calibration import (
    CLAIM_FEATURES,
    IDEA_FEATURES,
    STATED_ERROR,
    Calibration,
    conformal_quantile,
    from_json,
    load_calibration,
)
from fallow.novelty.claims import split_claims
from fallow.novelty.features import idea_features
from fallow.novelty.frequencies import TermWeights
from fallow.novelty.idea_text import read_idea
from fallow.novelty.retrieval import Pool, Scope, collect
from fallow.novelty.scoring import Scored, score_pool
from fallow.novelty.self_made import STYLES, make_idea
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.errors import BadInput

HANDMADE = Path(__file__).with_name("handmade.json")
"""Ideas in our own words over language and machine learning: known ones, open ones, ones of other fields."""
SPLITS = {"train": (2012, 2018), "dev": (2019, 2019), "test": (2020, 2030)}
FALSE_SINK = 0.05
"""Share of hidden ideas that may be sunk by another paper when `falls` is chosen; half of it for `same`."""
FIELD = 0.32
"""Cosine of the nearest paper: between "open" (at least 0.36) and "elsewhere" (0.28) of handmade.json."""


@dataclass(frozen=True)
class Example:
    """One idea with its search.

    split: train, dev or test, with source the number of the idea's paper; or known or open, for the ideas of
    handmade.json, which have none (-1).
    """

    split: str
    style: str
    idea: str
    source: int
    as_of: int | None
    pool: Pool
    scored: Scored


def sample(catalog: Catalog, sizes: dict[str, int], seed: int) -> list[tuple[str, StoredPaper]]:
    """Papers of each split; authors of an earlier split are kept out of the later ones."""
    rng = random.Random(seed)
    papers = [p for p in catalog.papers() if len(p.abstract) > 400 and p.year and p.authors]
    rng.shuffle(papers)
    chosen: list[tuple[str, StoredPaper]] = []
    used: set[str] = set()
    for split, (first, last) in SPLITS.items():
        mine: set[str] = set()
        wanted = sizes[split]
        for paper in papers:
            ends = {paper.authors[0], paper.authors[-1]}
            if wanted and first <= (paper.year or 0) <= last and not ends & used:
                chosen.append((split, paper))
                mine |= ends
                wanted -= 1
        used |= mine
    return chosen


def search_examples(library: Path, sizes: dict[str, int], seed: int) -> list[Example]:
    """An idea of each sampled paper, searched with the paper in the library."""
    rng = random.Random(seed)
    examples: list[Example] = []
    with Catalog.open(library) as catalog, Searcher.open(library) as searcher:
        everything = TermWeights(searcher)
        for at, (split, paper) in enumerate(sample(catalog, sizes, seed)):
            style = STYLES[at % len(STYLES)]
            text = make_idea(paper.title, paper.abstract, style, rng)
            as_of = paper.public_by if rng.random() < 0.5 else None
            if text is None:
                continue
            try:
                idea = read_idea(text)
            except BadInput:
                continue
            claims = split_claims(idea)
            weights = everything if as_of is None else TermWeights(searcher, as_of)
            pool = collect(claims, searcher, catalog, Scope(as_of), spare=1)
            scored = score_pool(idea, claims, pool, searcher, catalog, weights, load_calibration())
            examples.append(Example(split, style, text, paper.number, as_of, pool, scored))
            if at % 50 == 0:
                print(f"{at} ideas searched", flush=True)
        handmade = json.loads(HANDMADE.read_text("utf-8"))
        for split in ("known", "open"):
            for text in handmade[split]:
                idea = read_idea(text)
                claims = split_claims(idea)
                pool = collect(claims, searcher, catalog, Scope())
                scored = score_pool(idea, claims, pool, searcher, catalog, everything, load_calibration())
                examples.append(Example(split, "handmade", text, -1, None, pool, scored))
    return examples


def fit_logistic(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    penalty: float,
    upper: Sequence[float | None],
    lower: Sequence[float | None],
) -> NDArray[np.float64]:
    """Weights and intercept of a ridge-penalised logistic regression with bounded weights (L-BFGS-B)."""
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = (x - mean) / scale

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total = z @ w[:-1] + w[-1]
        error = 1 / (1 + np.exp(-total)) - y
        value = float(np.logaddexp(0, np.where(y > 0, -total, total)).mean() + penalty * (w[:-1] ** 2).sum())
        gradient = np.append(z.T @ error / len(y) + 2 * penalty * w[:-1], error.mean())
        return value, gradient

    bounds = [*zip(lower, upper, strict=True), (None, None)]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[:-1] / scale
    return np.append(weights, found[-1] - float(weights @ mean))


def fit_claims(examples: Sequence[Example]) -> dict[str, float]:
    """The claim model: an idea's claims are covered by its own paper; by other papers read, taken as not."""
    rows, labels = [], []
    for example in examples:
        others = 0
        for row in example.scored.rows:
            own = row.candidate.paper.number == example.source
            if not own and others >= 4:
                continue
            others += not own
            table = np.stack([row.sentence, row.paper, row.words, row.in_sentence], axis=1)
            rows.append(table)
            labels.append(np.full(len(table), float(own)))
    y = np.concatenate(labels)
    x = np.concatenate(rows).astype(np.float64)
    weights = fit_logistic(x, y, penalty=1e-3, lower=[0.0] * 4, upper=[None] * 4)
    # Half of the rows covered, whatever share of other papers was read.
    weights[-1] -= float(np.log(y.mean() / (1 - y.mean())))
    return dict(zip((*CLAIM_FEATURES, "intercept"), map(float, weights), strict=True))


def feature_rows(
    examples: Sequence[Example], names: Sequence[str] = IDEA_FEATURES
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features [2n, f] and labels (1 = novel): each idea with its paper and without."""
    rows, labels = [], []
    for example in examples:
        for hidden in (False, True):
            found = idea_features(example.scored, example.pool, {example.source} if hidden else ())
            rows.append([found[name] for name in names])
            labels.append(float(hidden))
    return np.array(rows), np.array(labels)


def probabilities(examples: Sequence[Example], model: Calibration) -> list[float]:
    """Of ideas as they were searched, nothing hidden."""
    return [model.probability(idea_features(e.scored, e.pool)) for e in examples]


def fit_ideas(examples: Sequence[Example], penalty: float) -> dict[str, float]:
    """The idea model."""
    x, y = feature_rows(examples)
    # Being nearer to a paper can never make an idea more novel.
    bounds: dict[str, list[float | None]] = {"lower": [None] * x.shape[1], "upper": [0.0] * x.shape[1]}
    weights = fit_logistic(x, y, penalty=penalty, **bounds)
    return dict(zip((*IDEA_FEATURES, "intercept"), map(float, weights), strict=True))


def choose_falls(examples: Sequence[Example], facet: str, share: float) -> float:
    """The score that only `share` of hidden ideas reach with another paper; facet: "joint" or "whole"."""
    reached = []
    for e in examples:
        others = [row for row in e.scored.rows if row.candidate.paper.number != e.source]
        scores = [
            e.scored.joint(r) if facet == "joint" else e.scored.facet(r, "whole") or 0.0 for r in others
        ]
        reached.append(max(scores, default=0.0))
    return float(np.quantile(reached, 1 - share))


def auc(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    """Area under the ROC curve (Mann and Whitney 1947), ties counted half."""
    positive, negative = scores[labels > 0], scores[labels == 0]
    greater = (positive[:, None] > negative[None]).mean() + 0.5 * (positive[:, None] == negative[None]).mean()
    return float(greater)


def report(name: str, examples: Sequence[Example], model: Calibration) -> dict[str, float]:
    """Quality on one split."""
    x, y = feature_rows(examples)
    p = np.array([model.probability(dict(zip(IDEA_FEATURES, row, strict=True))) for row in x])
    decided_novel, decided_old = p >= model.novel_from, p <= model.not_novel_to
    decided = decided_novel | decided_old
    wrong = (decided_novel & (y == 0)) | (decided_old & (y == 1))
    bins = np.clip((p * 15).astype(int), 0, 14)
    ece = sum(abs(p[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist()))
    baselines, _ = feature_rows(examples, ("similarity", "words"))
    named = [e.scored.rows[0].candidate.paper.number == e.source for e in examples if e.scored.rows]
    figures = {
        "ideas": float(len(examples)),
        "auc": auc(p, y),
        "error_of_decided": float(wrong.sum() / max(decided.sum(), 1)),
        "abstention": float(1 - decided.mean()),
        "ece": float(ece),
        "own_paper_first": float(np.mean(named)),
        "auc_similarity": auc(-baselines[:, 0], y),
        "auc_words": auc(-baselines[:, 1], y),
    }
    print(name, json.dumps({key: round(value, 4) for key, value in figures.items()}))
    return figures


def train(examples: list[Example], penalty: float) -> dict[str, object]:
    """The content of calibration.json."""
    parts = {split: [e for e in examples if e.split == split] for split in (*SPLITS, "known", "open")}
    content: dict[str, object] = {
        "claim": fit_claims(parts["train"]),
        "idea": dict.fromkeys((*IDEA_FEATURES, "intercept"), 0.0),
        "novel_from": 0.5,
        "not_novel_to": 0.5,
        "field": 0.0,
        "falls": 0.5,
        "same": 0.5,
    }
    model = from_json(content)
    parts = {
        split: [replace(e, scored=e.scored.recalibrated(model)) for e in part]
        for split, part in parts.items()
    }
    content["falls"] = round(choose_falls(parts["train"], "joint", FALSE_SINK), 4)
    content["same"] = round(choose_falls(parts["train"], "whole", FALSE_SINK / 2), 4)
    content["field"] = FIELD
    content["idea"] = fit_ideas(parts["train"], penalty)
    model = from_json(content)
    x, y = feature_rows(parts["dev"])
    p = [model.probability(dict(zip(IDEA_FEATURES, row, strict=True))) for row in x]
    of_novel = [1 - value for value, label in zip(p, y, strict=True) if label]
    of_old = [value for value, label in zip(p, y, strict=True) if not label]
    # An idea may be novel unless its 1 - p is beyond what novel ideas have; then it is not_novel, and so on.
    low = 1 - conformal_quantile(of_novel, STATED_ERROR)
    # Ideas of people are farther from their papers than those that rules make: both must keep the promise.
    known = conformal_quantile(probabilities(parts["known"], model), STATED_ERROR / 2)
    high = max(conformal_quantile(of_old, STATED_ERROR), known)
    content["not_novel_to"], content["novel_from"] = round(min(low, high), 4), round(max(low, high), 4)
    model = from_json(content)
    content["figures"] = {split: report(split, parts[split], model) for split in SPLITS}
    for split in ("known", "open"):
        p = probabilities(parts[split], model)
        novel, old = (sum(v >= model.novel_from for v in p), sum(v <= model.not_novel_to for v in p))
        print(f"handmade {split}: {len(p)} ideas, {novel} look novel, {old} look old")
    return content


def main() -> None:
    """Search or load the examples, train, and write the coefficients."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="keep the searches here and use them the next time")
    parser.add_argument(
        "--ideas", type=int, nargs=3, default=(600, 300, 300), metavar=("TRAIN", "DEV", "TEST")
    )
    parser.add_argument("--penalty", type=float, default=0.002)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.cache and options.cache.exists():
        examples = pickle.loads(options.cache.read_bytes())
    else:
        started = time.perf_counter()
        examples = search_examples(
            options.library, dict(zip(SPLITS, options.ideas, strict=True)), options.seed
        )
        print(f"{len(examples)} ideas in {time.perf_counter() - started:.0f} s")
        if options.cache:
            options.cache.write_bytes(pickle.dumps(examples))
    content = train(examples, options.penalty)
    options.out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({k: v for k, v in content.items() if k != "figures"}, indent=1))


if __name__ == "__main__":
    main()
