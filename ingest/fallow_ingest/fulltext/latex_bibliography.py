r"""Bibliographies: \bibitem lists of every BibTeX style, biblatex's .bbl, and .bib files as a last resort."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from fallow_ingest.fulltext.latex_citations import Label, label_of
from fallow_ingest.fulltext.latex_reader import Handler, RawEntry, Reader, plain_argument
from fallow_ingest.fulltext.latex_tokens import lexed
from fallow_ingest.fulltext.printed_references import reference_of, surnames
from fallow_ingest.fulltext.running import MOST_ENTRIES, RUN_IN_BEGINS, RUN_IN_ENDS, Entry
from fallow_ingest.records import Reference
from fallow_ingest.sources.bibtex import BrokenEntryError, parse_entry
from fallow_ingest.text.latex import latex_to_text
from fallow_ingest.text.normalise import plain

BLOCK = "\ue004"
r"""Stands for \newblock in the raw text of an entry."""

LARGEST_BIB = 8 * 2**20
"""Characters of the .bib files of one paper that are looked through."""

_MARKS = re.compile("\ue000\\d*\ue001")
_RESERVED = re.compile("[\ue000-\ue00f]")
# Mathematicians and some physicists set titles in italics and do not part blocks: what follows is then a
# venue's name, while after a journal in italics its volume follows.
_ITALIC_TITLE = re.compile(
    f"[,.:]\\s*{RUN_IN_BEGINS}([^{RUN_IN_ENDS}]{{10,400}}?)[,.]?{RUN_IN_ENDS}\\s*[,.(]*\\s*(?=[^\\W\\d_])"
)
_BIB_ENTRY = re.compile(r"^[ \t]*@[ \t]*([A-Za-z]+)[ \t]*[{(]", re.MULTILINE)
_BBL_ENTRY = re.compile(r"\\entry\{([^{}]*)\}\{[^{}]*\}")
_BBL_FIELD = re.compile(
    r"\\(?:field|strng)\{(title|subtitle|year|labelyear|eprint|eprinttype|doi|booktitle|journaltitle|url|date)\}\{"
)
_BBL_VERB = re.compile(r"\\verb\{(doi|eprint|url|urlraw)\}\s*\\verb\s+(\S+)\s*\\endverb")
_BBL_FAMILY = re.compile(
    r"(?:family|lastname)=\{((?:[^{}]|\{[^{}]*\})*)\}|\{\{(?:uniquename=\d,)?(?:hash=\w*)?\}\{([^{}]*)\}"
)


def bibitem(reader: Reader, _name: str) -> None:
    r"""\bibitem[label]{key}: what follows, up to the next, is the entry."""
    label = reader.stream.optional()
    key = plain_argument(reader)[:200]
    entry = RawEntry(plain(key), reader.render(label) if label else "")
    if len(reader.document.entries) < MOST_ENTRIES:
        reader.document.entries.setdefault(entry.key, entry)
    reader.entry = entry
    reader.out = entry.out


def new_block(reader: Reader, _name: str) -> None:
    r"""\newblock parts author, title and venue in most styles."""
    reader.out.append(BLOCK if reader.entry is not None else " ")


def bib_field(reader: Reader, _name: str) -> None:
    r"""\bibinfo{title}{...}, \bibfield: the entry's style tells what its words are."""
    kind = plain_argument(reader).lower()
    text = reader.render(reader.stream.argument())
    if reader.entry is not None and len(reader.entry.fields) < 50:
        reader.entry.fields.setdefault(kind, text)
    reader.out.append(text)


def shown_title(reader: Reader, _name: str) -> None:
    r"""\showarticletitle{...}, as ACM's style has it."""
    text = reader.render(reader.stream.argument())
    if reader.entry is not None:
        reader.entry.fields.setdefault("title", text)
    reader.out.append(text)


def linked_doi(reader: Reader, _name: str) -> None:
    r"""\mn@doi[words]{10...}, as MNRAS's style has it."""
    words = reader.stream.optional()
    _remember(reader, f"doi:{_spelt(reader, reader.stream.raw_argument())}")
    reader.stream.push(words or [])


def link(reader: Reader, _name: str) -> None:
    r"""\href{address}{words}, in an entry a place to take an id from."""
    reader.stream.optional()
    address = reader.stream.raw_argument()
    _remember(reader, _spelt(reader, address))
    reader.stream.push(reader.stream.argument())


