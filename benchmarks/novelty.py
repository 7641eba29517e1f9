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
from contextlib import suppress
from dataclasses import dataclass, field
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
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.errors import BadInput

COLD = "use dropout for regularising recurrent networks in speech recognition"


@dataclass
class Run:
    """What checks of hidden and shown papers gave, in step."""

    hidden: list[bool] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    baselines: dict[Mode, list[float]] = field(default_factory=lambda: {"bm25": [], "dense": []})
    named: list[bool] = field(default_factory=list)


def check_twice(
    run: Run, text: str, paper: StoredPaper, catalog: Catalog, searcher: Searcher, *, dated: bool
) -> None:
    """Check one idea with its paper hidden and shown; both baselines search the same papers."""
    as_of = paper.public_by if dated else None
    for hidden in (True, False):
        exclude = [paper.number] if hidden else []
        started = time.perf_counter()
        verdict = check_novelty(text, searcher, catalog, as_of=as_of, exclude=exclude)
        run.seconds.append(time.perf_counter() - started)
        run.hidden.append(hidden)
        run.verdicts.append(verdict)
        for mode, scores in run.baselines.items():
            hits = searcher.search(text, 1, mode=mode, as_of=as_of, exclude=exclude)
            scores.append(-hits[0].score if hits else 0.0)
        if not hidden and verdict.outcome == "not_novel":
            run.named.append(paper.key in verdict.reasons[0])


def leave_one_out(library: Path, count: int, first_year: int, *, dated: bool, seed: int) -> dict[str, object]:
    """Hidden and shown papers: AUC of fallow and of both baselines, error, abstention, who is named."""
    rng = random.Random(seed)
    run = Run()
    with Catalog.open(library) as catalog, Searcher.open(library) as searcher:
        papers = [p for p in catalog.papers() if (p.year or 0) >= first_year and len(p.abstract) > 400]
        rng.shuffle(papers)
        for at, paper in enumerate(papers):
            if len(run.hidden) >= 2 * count:
                break
            text = make_idea(paper.title, paper.abstract, STYLES[at % len(STYLES)], rng)
            if text is not None:
                with suppress(BadInput):
                    check_twice(run, text, paper, catalog, searcher, dated=dated)
    return figures_of(run)


def figures_of(run: Run) -> dict[str, object]:
    """The figures of one run."""
    labels = np.array(run.hidden)
    fallow = np.array([0.5 if v.probability is None else v.probability for v in run.verdicts])
    low, high = bootstrap_auc(fallow, labels)
    outcomes = list(zip(run.hidden, (v.outcome for v in run.verdicts), strict=True))
    decided = [
        (hidden, outcome == "novel") for hidden, outcome in outcomes if outcome in ("novel", "not_novel")
    ]
    ideas = len(outcomes) / 2
    return {
        "ideas": int(ideas),
        "auc": area_under_curve(fallow, labels),
        "auc_interval": [round(low, 4), round(high, 4)],
        **{f"auc_{mode}": area_under_curve(np.array(s), labels) for mode, s in run.baselines.items()},
        "calibration_error": expected_calibration_error(fallow, labels),
        "error_of_decided": sum(a != b for a, b in decided) / max(1, len(decided)),
        "abstention": 1 - len(decided) / max(1, len(outcomes)),
        "source_named": sum(run.named) / max(1, len(run.named)),
        "not_novel_of_shown": outcomes.count((False, "not_novel")) / ideas,
        "novel_of_shown": outcomes.count((False, "novel")) / ideas,
        "novel_of_hidden": outcomes.count((True, "novel")) / ideas,
        "not_novel_of_hidden": outcomes.count((True, "not_novel")) / ideas,
        "seconds_median": statistics.median(run.seconds),
        "seconds_p95": float(np.quantile(run.seconds, 0.95)),
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
