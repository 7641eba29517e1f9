r"""Titles, authors, abstracts and keywords in the ways that classes have for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fallow_ingest.fulltext import words
from fallow_ingest.fulltext.latex_reader import MATH_SHIFT, Handler, Reader
from fallow_ingest.fulltext.latex_tokens import PARAGRAPH, ExhaustedError, Tokens
from fallow_ingest.sources import fields as field
from fallow_ingest.text.normalise import plain

_LINE, _PERSON, _GAP, _MARKED = "\ue005", "\ue006", "\ue007", "\ue008"
_MARKS = re.compile("\ue000\\d*\ue001")
_SEPARATOR = re.compile(rf"{_GAP}|[,;·•|&]|\band\b|\s{{3,}}")
_INITIALS = re.compile(r"(?:[A-Z]\.[ -]?)+")
_AFFILIATION = re.compile(
    r"universit|institut|depart|school|college|facult|laborator|\blabs?\b|cent(?:er|re)\b|academy|research|"
    r"\binc\b|\bltd\b|corporation|company|hospital|ministry|google|microsoft|facebook|amazon|deepmind|openai|nvidia|"
    r"\bibm\b|\bmeta\b|\bai\b|\busa\b|\bchina\b|\bgermany\b|\bcanada\b|\bfrance\b|\bitaly\b|\buk\b|\bjapan\b|"
    r"@|http|www\.|contribut|correspond|equal|email|e-mail|address|member|fellow|student|\bieee\b|group|team\b|"
    r"polytech|\beth\b|\bmit\b|\bcnrs\b|\binria\b|street|avenue|\broad\b|campus|division|work done|affiliat",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'’.\-–]*")
_PARTICLES = frozenset(
    [
        "von",
        "van",
        "de",
        "der",
        "den",
        "del",
        "da",
        "di",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ter",
        "dos",
        "du",
        "y",
        "zu",
    ]
)


def title(reader: Reader, _name: str) -> None:
    r"""\title: the last before \maketitle counts."""
    reader.stream.optional()
    tokens = reader.stream.argument()
    document = reader.document
    if tokens and not (document.made and document.titles) and len(document.titles) < 100:
        document.titles.append(tokens)


def make_title(reader: Reader, _name: str) -> None:
    r"""\maketitle."""
    reader.document.made = True


def author(reader: Reader, name: str) -> None:
    r"""\author, \icmlauthor and others, of one or of all names."""
    reader.stream.star()
    reader.stream.optional()
    tokens = reader.stream.argument()
    if name in ("icmlauthor", "twoauthors"):
        reader.stream.argument()
    if tokens and len(reader.document.authors) < field.MOST_AUTHORS:
        reader.document.authors.append(tokens)


def abstract(reader: Reader, _name: str) -> None:
    r"""\abstract{...}, of up to five parts (as A&A has it)."""
    for _ in range(5):
        if reader.stream.peek(spaces=False) != "{":
            return
        reader.document.abstract += [reader.render(reader.stream.argument()), PARAGRAPH]


def keywords(reader: Reader, _name: str) -> None:
    r"""\keywords{...}."""
    if reader.stream.peek(spaces=False) == "{":
        reader.document.keywords.append(_in_front(reader, reader.stream.argument(), {"and": _put(";")}))


def titled(reader: Reader) -> str:
    """The title as plain text; "" when the document gives none."""
    if not reader.document.titles:
        return ""
    with_nothing: dict[str, Handler] = dict.fromkeys(
        ("thanks", "footnote", "footnotetext", "tnoteref", "thanksref", "titlenote"), _drop_argument
    )
    raw = _in_front(reader, reader.document.titles[-1], with_nothing | {"\\": _space, MATH_SHIFT: _formula})
    return plain(_MARKS.sub("", raw)).strip(" .*")


def authors_of(reader: Reader, notes: field.Notes) -> tuple[str, ...]:
    """The authors' names, without marks, addresses and affiliations, each once."""
    names: dict[str, None] = {}
    for tokens in reader.document.authors:
        raw = _in_front(reader, tokens, _AUTHOR_MODE)
        names.update(dict.fromkeys(_names(_MARKS.sub("", raw))))
    return field.names_of(list(names), notes)


def keywords_of(reader: Reader, notes: field.Notes) -> tuple[str, ...]:
    """Keywords, parted where their authors part them."""
    raw = _MARKS.sub("", ";".join(["".join(reader.document.keywords)])).replace(PARAGRAPH, ";")
    return field.labels_of(raw.strip(" ."), "keywords", notes, separators=r"\s*[;,·•]\s*|\s+[–—-]\s+")


