"""Bad days and kills: whatever happens on the way, the library ends as an undisturbed harvest makes it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from protocols.scenarios import Scenario, content, run_until_complete, scenarios
from protocols.server import Asked, Reply, serving

from fallow_ingest.services import SERVICES

ALL = scenarios()
SEEDS = range(4)
"""The long run, 200 seeds a service, is benchmarks/faults.py."""

KILLED = Path(__file__).parents[2] / "protocols" / "killed_harvest.py"

each_scenario = pytest.mark.parametrize("scenario", ALL, ids=lambda s: s.name)


def test_every_service_has_a_scenario() -> None:
    assert {s.service for s in ALL} == set(SERVICES.names()), "add one to tests/protocols"


@each_scenario
def test_an_undisturbed_harvest_brings_everything_once(scenario: Scenario, tmp_path: Path) -> None:
    accounts = run_until_complete(scenario, tmp_path / "library", tmp_path / "state")
    assert len(accounts) == 1
    found = content(tmp_path / "library")
    assert len(found["papers"]) == scenario.papers
    run_until_complete(scenario, tmp_path / "library", tmp_path / "state")
    again = content(tmp_path / "library")
    for rows in (found, again):
        del rows["watermarks"]
    assert again == found, "a second harvest doubles or loses something"


@each_scenario
@pytest.mark.parametrize("seed", SEEDS)
def test_bad_days_lose_and_double_nothing(scenario: Scenario, seed: int, tmp_path: Path) -> None:
    run_until_complete(scenario, tmp_path / "calm", tmp_path / "calm-state")
    run_until_complete(scenario, tmp_path / "bad", tmp_path / "bad-state", seed)
    assert content(tmp_path / "bad") == content(tmp_path / "calm")


@each_scenario
def test_killed_harvests_go_on(scenario: Scenario, tmp_path: Path) -> None:
    run_until_complete(scenario, tmp_path / "calm", tmp_path / "calm-state")
    respond = scenario.world()

    def slowly(asked: Asked) -> Reply:
        time.sleep(0.01)
        return respond(asked)

    with serving(slowly) as server:
        command = [sys.executable, str(KILLED), scenario.name, server.url]
        command += [str(tmp_path / "killed"), str(tmp_path / "killed-state")]
        for requests in (2, 5):
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            seen = len(server.asked)
            while process.poll() is None and len(server.asked) < seen + requests:
                time.sleep(0.002)
            process.kill()
            process.wait()
        subprocess.run(command, check=True, timeout=60)
    assert content(tmp_path / "killed") == content(tmp_path / "calm")
