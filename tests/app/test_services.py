"""`fallow ingest SERVICE`, as people type it, against local servers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from protocols.arxiv_oai import OaiServer
from protocols.server import Asked, Reply, serving

Run = Callable[..., Any]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Point the service at a local address, with limits of its own."""
    monkeypatch.setenv("FALLOW_STATE", str(tmp_path / "state"))

    def point(url: str) -> None:
        for service in ("OAI", "ARXIV"):  # a plan asks arXiv's API how many papers there are
            monkeypatch.setenv(f"FALLOW_{service}_URL", url)

    return point


def test_a_paper_by_its_id(run: Run, served: Callable[[str], None], tmp_path: Path) -> None:
    with serving(OaiServer()) as server:
        served(server.url)
        ran = run("ingest", "oai", "1501.00001v2", "--library", tmp_path / "library", "--json")
    assert ran.code == 0
    assert (ran.document["outcome"], ran.document["requests"], ran.document["papers_in_library"]) == (
        "ok",
        1,
        1,
    )
    findings = run("doctor", "--library", tmp_path / "library", "--json").document["findings"]
    (oai,) = [finding for finding in findings if finding["what"] == "oai"]
    assert oai["state"] == "ok"
    assert oai["found"].startswith("1 record on ")


def test_a_refusal_is_one_sentence_and_no_papers(
    run: Run, served: Callable[[str], None], tmp_path: Path
) -> None:
    def refuse(_asked: Asked) -> Reply:
        return Reply(403, b"Access denied", "text/plain")

    with serving(refuse) as server:
        served(server.url)
        ran = run("ingest", "oai", "--category", "cs.CL", "--library", tmp_path / "library")
        assert len(server.asked) == 1
    assert ran.code == 1
    assert "refused" in ran.err
    assert "HTTP 403" in ran.err
    assert "Traceback" not in ran.err
    told = run("doctor", "--library", tmp_path / "library", "--json").out
    assert "refused" in told


def test_a_long_throttle_tells_until_when_and_the_next_command_does_not_ask(
    run: Run, served: Callable[[str], None], tmp_path: Path
) -> None:
    def busy(_asked: Asked) -> Reply:
        return Reply(503, b"", "text/plain", {"Retry-After": "7200"})

    with serving(busy) as server:
        served(server.url)
        for _ in range(2):
            ran = run("ingest", "oai", "--category", "cs.CL", "--library", tmp_path / "library", "--json")
            assert ran.code == 1
            assert ran.document["outcome"] == "throttled"
            assert str(ran.document["until"]) > "2026"
            assert "goes on where it stopped" in ran.err
        assert len(server.asked) == 1


def test_a_novelty_check_after_a_broken_harvest_never_says_novel(
    run: Run, served: Callable[[str], None], demo_library: Path, tmp_path: Path
) -> None:
    import shutil

    library = tmp_path / "library"
    shutil.copytree(demo_library, library)
    idea = "We are the first to predict the taste of cheese from the sound of cow bells with wavelets"
    pages = OaiServer()

    def second_page_fails(asked: Asked) -> Reply:
        return Reply(403, b"no more", "text/plain") if asked.one("resumptionToken") else pages(asked)

    with serving(second_page_fails) as server:
        served(server.url)
        assert run("ingest", "oai", "--category", "cs.CL", "--library", library).code == 1
    ran = run("novelty", idea, "--library", library, "--json")
    assert ran.code == 4
    assert ran.document["outcome"] == "insufficient_search"
    assert any("stopped in the middle" in str(reason) for reason in ran.document["reasons"])


def test_a_plan_asks_nothing_of_the_library(run: Run, served: Callable[[str], None], tmp_path: Path) -> None:
    with serving(OaiServer()) as server:
        served(server.url)
        ran = run("ingest", "plan", "oai", "--category", "cs.CL", "--library", tmp_path / "none", "--json")
        assert len(server.asked) <= 1
    assert ran.code == 0
    assert set(ran.document) >= {"requests", "minutes", "credits", "records"}
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("ingest", "plan"), "Name what to plan"),
        (("ingest", "plan", "jsonl"), "nothing to plan"),
        (("ingest", "oai", "--author", "Ada Ash"), "cannot select by --author"),
        (("ingest", "oai", "--category", "cs.ZZ"), "cs.ZZ"),
        (("ingest", "jsonl", "x.jsonl", "--query", "toys"), "nothing else selects"),
        (("ingest", "oai", "--since", "yesterday"), "not a date"),
        (("ingest", "arxiv"), "must be told what to look for"),
    ],
)
def test_wrong_use_is_told(run: Run, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    ran = run(*arguments, "--library", tmp_path / "library")
    assert ran.code in (1, 2)
    assert told in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
