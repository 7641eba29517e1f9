r"""\input and its kin, and the definitions of style files: read from the archive, never from the disk."""

from __future__ import annotations

from fallow_ingest.fulltext import words
from fallow_ingest.fulltext.latex_reader import Handler, Reader, plain_argument
from fallow_ingest.fulltext.latex_tokens import ExhaustedError, TokenStream

_LARGEST_STYLE = 300_000
_MOST_STYLE_TOKENS = 200_000


def read_file(reader: Reader, name: str) -> None:
    r"""\input and its kin, from the archive."""
    folder = ""
    if name in ("import", "subimport", "inputfrom", "includefrom"):
        reader.stream.star()
        folder = reader.stream.raw_argument().strip()
    if reader.stream.peek(spaces=False) == "{":
        path = reader.stream.raw_argument()
    else:
        path = ""
        while (token := reader.stream.peek()) is not None and token[0] not in " \n\\{}$":
            path += token
            reader.stream.next()
    if not path.strip().lower().endswith((".pgf", ".tikz", ".pdf_tex", ".eps_tex", ".pstex_t")):
        reader.open_file(path, folder)


def if_file_exists(reader: Reader, name: str) -> None:
    r"""\IfFileExists{file}{then}{else}."""
    path = reader.stream.raw_argument()
    then, otherwise = reader.stream.argument(), reader.stream.argument()
    found = reader.project.find(path) is not None
    if name == "InputIfFileExists" and found:
        reader.stream.push(then)
        reader.open_file(path)
        return
    reader.stream.push(then if found else otherwise)


def end_input(reader: Reader, _name: str) -> None:
    r"""\endinput: the rest of the file is not read."""
    reader.stream.close_file()
    reader.out.append(" ")


def style_file(reader: Reader, name: str) -> None:
    r"""\usepackage, \documentclass: plain definitions of a style that came with the paper are learnt."""
    reader.stream.optional()
    names = plain_argument(reader)
    reader.stream.optional()
    for style in names.split(",")[:50]:
        path = reader.project.find(f"{style.strip()}.{'cls' if name == 'documentclass' else 'sty'}")
        if path is None or path in reader.styles_read or len(reader.project.text(path)) > _LARGEST_STYLE:
            continue
        reader.styles_read.add(path)
        _learn(reader, reader.project.text(path))


def _learn(reader: Reader, text: str) -> None:
    stream = TokenStream(min(_MOST_STYLE_TOKENS, max(0, reader.stream.left)))
    stream.at_letters = True
    stream.open_file(text, "")
    granted = stream.left
    reader.macros.only_simple = True
    try:
        while (token := stream.next()) is not None:
            if token[0] == "\\" and token[1:] not in ("else", "fi"):
                reader.macros.definition(token[1:], stream)
    except ExhaustedError:
        pass
    finally:
        reader.macros.only_simple = False
        reader.stream.left -= granted - max(0, stream.left)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(
        words("input include subfile subfileinclude import subimport inputfrom includefrom @input"), read_file
    ),
    **dict.fromkeys(("IfFileExists", "InputIfFileExists"), if_file_exists),
    "endinput": end_input,
    **dict.fromkeys(("usepackage", "RequirePackage", "documentclass"), style_file),
}
