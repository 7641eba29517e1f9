"""The command line as people meet it: help, JSON, exit codes, and errors that say what to do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fallow_app.cli.main import COMMANDS, fallow

ROOT = Path(__file__).parents[2]
HEAVY = (
    "numpy",
    "scipy",
    "faiss",
    "openvino",
    "streamlit",
    "altair",
    "rich",
    "sknetwork",
    "networkx",
    "tantivy",
)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom fallow_app.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_the_shared_options(name: str, run) -> None:
    ran = run(name, "--help")
    assert ran.code == 0
    assert "Usage: fallow" in ran.out
    if name in ("eval", "idea"):
        return
    assert "--library" in ran.out
    assert "--json" in ran.out


def test_an_unknown_command_is_answered_with_the_nearest(run) -> None:
    ran = run("niche")
    assert ran.code == 2
    assert "'niches'" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "anything"],
        ["map"],
        ["niches"],
        ["limitations"],
        ["gaps"],
        ["ideas"],
        ["novelty", "a sentence about something new"],
        ["report"],
        ["build"],
        ["export", "csv"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_a_library_every_command_says_what_to_do(arguments: list[str], run, tmp_path: Path) -> None:
    ran = run(*arguments, "--library", tmp_path / "none")
    assert ran.code == 1
    assert ran.out == ""
    assert "There is no library" in ran.err
    assert "fallow" in ran.err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["search", "map", "niches", "limitations", "ideas", "novelty", "report"])
def test_before_a_build_every_question_names_it(name: str, run, tmp_path: Path) -> None:
    library = tmp_path / "library"
    file = tmp_path / "papers.jsonl"
    file.write_text('{"id": "x:1", "title": "A paper about tides", "abstract": "We measure tides."}\n')
    assert run("ingest", "jsonl", file, "--library", library).code == 0
    text = ["tides of the northern sea measured by gauges"] if name in ("search", "novelty") else []
    ran = run(name, *text, "--library", library)
    assert "fallow build" in ran.err + ran.out
    assert ran.code in (1, 4)


def test_bad_dates_numbers_and_names_are_wrong_use(run, tmp_path: Path) -> None:
    for arguments in (
        ["search", "x", "--as-of", "yesterday"],
        ["search", "x", "-k", "0"],
        ["search", "x", "--mode", "magic"],
        ["search", "x", "--facet", "method"],
        ["search", "--like", "x:1", "--facet", "taste"],
        ["ingest", "nosuch", "file"],
        ["eval", "retrieval"],
    ):
        ran = run(*arguments)
        assert ran.code == 2, arguments
        assert ran.err


def test_ingest_ends_with_an_account_of_what_it_skipped(run, tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"
    file.write_bytes(b'{"id": "x:1", "title": "Good"}\n{broken\n\xff\xfe\n{"id": "x:2"}\n')
    document = run("ingest", "jsonl", file, "--library", tmp_path / "library", "--json").document
    assert document["records"]["new"] == 1  # type: ignore[index]
    assert sum(document["skipped"].values()) == 3  # type: ignore[attr-defined]
    assert "papers.jsonl:2" in str(document["skipped_examples"])


def test_an_interrupted_source_is_an_error_and_what_was_read_is_kept(run, tmp_path: Path) -> None:
    import gzip

    lines = "".join(f'{{"id": "x:{n}", "title": "Paper number {n}"}}\n' for n in range(5000))
    whole = gzip.compress(lines.encode())
    file = tmp_path / "papers.jsonl.gz"
    file.write_bytes(whole[: len(whole) // 2])
    ran = run("ingest", "jsonl", file, "--library", tmp_path / "library")
    assert ran.code == 1
    assert "papers.jsonl.gz" in ran.err
    assert re.search(r"The library holds [\d,]+ papers", " ".join(ran.out.split()))
    file.write_bytes(whole)
    document = run("ingest", "jsonl", file, "--library", tmp_path / "library", "--json").document
    assert document["papers_in_library"] == 5000


def test_readme_names_only_commands_that_exist() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for name in re.findall(r"`fallow ([a-z]+)", page.read_text(encoding="utf-8")):
            assert name in COMMANDS, f"{page.name}: fallow {name}"


def test_every_command_module_is_named_once() -> None:
    modules = {module for module, _ in COMMANDS.values()}
    folder = ROOT / "app" / "fallow_app" / "cli" / "commands"
    assert modules == {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert fallow.list_commands(None) == list(COMMANDS)  # type: ignore[arg-type, attr-defined]
