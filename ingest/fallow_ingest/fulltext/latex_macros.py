r"""What authors define themselves: \newcommand, \def, \newif and their kin, expanded within bounds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fallow_ingest.fulltext import words
from fallow_ingest.fulltext.latex_tables import PROTECTED
from fallow_ingest.fulltext.latex_tokens import PARAGRAPH, Tokens, TokenStream, written

MOST_EXPANSIONS = 200_000
"""Uses of macros in one document; the heaviest of authors use some thousands."""

LARGEST_EXPANSION = 100_000
"""Tokens that one use of a macro may make."""

MOST_MACROS = 20_000

CONDITIONALS = words(
    "if ifx ifnum ifdim ifcat ifodd ifcase iftrue iffalse ifdefined ifcsname ifmmode ifvmode ifhmode ifinner "
    "ifvoid ifhbox ifvbox ifeof ifpdf ifPDFTeX ifpdftex ifxetex ifluatex ifXeTeX ifLuaTeX iftutex ifdraft "
    "ifCLASSOPTIONcompsoc ifCLASSINFOpdf ifCLASSOPTIONcaptionsoff"
)
_TRUE = frozenset({"iftrue", "ifpdf", "ifPDFTeX", "ifpdftex", "ifCLASSINFOpdf", "ifvmode", "ifhmode"})
_NUMBER = re.compile(r"\s*([+-]?\d{1,9})")
_PARAMETER = re.compile(r"[1-9]")


@dataclass(frozen=True, slots=True)
class Macro:
    r"""One definition.

    body: tokens, and numbers where arguments go. parameters: how each is read: "m" mandatory, "o"
    optional (its default when left out), "s" a star, or the tokens that end it, after \def.
    """

    body: tuple[str | int, ...]
    parameters: tuple[str | tuple[str, ...], ...] = ()
    defaults: tuple[tuple[str, ...] | None, ...] = ()
    prefix: tuple[str, ...] = ()


class Macros:
    """The definitions of one document.

    defined: by name; flags: what \\newif made; left: how many more expansions are granted.
    """

    def __init__(self) -> None:
        self.defined: dict[str, Macro] = {}
        self.environments: dict[str, tuple[Macro, Macro]] = {}
        self.flags: dict[str, bool] = {}
        self.left = MOST_EXPANSIONS
        self.known: frozenset[str] = frozenset()  # what style files may not change
        self.only_simple = False  # in style files: what their inner workings need is left out
        self.in_math = False

    def define(self, name: str, macro: Macro, *, keep: bool = False) -> None:
        """Note a definition; protected names and, if asked, existing ones stay as they are."""
        if name in PROTECTED or len(self.defined) >= MOST_MACROS or (keep and name in self.defined):
            return
        if self.only_simple and (not name.isalpha() or name in self.known or _is_inner(macro)):
            return
        self.defined[name] = macro

    def expand(self, macro: Macro, stream: TokenStream) -> None:
        """Take the macro's arguments off the stream and push its body; nothing once the grant is spent."""
        self.left -= 1
        if self.left < 0:
            return
        for token in macro.prefix:
            if stream.peek() == token:
                stream.next()
        arguments = [
            _argument(stream, parameter, default)
            for parameter, default in zip(macro.parameters, macro.defaults, strict=True)
        ]
        made: Tokens = []
        for part in macro.body:
            if isinstance(part, str):
                made.append(part)
            elif part <= len(arguments):
                made.extend(arguments[part - 1])
            if len(made) > LARGEST_EXPANSION:
                break
        stream.push(made)

    def definition(self, command: str, stream: TokenStream) -> bool:
        """Read what follows a defining command; False when the command defines nothing."""
        reader = _DEFINING.get(command)
        if reader is None:
            return False
        reader(self, stream, command)
        return True

    def condition(self, command: str, stream: TokenStream) -> bool:
        r"""Deal with \if..., \else, \fi and \newif's setters; False when the command is none of them.

        Conditions that only a running TeX could decide count as false.
        """
        if command == "else":
            _skip_branch(self, stream, stop_at_else=False)
            return True
        if command in ("fi", "or"):
            return True
        if command in CONDITIONALS or command in self.flags:
            if not self._holds(command, stream):
                _skip_branch(self, stream, stop_at_else=True)
            return True
        for ending, value in (("true", True), ("false", False)):
            if command.endswith(ending) and f"if{command.removesuffix(ending)}" in self.flags:
                self.flags[f"if{command.removesuffix(ending)}"] = value
                return True
        return False

    def is_condition(self, command: str) -> bool:
        r"""Whether a \fi belongs to the command."""
        return command in CONDITIONALS or command in self.flags

    def _holds(self, command: str, stream: TokenStream) -> bool:
        if command in self.flags:
            return self.flags[command]
        if command == "ifx" or command == "if":
            one, other = stream.next(), stream.next()
            return one == other or (
                command == "ifx"
                and self._meaning(one) is not None
                and self._meaning(one) == self._meaning(other)
            )
        if command == "ifdefined":
            return (stream.next() or "\\")[1:] in self.defined
        if command in ("ifnum", "ifdim", "ifodd", "ifcase"):
            return _compares(command, stream)
        if command == "ifcsname":
            taken = ""
            while (token := stream.next()) is not None and token != "\\endcsname" and len(taken) < 200:
                taken += token
            return taken in self.defined
        return command in _TRUE or (command == "ifmmode" and self.in_math)

    def _meaning(self, token: str | None) -> Macro | None:
        return self.defined.get(token[1:]) if token and token[0] == "\\" else None


