"""What can be asked of the Graph and Recommendations APIs, each answer checked for being one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from fallow_ingest.errors import ServiceRefused
from fallow_ingest.services.pages import whole_number
from fallow_ingest.services.semantic_scholar import LABEL, api_request, judge, told
from fallow_ingest.web.client import Client
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal, json_of, object_of
from fallow_ingest.web.limiter import Origin

BATCH = 500
"""Ids that one request may name."""

PAGE = 1000
"""Entries of a list that one request may ask for."""

SOME = 64
"""How many are asked for behind one that alone was more than they send."""

REACH = 9999
"""offset + limit must stay below 10,000."""

MOST_RECOMMENDED = 500

PAPER_FIELDS = (
    "paperId", "corpusId", "externalIds", "url", "title", "abstract", "venue", "publicationVenue", "year",
    "referenceCount", "citationCount", "influentialCitationCount", "openAccessPdf", "s2FieldsOfStudy",
    "publicationTypes", "publicationDate", "journal", "authors",
)  # fmt: skip
DETAILED_FIELDS = (*PAPER_FIELDS, "tldr")
"""Of papers asked for by id; searches, lists and recommendations do not give the last."""

CITATION_FIELDS = ("contexts", "intents", "contextsWithIntent", "isInfluential")
SEED_FIELDS = ("paperId", "corpusId", "title", "year", "citationCount", "referenceCount")

Record = Mapping[str, object]
Params = tuple[tuple[str, str], ...]
Found = TypeVar("Found")

_UNSUPPORTED = re.compile(r"unsupported fields: \[([^\]]{1,500})\]", re.IGNORECASE)


class Refusal(Enum):
    """Answers that say how to go on rather than that something is wrong."""

    TOO_LARGE = "the answer would exceed what they send at once"
    UNKNOWN = "they know no such paper or author"
    TOKEN = "the place in a search is not known any more"


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A part of a bulk search. total: their estimate for all of it; token: "" at what they call its end."""

    total: int
    token: str
    records: Sequence[object]


@dataclass(frozen=True, slots=True)
class ListPage:
    """A part of a list. following: offset of the next part, None at the end.

    withheld: the publisher does not let them show the list.
    """

    entries: Sequence[object]
    following: int | None
    withheld: bool = False


class _Unsupported(Exception):
    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(names)
        self.names = names


