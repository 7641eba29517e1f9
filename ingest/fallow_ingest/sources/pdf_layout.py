"""From printed lines to running text: reading order over columns, furniture dropped, hyphens mended."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from fallow_ingest.sources.pdf_reader import Printed, PrintedLine

_MARGIN = 0.09  # of the page's height, where headers and footers stand
_WIDE_MARGIN = 0.17
_NEAR = 4  # lines set before and behind one, among which those that touch it are looked for
_PAGE_NUMBER = re.compile(
    r"\W*(?:page\s*)?(?:\d{1,5}|[ivxlc]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?\W*", re.IGNORECASE
)
_FURNITURE = re.compile(
    r"^(?:proceedings of|appearing in|published (?:as|in)|copyright|©|preprint\b|under review|to appear in"
    r"|accepted (?:at|to)|workshop on|jmlr\b|pages \d|c\s*⃝|\(?c\)? ?20\d\d|.{0,120}\bpages? \d+[–-]\d+"
    r"|licensed under|this work is licensed|permission to make|editors?:|.{0,60}association for comput)",
    re.IGNORECASE,
)
# TeX fonts print an accent as a letter of its own, before the letter it belongs to.
_ACCENTS = {
    "´": "\u0301", "`": "\u0300", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "¸": "\u0327", "ˇ": "\u030c",
    "˘": "\u0306", "˚": "\u030a", "¯": "\u0304",
}  # fmt: skip
_ACCENT = re.compile(r"([´`¨ˆ˜¸ˇ˘˚¯])\s?([A-Za-zı])")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LONGEST_WORD = 60
_HYPHENS = "-\u00ad‐"
_BROKEN = re.compile(r"([^\W\d_]+)[-\u00ad‐]$")


def in_reading_order(printed: Printed) -> tuple[list[PrintedLine], list[PrintedLine]]:
    """(the text's lines in the order they are read, the furniture): pages, then columns, then down.

    Furniture is what stands around the text: headers, footers, page numbers, rotated stamps.
    """
    pages: dict[int, list[PrintedLine]] = {}
    for line in printed.lines:
        pages.setdefault(line.page, []).append(line)
    repeated = _repeated(pages, printed)
    kept: list[PrintedLine] = []
    furniture: list[PrintedLine] = []
    for page, lines in sorted(pages.items()):
        width, height = printed.sizes[page]
        text: list[PrintedLine] = []
        for index, line in enumerate(lines):
            near = lines[max(0, index - _NEAR) : index + _NEAR + 1]
            stray = _is_furniture(line, height, repeated) and not _goes_on(line, near, repeated)
            (furniture if stray else text).append(line)
        kept += _ordered(_whole_lines(text), width)
    return kept, furniture


def _repeated(pages: dict[int, list[PrintedLine]], printed: Printed) -> set[str]:
    """Texts, digits aside, that stand in the margin of several pages.

    Some books set their heads lower: there a text counts that stands at one height on three pages.
    """
    seen: Counter[str] = Counter()
    lower: Counter[tuple[str, int]] = Counter()
    for page, lines in pages.items():
        height = printed.sizes[page][1]
        seen.update({_digitless(line.text) for line in lines if _in_margin(line, height)})
        lower.update({_at_height(line) for line in lines if _in_margin(line, height, _WIDE_MARGIN)})
    heads = {text for (text, _), times in lower.items() if times >= 3 and len(text) > 4}
    return heads | {text for text, times in seen.items() if times >= 2 and len(text) > 2}


def _at_height(line: PrintedLine) -> tuple[str, int]:
    return _digitless(line.text), round(line.y0 / 3)


def _digitless(text: str) -> str:
    return re.sub(r"[\d\s]+", "", text).lower()


def _in_margin(line: PrintedLine, height: float, margin: float = _MARGIN) -> bool:
    return line.y1 < margin * height or line.y0 > (1 - margin) * height


def _is_furniture(line: PrintedLine, height: float, repeated: set[str]) -> bool:
    if not line.upright:
        return True
    text = line.text.strip()
    if line.page == 0 and _FURNITURE.match(text) and (_in_margin(line, height) or line.y0 > 0.7 * height):
        return True
    if _digitless(text) in repeated and _in_margin(line, height, _WIDE_MARGIN if line.page else _MARGIN):
        return True
    return _in_margin(line, height) and (
        _PAGE_NUMBER.fullmatch(text) is not None or _FURNITURE.match(text) is not None
    )


def _goes_on(line: PrintedLine, near: Sequence[PrintedLine], repeated: set[str]) -> bool:
    """Whether running text touches a line that reads like a header ("Proceedings of", in references)."""
    text = line.text.strip()
    if line.page == 0 or not line.upright or _digitless(text) in repeated or _PAGE_NUMBER.fullmatch(text):
        return False
    return any(
        other is not line
        and abs(other.size - line.size) < 0.4
        and other.bold == line.bold
        and min(other.x1, line.x1) - max(other.x0, line.x0) > 0
        and 0.6 * line.size < abs(other.y0 - line.y0) < 1.5 * line.size
        for other in near
    )


def _whole_lines(lines: Sequence[PrintedLine]) -> list[PrintedLine]:
    """The lines with those joined that MuPDF cut at wide spaces: same block, same height on the page."""
    whole: list[PrintedLine] = []
    for line in lines:
        last = whole[-1] if whole else None
        if last is not None and last.block == line.block and _beside(last, line):
            wide = line.x0 - last.x1 > 1.2 * line.size  # kept visible: authors side by side
            longer = last if len(last.text) >= len(line.text) else line
            lead = last.lead or (len(last.text.rstrip()) if last.bold and not line.bold else 0)
            whole[-1] = longer._replace(
                x0=last.x0, y0=min(last.y0, line.y0), x1=line.x1, y1=max(last.y1, line.y1),
                text=f"{last.text.rstrip()}{'    ' if wide else ' '}{line.text.lstrip()}", lead=lead,
            )  # fmt: skip
        else:
            whole.append(line)
    return whole


def _beside(left: PrintedLine, right: PrintedLine) -> bool:
    overlap = min(left.y1, right.y1) - max(left.y0, right.y0)
    return overlap > 0.5 * min(left.y1 - left.y0, right.y1 - right.y0) and -2 <= right.x0 - left.x1 < 45


def _ordered(lines: list[PrintedLine], width: float) -> list[PrintedLine]:
    """One page's lines, down each column between what spans both."""
    middle = width / 2
    sides = [_side(line, middle, width) for line in lines]
    left, right = (
        sum(len(x.text) for x, s in zip(lines, sides, strict=True) if s == side) for side in (-1, 1)
    )
    total = sum(len(line.text) for line in lines)
    if min(left, right) < 0.12 * total or left + right < 0.55 * total:
        return lines  # one column: the order in which it was set
    blocks: dict[int, list[int]] = {}
    for index, line in enumerate(lines):
        blocks.setdefault(line.block, []).append(index)
    spanning: list[tuple[float, list[PrintedLine]]] = []
    columns: dict[int, list[tuple[float, float, PrintedLine]]] = {-1: [], 1: []}
    for members in blocks.values():
        votes = Counter(sides[i] for i in members)
        side = votes.most_common(1)[0][0]
        if side == 0:
            spanning.append((lines[members[0]].y0, [lines[i] for i in members]))
        else:
            top = min(lines[i].y0 for i in members)
            columns[side] += [(top, order, lines[i]) for order, i in enumerate(members)]
    ordered: list[PrintedLine] = []
    spanning.sort(key=lambda block: block[0])
    bounds = [0.0, *(top for top, _ in spanning), float("inf")]
    for number, (above, below) in enumerate(pairwise(bounds)):
        if number:
            ordered += spanning[number - 1][1]
        for side in (-1, 1):
            ordered += [line for _, _, line in sorted(x for x in columns[side] if above <= x[0] < below)]
    return ordered


def _side(line: PrintedLine, middle: float, width: float) -> int:
    """-1 left of the page's middle, 1 right of it, 0 across it."""
    slack = 0.02 * width
    if line.x1 <= middle + slack:
        return -1
    return 1 if line.x0 >= middle - slack else 0


def body_size(lines: Iterable[PrintedLine]) -> float:
    """The size in which most letters are set, in points."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def mended(text: str) -> str:
    """The text with accents set before their letters put onto them.

    >>> mended("M¨uller and Poincar´e")
    'Müller and Poincaré'
    """
    if "Æ" in text:  # where fonts of old TeX keep the ligature ffi
        text = re.sub(r"(?<=[a-z])Æ(?=[a-z])", "ffi", text)
    if not any(accent in text for accent in _ACCENTS):
        return text
    return _ACCENT.sub(
        lambda found: unicodedata.normalize("NFC", found[2].replace("ı", "i") + _ACCENTS[found[1]]), text
    )


def vocabulary(lines: Iterable[PrintedLine]) -> Counter[str]:
    """How often each word stands inside a line, lower case: what tells a hyphen from a hyphenation."""
    words: Counter[str] = Counter()
    for line in lines:
        text = line.text.rstrip().lower()
        found = _WORD.findall(text)
        words.update(found[:-1] if text.endswith("-") else found)
        for word in found:
            if "-" in word:
                words.update(word.split("-"))
    return words


def joined(texts: Iterable[str], words: Counter[str]) -> str:
    """Lines as one line of text; a word broken at a line's end is put together again.

    The hyphen stays when the document writes the word with it elsewhere, or when both halves are words
    of the document and their union is none.

    >>> joined(["a self-", "attention lay-", "er"], Counter({"self-attention": 2}))
    'a self-attention layer'
    """
    whole = ""
    for text in texts:
        piece = " ".join(mended(text).split())
        if not whole:
            whole = piece
            continue
        broken = _BROKEN.search(whole, max(0, len(whole) - _LONGEST_WORD)) if whole[-1] in _HYPHENS else None
        following = re.match(r"[^\W\d_]+", piece)
        if broken is None or following is None:
            whole = f"{whole}{piece}" if whole.endswith(("-", "\u00ad")) and following else f"{whole} {piece}"
            continue
        first, second = broken[1].lower(), following[0].lower()
        if _keeps_hyphen(first, second, following[0], words):
            whole = f"{whole[:-1]}-{piece}"
        else:
            whole = f"{whole[:-1]}{piece}"
    return whole


def _keeps_hyphen(first: str, second: str, as_written: str, words: Counter[str]) -> bool:
    together, parted = words[first + second], words[f"{first}-{second}"]
    if together or parted:
        return parted > together
    if as_written[0].isupper():
        return True
    return words[first] > 0 and words[second] > 0 and len(first) > 2 and len(second) > 2
