"""The ledger of weaknesses (weaknesses.toml): how papers admit each, and what its cures sound like."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal, cast

Family = Literal["cost", "method", "resource"]

LONGEST = 2_000
"""Characters of a sentence that are looked at."""


class Phrases:
    """Phrases that a sentence may hold: "word*" is a prefix, "a|b" either, ".." up to six words between.

    >>> Phrases(["train* .. gpus"]).found_in("they are trained on many gpus")
    True
    """

    def __init__(self, phrases: list[str]) -> None:
        self._pattern = re.compile("|".join(f"(?:{_regex(phrase)})" for phrase in phrases))
        self._starts = frozenset(_hint(phrase) for phrase in phrases)

    def possible_among(self, starts: AbstractSet[str]) -> bool:
        """A cheap look: False only when no phrase can occur in a text with these `word_starts`."""
        return not self._starts.isdisjoint(starts)

    def found_in(self, lowered: str) -> bool:
        """Whether one of the phrases occurs in a lower-case sentence."""
        return self._pattern.search(lowered[:LONGEST]) is not None


def word_starts(lowered: str) -> set[str]:
    """The first two, three and four letters of every word of a lower-case text."""
    words = set(_RUN.findall(lowered))
    return {word[:length] for word in words for length in (2, 3, 4)} | words


@dataclass(frozen=True, eq=False)
class Weakness:
    """One entry of the ledger; see the head of weaknesses.toml for what each field says and where it
    stands.
    """

    key: str
    family: Family
    trouble: str
    gain: str
    admit: Phrases
    remedy: Phrases
    by: frozenset[str]
    never: frozenset[str]
    how: str
    measure: str
    kill: str
    risk: str
    days: tuple[int, int]
    hardware: str
    product: str


@lru_cache(maxsize=1)
def weaknesses() -> tuple[Weakness, ...]:
    """The whole ledger, in the order of the file."""
    text = files("fallow.gaps").joinpath("weaknesses.toml").read_text(encoding="utf-8")
    entries = cast("list[dict[str, object]]", tomllib.loads(text)["weakness"])
    return tuple(_weakness(entry) for entry in entries)


def _weakness(entry: dict[str, object]) -> Weakness:
    first, last = cast("list[int]", entry["days"])
    return Weakness(
        key=str(entry["key"]),
        family=cast("Family", entry["family"]),
        trouble=str(entry["trouble"]),
        gain=str(entry["gain"]),
        admit=Phrases(cast("list[str]", entry["admit"])),
        remedy=Phrases(cast("list[str]", entry["remedy"])),
        by=frozenset(cast("list[str]", entry.get("by", []))),
        never=frozenset(cast("list[str]", entry.get("never", []))),
        how=str(entry["how"]),
        measure=str(entry["measure"]),
        kill=str(entry["kill"]),
        risk=str(entry["risk"]),
        days=(first, last),
        hardware=str(entry["hardware"]),
        product=str(entry.get("product", "")),
    )


def _regex(phrase: str) -> str:
    parts: list[str] = []
    for word in phrase.split():
        if word == "..":
            # Takes the place of the separator: at most six words between the neighbours.
            parts[-1:] = [r"(?:\W+[\w'’-]+){0,6}?\W+"] if parts else []
            continue
        either = "|".join(_word(choice) for choice in word.split("|"))
        parts += [rf"\b(?:{either})", r"[\W_]+"]
    return "".join(parts[:-1])


def _word(word: str) -> str:
    return rf"{re.escape(word[:-1])}[\w'’-]*" if word.endswith("*") else rf"{re.escape(word)}\b"


def _hint(phrase: str) -> str:
    """The first letters, at most four, of the longest word that every occurrence of the phrase holds."""
    words = [word.rstrip("*") for word in phrase.split() if "|" not in word and word != ".."]
    return str(_RUN.findall(max(words, key=len))[0])[:4]


_RUN = re.compile(r"[a-z0-9]+")
