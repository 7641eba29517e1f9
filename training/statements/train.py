"""Train the statement classifier and write src/fallow/statements/weights.npz.

    .venv/bin/python training/statements/train.py --data ../shared/data

Deterministic: no random numbers but a seeded sample of negatives. numpy and scipy only. About ten minutes
on two cores, most of it encoding (cached in --cache).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
from dataclasses import dataclass, replace
from pathlib import Path

import data as labelled
import numpy as np
from data import Labelled
from scipy import sparse
from scipy.optimize import minimize

from fallow.sentences import sentence_encoder
from fallow.statements.boilerplate import is_boilerplate, is_prose
from fallow.statements.classifier import SCALES, dense_block, layout_of, squash
from fallow.statements.cues import cue_vector, is_candidate, prepare
from fallow.statements.features import Rows, Sample, feature_rows
from fallow_ingest.text.sentences import split_sentences

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "src/fallow/statements"
SAMPLE = HERE.parents[1] / "ingest/fallow_ingest/sample"
FOLDS = 3
OWN_WEIGHT, SAMPLE_WEIGHT, WEAK_WEIGHT = 3.0, 0.15, 0.03


def encode(texts: list[str], cache: Path) -> np.ndarray:
    """Sentence vectors float32 [n, d], kept in `cache` by hash of the text."""
    known: dict[bytes, np.ndarray] = {}
    if cache.exists():
        with np.load(cache) as stored:
            known = {bytes(k): v for k, v in zip(stored["keys"], stored["vectors"], strict=True)}
    keys = [hashlib.md5(text.encode(), usedforsecurity=False).digest() for text in texts]
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if new:
        vectors = sentence_encoder().encode(list(new.values())).astype(np.float16)
        known |= dict(zip(new, vectors, strict=True))
        np.savez(
            cache,
            keys=np.array([np.frombuffer(k, np.uint8) for k in known]),
            vectors=np.array(list(known.values())),
        )
    return np.array([known[key] for key in keys], np.float32)


QUIET = ("method", "experiments", "data", "background", "abstract")


def not_even_a_candidate(sentence: str) -> bool:
    """Whether a sentence is prose without any cue."""
    return is_prose(sentence) and not is_candidate(cue_vector(prepare(sentence)), weak=True)


def ledger_examples(shared: Path) -> list[Labelled]:
    """Own labels, our sample library, and weak negatives from places where nobody admits anything."""
    found = [
        Labelled(
            Sample(text, section=kind),
            paper,
            labelled.ledger_truth(labelled.LEDGER_KINDS[letter], SAMPLE_WEIGHT),
        )
        for paper, kind, letter, text in labelled.sample_library(SAMPLE)
    ]
    known = labelled.own_labels(HERE / "labels.tsv")
    rng = random.Random(0)
    for paper, sections in labelled.fulltexts(shared / "fulltext"):
        negatives = []
        for kind, _heading, text in sections:
            sentences = [text[a:b] for a, b in split_sentences(text)]
            for place, sentence in enumerate(sentences):
                before = sentences[place - 1] if place else ""
                after = sentences[place + 1] if place + 1 < len(sentences) else ""
                sample = Sample(sentence, before, after, kind)
                own = known.get(labelled.sentence_key(sentence))
                if own is not None:
                    found.append(Labelled(sample, paper, labelled.ledger_truth(own.kind, OWN_WEIGHT)))
                elif kind in QUIET and not_even_a_candidate(sentence):
                    negatives.append(sample)
        if negatives:
            found.append(Labelled(rng.choice(negatives), paper, labelled.ledger_truth("", WEAK_WEIGHT)))
    return found


def with_weak_ledger(row: Labelled, labelled_kind: str) -> Labelled:
    """Gold future-work sentences and plain conclusion sentences also teach the ledger, with small weight."""
    sample = replace(row.sample, section="conclusion")
    return Labelled(sample, row.group, row.truth | labelled.ledger_truth(labelled_kind, WEAK_WEIGHT))


@dataclass(frozen=True)
class Design:
    """Features of n sentences: float32 [n, d] and sparse float32 [n, g]; columns count d first."""

    dense: np.ndarray
    ngrams: sparse.csr_matrix

    def __getitem__(self, rows: np.ndarray) -> Design:
        return Design(self.dense[rows], self.ngrams[rows])

    def __matmul__(self, weights: np.ndarray) -> np.ndarray:
        d = self.dense.shape[1]
        found: np.ndarray = self.dense @ weights[:d] + self.ngrams @ weights[d:]
        return found


def fit(x: Design, truth: np.ndarray, weight: np.ndarray, strength: float) -> tuple[np.ndarray, float]:
    """Logistic regression with an L2 penalty by L-BFGS: weights [columns] and bias."""
    sign = np.where(truth, 1.0, -1.0).astype(np.float32)
    weight = weight.astype(np.float32)
    columns = x.dense.shape[1] + x.ngrams.shape[1]
    by_bucket, by_column = x.ngrams.T.tocsr(), np.ascontiguousarray(x.dense.T)

    def loss(p: np.ndarray) -> tuple[float, np.ndarray]:
        w = p[:columns].astype(np.float32)
        z = (x @ w + np.float32(p[columns])) * sign
        slope = -sign * weight / (1.0 + np.exp(np.clip(z, -50, 50))) * np.float32(strength)
        value = float((weight * np.logaddexp(0, -z)).sum()) * strength + 0.5 * float(w @ w)
        return value, np.r_[
            by_column @ slope + w[: len(by_column)], by_bucket @ slope + w[len(by_column) :], slope.sum()
        ].astype(float)

    found = minimize(loss, np.zeros(columns + 1), jac=True, method="L-BFGS-B", options={"maxiter": 80})
    return found.x[:columns].astype(np.float32), float(found.x[columns])


def platt(scores: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Slope and offset of Platt scaling (Platt, 1999, with his smoothed targets)."""
    w, b = fit(
        Design(scores[:, None].astype(np.float32), sparse.csr_matrix((len(scores), 0), dtype=np.float32)),
        truth,
        weight,
        10.0,
    )
    return max(float(w[0]), 0.05), b


