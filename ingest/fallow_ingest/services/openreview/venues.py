"""Venues: from what people type to OpenReview's id, and where its submissions are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from fallow_ingest.errors import BadInput, ServiceRefused
from fallow_ingest.services.openreview.asking import Asking
from fallow_ingest.services.openreview.replies import DEFAULT_NAMES, Names
from fallow_ingest.services.openreview.values import content_of
from fallow_ingest.web.client import Client

# Series whose ids follow one pattern, and the first year for which it holds. OpenReview is asked for the
# venue in any case, so that a year without a venue is told and never taken for an empty one.
_SERIES = {
    "iclr": ("ICLR.cc/{year}/Conference", 2018),
    "neurips": ("NeurIPS.cc/{year}/Conference", 2021),
    "nips": ("NeurIPS.cc/{year}/Conference", 2021),
    "icml": ("ICML.cc/{year}/Conference", 2023),
    "colm": ("colmweb.org/COLM/{year}/Conference", 2024),
}
_SHORT = re.compile(r"([A-Za-z]+)[ _-]?((?:19|20)\d\d)")
_LONG = re.compile(r"[A-Za-z0-9][\w.~ -]*(?:/[\w.~ -]+)+|TMLR", re.ASCII)


@dataclass(frozen=True, slots=True)
class Leg:
    """One list of submissions to go through.

    api: generation; by: the parameter that selects, or "term" for a search; value: its value; total: how
    many OpenReview says there are, -1 unknown; group: of a search, "all" or a venue; names: of its replies.
    """

    api: int
    by: str
    value: str
    total: int = -1
    group: str = "all"
    names: tuple[str, str, str] = (DEFAULT_NAMES.review, DEFAULT_NAMES.meta_review, DEFAULT_NAMES.decision)

    def as_json(self) -> dict[str, object]:
        """For a cursor."""
        return asdict(self)

    @staticmethod
    def of(raw: Mapping[str, object]) -> Leg:
        """From a cursor."""
        names = raw["names"]
        assert isinstance(names, Sequence)
        return Leg(
            int(str(raw["api"])), str(raw["by"]), str(raw["value"]), int(str(raw["total"])),
            str(raw["group"]), (str(names[0]), str(names[1]), str(names[2])),
        )  # fmt: skip


def venue_id(name: str) -> str:
    """OpenReview's id of a venue. Raises BadInput for a name that stands for no known id.

    >>> venue_id("ICLR 2024"), venue_id("neurips2023"), venue_id("ICLR.cc/2025/Conference"), venue_id("tmlr")
    ('ICLR.cc/2024/Conference', 'NeurIPS.cc/2023/Conference', 'ICLR.cc/2025/Conference', 'TMLR')
    """
    name = name.strip()
    if name.upper() == "TMLR":
        return "TMLR"
    if _LONG.fullmatch(name) and len(name) <= 200:
        return name
    short = _SHORT.fullmatch(name)
    series = _SERIES.get(short[1].lower()) if short else None
    if short and series and int(short[2]) >= series[1]:
        return series[0].format(year=short[2])
    raise BadInput(
        f"'{name[:60]}' is no venue id of OpenReview",
        "give the id that its page has behind 'group?id=', such as ICLR.cc/2025/Conference",
    )


def settle(asking: Asking, client: Client, venue: str) -> list[Leg]:
    """Find out which generation of the API has the venue's submissions, and under which names.

    Raises ServiceRefused for a venue that OpenReview does not know, else ServiceError.
    """
    group = asking.group(client, venue)
    told = content_of(group) if group else {}

    def named(name: str, default: str) -> str:
        value = told.get(name)
        return value if isinstance(value, str) and 0 < len(value) <= 200 else default

    names = (
        named("review_name", DEFAULT_NAMES.review),
        named("meta_review_name", DEFAULT_NAMES.meta_review),
        named("decision_name", DEFAULT_NAMES.decision),
    )
    # All submissions answer one invitation, whatever became of them. By their venue id alone a venue that
    # still reviews would look as if it had none.
    submission = named("submission_id", f"{venue}/-/Submission")
    for by, value in (("invitation", submission), ("content.venueid", venue)):
        if total := count(asking, client, 2, by, value):
            return [Leg(2, by, value, total, names=names)]
    for value in (f"{venue}/-/Blind_Submission", f"{venue}/-/Submission"):
        if total := count(asking, client, 1, "invitation", value):
            # API 1 moved what left a venue to invitations of their own.
            others = (f"{venue}/-/Withdrawn_Submission", f"{venue}/-/Desk_Rejected_Submission")
            return [
                Leg(1, "invitation", value, total, names=names),
                *(Leg(1, "invitation", other, names=names) for other in others),
            ]
    if group is None:
        raise ServiceRefused(
            f"OpenReview knows no venue {venue}",
            "give the id that its page has behind 'group?id=', such as ICLR.cc/2025/Conference",
        )
    return []


def count(asking: Asking, client: Client, api: int, by: str, value: str) -> int:
    """How many notes match; at least the number that came when OpenReview does not count them."""
    found = asking.notes(client, api, [(by, value), ("limit", "1"), ("count", "true")])
    return max(found.total or 0, len(found.notes))


def names_of(leg: Leg) -> Names:
    """What the leg's venue calls its replies."""
    return Names(*leg.names)
