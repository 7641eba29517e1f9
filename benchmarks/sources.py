"""Records a second of each file source, one process, nothing stored; memory at its peak.

Baseline in the same run: json.loads of every line of the snapshot, and nothing else.

    python benchmarks/sources.py [--data ../shared/data]
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
import tracemalloc
from pathlib import Path

from fallow_ingest.sources import SOURCES, Read

INPUTS = {
    "snapshot": "arxiv_cs/snapshot.jsonl.gz",
    "jsonl": "core/papers.jsonl.gz",
    "acl": "acl/anthology_xml.tar.gz",
    "bibtex": "fixtures/bibtex/pmlr_v75_SC_biblio.bib",
}


def measure(name: str, path: Path) -> dict[str, float]:
    started, cpu = time.perf_counter(), time.process_time()
    outcomes = read = mended = 0
    for outcome in SOURCES.create(name).read(path):
        outcomes += 1
        read += isinstance(outcome, Read)
        mended += isinstance(outcome, Read) and bool(outcome.notes)
    seconds, busy = time.perf_counter() - started, time.process_time() - cpu
    return {
        "records": outcomes,
        "read": read,
        "mended": mended,
        "records_per_second": round(outcomes / seconds),
        "records_per_cpu_second": round(outcomes / busy),
    }


def peak_of_snapshot(path: Path) -> float:
    """MiB that Python holds at most while 20,000 records stream by."""
    tracemalloc.start()
    for outcome in SOURCES.create("snapshot").read(path):
        if outcome.position >= 20_000:
            break
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(peak / 2**20, 1)


def json_alone(path: Path) -> int:
    started = time.perf_counter()
    with gzip.open(path, "rb") as file:
        count = sum(1 for line in file if json.loads(line))
    return round(count / (time.perf_counter() - started))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    data = parser.parse_args().data
    figures: dict[str, object] = {}
    for name, file in INPUTS.items():
        if (data / file).exists():
            figures[name] = found = measure(name, data / file)
            print(f"{name:10}", *(f"{key} {value:,}" for key, value in found.items()), sep="  ")
    snapshot = data / INPUTS["snapshot"]
    if snapshot.exists():
        figures["json_alone_records_per_second"] = json_alone(snapshot)
        figures["snapshot_peak_mib"] = peak_of_snapshot(snapshot)
        print(f"json.loads alone over the snapshot: {figures['json_alone_records_per_second']:,} records/s")
        print(f"peak while streaming the snapshot: {figures['snapshot_peak_mib']} MiB")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
