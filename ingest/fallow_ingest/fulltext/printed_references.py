"""From the words of a reference list's entry to a reference: its id, title and year."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from fallow_ingest.identifiers import parse_id
from fallow_ingest.records import Reference
from fallow_ingest.references.entries import PrintedEntry, ids_in, parse_entry
from fallow_ingest.sources import fields as field
from fallow_ingest.text.latex import latex_to_text
from fallow_ingest.text.normalise import plain

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s{}<>\"]+", re.IGNORECASE)
_VENUE = re.compile(
    r"in(?:\s*:|\s+(?:proc|advances|international|the|acl|emnlp|neurips|icml|[A-Z0-9]))"
    r"|proc(?:\.|eedings)|arxiv|corr\b|journal|"
    r"pages?\b|vol(?:ume|\.)|pp\.|https?:|doi\b|phd thesis|technical report|url\b|available|accessed",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[“\"]([^“”\"]{10,300})[,.][”\"]")
# Names, and what astronomers print in place of a title: "2009, ApJS, 182, 543".
_NO_TITLE = re.compile(
    r"et al\b|[^,]{1,60}, \d+, [A-Z]?\d+$|.*\b\d{4}[a-z]?, [^,]{0,40},? [\w.]+, \w+"
    r"|[A-Z][\w’'-]+(?: [A-Z]\.?)+(?:,.*)?$"
)
_FIELDS = frozenset({"author", "journal"})
_YEAR_ONLY = re.compile(r"\(?(?:1[89]|20)\d\d[a-z]?\)?\.?")
_ENDS_WITH_YEAR = re.compile(r"[.,(]\s*\(?(?:(?:1[89]|20)\d\d[a-z]?|to appear|in press|forthcoming)\)?[.,]?$")
_TITLE_END = re.compile(
    r"(?<=[a-z)\d?!][.?!])\s+(?=(?:In|ArXiv|arXiv|CoRR|Proc|Advances|Journal|PhD|Technical)\b)"
)


def reference_of(
    text: str, blocks: Sequence[str], fields: Mapping[str, str], addresses: Iterable[str]
) -> Reference:
    """The reference that an entry prints.

    blocks: the text cut where its style cuts it (one block when it does not); fields: what the style told
    of title and year; addresses: links and ids in it, best first.
    """
    shown = plain(text)[: field.LONGEST_REFERENCE]
    entry = parse_entry(shown)
    told = fields.get("title", "") or fields.get("booktitle", "")
    quoted = _QUOTED.search(shown)
    if not told and quoted:
        told = quoted[1]
    elif not told and not (len(blocks) < 2 and fields.keys() & _FIELDS):
        told = _title(blocks) or entry.title
    title = told  # a style that names its fields, none of them a title, prints none (most of physics)
    title = title.strip(" .,")[: field.LONGEST_TITLE]
    if title[:1] in '“"' and title[-1:] in '”"':
        title = title[1:-1].strip(" .,")
    if _NO_TITLE.match(title):
        title = ""
    return Reference(
        id=best_id(addresses, entry.ids or {}),
        title=title if any(map(str.isalpha, title)) else "",
        year=field.year_of(fields.get("year", "")) or entry.year,
        text=shown,
    )


def best_id(addresses: Iterable[str], printed: Mapping[str, str] | None = None) -> str:
    """The id by which a reference is looked for, of its addresses and of those printed; "" without any.

    >>> best_id(["https://doi.org/10.18653/v1/N18-3011", "https://example.org"])
    'acl:N18-3011'
    >>> best_id(["10.1000/x"], {"arxiv": "2004.05150"})
    'arxiv:2004.05150'
    """
    ids: dict[str, str] = {}
    for address in addresses:
        known = parse_id(address)
        if known is None or known.scheme == "url":
            ids = {**ids_in(address), **ids}
            known = parse_id(doi[0]) if (doi := _DOI.search(address)) else None
        if known is not None:
            ids.setdefault(known.scheme, known.value)
    return PrintedEntry("", ids={**(printed or {}), **ids}).id or next(
        (f"{scheme}:{ids[scheme]}" for scheme in ("pmid", "s2", "openalex") if scheme in ids), ""
    )


def _title(blocks: Sequence[str]) -> str:
    """The title of an entry whose style parts its blocks: the second, or the third after a year.

    The first block is authors, with the year in some styles; a title ends before its venue.
    """
    if len(blocks) < 2:
        return ""
    rest = list(blocks[1:])
    if _YEAR_ONLY.fullmatch(rest[0]) and len(rest) > 1:
        rest = rest[1:]
    title = rest[0]
    if _VENUE.match(title):  # the authors' block holds the title too, or there are no authors
        return parse_entry(blocks[0]).title or ("" if _ENDS_WITH_YEAR.search(blocks[0]) else blocks[0])
    title = _TITLE_END.split(title, maxsplit=1)[0]
    return title if len(title) <= 400 else ""


def surnames(authors: str) -> list[str]:
    r"""The last names of a BibTeX author field, at most fifty.

    >>> surnames("Ash, Ada and Bo von Birch and {The Team}")
    ['Ash', 'von Birch', 'The Team']
    """
    names: list[str] = []
    for name in re.split(r"\s+and\s+", authors[:20_000].strip())[:50]:
        if not name or name.lower() == "others":
            continue
        whole = name.startswith("{") and name.endswith("}") and name.count("{") == 1
        clean = plain(latex_to_text(name, drop_braces=True))
        if not whole and "," in clean:
            clean = clean.split(",", 1)[0]
        elif not whole:
            words = clean.split()
            last = next((i for i, word in enumerate(words[:-1]) if i and word[:1].islower()), len(words) - 1)
            clean = " ".join(words[last:])
        names.append(clean)
    return names
