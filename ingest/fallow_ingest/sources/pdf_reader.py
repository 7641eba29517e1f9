"""The near side of the process that opens PDFs: asks, waits a bounded time, replaces it when it dies."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import orjson

from fallow_ingest.errors import SourceUnsupported
from fallow_ingest.sources.json_lines import Unreadable

SECONDS_A_FILE = 60.0
LARGEST_FILE = 200 * 2**20
LARGEST_ANSWER = 256 * 2**20


class PrintedLine(NamedTuple):
    """One line as printed. Places in points from the upper left corner; size that of most of its letters.

    lead: characters at its beginning that are set bold or italic when the rest is not.
    """

    page: int
    block: int
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool
    italic: bool
    upright: bool
    text: str
    lead: int = 0


class Printed(NamedTuple):
    """A whole document as printed. sizes: (width, height) of each page read."""

    lines: list[PrintedLine]
    sizes: list[tuple[float, float]]
    metadata: dict[str, str]
    pages: int
    bad_pages: int


class PdfReader:
    """Opens PDFs in a process of its own.

    Raises SourceUnsupported when PyMuPDF is not installed.
    """

    def __init__(self, *, seconds_a_file: float = SECONDS_A_FILE) -> None:
        if importlib.util.find_spec("pymupdf") is None:
            raise SourceUnsupported(
                "Reading PDFs needs PyMuPDF, which is not installed", "pip install 'fallow[pdf]'"
            )
        self._seconds = seconds_a_file
        self._worker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PdfReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                pipe.close()

    def read(self, path: Path) -> Printed | Unreadable:
        """What is printed in the file, or why it cannot be read."""
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                head = file.read(1_024)
        except OSError as error:
            return Unreadable("cannot be opened", str(error.strerror))
        if size > LARGEST_FILE:
            return Unreadable("file too large", f"{size:,} bytes, {LARGEST_FILE:,} at most")
        if size == 0:
            return Unreadable("empty file", "")
        if b"%PDF-" not in head:  # MuPDF would read web pages, pictures and more for PDFs
            return Unreadable("not a PDF", f"it begins with {head[:12]!r}")
        late, answer = self._ask(path)
        if not answer.endswith(b"\n"):
            self.close()
            return (
                Unreadable("PDF takes too long", f"stopped after {self._seconds:g} seconds")
                if late
                else Unreadable("broken PDF", "the reader died of it")
            )
        told = orjson.loads(answer)
        if "reason" in told:
            return Unreadable(told["reason"], told["detail"])
        return Printed(
            [PrintedLine(*line) for line in told["lines"]],
            [(width, height) for width, height in told["sizes"]],
            told["metadata"],
            told["pages"],
            told["bad_pages"],
        )

    def _ask(self, path: Path) -> tuple[bool, bytes]:
        """(whether the time was up, what was answered)."""
        worker = self._worker = self._worker or _started()
        if worker.stdin is None or worker.stdout is None:  # never so: both are asked for
            return False, b""
        late = threading.Event()

        def stop() -> None:
            late.set()
            worker.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            worker.stdin.write(json.dumps(str(path.resolve())).encode() + b"\n")
            worker.stdin.flush()
            answer = worker.stdout.readline(LARGEST_ANSWER)
            return late.is_set(), answer
        except OSError:  # it died before it could be asked
            return late.is_set(), b""
        finally:
            timer.cancel()
            timer.join()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "fallow_ingest.sources.pdf_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
