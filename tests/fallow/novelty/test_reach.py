"""A failed or unfinished harvest is never evidence of novelty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fallow.novelty.explain import mention
from fallow.novelty.reach import source_doubts, source_notes, source_states
from fallow_ingest.catalog import Catalog
from fallow_ingest.health import note_outcome
from fallow_ingest.records import Paper
from fallow_ingest.web.outcomes import Broken, Empty, Exhausted, Ok, Outcome, Refused, Throttled

FAILURES = (
    Throttled("2033-05-18T03:33:20Z", "too fast"),
    Exhausted("2033-05-18T00:00:00Z", "spent"),
    Refused("no key"),
    Broken("a web page"),
)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path, create=True) as opened:
        opened.add(
            [Paper(f"arxiv:2001.{n:05d}", f"An Invented Paper Number {n}") for n in range(40)], "jsonl"
        )
        yield opened


def note(
    catalog: Catalog, outcome: Outcome, state: str = "done", missing: int = 0, days_ago: int = 0
) -> None:
    moment = (datetime.now(UTC) - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with catalog.writing() as connection:
        note_outcome(connection, "shelf", outcome)
        connection.execute("UPDATE source_outcomes SET day = ?, last_at = ?", (moment[:10], moment))
        connection.execute(
            "INSERT INTO harvests (service, selection, state, cursor, watermark, records, missing, counts, "
            "started_at) VALUES ('shelf', 'x', ?, 'null', '', 1, ?, '{}', ?)",
            (state, missing, moment),
        )


def test_a_library_of_files_has_nothing_to_say(catalog: Catalog) -> None:
    assert source_states(catalog) == ()


@pytest.mark.parametrize("outcome", [Ok(10), Empty()])
def test_sound_services_raise_no_doubt(catalog: Catalog, outcome: Outcome) -> None:
    note(catalog, outcome)
    (state,) = source_states(catalog)
    assert state.sound
    assert not source_doubts([state]) + source_notes([state])


@pytest.mark.parametrize("outcome", FAILURES, ids=lambda o: o.name)
def test_a_harvest_that_stopped_in_the_middle_is_a_doubt(catalog: Catalog, outcome: Outcome) -> None:
    note(catalog, outcome, state="broken")
    (doubt,) = source_doubts(source_states(catalog))
    assert "stopped in the middle" in doubt
    assert "fallow ingest" in doubt


def test_many_missing_records_are_a_doubt_and_few_are_named(catalog: Catalog) -> None:
    note(catalog, Ok(40), missing=5)
    (doubt,) = source_doubts(source_states(catalog))
    assert "5 records" in doubt
    with catalog.writing() as connection:
        connection.execute("UPDATE harvests SET missing = 1")
    states = source_states(catalog)
    assert not source_doubts(states)
    assert "1 record missing" in source_notes(states)[0]


def test_a_retracted_paper_is_named_as_one(catalog: Catalog) -> None:
    catalog.add(
        [Paper("arxiv:2001.00099", "Toys That Lie", authors=("Ada Ash",), year=2020, status="retracted")],
        "jsonl",
    )
    paper = catalog.find("arxiv:2001.00099")
    assert paper.citation == "Ash (2020, retracted)"
    assert mention(paper) == "“Toys That Lie” (Ash 2020, retracted, arxiv:2001.00099)"


def test_a_harvest_given_up_long_ago_is_only_named(catalog: Catalog) -> None:
    note(catalog, FAILURES[0], state="broken", days_ago=60)
    states = source_states(catalog)
    assert not source_doubts(states)
    assert "not asked since" in source_notes(states)[0]
