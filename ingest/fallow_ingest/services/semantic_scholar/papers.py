"""One paper as Semantic Scholar tells it, by its API (camelCase) or in its data sets (lower case)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fallow_ingest.dates import read_date
from fallow_ingest.identifiers import parse_id
from fallow_ingest.records import CitationContext, Paper, Reference, Section, Status
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable

LARGEST_CORPUS_ID = 10**12
MOST_CONTEXTS = 500
MOST_INTENTS = 10
LONGEST_INTENT = 40

INFLUENTIAL = "influential"
"""Beside the intents of a context whose citation Semantic Scholar counts as influential."""

_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_SCHEMES = {
    "arxiv": "arxiv", "doi": "doi", "acl": "acl", "pubmed": "pmid", "pubmedcentral": "pmcid",
    "dblp": "dblp", "mag": "mag",
}  # fmt: skip
_EXTRA = {
    "paperid": "paperId",
    "citationcount": "citationCount",
    "influentialcitationcount": "influentialCitationCount",
    "referencecount": "referenceCount",
    "publicationtypes": "publicationTypes",
    "journal": "journal",
}
_COUNTS = ("citationCount", "influentialCitationCount", "referenceCount")
# Publishers mark a retracted article in its title; a "Retraction note: ..." is another document.
_STATUS = re.compile(
    r"^\W*(retracted|withdrawn)(?:\s+(?:article|paper|chapter))?\s*[:\])\-–—]", re.IGNORECASE
)


def corpus_id(value: object) -> int | None:
    """A corpus id given as a number or as digits; None for anything else.

    >>> corpus_id("20187272"), corpus_id(7.0), corpus_id(None), corpus_id(True)
    (20187272, None, None, None)
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 13:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < LARGEST_CORPUS_ID else None


def key_of(record: Mapping[str, object]) -> str:
    """The paper's key, "s2:<corpus id>" (or its hash where that is all there is); "" without either."""
    number = corpus_id(record.get("corpusId", record.get("corpusid")))
    outside = record.get("externalIds", record.get("externalids"))
    if number is None and isinstance(outside, Mapping):
        number = corpus_id(outside.get("CorpusId"))
    if number is not None:
        return f"s2:{number}"
    sha = record.get("paperId", record.get("paperid"))
    return f"s2:{sha}" if isinstance(sha, str) and _SHA.fullmatch(sha) else ""


def paper_of(
    record: Mapping[str, object],
    notes: field.Notes,
    *,
    seen_on: str,
    sections: tuple[Section, ...] = (),
    references: tuple[Reference, ...] = (),
) -> Paper | Unreadable:
    """The paper that a record tells; what was mended goes into notes.

    seen_on: the day or release by which its counts of citations were true. A data set's record may have
    "abstract" and "tldr" joined to it from the data sets of these names.
    """
    key = key_of(record)
    if not key:
        return Unreadable("no id", "")
    said = {name.lower(): value for name, value in record.items()}
    title = field.line_of_text(said.get("title"), field.LONGEST_TITLE, "title", notes)
    if not title:
        return Unreadable("no title", key)
    date = read_date(str(said["publicationdate"])) if isinstance(said.get("publicationdate"), str) else ""
    year = field.year_of(said.get("year"))
    return Paper(
        key=key,
        title=title,
        abstract=field.paragraphs(said.get("abstract"), field.LONGEST_ABSTRACT, "abstract", notes),
        authors=field.names_of(said.get("authors"), notes),
        year=year if year is not None or not date else int(date[:4]),
        date=date,
        venue=_venue(said, notes),
        ids=outside_ids(said.get("externalids"), notes),
        references=references,
        sections=sections,
        url=field.web_address(said.get("url")),
        status=_status(title),
        extra=_extra(said, seen_on, notes),
    )


def outside_ids(value: object, notes: field.Notes) -> dict[str, str]:
    """scheme -> value of what Semantic Scholar calls external ids, whatever the case of their names."""
    if not isinstance(value, Mapping):
        return {}
    given = {str(name).lower(): entry for name, entry in list(value.items())[:50]}
    if central := given.get("pubmedcentral"):
        given["pubmedcentral"] = f"PMC{str(central)[:20].upper().removeprefix('PMC')}"
    return field.ids_of([(ours, given[name]) for name, ours in _SCHEMES.items() if name in given], notes)


