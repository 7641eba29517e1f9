"""`fallow novelty` as people and scripts meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fallow_app.cli.commands.novelty import command
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, LibraryMissing, PaperUnknown
from fallow_ingest.records import Paper

KNOWN = "Detect swarming of honey bees from microphone recordings using convolutional neural networks"


def run(library: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--library", str(library)], terminal_width=120)


def test_not_novel_is_exit_code_three(library: Path) -> None:
    result = run(library, KNOWN)
    assert result.exit_code == 3
    for said in (
        "Not novel",
        "Claims",
        "Evidence",
        "Nearest papers",
        "Searched",
        "Next:",
        "“We detect swarming",
    ):
        assert said in result.stdout


def test_leaving_out_the_paper_changes_the_code(library: Path) -> None:
    assert run(library, KNOWN, "--exclude", "x:bees").exit_code in (0, 4)
    assert isinstance(run(library, KNOWN, "--exclude", "x:nobody").exception, PaperUnknown)


def test_json_is_one_document(library: Path) -> None:
    result = run(library, KNOWN, "--json", "--as-of", "2016")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert document["outcome"] == "not_novel"
    assert document["nearest"][0] == "x:bees"
    assert document["search"]["as_of"] == 20161231
    assert {"claim", "paper", "relation", "quote", "place", "start", "end", "key"} <= set(
        document["evidence"][0]
    )


def test_a_file_is_read(library: Path, tmp_path: Path) -> None:
    path = tmp_path / "plan.md"
    path.write_text(f"# Swarms\n\n## Method\n\n{KNOWN}.\n", encoding="utf-8")
    assert run(library, str(path)).exit_code == 3
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00\x00\x81" * 50)
    assert isinstance(run(library, str(tmp_path / "bytes.txt")).exception, BadInput)
    with pytest.raises(BadInput, match=r"no file gone\.md"):
        CliRunner().invoke(command, ["gone.md", "--library", str(library)], catch_exceptions=False)


def test_no_library_and_no_index(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path / "none", KNOWN).exception, LibraryMissing)
    with Catalog.open(tmp_path / "bare", create=True) as catalog:
        catalog.add([Paper("x:1", "A paper")], "test")
    result = run(tmp_path / "bare", KNOWN)
    assert result.exit_code == 4
    assert "fallow build" in result.stdout


def test_markup_in_an_idea_is_no_markup_of_ours(library: Path) -> None:
    result = run(library, "Detect swarming of honey bees using [red]hot[/nothing] <script>alert(1)</script>")
    assert result.exit_code in (0, 3, 4)
    assert not result.exception or isinstance(result.exception, SystemExit)
