"""An idea for people (Markdown) and for programs (JSON)."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from fallow.evidence import MARKS
from fallow.ideas.idea import Factor, Idea, IdeaEvidence
from fallow_ingest.errors import BadInput

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~$])")
_ROLES = {
    "suffers": "who has the problem now",
    "works": "where the cure worked",
    "earlier": "what it replaced there",
    "resource": "what is asked for",
}


def idea_json(idea: Idea) -> dict[str, Any]:
    """The whole idea as JSON values, with the product and its interval."""
    low, high = idea.value.interval
    document = asdict(idea)
    document["value"] |= {"product": idea.value.product, "low": low, "high": high}
    return document


def idea_markdown(idea: Idea) -> str:
    """The idea as a one-page proposal in Markdown; text of papers is escaped and cannot become markup."""
    low, high = idea.value.interval
    lines = [
        f"# {_safe(idea.title)}",
        "",
        f"**{_safe(idea.statement)}**",
        "",
        f"Strategy: {idea.strategy}. State: {idea.state}. Id: {idea.id}.",
        "",
        *_section("The problem", [idea.problem, idea.sufferers, idea.timeliness]),
        *_section("The mechanism", [idea.mechanism, idea.headroom]),
        "## Evidence",
        "",
        *[line for item in idea.evidence for line in _quoted(item)],
        *_section("What to measure first", [idea.first_test.summary, f"Needs: {idea.needs}"]),
        "## Value",
        "",
        f"{idea.value.product:.2f} (90% interval {low:.2f} to {high:.2f}) = novelty x effectiveness x "
        "problem size",
        "",
        _factor("novelty", idea.value.novelty),
        _factor("effectiveness", idea.value.effectiveness),
        _factor("problem size", idea.value.problem_size),
        "",
        *_novelty(idea),
        "## Risks",
        "",
        *[f"- {_safe(risk)}" for risk in idea.risks],
        "",
    ]
    return "\n".join(lines)


def _section(heading: str, sentences: list[str]) -> list[str]:
    return [f"## {heading}", "", _safe(" ".join(s for s in sentences if s)), ""]


def _quoted(evidence: IdeaEvidence) -> list[str]:
    marked = MARKS[evidence.quote.origin]
    mark = f" [{marked}]" if marked else ""
    return [
        f"> “{_safe(' '.join(evidence.quote.text.split()))}”{mark}",
        f"> — {_safe(evidence.citation)}, {_safe(evidence.key)} ({_ROLES[evidence.role]})",
        "",
    ]


def _factor(name: str, factor: Factor) -> str:
    return f"- {name}: {factor.value:.2f} ({factor.low:.2f} to {factor.high:.2f}); {_safe(factor.why)}"


def _novelty(idea: Idea) -> list[str]:
    if idea.verdict is None:
        return ["## Novelty", "", "Not checked yet.", ""]
    probability = "" if idea.verdict.probability is None else f", probability {idea.verdict.probability:.2f}"
    lines = ["## Novelty", "", f"Verdict: {idea.verdict.outcome.replace('_', ' ')}{probability}."]
    lines += ["", *[f"- {_safe(reason)}" for reason in idea.verdict.reasons], ""]
    if idea.nearest:
        lines += ["Nearest work:", ""]
        lines += [
            f"- {_safe(work.title)}, {_safe(work.citation)}; shares: {_safe(work.overlaps)}; but: "
            f"{_safe(work.differs)}"
            for work in idea.nearest
        ]
        lines.append("")
    return lines


def _safe(text: str) -> str:
    """Text of papers on one line, with everything that Markdown or HTML would read as markup escaped."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def write_idea(idea: Idea, format_name: str, out: Path | None = None) -> str:
    """The idea as "markdown" or "json" text, written to a file where one is named.

    Raises BadInput for an unknown format or a file that cannot be written.
    """
    if format_name == "markdown":
        text = idea_markdown(idea)
    elif format_name == "json":
        text = orjson.dumps(idea_json(idea), option=orjson.OPT_INDENT_2).decode() + "\n"
    else:
        raise BadInput(f"Ideas cannot be exported as '{format_name}'", "choose markdown or json")
    if out is not None:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{out} cannot be written ({error.strerror})", "name another --out") from error
    return text