def fields_of_study(record: Mapping[str, object]) -> tuple[str, ...]:
    """The names of its fields of study, by their model and by others, each once."""
    said = {name.lower(): value for name, value in record.items() if "ieldsofstudy" in name.lower()}
    names: dict[str, None] = {}
    for entry in _list(said.get("s2fieldsofstudy"))[:100]:
        name = entry.get("category") if isinstance(entry, Mapping) else None
        if isinstance(name, str):
            names[name[:100]] = None
    names |= {name[:100]: None for name in _list(said.get("fieldsofstudy"))[:100] if isinstance(name, str)}
    return tuple(names)


def contexts_of(record: Mapping[str, object], notes: field.Notes) -> tuple[CitationContext, ...]:
    """The sentences of one citation with why each cites.

    Intents may come with each context, beside them in the same order (each one, several or none), or as
    one list for all contexts, which then stands with each.
    """
    said = {name.lower(): value for name, value in record.items()}
    pairs = _pairs(said)
    if len(pairs) > MOST_CONTEXTS:
        notes.add("citation contexts cut")
    mark = (INFLUENTIAL,) if said.get("isinfluential") is True else ()
    contexts = (
        CitationContext(
            field.line_of_text(text, field.LONGEST_REFERENCE, "citation context", notes),
            intents=_intents(intents) + mark,
        )
        for text, intents in pairs[:MOST_CONTEXTS]
        if isinstance(text, str)
    )
    return tuple(dict.fromkeys(context for context in contexts if context.text))


def _pairs(said: Mapping[str, object]) -> list[tuple[object, object]]:
    together = [entry for entry in _list(said.get("contextswithintent")) if isinstance(entry, Mapping)]
    if together:
        return [(entry.get("context"), entry.get("intents")) for entry in together]
    contexts, intents = _list(said.get("contexts")), _list(said.get("intents"))
    if len(contexts) == len(intents):
        return list(zip(contexts, intents, strict=True))
    flat = [part for entry in intents for part in (entry if isinstance(entry, list) else [entry])]
    return [(context, flat) for context in contexts]


def _intents(value: object) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else _list(value)
    names = (name.strip()[:LONGEST_INTENT] for name in given[:MOST_INTENTS] if isinstance(name, str))
    return tuple(dict.fromkeys(name for name in names if name and name.isprintable()))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _venue(said: Mapping[str, object], notes: field.Notes) -> str:
    for value in (said.get("venue"), said.get("publicationvenue"), said.get("journal")):
        name = value.get("name") if isinstance(value, Mapping) else value
        text = field.line_of_text(name, field.LONGEST_NAME, "venue", notes) if name else ""
        if text:
            return text
    return ""


def _status(title: str) -> Status:
    found = _STATUS.match(title)
    if not found:
        return ""
    return "retracted" if found[1].lower() == "retracted" else "withdrawn"


def _extra(said: Mapping[str, object], seen_on: str, notes: field.Notes) -> dict[str, object]:
    extra: dict[str, object] = {ours: said.get(theirs) for theirs, ours in _EXTRA.items()}
    tldr = said.get("tldr")
    extra["tldr"] = field.line_of_text(
        tldr.get("text") if isinstance(tldr, Mapping) else tldr, field.LONGEST_REFERENCE, "tldr", notes
    )
    extra["fieldsOfStudy"] = list(fields_of_study(said))
    place = said.get("openaccesspdf")
    extra["openAccessPdf"] = field.web_address(place.get("url")) if isinstance(place, Mapping) else ""
    if any(extra.get(name) is not None for name in _COUNTS):
        extra["counted"] = seen_on
    return field.bounded_extra(extra, notes)


def asked_as(text: str) -> str | None:
    """The id as their API wants it; None for one of a scheme that it does not know.

    >>> asked_as("s2:14636783"), asked_as("https://arxiv.org/abs/1706.03762v5"), asked_as("P18-1001")
    ('CorpusId:14636783', 'ARXIV:1706.03762', 'ACL:P18-1001')
    >>> asked_as("pmcid:PMC2323736"), asked_as("openalex:W2741809807")
    ('PMCID:2323736', None)
    """
    found = parse_id(text)
    if found is None:
        return None
    if found.scheme == "s2":
        return f"CorpusId:{found.value}" if found.value.isdigit() else found.value
    prefix = {
        "arxiv": "ARXIV", "doi": "DOI", "acl": "ACL", "pmid": "PMID", "pmcid": "PMCID", "mag": "MAG",
    }.get(found.scheme)  # fmt: skip
    value = found.value.upper().removeprefix("PMC") if prefix == "PMCID" else found.value
    return f"{prefix}:{value}" if prefix else None
