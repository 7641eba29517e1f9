"""Days as the library compares them: one integer, yyyymmdd."""

from __future__ import annotations

import calendar
import re
from datetime import date as calendar_day
from functools import lru_cache

from fallow_ingest.errors import BadInput

UNKNOWN_DAY = 99_999_999
"""Later than every `as_of`: a paper of unknown date takes part in no dated question."""

FIRST_YEAR, LAST_YEAR = 1500, 2199

_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?![\d-])", re.ASCII)
_ISO_STRICT = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_DAY_MONTH_YEAR = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})\s+([A-Za-z]{3,9})\.?,?\s+(\d{4})(?!\d)", re.ASCII
)
_MONTH_YEAR = re.compile(r"([A-Za-z]{3,9})\.?[^A-Za-z]*?(?:\s|,)\s*(\d{4})(?!\d)", re.ASCII)
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip


@lru_cache(maxsize=50_000)
def public_by(year: int | None, date: str = "") -> int:
    """The last day, as yyyymmdd, on which the paper can first have become public; 99999999 when unknown.

    `date` (YYYY, YYYY-MM or YYYY-MM-DD) wins over `year`; a date that is no date counts as none.

    >>> public_by(2017, "2017-06-12"), public_by(2016, "2016-02"), public_by(2016), public_by(None)
    (20170612, 20160229, 20161231, 99999999)
    """
    found = _ISO.match(date)
    day = _last_day(*(int(part) if part else None for part in found.groups())) if found else None
    if day is None and year is not None:
        day = _last_day(year, None, None)
    return UNKNOWN_DAY if day is None else day


def parse_as_of(text: str) -> int:
    """The day that `--as-of` names, as yyyymmdd: the last one of a month or year.

    Raises BadInput for anything but YYYY, YYYY-MM and YYYY-MM-DD.

    >>> parse_as_of("2016"), parse_as_of("2016-05"), parse_as_of("2016-05-07")
    (20161231, 20160531, 20160507)
    """
    found = _ISO_STRICT.fullmatch(text.strip())
    day = _last_day(*(int(part) if part else None for part in found.groups())) if found else None
    if day is None:
        raise BadInput(f"'{text[:40]}' is not a date", "write it as 2016, 2016-05 or 2016-05-07")
    return day


def parse_since(text: str) -> int:
    """The day that `--since` names, as yyyymmdd: the first one of a month or year.

    Raises BadInput as `parse_as_of`.

    >>> parse_since("2016"), parse_since("2016-05"), parse_since("2016-05-07")
    (20160101, 20160501, 20160507)
    """
    last = parse_as_of(text)
    given = text.strip().count("-")
    return last if given == 2 else last // 100 * 100 + 1 if given else last // 10000 * 10000 + 101


def day_text(day: int) -> str:
    """A day given as yyyymmdd, as people and services write it.

    >>> day_text(20260105)
    '2026-01-05'
    """
    return f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"


def read_date(text: str) -> str:
    """The date that a source wrote in its own way, as YYYY, YYYY-MM or YYYY-MM-DD; "" when it is none.

    Understood are ISO 8601 (a time after it is dropped), RFC 822 and a month with its year.

    >>> read_date("Mon, 2 Apr 2007 19:18:42 GMT"), read_date("2016-02-15T10:00:00Z")
    ('2007-04-02', '2016-02-15')
    >>> read_date("July 15-20 2018"), read_date("2016-13-40"), read_date("forthcoming")
    ('2018-07', '2016', '')
    """
    text = text[:80].strip()
    if found := _ISO.match(text):
        year, month, day = (int(part) if part else None for part in found.groups())
        return iso(year, month, day)
    if found := _DAY_MONTH_YEAR.search(text):
        return iso(int(found[3]), month_number(found[2]), int(found[1]))
    if found := _MONTH_YEAR.search(text):
        return iso(int(found[2]), month_number(found[1]), None)
    return ""


def month_number(text: str) -> int | None:
    """1 to 12 for the first month that the text names or gives as a number; None when it names none.

    >>> month_number("October-November"), month_number("sept."), month_number("7"), month_number("winter")
    (10, 9, 7, None)
    """
    text = text[:80].strip()
    if text.isascii() and text.isdigit():
        return int(text) if 1 <= int(text) <= 12 else None
    for word in re.findall(r"[A-Za-z]{3,}", text):
        number = _MONTHS.get(word[:3].lower())
        if number is not None:
            return number
    return None


def iso(year: int | None, month: int | None = None, day: int | None = None) -> str:
    """The parts as YYYY, YYYY-MM or YYYY-MM-DD, as far as they name a day that exists.

    >>> iso(2018, 7, 15), iso(2018, 2, 30), iso(2018, 13), iso(None, 3)
    ('2018-07-15', '2018-02', '2018', '')
    """
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        return ""
    if month is None or not 1 <= month <= 12:
        return f"{year:04d}"
    if day is None or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return f"{year:04d}-{month:02d}"
    return f"{year:04d}-{month:02d}-{day:02d}"


def _last_day(year: int | None, month: int | None = None, day: int | None = None) -> int | None:
    """The last day of what the parts name, as yyyymmdd; None when there is no such day."""
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        calendar_day(year, month or 12, day or 1)
    except ValueError:
        return None
    if month == 0 or day == 0:
        return None
    month = month or 12
    return year * 10_000 + month * 100 + (day or calendar.monthrange(year, month)[1])
