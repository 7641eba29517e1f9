"""One limiter for the whole machine: every process takes its turn at a service through the same files.

One small file for each origin (arXiv, Semantic Scholar, ...) in the user's state folder holds the moment
from which it may be asked again and what is left of its daily budget. Whoever asks holds the file's lock
until the answer is there, so an origin has one connection at a time; a killed process frees it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import orjson
from filelock import FileLock, Timeout

from fallow_ingest.errors import BadInput, BudgetExhausted, ServiceThrottled
from fallow_ingest.web.clock import Clock, iso_time, next_midnight

STATE_VARIABLE = "FALLOW_STATE"
LONGEST_PAUSE = 48 * 3600.0
"""Seconds; a pause beyond it comes from a clock that was set back or a damaged file."""

Announce = Callable[[str, float], None]
"""Called with (why we wait, seconds) before a wait of more than a moment."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Someone who is asked over the network, and how often at most.

    name: of the limiter's file, shared by all services behind it; label: for people; interval: seconds
    between two requests; hosts: where requests and redirects may go (subdomains included).
    """

    name: str
    label: str
    interval: float
    hosts: tuple[str, ...]


class _State(TypedDict, total=False):
    next_at: float
    reason: str
    credits_left: float
    renewed_at: float


def state_folder() -> Path:
    """Where the machine's limits are kept: $FALLOW_STATE, or the user's state folder."""
    if named := os.environ.get(STATE_VARIABLE):
        return Path(named)
    from platformdirs import user_state_path

    return user_state_path("fallow", appauthor=False)


class Limiter:
    """Turns at every origin. longest_wait: seconds that a caller waits at most; beyond it an error tells."""

    def __init__(
        self,
        clock: Clock,
        *,
        folder: Path | None = None,
        longest_wait: float = 120.0,
        announce: Announce = lambda _why, _seconds: None,
    ) -> None:
        self.clock = clock
        self.folder = folder or state_folder() / "limits"
        self.longest_wait = longest_wait
        self.announce = announce

    @contextmanager
    def turn(self, origin: Origin, *, credits: float = 0.0) -> Iterator[None]:
        """Wait for the origin's next free moment, then hold it until the block ends.

        credits: what the request costs of the day's budget. Raises ServiceThrottled when the wait would be
        longer than longest_wait, BudgetExhausted when the budget does not cover the request, BadInput when
        the folder cannot be written: without it nobody would keep the pace.
        """
        with self._locked(origin):
            state = self._read(origin)
            self._within_budget(origin, state, credits)
            self._wait(origin, state)
            state["next_at"] = self.clock.now() + origin.interval
            state["reason"] = f"one request every {origin.interval:g} s"
            if "credits_left" in state:
                state["credits_left"] -= credits
            # Before the request: a process that is killed inside it has asked all the same.
            self._write(origin, state)
            yield

    def cool_down(self, origin: Origin, until: float, reason: str) -> None:
        """Nobody on this machine asks the origin before `until` (seconds since 1970). Inside a turn."""
        state = self._read(origin)
        if until > state.get("next_at", 0.0):
            state["next_at"] = until
            state["reason"] = reason
            self._write(origin, state)

    def note_budget(self, origin: Origin, credits_left: float, renewed_at: float) -> None:
        """Remember what the service says is left of the day's budget. Inside a turn."""
        state = self._read(origin)
        known = state.get("credits_left")
        if known is not None and state.get("renewed_at", 0.0) > self.clock.now():
            # Nodes of one service disagree for a while; the smaller number never spends too much.
            credits_left = min(known, credits_left)
        self._write(origin, state | {"credits_left": credits_left, "renewed_at": renewed_at})

    def credits_left(self, origin: Origin) -> float | None:
        """What is left of the day's budget; None when it is not known or was renewed since."""
        state = self._read(origin)
        return state.get("credits_left") if state.get("renewed_at", 0.0) > self.clock.now() else None

    def free_at(self, origin: Origin) -> float:
        """The moment from which the origin may be asked (seconds since 1970; past: now)."""
        return self._read(origin).get("next_at", 0.0)

    # --------------------------------------------------------------------------------------------

    @contextmanager
    def _locked(self, origin: Origin) -> Iterator[None]:
        lock = FileLock(self.folder / f"{origin.name}.lock", timeout=0)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            self.announce(f"another fallow process is asking {origin.label}", self.longest_wait)
            try:
                lock.acquire(timeout=self.longest_wait, poll_interval=0.1)
            except Timeout as error:
                raise ServiceThrottled(
                    f"Another fallow process has been asking {origin.label} for {self.longest_wait:.0f} s",
                    "wait for it to end, or allow a longer --wait",
                ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            yield
        finally:
            lock.release()

    def _wait(self, origin: Origin, state: _State) -> None:
        seconds = state.get("next_at", 0.0) - self.clock.now()
        if seconds > self.longest_wait:
            until = state["next_at"]
            raise ServiceThrottled(
                f"{origin.label} is not to be asked before {iso_time(until)} ({state.get('reason', '')})",
                "run the same command again then: it goes on where it stopped",
                until,
            )
        if seconds > 0:
            if seconds > 2 * origin.interval + 1:
                self.announce(f"{origin.label}: {state.get('reason', '')}", seconds)
            self.clock.sleep(seconds)

    def _within_budget(self, origin: Origin, state: _State, credits: float) -> None:
        renewed = state.get("renewed_at", 0.0)
        if renewed <= self.clock.now():
            state.pop("credits_left", None)
            return
        left = state.get("credits_left")
        if credits and left is not None and left < credits:
            raise BudgetExhausted(
                f"Today's budget at {origin.label} has {max(left, 0):g} credits left, this costs {credits:g}",
                f"run the same command again after {iso_time(renewed)}: it goes on where it stopped",
                renewed,
            )

    def _path(self, origin: Origin) -> Path:
        return self.folder / f"{origin.name}.json"

    def _read(self, origin: Origin) -> _State:
        try:
            found = orjson.loads(self._path(origin).read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, orjson.JSONDecodeError):
            found = None
        now = self.clock.now()
        state: _State = {"next_at": now + origin.interval}  # damaged: be careful, not stuck
        if not isinstance(found, dict):
            return state
        next_at = found.get("next_at")
        if isinstance(next_at, int | float) and next_at - now <= LONGEST_PAUSE:
            state["next_at"] = float(next_at)
            state["reason"] = str(found.get("reason", ""))
        left, renewed = found.get("credits_left"), found.get("renewed_at")
        if isinstance(left, int | float) and isinstance(renewed, int | float):
            state["credits_left"] = float(left)
            state["renewed_at"] = min(float(renewed), next_midnight(now))
        return state

    def _write(self, origin: Origin, state: _State) -> None:
        path = self._path(origin)
        partial = path.with_suffix(f".{os.getpid()}")
        try:
            partial.write_bytes(orjson.dumps(state))
            partial.replace(path)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> BadInput:
        return BadInput(
            f"{self.folder}, where the pace of services is kept, cannot be written ({error.strerror})",
            f"name another folder in {STATE_VARIABLE}",
        )
