"""One line to one JSON object, as far as it can be mended."""

from __future__ import annotations

import codecs
import json
from typing import NamedTuple

import orjson

DEEPEST = 200
"""Levels of nesting that a record may have."""

MENDED_BYTES = "bytes read as Windows-1252"
MENDED_CONTROLS = "invalid JSON mended"


class Unreadable(NamedTuple):
    """Why a line is no record."""

    reason: str
    detail: str


class Decoded(NamedTuple):
    """A line's object and what was mended to read it."""

    fields: dict[str, object]
    notes: tuple[str, ...]


def decode_object(line: bytes) -> Decoded | Unreadable:
    """The JSON object on the line.

    Bytes that are no UTF-8 are read as Windows-1252, control characters and NaN are accepted; both are
    noted. Never raises.
    """
    notes: tuple[str, ...] = ()
    value: object
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        text, mended = to_text(line)
        try:
            value = json.loads(text.replace("\x00", ""), strict=False)
        except (ValueError, RecursionError):
            return Unreadable("broken JSON", str(error)[:200])
        notes = (MENDED_BYTES,) if mended else (MENDED_CONTROLS,)
    if not isinstance(value, dict):
        return Unreadable("not a JSON object", type(value).__name__)
    if notes and _deeper_than(value, DEEPEST):
        return Unreadable("broken JSON", "nested too deeply")
    return Decoded(value, notes)


def to_text(content: bytes) -> tuple[str, bool]:
    """(text, whether some bytes were no UTF-8 and were read as Windows-1252 instead).

    >>> to_text(b"na\\xc3\\xafve"), to_text(b"na\\xefve")
    (('naïve', False), ('naïve', True))
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode(), False
    except UnicodeDecodeError:
        return content.decode(errors="fallow_cp1252"), True


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", errors="replace"), error.end


codecs.register_error("fallow_cp1252", _as_windows)


def _deeper_than(value: object, levels: int) -> bool:
    level: list[object] = [value]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
