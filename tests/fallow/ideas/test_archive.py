"""The archive keeps ideas with their history, and exports are safe."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fallow.evidence import Quote
from fallow.ideas import (
    Idea,
    drop_idea,
    history_of,
    idea_json,
    idea_markdown,
    list_ideas,
    load_idea,
    save_ideas,
    set_state,
)
from fallow.ideas.compose import propose
from fallow.ideas.export import write_idea
from fallow.ideas.material import Material
from fallow.ideas.store import dropped_reasons
from fallow.ideas.strategies import STRATEGIES
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput


@pytest.fixture
def ideas(material: Material) -> list[Idea]:
    return propose(material, [STRATEGIES.create(name) for name in STRATEGIES.names()])


def test_an_idea_comes_back_as_it_went(whole: Catalog, ideas: list[Idea]) -> None:
    save_ideas(whole, ideas)
    for idea in ideas:
        assert load_idea(whole, idea.id) == idea
    assert {idea.id for idea in list_ideas(whole)} == {idea.id for idea in ideas}


def test_a_short_id_is_enough_when_it_is_clear(whole: Catalog, ideas: list[Idea]) -> None:
    save_ideas(whole, ideas[:1])
    assert load_idea(whole, ideas[0].id[:5]) == ideas[0]
    with pytest.raises(BadInput, match="no idea"):
        load_idea(whole, "zzzz")


def test_a_dropped_idea_keeps_its_reason_and_stays_dropped(whole: Catalog, ideas: list[Idea]) -> None:
    save_ideas(whole, ideas[:1])
    assert drop_idea(whole, ideas[0].id, "nobody needs it").state == "dropped"
    save_ideas(whole, ideas[:1])
    assert load_idea(whole, ideas[0].id).state == "dropped"
    assert dropped_reasons(whole) == {ideas[0].id: "nobody needs it"}
    assert [entry["state"] for entry in history_of(whole, ideas[0].id)] == ["proposed", "dropped"]


def test_dropping_needs_a_reason(whole: Catalog, ideas: list[Idea]) -> None:
    save_ideas(whole, ideas[:1])
    with pytest.raises(BadInput, match="for a reason"):
        drop_idea(whole, ideas[0].id, "  ")


def test_states_are_listed_apart(whole: Catalog, ideas: list[Idea]) -> None:
    save_ideas(whole, ideas)
    set_state(whole, ideas[1].id, "saved")
    assert [idea.id for idea in list_ideas(whole, states=["saved"])] == [ideas[1].id]
    assert all(i.strategy == "resource" for i in list_ideas(whole, strategy="resource"))


def test_exports_hold_everything(ideas: list[Idea]) -> None:
    idea = ideas[0]
    document = json.loads(write_idea(idea, "json"))
    assert document["value"]["product"] == pytest.approx(idea.value.product)
    assert document["statement"] == idea.statement
    text = idea_markdown(idea)
    assert idea.statement.split(",")[0] in text
    assert all(evidence.key in text for evidence in idea.evidence)
    assert idea_json(idea)["value"]["low"] < idea.value.product
    with pytest.raises(BadInput, match="markdown or json"):
        write_idea(idea, "docx")


def test_markup_in_quotes_stays_text(ideas: list[Idea]) -> None:
    first = ideas[0].evidence[0]
    words = "See <script>x</script> [here](javascript:x)\n# not a heading"
    bad = replace(first, quote=Quote(1, None, 0, len(words), words, "fallow"), citation="<b>Eve</b> (2020)")
    text = idea_markdown(replace(ideas[0], evidence=(bad,)))
    assert "<script>" not in text.replace("\\<", "")
    assert "\n# not" not in text
    assert "[here](" not in text
    assert "our summary, not the authors' words" in text
