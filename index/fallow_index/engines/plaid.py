"""The engine `colbert-ai`: Stanford's PLAID over the token vectors of the index.

Santhanam, Khattab, Potts and Zaharia 2022, "PLAID: An Efficient Engine for Late Interaction Retrieval".
colbert-ai wants an older transformers than ours, so it runs as a process of its own (plaid_worker.py) in the
Python that --engine-python or FALLOW_COLBERT_PYTHON names, and reads the token vectors from .npy files. It
uses a GPU where torch sees one. Papers, filters and dense vectors are those of `local`; a PLAID index belongs
to one generation and is made anew for the next (its clustering is of the whole).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from fallow_index.arrays import ArrayWriter, map_array, save_array
from fallow_index.engines import CANDIDATES, Place, Ranking, weighted
from fallow_index.engines.local import LocalEngine
from fallow_index.query import Query
from fallow_index.segments import VectorSpace
from fallow_index.threads import usable_cores
from fallow_ingest.errors import EngineError, FallowError, LibraryBusy

PYTHON_VARIABLE = "FALLOW_COLBERT_PYTHON"
WORKER = Path(__file__).with_name("plaid_worker.py")
INSTALL = (
    "python -m venv DIR && DIR/bin/pip install 'fallow[colbert]' && "
    "export FALLOW_COLBERT_PYTHON=DIR/bin/python"
)
BITS, ITERATIONS = 4, 4
"""Of a residual's component; of the clustering (colbert-ai's default)."""
INDEX, ROWS_FILE, LOG, LOCK = "plaid", "rows.npy", "worker.log", ".lock"
_ROWS_AT_ONCE = 1000


class Plaid:
    """How PLAID searches: its own settings for k up to 10, 100 and more (colbert-ai, searcher.py)."""

    def __init__(self, cells: int = 0, threshold: float = 0.0, documents: int = 0) -> None:
        self._given = cells, threshold, documents

    def settings(self, k: int) -> dict[str, float]:
        """Centroids a query token, the score below which a centroid is pruned, papers kept before the last
        two stages (which get a quarter of them)."""
        usual = (1, 0.5, 256) if k <= 10 else (2, 0.45, 1024) if k <= 100 else (4, 0.4, max(4 * k, 4096))
        cells, threshold, documents = (g or u for g, u in zip(self._given, usual, strict=True))
        return {"cells": cells, "threshold": threshold, "documents": documents}


class PlaidEngine(LocalEngine):
    """A PLAID index in <library>/engines/colbert-ai. plaid: other settings of its search than its own."""

    name = "colbert-ai"

    def __init__(
        self, place: Place, space: VectorSpace, *, replace: bool = False, plaid: Plaid | None = None
    ) -> None:
        lacking = self.lacking(place)
        if lacking is not None:
            raise lacking
        self._plaid = plaid or Plaid()
        self._python = _python(place)
        self._home = place.folder / "engines" / self.name
        self._worker: _Worker | None = None
        self._opened = -1
        self._rows = np.empty(0, np.int64)
        super().__init__(place, space, replace=replace)

    @staticmethod
    def lacking(place: Place) -> FallowError | None:
        """A Python that has colbert-ai."""
        python = _python(place)
        if not python:
            return EngineError("The engine 'colbert-ai' was told no Python that has colbert-ai", INSTALL)
        if shutil.which(python) is None:
            return EngineError(f"The engine 'colbert-ai' finds no Python at {python}", INSTALL)
        return None

    def close(self) -> None:
        """End the process."""
        super().close()
        if self._worker is not None:
            self._worker.close()
            self._worker = None
            self._opened = -1

    # Making -------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Make the PLAID index of the present generation, where there is none yet.

        Minutes for tens of thousands of papers. Killed, it goes on where it was: with the clustering, and
        with chunks of 25,000 papers.
        """
        searcher = self._searcher
        if searcher is None or self._folder().exists():
            return
        self._home.mkdir(parents=True, exist_ok=True)
        with _one_maker(self._home / LOCK):
            making = self._home / f".making-{searcher.generation.number}"
            for other in self._home.iterdir():
                if other.is_dir() and other != making:
                    shutil.rmtree(other, ignore_errors=True)
            making.mkdir(exist_ok=True)
            if self._write_vectors(making):
                self._ask(
                    "build",
                    folder=str(making / INDEX),
                    vectors=str(making / "vectors.npy"),
                    offsets=str(making / "offsets.npy"),
                    nbits=BITS,
                    iterations=ITERATIONS,
                )
            for name in ("vectors.npy", "offsets.npy"):
                (making / name).unlink(missing_ok=True)
            making.rename(self._folder())

    def _folder(self) -> Path:
        assert self._searcher is not None
        return self._home / f"{self._searcher.generation.number}"

    def _write_vectors(self, folder: Path) -> int:
        """The token vectors of all papers that have some, for the worker; their number."""
        searcher = self._searcher
        assert searcher is not None
        lengths = searcher.token_counts
        rows = np.flatnonzero(lengths)
        save_array(folder / ROWS_FILE, rows)
        total = int(lengths.sum())
        width = (searcher.generation.space.token_dimension,)
        with ArrayWriter(folder / "vectors.npy", np.float16, total, width) as writer:
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                writer.append(searcher.tokens(rows[start : start + _ROWS_AT_ONCE])[0])
        save_array(folder / "offsets.npy", np.concatenate([[0], np.cumsum(lengths[rows])]))
        return total

    # Searching ----------------------------------------------------------------------------------

    def search(
        self,
        dense: NDArray[np.floating],
        tokens: NDArray[np.floating],
        k: int,
        *,
        weights: NDArray[np.floating] | None = None,
        as_of: int | None = None,
        exclude: Collection[int] = (),
        within: Collection[int] | None = None,
        candidates: int = CANDIDATES,
    ) -> Ranking:
        """PLAID nominates and ranks; where no more than `candidates` papers pass, all of them are scored.

        Papers without token vectors are found only then, or when the query has none.
        """
        searcher = self._searcher
        scaled, divisor = weighted(tokens, weights)
        if searcher is None or not len(scaled):
            return super().search(dense, tokens, k, as_of=as_of, exclude=exclude, within=within,
                                  candidates=candidates)  # fmt: skip
        filters = searcher.table.filters(as_of=as_of, exclude=exclude, within=within)
        allowed = filters.allowed[searcher.slots(searcher.numbers)]
        depth = max(k, candidates)
        late = np.zeros(len(searcher), np.float32)
        found = np.flatnonzero(allowed)
        self._open()
        if len(self._rows) and allowed[self._rows].any():
            passing = allowed[self._rows]
            every = len(found) <= depth
            passages, sums = self._sums(scaled, k, passing, every)
            if len(passages) < min(k, int(np.count_nonzero(passing))):
                # The filters leave less of what it probed than was asked for: then all that pass are scored.
                passages, sums = self._sums(scaled, k, passing, every=True)
            late[self._rows[passages]] = sums / np.float32(divisor)
            if not every:
                found = self._rows[passages]
        numbers = searcher.numbers[found]
        answer = searcher.retrievers["dense"].ask(Query({}, np.asarray(dense, np.float32), scaled), filters)
        return Ranking.best(numbers, answer.scores(searcher.slots(numbers)), late[found], k)

    def _sums(
        self, tokens: NDArray[np.float32], k: int, allowed: NDArray[np.bool_], every: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Passages that PLAID finds, and their sums of best products."""
        files = {"query": tokens, "allowed": allowed, "only": np.flatnonzero(allowed).astype(np.int32)}
        settings = self._plaid.settings(k)
        names = ["query"]
        most = k
        if every:
            names.append("only")
            most = len(files["only"])
        elif not allowed.all():
            names.append("allowed")
        for name in names:
            np.save(self._home / f"{name}-{os.getpid()}.npy", files[name])
        paths = {name: str(self._home / f"{name}-{os.getpid()}.npy") for name in names}
        try:
            answer = self._ask("search", k=most, **settings, **paths)
        finally:
            for path in paths.values():
                Path(path).unlink(missing_ok=True)
        return np.array(answer["rows"], np.int64), np.array(answer["scores"], np.float32)

    def _open(self) -> None:
        """Have the worker hold the PLAID index of the present generation."""
        assert self._searcher is not None
        number = self._searcher.generation.number
        if self._opened == number:
            return
        if not self._folder().exists():
            raise EngineError(f"There is no PLAID index of generation {number} in {self._home}",
                              "run `fallow build --engine colbert-ai`")  # fmt: skip
        self._rows = map_array(self._folder() / ROWS_FILE, np.int64)
        if len(self._rows):
            self._ask("open", folder=str(self._folder() / INDEX))
        self._opened = number

    def _ask(self, work: str, **request: object) -> dict[str, Any]:
        if self._worker is None:
            self._worker = _Worker(self._python, self._home / LOG)
        return self._worker.ask(work, request)


class _Worker:
    """The process, and the conversation with it. log: what it prints."""

    def __init__(self, python: str, log: Path) -> None:
        self._log = log
        self._lock = Lock()
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        try:
            self.ask("threads", {"count": usable_cores()})
        except BaseException:
            self.close()
            raise

    def ask(self, work: str, request: dict[str, object]) -> dict[str, Any]:
        """The answer to a request. Raises EngineError with what the worker said, or the last it printed."""
        line = json.dumps({"do": work, **request}) + "\n"
        with self._lock:
            try:
                _pipe(self._process.stdin).write(line.encode())
                _pipe(self._process.stdin).flush()
                reply = _pipe(self._process.stdout).readline()
            except BrokenPipeError:
                reply = b""
        if not reply:
            raise self._failed(work, self._last_line())
        answer: dict[str, Any] = json.loads(reply)
        if "error" in answer:
            raise self._failed(work, answer["error"])
        done: dict[str, Any] = answer["done"]
        return done

    def _failed(self, work: str, why: str) -> EngineError:
        return EngineError(
            f"colbert-ai failed at '{work}' ({why})", f"see {self._log}; to install it: {INSTALL}"
        )

    def _last_line(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "it ended without a word"

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _python(place: Place) -> str:
    return place.python or os.environ.get(PYTHON_VARIABLE, "")


@contextmanager
def _one_maker(path: Path) -> Iterator[None]:
    """Be the one who makes a PLAID index. Raises LibraryBusy."""
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise LibraryBusy(
            f"Another process makes the PLAID index in {path.parent}", "wait until it has ended"
        ) from error
    try:
        yield
    finally:
        lock.release()
