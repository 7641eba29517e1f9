"""Arrays on disk: one .npy file each, written in a stream, checksummed as it is written, memory-mapped to
read.

NumPy's own format is used as it is (header, then rows): anything else can read the files too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from fallow_ingest.errors import IndexDamaged

READ_BLOCK = 1 << 20
REBUILD = "run `fallow build` to mend it"


@dataclass(frozen=True, slots=True)
class FileSum:
    """What a file must be: its length in bytes and the SHA-256 of them, in hex."""

    size: int
    sha256: str

    def as_json(self) -> dict[str, object]:
        """For a manifest."""
        return {"size": self.size, "sha256": self.sha256}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> FileSum:
        """The inverse of `as_json`. Raises KeyError or ValueError when something else was given."""
        return cls(int(value["size"]), str(value["sha256"]))


class ArrayWriter:
    """Writes rows of one array to a file, block after block.

    rows must be known beforehand, since the header comes first; closing with another number of rows is a
    programming error. `sum` is the file's checksum once closed; the data is on the disk then (fsync).
    """

    def __init__(self, path: Path, dtype: DTypeLike, rows: int, row_shape: tuple[int, ...] = ()) -> None:
        self.dtype = np.dtype(dtype)
        self.rows = rows
        self.row_shape = row_shape
        self.sum = FileSum(0, "")
        self._written = 0
        self._size = 0
        self._digest = hashlib.sha256()
        self._file = path.open("wb")
        npy.write_array_header_1_0(
            _Tee(self),
            {
                "descr": npy.dtype_to_descr(self.dtype),
                "fortran_order": False,
                "shape": (int(rows), *row_shape),
            },
        )

    def append(self, block: NDArray[Any]) -> None:
        """Write further rows."""
        block = np.ascontiguousarray(block, dtype=self.dtype)
        if block.shape[1:] != self.row_shape:
            raise ValueError(f"rows of shape {block.shape[1:]} where {self.row_shape} was announced")
        self._written += len(block)
        if block.size:
            self.write(block.reshape(-1).view(np.uint8).data)

    def write(self, data: bytes | memoryview) -> int:
        """Raw bytes; `append` is what callers want."""
        self._digest.update(data)
        self._size += len(data)
        return self._file.write(data)

    def close(self) -> None:
        """Flush to the disk and settle the checksum."""
        if self._written != self.rows:
            raise ValueError(f"{self._written} rows where {self.rows} were announced")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self.sum = FileSum(self._size, self._digest.hexdigest())

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()


class _Tee:
    """The part of a file that numpy's header writer uses."""

    def __init__(self, writer: ArrayWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> int:
        return self._writer.write(data)


def save_array(path: Path, array: NDArray[Any]) -> FileSum:
    """Write one array whole; returns its checksum."""
    with ArrayWriter(path, array.dtype, len(array), array.shape[1:]) as writer:
        writer.append(array)
    return writer.sum


def map_array(
    path: Path, dtype: DTypeLike, row_shape: tuple[int, ...] = (), *, earlier: DTypeLike | None = None
) -> NDArray[Any]:
    """The array of a file, memory-mapped and read-only. earlier: another type, which older builds wrote.

    Raises IndexDamaged, naming the file, when it is missing, cut or of another kind.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TypeError) as error:
        raise IndexDamaged(f"{path} cannot be read ({_first_line(error)})", REBUILD) from error
    known = {np.dtype(dtype), np.dtype(dtype if earlier is None else earlier)}
    if array.dtype not in known or array.shape[1:] != row_shape:
        raise IndexDamaged(f"{path} holds {array.dtype} rows of shape {array.shape[1:]}", REBUILD)
    plain: NDArray[Any] = array.view(np.ndarray)  # faster to slice than np.memmap
    return plain


def sum_file(path: Path) -> FileSum:
    """The checksum of a file as it is now."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(READ_BLOCK):
            digest.update(block)
            size += len(block)
    return FileSum(size, digest.hexdigest())


def check_file(path: Path, expected: FileSum, *, fully: bool) -> None:
    """Compare a file with its checksum, or only its size. Raises IndexDamaged naming the file."""
    try:
        size = path.stat().st_size
        if size != expected.size:
            raise IndexDamaged(f"{path} has {size:,} bytes instead of {expected.size:,}", REBUILD)
        if fully and sum_file(path) != expected:
            raise IndexDamaged(f"{path} fails its checksum", REBUILD)
    except OSError as error:
        raise IndexDamaged(f"{path} cannot be read ({_first_line(error)})", REBUILD) from error


def altered(files: Iterable[tuple[Path, FileSum]]) -> set[Path]:
    """Those of many files that are not as they were written; every byte is read, on two threads."""

    def check(entry: tuple[Path, FileSum]) -> Path | None:
        try:
            check_file(*entry, fully=True)
        except IndexDamaged:
            return entry[0]
        return None

    with ThreadPoolExecutor(2) as threads:  # hashing lets go of the interpreter
        return {path for path in threads.map(check, files) if path is not None}


def spans(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.int64]:
    """The positions of many ranges, end to end.

    >>> spans(np.array([2, 7]), np.array([4, 9])).tolist()
    [2, 3, 7, 8]
    """
    lengths = stops - starts
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    positions: NDArray[np.int64] = np.arange(total) + np.repeat(starts - ends + lengths, lengths)
    return positions


def _first_line(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__).splitlines()[0][:120]