def best_threshold(probability: np.ndarray, truth: np.ndarray) -> float:
    """The probability whose cut gives the best F1."""
    cuts = np.linspace(0.1, 0.9, 81)

    def f1(cut: float) -> float:
        said = probability >= cut
        return 2 * float((said & truth).sum()) / max(1.0, float(said.sum() + truth.sum()))

    return float(max(cuts, key=f1))


STRENGTH = {"role": 0.3, "ignorance": 0.5, "conclusion": 1.0, "problem": 0.3, "direction": 0.3, "ledger": 0.5}


class Chain:
    """Heads trained one after another on what the ones before them say."""

    def __init__(self, rows: Rows, examples: list[Labelled]) -> None:
        self.examples = examples
        self.dense = dense_block(rows)
        self.ngrams = (rows.ngrams * np.float32(SCALES.ngrams)).tocsr()
        self.scores = np.zeros((len(examples), 0), np.float32)
        self.heads: list[str] = []
        self.fitted: list[tuple[np.ndarray, float, tuple[float, float], float]] = []

    def add(self, head: str) -> str:
        """Train one head, calibrated on out-of-fold scores. Returns a line of figures."""
        use = np.array([head in row.truth for row in self.examples])
        truth = np.array([row.truth[head][0] for row in self.examples if head in row.truth])
        weight = np.array([row.truth[head][1] for row in self.examples if head in row.truth])
        folds = np.array([fold_of(row.group) for row in self.examples if head in row.truth])
        x = Design(np.hstack([self.dense, squash(self.scores) * np.float32(SCALES.chain)]), self.ngrams)
        mine = x[use]
        strength = STRENGTH[head.split(":")[0]]
        outside = np.zeros(len(truth))
        for fold in range(FOLDS):
            w, b = fit(mine[folds != fold], truth[folds != fold], weight[folds != fold], strength)
            outside[folds == fold] = mine[folds == fold] @ w + b
        slope, offset = platt(outside, truth, weight)
        sure = weight >= 1.0
        probability = 1 / (1 + np.exp(-(outside * slope + offset)))
        cut = best_threshold(probability[sure], truth[sure])
        w, b = fit(mine, truth, weight, strength)
        self.heads.append(head)
        self.fitted.append((w, b, (slope, offset), cut))
        self.scores = np.hstack([self.scores, np.asarray(x @ w + b, np.float32)[:, None]])
        said = probability[sure] >= cut
        f1 = 2 * (said & truth[sure]).sum() / max(1, said.sum() + truth[sure].sum())
        counts = f"n={sure.sum():6d} positive={truth[sure].sum():5d}"
        return f"{head:42s} {counts} cross-validated F1={f1:.3f} at {cut:.2f}"

    def save(self, path: Path) -> None:
        """Write the weights as float16."""
        d, h = self.dense.shape[1], len(self.heads)
        chain = np.zeros((h, h), np.float16)
        for row, (w, *_rest) in enumerate(self.fitted):
            chain[row, :row] = w[d : d + row]
        ngrams = np.array([w[d + row :] for row, (w, *_rest) in enumerate(self.fitted)])
        ngrams[np.abs(ngrams) < 0.004] = 0.0
        content = io.BytesIO()
        np.savez_compressed(
            content,
            layout=np.array(layout_of()),
            heads=np.array(self.heads),
            dense=np.array([w[:d] for w, *_rest in self.fitted], np.float16),
            ngrams=ngrams.astype(np.float16),
            chain=chain,
            bias=np.array([b for _, b, *_rest in self.fitted], np.float32),
            platt=np.array([p for *_rest, p, _ in self.fitted], np.float32),
            thresholds=np.array([cut for *_rest, cut in self.fitted], np.float32),
        )
        path.write_bytes(content.getvalue())


