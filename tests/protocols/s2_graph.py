"""The Semantic Scholar Graph and Recommendations APIs over an invented little world.

Their argument checks and error texts, what they leave out, and the search that ends early.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, Reply

from fallow_ingest.records import Paper
from fallow_ingest.services import Selection

FIELDS = frozenset(
    {
        "paperId", "corpusId", "externalIds", "url", "title", "abstract", "venue", "publicationVenue", "year",
        "referenceCount", "citationCount", "influentialCitationCount", "isOpenAccess", "openAccessPdf",
        "fieldsOfStudy", "s2FieldsOfStudy", "publicationTypes", "publicationDate", "journal",
        "citationStyles", "authors",
    }
)  # fmt: skip
DETAILS = FIELDS | {"tldr", "embedding"}
CITATION = frozenset({"contexts", "intents", "contextsWithIntent", "isInfluential"})
TOO_LARGE = "Response would exceed maximum size. Reduce the number of ids or fields."


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper of the world. cites: numbers of papers, or titles of what nobody has."""

    number: int
    title: str
    date: str | None = "2020-01-01"
    year: int | None = 2020
    abstract: str | None = "We study toys."
    authors: tuple[str, ...] = ("Ada Ash",)
    ids: tuple[tuple[str, str], ...] = ()
    venue: str = "Toys"
    fields: tuple[str, ...] = ("Computer Science",)
    cites: tuple[int | str, ...] = ()
    elided: bool = False

    @property
    def sha(self) -> str:
        return hashlib.sha1(str(self.number).encode()).hexdigest()


