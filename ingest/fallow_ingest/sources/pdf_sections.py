"""Which lines of a paper are headings, and the sections and references between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from fallow_ingest.records import Reference, Section, SectionKind
from fallow_ingest.references.entries import PrintedEntry
from fallow_ingest.references.markers import contexts_of
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.pdf_layout import body_size, joined, mended, vocabulary
from fallow_ingest.sources.pdf_reader import PrintedLine
from fallow_ingest.sources.pdf_references import entries_of, without_heading
from fallow_ingest.text.normalise import fold, plain
from fallow_ingest.text.sections import section_kind, without_number

_NUMBERED = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVX]{1,5}\.|[A-H](?:\.\d{1,2}){0,2}\.?|Appendix [A-Z][.:]?)\s+[A-Z\"“]"
)
_NUMBER_ALONE = re.compile(r"(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVX]{1,5}\.|[A-H]\.?)")
_KNOWN = frozenset(
    re.split(
        r",\s*",
        "abstract, introduction, related work, related works, previous work, prior work, background, "
        "preliminaries, conclusion, conclusions, conclusion and future work, conclusions and future work, "
        "conclusion and discussion, discussion, discussions, discussion and conclusion, discussion and "
        "conclusions, concluding remarks, summary, summary and conclusion, summary and conclusions, future "
        "work, future directions, limitations, limitations and future work, discussion and future work, "
        "conclusion and perspectives, references, bibliography, acknowledgements, acknowledgments, "
        "acknowledgement, acknowledgment, experiments, experimental results, results, evaluation, method, "
        "methods, methodology, ethics statement, ethical considerations, broader impact, broader impacts, "
        "appendix, appendices, supplementary material, conclusion and outlook",
    )
)
# A numbered line of nothing but these is a heading however it is set.
_HEADING_WORDS = frozenset(
    re.split(
        r"\s+",
        "and of the for our with discussion discussions conclusion conclusions concluding remarks summary "
        "future work works research direction directions perspectives outlook limitation limitations open "
        "problems questions challenges broader impact impacts ethical considerations threats to validity",
    )
)
# Known headings that also head the columns of tables.
_TABLE_WORDS = frozenset(
    {"method", "methods", "results", "evaluation", "summary", "background", "experiments"}
)
_APPENDIX = re.compile(r"(?:Appendi|APPENDI|Supplement|SUPPLEMENT)\w*\b|[A-H](?:\.\d)*\.?\s+[A-Z]")
_INLINE_ABSTRACT = re.compile(r"\s*a\s?b\s?s\s?t\s?r\s?a\s?c\s?t\s*(?:[:.—–-]+\s*|$)", re.IGNORECASE)
_AFTER_ABSTRACT = re.compile(
    r"\s*(?:(?:additional )?key\s?words?|index terms|general terms|ccs concepts|categories and subject)\b",
    re.IGNORECASE,
)
_CAPTION = re.compile(r"(?:figure|fig\.|table|algorithm|listing)\s*\d+\s*[.:(]", re.IGNORECASE)
_LONGEST_HEADING = 110


class Body(NamedTuple):
    """A paper's text in its parts."""

    abstract: str
    sections: tuple[Section, ...]
    references: tuple[Reference, ...]


class _Part(NamedTuple):
    heading: str
    kind: SectionKind
    lines: list[PrintedLine]


def parts_of(lines: Sequence[PrintedLine]) -> Body:
    """Abstract, sections and references of a paper whose lines stand in reading order, its front included."""
    words = vocabulary(lines)
    body = body_size(lines)
    parts = list(_parts(lines, body))
    if not any(part.kind == "references" for part in parts):
        end = without_heading(lines)
        listed = _Part("References", "references", list(lines[end:]))
        parts = [*_parts(lines[:end], body), listed]
    abstract = next((_running(p.lines, words, body) for p in parts if p.kind == "abstract"), "")
    if not abstract and len(parts) > 3:
        abstract = _unannounced_abstract(parts[0].lines, words)
    sections: list[Section] = []
    entries: list[PrintedEntry] = []
    for part in parts:
        if part.kind == "references" and not entries:
            entries = list(entries_of(part.lines, words))
        elif part.kind not in ("abstract", "references") and part.heading:
            text = _running(part.lines, words, body)[: field.LONGEST_SECTION]
            if text or part.kind in ("limitations", "conclusion"):
                sections.append(Section(part.heading[: field.LONGEST_NAME], text, part.kind))
    kept = tuple(section for section in sections if section.text)[: field.MOST_SECTIONS]
    references = (
        Reference(entry.id, entry.title, entry.year, entry.text, contexts)
        for entry, contexts in zip(entries, contexts_of(kept, entries), strict=True)
    )
    return Body(" ".join(abstract.split())[: field.LONGEST_ABSTRACT], kept, tuple(references))


_SHORTEST_ABSTRACT = 400


