"""Lines of Semantic Scholar's data sets: of which data set each is, and what several say of one paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fallow_ingest.records import Paper, Reference
from fallow_ingest.services.semantic_scholar.full_text import full_text, is_full_text
from fallow_ingest.services.semantic_scholar.papers import contexts_of, corpus_id, paper_of
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable

PAPERS, ABSTRACTS, TLDRS, CITATIONS, FULL_TEXTS = "papers", "abstracts", "tldrs", "citations", "s2orc_v2"


def data_set_of(record: Mapping[str, object]) -> str:
    """The data set that a line is from, by what it holds; "" for one that is not read here.

    >>> data_set_of({"citingcorpusid": "1", "citedcorpusid": None}), data_set_of({"authorid": "1"})
    ('citations', '')
    """
    if "citingcorpusid" in record:
        return CITATIONS
    if is_full_text(record):
        return FULL_TEXTS
    if "title" in record and "corpusid" in record:
        return PAPERS
    if "abstract" in record and "corpusid" in record:
        return ABSTRACTS
    return TLDRS if "text" in record and "corpusid" in record else ""


def paper_number(record: Mapping[str, object]) -> int | None:
    """The corpus id of the paper that a line tells of (of a citation: the paper that cites)."""
    return corpus_id(record.get("citingcorpusid", record.get("corpusid")))


def joined(
    parts: Mapping[str, Mapping[str, object]],
    notes: field.Notes,
    *,
    seen_on: str,
    citations: Iterable[Mapping[str, object]] = (),
    contexts: bool = True,
) -> Paper | Unreadable:
    """One paper of its parts, by data set. contexts: keep the sentences that a full text cites in.

    citations: lines of the data set of that name, this paper the citing one; they come before the
    references of the full text, which they repeat with the sentences and their intents.
    """
    whole = parts.get(FULL_TEXTS)
    text = full_text(whole, notes, contexts=contexts) if whole else None
    record = {**_front(whole), **parts.get(PAPERS, {})} if whole else dict(parts.get(PAPERS, {}))
    abstract = parts.get(ABSTRACTS, {}).get("abstract") or (text.abstract if text else "")
    if abstract:
        record["abstract"] = abstract
    if tldr := parts.get(TLDRS):
        record["tldr"] = tldr
    if text and not record.get("title"):
        record["title"] = text.title
    references = _references(citations, text.references if text else (), notes)
    sections = text.sections if text else ()
    return paper_of(record, notes, seen_on=seen_on, sections=sections, references=references)


def _front(whole: Mapping[str, object]) -> dict[str, object]:
    """What a full text says of its paper besides the text."""
    record = {name: whole[name] for name in ("corpusid", "title", "authors", "externalids") if name in whole}
    info = whole.get("openaccessinfo")
    if isinstance(info, Mapping) and "externalids" not in record:
        record["externalids"] = info.get("externalids")
    return record


def _references(
    citations: Iterable[Mapping[str, object]], printed: tuple[Reference, ...], notes: field.Notes
) -> tuple[Reference, ...]:
    found: dict[str, Reference] = {}
    for citation in citations:
        number = corpus_id(citation.get("citedcorpusid"))
        if number is None:
            notes.add("citations of papers unknown to Semantic Scholar left out")
            continue
        if len(found) >= field.MOST_REFERENCES:
            notes.add("references cut")
            break
        key = f"s2:{number}"
        found[key] = Reference(id=key, contexts=contexts_of(citation, notes))
    others: list[Reference] = []
    for reference in printed:
        known = found.get(reference.id)
        if known is None:
            others.append(reference)
        else:
            # The sentences of the text have their places, those of the data set their intents.
            kept = reference.contexts or known.contexts
            found[reference.id] = replace(reference, contexts=kept)
    return (*found.values(), *others)
