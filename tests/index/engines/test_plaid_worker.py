"""The engine `colbert-ai` without colbert-ai: how a Python that cannot do the work is told of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from opened_engines import SPACE, papers

from fallow_index.engines import Place
from fallow_index.engines import plaid as plaid_module
from fallow_index.engines.plaid import PlaidEngine
from fallow_ingest.errors import EngineError


def _engine(folder: Path, worker: str, monkeypatch: pytest.MonkeyPatch) -> PlaidEngine:
    script = folder / "worker.py"
    script.write_text(worker, encoding="utf-8")
    monkeypatch.setattr(plaid_module, "WORKER", script)
    engine = PlaidEngine(Place(folder / "store", python=sys.executable), SPACE)
    engine.upsert(papers([1, 2, 3]))
    return engine


@pytest.mark.parametrize(
    ("worker", "told"),
    [
        ("raise SystemExit('no module named colbert')", "no module named colbert"),
        ("", "ended without a word"),
        ("""input(); print('{"error": "ImportError: too new"}')""", "ImportError: too new"),
    ],
)
def test_a_worker_that_fails_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: str, told: str
) -> None:
    engine = _engine(tmp_path, worker, monkeypatch)
    with pytest.raises(EngineError, match=told) as raised:
        engine.settle()
    assert "fallow[colbert]" in str(raised.value)
    assert engine.count() == 3
    engine.close()


def test_it_goes_on_where_a_killed_making_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second settling keeps the folder of the first, in which colbert-ai finds what it has done."""
    dying = """
import json, sys
from pathlib import Path
for line in sys.stdin:
    request = json.loads(line)
    if request["do"] == "build":
        folder = Path(request["folder"])
        if not (folder / "plan.json").exists():
            folder.mkdir(parents=True)
            (folder / "plan.json").touch()
            sys.exit("killed")
    print(json.dumps({"done": {}}), flush=True)
"""
    engine = _engine(tmp_path, dying, monkeypatch)
    with pytest.raises(EngineError, match="killed"):
        engine.settle()
    engine.close()
    engine = PlaidEngine(Place(tmp_path / "store", python=sys.executable), SPACE)
    engine.settle()
    made = list((tmp_path / "store" / "engines" / "colbert-ai").glob("*/plaid/plan.json"))
    assert len(made) == 1
    assert not list(made[0].parents[1].glob("vectors.npy"))
    engine.close()


def test_a_generation_without_its_plaid_index_is_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _engine(tmp_path, "", monkeypatch)
    held = papers([1])
    with pytest.raises(EngineError, match="fallow build --engine colbert-ai"):
        engine.search(held.dense[0], held.tokens, 3)
    engine.close()
