"""XML of papers, parsed within bounds, and walked as running text."""

from __future__ import annotations

import html.entities
import io
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from fallow_ingest.fulltext.running import FORMULA, MOST_MARKS, Printed, mark, unreserved
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.text.normalise import plain

LARGEST = 48 * 2**20
"""Bytes of the largest document that is read."""

DEEPEST = 100
MOST_ELEMENTS = 250_000

_PIECE = 65_536
_MATH = re.compile(r"\$\$?(.+?)\$?\$", re.DOTALL)


def parse(data: bytes) -> Element | Unreadable:
    """The document's root, tags without their namespaces.

    A DTD may be named, as PubMed Central does, but is never fetched; entities of its own, and references to
    other files, are refused. Never raises.
    """
    if len(data) > LARGEST:
        return Unreadable("file too large", f"{len(data):,} bytes, {LARGEST:,} at most")
    parser = DefusedXMLParser(forbid_dtd=False, forbid_entities=True, forbid_external=True, target=_Bounded())
    parser.entity.update({name: chr(code) for name, code in html.entities.name2codepoint.items()})
    stream = io.BytesIO(data)
    try:
        while piece := stream.read(_PIECE):
            parser.feed(piece)
        root = parser.close()
    except DefusedXmlException as error:
        return Unreadable("XML with entities", type(error).__name__)
    except ParseError as error:
        return Unreadable("broken XML", str(error)[:200])
    except (ValueError, LookupError) as error:  # encodings that do not exist, bounds
        return Unreadable("broken XML", str(error)[:200])
    return root if isinstance(root, Element) else Unreadable("broken XML", "it holds no element")


class _Bounded:
    """Builds the tree of a document; raises ValueError beyond the bounds."""

    def __init__(self) -> None:
        self._root: Element | None = None
        self._open: list[Element] = []
        self._last: Element | None = None
        self._text: list[str] = []
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        self._flush()
        self._count += 1
        if len(self._open) >= DEEPEST:
            raise ValueError("nested too deeply")
        if self._count > MOST_ELEMENTS:
            raise ValueError("too many elements")
        element = Element(_local(tag), {_local(name): value for name, value in attributes.items()})
        if self._open:
            self._open[-1].append(element)
        elif self._root is None:
            self._root = element
        self._open.append(element)
        self._last = None
        return element

    def end(self, tag: str) -> None:
        self._flush()
        self._last = self._open.pop()

    def data(self, text: str) -> None:
        self._text.append(text)

    def close(self) -> Element | None:
        return self._root

    def _flush(self) -> None:
        if not self._text:
            return
        text = unreserved("".join(self._text))
        self._text = []
        if self._last is not None:
            self._last.tail = (self._last.tail or "") + text
        elif self._open:
            self._open[-1].text = (self._open[-1].text or "") + text


@lru_cache(maxsize=5_000)
def _local(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2]


def text_of(element: Element | None) -> str:
    """All text of an element on one line; "" for none."""
    return plain("".join(element.itertext())) if element is not None else ""


def first(element: Element | None, *paths: str) -> Element | None:
    """What the first of the paths finds."""
    for path in paths:
        found = element.find(path) if element is not None else None
        if found is not None:
            return found
    return None


class Flow:
    """Running text out of elements, with a mark for every citation.

    cites: element -> (what is printed, keys) for those that cite; dropped: tags that are no text; breaks:
    tags that are paragraphs; formulas: tags that are displayed formulas. apart: texts of captions and
    notes, which are set elsewhere on the page. by_number: label of an entry -> its key, for ranges ("1–4").
    """

    def __init__(
        self,
        cites: Callable[[Element], Printed | None],
        *,
        dropped: frozenset[str],
        breaks: frozenset[str],
        formulas: frozenset[str],
        apart: frozenset[str],
        inline: frozenset[str] = frozenset(),
    ) -> None:
        self._cites = cites
        self._tags = (dropped, breaks, formulas, apart, inline)
        self.by_number: Mapping[str, str] = {}
        self.marks: list[Printed] = []
        self.apart: list[str] = []

    def raw(self, element: Element, *, without: frozenset[str] = frozenset()) -> str:
        """The raw text of an element, children with a tag in `without` left out."""
        out: list[str] = []
        self._walk(element, out, without)
        return "".join(out)

    def fill(self, number: int) -> Printed:
        """What a mark prints."""
        return self.marks[number] if number < len(self.marks) else Printed("")

    def _walk(self, element: Element, out: list[str], without: frozenset[str]) -> None:
        out.append(element.text or "")
        for child in element:
            if isinstance(child.tag, str) and child.tag not in without:
                self._child(child, out)
            out.append(child.tail or "")

    def _child(self, child: Element, out: list[str]) -> None:
        dropped, breaks, formulas, apart, inline = self._tags
        printed = self._cites(child)
        if printed is not None and len(self.marks) >= MOST_MARKS:
            out.append(printed.text)
        elif printed is not None:
            if len(out) > 1 and self.marks and out[-2] == mark(len(self.marks) - 1):
                printed = _expanded(printed, self.marks[-1], out[-1], self.by_number)
            self.marks.append(printed)
            out.append(mark(len(self.marks) - 1))
        elif child.tag in apart:
            self.apart.append(self.raw(child))
        elif child.tag in dropped:
            for inner in child.iter():
                if inner is not child and inner.tag in apart:
                    self.apart.append(self.raw(inner))
        elif child.tag in formulas:
            out.append(f" {FORMULA} ")
        elif child.tag in inline:
            out.append(_inline_formula(child))
        elif child.tag == "sup":
            self._superscript(child, out)
        elif child.tag in breaks:
            out.append("\n\n")
            self._walk(child, out, frozenset())
            out.append("\n\n")
        else:
            self._walk(child, out, frozenset())

    def _superscript(self, element: Element, out: list[str]) -> None:
        """Raised numbers are powers after a digit; raised citations get brackets."""
        inner = self.raw(element)
        if any(self._cites(child) is not None for child in element):
            out.append(inner if inner.strip().startswith(("[", "(")) else f" [{inner.strip()}]")
        elif out and out[-1][-1:].isdigit() and inner.strip().lstrip("+-−").isdigit():
            out.append(f"^{inner.strip()}")
        else:
            out.append(inner)


def _inline_formula(element: Element) -> str:
    """A formula in a line: its TeX between dollars if it has one, else its letters."""
    tex = next((inner for inner in element.iter() if inner.tag == "tex-math"), None)
    if tex is not None and (found := _MATH.search(tex.text or "")):
        return f"${plain(found[1])}$"
    return plain(
        "".join(piece for inner in element.iter() if inner.tag != "tex-math" for piece in [inner.text or ""])
    )


def _expanded(printed: Printed, before: Printed, between: str, by_number: Mapping[str, str]) -> Printed:
    """The citation "4" of a range "1–4", with the keys of what lies between."""
    if between.strip() not in ("-", "–", "—", "‐", "−"):
        return printed
    low, high = (text.strip(" [](),.") for text in (before.text, printed.text))
    if not (low.isdigit() and high.isdigit() and 1 < int(high[:6]) - int(low[:6]) < 60):
        return printed
    inner = (by_number.get(str(number), "") for number in range(int(low) + 1, int(high)))
    return Printed(printed.text, (*(key for key in inner if key), *printed.keys))


def children(element: Element | None, *tags: str) -> Iterator[Element]:
    """Direct children with one of these tags."""
    for child in element if element is not None else ():
        if child.tag in tags:
            yield child
