r"""Headings, environments, lists, floats, labels, files: what gives a LaTeX document its shape."""

from __future__ import annotations

from fallow_ingest.fulltext import latex_math, words
from fallow_ingest.fulltext.latex_files import end_input
from fallow_ingest.fulltext.latex_reader import Environment, Handler, RawPart, Reader, RefMark, plain_argument
from fallow_ingest.fulltext.latex_tables import (
    ENVIRONMENT_ARGUMENTS,
    FLOATS,
    MATH,
    RAW,
    SILENT,
    THEOREMS,
)
from fallow_ingest.fulltext.latex_tokens import PARAGRAPH, ExhaustedError, Tokens, written
from fallow_ingest.fulltext.running import RUN_IN_BEGINS, RUN_IN_COMMAND, RUN_IN_ENDS
from fallow_ingest.sources import fields as field

LEVELS = {
    "part": 0, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4,
    "paragraph": 5, "subparagraph": 6,
}  # fmt: skip
_COUNTED = ("chapter", "section", "subsection", "subsubsection")
_LISTS = words(
    "itemize enumerate description list compactitem compactenum inparaenum inparaitem enumerate* itemize* "
    "trivlist enumeratebis asparaenum asparaitem tight_itemize"
)
_APART = words("quote quotation verse center flushleft flushright displayquote tcolorbox mdframed framed")
_KEYWORDS = words("keyword keywords IEEEkeywords")


def heading(reader: Reader, name: str) -> None:
    r"""Begin a part of the document; floats and lists that were never closed end here.

    \paragraph stays in the text of the section that it stands in, its heading in front.
    """
    starred = reader.stream.star()
    reader.stream.optional()
    tokens = reader.stream.argument()
    reader.environments = [open_ for open_ in reader.environments if open_.name == "document"]
    if not starred and name in _COUNTED:
        reader.target = (name, _count(reader, name))
    shown = reader.render([token for token in tokens if token != PARAGRAPH])
    if name.endswith("paragraph"):
        if reader.document.parts:
            reader.out = reader.document.parts[-1].out
        reader.out += [PARAGRAPH, RUN_IN_COMMAND, RUN_IN_BEGINS, shown, RUN_IN_ENDS, " "]
        return
    part = RawPart(shown, LEVELS[name], "appendix" if reader.in_appendix else "")
    if len(reader.document.parts) > field.MOST_SECTIONS:
        raise ExhaustedError
    if reader.in_body:
        reader.document.parts.append(part)
        reader.out = part.out


def _count(reader: Reader, name: str) -> str:
    """The number of the next heading of that kind, the counters below it set back."""
    level = _COUNTED.index(name)
    counters = reader.counters
    counters[name] = counters.get(name, 0) + 1
    for lower in _COUNTED[level + 1 :]:
        counters[lower] = 0
    for _, counter, within in reader.theorems.values():
        if within == name:
            counters[counter] = 0
    shown = [counters.get(upper, 0) for upper in _COUNTED[: level + 1]]
    while len(shown) > 1 and not shown[0]:
        shown = shown[1:]
    first = _letter(shown[0]) if reader.in_appendix else str(shown[0])
    return ".".join([first, *map(str, shown[1:])])


def _letter(number: int) -> str:
    return chr(64 + number) if 1 <= number <= 26 else str(number)


def appendix(reader: Reader, _name: str) -> None:
    r"""\appendix: headings are lettered from here on."""
    reader.in_appendix = True
    for counter in _COUNTED:
        reader.counters[counter] = 0


