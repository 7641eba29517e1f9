"""Text as publishers deposit it: HTML, MathML and JATS tags in it, and marks before titles."""

from __future__ import annotations

import html
import re

from fallow_ingest.records import Status

_INLINE = (
    "i|b|u|em|strong|sub|sup|sc|scp|tt|a|font|small|big|span|italic|bold|underline|monospace|roman|sans-serif"
    "|inline-formula|tex-math|alternatives|xref|ext-link|uri|inline-graphic|named-content|styled-content"
    "|overline|strike|smallcaps|ascii|inf|emph|nobr|formula|math"
)
_BLOCK = (
    "p|br|div|sec|title|label|list|list-item|li|ul|ol|h[1-6]|abstract|disp-formula|disp-quote|section|para"
)
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<space>jats:|mml:|m:|ns\d:)?(?P<name>{_INLINE}|{_BLOCK}|(?<=:)[a-z][\w-]{{0,30}})"
    r"(?:\s[^<>=]{0,100}=[^<>]{0,900})?\s{0,9}/?>",
    re.IGNORECASE,
)
_BLOCK_NAME = re.compile(_BLOCK, re.IGNORECASE)
_PREAMBLE = re.compile(r"\\documentclass.{0,800}?\\begin\{document\}|\\end\{document\}", re.DOTALL)
_HEADING = re.compile(r"^\s*(?:abstract|summary)\s*[.:—–-]?\s*\n", re.IGNORECASE)
_RUN_IN = re.compile(r"^(?:Abstract|ABSTRACT)\s*(?:[.:—–-]\s*|\s+)(?=[A-Z][a-z]|A\s|I\s)")
_MARK = re.compile(
    r"^\s*[\[(]?\s*(?P<what>RETRACTED|WITHDRAWN|REMOVED|Retracted|Withdrawn)"
    r"(?:\s+(?:ARTICLE|PAPER|CHAPTER|Article|Paper|Chapter))?\s*(?:[\])]\s*[:.]?|:)\s*(?=\S)"
)
_NOTICE = re.compile(
    r"^\s*(?:notice of )?"
    r"(?:retract(?:ion|ed)|withdrawal|correction|corrigendum|erratum|addendum|expression of concern)"
    r"(?: (?:note|notice|article|statement))?\s*(?:to\s?:?|(?:for|of)\s?:|:)\s",
    re.IGNORECASE,
)


def text_of_markup(text: str) -> str:
    """The words without their tags, blocks parted by line ends, entities as the characters they mean.

    Only tags that publishers use go: in "p < .05 and q > .1" nothing is one. Of a formula given both as TeX
    and as MathML the TeX stays. Nothing is expanded and every step is linear, so no document is a bomb.

    >>> text_of_markup("<jats:p>On H<jats:sub>2</jats:sub>O &amp; ice, p &lt; .05</jats:p>").strip()
    'On H2O & ice, p < .05'
    """
    for _ in range(3):  # entities that were escaped twice bring tags of their own
        if "<" in text:
            text = _without_tags(text)
        if "&" not in text:
            break
        text = html.unescape(text)
    return _PREAMBLE.sub("", text) if "\\documentclass" in text else text


def abstract_of_markup(text: str) -> str:
    """As `text_of_markup`, also without the word "Abstract" that stands before it as a heading."""
    text = text_of_markup(text)
    return _RUN_IN.sub("", _HEADING.sub("", text).lstrip(), count=1)


def unmarked_title(title: str) -> tuple[str, Status]:
    """The title without a mark like "RETRACTED:" before it, and the status that the mark tells.

    >>> unmarked_title("RETRACTED ARTICLE: On toys"), unmarked_title("Retracted papers and their fate")
    (('On toys', 'retracted'), ('Retracted papers and their fate', ''))
    """
    found = _MARK.match(title)
    if found is None:
        return title, ""
    status: Status = "retracted" if found["what"].upper() == "RETRACTED" else "withdrawn"
    return title[found.end() :], status


def is_notice(title: str) -> bool:
    """Whether the title is that of a notice about another paper.

    >>> is_notice("Retraction Note to: On toys"), is_notice("Correction of grammatical errors")
    (True, False)
    """
    return _NOTICE.match(title) is not None


def _without_tags(text: str) -> str:
    parts: list[str] = []
    position = 0
    math = 0  # elements of MathML that are open
    tex_before = False
    for tag in _TAG.finditer(text):
        if not (math and tex_before):
            parts.append(text[position : tag.start()])
        position = tag.end()
        name = tag["name"].lower()
        closed = tag[0].endswith("/>")
        if name == "tex-math":
            tex_before = True
        elif name == "math" and not closed:
            math = max(0, math - 1) if tag["end"] else math + 1
            if not math:
                tex_before = False
        elif name in ("alternatives", "inline-formula", "disp-formula"):
            tex_before = tex_before and not tag["end"]
        if _BLOCK_NAME.fullmatch(name):
            parts.append("\n" if name in ("br", "title", "label") else "\n\n")
    parts.append(text[position:])
    return "".join(parts)
