"""Generations: the index as a row of immutable folders, index/1, index/2, ... and a pointer to the newest.

A build makes a hidden folder, renames it when it is whole and then swaps the pointer, each step atomic: a
reader sees the old generation or the new one, and a kill leaves at most a hidden folder that the next build
removes. manifest.json names the vector space, the segments and the checksum of every file, and carries its
own.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from fallow_index.arrays import REBUILD, FileSum, check_file
from fallow_index.segments import VectorSpace
from fallow_index.tokens import VERSION
from fallow_ingest.errors import DiskFull, IndexDamaged, IndexMissing, LibraryBusy

FORMAT = 2
POINTER, MANIFEST, LOCK = "CURRENT", "manifest.json", ".lock"
NUMBERS_FILE, PUBLIC_BY_FILE = "numbers.npy", "public_by.npy"
NEIGHBOURS_FILE, SIMILARITIES_FILE = "neighbours.npy", "similarities.npy"
TEXT_NUMBERS_FILE = "text_numbers.npy"
_BUILDING, _TRASH = ".building", ".trash"
_KEPT = 2
"""Generations kept: the current one, and the one that somebody may still be reading."""


@dataclass(frozen=True)
class SegmentEntry:
    """A segment in a manifest. terms: tokens.VERSION of its postings."""

    name: str
    slots: int
    files: Mapping[str, FileSum]
    terms: int = VERSION

    def as_json(self) -> dict[str, object]:
        """For a manifest."""
        files = {name: total.as_json() for name, total in self.files.items()}
        return {"name": self.name, "slots": self.slots, "terms": self.terms, "files": files}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SegmentEntry:
        """The inverse of `as_json`; an older manifest lacks `terms`. Raises KeyError or ValueError."""
        name, terms = _plain_name(value["name"]), int(value.get("terms", 1))
        return cls(name, int(value["slots"]), _sums(value["files"]), terms)


@dataclass(frozen=True)
class Generation:
    """One whole index. papers: how many can be found; slots: rows in all segments, dead ones included.

    files: checksums of the generation's own files, by name. texts: the segments of full texts (passages.py).
    """

    number: int
    folder: Path
    space: VectorSpace
    papers: int
    slots: int
    segments: tuple[SegmentEntry, ...]
    files: Mapping[str, FileSum]
    texts: tuple[SegmentEntry, ...] = ()

    def paths(self) -> Iterator[tuple[Path, FileSum]]:
        """Every file with its checksum."""
        for name, total in self.files.items():
            yield self.folder / name, total
        for segment in (*self.segments, *self.texts):
            for name, total in segment.files.items():
                yield self.folder / segment.name / name, total

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(total.size for _, total in self.paths())


def index_folder(library: Path) -> Path:
    """Where a library keeps its index."""
    return library / "index"


def current_generation(library: Path) -> Generation:
    """The generation that the pointer names; sizes of all files checked.

    Raises IndexMissing when there is none, IndexDamaged naming the file that is not what it should be.
    """
    index = index_folder(library)
    try:
        text = (index / POINTER).read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise IndexMissing(f"{library} has no search index yet", "run `fallow build`") from error
    except (OSError, UnicodeDecodeError) as error:
        raise IndexDamaged(f"{index / POINTER} cannot be read", REBUILD) from error
    if not (text.isascii() and text.isdigit()):
        raise IndexDamaged(f"{index / POINTER} names no generation", REBUILD)
    return open_generation(index / text)


def open_generation(folder: Path) -> Generation:
    """The generation of a folder; sizes of all files checked. Raises IndexDamaged."""
    generation = read_manifest(folder)
    for path, total in generation.paths():
        check_file(path, total, fully=False)
    return generation


def verify_generation(generation: Generation) -> None:
    """Read every byte of a generation. Raises IndexDamaged naming the first file that fails its checksum."""
    for path, total in generation.paths():
        check_file(path, total, fully=True)


def whole_generations(library: Path) -> list[Generation]:
    """Every generation whose manifest is sound, newest first; what a mending build goes through."""
    found = []
    for folder in index_folder(library).glob("[0-9]*"):
        with contextlib.suppress(IndexDamaged):
            found.append(read_manifest(folder))
    return sorted(found, key=lambda generation: -generation.number)


def read_manifest(folder: Path) -> Generation:
    """The manifest of a folder. Raises IndexDamaged when it is missing, altered or of another format."""
    path = folder / MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        content = document["content"]
        if document["sha256"] != _digest(content):
            raise IndexDamaged(f"{path} fails its checksum", REBUILD)
        if content["format"] != FORMAT:
            raise IndexDamaged(
                f"{path} has format {content['format']}, of another version of fallow, instead of {FORMAT}",
                REBUILD,
            )
        return Generation(
            number=int(content["generation"]),
            folder=folder,
            space=VectorSpace(**content["space"]),
            papers=int(content["papers"]),
            slots=int(content["slots"]),
            segments=tuple(map(SegmentEntry.from_json, content["segments"])),
            texts=tuple(map(SegmentEntry.from_json, content.get("texts", ()))),
            files=_sums(content["files"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(f"{path} is missing or cannot be read", REBUILD) from error


def _sums(value: Mapping[str, Any]) -> dict[str, FileSum]:
    return {_plain_name(name): FileSum.from_json(total) for name, total in value.items()}


def _plain_name(name: str) -> str:
    """A file name that cannot lead out of its folder."""
    if name in {"", ".", ".."} or "/" in name or "\\" in name:
        raise ValueError(f"'{name}' is no file name")
    return name


def _digest(content: object) -> str:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True).encode()
    return hashlib.sha256(canonical).hexdigest()


# Writing ------------------------------------------------------------------------------------------


@contextmanager
def building(library: Path) -> Iterator[Path]:
    """Be the index's one writer; yields its folder, cleared of what a killed build left.

    Raises LibraryBusy at once when another build runs; a full disk becomes DiskFull.
    """
    index = index_folder(library)
    with disk_errors(index):
        index.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise LibraryBusy(
                f"Another fallow build is writing the index of {library}", "wait until it has ended"
            ) from error
        try:
            for leftover in [*index.glob(f"{_BUILDING}*"), *index.glob(f"{_TRASH}*")]:
                shutil.rmtree(leftover, ignore_errors=True)
            yield index
        finally:
            lock.release()


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full disk into DiskFull; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(
                f"There is no room left on the disk of {folder}",
                "free some space and run `fallow build` again: what was encoded so far is kept",
            ) from error
        raise


def building_folder(index: Path, number: int) -> Path:
    """A fresh hidden folder for generation `number`."""
    folder = index / f"{_BUILDING}-{number}"
    folder.mkdir()
    return folder


def publish(index: Path, generation: Generation) -> Generation:
    """Write the manifest of a hidden folder, give the folder its name and point to it."""
    content = {
        "format": FORMAT,
        "generation": generation.number,
        "space": asdict(generation.space),
        "papers": generation.papers,
        "slots": generation.slots,
        "segments": [segment.as_json() for segment in generation.segments],
        "texts": [segment.as_json() for segment in generation.texts],
        "files": {name: total.as_json() for name, total in generation.files.items()},
    }
    document = {"content": content, "sha256": _digest(content)}
    _write_text(generation.folder / MANIFEST, json.dumps(document, indent=1, sort_keys=True))
    final = index / str(generation.number)
    generation.folder.rename(final)
    temporary = index / f"{POINTER}.new"
    _write_text(temporary, f"{generation.number}\n")
    temporary.replace(index / POINTER)
    _sync_folder(index)
    return open_generation(final)


def next_number(index: Path) -> int:
    """A generation number that was never used here."""
    return 1 + max((int(folder.name) for folder in index.glob("[0-9]*") if folder.name.isdigit()), default=0)


def retire(index: Path, current: int) -> None:
    """Remove all but the newest generations up to `current`; one that cannot go (Windows) goes next time."""
    numbers = sorted((int(f.name) for f in index.glob("[0-9]*") if f.name.isdigit()), reverse=True)
    kept = {current, *[number for number in numbers if number < current][: _KEPT - 1]}
    for number in numbers:
        if number not in kept:
            with contextlib.suppress(OSError):
                trash = (index / str(number)).rename(index / f"{_TRASH}-{number}")
                shutil.rmtree(trash, ignore_errors=True)


def _write_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