def begin(reader: Reader, _name: str) -> None:
    r"""\begin{...}."""
    environment = plain_argument(reader)
    bare = environment.rstrip("*")
    if environment in RAW:
        _raw(reader, environment)
    elif bare in MATH:
        latex_math.environment(reader, environment)
    elif environment == "document":
        _begin_document(reader)
    elif environment in FLOATS:
        kind = FLOATS[environment]
        _open(reader, environment, [])
        reader.target = (kind, str(reader.counters.get(kind, 0) + 1))
    elif environment in SILENT:
        _open(reader, environment, None if reader.in_front else [])
    elif bare == "abstract":
        _open(reader, environment, reader.document.abstract)
        reader.out.append(PARAGRAPH)
    elif environment in _KEYWORDS:
        _open(reader, environment, reader.document.keywords)
    elif environment == "thebibliography":
        _begin_bibliography(reader)
    elif bare == "appendices" or bare == "appendix":
        appendix(reader, environment)
        _open(reader, environment)
    elif environment in reader.macros.environments and environment not in reader.theorems:
        opening, ending = reader.macros.environments[environment]
        _open(reader, environment, arguments=False).ending = [
            part for part in ending.body if isinstance(part, str)
        ]
        reader.macros.expand(opening, reader.stream)
    elif environment in reader.theorems or bare in THEOREMS:
        _begin_theorem(reader, environment)
    elif environment == "proof":
        note = reader.stream.optional()
        _open(reader, environment, arguments=False)
        reader.out += [PARAGRAPH, reader.render(note) if note else "Proof", ". "]
    else:
        _open(reader, environment)
        if environment in _LISTS or environment in _APART:
            reader.out.append(PARAGRAPH)


def _open(
    reader: Reader, environment: str, out: list[str] | None = None, *, arguments: bool = True
) -> Environment:
    """Note an open environment and take its arguments; out: where its text goes, if elsewhere."""
    if arguments:
        reader.arguments(ENVIRONMENT_ARGUMENTS.get(environment, "o"))
    opened = Environment(environment, reader.out if out is not None else None, reader.target)
    if len(reader.environments) < 1_000:
        reader.environments.append(opened)
    if out is not None:
        reader.out = out
    return opened


def end(reader: Reader, name: str) -> None:
    r"""\end{...}: also ends what was opened inside and never closed; one that was never begun is nothing."""
    environment = plain_argument(reader)
    if environment == "document":
        if len(reader.stream.files()) > 1:
            end_input(reader, name)
        else:
            reader.stream.close()
        return
    names = [opened.name for opened in reader.environments]
    if environment not in names:
        return
    ending: Tokens = []
    while reader.environments:
        opened = reader.environments.pop()
        if opened.out is not None:
            reader.out = opened.out
        reader.target = opened.target
        if opened.name == "thebibliography":
            reader.entry = None
            reader.stream.at_letters = False
        if opened.name == environment:
            ending = opened.ending
            break
    if (
        environment in _LISTS
        or environment in _APART
        or environment in reader.theorems
        or environment == "proof"
    ):
        reader.out.append(PARAGRAPH)
    reader.stream.push(ending)


def _begin_document(reader: Reader) -> None:
    if reader.in_body:  # a file of its own that is read as a part
        reader.out = reader.document.parts[-1].out
        return
    reader.in_body = True
    reader.document.parts.append(RawPart("", LEVELS["section"]))
    reader.out = reader.document.parts[-1].out
    reader.stream.at_letters = False


def _begin_bibliography(reader: Reader) -> None:
    _open(reader, "thebibliography", [])
    reader.bibliography_read = True


def _begin_theorem(reader: Reader, environment: str) -> None:
    bare = environment.rstrip("*")
    title, counter, within = reader.theorems.get(
        environment, reader.theorems.get(bare, (THEOREMS.get(bare, bare.capitalize()), bare, ""))
    )
    note = reader.stream.optional()
    _open(reader, environment, arguments=False)
    number = ""
    if counter and not environment.endswith("*"):
        reader.counters[counter] = reader.counters.get(counter, 0) + 1
        prefix = f"{reader.counters.get(within, 0)}." if within else ""
        number = f"{prefix}{reader.counters[counter]}"
        reader.target = (title, number)
    shown = f"{title} {number}".strip() + (f" ({reader.render(note)})" if note else "")
    reader.out += [PARAGRAPH, shown, ". "]