def _unannounced_abstract(front: Sequence[PrintedLine], words: Counter[str]) -> str:
    """The longest paragraph of prose in front of the first heading, where no heading says "Abstract"."""
    paragraphs: list[list[PrintedLine]] = []
    for line in front:
        last = paragraphs[-1][-1] if paragraphs else None
        goes_on = last is not None and line.page == last.page and abs(line.size - last.size) < 0.4
        ends = goes_on and line.text.rstrip().endswith(".")
        if line.page > 1 or (len(line.text) < 30 and not ends) or _AFTER_ABSTRACT.match(line.text):
            continue
        if not (goes_on and last is not None and 0 < line.y0 - last.y0 < 1.8 * line.size):
            paragraphs.append([])
        paragraphs[-1].append(line)
    texts = [plain(joined((line.text for line in paragraph), words)) for paragraph in paragraphs]
    longest = max(texts, key=len, default="")
    prose = _is_prose(longest) and "@" not in longest and longest.count(". ") >= 2
    return longest if prose and _SHORTEST_ABSTRACT <= len(longest) <= 4_000 else ""


def _parts(lines: Sequence[PrintedLine], body: float) -> Iterator[_Part]:
    """The document cut at its headings; what stands before the first has no heading."""
    bold = sum(len(line.text) for line in lines if line.bold)
    usual_bold = bold > 0.5 * sum(len(line.text) for line in lines)
    part = _Part("", "other", [])
    outer: _Part | None = None  # the section inside which a run-in heading began the present one
    begun = False  # whether abstract or introduction was met: what is set large before is the front
    index = 0
    while index < len(lines):
        cut = (
            (None if begun else _abstract_at(lines[index]))
            or (_run_in_at(lines, index, part, outer) if begun else None)
            or _heading_at(lines, index, body, usual_bold, part, begun=begun)
        )
        if cut is None:
            part.lines.append(lines[index])
            index += 1
            continue
        yield part
        outer = (outer or part) if cut.inside else None
        part = _Part(cut.heading, cut.kind, list(cut.rest))
        begun = begun or bool(cut.heading)
        index += cut.length
    yield part


class _Cut(NamedTuple):
    """Where a part begins: length lines are its heading, rest is what the last of them says besides."""

    heading: str
    kind: SectionKind
    length: int
    rest: tuple[PrintedLine, ...] = ()
    inside: bool = False


def _abstract_at(line: PrintedLine) -> _Cut | None:
    found = _INLINE_ABSTRACT.match(line.text)
    if found is None:
        return None
    if found.end() < len(line.text) and line.text[: found.end()].strip()[-1:] not in (
        ".",
        ":",
        "—",
        "–",
        "-",
    ):
        return None
    rest = line.text[found.end() :]
    return _Cut("Abstract", "abstract", 1, (line._replace(text=rest),) if rest.strip() else ())


def _heading_at(
    lines: Sequence[PrintedLine], index: int, body: float, usual_bold: bool, part: _Part, *, begun: bool
) -> _Cut | None:
    line = lines[index]
    length = _heading_length(lines, index, body, usual_bold, in_references=part.kind == "references")
    if length and (begun or section_kind(line.text) in ("introduction", "abstract")):
        heading = " ".join(plain(mended(piece.text)) for piece in lines[index : index + length])
        return _Cut(heading, section_kind(heading), length)
    if part.kind == "abstract" and part.lines and _AFTER_ABSTRACT.match(line.text):
        return _Cut("", "other", 1, (line,))
    return None


# Headings that stand in the first line of their paragraph, bold or slanted, and tell of the paper's limits.
_RUN_IN = re.compile(
    r"\s*(?:\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])[.)]\s+)?(?:(?:Current |Main |Key |Our |Potential )?Limitations?\b"
    r"|Future (?:work|directions|research)\b|Threats to validity\b|Broader (?:societal )?impacts?\b"
    r"|Ethic(?:s|al) (?:statement|considerations?)\b"
    r"|(?:Discussion|Conclusions?) and (?:limitations|future work)\b"
    r"|Open (?:problems|questions)\b|Failure (?:cases|modes)\b|Acknowledge?ments?\b)[^.:]{0,60}[.:—–-]*\s*$",
    re.IGNORECASE,
)
_LONGEST_RUN_IN = 80
_LEAD_ENDS = re.compile(r"[.:—–-]\s*$|[.:]\s")


def _run_in_at(lines: Sequence[PrintedLine], index: int, part: _Part, outer: _Part | None) -> _Cut | None:
    """A run-in heading that begins a part, or any that ends one which another began."""
    line = lines[index]
    if not 3 <= line.lead <= _LONGEST_RUN_IN or part.kind in ("references", "abstract"):
        return None
    last = lines[index - 1] if index else None
    begins = last is None or line.block != last.block or _begins_paragraph(last, line)
    lead = line.text[: line.lead]
    if not begins or not (_LEAD_ENDS.search(lead) or line.text[line.lead : line.lead + 1] in (".", ":")):
        return None
    if _RUN_IN.match(lead):
        heading = plain(mended(lead)).strip(" .:—–-")
        rest = line._replace(text=line.text[line.lead :].lstrip(" .:—–-"), lead=0)
        return _Cut(heading, section_kind(heading), 1, (rest,), inside=True)
    return _Cut(outer.heading, outer.kind, 1, (line,)) if outer else None


