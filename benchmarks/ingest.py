"""Records a second from an arXiv metadata snapshot into the catalog, and life with that catalog.

    python benchmarks/ingest.py --snapshot ../shared/data/arxiv_cs/snapshot.jsonl.gz [--records 2500000]

--records repeats the snapshot until there are so many, in a plain file: every repeated record gets an id, a
title, a first day in its id's month and a DOI (where it has one) of its own, so that none merges with another
by accident; its other text is the same.

Told are: records a second by the clock and a second of processor time, of which the storing process alone;
the baseline, json.loads over the same lines; the peak of resident memory of all processes together (sampled
five times a second; what they share counts twice), also in the first tenth of the run; how long `find` takes
for ids of each scheme, in a connection opened afresh; and how long an incremental file of 1,000 records takes
(700 new, 200 changed, 100 as they were).

Floors: 15,000 records/s on two cores of one's own, 400 MiB, 1 ms, 5 s.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy
import orjson

from fallow_ingest.catalog import Catalog
from fallow_ingest.ingest import IngestAccount, ingest

BASELINE_LINES = 90_000
LOOK_UPS = 2_000
RECORDS_A_MONTH = 30_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--snapshot", type=Path, required=True)
    parser.add_argument("--records", type=int, help="repeat the snapshot until there are so many")
    parser.add_argument("--folder", type=Path, help="where the library is made for a while (default: /tmp)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        print(json.dumps(measure(options.snapshot, options.records, Path(folder)), indent=2))


def measure(snapshot: Path, records: int | None, folder: Path) -> dict[str, Any]:
    source = snapshot
    if records:
        source = folder / "repeated.json"
        write(source, islice(repeated(snapshot), records))
    told: dict[str, Any] = {"json_parsing_alone_per_second": round(parsing_alone(source))}
    with Catalog.open(folder / "library", create=True) as catalog:
        account, timing = timed(catalog, source)
        told |= {"records": account.counts.total, "new": account.counts.new} | timing
    with Catalog.open(folder / "library") as catalog:
        told["find_ms"] = look_ups(catalog)
    told["catalog_mib"] = (folder / "library" / "catalog.sqlite").stat().st_size // 2**20
    source = folder / "day.json"
    write(source, a_day(snapshot))
    with Catalog.open(folder / "library") as catalog:
        account, timing = timed(catalog, source)
        counts = account.counts
        told["incremental"] = {"new": counts.new, "updated": counts.updated, "unchanged": counts.unchanged}
        told["incremental"] |= {"seconds": timing["seconds"]}
    return told


def timed(catalog: Catalog, source: Path) -> tuple[IngestAccount, dict[str, Any]]:
    memory = Memory()
    cpu, own = processor_seconds(), time.process_time()
    started = time.perf_counter()
    size = source.stat().st_size
    with memory:
        account = ingest(
            catalog, "snapshot", source, report=lambda _, done, __: memory.note_tenth(done * 10 >= size)
        )
    seconds = time.perf_counter() - started
    cpu, own = processor_seconds() - cpu, time.process_time() - own
    return account, {
        "seconds": round(seconds, 2),
        "records_per_second": round(account.counts.total / seconds),
        "records_per_processor_second": round(account.counts.total / cpu),
        "processor_seconds": {"storing": round(own, 1), "reading": round(cpu - own, 1)},
        "peak_mib_all_processes": memory.peak,
        "peak_mib_in_the_first_tenth": memory.first_tenth,
    }


def processor_seconds() -> float:
    """Of this process and those it started and waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


class Memory:
    """Samples the memory of this process and its children until it is left; peaks in MiB (Linux)."""

    def __init__(self) -> None:
        self.peak = self.first_tenth = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def note_tenth(self, passed: bool) -> None:
        """Remember the peak so far as that of the first tenth, the first time it has passed."""
        if passed and not self.first_tenth:
            self.first_tenth = self.peak

    def _watch(self) -> None:
        page = resource.getpagesize()
        while not self._ended.wait(0.2):
            self.peak = max(self.peak, sum(map(_resident_pages, _family())) * page // 2**20)


def _family() -> list[int]:
    own = os.getpid()
    tasks = Path(f"/proc/{own}/task")
    children: list[int] = []
    for task in tasks.iterdir():
        try:
            children += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # a thread that has ended meanwhile
    return [own, *children]


def _resident_pages(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0  # it has ended meanwhile


# Input ------------------------------------------------------------------------------------------


def lines_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw:
        yield from gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw


def repeated(snapshot: Path) -> Iterator[dict[str, Any]]:
    """The snapshot's records again and again, each unlike any other in id, title, day and DOI."""
    number = 0
    while True:
        for line in lines_of(snapshot):
            record = orjson.loads(line)
            month, place = divmod(number, RECORDS_A_MONTH)
            year, month = 15 + month // 12, 1 + month % 12
            record["id"] = f"{year:02d}{month:02d}.{place + 1:05d}"
            record["title"] = f"{record['title']}: copy {number}"
            day = f"20{year:02d}-{month:02d}-{1 + 28 * place // RECORDS_A_MONTH:02d}"
            record["versions"] = [{"version": "v1", "created": day}]
            if record.get("doi"):
                record["doi"] = f"{record['doi'].split()[0]}.{number}"
            yield record
            number += 1


def a_day(snapshot: Path) -> Iterator[dict[str, Any]]:
    """700 records that no library has, 200 changed ones and 100 as they were."""
    for number, record in enumerate(islice(repeated(snapshot), 1_000)):
        if number < 700:
            record["id"] = f"1412.{number + 1:04d}"
            record["title"] += " of a new day"
            record["doi"] = None
        elif number < 900:
            record["abstract"] += " And one more sentence."
        yield record


def write(path: Path, records: Iterable[dict[str, Any]]) -> None:
    with path.open("wb") as out:
        out.writelines(orjson.dumps(record) + b"\n" for record in records)


def parsing_alone(source: Path) -> float:
    """Records a second of json.loads: what any reader must spend."""
    lines = lines_of(source)
    started = time.process_time()
    parsed = sum(1 for line in islice(lines, BASELINE_LINES) if json.loads(line))
    return parsed / (time.process_time() - started)


# Look-ups ---------------------------------------------------------------------------------------


def look_ups(catalog: Catalog) -> dict[str, dict[str, float]]:
    """Median and 99th percentile of `find`, which looks an id up and reads its paper, in ms by scheme."""
    told = {}
    chance = random.Random(7)
    last = catalog.connection.execute("SELECT max(number) FROM papers").fetchone()[0]
    ids: dict[str, list[str]] = defaultdict(list)
    for number in chance.sample(range(1, last + 1), min(last, 6 * LOOK_UPS)):
        for scheme, value in catalog.paper(number).ids.items():
            ids[scheme].append(f"{scheme}:{value}")
    for scheme, found in sorted(ids.items()):
        chance.shuffle(found)
        times = []
        for text in found[:LOOK_UPS]:
            started = time.perf_counter()
            catalog.find(text)
            times.append(1000 * (time.perf_counter() - started))
        if times:
            p50, p99 = numpy.percentile(times, [50, 99])
            told[scheme] = {"p50": round(float(p50), 4), "p99": round(float(p99), 4), "ids": len(times)}
    return told


if __name__ == "__main__":
    main()
