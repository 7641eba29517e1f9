"""Fields as strangers write them, cut to bounds: each reader returns a value or its empty form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import orjson

from fallow_ingest.dates import FIRST_YEAR, LAST_YEAR
from fallow_ingest.identifiers import Id, parse_id, sound_arxiv_id
from fallow_ingest.text.normalise import plain

LONGEST_KEY = 500
LONGEST_TITLE = 2_000
LONGEST_ABSTRACT = 50_000
LONGEST_NAME = 300
LONGEST_SECTION = 500_000
LONGEST_REFERENCE = 2_000
LARGEST_EXTRA = 65_536
MOST_AUTHORS = 10_000
MOST_LABELS = 500
MOST_REFERENCES = 20_000
MOST_SECTIONS = 2_000

MENDED_ID = "arXiv id mended (it had been read as a number)"

KNOWN_SCHEMES = ("arxiv", "doi", "acl", "s2", "openalex", "openreview", "pmid")

_PARAGRAPH = re.compile(r"\n[ \t\r]*\n\s*")
_WEB = re.compile(r"https?://[^\s<>\"]{1,1990}", re.IGNORECASE)


class Notes(list[str]):
    """What had to be mended in one record; each phrase once."""

    def add(self, phrase: str) -> None:
        """Note it, unless it is noted."""
        if phrase not in self:
            self.append(phrase)


def line_of_text(value: object, longest: int, name: str, notes: Notes) -> str:
    """A string or number as one line of plain text, cut to `longest` characters; "" for anything else."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        text = str(value)
    else:
        return ""
    if len(text) > 2 * longest:  # before the costly part
        text = text[: 2 * longest]
        notes.add(f"{name} cut")
    text = plain(text)
    if len(text) > longest:
        notes.add(f"{name} cut")
        text = text[:longest].rstrip()
    return text


def paragraphs(value: object, longest: int, name: str, notes: Notes) -> str:
    """Running text: plain within its paragraphs, which stay apart by an empty line."""
    if not isinstance(value, str):
        return ""
    if "\n" not in value and "\r" not in value:
        return line_of_text(value, longest, name, notes)
    if len(value) > 2 * longest:
        value = value[: 2 * longest]
        notes.add(f"{name} cut")
    pieces = (plain(piece) for piece in _PARAGRAPH.split(value.replace("\r\n", "\n")))
    text = "\n\n".join(piece for piece in pieces if piece)
    if len(text) > longest:
        notes.add(f"{name} cut")
        text = text[:longest].rstrip()
    return text


def year_of(value: object) -> int | None:
    """A year between 1500 and 2199 given as a number or as text that begins with one; else None.

    >>> year_of("2016"), year_of(2016.0), year_of("2016-05"), year_of(16), year_of(True)
    (2016, 2016, 2016, None, None)
    """
    year: int | None = None
    if isinstance(value, str):
        found = re.match(r"\s*(\d{4})(?!\d)", value)
        year = int(found[1]) if found else None
    elif isinstance(value, float):
        year = int(value) if value.is_integer() else None
    elif isinstance(value, int) and not isinstance(value, bool):
        year = value
    return year if year is not None and FIRST_YEAR <= year <= LAST_YEAR else None


def names_of(value: object, notes: Notes) -> tuple[str, ...]:
    """Authors given as a list of names, a list of objects, or one string.

    >>> names_of("Ada Lovelace and Turing, Alan", Notes()), names_of([{"name": "Ada"}], Notes())
    (('Ada Lovelace', 'Alan Turing'), ('Ada',))
    """
    if isinstance(value, str):
        value = split_names(value)
    if not isinstance(value, list | tuple):
        return ()
    if len(value) == 1 and isinstance(value[0], str) and value[0].count(",") > 1:
        value = split_names(value[0])  # a list in one string in a list
    if len(value) > MOST_AUTHORS:
        notes.add("authors cut")
    names = (line_of_text(_name(entry), LONGEST_NAME, "author", notes) for entry in value[:MOST_AUTHORS])
    return tuple(name for name in names if name)


def split_names(text: str) -> list[str]:
    """The names in one string: parted by "and" or ";" (commas then part last from first), or by commas."""
    for separator in (r"\s+and\s+", r"\s*;\s*"):
        parts = [part for part in re.split(separator, text.strip()) if part]
        if len(parts) > 1:
            whole_names = [p for p in parts if "," in p and all(" " in n.strip() for n in p.split(","))]
            if whole_names and not all("," in part for part in parts):
                break  # "Ada Ash, Bo Birch and Cy Cedar"
            return [first_last(part.strip(" ,")) for part in parts]
    parts = [part.strip() for part in re.split(r",(?:\s*and\s)?|\s+and\s+|;", text)]
    whole = [part for part in parts if part]
    return [first_last(text)] if len(whole) == 2 and " " not in whole[0] else whole


