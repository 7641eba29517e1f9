"""Synchronise an engine with forty papers in batches of eight, killed before the n-th is sent.

Run as: python killed_sync.py ENGINE FOLDER N. N = 0 is never killed. Prints what was sent, deleted and held.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from opened_engines import Opener, papers

from fallow_index.engines import sync


class Index:
    """What a synchronisation asks of an open index."""

    def __init__(self) -> None:
        self._papers = papers(list(range(1, 41)))
        self.numbers = self._papers.held.numbers
        self.keys = self._papers.held.keys
        self.days = self._papers.held.public_by
        self.vectors = self._papers.dense

    def __len__(self) -> int:
        return len(self.numbers)

    def tokens(self, rows: Any) -> tuple[Any, Any]:
        offsets = self._papers.offsets
        parts = [self._papers.tokens[offsets[row] : offsets[row + 1]] for row in rows.tolist()]
        lengths = [len(part) for part in parts]
        return np.concatenate(parts), np.concatenate([[0], np.cumsum(lengths)])


def main(name: str, folder: str, kill_at: int) -> None:
    sync.BATCH = 8
    opener = Opener(name, Path(folder))
    batches = 0

    def report(stage: str, _done: int, _total: int) -> None:
        nonlocal batches
        batches += stage == "send"
        if batches == kill_at and kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    catalog: Any = SimpleNamespace(papers_by_number=lambda _numbers: {})
    index: Any = Index()
    done = sync.synchronise(opener.open(), index, catalog, report)
    opener.close()
    print(done.sent, done.deleted, done.held)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
