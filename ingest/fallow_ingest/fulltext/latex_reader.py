r"""LaTeX read as text: macros expanded, floats and drawings left out, citations and labels kept as marks.

The reader walks over tokens once. What a command means is told by three things, in this order: the author's
own definition, a handler below or in the neighbouring modules, the tables of latex_tables. Nothing is
executed and no file is opened: \input reads from the mapping that the archive became.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fallow_ingest.fulltext.latex_macros import Macros
from fallow_ingest.fulltext.latex_project import Project
from fallow_ingest.fulltext.latex_tables import ARGUMENTS, GLUE, SIGNS, SPACED, SYMBOLS
from fallow_ingest.fulltext.latex_tokens import (
    MOST_CHARACTERS,
    PARAGRAPH,
    ExhaustedError,
    Tokens,
    TokenStream,
    written,
)
from fallow_ingest.fulltext.running import MOST_MARKS, RUN_IN_BEGINS, RUN_IN_ENDS, mark, unreserved
from fallow_ingest.text.latex import COMBINING

DEEPEST_RENDER = 40
"""Footnotes within captions within titles: how deep text may be read inside text."""

MATH_SHIFT = "math shift"
"""The name under which a dollar is dealt with; no command is spelt like it."""

LONGEST_FORMULA = 2_000
"""Characters of an inline formula; a longer one is shown as a displayed one is."""

_QUOTES = (("``", "“"), ("''", "”"), ("---", "—"), ("--", "–"), ("`", "‘"))
_LENGTHS = ("width", "height", "skip", "sep", "depth", "size", "unit")
_GLUE = re.compile(
    r"(?:plus|minus)?=?[-+]*(?P<number>[\d.]*)(?P<unit>(?:true)?(?:pt|em|ex|cm|mm|in|pc|sp|bp|mu|fil+)(?![a-z]))?"
)
_PUNCTUATION = ",.;:!?)]}'”’/-–—~"


@dataclass(frozen=True, slots=True)
class CiteMark:
    """A citation; style: paren, text, bare, author, year or yearpar."""

    keys: tuple[str, ...]
    style: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class RefMark:
    """A reference to a label. style: number, named or bracketed."""

    labels: tuple[str, ...]
    style: str = "number"


@dataclass(slots=True)
class RawPart:
    """A heading as raw text and what follows it."""

    heading: str
    level: int
    kind: str = ""
    out: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RawEntry:
    r"""One \bibitem: its label and text raw, the fields that its style told, the addresses in it."""

    key: str
    label: str
    out: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """Everything a source holds, texts raw (with marks)."""

    titles: list[Tokens] = field(default_factory=list)
    authors: list[Tokens] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    abstract: list[str] = field(default_factory=list)
    parts: list[RawPart] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    footnotes: list[str] = field(default_factory=list)
    entries: dict[str, RawEntry] = field(default_factory=dict)
    bib_names: list[str] = field(default_factory=list)
    cited: dict[str, None] = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    marks: list[CiteMark | RefMark] = field(default_factory=list)
    made: bool = False  # \maketitle was met: later titles are somebody else's
    cut: bool = False


@dataclass(slots=True)
class Environment:
    """One that is open: where text went before it (None: to the same place), the label target before it,
    and the tokens that its end brings."""

    name: str
    out: list[str] | None
    target: tuple[str, str]
    ending: Tokens = field(default_factory=list)


Handler = Callable[["Reader", str], None]


class Reader:
    """The state of reading one document; run() does it."""

    def __init__(self, project: Project, handlers: Mapping[str, Handler], left: int) -> None:
        self.project = project
        self.handlers = handlers
        self.overrides: dict[str, Handler] = {}
        self.stream = TokenStream(left)
        self.macros = Macros()
        self.document = Document()
        self.out: list[str] = []
        self.environments: list[Environment] = []
        self.target = ("", "")
        self.counters: dict[str, int] = {}
        self.theorems: dict[str, tuple[str, str, str]] = {}
        self.in_body = False
        self.in_appendix = False
        self.in_front = False  # while titles and names are read: tables there only arrange them
        self.entry: RawEntry | None = None
        self.bibliography_read = False
        self.files_read = 0
        self.main = ""
        self.styles_read: set[str] = set()
        self._depth = 0
        self._bold = 0  # braces that are open since a bold switch at the beginning of a paragraph

    def run(self, text: str, file: str) -> None:
        """Read a file to its end, or as far as the grants of characters and tokens go."""
        try:
            self.stream.open_file(text[: MOST_CHARACTERS - 1], file)
            self.document.cut = len(text) >= MOST_CHARACTERS
            self._read_all()
        except ExhaustedError:
            self.document.cut = True

    def _read_all(self) -> None:
        stream = self.stream
        while (token := stream.next()) is not None:
            first = token[0]
            if first == "\\" and len(token) > 1:
                self.command(token[1:])
            elif first == "$":
                self.command(MATH_SHIFT)
            elif token == "~" or token == "&":
                self.out.append(" ")
            elif token == "{":
                self._bold += self._bold > 0
            elif token == "}":
                if self._bold:
                    self._bold -= 1
                    if not self._bold:
                        self.out.append(RUN_IN_ENDS)
            else:
                self.out.append(_typeset(token))

    def command(self, name: str) -> None:
        """Deal with one control sequence whose token was just read."""
        override = self.overrides.get(name)
        if override is not None:
            override(self, name)
        elif (macro := self.macros.defined.get(name)) is not None:
            self.macros.expand(macro, self.stream)
        elif (handler := self.handlers.get(name)) is not None:
            handler(self, name)
        elif name in ARGUMENTS:
            self.arguments(ARGUMENTS[name])
        elif name in SYMBOLS:
            self.out.append(SYMBOLS[name])
        elif name in COMBINING:
            self.accent(name)
        elif name in SIGNS:
            self.sign(name)
        elif name in SPACED:
            self.out.append(PARAGRAPH)
        elif name in GLUE:
            self.glue()
        elif not (self.macros.definition(name, self.stream) or self.macros.condition(name, self.stream)):
            self.unknown()

    def unknown(self) -> None:
        """A command that nobody explained: it vanishes with its star and options, its braces' text stays."""
        self.stream.star()
        if self.stream.peek() == "[":
            option = self.stream.optional()
            if option is not None and self.stream.peek() != "{" and any(map(str.isalpha, written(option))):
                self.stream.push(["\\lbrack", *option, "\\rbrack"])

    def arguments(self, specification: str) -> None:
        """Read arguments as latex_tables says; what stays is read next."""
        kept: Tokens = []
        if specification.startswith("m"):
            self.stream.optional()
        for kind in specification:
            if kind == "s":
                self.stream.star()
            elif kind == "o":
                self.stream.optional()
            elif kind == "m":
                self.stream.argument()
            else:
                kept += [" ", *self.stream.argument()] if kept else self.stream.argument()
        self.stream.push(kept)

    def sign(self, name: str) -> None:
        """A command that prints a sign; {} after it only ends its name."""
        self.out.append(SIGNS[name])
        if self.stream.peek() == "{":
            self.stream.next()
            if self.stream.peek() == "}":
                self.stream.next()

    def accent(self, name: str) -> None:
        r"""\'e, \"{\i}, \c{c}: the letter with its accent."""
        letter = self.render([token for token in self.stream.argument() if token != " "])
        letter = letter.replace("ı", "i").replace("ȷ", "j") if name not in "cdbk" else letter
        accented = letter[:1] + COMBINING[name] + letter[1:] if letter else ""
        self.out.append(unicodedata.normalize("NFC", accented))

    def glue(self) -> None:
        """Drop a length or number, "= -2pt plus 1fil" at its longest."""
        seen = False
        for _ in range(16):
            token = self.stream.next()
            if token is None:
                return
            if token == " " or token in ("plus", "minus"):
                continue
            if token[0] == "\\" and (token[1:] in GLUE or token.endswith(_LENGTHS)):
                seen = True
                continue
            found = _GLUE.match(token)
            if found is None or not found[0] or (seen and not found["unit"]):
                self.stream.push([" ", token] if seen else [token])
                return
            seen = bool(found["number"] or found["unit"])
            if rest := token[found.end() :]:
                self.stream.push([rest])
                return

    def render(self, tokens: Tokens) -> str:
        """The raw text of some tokens, read apart from the stream; marks count on in the document's list."""
        if not tokens:
            return ""
        if self._depth >= DEEPEST_RENDER:
            return ""
        stream, out, bold = self.stream, self.out, self._bold
        self._bold = 0
        self.stream = TokenStream(stream.left)
        self.stream.at_letters = stream.at_letters
        self.stream.push(tokens)
        self.out = []
        self._depth += 1
        try:
            self._read_all()
            return "".join(self.out)
        finally:
            stream.left = self.stream.left
            self.stream, self.out, self._bold = stream, out, bold
            self._depth -= 1

    def add_mark(self, made: CiteMark | RefMark) -> None:
        """Write a mark where the text is now."""
        if len(self.document.marks) >= MOST_MARKS:
            raise ExhaustedError
        self.document.marks.append(made)
        self.out.append(mark(len(self.document.marks) - 1))
        if isinstance(made, CiteMark):
            self.document.cited.update(dict.fromkeys(made.keys))

    def open_file(self, name: str, folder: str = "") -> bool:
        """Read a file of the archive next; False when it is not there, open already, or one too many."""
        inside = self.stream.files()
        found = self.project.find(name, folder, inside[-1] if inside else "")
        if found is None or found in inside or len(inside) > 20 or self.files_read >= 500:
            return False
        self.files_read += 1
        self.stream.open_file(unreserved(self.project.text(found)) + "\n", found)
        return True

    def begins_paragraph(self) -> bool:
        """Whether nothing was printed since the last empty line."""
        for piece in reversed(self.out[-20:]):
            if piece.strip():
                return False
            if PARAGRAPH in piece:
                return True
        return len(self.out) < 20

    def bold_switch(self, *, anywhere: bool = False) -> None:
        r"""{\bf Words} in front of a paragraph may be its heading."""
        if not self._bold and (anywhere or self.begins_paragraph()):
            self.out.append(RUN_IN_BEGINS)
            self._bold = 1

    def space_unless_punctuation(self) -> None:
        r"""What \xspace does."""
        token = self.stream.peek()
        if token is None or token[0] not in _PUNCTUATION + " \n":
            self.out.append(" ")


def _typeset(run: str) -> str:
    """Quotes and dashes of a run as they are printed."""
    if "`" in run or "'" in run or "--" in run:
        for sign, printed in _QUOTES:
            run = run.replace(sign, printed)
    return run


def plain_argument(reader: Reader) -> str:
    """A mandatory argument as written: keys, names of files and environments."""
    return written(reader.stream.argument()).strip()