def _in_front(reader: Reader, tokens: Tokens, overrides: dict[str, Handler]) -> str:
    reader.overrides, reader.in_front = overrides, True
    footnotes = list(reader.document.footnotes)
    try:
        return reader.render(tokens)
    except ExhaustedError:
        reader.document.cut = True
        return ""
    finally:
        reader.overrides, reader.in_front = {}, False
        reader.document.footnotes = footnotes


def _names(raw: str) -> Iterator[str]:
    """The names in an author field: in every block its first line, and lines that go on with names."""
    for block in raw.split(_PERSON):
        first = True
        for line in re.split(rf"{_LINE}|\n\n", block):
            marked = line.lstrip().startswith(_MARKED)
            pieces = [
                plain(piece.replace(_MARKED, " ")).strip(" .:*~^†‡§¶-") for piece in _SEPARATOR.split(line)
            ]
            pieces = [piece for piece in pieces if piece]
            if not pieces:
                continue
            names = [piece for piece in pieces if _is_name(piece)]
            if first or (
                len(names) == len(pieces)
                and not marked
                and (len(names) > 1 or _MARKED in line)
                and not _AFFILIATION.search(line)
            ):
                yield from names
            elif not first:
                break
            first = first and not names


def _is_name(text: str) -> bool:
    """Whether the words could be somebody's name: a few, capital, not an institution's."""
    words = text.split()
    if not 2 <= len(words) <= 7 or len(text) > 80 or _AFFILIATION.search(text) or any(map(str.isdigit, text)):
        return False
    capital = [word for word in words if word.lower() not in _PARTICLES]
    return len(capital) > 1 and all(_WORD.match(word) and not word[0].islower() for word in capital)


def _drop_argument(reader: Reader, _name: str) -> None:
    reader.stream.optional()
    reader.stream.argument()


def _space(reader: Reader, _name: str) -> None:
    if reader.stream.peek() == "[":
        reader.stream.optional()
    reader.out.append(" ")


def _line(reader: Reader, _name: str) -> None:
    reader.stream.star()
    if reader.stream.peek() == "[":
        reader.stream.optional()
    reader.out.append(_LINE)


def _formula(reader: Reader, name: str) -> None:
    """Formulas stay in titles; superscripts that are marks go."""
    reader.handlers[name](reader, name)
    if reader.out and reader.out[-1].startswith("$^"):
        reader.out.pop()


def _mark_of_author(reader: Reader, name: str) -> None:
    """In an author field a formula is a mark."""
    before = len(reader.out)
    reader.handlers[name](reader, name)
    del reader.out[before:]
    reader.out.append(_MARKED)


def _superscript(reader: Reader, _name: str) -> None:
    reader.stream.optional()
    reader.stream.argument()
    reader.out.append(_MARKED)


def _gap(reader: Reader, _name: str) -> None:
    reader.stream.star()
    reader.stream.argument()
    reader.out.append(_GAP)


def _put(sign: str) -> Handler:
    def put(reader: Reader, _name: str) -> None:
        reader.out.append(sign)

    return put


_AUTHOR_MODE: dict[str, Handler] = {
    "\\": _line,
    "newline": _line,
    "tabularnewline": _line,
    **dict.fromkeys(("and", "And", "AND", "AuthorSep", "sep", "alignauthor"), _put(_PERSON)),
    **dict.fromkeys(("newauthor", "quad", "qquad", "hfill", "enspace", "enskip", "space"), _put(_GAP)),
    " ": _put(" "),
    ",": _put(""),
    ";": _put(_GAP),
    "hspace": _gap,
    **dict.fromkeys((MATH_SHIFT, "("), _mark_of_author),
    **dict.fromkeys(
        ("textsuperscript", "inst", "thanksref", "orcidlink", "orcidID", "orcid"),
        _superscript,
    ),
    **dict.fromkeys(
        words(
            "thanks footnote footnotetext IEEEauthorblockA affil affiliation address email Email "
            "emails institute "
            "corref fnref icmlaffiliation altaffiliation url href texttt vspace"
        ),
        _drop_argument,
    ),
    **dict.fromkeys(("addr", "affaddr"), _put(f"{_LINE}@")),
    "tt": _put(f"{_LINE}@"),
    "ttfamily": _put(f"{_LINE}@"),
}

HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("title", "icmltitle", "Title", "mlsystitle"), title),
    "maketitle": make_title,
    **dict.fromkeys(("author", "icmlauthor", "mlsysauthor", "name", "Author"), author),
    "abstract": abstract,
    "keywords": keywords,
    "icmlkeywords": keywords,
    "kwd": keywords,
    "sep": lambda reader, _name: reader.out.append(";"),
    "thanks": _drop_argument,
}
