"""Papers of an invented field."""

from __future__ import annotations

from fallow_ingest.records import Paper

TOPICS = ("attention", "retrieval", "diffusion", "protein", "reasoning", "pruning")
METHODS = ("sparse", "contrastive", "recurrent", "bayesian", "symbolic", "spectral", "causal")


def invented_paper(at: int, *, year: int | None = None, title: str = "", abstract: str = "") -> Paper:
    """Paper number `at` of an invented field."""
    topic, method = TOPICS[at % len(TOPICS)], METHODS[at % len(METHODS)]
    return Paper(
        key=f"x:{at}",
        title=title or f"{method.title()} {topic} study{at}",
        abstract=abstract or f"We study {topic} with {method} means. Result code{at} holds on data{at % 13}.",
        authors=(f"Author {at}",),
        year=2000 + at % 20 if year is None else year,
    )
