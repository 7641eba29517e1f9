"""The process that opens PDFs: MuPDF is C code reading hostile files, so it runs apart and may die alone.

Started as `python -m fallow_ingest.sources.pdf_worker`. Each line on its standard input is the path of a
PDF as JSON; the answer is one line of JSON: {"lines": [...], ...} or {"reason": ..., "detail": ...}.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
import pymupdf as _untyped

pymupdf: Any = _untyped

MOST_PAGES = 600
"""A longer document is no paper."""

READ_PAGES = 80
"""Pages that are read; a paper's references end before that, its appendices need not be read."""

LARGEST_FILE = 200 * 2**20
LARGEST_PAGE = 16 * 2**20
"""Bytes of a page's content once unpacked: text and drawings of a paper's page are some hundred thousand."""

MOST_LINES_A_PAGE = 5_000
LONGEST_LINE = 2_000
MOST_MEMORY = 2 * 2**30
SECONDS_TO_READ = 45.0
SECONDS_TO_LIVE = 75.0
"""For one file; the parent stops waiting before, so only a process whose parent is gone gets there."""

# Ligatures apart, no images, text outside the page left out.
_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP
_SMALLEST = 3.0  # points; what is set smaller is a font that does not tell its size
_SUPERSCRIPT, _ITALIC, _BOLD = 1, 2, 16


def read_pdf(path: str) -> dict[str, object]:
    """What is printed on the document's pages, line by line, or the reason why nothing can be read.

    A line is [page, block, x0, y0, x1, y1, size, bold, italic, upright, text, lead]; places are in points
    from the page's upper left corner, size is that of most of its letters, lead the number of characters at
    its beginning that are set bold or italic when the rest is not. Never raises for a bad file.
    """
    try:
        document = pymupdf.open(path, filetype="pdf")
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError, ValueError) as error:
        return {"reason": "not a PDF", "detail": str(error)[:200]}
    with document:
        if not document.is_pdf:
            return {"reason": "not a PDF", "detail": ""}
        if document.needs_pass:
            return {"reason": "encrypted PDF", "detail": "it asks for a password"}
        if document.page_count == 0:
            return {"reason": "PDF without pages", "detail": ""}
        if document.page_count > MOST_PAGES:
            return {
                "reason": "too many pages",
                "detail": f"{document.page_count} pages, {MOST_PAGES} at most",
            }
        return _contents(document)


def _contents(document: Any) -> dict[str, object]:
    lines: list[list[object]] = []
    sizes: list[tuple[float, float]] = []
    bad_pages = pictures = 0
    deadline = time.monotonic() + SECONDS_TO_READ
    for number in range(min(document.page_count, READ_PAGES)):
        if time.monotonic() > deadline:
            bad_pages += 1
            break
        try:
            page = document[number]
            if len(page.read_contents()) > LARGEST_PAGE:
                raise ValueError("a page's content is too large")
            found = page.get_text("dict", flags=_FLAGS)
            if _has_bitmap_fonts(found):
                found = page.get_text("rawdict", flags=_FLAGS)
            pictures += bool(page.get_images())
        except (RuntimeError, ValueError):
            bad_pages += 1
            sizes.append((0.0, 0.0))
            continue
        sizes.append((found["width"], found["height"]))
        lines += _lines(number, found)
    if sum(len(str(line[10])) for line in lines) < 200:
        kind = "scanned PDF, no text in it" if pictures else "PDF without text"
        return {"reason": kind, "detail": f"{document.page_count} pages"}
    metadata = {k: str(v)[:1_000] for k, v in (document.metadata or {}).items() if v}
    return {
        "lines": lines,
        "sizes": sizes,
        "metadata": metadata,
        "pages": document.page_count,
        "bad_pages": bad_pages,
    }


def _has_bitmap_fonts(found: dict[str, Any]) -> bool:
    """Whether letters are pictures (Type 3), as old TeX set them: MuPDF knows neither size nor spaces."""
    return any(
        span["size"] < _SMALLEST
        for block in found["blocks"]
        for line in block.get("lines", [])
        for span in line["spans"]
    )


def _lines(page: int, found: dict[str, list[dict[str, object]]]) -> Iterator[list[object]]:
    count = 0
    for block in found["blocks"]:
        for line in _rows(block.get("lines", [])):
            count += 1
            if count > MOST_LINES_A_PAGE:
                return
            if (record := _line(page, block["number"], line)) is not None:
                yield record


