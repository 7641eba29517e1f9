"""The little arXiv behind the servers of its protocols: invented papers, at the beginning of 2027."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

NOW = datetime(2027, 1, 15, 8, 0, 0, tzinfo=UTC)
"""The server's clock, which stands still: when the tests' clock starts."""


@dataclass(frozen=True, slots=True)
class Preprint:
    """id: without version; versions: when each was submitted; stamped: the day its record last changed."""

    id: str
    title: str
    versions: tuple[datetime, ...]
    categories: tuple[str, ...]
    stamped: str
    authors: tuple[str, ...] = ("Ada Ash", "Bo Birch")
    abstract: str = "We study idle toys & find that 2 < 3."
    comments: str = ""
    doi: str = ""
    journal: str = ""
    withdrawn: bool = False
    deleted: bool = False

    @property
    def version(self) -> int:
        return len(self.versions)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _world() -> tuple[Preprint, ...]:
    same_day = [
        Preprint(
            f"2611.0{number:04d}",
            f"Toy number {number} of one day",
            (at(f"2026-11-03T10:{number:02d}:30"),),
            ("cs.CL", "cs.AI") if number % 2 else ("cs.CL",),
            "2026-12-01",
        )
        for number in range(1, 6)
    ]
    return (
        Preprint(
            "cmp-lg/9404001",
            "Old toys of language",
            (at("1994-04-05T12:00:00"),),
            ("cmp-lg", "cs.CL"),
            "2005-09-16",
        ),
        Preprint(
            "hep-th/9901001",
            "Strings for toys",
            (at("1999-01-02T03:04:05"), at("1999-02-02T03:04:05")),
            ("hep-th", "math-ph", "math.MP"),
            "2005-09-16",
            doi="10.1234/toys.1",
            journal="J. Toys 1 (1999) 1-2",
        ),
        Preprint(
            "0704.0001",
            "The first toy of the new scheme",
            (at("2007-04-01T00:00:10"),),
            ("cs.CL", "cs.LG"),
            "2010-03-04",
            authors=("Ángel Úrsulo", "Cy Cedar", "Toy Collaboration"),
        ),
        Preprint(
            "1501.00001",
            "Five digits of toys",
            (at("2015-01-01T00:00:00"), at("2015-01-03T00:00:00"), at("2016-01-01T00:00:00")),
            ("cs.LG", "cs.CL"),
            "2016-01-04",
        ),
        *same_day,
        Preprint(
            "2611.00009",
            "A toy that was taken back",
            (at("2026-11-04T09:00:00"), at("2026-11-20T09:00:00")),
            ("cs.CL",),
            "2026-12-01",
            comments="This paper has been withdrawn by the authors",
            withdrawn=True,
        ),
        Preprint(
            "2612.00001", "Numbers of toys", (at("2026-12-02T08:00:00"),), ("math.NA", "cs.NA"), "2026-12-03"
        ),
        Preprint(
            "2612.00002",
            "Learning toys late",
            (at("2026-12-02T08:00:30"),),
            ("cs.LG",),
            "2027-01-14",
            comments="9 pages",
        ),
        Preprint(
            "2701.00001", "The newest toy", (at("2027-01-14T15:00:00"),), ("cs.CL", "cs.LG"), "2027-01-15"
        ),
    )


PREPRINTS = _world()


def crowd(count: int) -> list[Preprint]:
    """Papers of some days, four a minute."""
    return [
        Preprint(
            f"2601.{number:05d}",
            f"Toy {number} of a crowd",
            (at(f"2026-01-{1 + number // 60:02d}T10:{number % 60 // 4:02d}:{number % 4:02d}"),),
            ("cs.CL",),
            "2026-02-01",
        )
        for number in range(1, count + 1)
    ]
