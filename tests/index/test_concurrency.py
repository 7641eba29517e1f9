"""Work that became public too shortly before a day to be its prior work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fallow_index.concurrency import CONCURRENT_DAYS, ConcurrencyRetriever, concurrency
from fallow_index.filters import SlotTable

days = st.integers(1900, 2099).flatmap(
    lambda year: st.tuples(st.just(year), st.integers(1, 12), st.integers(1, 28))
)


@given(st.lists(days, min_size=1, max_size=20), days)
def test_only_the_last_half_year_counts(
    papers: list[tuple[int, int, int]], asked: tuple[int, int, int]
) -> None:
    public_by = np.array([10000 * y + 100 * m + d for y, m, d in papers], np.int32)
    as_of = 10000 * asked[0] + 100 * asked[1] + asked[2]
    found = concurrency(public_by, as_of)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found[public_by >= as_of] == 1).all()
    whole_years = asked[0] * 12 + asked[1] - 7
    old = np.array([12 * y + m for y, m, _ in papers]) < whole_years
    assert (found[old] == 0).all()


def test_without_a_day_it_has_nothing_to_say() -> None:
    table = SlotTable(np.arange(3), np.array([20200101, 20201231, 20210101], np.int32))
    slots = np.arange(3)
    retriever = ConcurrencyRetriever(table)
    assert not retriever.ask(None, table.filters()).scores(slots).any()
    dated = retriever.ask(None, table.filters(as_of=20201231))
    assert dated.scores(slots[:2]).tolist() == [0.0, -1.0]
    assert not len(dated.nominate(10))


def test_half_a_year_is_what_the_documentation_says() -> None:
    text = Path(__file__).parents[2].joinpath("docs", "search.md").read_text(encoding="utf-8")
    assert f"{CONCURRENT_DAYS} days" in text