def _line(page: int, block: object, line: dict[str, list[dict[str, object]]]) -> list[object] | None:
    pieces: list[str] = []
    letters: dict[tuple[float, bool, bool], int] = {}
    last: Any = None
    lead = 0
    for span in line["spans"]:
        flags = int(str(span["flags"]))
        bitmap = float(str(span["size"])) < _SMALLEST
        if "chars" in span:
            chars: Any = span["chars"]
            text, last = _spelt(chars, last) if bitmap else _plainly(chars)
        else:
            text = str(span["text"])
        bold = bool(flags & _BOLD) or any(
            word in str(span["font"]) for word in ("Bold", "-Medi", "CMBX", "SFBX")
        )
        if flags & _SUPERSCRIPT and len(text.strip()) <= 3 and not bitmap:
            continue  # note marks, and exponents, which plain text cannot show
        slanted = bold or bool(flags & _ITALIC)
        if slanted and lead == sum(map(len, pieces)):
            lead += len(text)
        pieces.append(text)
        style = (round(float(str(span["size"])), 1), bold, bool(flags & _ITALIC))
        letters[style] = letters.get(style, 0) + sum(map(str.isalnum, text))
    text = "".join(pieces)[:LONGEST_LINE]
    if not text.strip() or not letters:
        return None
    (size, bold, italic), _ = max(letters.items(), key=lambda item: item[1])
    if text.isupper():  # small capitals are set as small letters behind a large one
        size = max(style[0] for style in letters)
    x0, y0, x1, y1 = (round(float(str(v)), 1) for v in line["bbox"])
    if size < _SMALLEST:  # of a bitmap font: take most of the line's height for it
        size = round(0.85 * (y1 - y0), 1)
    upright = abs(float(str(line["dir"][1]))) < 0.1 and float(str(line["dir"][0])) > 0
    lead = lead if lead < len(text.rstrip()) else 0
    return [page, block, x0, y0, x1, y1, size, bold, italic, upright, text, lead]


def _rows(lines: Any) -> Any:
    """The block's lines; of bitmap fonts those put together that stand a word's space apart.

    MuPDF begins a line at every wider gap, and measures gaps by the size that such fonts do not tell.
    """
    if not any("chars" in span and span["size"] < _SMALLEST for line in lines for span in line["spans"]):
        return lines
    rows: list[dict[str, Any]] = []
    for line in lines:
        x0, y0, x1, y1 = line["bbox"]
        last = rows[-1] if rows else None
        if (
            last is not None
            and abs(last["bbox"][1] - y0) < 0.3 * (y1 - y0)
            and abs(last["bbox"][3] - y1) < 0.3 * (y1 - y0)
            and -0.3 * (y1 - y0) < x0 - last["bbox"][2] < 1.2 * (y1 - y0)
        ):
            last["spans"] += line["spans"]
            last["bbox"] = (last["bbox"][0], min(last["bbox"][1], y0), x1, max(last["bbox"][3], y1))
        else:
            rows.append({**line, "spans": list(line["spans"])})
    return rows


def _spelt(chars: list[dict[str, Any]], last: Any) -> tuple[str, Any]:
    """(text, last letter) of a bitmap font's letters, with spaces where a ninth of their height parts them.

    MuPDF measures gaps by the font's size, which such fonts put at a hundredth of what is printed: it sees a
    space at every kern. A space between words is a fourth to a half of the letters' height.
    """
    pieces: list[str] = []
    for char in chars:
        if char["c"].isspace():
            continue
        if last is not None:
            height = max(char["bbox"][3] - char["bbox"][1], last["bbox"][3] - last["bbox"][1], 4.0)
            if char["bbox"][0] - last["bbox"][2] > height / 9:
                pieces.append(" ")
        pieces.append(char["c"])
        last = char
    return "".join(pieces), last


def _plainly(chars: list[dict[str, Any]]) -> tuple[str, Any]:
    return "".join(char["c"] for char in chars), chars[-1] if chars else None


def _end_with(parent: int) -> None:
    """End when the parent has: its end closes the input, but a file may be open that takes long."""
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)


_SECONDS_BETWEEN_LOOKS = 1.0


def main() -> None:
    """Answer one path a line until the input ends."""
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing but answers may reach the parent
    # Python's threads stand still while MuPDF works; this watchdog does not, and tells nobody where.
    silence = os.open(os.devnull, os.O_WRONLY)
    for request in sys.stdin:
        faulthandler.dump_traceback_later(SECONDS_TO_LIVE, exit=True, file=silence)
        try:
            answer = read_pdf(json.loads(request))
            line = orjson.dumps(answer)
        except MemoryError:
            line = orjson.dumps({"reason": "PDF too large to read", "detail": "out of memory"})
        except Exception as error:
            # Whatever MuPDF's binding raises for a broken file, it is the file's fault, told as such.
            line = orjson.dumps({"reason": "broken PDF", "detail": f"{type(error).__name__}: {error}"[:200]})
        faulthandler.cancel_dump_traceback_later()
        pymupdf.TOOLS.store_shrink(100)  # fonts and pictures kept from this file
        answers.write(line + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