def new_theorem(reader: Reader, _name: str) -> None:
    r"""\newtheorem{name}[counter]{Title}[within], starred when it is not numbered."""
    starred = reader.stream.star()
    environment = plain_argument(reader)
    shared = reader.stream.optional()
    title = reader.render(reader.stream.argument()).strip()
    within = reader.stream.optional()
    if len(reader.theorems) > 500:
        return
    counter, inside = environment, written(within or []).strip()
    if shared is not None:
        counter = written(shared).strip()
        inside = next((t[2] for t in reader.theorems.values() if t[1] == counter), "")
    reader.theorems[environment] = (title, "" if starred else counter, inside if inside in _COUNTED else "")


def _raw(reader: Reader, environment: str) -> None:
    """Pass over an environment as written; one that is never closed is not one."""
    if environment.startswith("filecontents"):
        reader.stream.optional()
        name = reader.stream.raw_argument()
        content = reader.stream.raw_until(f"\\end{{{environment}}}")
        if content is not None:
            reader.project.write(name.strip(), content)
        return
    reader.stream.raw_until(f"\\end{{{environment}}}")


def item(reader: Reader, _name: str) -> None:
    """An item of a list is a paragraph; a label with words in it stays."""
    label = reader.stream.optional()
    reader.out.append(PARAGRAPH)
    if label:
        shown = reader.render(label).strip()
        if sum(map(str.isalpha, shown)) > 1:
            reader.out.append(f"{shown} ")


def caption(reader: Reader, name: str) -> None:
    """Captions stand apart from the running text."""
    kind = reader.target[0] or "figure"
    if name == "captionof":
        reader.stream.star()
        kind = plain_argument(reader)
    reader.stream.star()
    reader.stream.optional()
    if kind in set(FLOATS.values()):
        reader.counters[kind] = reader.counters.get(kind, 0) + 1
        reader.target = (kind, str(reader.counters[kind]))
    reader.document.captions.append(reader.render(reader.stream.argument()))


def footnote(reader: Reader, _name: str) -> None:
    """Footnotes stand apart from the running text."""
    reader.stream.optional()
    reader.document.footnotes.append(reader.render(reader.stream.argument()))


def label(reader: Reader, _name: str) -> None:
    r"""\label: what a reference to it prints."""
    key = plain_argument(reader)[:300]
    if len(reader.document.labels) < 50_000:
        reader.document.labels.setdefault(key, reader.target)


def reference(reader: Reader, name: str) -> None:
    r"""\ref and its kin."""
    reader.stream.star()
    labels = [key.strip()[:300] for key in plain_argument(reader).split(",")[:50]]
    if name in ("crefrange", "Crefrange"):
        labels.append(plain_argument(reader)[:300])
    style = (
        "bracketed" if name == "eqref" else "number" if name in ("ref", "subref", "labelcref") else "named"
    )
    if name != "pageref":
        reader.add_mark(RefMark(tuple(labels), style))


def line_break(reader: Reader, _name: str) -> None:
    r"""\\ with its star and length."""
    reader.stream.star()
    if reader.stream.peek() == "[":
        reader.stream.optional()
    reader.out.append(" ")


def verbatim(reader: Reader, name: str) -> None:
    r"""\verb|...|, \lstinline|...|, \mintinline{python}|...|: its text as written."""
    reader.stream.star()
    reader.stream.optional()
    if name == "mintinline":
        reader.stream.argument()
    if name != "verb" and reader.stream.peek() == "{":
        reader.out.append(reader.stream.raw_argument())
    else:
        reader.out.append(reader.stream.raw_delimited())