@dataclass
class World:
    """The service. part: entries of a list or search that come at once; batch: ids that an answer can
    hold; early: days of a search that gives its first part only (None: complete)."""

    entries: Sequence[Entry]
    part: int = 4
    batch: int = 500
    early: int | None = None
    key: str = ""
    counts: dict[int, int] = field(default_factory=dict)
    """Number of a paper -> how many citations it claims to have, if not as many as it has."""

    def __post_init__(self) -> None:
        self.by_number = {entry.number: entry for entry in self.entries}
        self.names: dict[str, Entry] = {}
        for entry in self.entries:
            self.names[entry.sha] = self.names[f"corpusid:{entry.number}"] = entry
            for scheme, value in entry.ids:
                self.names[f"{scheme.lower()}:{value.lower()}"] = entry

    def __call__(self, asked: Asked) -> Reply:
        if self.key and asked.headers.get("x-api-key") != self.key:
            return said({"message": "Forbidden"}, 403)
        for path, answer in self._routes():
            if found := re.fullmatch(path, unquote(asked.path)):
                return answer(asked, *found.groups())
        return said({"message": "Missing Authentication Token"}, 403)

    def _routes(self) -> Iterator[tuple[str, Callable[..., Reply]]]:
        yield r"/graph/v1/paper/batch", self.paper_batch
        yield r"/graph/v1/paper/search/bulk", self.bulk
        yield r"/graph/v1/paper/(.+)/(citations|references)", self.neighbours
        yield r"/graph/v1/author/search", self.author_search
        yield r"/graph/v1/author/(\d+)/papers", self.author_papers
        yield r"/recommendations/v1/papers/", self.recommendations

    # Calls --------------------------------------------------------------------------------------

    def paper_batch(self, asked: Asked) -> Reply:
        ids = json.loads(asked.body)["ids"]
        if refused := unsupported(asked, DETAILS):
            return refused
        if not ids or len(ids) > 500:
            return said({"error": "Too many ids; at most 500 are allowed"}, 400)
        if len(ids) > self.batch:
            return said({"error": TOO_LARGE}, 400)
        found = [self.names.get(name.lower()) for name in ids]
        return said([entry and self.shown(entry, asked) for entry in found])

    def bulk(self, asked: Asked) -> Reply:
        if refused := unsupported(asked, FIELDS):
            return refused
        hits = sorted((e for e in self.entries if self._matches(e, asked)), key=lambda e: e.sha)
        if not hits:
            return said({"total": 0, "offset": 0})
        start = 0
        if token := asked.one("token"):
            try:
                start = int(base64.b32decode(token).decode().removeprefix("after "))
            except ValueError:
                return said({"error": "Invalid or expired token"}, 400)
        following = start + self.part
        early = self.early is not None and _span(asked.one("publicationDateOrYear")) > self.early
        token = (
            base64.b32encode(f"after {following}".encode()).decode()
            if following < len(hits) and not early
            else None
        )
        data = [self.shown(e, asked) for e in hits[start:following]]
        return said({"total": len(hits), "token": token, "data": data})

    def neighbours(self, asked: Asked, name: str, kind: str) -> Reply:
        entry = self.names.get(name.lower())
        if entry is None:
            return said({"error": f"Paper with id {name} not found"}, 404)
        if refused := unsupported(asked, FIELDS | CITATION):
            return refused
        if kind == "references" and entry.elided:
            told = "The following paper fields have been elided by the publisher: {'references'}"
            info = {"paperId": entry.sha, "openAccessPdf": {"url": "", "disclaimer": told}}
            return said({"offset": 0, "data": None, "citingPaperInfo": info})
        days = asked.one("publicationDateOrYear")
        rows = [
            row
            for row in (self._citing(entry, asked) if kind == "citations" else self._cited(entry, asked))
            if kind == "references" or _within(row[0], days)
        ]
        return self._list(asked, [row for _, row in rows])

    def _citing(self, entry: Entry, asked: Asked) -> Iterator[tuple[Entry, dict[str, object]]]:
        for other in reversed(self.entries):
            if entry.number in other.cites:
                yield other, {**_context(other.number), "citingPaper": self.shown(other, asked)}

    def _cited(self, entry: Entry, asked: Asked) -> Iterator[tuple[Entry, dict[str, object]]]:
        for cited in entry.cites:
            if isinstance(cited, str):
                shown: dict[str, object] = {"paperId": None, "corpusId": None, "title": cited, "year": 2001}
            else:
                shown = self.shown(self.by_number[cited], asked)
            yield entry, {**_context(entry.number), "citedPaper": shown}

    def author_search(self, asked: Asked) -> Reply:
        names = dict.fromkeys(name for entry in self.entries for name in entry.authors)
        wanted = asked.one("query").lower().split()[-1]
        people = [
            {"authorId": _author_id(name), "name": name}
            for name in names
            if wanted in name.lower() or name.startswith("Ada")
        ]
        return said(
            {"total": len(people), "offset": 0, "data": people} if people else {"total": 0, "offset": 0}
        )

    def author_papers(self, asked: Asked, author: str) -> Reply:
        mine = [e for e in self.entries if author in map(_author_id, e.authors)]
        if not mine:
            return said({"error": f"Author with id {author} not found"}, 404)
        return self._list(asked, [self.shown(e, asked) for e in mine])

    def recommendations(self, asked: Asked) -> Reply:
        positive = json.loads(asked.body)["positivePaperIds"]
        if not positive:
            return said({"error": "No positive paper examples given"}, 400)
        if refused := unsupported(asked, FIELDS):
            return refused
        like = [e for e in self.entries if e.sha not in positive][: int(asked.one("limit", "100"))]
        return said({"recommendedPapers": [self.shown(e, asked) for e in like]})

    # Answers ------------------------------------------------------------------------------------

    def _list(self, asked: Asked, rows: list[dict[str, object]]) -> Reply:
        offset, limit = int(asked.one("offset", "0")), int(asked.one("limit", "100"))
        if limit > 1000:
            return said({"error": "limit must be at most 1000"}, 400)
        if offset + limit >= 10_000:
            return said({"error": "offset + limit must be < 10000"}, 400)
        following = offset + min(limit, self.part)
        answer: dict[str, object] = {"offset": offset, "data": rows[offset:following]}
        if following < len(rows):
            answer["next"] = following
        return said(answer)

    def shown(self, entry: Entry, asked: Asked) -> dict[str, object]:
        """The paper with the fields that were asked for; their hash always comes."""
        wanted = set(asked.one("fields", "title").split(",")) | {"paperId"}
        everything = self.whole(entry)
        return {name: value for name, value in everything.items() if name in wanted}

    def whole(self, entry: Entry) -> dict[str, object]:
        citing = sum(entry.number in other.cites for other in self.entries)
        return {
            "paperId": entry.sha,
            "corpusId": entry.number,
            "externalIds": dict(entry.ids) | {"CorpusId": entry.number},
            "url": f"https://www.semanticscholar.org/paper/{entry.sha}",
            "title": entry.title,
            "abstract": entry.abstract,
            "venue": entry.venue,
            "publicationVenue": None,
            "year": entry.year,
            "referenceCount": len(entry.cites),
            "citationCount": self.counts.get(entry.number, citing),
            "influentialCitationCount": 1,
            "openAccessPdf": {"url": "", "status": None},
            "s2FieldsOfStudy": [{"category": name, "source": "external"} for name in entry.fields],
            "publicationTypes": ["JournalArticle"],
            "publicationDate": entry.date,
            "journal": {"name": entry.venue},
            "authors": [{"authorId": _author_id(name), "name": name} for name in entry.authors],
            "tldr": {"model": "tldr@v2.0.0", "text": f"In short: {entry.title}."},
        }

    def _matches(self, entry: Entry, asked: Asked) -> bool:
        words = asked.one("query").lower().split()
        text = f"{entry.title} {entry.abstract or ''}".lower()
        venues = [name for name in asked.one("venue").split(",") if name]
        fields = [name for name in asked.one("fieldsOfStudy").split(",") if name]
        return (
            all(word in text for word in words)
            and (not venues or entry.venue in venues)
            and (not fields or bool(set(fields) & set(entry.fields)))
            and _within(entry, asked.one("publicationDateOrYear"))
        )


