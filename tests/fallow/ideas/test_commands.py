"""`fallow idea`: what people see and what scripts read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fallow.ideas import Idea, save_ideas
from fallow.ideas.compose import propose
from fallow.ideas.material import Material
from fallow.ideas.strategies import STRATEGIES
from fallow_app.cli.main import fallow
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput


@pytest.fixture
def idea(whole: Catalog, material: Material) -> Idea:
    found = propose(material, [STRATEGIES.create(name) for name in STRATEGIES.names()])[0]
    save_ideas(whole, [found])
    return found


def run(whole: Catalog, *arguments: str) -> str:
    outcome = CliRunner().invoke(
        fallow, [*arguments, "--library", str(whole.library)], catch_exceptions=False, standalone_mode=False
    )
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_show_tells_everything(whole: Catalog, idea: Idea) -> None:
    text = " ".join(run(whole, "idea", "show", idea.id).split())
    for piece in (idea.title, idea.first_test.kill, idea.evidence[0].citation, "novelty", "problem size"):
        assert piece in text
    document = json.loads(run(whole, "idea", "show", idea.id, "--json"))
    assert document["id"] == idea.id
    assert document["history"][0]["state"] == "proposed"


def test_drop_and_list(whole: Catalog, idea: Idea) -> None:
    run(whole, "idea", "drop", idea.id, "--reason", "too small")
    listed = json.loads(run(whole, "ideas", "--archive", "--json"))["ideas"]
    assert [(entry["id"], entry["state"]) for entry in listed] == [(idea.id, "dropped")]


def test_export_writes_a_file(whole: Catalog, idea: Idea, tmp_path: Path) -> None:
    out = tmp_path / "idea.md"
    run(whole, "idea", "export", idea.id, "--out", str(out))
    assert out.read_text().startswith("# ")
    assert json.loads(run(whole, "idea", "export", idea.id, "--format", "json"))["id"] == idea.id


def test_an_unknown_id_is_told(whole: Catalog, idea: Idea) -> None:
    with pytest.raises(BadInput, match="fallow ideas --archive"):
        run(whole, "idea", "show", "ffffffff")
