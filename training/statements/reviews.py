"""Trains what tells a reviewer's criticism from praise and summary: src/fallow/statements/review_weights.npz.

    python training/statements/reviews.py --data ../shared/data

Nobody labelled the sentences: reviewers did, by the field of the form they wrote them into. A sentence of
"weaknesses" teaches criticism, one of "strengths" or "summary" its absence (distant supervision: Mintz et
al., 2009). Papers of fold 0 are left out of training; the AUC printed is theirs. Sentences are seen as hashed
word 1- to 3-grams alone, so the weights serve with every encoder. The file holds weights, no text.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from fallow.statements.cues import prepare
from fallow.statements.features import HASH_BITS, ngram_rows
from fallow.statements.review_cues import prose_spans

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "src" / "fallow" / "statements" / "review_weights.npz"
PENALTY = 3.0
_HEADING = re.compile(r"^(SUMMARY|STRENGTHS|WEAKNESSES|QUESTIONS|LIMITATIONS):$", re.MULTILINE)


def fold_of(paper: str) -> int:
    """0 to 4; papers of 0 are kept back."""
    return zlib.crc32(paper.encode()) % 5


def reviews(path: Path) -> Iterator[dict[str, object]]:
    """The reviews of `reviews.dev.jsonl.gz`: paper_id, year, recommendation, and `parts`, field -> text."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            review = json.loads(line)
            yield review | {"parts": parts_of(review.pop("text"))}


def parts_of(text: str) -> dict[str, str]:
    """The fields of a review that came as one text with headings."""
    found = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in found[1:]] + [len(text)]
    parts: dict[str, str] = {}
    for heading, end in zip(found, ends, strict=True):
        parts.setdefault(heading[1].lower(), text[heading.end() : end].strip())
    return parts


def main() -> None:
    """Train, store, and tell how well papers that were kept back are told apart."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    train: list[tuple[str, bool]] = []
    kept_back: list[tuple[str, bool]] = []
    for review in reviews(options.data / "neurips" / "reviews.dev.jsonl.gz"):
        parts = review["parts"]
        assert isinstance(parts, dict)
        for part in ("weaknesses", "strengths", "summary"):
            text = parts.get(part, "")
            for start, end in prose_spans(text):
                if not text[start:end].endswith("?"):
                    where = train if fold_of(str(review["paper_id"])) else kept_back
                    where.append((prepare(text[start:end]), part == "weaknesses"))
    x, y = ngram_rows([text for text, _ in train]), np.array([truth for _, truth in train])
    weights = fit(x, y)
    np.savez_compressed(options.out, ngrams=weights[:-1].astype(np.float16), bias=weights[-1:])
    scores = ngram_rows([text for text, _ in kept_back]) @ weights[:-1] + weights[-1]
    truth = np.array([truth for _, truth in kept_back])
    print(f"{len(train):,} sentences, {y.mean():.2f} of them criticism")
    print(f"kept back {len(truth):,} sentences: AUC {auc(scores, truth):.3f}")


def fit(x: object, truth: np.ndarray) -> np.ndarray:
    """Logistic regression with an L2 penalty by L-BFGS; the last weight is the bias."""
    sign = np.where(truth, 1.0, -1.0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (x @ weights[:-1] + weights[-1])  # type: ignore[operator]
        wrong = 1.0 / (1.0 + np.exp(np.clip(margin, -30, 30)))
        slope = -sign * wrong
        value = np.logaddexp(0.0, -margin).sum() + 0.5 * weights[:-1] @ weights[:-1] / PENALTY
        gradient = np.append(x.T @ slope + weights[:-1] / PENALTY, slope.sum())  # type: ignore[attr-defined]
        return float(value), gradient

    start = np.zeros((1 << HASH_BITS) + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 80})
    return np.asarray(found.x)


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve, ties aside."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(1, len(scores) + 1)
    positive = int(truth.sum())
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * (len(truth) - positive)))


if __name__ == "__main__":
    main()
