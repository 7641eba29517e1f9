"""The limiter: one pace for all processes of a machine."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from protocols.server import FakeClock

from fallow_ingest.errors import BadInput, BudgetExhausted, ServiceThrottled
from fallow_ingest.web.clock import next_midnight
from fallow_ingest.web.limiter import Limiter, Origin

SLOW = Origin("slow", "Slow Archive", 3.0, ("example.org",))
QUICK = Origin("quick", "Quick Archive", 0.05, ("example.org",))


def limiter(folder: Path, clock: FakeClock, longest_wait: float = 120.0) -> Limiter:
    return Limiter(clock, folder=folder, longest_wait=longest_wait)


def test_two_limiters_share_one_pace(tmp_path: Path) -> None:
    clock = FakeClock()
    for _ in range(3):
        for one in (limiter(tmp_path, clock), limiter(tmp_path, clock)):
            with one.turn(SLOW):
                pass
    assert clock.slept == [3.0] * 5


def test_origins_do_not_wait_for_each_other(tmp_path: Path) -> None:
    clock = FakeClock()
    with limiter(tmp_path, clock).turn(SLOW), limiter(tmp_path, clock).turn(QUICK):
        pass
    assert not clock.slept


def test_a_cool_down_holds_for_everybody_and_is_announced(tmp_path: Path) -> None:
    clock = FakeClock()
    told: list[tuple[str, float]] = []
    one = limiter(tmp_path, clock)
    with one.turn(SLOW):
        one.cool_down(SLOW, clock.now() + 60, "HTTP 429, Retry-After")
    other = Limiter(clock, folder=tmp_path, announce=lambda why, seconds: told.append((why, seconds)))
    with other.turn(SLOW):
        pass
    assert clock.slept == [60.0]
    assert told == [("Slow Archive: HTTP 429, Retry-After", 60.0)]


def test_a_long_wait_is_told_instead_of_waited(tmp_path: Path) -> None:
    clock = FakeClock()
    one = limiter(tmp_path, clock)
    with one.turn(SLOW):
        one.cool_down(SLOW, clock.now() + 3600, "HTTP 429")
    with pytest.raises(ServiceThrottled) as caught, one.turn(SLOW):
        pass
    assert caught.value.until == clock.now() + 3600
    assert not clock.slept


def test_the_budget_is_spent_once_and_renewed_at_midnight(tmp_path: Path) -> None:
    clock = FakeClock()
    one = limiter(tmp_path, clock)
    with one.turn(QUICK, credits=10):
        one.note_budget(QUICK, 15, next_midnight(clock.now()))
    with one.turn(QUICK, credits=10):
        pass
    assert one.credits_left(QUICK) == 5
    with pytest.raises(BudgetExhausted) as caught, limiter(tmp_path, clock).turn(QUICK, credits=10):
        pass
    assert caught.value.until == next_midnight(clock.now())
    with one.turn(QUICK):
        pass  # what costs nothing goes on
    clock.time = next_midnight(clock.now()) + 1
    with one.turn(QUICK, credits=10):
        pass


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"next_at": 1e300}', b'{"next_at": "soon"}'])
def test_a_damaged_state_is_careful_not_stuck(content: bytes, tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / "slow.json").write_bytes(content)
    with limiter(tmp_path, clock).turn(SLOW):
        pass
    assert sum(clock.slept) <= SLOW.interval


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="FALLOW_STATE"), limiter(tmp_path / "file", FakeClock()).turn(SLOW):
        pass


TAKE_TURNS = """
import sys
from pathlib import Path
from fallow_ingest.web.clock import SystemClock
from fallow_ingest.web.limiter import Limiter, Origin
folder = Path(sys.argv[1])
quick = Origin("quick", "Quick Archive", 0.05, ())
one = Limiter(SystemClock(), folder=folder)
for _ in range(4):
    with one.turn(quick):
        (folder / "asking").touch(exist_ok=False)
        print(one.free_at(quick))
        (folder / "asking").unlink()
"""


def test_processes_never_ask_at_once_nor_too_soon(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TAKE_TURNS, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], "two were inside a turn at once"
    # Each turn leaves behind when the next may come: its own beginning and the pause.
    free_at = sorted(float(line) for lines in told for line in lines)
    assert len(free_at) == 12
    assert min(b - a for a, b in itertools.pairwise(free_at)) >= QUICK.interval * 0.999