def fold_of(group: str) -> int:
    """Fold of a paper in cross-validation."""
    return next(part for part in range(FOLDS) if labelled.held_out(group, part, FOLDS))


def examples_of(shared: Path, *, everything: bool, without: frozenset[str]) -> list[Labelled]:
    """All labelled sentences; unless `everything`, without fold 0 of the sets that have no dev part."""
    labels = shared / "labels"
    conclusions = [
        with_weak_ledger(row, "future_work" if row.truth["conclusion:future_work"][0] else "")
        for row in labelled.conclusions(labels)
    ]
    split = labelled.ignorance(labels) + conclusions
    rows = labelled.roles(labels, "train") + [
        r for r in split if everything or not labelled.held_out(r.group)
    ]
    if "challenges" not in without:
        rows += labelled.challenges(labels, "train")
    ledger = [
        Labelled(
            row.sample,
            row.group,
            row.truth
            | {"problem": (row.truth["ledger:any"][0] and not row.truth["ledger:future_work"][0], 0.3)},
        )
        for row in ledger_examples(shared)
    ]
    return [
        row
        for row in rows + ledger
        if not is_boilerplate(prepare(row.sample.text)) or "ledger:any" not in row.truth
    ]


def main() -> None:
    """Train all heads and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("/tmp/fallow-statement-vectors.npz"))
    parser.add_argument("--out", type=Path, default=PACKAGE / "weights.npz")
    parser.add_argument(
        "--everything", action="store_true", help="also train on the folds kept back for measuring"
    )
    parser.add_argument(
        "--without", nargs="*", default=[], choices=["challenges"], help="leave a label set out"
    )
    given = parser.parse_args()
    examples = examples_of(given.data, everything=given.everything, without=frozenset(given.without))
    rows = feature_rows([e.sample for e in examples], encode([e.sample.text for e in examples], given.cache))
    chain = Chain(rows, examples)
    heads = [f"role:{name}" for name in labelled.ROLES]
    heads += ["ignorance:any", *(f"ignorance:{name}" for name in labelled.IGNORANCE)]
    heads += ["conclusion:future_work", "problem"]
    heads += [] if "challenges" in given.without else ["direction"]
    heads += ["ledger:any", *(f"ledger:{name}" for name in labelled.LEDGER_KINDS.values())]
    for head in heads:
        print(chain.add(head), flush=True)
    chain.save(given.out)
    print(f"{given.out}: {given.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