def _compares(command: str, stream: TokenStream) -> bool:
    """Whether a comparison of plain numbers holds; one with registers does not."""
    taken = ""
    while (token := stream.peek()) is not None and token[0] not in "\\{}$" and token != PARAGRAPH:
        taken += token
        stream.next()
        if len(taken) > 200:
            break
    if command == "ifodd":
        found = _NUMBER.match(taken)
        _give_back(stream, taken[found.end() :] if found else "")
        return found is not None and int(found[1]) % 2 == 1
    found = re.match(r"\s*([+-]?\d{1,9})\s*([<=>])\s*([+-]?\d{1,9})\s?", taken)
    if found is None:
        return False
    _give_back(stream, taken[found.end() :])
    one, sign, other = int(found[1]), found[2], int(found[3])
    return {"<": one < other, "=": one == other, ">": one > other}[sign]


def _give_back(stream: TokenStream, text: str) -> None:
    if text:
        stream.push([text])


def _skip_branch(macros: Macros, stream: TokenStream, *, stop_at_else: bool) -> None:
    r"""Drop everything up to the \fi (or the \else) that belongs here."""
    depth = 0
    taken: Tokens = []
    while (token := stream.next()) is not None:
        taken.append(token)
        if token[0] != "\\":
            continue
        name = token[1:]
        if name == "newif":
            stream.next()
        elif macros.is_condition(name):
            depth += 1
        elif name == "fi":
            if depth == 0:
                return
            depth -= 1
        elif name == "else" and depth == 0 and stop_at_else:
            return
    stream.push(taken)  # never closed: the condition is ignored rather than the rest of the paper


def _argument(
    stream: TokenStream, parameter: str | tuple[str, ...], default: tuple[str, ...] | None
) -> Tokens:
    if parameter == "m":
        return stream.argument()
    if parameter == "s":
        return ["1"] if stream.star() else []
    if parameter == "o":
        given = stream.optional()
        return given if given is not None else list(default or ())
    taken: Tokens = []
    depth = 0
    while (token := stream.next()) is not None:
        if token == "{":
            depth += 1
        elif token == "}":
            depth -= 1
        if len(parameter) == 1 and depth <= 0 and token[0] != "\\" and (at := token.find(parameter[0])) >= 0:
            rest = token[at + len(parameter[0]) :]
            stream.push([rest] if rest else [])
            return [*taken, token[:at]] if at else taken
        taken.append(token)
        if depth <= 0 and token == parameter[-1] and tuple(taken[-len(parameter) :]) == parameter:
            return taken[: -len(parameter)]
        if token == PARAGRAPH or len(taken) > LARGEST_EXPANSION:
            break
    stream.push(taken)
    return []


def _is_inner(macro: Macro) -> bool:
    return any(isinstance(part, str) and part[0] == "\\" and "@" in part for part in macro.body)


def compiled(tokens: Tokens) -> tuple[str | int, ...]:
    """A macro's body with its parameters as numbers."""
    body: list[str | int] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        if token == "#" and _PARAMETER.match(following):
            body.append(int(following[0]))
            if following[1:]:
                body.append(following[1:])
            index += 2
            continue
        if token == "#" and following == "#":
            index += 1
        body.append(token)
        index += 1
    return tuple(body)


def _name(stream: TokenStream) -> str:
    r"""The command that is being defined, given as \name or {\name}."""
    stream.star()
    tokens = [token for token in stream.argument() if token != " "]
    return tokens[0][1:] if tokens and tokens[0][0] == "\\" else "".join(tokens)[:200]


def _count(tokens: Tokens | None) -> int:
    found = _NUMBER.match("".join(tokens or ()))
    return max(0, min(9, int(found[1]))) if found else 0


