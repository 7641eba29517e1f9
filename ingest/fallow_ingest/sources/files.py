"""Opening what the user named: missing, compressed or of the wrong kind, told in one sentence each."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import Final

from fallow_ingest.errors import SourceBroken, SourceMissing, SourceUnsupported

GZIP_MAGIC: Final = b"\x1f\x8b"
_OTHER_KINDS: Final = (
    (b"%PDF", "a PDF", "read it with `fallow ingest pdf`"),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first (`zstd -d`)"),
    (b"\xfd7zXZ\x00", "compressed with xz", "unpack it first (`xz -d`)"),
    (b"BZh", "compressed with bzip2", "unpack it first (`bunzip2`)"),
    (b"SQLite format 3\x00", "an SQLite database", "name a text file"),
    (b"\xff\xfe", "UTF-16 text", "convert it to UTF-8 first (`iconv -f UTF-16 -t UTF-8`)"),
    (b"\xfe\xff", "UTF-16 text", "convert it to UTF-8 first (`iconv -f UTF-16 -t UTF-8`)"),
)


def existing(location: Path, *, folder: bool = False) -> Path:
    """The location, once it is known to be there and to be a file (or, if allowed, a folder).

    Raises SourceMissing or SourceUnsupported.
    """
    try:
        is_file, is_folder = location.is_file(), location.is_dir()
    except (OSError, ValueError) as error:
        raise SourceMissing(f"{_shown(location)} cannot be opened ({error})", "check the path") from error
    if is_folder and not folder:
        raise SourceUnsupported(f"{_shown(location)} is a folder", "name a file")
    if not is_file and not is_folder:
        raise SourceMissing(f"There is no file {_shown(location)}", "check the path")
    return location


def files_in(location: Path, *suffixes: str) -> list[Path]:
    """The file itself, or the folder's files of these suffixes at any depth, sorted by their path.

    Links that leave the folder are left out. Raises SourceMissing or SourceUnsupported, also for a folder
    without any such file.
    """
    existing(location, folder=True)
    if location.is_file():
        return [location]
    root = location.resolve()
    found = sorted(
        path
        for path in location.rglob("*")
        if path.name.lower().endswith(suffixes) and path.is_file() and path.resolve().is_relative_to(root)
    )
    if not found:
        raise SourceUnsupported(
            f"The folder {_shown(location)} holds no {' or '.join(suffixes)} file",
            "name the folder that does",
        )
    return found


@contextmanager
def opened(path: Path) -> Iterator[tuple[BufferedIOBase, BufferedReader, int]]:
    """(content, the file below it, size of that file): content is unpacked when the file is gzip.

    Raises SourceMissing when it cannot be opened, SourceUnsupported for a kind of file that is no text.
    """
    existing(path)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise SourceMissing(
            f"{_shown(path)} cannot be opened ({error.strerror})", "check its permissions"
        ) from error
    with raw:
        head = raw.read(16)
        raw.seek(0)
        for magic, kind, remedy in _OTHER_KINDS:
            if head.startswith(magic):
                raise SourceUnsupported(f"{_shown(path)} is {kind}", remedy)
        size = path.stat().st_size
        if head.startswith(GZIP_MAGIC):
            with gzip.GzipFile(fileobj=raw) as content:
                yield content, raw, size
        else:
            yield raw, raw, size


@contextmanager
def broken_archive(path: Path, where: str = "") -> Iterator[None]:
    """Tell a truncated or damaged file in one sentence: raises SourceBroken in place of what zlib says."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
        cause = "it ends too early" if isinstance(error, EOFError) else str(error) or type(error).__name__
        place = f" after {where}" if where else ""
        raise SourceBroken(
            f"{_shown(path)} cannot be read further{place}: {cause}",
            "fetch the file again, then run the same command: it goes on from there",
        ) from error


def _shown(path: Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode()[:500].replace("\x00", "\\0")
