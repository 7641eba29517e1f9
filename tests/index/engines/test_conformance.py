"""What every engine must do, run on all that are registered and installed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from opened_engines import (
    DAYS,
    DENSE,
    OTHER_SPACE,
    SPACE,
    TOKENS,
    Opener,
    assert_ranked,
    exact,
    key_of,
    papers,
    units,
)

from fallow_index.engines import Engine, Papers
from fallow_ingest.errors import EncoderError

ALL = list(range(1, 41))


@pytest.fixture
def held() -> Papers:
    return papers(ALL)


@pytest.fixture
def engine(opener: Opener, held: Papers) -> Engine:
    """An engine with forty papers, sent in two batches."""
    engine = opener.open()
    engine.upsert(held.part(0, 25))
    engine.upsert(held.part(25, 40))
    engine.settle()
    return engine


@pytest.fixture
def dense() -> NDArray[np.float32]:
    return units(1, DENSE, 1)[0]


@pytest.fixture
def query() -> NDArray[np.float32]:
    return units(6, TOKENS, 2)


def test_an_empty_engine_answers(
    opener: Opener, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    engine = opener.open()
    engine.settle()
    assert engine.count() == 0
    assert len(engine.held()) == 0
    assert len(engine.search(dense, query, 5)) == 0


def test_it_holds_what_it_was_given(engine: Engine, held: Papers) -> None:
    assert engine.count() == 40
    assert engine.held().numbers.tolist() == ALL
    np.testing.assert_array_equal(engine.held().keys, held.held.keys)
    np.testing.assert_array_equal(engine.held().public_by, held.held.public_by)


def test_the_order_is_that_of_max_sim(
    opener: Opener, engine: Engine, held: Papers, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    found = engine.search(dense, query, 40)
    assert sorted(found.numbers.tolist()) == ALL
    assert_ranked(found, exact(held, query), opener.rounding)
    rows = found.numbers - 1
    np.testing.assert_allclose(found.dense, held.dense[rows] @ dense, atol=0.003)


def test_query_tokens_carry_weights(
    opener: Opener, engine: Engine, held: Papers, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    weights = np.array([3, 0, 1, 0.5, 2, 0], np.float32)
    found = engine.search(dense, query, 40, weights=weights)
    assert_ranked(found, exact(held, query, weights), opener.rounding)


def test_candidates_come_from_everything(
    engine: Engine, held: Papers, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    found = engine.search(dense, query, 5, candidates=10)
    assert len(found) == 5
    assert len(set(found.numbers.tolist())) == 5


def test_as_of_acts_inside(
    opener: Opener, engine: Engine, held: Papers, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    found = engine.search(dense, query, 40, as_of=DAYS[1])
    public = [number for number in ALL if DAYS[number % 3] <= DAYS[1]]
    assert sorted(found.numbers.tolist()) == public
    assert_ranked(found, exact(held, query), opener.rounding)
    assert len(engine.search(dense, query, 40, as_of=DAYS[0] - 1)) == 0


def test_excluded_papers_make_room_for_others(
    engine: Engine, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    first = engine.search(dense, query, 10).numbers.tolist()
    found = engine.search(dense, query, 10, exclude=first).numbers.tolist()
    assert len(found) == 10
    assert not set(found) & set(first)


def test_within_confines(
    opener: Opener, engine: Engine, held: Papers, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    found = engine.search(dense, query, 10, within=[3, 7, 21, 999], candidates=2)
    assert sorted(found.numbers.tolist()) == [3, 7, 21]
    assert_ranked(found, exact(held, query), opener.rounding)
    assert len(engine.search(dense, query, 10, within=[])) == 0


def test_filters_together_leave_fewer_than_asked(
    engine: Engine, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    found = engine.search(dense, query, 10, as_of=DAYS[1], exclude=[4, 6], within=[3, 4, 5, 6, 7, 8, 9])
    assert sorted(found.numbers.tolist()) == [
        number for number in (3, 5, 7, 8, 9) if DAYS[number % 3] <= DAYS[1]
    ]


def test_a_query_without_tokens_goes_by_the_dense_vector(
    engine: Engine, held: Papers, dense: NDArray[np.float32]
) -> None:
    found = engine.search(dense, np.empty((0, TOKENS), np.float32), 10)
    best = ALL[int(np.argmax(held.dense @ dense))]
    assert found.numbers[0] == best
    assert not found.late.any()
    assert (np.diff(found.dense) <= 0).all()


def test_a_paper_without_tokens_scores_nothing_and_is_found(
    opener: Opener, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    held = papers(ALL, tokenless=17)
    engine = opener.open()
    engine.upsert(held)
    engine.settle()
    found = engine.search(dense, query, 40)
    assert sorted(found.numbers.tolist()) == ALL
    assert found.late[found.numbers.tolist().index(17)] == 0
    assert_ranked(found, exact(held, query), opener.rounding)


def test_more_than_there_are(engine: Engine, dense: NDArray[np.float32], query: NDArray[np.float32]) -> None:
    assert len(engine.search(dense, query, 1000)) == 40


def test_upsert_replaces(
    opener: Opener, engine: Engine, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    renewed = papers([5, 6, 41], version=1)
    engine.upsert(renewed)
    engine.settle()
    assert engine.count() == 41
    at = engine.held().numbers.tolist().index(5)
    assert engine.held().keys[at].tobytes() == key_of(5, 1)
    found = engine.search(dense, query, 3, within=[5, 6, 41])
    assert_ranked(found, exact(renewed, query), opener.rounding)


def test_deleted_papers_are_gone(
    engine: Engine, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    engine.delete(np.array([1, 2, 3, 777], np.int64))
    engine.settle()
    assert engine.count() == 37
    assert engine.held().numbers.tolist() == ALL[3:]
    assert not {1, 2, 3} & set(engine.search(dense, query, 40).numbers.tolist())


def test_reopened_it_answers_the_same(
    opener: Opener, engine: Engine, dense: NDArray[np.float32], query: NDArray[np.float32]
) -> None:
    before = engine.search(dense, query, 20)
    opener.close()
    again = opener.open()
    found = again.search(dense, query, 20)
    assert again.count() == 40
    assert found.numbers.tolist() == before.numbers.tolist()
    np.testing.assert_allclose(found.late, before.late, atol=1e-5)


def test_another_encoders_vectors_are_refused(opener: Opener, engine: Engine) -> None:
    opener.close()
    with pytest.raises(EncoderError, match="fallow build"):
        opener.open(OTHER_SPACE)
    assert opener.open(SPACE).count() == 40


def test_a_build_may_replace_another_encoders_vectors(opener: Opener, engine: Engine) -> None:
    opener.close()
    emptied = opener.open(OTHER_SPACE, replace=True)
    assert emptied.count() == 0
    emptied.upsert(papers([1, 2]))
    opener.close()
    assert opener.open(OTHER_SPACE).count() == 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill on this system")
@pytest.mark.parametrize("kill_at", [1, 3, 5])
def test_a_killed_synchronisation_is_gone_on_with(opener: Opener, tmp_path: Path, kill_at: int) -> None:
    """Killed before the n-th batch; what went before is there, the next run sends only the rest."""
    script = Path(__file__).with_name("killed_sync.py")

    def run(kill: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(script), opener.name, str(opener.place.folder), f"{kill}"]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))

    assert run(kill_at).returncode == -signal.SIGKILL
    engine = opener.open()
    kept = engine.count()
    assert kept >= 8 * (kill_at - 1)
    opener.close()
    again = run(0)
    assert again.returncode == 0, again.stderr
    assert again.stdout.split() == [f"{40 - kept}", "0", "40"]
    assert run(0).stdout.split() == ["0", "0", "40"]