def by_name(reader: Reader, _name: str) -> None:
    r"""\csname ...\endcsname."""
    taken = ""
    while (token := reader.stream.next()) is not None and token != "\\endcsname" and len(taken) < 200:
        taken += token
    if taken and "\\" not in taken:
        reader.stream.push([f"\\{taken}"])


def if_then_else(reader: Reader, _name: str) -> None:
    r"""\ifthenelse, \iftoggle, \ifdef: conditions that only TeX could decide count as false."""
    reader.stream.argument()
    reader.stream.argument()
    reader.stream.push(reader.stream.argument())


def if_next_char(reader: Reader, _name: str) -> None:
    r"""\@ifnextchar x{then}{else}."""
    wanted = reader.stream.next()
    then, otherwise = reader.stream.argument(), reader.stream.argument()
    reader.stream.push(then if reader.stream.peek(spaces=False) == wanted else otherwise)


def at_letters(reader: Reader, name: str) -> None:
    r"""\makeatletter, \makeatother."""
    reader.stream.at_letters = name == "makeatletter"


def bold(reader: Reader, name: str) -> None:
    """Bold words, and others that end in a full stop, in front of a paragraph may be its heading."""
    tokens = reader.stream.argument()
    if reader.in_front or (reader.entry is None and not reader.begins_paragraph()):
        reader.stream.push(tokens)
    elif reader.entry is not None and name in ("emph", "textit"):
        reader.stream.push([RUN_IN_BEGINS, *tokens, RUN_IN_ENDS])
    elif (
        name == "textbf"
        or written(tokens).rstrip(" }").endswith((".", ":", "--"))
        or (reader.stream.peek() or "").startswith(("--", ".--", "—", ":"))
    ):
        reader.out.append(RUN_IN_BEGINS)
        reader.stream.push([*tokens, RUN_IN_ENDS])
    else:
        reader.stream.push(tokens)


def bold_switch(reader: Reader, _name: str) -> None:
    r"""\bf, \bfseries."""
    if not reader.in_front:
        reader.bold_switch()


def italic_switch(reader: Reader, _name: str) -> None:
    r"""\em, \it: in an entry of a bibliography, perhaps around its title."""
    if reader.entry is not None:
        reader.bold_switch(anywhere=True)


def nothing(reader: Reader, name: str) -> None:
    """A command that prints nothing and takes nothing."""


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(LEVELS, heading),
    "appendix": appendix,
    "begin": begin,
    "end": end,
    "newtheorem": new_theorem,
    "item": item,
    **dict.fromkeys(
        ("caption", "captionof", "subcaption", "topcaption", "tablecaption", "figcaption"), caption
    ),
    **dict.fromkeys(("footnote", "footnotetext", "blfootnote", "tablefootnote", "endnote"), footnote),
    "label": label,
    **dict.fromkeys(
        words(
            "ref autoref cref Cref eqref nameref pageref vref Vref subref labelcref crefrange "
            "Crefrange fref Fref "
            "fullref thref"
        ),
        reference,
    ),
    "\\": line_break,
    **dict.fromkeys(("verb", "lstinline", "mintinline"), verbatim),
    "csname": by_name,
    **dict.fromkeys(
        ("ifthenelse", "iftoggle", "ifdef", "ifundef", "@ifundefined", "@ifpackageloaded"), if_then_else
    ),
    **dict.fromkeys(("@ifnextchar", "kernel@ifnextchar"), if_next_char),
    "makeatletter": at_letters,
    "makeatother": at_letters,
    "xspace": lambda reader, _name: reader.space_unless_punctuation(),
    **dict.fromkeys(
        words(
            "relax protect expandafter noexpand global long outer noindent indent centering raggedright "
            "tt sc rm sf sl"
        ),
        nothing,
    ),
    **dict.fromkeys(("textbf", "textit", "emph", "underline"), bold),
    **dict.fromkeys(("bf", "bfseries"), bold_switch),
    **dict.fromkeys(("em", "it", "itshape", "sl"), italic_switch),
}