def address(reader: Reader, name: str) -> None:
    r"""\url, \doi, \path: the address as it stands."""
    text = _spelt(reader, reader.stream.raw_argument())
    _remember(reader, f"doi:{text}" if name in ("doi", "showDOI") else text)
    reader.out.append(_RESERVED.sub("", text))


def eprint(reader: Reader, _name: str) -> None:
    r"""\eprint{...} and \showeprint[arxiv]{...}: mostly an arXiv id."""
    archive = reader.stream.optional()
    text = reader.render(reader.stream.argument())
    _remember(reader, f"arxiv:{plain(text)}")
    reader.out.append(f"arXiv:{text}" if archive else text)


def _spelt(reader: Reader, address: str) -> str:
    """The address with its macros (\\doibase) spelt out and its escapes taken away."""
    if "\\" in address:
        address = _MARKS.sub(
            "", reader.render(lexed(address.replace("%", "\\%").replace("~", "\\textasciitilde ")))
        )
    return "".join(address.split())


def _remember(reader: Reader, address: str) -> None:
    if reader.entry is not None and len(reader.entry.addresses) < 20:
        reader.entry.addresses.append(address[:1_000])


def bibliography(reader: Reader, name: str) -> None:
    r"""\bibliography{a,b}: the .bbl file of the paper is read in its place."""
    if name == "addbibresource":
        reader.stream.optional()
    if name != "printbibliography":
        reader.document.bib_names += [part.strip() for part in plain_argument(reader).split(",")[:100]]
    else:
        reader.stream.optional()
    if name == "addbibresource" or reader.bibliography_read:
        return
    path = bbl_of(reader)
    if path is not None:
        text = reader.project.text(path)
        if "\\entry{" not in text:
            reader.bibliography_read = True
            reader.open_file(path)


def bbl_of(reader: Reader) -> str | None:
    """The .bbl file of the paper: named like its main file, like its .bib, or the only one."""
    files = reader.stream.files()
    stems = [posixpath.splitext(path)[0] for path in (reader.main, *files)] + reader.document.bib_names
    paths = reader.project.paths(".bbl")
    for stem in stems:
        for path in paths:
            if path.lower() == f"{stem}.bbl".lower():
                return path
    return paths[0] if len(paths) == 1 else None


def entries_of(reader: Reader) -> tuple[list[Entry], dict[str, Label]]:
    """(entries, labels by key): of the \\bibitems that were read, of a biblatex .bbl, or of .bib files."""
    raw = list(reader.document.entries.values())
    if raw:
        labels = {entry.key: label_of(entry.label, number) for number, entry in enumerate(raw, 1)}
        return [Entry(entry.key, _reference(entry)) for entry in raw], labels
    path = bbl_of(reader)
    if path is not None and "\\entry{" in (text := reader.project.text(path)):
        return _numbered(_of_biblatex(text))
    return _numbered(_of_bib_files(reader))


def _numbered(
    found: Iterable[tuple[str, Mapping[str, str], list[str]]],
) -> tuple[list[Entry], dict[str, Label]]:
    entries: list[Entry] = []
    labels: dict[str, Label] = {}
    for key, fields, families in found:
        if key in labels or len(entries) >= MOST_ENTRIES:
            continue
        year = re.search(
            r"\d{4}", fields.get("year", "") or fields.get("date", "") or fields.get("labelyear", "")
        )
        authors = f"{families[0]} et al." if len(families) > 2 else " and ".join(families)
        labels[key] = Label(authors, year[0] if year else "", str(len(entries) + 1))
        blocks = [
            ", ".join(families),
            fields.get("title", ""),
            fields.get("venue", ""),
            year[0] if year else "",
        ]
        text = ". ".join(block for block in blocks if block)
        addresses = [value for name in ("eprint", "doi", "url", "journal") if (value := fields.get(name, ""))]
        entries.append(
            Entry(
                key,
                reference_of(
                    text,
                    [text],
                    {"title": fields.get("title", ""), "year": year[0] if year else ""},
                    addresses,
                ),
            )
        )
    return entries, labels


