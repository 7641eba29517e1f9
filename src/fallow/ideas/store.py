"""The archive of ideas and verdicts: the one module that reads and writes their tables."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, cast, get_args

import orjson

from fallow.evidence import Quote
from fallow.ideas.idea import (
    Factor,
    FirstTest,
    Idea,
    IdeaClaim,
    IdeaEvidence,
    IdeaState,
    Judgement,
    NearestWork,
    Value,
)
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput

STATES: tuple[IdeaState, ...] = get_args(IdeaState)


def save_ideas(catalog: Catalog, ideas: Collection[Idea], *, reason: str = "") -> None:
    """Put ideas into the archive in one transaction; one that is there already keeps its history.

    An idea that somebody saved or dropped stays so: composing it again only renews what it says.
    """
    at = _now()
    with catalog.writing() as connection:
        for idea in ideas:
            row = connection.execute(
                "SELECT state, reason, created_at, history FROM ideas WHERE idea = ?", (idea.id,)
            ).fetchone()
            decided = row is not None and row["state"] not in ("proposed", "checked")
            state = row["state"] if decided else idea.state
            why = row["reason"] if decided else reason
            history = orjson.loads(row["history"]) if row else []
            if not history or (history[-1]["state"], history[-1]["reason"]) != (state, why):
                history.append({"at": at, "state": state, "reason": why})
            connection.execute(
                "INSERT OR REPLACE INTO ideas VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    idea.id,
                    idea.strategy,
                    idea.title,
                    idea.statement,
                    state,
                    why,
                    idea.value.product,
                    orjson.dumps(asdict(idea)).decode(),
                    idea.as_of,
                    row["created_at"] if row else at,
                    at,
                    orjson.dumps(history).decode(),
                ),
            )


def load_idea(catalog: Catalog, idea_id: str) -> Idea:
    """The idea of that id, or of the one id that begins so. Raises BadInput when there is none."""
    wanted = idea_id.strip().lower()
    rows = catalog.connection.execute(
        "SELECT payload, state FROM ideas WHERE idea = ? OR (length(?) >= 4 AND substr(idea, 1, "
        "length(?)) = ?)",
        (wanted, wanted, wanted, wanted),
    ).fetchall()
    if len(rows) != 1:
        found = "no idea" if not rows else f"{len(rows)} ideas"
        raise BadInput(
            f"The archive holds {found} of the id '{idea_id}'", "list them with `fallow ideas --archive`"
        )
    return _idea(rows[0])


def list_ideas(
    catalog: Catalog, *, states: Collection[IdeaState] | None = None, strategy: str | None = None
) -> list[Idea]:
    """Ideas of the archive, the most valuable first."""
    rows = catalog.connection.execute("SELECT payload, state, strategy FROM ideas ORDER BY value DESC, idea")
    return [
        _idea(row)
        for row in rows
        if (states is None or row["state"] in states) and strategy in (None, row["strategy"])
    ]


def drop_idea(catalog: Catalog, idea_id: str, reason: str) -> Idea:
    """Drop an idea; its reason is kept and it is not proposed again. Raises BadInput without a reason."""
    if not reason.strip():
        raise BadInput("An idea is dropped for a reason", "say it with --reason")
    return set_state(catalog, idea_id, "dropped", reason.strip())


def set_state(catalog: Catalog, idea_id: str, state: IdeaState, reason: str = "") -> Idea:
    """Move an idea to a state, with the reason, and remember when."""
    idea = load_idea(catalog, idea_id)
    at = _now()
    with catalog.writing() as connection:
        row = connection.execute("SELECT history FROM ideas WHERE idea = ?", (idea.id,)).fetchone()
        history = [*orjson.loads(row["history"]), {"at": at, "state": state, "reason": reason}]
        connection.execute(
            "UPDATE ideas SET state = ?, reason = ?, changed_at = ?, history = ? WHERE idea = ?",
            (state, reason, at, orjson.dumps(history).decode(), idea.id),
        )
    return replace(idea, state=state)


def history_of(catalog: Catalog, idea_id: str) -> list[dict[str, str]]:
    """What happened to an idea, oldest first: at, state, reason."""
    row = catalog.connection.execute("SELECT history FROM ideas WHERE idea = ?", (idea_id,)).fetchone()
    return cast("list[dict[str, str]]", orjson.loads(row["history"])) if row else []


def dropped_reasons(catalog: Catalog) -> dict[str, str]:
    """Id -> reason of every dropped idea."""
    rows = catalog.connection.execute("SELECT idea, reason FROM ideas WHERE state = 'dropped'")
    return {row["idea"]: row["reason"] for row in rows}


def save_verdict(
    catalog: Catalog, text: str, verdict: Any, *, idea: str | None = None, as_of: int | None = None
) -> None:
    """Keep a verdict of the novelty check (a dataclass with outcome, probability and search) on a text."""
    generation = getattr(verdict.search, "generation", None)
    with catalog.writing() as connection:
        connection.execute(
            "INSERT INTO verdicts (idea, text_hash, text, outcome, probability, payload, generation, "
            "as_of, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                idea,
                text_hash(text),
                text[:20_000],
                verdict.outcome,
                verdict.probability,
                orjson.dumps(
                    asdict(verdict), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
                ).decode(),
                generation,
                as_of,
                _now(),
            ),
        )


def verdicts_of(catalog: Catalog, idea: str) -> list[dict[str, Any]]:
    """Every verdict on an idea, newest first, as plain JSON values."""
    rows = catalog.connection.execute(
        "SELECT payload FROM verdicts WHERE idea = ? ORDER BY verdict DESC", (idea,)
    )
    return [orjson.loads(row["payload"]) for row in rows]


def text_hash(text: str) -> str:
    """Hash of a text, white space collapsed."""
    return blake2b(" ".join(text.split()).encode(), digest_size=16).hexdigest()


def _idea(row: Any) -> Idea:
    idea = idea_from_json(orjson.loads(row["payload"]))
    return replace(idea, state=row["state"])


def idea_from_json(data: dict[str, Any]) -> Idea:
    """The idea of its JSON object, as `asdict` gives it."""
    value = Value(**{name: Factor(**factor) for name, factor in data["value"].items()})
    evidence = tuple(
        IdeaEvidence(e["role"], Quote(**e["quote"]), e["citation"], e["title"], e["key"])
        for e in data["evidence"]
    )
    verdict = data["verdict"]
    test = data["first_test"]
    return Idea(
        **{
            **data,
            "claims": tuple(IdeaClaim(**claim) for claim in data["claims"]),
            "evidence": evidence,
            "first_test": FirstTest(**{**test, "data": tuple(test["data"])}),
            "value": value,
            "nearest": tuple(NearestWork(**work) for work in data["nearest"]),
            "verdict": Judgement(**{**verdict, "reasons": tuple(verdict["reasons"])}) if verdict else None,
            **{name: tuple(data[name]) for name in ("risks", "gaps", "concepts", "notes")},
        }
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
