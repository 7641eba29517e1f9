"""Packed e-prints, opened in memory and within bounds.

Nothing is written to disk, no link is followed and no path is ever opened: an archive becomes a mapping of
names to texts. The tar reader is ours because tarfile recurses along chains of long-name headers and holds
what a header claims; this one reads forward only and stops as soon as a bound is passed.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import IO, Final, NamedTuple, Protocol

from fallow_ingest.sources.fields import Notes
from fallow_ingest.sources.files import GZIP_MAGIC
from fallow_ingest.sources.json_lines import Unreadable, to_text

LARGEST_PACKED = 200 * 2**20
"""Bytes of the largest archive that is opened; arXiv itself takes 50 MB."""

LARGEST_UNPACKED = 256 * 2**20
"""Bytes that are unpacked of one archive, figures that are only skipped included."""

LARGEST_TEXT = 16 * 2**20
LARGEST_KEPT = 64 * 2**20
"""Bytes of one text and of all texts that are kept of one archive."""

MOST_MEMBERS = 10_000
LONGEST_NAME = 1_000

CUT = "archive cut short: what came before was kept"
DAMAGED = "archive damaged: what could be read was kept"
TOO_MUCH = "archive unpacks to too much: what came before was kept"

_PIECE = 65_536
_BLOCK = 512
_LARGEST_HEADER = 65_536
_NO_TEXT = frozenset(
    "pdf ps eps png jpg jpeg gif svg tif tiff bmp webp mp4 avi mov mp3 wav zip gz bz2 xz 7z rar tgz npy npz pkl "
    "bst csv tsv xls xlsx doc docx ppt pptx ttf otf pfb tfm vf afm fig dvi log aux out toc fls fdb_latexmk "
    "synctex jar class pyc so o dll exe html css js py ipynb m nb ds_store".split()
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


class Member(NamedTuple):
    """One entry of a tar archive. kind: file, folder, link, device or other."""

    name: str
    size: int
    kind: str


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class DamageError(Exception):
    """The archive cannot be read further; the note says what became of the rest."""

    def __init__(self, note: str, detail: str) -> None:
        super().__init__(detail)
        self.note = note
        self.detail = detail


def unpack(data: bytes) -> Unpacked | Unreadable:
    """The texts of an e-print: a tar archive, plain or gzip, or one text, plain or gzip.

    Told by content, never by name. What is no e-print at all is Unreadable with a reason to count by.
    """
    if not data.strip(b"\x00 \t\r\n"):
        return Unreadable("empty source", f"{len(data)} bytes")
    if len(data) > LARGEST_PACKED:
        return Unreadable("archive too large", f"{len(data):,} bytes, {LARGEST_PACKED:,} at most")
    notes = Notes()
    content: Forward = Forward(io.BytesIO(data), LARGEST_UNPACKED)
    try:
        for _ in range(2):  # some were packed twice
            if content.peek(2) == GZIP_MAGIC:
                content = Forward(Inflated(content, notes), LARGEST_UNPACKED)
        head = content.peek(_BLOCK)
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


class Forward:
    """A stream that is read forward and never beyond `longest` bytes.

    Raises DamageError when it holds more, or when what it reads from does.
    """

    def __init__(self, raw: _Readable, longest: int) -> None:
        self._raw = raw
        self._left = longest
        self._buffer = b""

    def read(self, size: int, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end."""
        pieces = [self._buffer]
        have = len(self._buffer)
        self._buffer = b""
        try:
            while have < size and (piece := self._raw.read(_PIECE)):
                self._left -= len(piece)
                if self._left < 0:
                    raise DamageError(TOO_MUCH, "it unpacks to more than is read of one archive")
                pieces.append(piece)
                have += len(piece)
        except DamageError:
            self._buffer = b"".join(pieces)
            raise
        whole = b"".join(pieces)
        self._buffer = whole[size:]
        return whole[:size]

    def peek(self, size: int) -> bytes:
        """The next bytes without reading past them; those before a damage if there are some."""
        try:
            head = self.read(size)
        except DamageError:
            if not self._buffer:
                raise
            return self._buffer[:size]
        self._buffer = head + self._buffer
        return head

    def skip(self, size: int) -> None:
        """Read and forget."""
        while size > 0:
            piece = self.read(min(size, _PIECE))
            if not piece:
                raise DamageError(CUT, "it ends too early")
            size -= len(piece)

    def kept(self) -> bytes:
        """What was read before the damage that was raised last."""
        return self._buffer


