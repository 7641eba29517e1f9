"""LaTeX source as a stream of tokens that macros may push back into.

A token is a string: a control sequence with its backslash, one of the signs that TeX gives a meaning to,
one space, an empty line ("\\n\\n"), or a run of ordinary characters. Comments are gone. Every token that is
handed out is counted: a document that grows without end by its own macros stops at TokenStream.left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MOST_TOKENS = 1_000_000
"""Tokens read of one document, those made by its macros included; a paper of forty pages has some 50,000."""

MOST_CHARACTERS = 6_000_000
"""Characters of source that are read of one document."""

DEEPEST_FRAMES = 4_000
"""Macro bodies and files that may be open at once."""

PARAGRAPH = "\n\n"

_LONGEST_OPTION = 3_000
_REST = r"""
    | \\(?P<symbol>[\s\S]?)
    | (?P<comment>%[^\n]*+(?:\n[ \t]*+)?+(?P<blank>\n?))
    | (?P<space>\s++)
    | (?P<sign>[{}\[\]$&\#^_~])
    | (?P<run>[^\\%\s{}\[\]$&\#^_~]++)
"""
_TOKEN = re.compile(r"\\(?P<word>[A-Za-z]++)(?:[ \t]*+(?:\n[ \t]*+(?!\n))?)" + _REST, re.VERBOSE)
_TOKEN_AT = re.compile(r"\\(?P<word>[A-Za-z@]++)(?:[ \t]*+(?:\n[ \t]*+(?!\n))?)" + _REST, re.VERBOSE)

_RAW_ARGUMENT = re.compile(r"\s*+\{([^{}]*+)\}")

Tokens = list[str]


class ExhaustedError(Exception):
    """The document needs more tokens, or deeper macros, than are granted."""


class _Source:
    """A file that is being read."""

    __slots__ = ("at", "file", "text")

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.at = 0


class _Made:
    """Tokens that were pushed back or made by a macro."""

    __slots__ = ("at", "tokens")

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.at = 0


class TokenStream:
    """Tokens of a stack of files and macro bodies, the last one first.

    left: how many more tokens may be read; at_letters: whether "@" is a letter (after \\makeatletter).
    """

    def __init__(self, left: int = MOST_TOKENS) -> None:
        self.left = left
        self.at_letters = False
        self._characters = MOST_CHARACTERS
        self._frames: list[_Source | _Made] = []

    def open_file(self, text: str, file: str) -> None:
        """Read that text next, then go on where we are. Raises ExhaustedError beyond MOST_CHARACTERS."""
        self._characters -= len(text)
        if self._characters < 0:
            raise ExhaustedError
        self._frames.append(_Source(text, file))

    def files(self) -> list[str]:
        """The names of the files that are open, the outermost first."""
        return [frame.file for frame in self._frames if isinstance(frame, _Source)]

    def close_file(self) -> None:
        """Leave out the rest of the innermost file, and of what its macros made."""
        while self._frames:
            if isinstance(self._frames.pop(), _Source):
                return

    def close(self) -> None:
        """Leave out all that is left."""
        self._frames.clear()

    def push(self, tokens: Sequence[str]) -> None:
        """Read these tokens next. Raises ExhaustedError when too many macros are open."""
        if not tokens:
            return
        self._top()
        if len(self._frames) >= DEEPEST_FRAMES:
            raise ExhaustedError
        self._frames.append(_Made(tokens))

    def _top(self) -> _Source | _Made | None:
        """The frame that is read next, once those of macros that are used up are gone."""
        frames = self._frames
        while frames and isinstance(frame := frames[-1], _Made) and frame.at >= len(frame.tokens):
            frames.pop()
        return frames[-1] if frames else None

    def next(self) -> str | None:
        """The next token; None at the end. Raises ExhaustedError."""
        self.left -= 1
        if self.left < 0:
            raise ExhaustedError
        frames = self._frames
        while frames:
            frame = frames[-1]
            if isinstance(frame, _Made):
                if frame.at < len(frame.tokens):
                    token = frame.tokens[frame.at]
                    frame.at += 1
                    return token
            elif frame.at < len(frame.text):
                found = self._lex(frame)
                if found:
                    return found
                continue
            frames.pop()
        return None

    def _lex(self, frame: _Source) -> str:
        """The next token of a file; "" when that was a comment."""
        found = (_TOKEN_AT if self.at_letters else _TOKEN).match(frame.text, frame.at)
        if found is None:
            frame.at += 1
            return ""
        frame.at = found.end()
        kind = found.lastgroup
        if kind == "run" or kind == "sign":
            return found[0]
        if kind == "word":
            return "\\" + found["word"]
        if kind == "space":
            return PARAGRAPH if found[0].count("\n") > 1 else " "
        if kind == "symbol":
            symbol = found["symbol"]
            return "\\ " if not symbol or symbol.isspace() else "\\" + symbol
        return PARAGRAPH if found["blank"] else ""

    def peek(self, *, spaces: bool = True) -> str | None:
        """The next token, left in place; with spaces=False the blanks before it are dropped."""
        token = self.next()
        while not spaces and token == " ":
            token = self.next()
        if token is not None:
            self.push([token])
        return token

    def star(self) -> bool:
        """Whether a star follows; it is taken."""
        token = self.peek(spaces=True)
        if token is None or not token.startswith("*"):
            return False
        self.next()
        if len(token) > 1:
            self.push([token[1:]])
        return True

    def argument(self) -> Tokens:
        """The tokens of a mandatory argument without its braces.

        One that is never closed is empty, and what stands in it is read as if its brace were not there.
        """
        token = self.next()
        while token == " " or token == PARAGRAPH:
            token = self.next()
        if token is None:
            return []
        if token == "{":
            return self._group()
        if token == "}":  # a missing argument at the end of a group
            self.push([token])
            return []
        if token[0] != "\\" and len(token) > 1:
            self.push([token[1:]])
            return [token[0]]
        return [token]

    def _group(self) -> Tokens:
        depth = 1
        taken: Tokens = []
        while (token := self.next()) is not None:
            if token == "{":
                depth += 1
            elif token == "}":
                depth -= 1
                if not depth:
                    return taken
            taken.append(token)
        self.push(taken)
        return []

    def optional(self) -> Tokens | None:
        """The tokens of an optional argument without its brackets; None when there is none."""
        token = self.next()
        blank = token == " "
        if blank:
            token = self.next()
        if token != "[":
            self.push([" ", token] if blank and token else [token] if token else [])
            return None
        depth = 0
        taken: Tokens = []
        while (token := self.next()) is not None:
            if token == "{":
                depth += 1
            elif token == "}":
                depth -= 1
            elif token == "]" and depth <= 0:
                return taken
            taken.append(token)
            if depth < 0 or token == PARAGRAPH or len(taken) > _LONGEST_OPTION:
                break
        self.push(["\\lbrack", *taken])
        return None

    def raw_argument(self) -> str:
        """A mandatory argument as written, where "%" and "~" are ordinary (addresses, file names)."""
        frame = self._top()
        if isinstance(frame, _Source):
            found = _RAW_ARGUMENT.match(frame.text, frame.at)
            if found:
                frame.at = found.end()
                return found[1]
        return written(self.argument())

    def raw_until(self, ending: str) -> str | None:
        """The text as written up to `ending`, which is taken too; None when it does not come.

        In what a macro made, the tokens up to the same sequence.
        """
        frame = self._top()
        if isinstance(frame, _Source):
            end = frame.text.find(ending, frame.at)
            if end < 0:
                return None
            text = frame.text[frame.at : end]
            frame.at = end + len(ending)
            return text
        taken: Tokens = []
        tail = ""
        while (token := self.next()) is not None:
            taken.append(token)
            tail = (tail + token)[-len(ending) :]
            if tail == ending:
                return written(taken)[: -len(ending)]
        self.push(taken)
        return None

    def raw_delimited(self) -> str:
        r"""What stands between two equal signs, as after \verb."""
        frame = self._top()
        if isinstance(frame, _Source) and frame.at < len(frame.text):
            sign = frame.text[frame.at]
            end = frame.text.find(sign, frame.at + 1)
            if end < 0 or "\n" in frame.text[frame.at : end]:
                return ""
            text = frame.text[frame.at + 1 : end]
            frame.at = end + 1
            return text
        token = self.next()
        if token is None:
            return ""
        sign = token[0]
        if len(token) > 1 and (end := token.find(sign, 1)) > 0:
            self.push([token[end + 1 :]] if token[end + 1 :] else [])
            return token[1:end]
        self.push([token[1:]] if token[1:] else [])
        return self.raw_until(sign) or ""


def lexed(text: str) -> Tokens:
    """All tokens of a short text."""
    stream = TokenStream(len(text) + 1)
    stream.open_file(text, "")
    tokens: Tokens = []
    while (token := stream.next()) is not None:
        tokens.append(token)
    return tokens


def written(tokens: Iterable[str]) -> str:
    r"""The tokens as source: a space parts a control word from a letter after it.

    >>> written(["\\alpha", "x", "_", "{", "1", "}"])
    '\\alpha x_{1}'
    """
    parts: list[str] = []
    after_word = False
    for token in tokens:
        if after_word and token[0].isalpha():
            parts.append(" ")
        parts.append(token)
        after_word = len(token) > 1 and token[0] == "\\" and token[-1].isalpha()
    return "".join(parts)
