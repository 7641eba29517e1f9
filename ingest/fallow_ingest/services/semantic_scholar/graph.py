"""The Graph and Recommendations APIs: papers by id, search and author, by citation and likeness."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import ClassVar

from fallow_ingest.errors import BadInput
from fallow_ingest.services import Cursor, Page, Plan, Selection, endpoint
from fallow_ingest.services.semantic_scholar import LABEL, api_key, api_origin, field_of_study
from fallow_ingest.services.semantic_scholar.asking import BATCH, PAGE, GraphApi, Refusal
from fallow_ingest.services.semantic_scholar.neighbours import cited_papers, citing_papers
from fallow_ingest.services.semantic_scholar.papers import asked_as
from fallow_ingest.services.semantic_scholar.reading import Reading, count_of
from fallow_ingest.services.semantic_scholar.search import days, search_params, searched
from fallow_ingest.services.semantic_scholar.walks import (
    EXAMPLES_AT_ONCE,
    papers_by_author,
    papers_by_id,
    papers_like,
)
from fallow_ingest.services.semantic_scholar.windows import window_of
from fallow_ingest.web.client import Client
from fallow_ingest.web.limiter import Origin

ANSWER_SECONDS = 1.5
"""Seconds that an answer of many papers takes."""

_STARTS = ("ids", "cites", "cited_by", "like", "authors")
"""Fields of Selection that say where to begin; one at a time, everything else narrows it."""


class GraphService:
    """Papers with abstract, tldr, ids and counts; citations with their sentences and intents.

    Nothing here tells what is new since a day (a paper may be added long after it was published), so that
    every harvest asks for everything that was selected; unchanged records cost the library nothing.
    """

    name: ClassVar[str] = "s2"
    label: ClassVar[str] = f"{LABEL} (Graph API)"
    selects: ClassVar[frozenset[str]] = frozenset(
        {"ids", "query", "categories", "authors", "venues", "cites", "cited_by", "like", "since", "until"}
    )
    needs: ClassVar[frozenset[str]] = frozenset(
        {"ids", "query", "categories", "authors", "venues", "cites", "cited_by", "like"}
    )
    fresh_days: ClassVar[int] = 14
    id_schemes: ClassVar[tuple[str, ...]] = ("s2", "arxiv", "doi", "acl", "pmid")

    def __init__(self, *, base: str = "") -> None:
        self.base = base or endpoint("s2", "https://api.semanticscholar.org")

    @property
    def origin(self) -> Origin:
        """Semantic Scholar, at the pace that the key of this moment allows."""
        return api_origin()

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """Requests by what is selected; asked once, the totals that Semantic Scholar gives for it."""
        start = _start(selection)
        named = len(getattr(selection, start)) if start else 0
        records: int | None = None
        exact = False
        if start == "ids":
            requests, records = -(-named // BATCH), named
        elif start == "like":
            requests = -(-named // BATCH) + -(-named // EXAMPLES_AT_ONCE)
        elif start == "authors":
            requests = 2 * named
        elif start:
            requests = -(-named // BATCH) + named
            if client:
                records, more, exact = self._listed(selection, start, client)
                requests += more
        else:
            records = self._found(selection, client) if client else None
            requests, exact = -(-(records or 1) // PAGE), records is not None
        note = "" if api_key() else "without a key (S2_API_KEY) one request a minute"
        return Plan(
            requests, requests * (self.origin.interval + ANSWER_SECONDS), records, exact=exact, note=note
        )

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield what is selected. Raises BadInput for what cannot be asked together, and ServiceErrors."""
        start = _start(selection)
        api = GraphApi(self.base, self.origin, client)
        today = _today(client)
        reading = Reading(today.isoformat())
        if start == "ids":
            return papers_by_id(api, selection, reading, cursor)
        if start == "cites":
            return citing_papers(api, selection, reading, today, cursor)
        if start == "cited_by":
            return cited_papers(api, selection, reading, cursor)
        if start == "like":
            return papers_like(api, selection, reading, cursor)
        if start == "authors":
            return papers_by_author(api, selection, reading, cursor)
        return searched(api, selection, reading, today, cursor)

    def _found(self, selection: Selection, client: Client) -> int:
        api = GraphApi(self.base, self.origin, client)
        params = search_params(selection) + days(window_of(selection.since, selection.until))
        found = api.search(params, "", ("paperId",))
        return 0 if isinstance(found, Refusal) else found.total

    def _listed(self, selection: Selection, start: str, client: Client) -> tuple[int, int, bool]:
        """(neighbours in all, requests beyond one for each paper, whether every paper was looked up)."""
        count = "citationCount" if start == "cites" else "referenceCount"
        names: tuple[str, ...] = getattr(selection, start)
        wanted = list(dict.fromkeys(a for name in names[:BATCH] if (a := asked_as(name))))
        api = GraphApi(self.base, self.origin, client)
        found = api.batch(wanted, (count,)) if wanted else []
        counts = [] if isinstance(found, Refusal) else [count_of(record or {}, count) for record in found]
        known = len(names) <= BATCH and not isinstance(found, Refusal)
        share = 1.0 if known or not counts else len(names) / len(counts)
        return round(sum(counts) * share), round(sum(c // PAGE for c in counts) * share), known


def _start(selection: Selection) -> str:
    """The field that says where to begin, "" for a search. Raises BadInput."""
    for name in selection.categories:
        field_of_study(name)
    starts = [name for name in _STARTS if getattr(selection, name)]
    if len(starts) > 1 or (starts and selection.query):
        raise BadInput(
            f"{LABEL} can be asked for one thing at a time: ids, authors, a query, or what cites, is cited "
            "by or is like some papers",
            "run it once for each",
        )
    return starts[0] if starts else ""


def _today(client: Client) -> date:
    return datetime.fromtimestamp(client.clock.now(), UTC).date()
