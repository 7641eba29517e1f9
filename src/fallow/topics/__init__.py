"""Topics: the two-level map of a field, direction above subfield.

`build_topics` imports numpy, scipy and scikit-network and is therefore fetched on first use; the tree itself
is plain data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallow.topics.model import MapRun, Place, Topic, TopicTree
from fallow.topics.store import load_topics, papers_of_topic, save_topics

if TYPE_CHECKING:
    from fallow.topics.build import build_topics

__all__ = [
    "MapRun",
    "Place",
    "Topic",
    "TopicTree",
    "build_topics",
    "load_topics",
    "papers_of_topic",
    "save_topics",
]


def __getattr__(name: str) -> Any:
    if name == "build_topics":
        from fallow.topics.build import build_topics

        return build_topics
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
