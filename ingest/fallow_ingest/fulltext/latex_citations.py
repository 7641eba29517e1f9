r"""\cite and its kin: kept as marks while reading, printed once the bibliography is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from fallow_ingest.fulltext.latex_reader import CiteMark, Handler, Reader, RefMark
from fallow_ingest.fulltext.latex_tables import REF_NAMES
from fallow_ingest.fulltext.latex_tokens import Tokens, written
from fallow_ingest.fulltext.running import Printed
from fallow_ingest.text.normalise import plain

MOST_KEYS = 500
"""Keys that one command may cite."""

_LONGEST_KEY = 200
_LONGEST_NOTE = 200
_RESERVED = re.compile("\ue000\\d*\ue001|[\ue000-\ue00f]")
_AUTHOR_YEAR = re.compile(r"(?P<authors>[^()]*?)\s*\((?P<year>[^()]{0,40})\)")
_NAME_THEN_YEAR = re.compile(r"(?P<authors>\D{3,}?)[,\s]*(?P<year>(?:1[89]|20)\d\d[a-z]?)")

STYLES = {
    "paren": "cite citep Citep parencite Parencite autocite Autocite footcite footcitetext "
    "smartcite supercite shortcite "
    "citealias citepalias autocites parencites footcites cites shortciteA upcite ncite citee "
    "icite mycite citeR citetalias",
    "text": "citet Citet textcite Textcite newcite citeA citeN citeasnoun textcites citeposs possessivecite "
    "citeauthorandyear inlinecite longcite",
    "bare": "citealp Citealp citealt Citealt onlinecite citenum citen citeNP shortciteNP fullcite "
    "footfullcite rcite",
    "author": "citeauthor Citeauthor citefullauthor citeauthorNP shortciteauthor",
    "year": "citeyear citeyearNP citedate",
    "yearpar": "citeyearpar Citeyearpar",
    "none": "nocite",
}
_STYLE_OF = {name: style for style, names in STYLES.items() for name in names.split()}


class Label(NamedTuple):
    """How an entry is cited: by authors and year, or by what its list calls it."""

    authors: str
    year: str
    number: str


def cite(reader: Reader, name: str) -> None:
    """Note a citation where it stands."""
    style = _STYLE_OF[name]
    many = name.endswith("cites")
    reader.stream.star()
    keys: list[str] = []
    before = after = ""
    for _ in range(MOST_KEYS if many else 1):
        first = reader.stream.optional()
        second = reader.stream.optional() if first is not None else None
        if many and first is None and reader.stream.peek() != "{":
            break
        given = written(reader.stream.argument())
        keys += [plain(_RESERVED.sub("", key))[:_LONGEST_KEY] for key in given.split(",")[:MOST_KEYS]]
        if not keys[1:] or not many:
            before = _note(reader, first if second is not None else None)
            after = _note(reader, second if second is not None else first)
    wanted = tuple(dict.fromkeys(key for key in keys if key and "#" not in key))[:MOST_KEYS]
    if style == "none":
        reader.document.cited.update(dict.fromkeys(wanted))
    elif wanted:
        if style in ("paren", "text") and name in ("footcite", "supercite", "upcite"):
            reader.out.append(" ")
        reader.add_mark(CiteMark(wanted, style, before, after))


def _note(reader: Reader, tokens: Tokens | None) -> str:
    """The text of an optional argument ("see", "Section 3"), without marks."""
    return plain(_RESERVED.sub("", reader.render(tokens)))[:_LONGEST_NOTE] if tokens else ""


def cite_text(reader: Reader, _name: str) -> None:
    r"""\citetext{...}: free words in a citation's brackets."""
    reader.stream.push(["(", *reader.stream.argument(), ")"])


def citeauthoryear(reader: Reader, _name: str) -> None:
    r"""\citeauthoryear{Full}{Short}{2009} in the label of an entry, with two to four arguments."""
    given: list[str] = []
    while len(given) < 4 and reader.stream.peek(spaces=False) == "{":
        given.append(reader.render(reader.stream.argument()).strip())
    years = [
        index
        for index, text in enumerate(given)
        if index and re.search(r"\d{4}|\bn\.?\s?d\b|in press|forthcoming", text)
    ]
    if years:
        reader.out.append(f"{given[years[0] - 1]} ({given[years[0]]})")
    else:
        reader.out.append(" ".join(given[:1]))


def label_of(printed: str, number: int) -> Label:
    """What the label of an entry tells ("Ammar et al.(2018)Ammar, ..." of natbib, "ABC18", nothing).

    >>> label_of("Ammar et al.(2018)Ammar, Groene", 3)
    Label(authors='Ammar et al.', year='2018', number='3')
    >>> label_of("ABC18", 3).number, label_of("", 3).number
    ('ABC18', '3')
    """
    text = plain(_RESERVED.sub("", printed)).replace('"', "").replace("“", "").replace("”", "")
    found = _AUTHOR_YEAR.match(text) or _NAME_THEN_YEAR.fullmatch(text)
    if found and any(map(str.isalpha, found["authors"])):
        return Label(found["authors"].strip(" ,"), found["year"].strip(), str(number))
    return Label("", "", text if 0 < len(text) <= 20 else str(number))


def print_mark(
    made: CiteMark | RefMark, labels: Mapping[str, Label], places: Mapping[str, tuple[str, str]]
) -> Printed:
    """What a mark prints. labels: of bibliography entries; places: label -> (kind, number)."""
    if isinstance(made, RefMark):
        return Printed(_print_reference(made, places))
    return Printed(_print_citation(made, labels), made.keys)


def _print_citation(made: CiteMark, labels: Mapping[str, Label]) -> str:
    before = f"{made.before} " if made.before else ""
    after = f", {made.after}" if made.after else ""
    known = [labels[key] for key in made.keys if key in labels]
    by_name = bool(known) and all(label.authors for label in known)
    if not by_name:
        numbers = ", ".join(labels[key].number if key in labels else key for key in made.keys)
        return f"[{before}{numbers}{after}]"
    shown = [labels.get(key, Label(key, "", "")) for key in made.keys]
    if made.style == "author":
        return ", ".join(label.authors for label in shown)
    if made.style in ("year", "yearpar"):
        years = ", ".join(label.year or label.authors for label in shown)
        return f"({before}{years}{after})" if made.style == "yearpar" else years
    if made.style == "text":
        texts = [f"{label.authors} ({label.year}{after})" if label.year else label.authors for label in shown]
        return before + (", ".join(texts[:-1]) + " and " + texts[-1] if len(texts) > 1 else texts[0])
    items = "; ".join(f"{label.authors}, {label.year}" if label.year else label.authors for label in shown)
    return f"{before}{items}{after}" if made.style == "bare" else f"({before}{items}{after})"


def _print_reference(made: RefMark, places: Mapping[str, tuple[str, str]]) -> str:
    found = [places[key] for key in made.labels if places.get(key, ("", ""))[1]]
    if not found:
        return ""
    numbers = [number for _, number in found]
    listed = ", ".join(numbers[:-1]) + f" and {numbers[-1]}" if len(numbers) > 1 else numbers[0]
    if made.style == "bracketed":
        return f"({listed})"
    kind = REF_NAMES.get(found[0][0], found[0][0])
    if made.style == "number" or not kind:
        return listed
    return f"{kind}{'s' if len(numbers) > 1 else ''} {listed}"


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_STYLE_OF, cite),
    "citetext": cite_text,
    **dict.fromkeys(("citeauthoryear", "astroncite"), citeauthoryear),
}
