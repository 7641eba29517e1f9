r"""Formulas: inline ones stay as they stand between dollars, displayed ones become a placeholder."""

from __future__ import annotations

import re

from fallow_ingest.fulltext import words
from fallow_ingest.fulltext.latex_reader import LONGEST_FORMULA, MATH_SHIFT, Handler, Reader
from fallow_ingest.fulltext.latex_tokens import PARAGRAPH, Tokens, written
from fallow_ingest.fulltext.running import FORMULA

_MOST_INLINE_TOKENS = 4_000
_MOST_DISPLAY_TOKENS = 200_000
_NUMBERED = words("equation align gather multline eqnarray alignat flalign dmath IEEEeqnarray xalignat")
_DROPPED = words(
    "xspace displaystyle textstyle scriptstyle scriptscriptstyle nonumber notag allowbreak nobreak noindent "
    "relax protect centering small footnotesize scriptsize normalsize boldmath unboldmath"
)
_DROPPED_WITH_ARGUMENT = words(
    "vspace hspace phantom hphantom vphantom footnote footnotemark thanks ref eqref cref Cref "
    "autoref tag color"
)
_NEVER_IN_MATH = words("chapter section subsection subsubsection paragraph maketitle bibliography")
_ORDINAL = re.compile(
    r"\^\s*\{?\s*(?:\\(?:text|textrm|mathrm|rm|textit|mathit|it|textsuperscript)\s*\{?\s*)?(st|nd|rd|th)\s*\}*"
)
_MARKS_ONLY = re.compile(
    r"\^?\s*\{?(?:\s|,|\*|\{\}|\\(?:dagger|ddagger|dag|ddag|star|ast|S|P|natural|diamond|diamondsuit|heartsuit|clubsuit|"
    r"spadesuit|sharp|flat|bigstar|circledast|mathparagraph|mathsection|blacksquare|textdagger|mathbf|bf)(?![A-Za-z])|[{}])*\}?"
)
_SPACES = re.compile(r"\s+")
_PUNCTUATION = re.compile(r"[.,;:]$")


class _Taken:
    """A formula's tokens; cites: marks of citations that stood in it."""

    __slots__ = ("cites", "rows", "tokens", "unnumbered")

    def __init__(self) -> None:
        self.tokens: Tokens = []
        self.cites: list[str] = []
        self.rows = 1
        self.unnumbered = 0


def inline(reader: Reader, name: str) -> None:
    r"""$...$, \(...\), $$...$$, \[...\]."""
    if name == "[":
        _display(reader, "\\]")
    elif name == "(":
        _inline(reader, "\\)")
    elif reader.stream.peek() == "$":
        reader.stream.next()
        _display(reader, "$$")
    else:
        _inline(reader, "$")


def _inline(reader: Reader, ending: str) -> None:
    taken = _Taken()
    if not _take(reader, ending, taken, _MOST_INLINE_TOKENS):
        # A dollar without its partner: what was taken is text after all.
        reader.stream.push(taken.tokens)
        return
    formula = _SPACES.sub(" ", written(taken.tokens)).strip()
    ordinal = _ORDINAL.fullmatch(formula)
    if ordinal:
        reader.out.append(ordinal[1])
    elif len(formula) > LONGEST_FORMULA:
        reader.out.append(FORMULA)
    elif formula and not _MARKS_ONLY.fullmatch(formula):
        reader.out.append(f"${formula}$")
    reader.out += taken.cites


def _display(reader: Reader, ending: str) -> None:
    taken = _Taken()
    if _take(reader, ending, taken, _MOST_DISPLAY_TOKENS):
        _placeholder(reader, taken)
    else:
        reader.stream.push(taken.tokens)


