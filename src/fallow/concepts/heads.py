"""Which nouns and phrases name which kind of concept, read from heads.toml."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import get_args

from fallow.concepts.concept import ConceptKind

_TABLES = tomllib.loads(files("fallow.concepts").joinpath("heads.toml").read_text(encoding="utf-8"))
# A head that is in several lists counts as the last of these.
_ORDER: tuple[ConceptKind, ...] = ("setting", "metric", "data", "method", "task")

KINDS: dict[str, ConceptKind] = {word: kind for kind in _ORDER for word in _TABLES["heads"][kind].split()}
"""Head noun -> kind."""

EXCEPTIONS: dict[str, ConceptKind] = {
    phrase: kind for kind in get_args(ConceptKind) for phrase in _TABLES["phrases"].get(kind, ())
}
"""Whole phrases (singular, folded) whose last word would mislead."""

COUNTABLE: frozenset[str] = frozenset(_TABLES["heads"]["countable"].split())
"""Heads that a sentence wants in the plural when there is no article."""

DULL_PHRASES: frozenset[str] = frozenset(_TABLES["dull"]["phrases"])
"""Phrases (singular) that are true of half a library or say nothing: never a concept."""
