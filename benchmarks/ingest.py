"""Records a second from an arXiv metadata snapshot into a searchable catalog, against parsing alone.

    python benchmarks/ingest.py --snapshot ../shared/data/arxiv_cs/snapshot.jsonl.gz

The baseline is json.loads over the same lines: what any reader must spend. Floor: 5,000 records/s.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import tempfile
import time
from pathlib import Path

from fallow_ingest.catalog import Catalog
from fallow_ingest.ingest import ingest


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--snapshot", type=Path, required=True)
    options = parser.parse_args()
    started = time.perf_counter()
    with gzip.open(options.snapshot, "rb") as lines:
        parsed = sum(1 for line in lines if json.loads(line))
    parsing = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder, Catalog.open(Path(folder), create=True) as catalog:
        started = time.perf_counter()
        account = ingest(catalog, "snapshot", options.snapshot)
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        numbers = [catalog.number_of(paper.key) for paper in catalog.papers()]
        look_ups = time.perf_counter() - started
    records = account.counts.total
    print(
        json.dumps(
            {
                "records": records,
                "seconds": round(seconds, 2),
                "records_per_second": round(records / seconds),
                "json_parsing_alone_per_second": round(parsed / parsing),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "look_up_and_read_ms": round(1000 * look_ups / len(numbers), 4),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