def _heading_length(
    lines: Sequence[PrintedLine], index: int, body: float, usual_bold: bool, *, in_references: bool
) -> int:
    """How many lines from `index` on are one heading; 0 when the line is none."""
    line = lines[index]
    text = line.text.strip()
    if not 3 <= len(text) <= _LONGEST_HEADING or not any(letter.isalpha() for letter in text):
        if _NUMBER_ALONE.fullmatch(text) and _stands_out(line, body, usual_bold) and index + 1 < len(lines):
            following = lines[index + 1]
            same_line = abs(following.y0 - line.y0) < line.size and following.page == line.page
            worded = any(len(word) > 2 and word.isalpha() for word in fold(following.text).split())
            short = len(following.text) < _LONGEST_HEADING
            if same_line and worded and short and _stands_out(following, body, usual_bold):
                return 2
        return 0
    words = fold(without_number(text))
    if words in _KNOWN or (_NUMBERED.match(text) and _HEADING_WORDS.issuperset(words.split())):
        capital = without_number(text)[:1].isupper()
        if words in _TABLE_WORDS and text[0].isalpha() and not text.isupper() and line.size < body + 0.8:
            return 0
        alone = index == 0 or lines[index - 1].block != line.block or _stands_out(line, body, usual_bold)
        least = body - (2.6 if text.isupper() else 1.5)
        return 1 if capital and (alone or text.isupper()) and line.size > least else 0
    if (
        _CAPTION.match(text)
        or text.endswith((",", ";"))
        or not any(len(word) > 2 and word.isalpha() for word in words.split())
    ):
        return 0
    if in_references and not _APPENDIX.match(text):
        return 0
    if not _stands_out(line, body, usual_bold):
        return 0
    numbered = _NUMBERED.match(text) is not None
    ends = text.endswith((".", ":")) and not re.fullmatch(r"[\dIVX.]+", text)
    if numbered:
        if ends and not text.isupper() and len(text.split()) > 12:
            return 0
    elif line.size < body + 0.8 or not text[0].isupper() or ends or len(text.split()) > 14:
        return 0
    elif line.page == 0 or any(letter.isdigit() for letter in text):
        return 0  # authors and addresses
    if index and lines[index - 1].block == line.block and _alike(lines[index - 1], line) and not numbered:
        return 0
    length = 1
    while (
        index + length < len(lines)
        and length < 3
        and _alike(lines[index + length], line)
        and (lines[index + length].text.isupper() or not text.isupper())
        and lines[index + length].page == line.page
        and 0 < lines[index + length].y0 - lines[index + length - 1].y0 < 1.8 * line.size
        and not _NUMBERED.match(lines[index + length].text.strip())
        and len(lines[index + length].text) < 80
    ):
        length += 1
    return length


def _stands_out(line: PrintedLine, body: float, usual_bold: bool) -> bool:
    """Whether the line is set unlike running text."""
    text = line.text.strip()
    if line.size < body - 1.1:
        return False
    capitals = text.isupper() and sum(map(str.isalpha, text)) > 3
    return (line.bold and not usual_bold) or line.size >= body + 0.8 or capitals


def _alike(one: PrintedLine, other: PrintedLine) -> bool:
    return abs(one.size - other.size) < 0.3 and one.bold == other.bold


def _running(lines: Sequence[PrintedLine], words: Counter[str], body: float) -> str:
    """The lines as paragraphs, captions, footnotes and rows of numbers left out."""
    paragraphs: list[list[PrintedLine]] = [[]]
    caption_block: tuple[int, int] | None = None
    small = min(body, median(line.size for line in lines)) - 1.6 if lines else 0.0
    for line in lines:
        place = (line.page, line.block)
        if _CAPTION.match(line.text.strip()) and (
            not paragraphs[-1] or paragraphs[-1][-1].block != line.block
        ):
            caption_block = place
        last = paragraphs[-1][-1] if paragraphs[-1] else None
        goes_on = last is not None and last.block == line.block and not last.text.rstrip().endswith(".")
        if place == caption_block or line.size < small or not (_is_prose(line.text) or goes_on):
            continue
        if last is not None and _begins_paragraph(last, line):
            paragraphs.append([])
        paragraphs[-1].append(line)
    texts = (plain(joined((line.text for line in paragraph), words)) for paragraph in paragraphs)
    return "\n\n".join(text for text in texts if text)


def _is_prose(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters >= 0.45 * len(text.replace(" ", "")) and letters > 1


def _begins_paragraph(last: PrintedLine, line: PrintedLine) -> bool:
    if not last.text.rstrip().endswith((".", "!", "?", ":", ".”", '."', ".)")):
        return False
    indented = 4 < line.x0 - last.x0 < 40 and line.page == last.page
    return line.block != last.block or indented or line.y0 - last.y1 > 0.9 * line.size
