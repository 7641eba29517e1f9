"""A submission as OpenReview tells it, of either generation of the API, as a paper with its reviews."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from fallow_ingest.identifiers import parse_id
from fallow_ingest.records import Paper
from fallow_ingest.services.openreview import SITE
from fallow_ingest.services.openreview.replies import Names, decision_of, last_parts, reviews_of
from fallow_ingest.services.openreview.values import content_of, day_of, is_public, later_day, texts_in
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable

State = Literal["accepted", "rejected", "withdrawn", "desk rejected", "submitted", ""]
"""What became of a submission; "submitted": under review, or its venue does not say."""

_ID = re.compile(r"[A-Za-z0-9_.-]{1,80}", re.ASCII)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ACCEPTED = re.compile(r"\b(?:oral|spotlight|poster|notable|accept\w*)\b", re.IGNORECASE)
_BIBTEX_FIELD = re.compile(r"\b(doi|eprint|url|journal)\s*=\s*[{\"]\s*([^{}\"]{1,300})[}\"]", re.IGNORECASE)
_ARXIV_MENTION = re.compile(r"arXiv[: ](?:preprint arXiv:)?\s*(\d{4}\.\d{4,5})", re.IGNORECASE)
_LONGEST_BIBTEX = 20_000
_EXTRA = ("TLDR", "TL;DR", "primary_area", "subject_areas")


def paper_of(note: Mapping[str, object], names: Names, notes: field.Notes) -> Paper | Unreadable:
    """The paper that a note tells; what was mended goes into notes, what cannot be read is told as such."""
    forum = note.get("id")
    if not isinstance(forum, str) or not _ID.fullmatch(forum):
        return Unreadable("no id", str(forum)[:100])
    if note.get("forum", forum) != forum or note.get("replyto"):
        return Unreadable("a reply, not a submission", f"ask for openreview:{str(note.get('forum'))[:80]}")
    if not is_public(note):
        return Unreadable("not public", forum)
    content = content_of(note)
    title = field.line_of_text(content.get("title"), field.LONGEST_TITLE, "title", notes)
    if not title:
        return Unreadable("no title", forum)
    replies = _replies(note, notes)
    date = public_day(note)
    venue = field.line_of_text(content.get("venue"), field.LONGEST_NAME, "venue", notes)
    decision = decision_of(replies, names)
    url = f"{SITE}/forum?id={forum}"
    return Paper(
        key=f"openreview:{forum}",
        title=title,
        abstract=field.paragraphs(content.get("abstract"), field.LONGEST_ABSTRACT, "abstract", notes),
        authors=_authors(content.get("authors"), notes),
        year=_year(note, content, date),
        date=date,
        venue=venue or _venue_of_id(content),
        keywords=field.labels_of(content.get("keywords"), "keywords", notes, separators=r"\s*[;,]\s*"),
        ids={"openreview": forum, **_ids(content)},
        reviews=reviews_of(replies, names, date, notes),
        url=url,
        version=_modified(note),
        extra=field.bounded_extra(
            {
                "state": state_of(content, venue, decision, replies, _home(note)),
                "decision": decision,
                "venueid": content.get("venueid"),
                "license": note.get("license"),
                "pdf": f"{SITE}/pdf?id={forum}" if content.get("pdf") else None,
                **{name: content.get(name) for name in _EXTRA if isinstance(content.get(name), str)},
            },
            notes,
        ),
    )


def public_day(note: Mapping[str, object]) -> str:
    """The first day on which the submission is known to have been public, "" when OpenReview does not say.

    odate is when it was opened to everybody, pdate when it was published: the earlier counts. cdate is when
    its authors made it, behind closed doors at many venues, and would let questions about the past see a
    paper that nobody could have read; without the others the venue's year has to do.
    """
    days = [day for name in ("odate", "pdate") if (day := day_of(note.get(name)))]
    return min(days, default="")


def state_of(
    content: Mapping[str, object],
    venue: str,
    decision: str,
    replies: Sequence[Mapping[str, object]],
    home: str,
) -> State:
    """What became of the submission, by its venue id, its venue's words, its decision, or its replies.

    home: the venue it was submitted to. A venue puts its own id on what it accepts; API 1 also on the rest,
    which it calls "Submitted".
    """
    last = _text(content.get("venueid")).rsplit("/", 1)[-1].lower()
    said = f"{last} {venue.lower().replace(' ', '_')}"
    ends = {part.lower() for reply in replies for part in last_parts(reply)}
    if "desk_reject" in said or "desk_rejection" in ends:
        return "desk rejected"
    if "withdrawn" in said or ends & {"withdrawal", "withdraw"}:
        return "withdrawn"
    if "rejected" in said or decision.lower().startswith("reject"):
        return "rejected"
    if decision.lower().startswith("accept") or _ACCEPTED.search(venue):
        return "accepted"
    if home and home == _text(content.get("venueid")) and "submi" not in venue.lower():
        return "accepted"
    return "submitted" if "submi" in said or last else ""


def _home(note: Mapping[str, object]) -> str:
    """The id of the venue that the note was submitted to."""
    domain = _text(note.get("domain"))
    return domain or _invitations(note)[0].split("/-/", 1)[0]


def _invitations(note: Mapping[str, object]) -> list[str]:
    several = note.get("invitations")
    told = several[:5] if isinstance(several, list) else [note.get("invitation")]
    return [_text(invitation)[:300] for invitation in told] or [""]


def _year(note: Mapping[str, object], content: Mapping[str, object], date: str) -> int | None:
    """The venue's year, by which the paper is cited; else that of its day, or the latest it can be."""
    for name in ("venue", "venueid"):
        if found := _YEAR.search(_text(content.get(name))[:300]):
            return int(found[0])
    for invitation in _invitations(note):
        if found := _YEAR.search(invitation):
            return int(found[0])
    day = date or later_day(note.get("cdate"), note.get("tcdate"))
    return int(day[:4]) if day else None


