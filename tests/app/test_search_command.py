"""`fallow search` as a person and a script meet it, on the sample library."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

QUERY = "attention for machine translation"


def keys(document: dict[str, object]) -> list[str]:
    results = document["results"]
    assert isinstance(results, list)
    return [result["paper"]["key"] for result in results]


def test_every_result_says_who_found_it_and_why(run, demo_library: Path) -> None:
    document = run("search", QUERY, "-k", 5, "--library", demo_library, "--json").document
    results = document["results"]
    assert isinstance(results, list)
    assert len(results) == 5
    for result in results:
        assert {"bm25", "dense", "late"} <= set(result["signals"])
    assert {"attention", "machine", "translation"} & set(results[0]["signals"]["bm25"]["why"])


def test_piped_results_are_plain_text_within_the_width(run, demo_library: Path) -> None:
    ran = run("search", QUERY, "-k", 3, "--library", demo_library)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "bm25" in ran.out


def test_papers_of_a_source_and_of_a_topic(run, demo_library: Path) -> None:
    with sqlite3.connect(demo_library / "catalog.sqlite") as connection:
        source = connection.execute("SELECT source FROM records LIMIT 1").fetchone()[0]
        topic, label = connection.execute("SELECT topic, label FROM topics ORDER BY level DESC").fetchone()
        inside = {
            row[0]
            for row in connection.execute(
                "SELECT key FROM papers JOIN paper_topics ON paper = number WHERE ? IN (topic, subtopic)",
                (topic,),
            )
        }
    assert run("search", QUERY, "--source", source, "--library", demo_library).code == 0
    for name in (topic, label.upper()):
        found = keys(
            run("search", QUERY, "-k", 1000, "--topic", name, "--library", demo_library, "--json").document
        )
        assert set(found) == inside


def test_names_that_nothing_has_are_answered_with_those_there_are(run, demo_library: Path) -> None:
    ran = run("search", QUERY, "--source", "nosuch", "--library", demo_library)
    assert ran.code == 1
    assert "choose one of" in ran.err
    ran = run("search", QUERY, "--topic", "no such topic", "--library", demo_library)
    assert ran.code == 1
    assert "fallow map" in ran.err
    ran = run("search", QUERY, "--since", "2040", "--library", demo_library)
    assert ran.code == 0
    assert "Nothing found" in ran.out


def test_like_a_paper_leaves_it_out(run, demo_library: Path) -> None:
    first = keys(run("search", QUERY, "-k", 1, "--library", demo_library, "--json").document)[0]
    document = run("search", "--like", first, "-k", 5, "--library", demo_library, "--json").document
    assert len(keys(document)) == 5
    assert first not in keys(document)
    assert run("search", "--like", "x:nosuch", "--library", demo_library).code == 1


def test_a_claim_is_answered_with_sentences(run, demo_library: Path) -> None:
    with sqlite3.connect(demo_library / "catalog.sqlite") as connection:
        key, abstract = connection.execute(
            "SELECT key, abstract FROM papers ORDER BY length(abstract) DESC, number LIMIT 1"
        ).fetchone()
    claim = abstract.split(". ")[1]
    document = run("search", "--claim", claim, "-k", 3, "--library", demo_library, "--json").document
    results = document["results"]
    assert isinstance(results, list)
    assert results[0]["paper"]["key"] == key
    passage = results[0]["passage"]
    assert passage["kind"] == "abstract"
    assert abstract[passage["start"] : passage["end"]] == passage["sentence"]
    assert claim[:40] in passage["sentence"]
    assert "“" in run("search", "--claim", claim, "-k", 3, "--library", demo_library).out


@pytest.mark.parametrize(
    "arguments",
    [[], ["--like", "x:1", "text"], ["--claim", "--like", "x:1"], ["--claim", "--mode", "bm25", "text"]],
)
def test_questions_that_make_no_sense_are_wrong_use(arguments: list[str], run, demo_library: Path) -> None:
    assert run("search", *arguments, "--library", demo_library).code == 2


@pytest.mark.parametrize("text", ["", "?!", "🎉"])
def test_nothing_to_search_for_is_told(text: str, run, demo_library: Path) -> None:
    ran = run("search", text, "--library", demo_library)
    assert ran.code in (1, 2)
    assert ran.err