def _reference(entry: RawEntry) -> Reference:
    raw = _MARKS.sub("", "".join(entry.out))
    blocks = [plain(_RESERVED.sub("", block)) for block in raw.split(BLOCK)]
    blocks = [block for block in blocks if block]
    fields = {name: plain(_RESERVED.sub("", _MARKS.sub("", value))) for name, value in entry.fields.items()}
    if len(blocks) < 2 and not fields and (found := _ITALIC_TITLE.search(raw)):
        fields["title"] = plain(_RESERVED.sub("", found[1]))
    return reference_of(" ".join(blocks), blocks, fields, entry.addresses)


def _of_biblatex(text: str) -> Iterator[tuple[str, Mapping[str, str], list[str]]]:
    """(key, fields, surnames) of every entry of a biblatex .bbl."""
    starts = list(_BBL_ENTRY.finditer(text))[:MOST_ENTRIES]
    for index, found in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(text)
        body = text[found.end() : min(end, found.end() + 50_000)]
        fields: dict[str, str] = {}
        for said in _BBL_FIELD.finditer(body):
            fields.setdefault(said[1], _clean(_braced(body, said.end())))
        for said in _BBL_VERB.finditer(body):
            fields.setdefault(said[1], said[2])
        if fields.get("eprint") and fields.get("eprinttype", "arxiv").lower() == "arxiv":
            fields["eprint"] = f"arxiv:{fields['eprint']}"
        fields["venue"] = fields.get("journaltitle") or fields.get("booktitle", "")
        families = [_clean(one or other) for one, other in _BBL_FAMILY.findall(body[:20_000])]
        yield plain(found[1]), fields, [name for name in families if name][:50]


def _braced(text: str, start: int) -> str:
    """The text from there to the brace that closes it."""
    depth = 1
    for found in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if found[0] == "{" else -1
        if not depth:
            return text[start : found.start()]
    return text[start : start + 500]


def _of_bib_files(reader: Reader) -> Iterator[tuple[str, Mapping[str, str], list[str]]]:
    """(key, fields, surnames) of the entries of .bib files that the paper cites, in the order it does."""
    names = [
        found
        for name in reader.document.bib_names
        if (found := reader.project.find(f"{name.removesuffix('.bib')}.bib"))
    ]
    paths = list(dict.fromkeys(names)) or reader.project.paths(".bib")
    known: dict[str, Mapping[str, str]] = {}
    strings: dict[str, str] = {}
    left = LARGEST_BIB
    for path in paths:
        text = reader.project.text(path)[:left]
        left -= len(text)
        starts = [begun.start() for begun in _BIB_ENTRY.finditer(text)]
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            try:
                entry = parse_entry(text[start:end], strings)
            except BrokenEntryError:
                continue
            if entry is not None:
                known.setdefault(entry.key, entry.fields)
    cited = known if "*" in reader.document.cited else [key for key in reader.document.cited if key in known]
    for key in cited:
        fields = {
            name: _clean(value)
            for name, value in known[key].items()
            if len(value) < 20_000 and name != "abstract"
        }
        archive = fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).lower()
        if fields.get("eprint") and archive == "arxiv":
            fields["eprint"] = f"arxiv:{fields['eprint'].removeprefix('arXiv:')}"
        if fields.get("doi"):
            fields["doi"] = f"doi:{fields['doi'].rsplit('doi.org/', 1)[-1]}"
        fields["venue"] = next(
            (fields[n] for n in ("journal", "journaltitle", "booktitle") if fields.get(n)), ""
        )
        yield key, fields, surnames(known[key].get("author", "") or known[key].get("editor", ""))


def _clean(text: str) -> str:
    return plain(_RESERVED.sub("", latex_to_text(text, drop_braces=True)))


HANDLERS: dict[str, Handler] = {
    "bibitem": bibitem,
    "newblock": new_block,
    **dict.fromkeys(("bibinfo", "bibfield"), bib_field),
    "showarticletitle": shown_title,
    "mn@doi": linked_doi,
    **dict.fromkeys(("href", "href@noop", "Eprint"), link),
    **dict.fromkeys(("url", "nolinkurl", "path", "doi"), address),
    **dict.fromkeys(("eprint", "showeprint"), eprint),
    **dict.fromkeys(("bibliography", "printbibliography", "addbibresource"), bibliography),
}