class GraphApi:
    """The calls that harvests need. base: address above /graph/v1 and /recommendations/v1."""

    def __init__(self, base: str, origin: Origin, client: Client) -> None:
        self.base = base
        self.origin = origin
        self.client = client
        self._unsupported: dict[str, frozenset[str]] = {}

    def batch(self, ids: Sequence[str], fields: Sequence[str]) -> Sequence[Record | None] | Refusal:
        """The papers of at most BATCH ids, by position; None for one that they do not know."""

        def parse(answer: Answer) -> Sequence[Record | None]:
            found = json_of(answer)
            if not isinstance(found, list) or len(found) != len(ids):
                raise BadAnswer(f"did not answer with one entry for each of {len(ids)} ids")
            return [entry if isinstance(entry, Mapping) else None for entry in found]

        return self._ask("paper/batch", "/graph/v1/paper/batch", (), fields, parse, body={"ids": list(ids)})

    def search(self, params: Params, token: str, fields: Sequence[str]) -> SearchPage | Refusal:
        """A part of a bulk search: at most 1,000 papers."""

        def parse(answer: Answer) -> SearchPage:
            found = object_of(answer)
            total, data = whole_number(found.get("total")), found.get("data")
            if total is None:
                raise BadAnswer("sent a search without its total")
            if data is None and total > 0:
                raise BadAnswer(f"promised {total:,} papers and sent none")
            following = found.get("token")
            return SearchPage(total, following if isinstance(following, str) else "", _entries(data))

        if token:
            params = (*params, ("token", token))
        return self._ask("paper/search/bulk", "/graph/v1/paper/search/bulk", params, fields, parse)

    def neighbours(
        self, kind: str, paper: str, offset: int, limit: int, params: Params = ()
    ) -> ListPage | Refusal:
        """A part of the list of a paper's "citations" or "references"."""
        paging = (*params, ("offset", str(offset)), ("limit", str(limit)))
        fields = CITATION_FIELDS + PAPER_FIELDS
        return self._ask(
            f"paper/{kind}", f"/graph/v1/paper/{paper}/{kind}", paging, fields, _list_after(offset)
        )

    def recommended(self, papers: Sequence[str]) -> Sequence[object] | Refusal:
        """Papers recommended from papers (their hashes)."""

        def parse(answer: Answer) -> Sequence[object]:
            found = object_of(answer)
            if "recommendedPapers" not in found:
                raise BadAnswer("sent recommendations without a list of them")
            return _entries(found["recommendedPapers"])

        body = {"positivePaperIds": list(papers), "negativePaperIds": []}
        params = (("limit", str(MOST_RECOMMENDED)),)
        return self._ask(
            "recommendations", "/recommendations/v1/papers/", params, PAPER_FIELDS, parse, body=body
        )

    def authors(self, name: str) -> ListPage | Refusal:
        """Authors whose name is like that, best first."""
        params = (("query", name), ("limit", str(PAGE)))
        fields = ("name", "paperCount")
        return self._ask("author/search", "/graph/v1/author/search", params, fields, _list_after(0))

    def papers_by(self, author: str, offset: int, limit: int) -> ListPage | Refusal:
        """A part of an author's papers."""
        paging = (("offset", str(offset)), ("limit", str(limit)))
        path = f"/graph/v1/author/{author}/papers"
        return self._ask("author/papers", path, paging, PAPER_FIELDS, _list_after(offset))

    def _ask(
        self,
        call: str,
        path: str,
        params: Params,
        fields: Sequence[str],
        parse: Callable[[Answer], Found],
        body: object = None,
    ) -> Found | Refusal:
        """Ask; a field that this call does not know (they differ, and change) is left out from then on."""
        with_token = any(name == "token" for name, _ in params)

        def settled(answer: Answer) -> Found | Refusal:
            return parse(answer) if answer.status == 200 else _refusal(answer, with_token)

        for _ in range(len(fields)):
            known = [name for name in fields if name not in self._unsupported.get(call, frozenset())]
            request = api_request(
                self.origin,
                self.base + path,
                (*params, ("fields", ",".join(known))),
                body,
                accepted=(200, 400, 404),
            )
            try:
                return self.client.ask(request, settled, judge)
            except _Unsupported as error:
                names = error.names & frozenset(known)
                if not names:
                    raise _refused(str(error)) from error
                self._unsupported[call] = self._unsupported.get(call, frozenset()) | names
        raise _refused("every field is unsupported")


def _refusal(answer: Answer, with_token: bool) -> Refusal:
    said = told(answer)
    if answer.status == 404 and "not found" in said.lower():
        return Refusal.UNKNOWN
    if "maximum size" in said:
        return Refusal.TOO_LARGE
    if found := _UNSUPPORTED.search(said):
        raise _Unsupported(frozenset(name.strip() for name in found[1].split(",")))
    if answer.status == 400 and with_token:
        return Refusal.TOKEN
    raise Fatal(_refused(said))


def _refused(said: str) -> ServiceRefused:
    return ServiceRefused(f"{LABEL} refuses the question ({said})", "check what was asked for")


def _list_after(offset: int) -> Callable[[Answer], ListPage]:
    def parse(answer: Answer) -> ListPage:
        found = object_of(answer)
        if "data" not in found and "offset" not in found:
            raise BadAnswer("sent a list without its entries")
        following = found.get("next")
        if following is not None and (not isinstance(following, int) or following <= offset):
            raise BadAnswer("sent a list whose next part is no further part")
        if "data" in found and found["data"] is None:
            return ListPage((), None, withheld=True)
        return ListPage(_entries(found.get("data")), following)

    return parse


def _entries(value: object) -> Sequence[object]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadAnswer("sent something else where a list was promised")
    return value
