"""Engines from the command line: chosen by a build, asked by searches, told of by the doctor."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

QUESTION = ("search", "attention over long documents")


@pytest.fixture
def library(demo_library: Path, tmp_path: Path) -> Path:
    """A copy of the sample library."""
    return Path(shutil.copytree(demo_library, tmp_path / "library"))


def _numbers(document: dict[str, object]) -> list[int]:
    results = document["results"]
    assert isinstance(results, list)
    return [result["paper"]["number"] for result in results]


def test_a_build_fills_the_engine_and_searches_ask_it(run, library: Path) -> None:
    pytest.importorskip("qdrant_edge", reason="the extra 'qdrant' is not installed")
    place = ("--library", library, "--json")
    before = run(*QUESTION, "--engine", "qdrant-edge", *place)
    assert before.code == 1
    assert "fallow build --engine qdrant-edge" in before.err
    built = run("build", "--engine", "qdrant-edge", *place)
    assert built.code == 0, built.err
    engine = built.document["engine"]
    assert engine["name"] == "qdrant-edge"
    assert engine["filled"]["sent"] == engine["filled"]["held"] > 0
    again = run("build", *place).document["engine"]
    assert (again["name"], again["filled"]["sent"]) == ("qdrant-edge", 0)
    asked = _numbers(run(*QUESTION, *place).document)
    own = _numbers(run(*QUESTION, "--engine", "local", *place).document)
    assert len(asked) == len(own) == 10
    assert len(set(asked) & set(own)) >= 8
    told = {finding["what"]: finding for finding in run("doctor", *place).document["findings"]}
    assert "this library's" in told["engine qdrant-edge"]["found"]
    assert told["engine local"]["state"] == "ok"


def test_what_cannot_work_is_told_before_any_work(run, library: Path, monkeypatch) -> None:
    for variable in ("FALLOW_QDRANT_URL", "FALLOW_COLBERT_PYTHON"):
        monkeypatch.delenv(variable, raising=False)
    unknown = run("build", "--engine", "solr", "--library", library)
    assert unknown.code == 1
    assert "local" in unknown.err
    for name in ("qdrant", "colbert-ai"):
        refused = run("build", "--engine", name, "--library", library)
        assert refused.code == 1
        assert "FALLOW_" in refused.err or "not installed" in refused.err
        assert run(*QUESTION, "--engine", name, "--library", library).code == 1
