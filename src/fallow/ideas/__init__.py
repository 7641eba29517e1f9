"""Ideas: composed from evidence by named strategies, checked for novelty, kept in an archive.

`compose_ideas` imports numpy and the index and is fetched on first use; the archive is plain data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallow.ideas.export import idea_json, idea_markdown
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
from fallow.ideas.store import (
    drop_idea,
    history_of,
    list_ideas,
    load_idea,
    save_ideas,
    save_verdict,
    set_state,
    verdicts_of,
)

if TYPE_CHECKING:
    from fallow.ideas.compose import compose_ideas
    from fallow.ideas.strategies import STRATEGIES

__all__ = [
    "STRATEGIES",
    "Factor",
    "FirstTest",
    "Idea",
    "IdeaClaim",
    "IdeaEvidence",
    "IdeaState",
    "Judgement",
    "NearestWork",
    "Value",
    "compose_ideas",
    "drop_idea",
    "history_of",
    "idea_json",
    "idea_markdown",
    "list_ideas",
    "load_idea",
    "save_ideas",
    "save_verdict",
    "set_state",
    "verdicts_of",
]


def __getattr__(name: str) -> Any:
    if name == "compose_ideas":
        from fallow.ideas.compose import compose_ideas

        return compose_ideas
    if name == "STRATEGIES":
        from fallow.ideas.strategies import STRATEGIES

        return STRATEGIES
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
