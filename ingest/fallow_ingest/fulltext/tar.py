"""Tar archives read forward, member by member.

Ours instead of tarfile, which recurses along chains of long-name headers and holds in memory what a header
claims to be long: this one stops as soon as a bound is passed, and what came before stays good.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fallow_ingest.fulltext.streams import CUT, DAMAGED, TOO_MUCH, DamageError, Forward
from fallow_ingest.sources.json_lines import to_text

MOST_MEMBERS = 10_000

_BLOCK = 512
_LARGEST_HEADER = 65_536


class Member(NamedTuple):
    """One entry of a tar archive. kind: file, folder, link, device or other."""

    name: str
    size: int
    kind: str


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