class Inflated:
    """The content of a gzip stream; a wrong checksum is noted, trailing bytes are not gzip's are ignored."""

    def __init__(self, raw: _Readable, notes: Notes) -> None:
        self._raw = raw
        self._notes = notes
        self._packed = raw.read(_PIECE)
        self._begin()

    def read(self, _size: int, /) -> bytes:
        """The next piece, of at most 64 KiB; nothing at the end. Raises DamageError."""
        while not self._ended:
            if self._inflater.eof:
                self._close_member()
                continue
            packed = self._packed or self._raw.read(_PIECE)
            self._packed = b""
            if not packed:
                raise DamageError(CUT, "it ends too early")
            try:
                piece = self._inflater.decompress(packed, _PIECE)
            except zlib.error as error:
                raise DamageError(DAMAGED, str(error)) from error
            self._packed = self._inflater.unconsumed_tail
            if piece:
                self._checksum = zlib.crc32(piece, self._checksum)
                return piece
        return b""

    def _begin(self) -> None:
        self._ended = False
        self._checksum = 0
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._packed = self._packed[_gzip_header_length(self._packed) :]

    def _close_member(self) -> None:
        """Compare the checksum and go on with the next gzip member, if there is one."""
        rest = self._inflater.unused_data + self._packed
        if len(rest) < 18:
            rest += self._raw.read(_PIECE)
        if int.from_bytes(rest[:4], "little") != self._checksum or len(rest) < 8:
            self._notes.add("archive's checksum does not hold")
        self._packed = rest[8:].lstrip(b"\x00")
        if self._packed.startswith(GZIP_MAGIC) and len(self._packed) > 18:
            self._begin()
        else:
            self._ended = True


def _gzip_header_length(head: bytes) -> int:
    """Bytes before the compressed data (RFC 1952). Raises DamageError."""
    if len(head) < 10 or head[2] != 8:
        raise DamageError(DAMAGED, "its gzip header is not whole")
    flags, at = head[3], 10
    if flags & 4:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for flag in (8, 16):  # name and comment, each ended by a zero byte
        if flags & flag:
            at = head.find(b"\x00", at) + 1
            if at == 0:
                raise DamageError(DAMAGED, "its gzip header does not end")
    return at + (2 if flags & 2 else 0)


def is_tar_header(block: bytes) -> bool:
    """Whether 512 bytes are a tar header: their checksum holds, with or without the mark "ustar"."""
    if len(block) < _BLOCK or not block[0]:
        return False
    try:
        told = _number(block[148:156])
    except ValueError:
        return False
    return told == sum(block[:148]) + 8 * 32 + sum(block[156:_BLOCK])


class TarReader:
    """The members of a tar stream, one after the other.

    Iterating raises DamageError at a header that does not hold, at the stream's early end, and after
    MOST_MEMBERS members. content() gives the bytes of the member that came last.
    """

    def __init__(self, stream: Forward, most_members: int = MOST_MEMBERS) -> None:
        self._stream = stream
        self._most = most_members
        self._left = 0  # bytes of the present member, padding included

    def content(self, size: int) -> bytes:
        """The first `size` bytes of the present member. Raises DamageError when they are not all there."""
        content = self._stream.read(size)
        self._left -= len(content)
        if len(content) < size:
            raise DamageError(CUT, "it ends too early")
        return content

    def __iter__(self) -> Iterator[Member]:
        name, size = "", -1
        for _ in range(4 * self._most):
            self._stream.skip(self._left)
            self._left = 0
            block = self._stream.read(_BLOCK)
            if not block or not block.strip(b"\x00"):
                return
            if not is_tar_header(block):
                raise DamageError(CUT if len(block) < _BLOCK else DAMAGED, "a tar header does not hold")
            flag = block[156:157]
            length = _length(block)
            if flag in (b"L", b"x", b"g", b"K", b"X"):  # more about the member that follows
                self._left = _padded(length)
                if length > _LARGEST_HEADER:
                    raise DamageError(DAMAGED, f"a tar header of {length:,} bytes")
                said = self.content(length)
                if flag == b"L":
                    name = to_text(said.split(b"\x00", 1)[0])[0]
                elif flag in (b"x", b"X"):
                    name, size = _pax(said, name, size)
                continue
            kind = _kind(flag, name or _header_name(block))
            length = (size if size >= 0 else length) if kind in ("file", "other") else 0
            self._left = _padded(length)
            yield Member(name or _header_name(block), length, kind)
            name, size = "", -1
            self._most -= 1
            if self._most <= 0:
                break
        raise DamageError(TOO_MUCH, "it holds too many members")


def _kind(flag: bytes, name: str) -> str:
    if flag in (b"0", b"\x00", b"7"):
        return "folder" if name.endswith("/") else "file"
    return {b"5": "folder", b"1": "link", b"2": "link", b"3": "device", b"4": "device", b"6": "device"}.get(
        flag, "other"
    )


def _header_name(block: bytes) -> str:
    name = block[:100].split(b"\x00", 1)[0]
    if block[257:263] == b"ustar\x00" and (prefix := block[345:500].split(b"\x00", 1)[0]):
        name = prefix + b"/" + name
    return to_text(name)[0]


def _pax(said: bytes, name: str, size: int) -> tuple[str, int]:
    """(name, size) from the records "LENGTH KEY=VALUE" of an extended header, where it gives them."""
    at = 0
    while at < len(said):
        digits, space, _ = said[at : at + 20].partition(b" ")
        if not space or not digits.isdigit() or not (length := int(digits)):
            break
        key, _, value = said[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if key == b"path":
            name = to_text(value)[0]
        elif key == b"size" and value.isdigit() and len(value) < 20:
            size = int(value)
        at += length
    return name, size


def _length(block: bytes) -> int:
    try:
        return _number(block[124:136])
    except ValueError as error:
        raise DamageError(DAMAGED, "a tar header without a size") from error


def _number(field: bytes) -> int:
    """A number of a tar header: octal digits, or GNU's base 256. Raises ValueError."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    return int(field.strip(b" \x00") or b"0", 8) if not field.startswith(b"-") else 0


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
