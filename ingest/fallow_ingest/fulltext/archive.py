"""Packed e-prints, opened in memory and within bounds.

Nothing is written to disk, no link is followed and no path is ever opened: an archive becomes a mapping of
names to texts.
"""

from __future__ import annotations

import io
from typing import Final, NamedTuple

from fallow_ingest.fulltext import words
from fallow_ingest.fulltext.streams import DamageError, Forward, Inflated
from fallow_ingest.fulltext.tar import TarReader, is_tar_header
from fallow_ingest.sources.fields import Notes
from fallow_ingest.sources.files import GZIP_MAGIC
from fallow_ingest.sources.json_lines import Unreadable

LARGEST_PACKED = 200 * 2**20
"""Bytes of the largest archive that is opened; arXiv itself takes 50 MB."""

LARGEST_UNPACKED = 256 * 2**20
"""Bytes that are unpacked of one archive, figures that are only skipped included."""

LARGEST_TEXT = 16 * 2**20
LARGEST_KEPT = 64 * 2**20
"""Bytes of one text and of all texts that are kept of one archive."""

LONGEST_NAME = 1_000

_NO_TEXT = words(
    "pdf ps eps png jpg jpeg gif svg tif tiff bmp webp mp4 avi mov mp3 wav zip gz bz2 xz 7z rar tgz "
    "npy npz pkl "
    "bst csv tsv xls xlsx doc docx ppt pptx ttf otf pfb tfm vf afm fig dvi log aux out toc fls fdb_latexmk "
    "synctex jar class pyc so o dll exe html css js py ipynb m nb ds_store"
)
_OTHER_KINDS: Final = (
    (b"%PDF", "a PDF in place of the source"),
    (b"%!PS", "PostScript in place of the source"),
    (b"PK\x03\x04", "a zip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x1f\x9d", "a .Z archive"),
)


class Unpacked(NamedTuple):
    """The texts of an archive by their path, which stays inside it, and what was left out or mended."""

    files: dict[str, bytes]
    notes: tuple[str, ...]


def unpack(data: bytes, *, largest: int = LARGEST_UNPACKED) -> Unpacked | Unreadable:
    """The texts of an e-print: a tar archive, plain or gzip, or one text, plain or gzip.

    Told by content, never by name. largest: bytes that are unpacked before the rest is left. What is no
    e-print at all is Unreadable with a reason to count by.
    """
    if not data.strip(b"\x00 \t\r\n"):
        return Unreadable("empty source", f"{len(data)} bytes")
    if len(data) > LARGEST_PACKED:
        return Unreadable("archive too large", f"{len(data):,} bytes, {LARGEST_PACKED:,} at most")
    notes = Notes()
    content: Forward = Forward(io.BytesIO(data), largest)
    try:
        for _ in range(2):  # some were packed twice
            if content.peek(2) == GZIP_MAGIC:
                content = Forward(Inflated(content, notes), largest)
        head = content.peek(512)
    except DamageError as error:
        return Unreadable("broken archive", error.detail)
    if is_tar_header(head):
        return _texts_of_tar(content, notes)
    return _single_text(content, head, notes)


def _single_text(content: Forward, head: bytes, notes: Notes) -> Unpacked | Unreadable:
    start = head.lstrip()
    for magic, kind in (*_OTHER_KINDS, (GZIP_MAGIC, "packed more than twice")):
        if start.startswith(magic):
            return Unreadable(kind, "")
    if start[:100].lower().startswith((b"<!doctype html", b"<html", b"<?xml")):
        return Unreadable("a web page in place of the source", "")
    text = b""
    try:
        text = content.read(LARGEST_TEXT + 1)
    except DamageError as error:
        notes.add(error.note)
        text = content.kept()
    if len(text) > LARGEST_TEXT:
        return Unreadable("text too large", f"more than {LARGEST_TEXT:,} bytes")
    if not text.strip():
        return Unreadable("empty source", "")
    if b"\x00" in text[:4096]:
        return Unreadable("neither an archive nor text", f"begins with {text[:8]!r}")
    return Unpacked({"main.tex": text}, tuple(notes))


def _texts_of_tar(content: Forward, notes: Notes) -> Unpacked | Unreadable:
    files: dict[str, bytes] = {}
    kept = 0
    detail = "no member is text"
    reader = TarReader(content)
    try:
        for member in reader:
            path = _path_inside(member.name)
            if member.kind in ("link", "device"):
                notes.add(f"archive member left out: a {member.kind}")
            elif member.kind != "file" or _is_furniture(member.name):
                continue
            elif path is None:
                notes.add("archive member left out: its path leaves the folder")
            elif path.rsplit("/", 1)[-1].rpartition(".")[2].lower() not in _NO_TEXT:
                if member.size > LARGEST_TEXT or kept + member.size > LARGEST_KEPT:
                    notes.add("archive member left out: too large")
                    continue
                text = reader.content(member.size)
                if b"\x00" in text[:1024]:
                    continue
                if path in files:
                    notes.add("archive member replaced: its name comes twice")
                    kept -= len(files[path])
                files[path] = text
                kept += len(text)
    except DamageError as error:
        notes.add(error.note)
        detail = error.detail
    if not files:
        return Unreadable("archive without text", detail)
    return Unpacked(files, tuple(notes))


def _path_inside(name: str) -> str | None:
    """The path with its dots taken out; None when it would leave the folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        return None
    return "/".join(parts) if len(name) <= LONGEST_NAME and "\x00" not in name else None


def _is_furniture(name: str) -> bool:
    """Whether the member is one that macOS adds to archives."""
    last = name.rsplit("/", 1)[-1]
    return last.startswith("._") or last == ".DS_Store" or "__MACOSX/" in name