def _venue_of_id(content: Mapping[str, object]) -> str:
    return _text(content.get("venueid"))[: field.LONGEST_NAME]


def _authors(value: object, notes: field.Notes) -> tuple[str, ...]:
    """Names of a list of strings or of objects; what a venue writes in place of hidden ones is none."""
    if isinstance(value, list):
        value = [
            {"name": entry.get("fullname") or entry.get("name")} if isinstance(entry, dict) else entry
            for entry in value
        ]
    names = field.names_of(value, notes)
    return tuple(name for name in names if name.lower() not in ("anonymous", "anonymous authors"))


def _ids(content: Mapping[str, object]) -> dict[str, str]:
    """arXiv and DOI ids that the note's address fields or its BibTeX entry name."""
    said = [_text(content.get(name)) for name in ("html", "pdf", "doi", "arxiv", "arxiv_id", "external_link")]
    bibtex = _text(content.get("_bibtex"))[:_LONGEST_BIBTEX]
    for name, value in _BIBTEX_FIELD.findall(bibtex):
        said.append(f"arxiv:{value}" if name.lower() == "eprint" else value)
        if mention := _ARXIV_MENTION.search(value):
            said.append(f"arxiv:{mention[1]}")
    ids: dict[str, str] = {}
    for value in said:
        found = parse_id(value) if 0 < len(value) <= 1_000 else None
        if found is not None and found.scheme in ("arxiv", "doi", "acl", "pmlr"):
            ids.setdefault(found.scheme, found.value)
    return ids


def _replies(note: Mapping[str, object], notes: field.Notes) -> list[Mapping[str, object]]:
    details = note.get("details")
    found = (details.get("replies") or details.get("directReplies")) if isinstance(details, dict) else None
    return texts_in(found, notes)


def _modified(note: Mapping[str, object]) -> str:
    for name in ("tmdate", "mdate"):
        moment = note.get(name)
        if isinstance(moment, int) and 0 < moment < 10**14:
            return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return ""


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