def _signature(stream: TokenStream) -> tuple[tuple[str, ...], tuple[tuple[str, ...] | None, ...]]:
    """The parameters of a LaTeX definition: [number][default of the first]."""
    count = _count(stream.optional())
    default = stream.optional() if count else None
    parameters = ("m",) * count
    defaults: tuple[tuple[str, ...] | None, ...] = (None,) * count
    if default is not None:
        parameters, defaults = ("o", *parameters[1:]), (tuple(default), *defaults[1:])
    return parameters, defaults


def _newcommand(macros: Macros, stream: TokenStream, command: str) -> None:
    name = _name(stream)
    parameters, defaults = _signature(stream)
    body = compiled(stream.argument())
    macros.define(name, Macro(body, parameters, defaults), keep=command == "providecommand")


def _robust(macros: Macros, stream: TokenStream, _command: str) -> None:
    r"""\NewDocumentCommand: its argument specification as far as text needs it."""
    name = _name(stream)
    kinds: list[str | tuple[str, ...]] = []
    defaults: list[tuple[str, ...] | None] = []
    specification = "".join(stream.argument())
    at = 0
    while at < len(specification) and len(kinds) < 9:
        letter = specification[at]
        at += 1
        default: tuple[str, ...] | None = None
        if letter == "O" and (found := re.compile(r"\s*\{([^{}]*)\}").match(specification, at)):
            default = (found[1],) if found[1] else ()
            at = found.end()
        if letter in "mv":
            kinds.append("m")
        elif letter in "oO":
            kinds.append("o")
        elif letter == "s":
            kinds.append("s")
        else:
            continue
        defaults.append(default)
    macros.define(name, Macro(compiled(stream.argument()), tuple(kinds), tuple(defaults)))


def _def(macros: Macros, stream: TokenStream, _command: str) -> None:
    token = stream.next()
    while token == " ":
        token = stream.next()
    if token is None or token[0] != "\\":
        return
    pattern: Tokens = []
    while (found := stream.next()) is not None and found != "{":
        pattern.append(found)
        if len(pattern) > 100 or found == PARAGRAPH:
            stream.push(pattern)
            return
    if found is None:
        stream.push(pattern)
        return
    stream.push(["{"])
    body = compiled(stream.argument())
    prefix: list[str] = []
    parameters: list[str | tuple[str, ...]] = []
    for part in compiled(pattern):
        if isinstance(part, int):
            parameters.append("m")
        elif not parameters:
            prefix.append(part)
        else:
            last = parameters[-1]
            parameters[-1] = (part,) if isinstance(last, str) else (*last, part)
    macros.define(token[1:], Macro(body, tuple(parameters[:9]), (None,) * len(parameters[:9]), tuple(prefix)))


def _let(macros: Macros, stream: TokenStream, _command: str) -> None:
    name = _name(stream)
    token = stream.next()
    while token is not None and (token == " " or token == "="):
        token = stream.next()
    if token is None:
        return
    known = macros.defined.get(token[1:]) if token[0] == "\\" else None
    if known is not None:
        macros.define(name, known)
    elif token != f"\\{name}":
        macros.define(name, Macro((token,)))


def _operator(macros: Macros, stream: TokenStream, _command: str) -> None:
    starred = stream.star()
    name = _name(stream)
    text = compiled(stream.argument())
    opening = "\\operatorname*" if starred else "\\operatorname"
    macros.define(name, Macro((opening, "{", *text, "}")))


def _environment(macros: Macros, stream: TokenStream, _command: str) -> None:
    stream.star()
    name = written(stream.argument()).strip()[:200]
    parameters, defaults = _signature(stream)
    begin, end = compiled(stream.argument()), compiled(stream.argument())
    inner = macros.only_simple and (_is_inner(Macro(begin)) or _is_inner(Macro(end)))
    if not inner and len(macros.environments) < MOST_MACROS:
        macros.environments[name] = (Macro(begin, parameters, defaults), Macro(end))


def _newif(macros: Macros, stream: TokenStream, _command: str) -> None:
    name = (stream.next() or "\\")[1:]
    if name.startswith("if") and len(macros.flags) < MOST_MACROS:
        macros.flags[name] = False


_DEFINING: dict[str, Callable[[Macros, TokenStream, str], None]] = {
    **dict.fromkeys(
        (
            "newcommand",
            "renewcommand",
            "providecommand",
            "DeclareRobustCommand",
            "newrobustcmd",
            "renewrobustcmd",
        ),
        _newcommand,
    ),
    **dict.fromkeys(
        ("NewDocumentCommand", "RenewDocumentCommand", "ProvideDocumentCommand", "DeclareDocumentCommand"),
        _robust,
    ),
    **dict.fromkeys(("def", "gdef", "edef", "xdef"), _def),
    "let": _let,
    "DeclareMathOperator": _operator,
    **dict.fromkeys(("newenvironment", "renewenvironment"), _environment),
    "newif": _newif,
}
