"""OpenReview as it answers: API 2 at the root, API 1 below /v1, groups, searches, limits, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, FakeClock, Reply, Respond

from fallow_ingest.services import Selection

NEW, OLD = "Grove.cc/2025/Conference", "Grove.cc/2021/Conference"
LARGEST_PAGE = 4
"""Fewer than any client asks for, as the service does when replies make a page heavy."""

SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (
    int(datetime(2024, month, 5, tzinfo=UTC).timestamp() * 1000) for month in (9, 10, 11, 12)
)
_REFUSED = {"name": "ForbiddenError", "message": "You don't have permission to read this", "status": 403}
_UNKNOWN = {"name": "NotFoundError", "message": "The Note was not found", "status": 404}

Note = dict[str, Any]


def wrapped(**fields: object) -> Note:
    return {name: {"value": value} for name, value in fields.items()}


def reply_of(forum: str, number: int, kind: str, who: str, content: Note, **more: object) -> Note:
    """A reply of API 2."""
    paper = f"{NEW}/Submission{number}"
    return {
        "id": f"{forum}-{kind}-{who}", "forum": forum, "replyto": forum, "readers": ["everyone"],
        "invitations": [f"{paper}/-/{kind}", f"{NEW}/-/Edit"], "signatures": [f"{paper}/{who}"],
        "cdate": OCTOBER, "mdate": NOVEMBER, "content": content, **more,
    }  # fmt: skip


def review_of(forum: str, number: int, who: str, **fields: object) -> Note:
    said = {
        "summary": f"The paper grows a lexicon for grove number {number}.", "soundness": 3, "presentation": 2,
        "strengths": "The idea is simple and the writing is clear.",
        "weaknesses": "The method is only tested on saplings, never on old trees.",
        "questions": "How does the lexicon behave when a tree is felled?", "rating": 6, "confidence": 4,
        "flag_for_ethics_review": ["No ethics review needed."], "code_of_conduct": "Yes",
    }  # fmt: skip
    return reply_of(forum, number, "Official_Review", who, wrapped(**(said | fields)))


def submission(number: int, venueid: str = NEW, venue: str = "Grove 2025 Poster", **more: object) -> Note:
    """A submission of API 2 with a review, an answer of its authors and a decision."""
    forum = f"grove{number:04}"
    accepted = venueid == NEW
    replies = [
        review_of(forum, number, "Reviewer_aB1c"),
        reply_of(forum, number, "Rebuttal", "Authors", wrapped(rebuttal="We thank the reviewer.")),
        reply_of(forum, number, "Decision", "Program_Chairs",
                 wrapped(decision="Accept (Poster)" if accepted else "Reject", comment="All agree.")),
    ]  # fmt: skip
    content = wrapped(
        title=f"Growing lexicon {number} by pruning", authors=["Ada Ash", f"Bo Birch{number}"],
        authorids=["~Ada_Ash1", f"~Bo_Birch{number}"], abstract=f"We prune lexicon {number}.",
        keywords=["lexicon", "pruning"], venue=venue, venueid=venueid, pdf="/pdf/0a.pdf",
    )  # fmt: skip
    return {
        "id": forum, "forum": forum, "number": number, "domain": NEW, "version": 2, "license": "CC BY 4.0",
        "invitations": [f"{NEW}/-/Submission", f"{NEW}/-/Edit"], "readers": ["everyone"],
        "signatures": [f"{NEW}/Submission{number}/Authors"], "content": content,
        "cdate": SEPTEMBER, "odate": OCTOBER, "pdate": DECEMBER, "tmdate": DECEMBER,
        "details": {"replies": replies}, **more,
    }  # fmt: skip


def old_submission(number: int, invitation: str = "Blind_Submission", **fields: object) -> Note:
    """A submission of API 1: no wrapper, one invitation, authors perhaps hidden."""
    forum = f"old{number:04}"
    paper = f"{OLD}/Paper{number}"
    review = {
        "id": f"{forum}r", "forum": forum, "replyto": forum, "readers": ["everyone"], "tcdate": NOVEMBER,
        "invitation": f"{paper}/-/Official_Review", "signatures": [f"{paper}/AnonReviewer2"],
        "content": {"title": "Review", "review": "The proof of lemma two has a gap.", "confidence": "4: high",
                    "rating": "5: Marginally below acceptance threshold"},
    }  # fmt: skip
    return {
        "id": forum, "forum": forum, "number": number, "invitation": f"{OLD}/-/{invitation}",
        "readers": ["everyone"], "tcdate": OCTOBER, "cdate": SEPTEMBER, "details": {"replies": [review]},
        "content": {"title": f"Seeds of grammar {number}", "authors": ["Anonymous"],
                    "abstract": f"Grammar {number} sprouts.", "keywords": [], **fields},
    }  # fmt: skip


def dumped(found: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(found).encode())


class OpenReview:
    """The protocol over two lists of notes. private: forums that the guest may not read."""

    def __init__(self, new: list[Note], old: list[Note], private: frozenset[str] = frozenset()) -> None:
        self.notes = {2: sorted(new, key=lambda n: str(n["id"])), 1: old}
        self.private = private

    def __call__(self, asked: Asked) -> Reply:
        api, path = (1, asked.path[3:]) if asked.path.startswith("/v1/") else (2, asked.path)
        routes: dict[str, Callable[[int, Asked], Reply]] = {
            "/groups": self._group, "/notes": self._notes, "/notes/search": self._search,
        }  # fmt: skip
        if path not in routes:
            return dumped(_UNKNOWN | {"message": f"The path {path} was not found"}, 404)
        return routes[path](api, asked)

    def _group(self, _api: int, asked: Asked) -> Reply:
        venue = asked.one("id")
        if venue == NEW:
            content = wrapped(submission_id=f"{NEW}/-/Submission", review_name="Official_Review")
            return dumped({"groups": [{"id": venue, "content": content}], "count": 1})
        if venue == OLD:
            return dumped({"groups": [{"id": venue, "web": "function() {}"}], "count": 1})
        return dumped(_UNKNOWN | {"message": f"Group Not Found: {venue}"}, 404)

    def _notes(self, api: int, asked: Asked) -> Reply:
        if forum := asked.one("id"):
            if api == 2 and forum in self.private:
                return dumped(_REFUSED, 403)
            found = [note for note in self.notes[api] if note["id"] == forum]
            return self._sent(found, asked) if found or api == 1 else dumped(_UNKNOWN, 404)
        return self._paged([note for note in self.notes[api] if self._matches(note, asked)], api, asked)

    def _matches(self, note: Note, asked: Asked) -> bool:
        invitations = note.get("invitations") or [note["invitation"]]
        content = {
            name: value["value"] if isinstance(value, dict) else value
            for name, value in note["content"].items()
        }
        tests = {
            "invitation": lambda value: value in invitations,
            "content.venueid": lambda value: content.get("venueid") == value,
            "content.authorids": lambda value: value in content.get("authorids", ()),
        }
        given = [(name, value) for name, value in asked.query if name in tests]
        return bool(given) and all(tests[name](value) for name, value in given)

    def _paged(self, found: list[Note], api: int, asked: Asked) -> Reply:
        total = len(found)
        limit = min(int(asked.one("limit", "1000")), LARGEST_PAGE)
        if api == 2 and asked.one("after"):
            assert asked.one("sort") == "id", "keyset paging needs the order of ids"
            found = [note for note in found if note["id"] > asked.one("after")]
        else:
            found = found[int(asked.one("offset", "0")) :]
        return self._sent(found[:limit], asked, total if asked.one("count") == "true" else None)

    def _search(self, api: int, asked: Asked) -> Reply:
        if not asked.one("term"):
            error = {"name": "MissingRequiredError", "message": "term is required", "status": 400}
            return dumped(error, 400)
        group = asked.one("group", "all")
        found = [
            note for note in self.notes[api]
            if asked.one("term") in json.dumps(note["content"])
            and (group == "all" or str(note.get("domain")) == group)
        ]  # fmt: skip
        start = int(asked.one("offset", "0"))
        limit = min(int(asked.one("limit", "25")), LARGEST_PAGE)
        return self._sent(found[start : start + limit], asked, len(found))

    def _sent(self, notes: list[Note], asked: Asked, count: int | None = None) -> Reply:
        if asked.one("details") != "replies":
            notes = [{name: value for name, value in note.items() if name != "details"} for note in notes]
        return dumped({"notes": notes} | ({} if count is None else {"count": count}))


def over_the_limit(_reply: Reply) -> Reply:
    """The budget is spent; only the body says until when."""
    reset = datetime.fromtimestamp(FakeClock().now() + 40, UTC).isoformat().replace("+00:00", "Z")
    details = {"limit": 36, "remaining": 0, "resetTime": reset, "used": 37}
    message = "Too many requests: You have made 37 requests, surpassing the limit of 36 requests."
    return dumped({"name": "RateLimitError", "message": message, "status": 429, "details": details}, 429)


def challenge(_reply: Reply) -> Reply:
    return Reply(403, b"<html><title>Just a moment...</title></html>", "text/html")


def empty_page(reply: Reply) -> Reply:
    """A page without notes where more were to come; answers that count are let be."""
    found = json.loads(reply.body) if reply.body else {}
    return dumped({"notes": []}) if found.get("notes") and "count" not in found else reply


def page_alone(reply: Reply) -> Reply:
    """A web page with the status of success, as a proxy in front sends it."""
    return replace(reply, body=b"<html>Checking your browser</html>", content_type="text/html")


FAULTS = (*EVERYWHERE, over_the_limit, challenge, empty_page, page_alone)
ID_FAULTS = (*EVERYWHERE, over_the_limit, challenge, page_alone)


def world() -> Respond:
    """Two venues, one in each generation of the API."""
    new = [submission(number) for number in range(1, 8)]
    new.append(submission(8, f"{NEW}/Rejected_Submission", "Submitted to Grove 2025"))
    new.append(submission(9, f"{NEW}/Withdrawn_Submission", "Grove 2025 Conference Withdrawn Submission"))
    new.append(submission(10, readers=[NEW]))
    old = [old_submission(n, venue="Grove 2021 Poster", venueid=OLD) for n in range(1, 6)]
    old.append(old_submission(6, "Withdrawn_Submission"))
    return OpenReview(new, old, frozenset({"secret01"}))


SCENARIOS = [
    Scenario("openreview: a venue", "openreview", world, Selection(venues=(NEW,)), 9, FAULTS),
    Scenario("openreview: an old venue", "openreview", world, Selection(venues=(OLD,)), 6, FAULTS),
    Scenario(
        "openreview: ids", "openreview", world,
        Selection(ids=("openreview:grove0001", "https://openreview.net/forum?id=old0002", "secret01", "no1")),
        2, ID_FAULTS,
    ),
    Scenario("openreview: words", "openreview", world, Selection(query="lexicon"), 9, FAULTS),
]  # fmt: skip
