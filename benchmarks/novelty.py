"""How good and how fast novelty checks are.

    python benchmarks/novelty.py --library LIBRARY [--ideas IDEAS.jsonl.gz] [--papers 200]

LIBRARY is a built library of the core corpus. Leave-one-out: ideas made by rules from papers of 2020 and
on (fallow.novelty.self_made; calibration saw papers to 2018, thresholds those of 2019), each checked with
its paper hidden and shown; the baselines (greatest BM25 score, greatest cosine) are measured on the same
searches. --ideas are ideas that experts labelled, each with a closed list of papers (fallow eval
novelty). Prints a table and, with --json, the figures.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fallow.evaluation.novelty import (
    area_under_curve,
    bootstrap_auc,
    evaluate_novelty,
    expected_calibration_error,
)
from fallow.novelty import Verdict, check_novelty
from fallow.novelty.self_made import STYLES, make_idea
from fallow_index.search import Mode, Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput

COLD = "use dropout for regularising recurrent networks in speech recognition"


def leave_one_out(library: Path, count: int, first_year: int, *, dated: bool, seed: int) -> dict[str, object]:
    """Hidden and shown papers: AUC of fallow and of both baselines, error, abstention, who is named first."""
    rng = random.Random(seed)
    probabilities: list[float] = []
    truth: list[bool] = []
    baselines: dict[Mode, list[float]] = {"bm25": [], "dense": []}
    verdicts: list[tuple[bool, Verdict]] = []
    named: list[bool] = []
    seconds: list[float] = []
    with Catalog.open(library) as catalog, Searcher.open(library) as searcher:
        papers = [p for p in catalog.papers() if (p.year or 0) >= first_year and len(p.abstract) > 400]
        rng.shuffle(papers)
        for at, paper in enumerate(papers):
            if len(truth) >= 2 * count:
                break
            text = make_idea(paper.title, paper.abstract, STYLES[at % len(STYLES)], rng)
            if text is None:
                continue
            as_of = paper.public_by if dated else None
            for hidden in (True, False):
                exclude = [paper.number] if hidden else []
                started = time.perf_counter()
                try:
                    verdict = check_novelty(text, searcher, catalog, as_of=as_of, exclude=exclude)
                except BadInput:
                    break
                seconds.append(time.perf_counter() - started)
                verdicts.append((hidden, verdict))
                truth.append(hidden)
                probabilities.append(0.5 if verdict.probability is None else verdict.probability)
                for mode, scores in baselines.items():
                    hits = searcher.search(text, 1, mode=mode, as_of=as_of, exclude=exclude)
                    scores.append(-hits[0].score if hits else 0.0)
                if not hidden and verdict.outcome == "not_novel":
                    # Other papers may be named beside it; the first reason names the one that counts.
                    named.append(paper.key in verdict.reasons[0])
    labels = np.array(truth)
    fallow = np.array(probabilities)
    low, high = bootstrap_auc(fallow, labels)
    decided = [
        (hidden, v.outcome == "novel") for hidden, v in verdicts if v.outcome in ("novel", "not_novel")
    ]
    return {
        "ideas": len(truth) // 2,
        "auc": area_under_curve(fallow, labels),
        "auc_interval": [low, high],
        **{f"auc_{mode}": area_under_curve(np.array(s), labels) for mode, s in baselines.items()},
        "calibration_error": expected_calibration_error(fallow, labels),
        "error_of_decided": sum(a != b for a, b in decided) / max(1, len(decided)),
        "abstention": 1 - len(decided) / max(1, len(verdicts)),
        "source_named_first": sum(named) / max(1, len(named)),
        "not_novel_of_shown": sum(not h and v.outcome == "not_novel" for h, v in verdicts) / (len(truth) / 2),
        "novel_of_hidden": sum(h and v.outcome == "novel" for h, v in verdicts) / (len(truth) / 2),
        "seconds_median": statistics.median(seconds),
        "seconds_p95": float(np.quantile(seconds, 0.95)),
    }


def expert_ideas(ideas: Path, library: Path) -> dict[str, object]:
    """`fallow eval novelty` on labelled ideas with closed lists."""
    opener: Callable[..., object] = gzip.open if ideas.suffix == ".gz" else open
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ideas.jsonl"
        path.write_bytes(opener(ideas, "rb").read())  # type: ignore[attr-defined]
        scores = evaluate_novelty(path, library)
    return {name: getattr(scores, name) for name in scores.__slots__}


def cold_start(library: Path, runs: int) -> dict[str, float]:
    """Seconds of `fallow novelty TEXT` as a fresh process, import and load included; the first run apart."""
    program = "import sys; from fallow_app.cli.main import main; sys.argv[0] = 'fallow'; main()"
    seconds = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        command = [sys.executable, "-c", program, "novelty", COLD, "--json", "--library", str(library)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode not in (0, 3, 4):
            raise SystemExit(done.stderr.decode())
        seconds.append(time.perf_counter() - started)
    return {"first": seconds[0], "median": statistics.median(seconds[1:])}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--ideas", type=Path)
    parser.add_argument("--papers", type=int, default=100)
    parser.add_argument("--first-year", type=int, default=2020)
    parser.add_argument("--cold-runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, dict[str, object]] = {}
    for name, dated in (("as of the paper's day", True), ("over the whole library", False)):
        figures[f"leave-one-out, {name}"] = leave_one_out(
            options.library, options.papers, options.first_year, dated=dated, seed=options.seed
        )
    if options.ideas:
        figures["ideas judged by experts"] = expert_ideas(options.ideas, options.library)
    if options.cold_runs:
        figures["seconds from a cold start"] = dict(cold_start(options.library, options.cold_runs))
    for name, rows in figures.items():
        print(name, file=sys.stderr)
        for key, value in rows.items():
            print(
                f"  {key:22} {value:.4f}" if isinstance(value, float) else f"  {key:22} {value}",
                file=sys.stderr,
            )
    if options.json:
        print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
