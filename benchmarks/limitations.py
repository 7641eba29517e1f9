"""How well statements are found, against baselines trained in the same run, and how fast papers are mined.

    .venv/bin/python benchmarks/limitations.py --data ../shared/data

Measured on sentences of papers that training held back (fold 0 of training/statements/data.py) or of the
published dev parts. Baselines: a regular expression (any strong cue; for future work the future cues) and a
logistic regression on hashed n-grams alone, trained on the same sentences. Prints a table, then a JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "training" / "statements"))
import data as labelled
from train import Design, best_threshold, encode, fit

from fallow.evaluation.limitations import Scores, scores_of
from fallow.sentences import sentence_encoder
from fallow.statements import mine_statements
from fallow.statements.classifier import load_classifier, read_classifier
from fallow.statements.cues import CUE_NAMES, cue_vector, prepare
from fallow.statements.features import feature_rows, ngram_rows
from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper, Section

FUTURE_CUES = ("future", "we_plan", "further", "left")
STRONG_CUES = (
    "limitation",
    "limited",
    "fail",
    "does_not",
    "we_only",
    "suffer",
    "open",
    "left",
    "hard",
    "cannot",
)
DIRECTION_CUES = (*FUTURE_CUES, "interesting", "open", "could")


@dataclass(frozen=True)
class Task:
    """What is measured: head, sentences to train the baseline on and to measure on, cues of the regex."""

    name: str
    head: str
    train: list[labelled.Labelled]
    test: list[labelled.Labelled]
    cues: Sequence[str]


def tasks_of(labels: Path) -> list[Task]:
    train, val = labelled.challenges(labels, "train"), labelled.challenges(labels, "val")
    gold = {row["text"] for row in labelled.lines(labels / "future_work.dev.jsonl.gz")}
    conclusions = [
        row
        for row in labelled.conclusions(labels)
        if row.sample.text in gold or not row.truth["conclusion:future_work"][0]
    ]
    ignorance = labelled.ignorance(labels)

    def split(rows: list[labelled.Labelled]) -> tuple[list[labelled.Labelled], list[labelled.Labelled]]:
        return [r for r in rows if not labelled.held_out(r.group)], [
            r for r in rows if labelled.held_out(r.group)
        ]

    return [
        Task("challenges: problem", "problem", train, val, STRONG_CUES),
        Task("challenges: direction", "direction", train, val, DIRECTION_CUES),
        Task(
            "ACL: future work / other conclusions", "conclusion:future_work", *split(conclusions), FUTURE_CUES
        ),
        Task("ignorance: any", "ignorance:any", *split(ignorance), (*STRONG_CUES, "hedge", "question")),
        Task("ignorance: future work", "ignorance:future_work", *split(ignorance), FUTURE_CUES),
    ]


def measure(task: Task, cache: Path, weights: Path | None) -> dict[str, Scores]:
    """Scores of the classifier and of both baselines."""
    head = task.head
    truth = np.array([row.truth[head][0] for row in task.test])
    classifier = read_classifier(weights.read_bytes()) if weights else load_classifier()
    found: dict[str, Scores] = {}
    if head in classifier.heads:
        samples = [row.sample for row in task.test]
        rows = feature_rows(samples, encode([sample.text for sample in samples], cache))
        column = classifier.column(head)
        probability = classifier.probabilities(rows)[:, column]
        found["fallow"] = scores_of(probability, truth, float(classifier.thresholds[column]), head)
    wanted = [CUE_NAMES.index(name) for name in task.cues]
    hits = [float(any(cue_vector(prepare(row.sample.text))[cue] for cue in wanted)) for row in task.test]
    found["regex"] = scores_of(hits, truth, 0.5, head)
    found["hashed n-grams + LR"] = ngram_baseline(task, truth)
    return found


def ngram_baseline(task: Task, truth: np.ndarray) -> Scores:
    """Logistic regression on hashed n-grams; its threshold from two folds of its training part."""
    known = np.array([row.truth[task.head][0] for row in task.train])
    fold = np.array([labelled.held_out(row.group, 0, 2) for row in task.train])

    def design(rows: list[labelled.Labelled]) -> Design:
        grams = ngram_rows([prepare(row.sample.text) for row in rows]) * np.float32(3.0)
        return Design(np.zeros((len(rows), 1), np.float32), grams.tocsr())

    x, ones = design(task.train), np.ones(len(known))
    outside = np.zeros(len(known))
    for part in (True, False):
        w, b = fit(x[fold != part], known[fold != part], ones[fold != part], 1.0)
        outside[fold == part] = x[fold == part] @ w + b
    cut = best_threshold(1 / (1 + np.exp(-outside)), known)
    w, b = fit(x, known, ones, 1.0)
    return scores_of(1 / (1 + np.exp(-(design(task.test) @ w + b))), truth, cut, task.head)


def speed(shared: Path, papers: int) -> dict[str, float]:
    """Mining full texts into a fresh library: sentences a second, then again with nothing new."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Catalog.open(Path(folder) / "library", create=True) as catalog,
    ):
        catalog.add(some_fulltexts(shared, papers), "fulltext")
        encoder = sentence_encoder()
        encoder.encode(["The first call compiles the model."])
        started = time.perf_counter()
        counts = mine_statements(catalog, encoder)
        first = time.perf_counter() - started
        started = time.perf_counter()
        mine_statements(catalog, encoder)
        again = time.perf_counter() - started
    return {
        "papers": counts.papers,
        "sentences": counts.sentences,
        "encoded": counts.encoded,
        "statements": counts.statements,
        "seconds": round(first, 2),
        "sentences_per_second": round(counts.sentences / first, 1),
        "seconds_with_nothing_new": round(again, 2),
    }


def some_fulltexts(shared: Path, papers: int) -> list[Paper]:
    """Every k-th full text, about `papers` of them."""
    step = max(1, 2973 // papers)
    return [
        Paper(
            key=name,
            title=name,
            abstract=sections[0][2],
            year=2010,
            sections=tuple(Section(heading, text, kind) for kind, heading, text in sections[1:] if text),
        )
        for number, (name, sections) in enumerate(labelled.fulltexts(shared / "fulltext"))
        if number % step == 0
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("/tmp/fallow-statement-vectors.npz"))
    parser.add_argument("--weights", type=Path, help="measure this file instead of the package's")
    parser.add_argument("--papers", type=int, default=200, help="full texts for the speed figure; 0 for none")
    given = parser.parse_args()
    out: dict[str, object] = {}
    print(f"{'':38s}{'':22s}{'P':>7s}{'R':>7s}{'F1':>7s}{'AUC':>7s}{'n':>7s}")
    for task in tasks_of(given.data / "labels"):
        scores = measure(task, given.cache, given.weights)
        out[task.name] = {name: asdict(score) for name, score in scores.items()}
        for name, s in scores.items():
            figures = f"{s.precision:7.3f}{s.recall:7.3f}{s.f1:7.3f}{s.auc or 0:7.3f}{s.sentences:7d}"
            print(f"{task.name:38s}{name:22s}{figures}")
    if given.papers:
        out["speed"] = speed(given.data, given.papers)
        print(out["speed"])
    print(json.dumps(out))


if __name__ == "__main__":
    main()
