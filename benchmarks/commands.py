"""Wall time and peak memory of every command over one corpus, each in a process of its own.

    python benchmarks/commands.py --data ../shared/data/core --work /tmp/fallow-core

Reads papers.jsonl.gz and citations.tsv.gz of --data into a library in --work and runs the line over it.
Floors (core, two cores): `--help` 0.3 s, `novelty` from a cold start 4 s, peak memory of every command 2 GiB.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

IDEA = "We mine parallel sentences for low-resource languages by contrastive learning of sentence embeddings."


def measured(arguments: list[str]) -> dict[str, object]:
    """Run one command; seconds, peak resident MiB and exit code."""
    started = time.perf_counter()
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "fallow_app", *arguments],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(process, 0)
    return {
        "command": " ".join(arguments[:2]),
        "seconds": round(time.perf_counter() - started, 2),
        "peak_mib": round(usage.ru_maxrss / 1024),
        "exit": os.waitstatus_to_exitcode(status),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--keep", action="store_true", help="Go on with the library that is there.")
    options = parser.parse_args()
    if not options.keep:
        shutil.rmtree(options.work, ignore_errors=True)
    library = ["--library", str(options.work)]
    steps = [
        ["--help"],
        ["ingest", "jsonl", str(options.data / "papers.jsonl.gz"), *library],
        ["ingest", "citations", str(options.data / "citations.tsv.gz"), *library],
        ["build", *library],
        ["build", *library],
        ["map", *library],
        ["niches", *library],
        ["limitations", *library],
        ["gaps", *library],
        ["ideas", *library],
        ["search", "subword units for rare words", *library],
        ["novelty", IDEA, *library],
        ["report", "--out", str(options.work / "report.html"), *library],
        ["export", "graphml", "--out", str(options.work / "graph.graphml"), *library],
        ["doctor", *library],
    ]
    rows = []
    for step in steps:
        row = measured(step)
        rows.append(row)
        print(
            f"{row['command']:<28} {row['seconds']:>8} s {row['peak_mib']:>6} MiB  exit {row['exit']}",
            flush=True,
        )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
