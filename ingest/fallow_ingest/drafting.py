"""Records on their way from a source to the catalog: drafted, gathered in batches of bounded size."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from fallow_ingest.catalog.draft import Draft, draft
from fallow_ingest.errors import SourceError
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, Skipped

MOST_RECORDS = 8_000
MOST_CHARACTERS = 16 * 2**20
MOST_SECONDS = 5.0
"""A batch is full when it has any of these; what a kill can cost is one batch."""


class Drafted(NamedTuple):
    """A record that could be read, ready for the catalog. position and notes as in Read."""

    position: int
    draft: Draft
    notes: tuple[str, ...]


Batch = list[Drafted | Skipped]


def batches(items: Iterable[Read | Skipped], make: Callable[[Paper], Draft] = draft) -> Iterator[Batch]:
    """Draft a source's records with `make` and gather them.

    When the source breaks, what it gave before comes first, then its SourceError.
    """
    batch: Batch = []
    characters = 0
    began = time.monotonic()
    try:
        for item in items:
            if isinstance(item, Skipped):
                batch.append(item)
            else:
                drafted = Drafted(item.position, make(item.paper), item.notes)
                batch.append(drafted)
                characters += size(drafted.draft)
            if (
                len(batch) >= MOST_RECORDS
                or characters >= MOST_CHARACTERS
                or time.monotonic() - began >= MOST_SECONDS
            ):
                yield batch
                batch, characters, began = [], 0, time.monotonic()
    except SourceError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def size(item: Draft) -> int:
    """Roughly how many characters a draft holds."""
    characters = 500 + len(item.values.abstract) + len(item.values.extra)
    if item.texts:
        characters += sum(len(section[-1]) for section in item.texts.sections)
        characters += sum(200 + len(entry[4]) + len(entry[5]) for entry in item.texts.references)
        characters += sum(len(review[-1]) for review in item.texts.reviews)
    return characters
