"""The process that reads a large source, so that reading and storing use two cores.

Started as `python -m fallow_ingest.reading_worker`. One line of JSON on its standard input says what to read;
it answers with frames (see `write_frame`) and ends when the parent does: its input is then at its end.
"""

from __future__ import annotations

import gc
import json
import marshal
import os
import pickle
import signal
import struct
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

from fallow_ingest.catalog.draft import outline
from fallow_ingest.drafting import Batch, Drafted, batches
from fallow_ingest.sources import SOURCES

HEADER = struct.Struct("<cQ")
BATCH, PROGRESS, ERROR, END = b"b", b"p", b"x", b"e"

_SECONDS_BETWEEN_REPORTS = 0.2


def write_frame(stream: BinaryIO, kind: bytes, payload: bytes) -> None:
    """One byte of kind, eight of length, the payload."""
    stream.write(HEADER.pack(kind, len(payload)))
    stream.write(payload)
    stream.flush()


def packed(batch: Batch) -> bytes:
    """The batch as bytes: plain tuples travel fastest. Hashes are worked out where the batch is stored."""
    return marshal.dumps(
        [
            (
                item.position,
                item.notes,
                item.draft.ids,
                item.draft.version,
                tuple(item.draft.values),
                _plain(item),
            )
            if isinstance(item, Drafted)
            else (item.position, item.reason, item.place, item.detail)
            for item in batch
        ]
    )


def _plain(item: Drafted) -> tuple[object, ...] | None:
    return tuple(item.draft.texts) if item.draft.texts else None


def main() -> None:
    """Read what standard input names; answer on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent deals with it, and ends this process
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=2**20)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing but frames may reach the parent
    asked = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)  # a batch holds many tuples and no cycles
    told = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if done >= total or time.monotonic() - told > _SECONDS_BETWEEN_REPORTS:
            told = time.monotonic()
            write_frame(answers, PROGRESS, marshal.dumps((done, total)))

    try:
        items = SOURCES.create(asked["source"]).read(
            Path(asked["location"]), start=asked["start"], report=tell
        )
        for batch in batches(items, outline):
            write_frame(answers, BATCH, packed(batch))
        write_frame(answers, END, b"")
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        # Whatever it is, it is raised again where the source was asked for.
        write_frame(answers, ERROR, pickle.dumps(error))


def _end_with_parent() -> None:
    # Not through sys.stdin: its lock would still be held when this process ends by itself.
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
