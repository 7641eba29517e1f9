"""Reading a source in batches: here when it is small, in a process of its own when it is large."""

from __future__ import annotations

import json
import marshal
import os
import pickle
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO

from fallow_ingest.catalog.draft import Draft, Texts, Values, sealed
from fallow_ingest.drafting import Batch, Drafted, batches
from fallow_ingest.errors import SourceBroken
from fallow_ingest.reading_worker import BATCH, END, ERROR, HEADER, PROGRESS
from fallow_ingest.sources import SOURCES, ReportBytes, Skipped

WORTH_A_PROCESS = 8 * 2**20
"""Bytes of a source below which starting a process costs more than it gains."""

_WAITING_FRAMES = 2


def read_batches(
    source: str, location: Path, *, start: int, report: ReportBytes, apart: bool | None = None
) -> Generator[Batch, None, None]:
    """Yield the records of a source after position `start`, in order and drafted, batch by batch.

    apart: whether a process of its own reads; None: when the location is large and there are two cores.
    Raises what the source raises, the same in either case, and SourceBroken when the process dies.
    """
    if apart is None:
        apart = bool(sys.executable) and _cores() > 1 and _bytes_of(location) >= WORTH_A_PROCESS
    if not apart:
        yield from batches(SOURCES.create(source).read(location, start=start, report=report))
        return
    with closing(_Worker(source, location, start)) as worker:
        yield from worker.batches(report)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _bytes_of(location: Path) -> int:
    try:
        if location.is_dir():
            return sum(path.stat().st_size for path in location.rglob("*") if path.is_file())
        return location.stat().st_size
    except (OSError, ValueError):
        return 0  # what is wrong with it, the source tells


class _Worker:
    """The near side of the process: takes its frames as they come, a few ahead of their use."""

    def __init__(self, source: str, location: Path, start: int) -> None:
        self.source = source
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "fallow_ingest.reading_worker"],
            # It finds the same packages, of the user's own sources too; never one in the folder we are in.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked = {"source": source, "location": str(location), "start": start}
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()
        self.frames: Queue[tuple[bytes, bytes] | None] = Queue(_WAITING_FRAMES)
        self.taker = Thread(target=self._take, args=(self.process.stdout,), daemon=True)
        self.taker.start()

    def batches(self, report: ReportBytes) -> Iterator[Batch]:
        """Yield what the process sends; its error, if it ends in one, is raised here."""
        while True:
            frame = self.frames.get()
            if frame is None:
                raise SourceBroken(
                    f"The process that reads the source {self.source} ended unexpectedly",
                    "run the same command again; with too little memory for two processes, free some first",
                )
            kind, payload = frame
            if kind == BATCH:
                yield unpacked(payload)
            elif kind == PROGRESS:
                report(*marshal.loads(payload))
            elif kind == ERROR:
                raise pickle.loads(payload)
            elif kind == END:
                return

    def close(self) -> None:
        """End the process and the thread that takes its frames."""
        self.process.kill()
        while self.taker.is_alive():
            try:
                self.frames.get(timeout=0.02)
            except Empty:
                continue
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def _take(self, stream: IO[bytes]) -> None:
        while len(header := stream.read(HEADER.size)) == HEADER.size:
            kind, length = HEADER.unpack(header)
            payload = stream.read(length)
            if len(payload) < length:
                break
            self.frames.put((kind, payload))
        self.frames.put(None)


def unpacked(payload: bytes) -> Batch:
    """The batch that the worker packed."""
    batch: Batch = []
    for record in marshal.loads(payload):
        if len(record) == 4:
            batch.append(Skipped(*record))
            continue
        position, notes, ids, version, values, texts = record
        item = Draft(Values._make(values), ids, b"", version, Texts._make(texts) if texts else None)
        batch.append(Drafted(position, sealed(item), notes))
    return batch
