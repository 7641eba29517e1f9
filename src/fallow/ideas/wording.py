"""Grammar and variety for sentences that are put together: nothing here knows what an idea is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b

from fallow.concepts import Concept

LONGEST_LABEL = 48
_AN = re.compile(r"^(?:[aeio]|u(?!ni|se|ti|bi)|[AEFHILMNORSX](?=[A-Z0-9-]|$)|hour|honest)")
_SPELT = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DOUBLED = re.compile(r"\b(\w+) \1\b", re.IGNORECASE)


def choose(seed: str, options: Sequence[str]) -> str:
    """One of the options, always the same for the same seed."""
    digest = blake2b(seed.encode(), digest_size=8).digest()
    return options[int.from_bytes(digest, "big") % len(options)]


def capital(text: str) -> str:
    """The text with its first letter in upper case, unless the first word has its own case.

    >>> capital("late interaction"), capital("mBERT works")
    ('Late interaction', 'mBERT works')
    """
    first = text.split(" ", 1)[0]
    return text if any(letter.isupper() for letter in first[1:]) else text[:1].upper() + text[1:]


def article(noun: str) -> str:
    """The noun with "a" or "an" before it.

    >>> article("unit test"), article("LLM"), article("idea")
    ('a unit test', 'an LLM', 'an idea')
    """
    return f"{'an' if _AN.match(noun) else 'a'} {noun}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun, small numbers spelt out.

    >>> counted(1, "paper"), counted(12, "paper"), counted(2, "study", "studies")
    ('one paper', '12 papers', 'two studies')
    """
    word = _SPELT[number] if 0 <= number < len(_SPELT) else f"{number:,}"
    return f"{word} {noun if number == 1 else plural or noun + 's'}"


def listed(items: Sequence[str]) -> str:
    """The items as a sentence lists them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def is_plural(concept: Concept) -> bool:
    """Whether a verb after the concept's label is plural."""
    last = concept.label.rsplit(" ", 1)[-1].lower()
    return last.endswith("s") and not last.endswith(("ss", "sis", "ics", "us"))


def fits_a_sentence(label: str) -> bool:
    """Whether a label can stand in a sentence of ours without looking odd."""
    return (
        3 < len(label) <= LONGEST_LABEL and not re.search(r"[^\w\s'’+/-]", label) and not label[0].isdigit()
    )


def reads_well(sentence: str) -> bool:
    """Whether a finished sentence has none of the marks of a bad assembly.

    >>> reads_well("We bring the the model to {target}."), reads_well("We bring it to parsing.")
    (False, True)
    """
    whole = sentence.strip()
    return (
        0 < len(whole) <= 420
        and whole[-1] in ".?!"
        and not _DOUBLED.search(whole)
        and not any(mark in whole for mark in ("{", "}", "  ", " ,", " .", ",,", "()"))
    )
