"""How much less often is a paper cited that came out at the time of the citing one? Prints what
concurrency.py rests on.

    python training/prior_work/age.py ../shared/data/core/papers.jsonl.gz ../shared/data/core/citations.tsv.gz

For 500 citing papers of each period: the 200 best earlier papers by BM25 and the 200 best by dense
similarity; a logistic regression of being cited on the fused standardised score and on the age in years.
The weights of ages, divided by that of the score, say how many standard deviations an age is worth.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from citations import Citations, read_citations
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from fallow_index.encoders.minilm import MiniLmEncoder
from fallow_index.fusion import standardised
from fallow_index.lexical import LexicalIndex, query_terms
from fallow_index.postings import Postings

PERIODS = ((2005, 2017), (2018, 2019), (2020, 2021))
OLDEST = 12
CANDIDATES = 200


def main() -> None:
    """Read the options, fit, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("papers", type=Path)
    parser.add_argument("citations", type=Path)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20261120)
    options = parser.parse_args()
    data = read_citations(options.papers, options.citations)
    vectors = MiniLmEncoder().encode(data.texts)
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        Postings.of((text, "") for text in data.texts).write(Path(folder))
        index = LexicalIndex([Postings.open(Path(folder), len(data.texts))])
        for first, last in PERIODS:
            citing = np.unique(data.pairs[:, 0])
            citing = citing[(data.years[citing] >= first) & (data.years[citing] <= last)]
            chosen = rng.choice(citing, min(options.queries, len(citing)), replace=False)
            scores, ages, cited = candidates(data, chosen, index, vectors)
            print(f"{first}-{last}: {len(chosen)} citing papers", weights(scores, ages, cited))


def candidates(
    data: Citations, citing: NDArray[np.int64], index: LexicalIndex, vectors: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """Fused score, age in years and whether cited, of every candidate of every citing paper."""
    references: dict[int, list[int]] = {}
    for source, target in data.pairs.tolist():
        references.setdefault(source, []).append(target)
    scores, ages, cited = [], [], []
    for paper in citing.tolist():
        visible = data.years <= data.years[paper]
        visible[paper] = False
        lexical = index.ask(query_terms(data.texts[paper]), visible).scores(np.arange(len(visible)))
        dense = vectors @ vectors[paper]
        nominated = [np.argsort(-np.where(visible, values, -9))[:CANDIDATES] for values in (lexical, dense)]
        rows = np.union1d(*nominated)
        rows = rows[visible[rows]]
        scores.append(standardised(lexical[rows]) + standardised(dense[rows]))
        ages.append(np.minimum(data.years[paper] - data.years[rows], OLDEST))
        cited.append(np.isin(rows, references[paper]))
    return np.concatenate(scores), np.concatenate(ages), np.concatenate(cited)


def weights(
    scores: NDArray[np.float32], ages: NDArray[np.int64], cited: NDArray[np.bool_]
) -> dict[int, float]:
    """Age -> its weight over that of the score, 0 for one year."""
    table = np.concatenate([scores[:, None], np.eye(OLDEST + 1)[ages]], axis=1)
    fitted = LogisticRegression(C=10, fit_intercept=False, max_iter=500).fit(table, cited).coef_[0]
    return {age: round(float((fitted[1 + age] - fitted[2]) / fitted[0]), 2) for age in range(OLDEST + 1)}


if __name__ == "__main__":
    main()
