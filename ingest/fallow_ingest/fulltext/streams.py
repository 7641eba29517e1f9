"""Packed bytes read forward and within bounds, whatever they claim to be."""

from __future__ import annotations

import zlib
from typing import Protocol

from fallow_ingest.sources.fields import Notes
from fallow_ingest.sources.files import GZIP_MAGIC

CUT = "archive cut short: what came before was kept"
DAMAGED = "archive damaged: what could be read was kept"
TOO_MUCH = "archive unpacks to too much: what came before was kept"

_PIECE = 65_536


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class DamageError(Exception):
    """The archive cannot be read further; the note says what became of the rest."""

    def __init__(self, note: str, detail: str) -> None:
        super().__init__(detail)
        self.note = note
        self.detail = detail


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
    """The content of a gzip stream; a wrong checksum is noted, trailing bytes of another kind are ignored."""

    def __init__(self, raw: _Readable, notes: Notes) -> None:
        self._raw = raw
        self._notes = notes
        self._packed = raw.read(_PIECE)
        self._ended = False
        self._checksum = 0
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
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
