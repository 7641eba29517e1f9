"""What a paper's first page says about it: title, authors, ids, year."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date as calendar_day
from typing import NamedTuple

from fallow_ingest.dates import iso, read_date
from fallow_ingest.identifiers import parse_id, sound_arxiv_id
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.pdf_layout import joined, mended, vocabulary
from fallow_ingest.sources.pdf_reader import Printed, PrintedLine
from fallow_ingest.text.normalise import fold, plain

_STAMP = re.compile(r"arXiv:\s?(\S{9,30})\s+\[[\w.-]+\]\s+(\d{1,2} \w{3} \d{4})")
_DOI = re.compile(r"\b(?:doi:?\s?|doi\.org/)(10\.\d{4,9}/\S{3,100})", re.IGNORECASE)
_ABSTRACT = re.compile(r"\s*a\s?b\s?s\s?t\s?r\s?a\s?c\s?t\b", re.IGNORECASE)
_MARKS = "*∗†‡§¶♯⋆★◦•∥⊥✉"
_NO_TITLE = re.compile(
    r"microsoft word|untitled|\.(?:doc|docx|tex|dvi|ps|pdf|indd|rtf)\b|^proceedings of|^latex|^paper\b"
    r"|^title\b|^\W*$|camera.?ready|^arxiv:|^template",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"@|\d|universit|institut|department|dept|laborator|school|college|research|google|microsoft|facebook|inc\b|"
    r"center|centre|faculty|academy|company|corp\b|ltd|street|avenue|http|abstract|editor|anonymous|author|"
    r"\b(?:usa|uk|china|germany|france|japan|canada|technolog(?:y|ies)|sciences?|engineering|group|team|systems?)\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"[A-ZÀ-ÖØ-Þ][\w'’.-]*(?:\s+(?:van|von|de|der|den|del|della|di|da|dos|la|le|el|al|bin|ter|ten))*"
    r"(?:\s+[A-ZÀ-ÖØ-Þ][\w'’.-]*){1,4}"
)
_YEAR = re.compile(r"(?<![\d.:–-])(19[5-9]\d|20[0-4]\d)(?![\d–])")


class Front(NamedTuple):
    """What the first page told; ids: scheme -> value."""

    title: str
    authors: tuple[str, ...]
    ids: dict[str, str]
    year: int | None
    date: str


def front_of(
    lines: Sequence[PrintedLine], furniture: Sequence[PrintedLine], printed: Printed, stem: str
) -> Front:
    """Read the front of a paper. lines: in reading order; stem: the file's name without its ending."""
    first = [line for line in lines if line.page == 0]
    top = first[: _first_index(first, _ABSTRACT)][:80]
    title_lines = _title_lines(top)
    words = vocabulary(lines)
    title = _clean_title(joined((line.text for line in title_lines), words))
    title = _with_metadata(title, printed.metadata.get("title", ""), first)
    notes = field.Notes()
    margins = [plain(mended(line.text)) for line in furniture if line.page == 0]
    ids, stamped = _ids(margins, [line.text for line in first], stem, notes)
    year, date = _year(ids, stamped, margins, printed.metadata)
    return Front(title[: field.LONGEST_TITLE], _authors(top, title_lines, printed.metadata), ids, year, date)


def _first_index(lines: Sequence[PrintedLine], pattern: re.Pattern[str]) -> int:
    return next((i for i, line in enumerate(lines) if pattern.match(line.text)), len(lines))


def _title_lines(top: Sequence[PrintedLine]) -> list[PrintedLine]:
    """The lines set largest before the abstract: the first run of them that is long enough."""
    sizes = sorted(
        {round(line.size, 1) for line in top if sum(map(str.isalpha, line.text)) > 2}, reverse=True
    )
    for size in sizes[:4]:
        run: list[PrintedLine] = []
        for line in top:
            if abs(line.size - size) <= 0.6 and (not run or _continues(run[-1], line)):
                run.append(line)
            elif run and line.text.strip():
                break
        if sum(map(str.isalpha, "".join(line.text for line in run))) >= 10:
            return run
    return []


def _continues(last: PrintedLine, line: PrintedLine) -> bool:
    """Whether the title goes on: next line, no wider gap than inside it, equally bold."""
    return line.bold == last.bold and -1 < line.y0 - last.y0 < 2.0 * line.size


def _clean_title(text: str) -> str:
    text = plain(text).rstrip(_MARKS + " ").rstrip()
    text = re.sub(rf"\s?[{re.escape(_MARKS)}]+(?=\s|$)", "", text)
    return text.rstrip(".")