def first_last(name: str) -> str:
    """The name in reading order, "Last, First" turned round.

    >>> first_last("van der Berg, Anna"), first_last("Anna Berg"), first_last("King, Jr., Martin")
    ('Anna van der Berg', 'Anna Berg', 'Martin King Jr.')
    """
    parts = [part.strip() for part in name.split(",")]
    if len(parts) == 2:
        return f"{parts[1]} {parts[0]}".strip()
    return f"{parts[2]} {parts[0]} {parts[1]}".strip() if len(parts) == 3 else name.strip()


def _name(entry: object) -> object:
    if not isinstance(entry, Mapping):
        return entry
    if entry.get("name"):
        return entry["name"]
    first = entry.get("given") or entry.get("first") or ""
    last = entry.get("family") or entry.get("last") or ""
    return f"{first} {last}"


def labels_of(value: object, name: str, notes: Notes, *, separators: str = r"\s*;\s*") -> tuple[str, ...]:
    """Keywords or categories given as a list or as one string; each once, in order."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        return ()
    parts: list[str] = []
    for entry in value:
        if isinstance(entry, str) and len(parts) <= MOST_LABELS:
            parts += re.split(separators, entry[: LONGEST_NAME * 20])
    if len(parts) > MOST_LABELS:
        notes.add(f"{name} cut")
    labels = (line_of_text(part, LONGEST_NAME, name, notes) for part in parts[:MOST_LABELS])
    return tuple(dict.fromkeys(label for label in labels if label))


def ids_of(pairs: Iterable[tuple[str, object]], notes: Notes) -> dict[str, str]:
    """scheme -> value in canonical spelling, of pairs (scheme, value as given).

    A DOI that only repeats an arXiv or ACL id yields both. What is no such id is left out and noted.
    """
    ids: dict[str, str] = {}
    for scheme, value in pairs:
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            continue
        found = _id(scheme.strip().lower(), str(value).strip())
        if found is None:
            notes.add("id not understood")
            continue
        ids.setdefault(found.scheme, found.value)
        if found.scheme == "arxiv" and (sound := sound_arxiv_id(str(value).strip())) and sound.mended:
            notes.add(MENDED_ID)
        if scheme.lower() == "doi" and found.scheme != "doi":
            ids.setdefault("doi", re.sub(r"^.*?(?=10\.)", "", str(value).strip().lower())[:LONGEST_KEY])
    return ids


def _id(scheme: str, value: str) -> Id | None:
    if scheme in KNOWN_SCHEMES and (":" in value or "/" in value) and (given := parse_id(value)) is not None:
        return (
            given if given.scheme == scheme or (scheme == "doi" and given.scheme in KNOWN_SCHEMES) else None
        )
    return parse_id(f"{scheme}:{value}")


def web_address(value: object) -> str:
    """The value when it is an http or https address of at most 2,000 characters; else ""."""
    return value.strip() if isinstance(value, str) and _WEB.fullmatch(value.strip()) else ""


def bounded_extra(fields: Mapping[str, object], notes: Notes) -> dict[str, object]:
    """Everything else that was said, without what is empty or larger than 64 KiB as JSON."""
    kept: dict[str, object] = {}
    for name, value in fields.items():
        if value is None or value == "" or value == [] or value == {}:
            continue
        if type(value) is str and value.isascii() and len(value) <= LARGEST_EXTRA:
            kept[_extra_name(name)] = value
            continue
        if isinstance(value, int | float):
            kept[_extra_name(name)] = value
            continue
        try:
            size = len(value) if isinstance(value, str) else len(orjson.dumps(value))
            if isinstance(value, str) and not value.isascii():
                value = value.encode("utf-8", "replace").decode()
        except (TypeError, RecursionError, ValueError):
            size = LARGEST_EXTRA + 1
        if size > LARGEST_EXTRA:
            notes.add("extra field dropped")
        else:
            kept[_extra_name(name)] = value
    return kept


@lru_cache(maxsize=1_000)
def _extra_name(name: str) -> str:
    return plain(name)[:LONGEST_NAME]