def _context(number: int) -> dict[str, object]:
    sentences = [f"Toys were first studied long ago [{number}].", f"We use the toys of [{number}]."]
    return {
        "contexts": sentences,
        "intents": ["background", "methodology"],
        "contextsWithIntent": [
            {"context": sentences[0], "intents": ["background"]},
            {"context": sentences[1], "intents": None},
        ],
        "isInfluential": number % 2 == 0,
    }


def _author_id(name: str) -> str:
    return str(1000 + sum(name.encode()))


def _day(entry: Entry) -> str:
    return entry.date or (f"{entry.year}-01-01" if entry.year else "")


def _within(entry: Entry, days: str) -> bool:
    if not days:
        return True
    first, _, last = days.partition(":")
    day = _day(entry)
    return bool(day) and (not first or day >= first) and (not last or day <= last)


def _span(days: str) -> int:
    """How many days a search asks for; very many when it has an open end."""
    first, _, last = days.partition(":")
    if not first or not last:
        return 10**6
    a, b = (int(d[:4]) * 372 + int(d[5:7]) * 31 + int(d[8:10]) for d in (first, last))
    return b - a + 1


def unsupported(asked: Asked, known: frozenset[str]) -> Reply | None:
    """The refusal of fields that the call does not know."""
    unknown = [name for name in asked.one("fields", "title").split(",") if name not in known]
    if unknown:
        return said({"error": f"Unrecognized or unsupported fields: [{', '.join(unknown)}]"}, 400)
    return None


def said(value: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode() + b"\n")


def hurried(_reply: Reply) -> Reply:
    """Their own refusal of haste: no Retry-After."""
    return said({"message": "Too Many Requests. Please wait and try again.", "code": "429"}, 429)


UNHELD = "A careful study of wooden toys that nobody keeps in any library"

TOYS = (
    Entry(11, "Toys at play", "2012-03-04", 2012, ids=(("ArXiv", "1203.0011"), ("DOI", "10.1234/toys.11"))),
    Entry(12, "Idle toys", None, 2013, None, ids=(("ACL", "P13-1012"), ("MAG", "990012")), cites=(11,)),
    Entry(13, "Broken toys", "2015-05-05", 2015, cites=(11, UNHELD)),
    Entry(14, "RETRACTED: Toys of gold", "2016-01-31", 2016, cites=(11, 12), authors=("Bo Birch",)),
    Entry(15, "Wooden toys", "2016-02-01", 2016, cites=(11, 12, 13), fields=("Physics",)),
    Entry(16, "Toys without a day", None, None, cites=(11,), authors=("Ada Ash", "Bo Birch")),
    Entry(17, "Toys in space", "2021-11-30", 2021, cites=(11, 16), venue="Space"),
    Entry(18, "Kites, which also play", "2022-02-02", 2022, "No word of it.", cites=(17,), elided=True),
    Entry(19, "Late toys", "2023-12-31", 2023, cites=(17, 18)),
)  # fmt: skip

FAULTS = (*EVERYWHERE, hurried)

HELD = Paper("arxiv:1203.0011", "Toys at play", abstract="Held already.", year=2012, authors=("Ada Ash",))


SCENARIOS = [
    Scenario(
        "s2 by id",
        "s2",
        lambda: World(TOYS, batch=2),
        Selection(ids=("arxiv:1203.0011", "acl:P13-1012", "s2:13", "s2:999", "openalex:W12345", "s2:14")),
        4,
        FAULTS,
    ),
    Scenario(
        "s2 search that ends early",
        "s2",
        lambda: World(TOYS, part=3, early=4000),
        Selection(query="toys", since=20100101, until=20251231),
        7,
        FAULTS,
    ),
    Scenario(
        "s2 citing",
        "s2",
        lambda: World(TOYS, part=2),
        Selection(cites=("arxiv:1203.0011", "s2:17")),
        9,
        FAULTS,
        (HELD,),
    ),
    Scenario(
        "s2 cited",
        "s2",
        lambda: World(TOYS, part=2),
        Selection(cited_by=("s2:15", "s2:13", "s2:18")),
        5,
        FAULTS,
    ),
]
