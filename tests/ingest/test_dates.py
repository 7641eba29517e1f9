"""Dates: one integer a day, never an invented one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow_ingest.dates import UNKNOWN_DAY, parse_as_of, public_by, read_date
from fallow_ingest.errors import BadInput

days = st.dates(date(1500, 1, 1), date(2199, 12, 31))


@given(days)
def test_a_whole_date_is_itself(day: date) -> None:
    wanted = day.year * 10_000 + day.month * 100 + day.day
    assert public_by(None, day.isoformat()) == parse_as_of(day.isoformat()) == wanted
    assert public_by(day.year) >= public_by(None, day.isoformat()[:7]) >= wanted


@given(days)
def test_written_dates_are_read(day: date) -> None:
    assert (
        read_date(day.strftime("%a, ") + f"{day.day} " + day.strftime("%b %Y 12:00:00 GMT"))
        == day.isoformat()
    )
    assert read_date(f"{day.isoformat()}T00:00:00Z") == day.isoformat()


@given(st.text(max_size=40), st.none() | st.integers())
def test_anything_is_a_day_or_unknown(text: str, year: int | None) -> None:
    day = public_by(year, text)
    assert day == UNKNOWN_DAY or 1500_01_01 <= day <= 2199_12_31
    assert read_date(text) == "" or public_by(None, read_date(text)) != UNKNOWN_DAY


@pytest.mark.parametrize("text", ["", "16", "2016-13", "2016-02-30", "2016-5", "tomorrow", "2016-05-07-01"])
def test_as_of_refuses_what_is_no_date(text: str) -> None:
    with pytest.raises(BadInput, match="is not a date; write it as 2016"):
        parse_as_of(text)
