"""Semantic Scholar: its Graph and Recommendations APIs (`s2`) and its data sets (`s2-dataset`).

One key, one pace: all of its APIs count against one request a second, so they share one origin.
"""

from __future__ import annotations

import os

from fallow_ingest.errors import BadInput, ServiceError, ServiceRefused
from fallow_ingest.web.exchange import Answer, BadAnswer, Request, json_of
from fallow_ingest.web.limiter import Origin

NAME = "semantic-scholar"
LABEL = "Semantic Scholar"
KEY_VARIABLE = "S2_API_KEY"
KEY_PAGE = "https://www.semanticscholar.org/product/api#api-key-form"

WITH_KEY = 1.1
"""Seconds between two requests with a key: what is granted is one a second over all endpoints."""

WITHOUT_KEY = 60.0
"""Seconds without one: everybody shares one pool, which was measured to let one request a minute pass."""

FIELDS_OF_STUDY = (
    "Computer Science", "Medicine", "Chemistry", "Biology", "Materials Science", "Physics", "Geology",
    "Psychology", "Art", "History", "Geography", "Sociology", "Business", "Political Science", "Economics",
    "Philosophy", "Mathematics", "Engineering", "Environmental Science", "Agricultural and Food Sciences",
    "Education", "Law", "Linguistics",
)  # fmt: skip


def api_key() -> str:
    """The key of $S2_API_KEY, "" without one."""
    return os.environ.get(KEY_VARIABLE, "").strip()


def api_origin() -> Origin:
    """Semantic Scholar's APIs at the pace that the key, or its absence, allows."""
    return Origin(NAME, LABEL, WITH_KEY if api_key() else WITHOUT_KEY, ("semanticscholar.org",))


def api_request(
    origin: Origin,
    url: str,
    params: tuple[tuple[str, str], ...] = (),
    body: object = None,
    accepted: tuple[int, ...] = (200,),
) -> Request:
    """A request that carries the key, if there is one. An answer has at most 10 MB by their own rule."""
    key = api_key()
    return Request(
        origin,
        url,
        params,
        body,
        secret={"x-api-key": key} if key else {},
        accepted=frozenset(accepted),
        largest=32 * 2**20,
    )


def judge(answer: Answer) -> ServiceError | None:
    """A refused key ends the matter at once: trying again has kept other tools busy for hours."""
    if answer.status not in (401, 403):
        return None
    if api_key():
        return ServiceRefused(
            f"{LABEL} refuses the key in {KEY_VARIABLE} (HTTP {answer.status}: {told(answer)})",
            f"check it, or unset it to be served slowly without one; keys are given at {KEY_PAGE}",
        )
    return ServiceRefused(
        f"{LABEL} gives this only with a key (HTTP {answer.status}: {told(answer)})",
        f"ask for one at {KEY_PAGE} and put it into {KEY_VARIABLE}",
    )


def told(answer: Answer) -> str:
    """What an error body says, under either of the names that their servers use for it."""
    try:
        found = json_of(answer)
    except BadAnswer:
        return "no reason given"
    said = (found.get("error") or found.get("message")) if isinstance(found, dict) else None
    return said[:300].rstrip(". ") if isinstance(said, str) else "no reason given"


def field_of_study(name: str) -> str:
    """The field of study in Semantic Scholar's spelling. Raises BadInput, listing all of them.

    >>> field_of_study("computer science")
    'Computer Science'
    """
    for known in FIELDS_OF_STUDY:
        if known.casefold() == name.strip().casefold():
            return known
    raise BadInput(f"{LABEL} knows no field of study '{name[:60]}'", f"one of: {', '.join(FIELDS_OF_STUDY)}")