def environment(reader: Reader, name: str) -> None:
    r"""\begin{equation} and its kin; "math" is inline."""
    if name == "math":
        _inline(reader, "\\end{math}")
        return
    taken = _Taken()
    bare = name.rstrip("*")
    numbered = bare in _NUMBERED and not name.endswith("*")
    if not _take(reader, f"\\end{{{name}}}", taken, _MOST_DISPLAY_TOKENS, labels=True):
        reader.stream.push(taken.tokens)
        return
    if numbered:
        rows = 1 if bare in ("equation", "multline", "dmath") else taken.rows
        reader.counters["equation"] = reader.counters.get("equation", 0) + max(0, rows - taken.unnumbered)
    _placeholder(reader, taken)


def _placeholder(reader: Reader, taken: _Taken) -> None:
    body = [
        token
        for token in taken.tokens
        if token not in (" ", PARAGRAPH, "\\\\", "}", "\\,", "\\ ", "\\;", "\\quad")
    ]
    last = _PUNCTUATION.search(body[-1]) if body and body[-1][0] != "\\" else None
    reader.out += [" ", FORMULA, last[0] if last else "", *taken.cites, " "]


def _take(reader: Reader, ending: str, taken: _Taken, most: int, *, labels: bool = False) -> bool:
    """Take tokens up to the ending, the author's own macros expanded; False when it does not come."""
    stream, macros = reader.stream, reader.macros
    depth = nested = 0
    environment = ending[5:-1] if ending.startswith("\\end{") else ""
    was_math, macros.in_math = macros.in_math, True
    try:
        while (token := stream.next()) is not None and len(taken.tokens) < most:
            if token == "{":
                depth += 1
            elif token == "}":
                depth -= 1
                if depth < 0 and not environment:
                    stream.push([token])
                    return False
            elif token == "$" and (ending == "$" and depth <= 0):
                return True
            elif token == "$" and ending == "$$" and depth <= 0 and stream.peek() == "$":
                stream.next()
                return True
            elif token == ending:
                return True
            elif token == PARAGRAPH:
                if not environment and ending != "$$" and ending != "\\]":
                    stream.push([token])
                    return False
                continue
            elif token[0] == "\\" and len(token) > 1:
                name = token[1:]
                if name in _NEVER_IN_MATH:
                    stream.push([token])
                    return False
                if name == "begin":
                    nested += 1
                elif name == "end" and environment:
                    closed = written(stream.argument()).strip()
                    if closed == environment:
                        return True
                    nested -= 1
                    taken.tokens += [token, "{", closed, "}"]
                    continue
                elif name == "\\" and nested <= 0:
                    taken.rows += 1
                elif _handled(reader, name, taken, labels):
                    continue
            taken.tokens.append(token)
        return False
    finally:
        macros.in_math = was_math


def _handled(reader: Reader, name: str, taken: _Taken, labels: bool) -> bool:
    """Whether the command was dealt with and is not part of the formula."""
    stream, macros = reader.stream, reader.macros
    if (macro := macros.defined.get(name)) is not None:
        macros.expand(macro, stream)
    elif name == "label":
        key = written(stream.argument()).strip()[:300]
        number = reader.counters.get("equation", 0) + (taken.rows - taken.unnumbered if labels else 1)
        reader.document.labels.setdefault(key, ("equation", str(number)))
    elif name in _DROPPED:
        taken.unnumbered += name in ("nonumber", "notag")
    elif name in _DROPPED_WITH_ARGUMENT:
        stream.star()
        stream.optional()
        if name != "footnotemark":
            stream.argument()
    elif name == "ensuremath":
        stream.push(stream.argument())
    elif name.lower().startswith("cite") and name in reader.handlers:
        out, reader.out = reader.out, []
        reader.handlers[name](reader, name)
        taken.cites += reader.out
        reader.out = out
    elif name in ("begingroup", "endgroup", "bgroup", "egroup"):
        return True
    else:
        return macros.definition(name, stream) or macros.condition(name, stream)
    return True


def ensure_math(reader: Reader, _name: str) -> None:
    r"""\ensuremath in running text."""
    reader.stream.push(["$", *(token for token in reader.stream.argument() if token != "$"), "$"])


HANDLERS: dict[str, Handler] = {MATH_SHIFT: inline, "(": inline, "[": inline, "ensuremath": ensure_math}
