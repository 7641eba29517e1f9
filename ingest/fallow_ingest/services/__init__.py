"""Services on the network that papers come from: one module each, found by name through the registry.

A service turns a selection (what the user asks for) into pages. Every page is committed together with
the cursor behind it, so a harvest that is killed anywhere goes on there and ends with the library that
an undisturbed one would have made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Protocol

import orjson

from fallow_ingest.dates import day_text
from fallow_ingest.records import Citation
from fallow_ingest.registry import Registry
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.client import Client
from fallow_ingest.web.limiter import Origin

Cursor = Mapping[str, object]
"""Where a harvest goes on: whatever the service needs, as JSON."""


MOST_TOLD = 3
"""Values of one field that are told one by one."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to ask a service for. Several fields narrow each other; several values of one field widen it.

    ids: papers by any id. query: in the service's own syntax. categories: "cs.CL"; authors, venues: names.
    cites: papers that cite one of these ids. cited_by: papers that one of these cites. like: papers
    recommended from these. since, until: days as yyyymmdd, inclusive. release: of a data set.
    """

    ids: tuple[str, ...] = ()
    query: str = ""
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    cited_by: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    release: str = ""

    def asked(self) -> frozenset[str]:
        """Names of the fields that say something."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name))

    def canonical(self) -> str:
        """The same text for the same selection, without what is empty and in whatever order it was said."""
        said = {
            name: sorted(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value
        }
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()

    def as_json(self) -> str:
        """The selection as it is, order and all, for `of`."""
        return orjson.dumps({name: value for name, value in asdict(self).items() if value}).decode()

    @classmethod
    def of(cls, text: str) -> Selection:
        """The selection that `as_json` told."""
        said: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in orjson.loads(text).items()
        }
        return cls(**said)

    def told(self) -> str:
        """The selection for people.

        >>> Selection(query="toys", categories=("cs.CL", "cs.LG"), since=20240101).told()
        'query toys, categories cs.CL or cs.LG, since 2024-01-01'
        """
        parts = []
        for field in fields(self):
            value = getattr(self, field.name)
            if not value:
                continue
            if isinstance(value, tuple):
                value = " or ".join(value[:MOST_TOLD]) + (
                    f" or {len(value) - MOST_TOLD:,} more" * (len(value) > MOST_TOLD)
                )
            elif isinstance(value, int):
                value = day_text(value)
            parts.append(f"{field.name.replace('_', ' ')} {value}")
        return ", ".join(parts) or "everything"


@dataclass(frozen=True, slots=True)
class Gone:
    """The service says that a record of its own is no more."""

    position: int
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one request brought, and from where to go on after it.

    cursor: resumes behind this page. last: nothing follows; watermark: from when the next harvest has to
    ask, by the service's own clock ("" where the service cannot be asked for what is new); only with last.
    missing: records that the service promised and did not give, known with this page. total: records in all
    as the service says, None when it does not.
    """

    items: tuple[Read | Skipped | Citation | Gone, ...]
    cursor: Cursor
    last: bool = False
    watermark: str = ""
    missing: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a harvest will take. records: None when nobody knows; exact: the service was asked for the number.

    credits: of the service's daily budget (0: it has none); credits_a_day: what the budget is, 0 without one.
    """

    requests: int
    seconds: float
    records: int | None = None
    credits: float = 0.0
    credits_a_day: float = 0.0
    exact: bool = False
    note: str = ""


class Service(Protocol):
    """Someone who can be asked for papers.

    name: what people type; label: who it is; selects: the fields of Selection it understands; needs: fields
    of which at least one must be given (empty: it can be asked for everything); fresh_days: days after which
    its last answer no longer speaks for the present. A service may also say id_schemes, which ids of held
    papers it knows, best first; and once = True, that it has nothing more to say of a paper it told of.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    selects: ClassVar[frozenset[str]]
    needs: ClassVar[frozenset[str]]
    fresh_days: ClassVar[int]
    origin: Origin

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """Work out what `harvest` would take, with at most one request (none without a client)."""
        ...

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield pages from the cursor on; the last one says so.

        watermark: that of the last complete harvest of the same selection: ask only for what is new since.
        Raises a ServiceError; every page before it stays good.
        """
        ...


SERVICES: Registry[Service] = Registry("service", "fallow.services")


def endpoint(name: str, default: str) -> str:
    """The address of a service: $FALLOW_<NAME>_URL (a mirror, a test server) or its own."""
    variable = f"FALLOW_{name.upper().replace('-', '_')}_URL"
    return os.environ.get(variable, default).rstrip("/")