def _with_metadata(title: str, metadata: str, first: Sequence[PrintedLine]) -> str:
    """The printed title, or the file's own where that is one and the printed one is not."""
    given = plain(metadata)
    if _NO_TITLE.search(given) or len(given.split()) < 3:
        return title
    page = fold(" ".join(line.text for line in first[:60])).replace(" ", "")
    key = fold(given).replace(" ", "")
    return given if key in page and len(key) > len(fold(title).replace(" ", "")) else title


def _ids(
    margins: Sequence[str], text: Sequence[str], stem: str, notes: field.Notes
) -> tuple[dict[str, str], str]:
    """(ids, date of the arXiv stamp): from the stamp, a DOI on the first page, the file's name."""
    ids: dict[str, str] = {}
    stamped = ""
    for line in margins:
        if (stamp := _STAMP.search(line)) and (arxiv := sound_arxiv_id(stamp[1])):
            ids["arxiv"] = arxiv.value
            stamped = read_date(stamp[2]) if stamp[1].endswith("v1") else ""
    dois = {found[1] for line in [*margins, *text] if (found := _DOI.search(line))}
    if len(dois) == 1:
        ids |= field.ids_of([("doi", dois.pop())], notes)
    named = parse_id(stem)
    if named is None and re.fullmatch(r"pmlr-v\d+-[a-z0-9-]+", stem):
        named = parse_id(f"pmlr:{stem}")
    if named is not None and named.scheme in ("arxiv", "acl", "pmlr"):
        ids.setdefault(named.scheme, named.value)
    return ids, stamped


def _year(
    ids: Mapping[str, str], stamped: str, margins: Sequence[str], metadata: Mapping[str, str]
) -> tuple[int | None, str]:
    """(year, date): of the id, else of what stands in the margins, else the day the file was made."""
    if arxiv := ids.get("arxiv"):
        month = re.search(r"(?:^|/)(\d{2})(\d{2})", arxiv)
        if month:
            year = int(month[1]) + (1900 if month[1] >= "91" else 2000)
            return year, stamped or iso(year, int(month[2]))
    if acl := ids.get("acl"):
        found = re.match(r"(\d{4})\.|[A-Z](\d{2})-", acl)
        if found:
            short = found[2]
            year = int(found[1]) if found[1] else int(short) + (1900 if short > "50" else 2000)
            return year, ""
    newest = calendar_day.today().year + 1
    years = [int(y) for line in margins for y in _YEAR.findall(line) if int(y) <= newest]
    if years:
        return max(years), ""
    made = re.match(r"D:(\d{4})", metadata.get("creationDate", ""))
    return (field.year_of(made[1]) if made else None), ""


def _authors(
    top: Sequence[PrintedLine], title_lines: Sequence[PrintedLine], metadata: Mapping[str, str]
) -> tuple[str, ...]:
    """The authors, when metadata and page agree or the page is plain about them; else none."""
    page = fold(" ".join(mended(line.text) for line in top))
    given = [
        part.strip() for part in re.split(r"\s*;\s*|\s*,\s*(?!Jr|Sr)|\s+and\s+", metadata.get("author", ""))
    ]
    names = [name for name in given if name and _NAME.fullmatch(name) and not _NO_NAME.search(name)]
    if names and all(fold(name.split()[-1]) in page for name in names):
        return tuple(names)
    last = title_lines[-1] if title_lines else None
    below = [line for line in top if last is None or line.y0 > last.y0]
    style = next(((line.size, line.bold) for line in below if _names_in(line.text)), None)
    found: list[str] = []
    for line in below:
        if style is not None and abs(line.size - style[0]) < 0.6 and line.bold == style[1]:
            found += _names_in(line.text)
    return tuple(dict.fromkeys(found))[:100]


def _names_in(text: str) -> list[str]:
    """The names on a line that holds nothing but names."""
    text = re.sub(rf"[{re.escape(_MARKS)}]|(?<=[a-zà-ÿ.])[\d,]+(?=\s|$)", ",", mended(text))
    parts = [
        plain(part).strip(" ,&") for part in re.split(r",|;|\band\b|&|\s{3,}|(?<=[a-z])\s+(?=and\b)", text)
    ]
    parts = [part for part in parts if part]
    return parts if parts and all(_NAME.fullmatch(p) and not _NO_NAME.search(p) for p in parts) else []
