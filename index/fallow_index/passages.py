"""Passages of full texts: a second family of segments, postings with one row a passage.

A passage is a few sentences of one section. Full texts arrive later than abstracts and only for some papers,
so they live beside the encoded segments, keyed by what their sections say: a text that arrives is split into
words, and nothing is encoded again. Sentences are not stored; they are read from the catalog for the few
papers that are shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import REBUILD, FileSum, map_array, save_array, spans
from fallow_index.postings import Postings, merge_postings
from fallow_index.segments import KEY_BYTES, KEYS_FILE, Keys
from fallow_ingest.catalog import StoredSection
from fallow_ingest.errors import IndexDamaged
from fallow_ingest.text.sentences import Span, split_sentences

SENTENCES = 5
"""Sentences of a passage. A sentence of a limitations section found its paper among 22,552 first in 100 of
100 cases by passages, in 90 by one bag of words a paper (docs/search.md)."""
UNREAD_KINDS = frozenset({"abstract", "references", "acknowledgements"})
"""Sections that are no full text: the abstract is indexed with the title."""
PASSAGES_FILE = "passages.npy"
_RULES = b"passages 1"


@dataclass(frozen=True, slots=True)
class Passage:
    """A few sentences of a section: text[start:end]; sentences are spans of the section's text."""

    section: StoredSection
    sentences: tuple[Span, ...]

    @property
    def text(self) -> str:
        """What it says."""
        return self.section.text[self.sentences[0].start : self.sentences[-1].end]


@dataclass(frozen=True, eq=False)
class PassageSegment:
    """An open segment of n full texts.

    keys: uint8 [n, 16], `text_key`; starts: int64 [n + 1]; postings: those of text i have the rows
    starts[i]:starts[i + 1].
    """

    folder: Path
    keys: Keys
    starts: NDArray[np.int64]
    postings: Postings

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def open(cls, folder: Path) -> PassageSegment:
        """Open a folder's files. Raises IndexDamaged when one is missing, cut or does not fit the others."""
        keys = map_array(folder / KEYS_FILE, np.uint8, (KEY_BYTES,))
        starts = map_array(folder / PASSAGES_FILE, np.int64)
        if len(starts) != len(keys) + 1:
            raise IndexDamaged(f"{folder / PASSAGES_FILE} does not fit the keys beside it", REBUILD)
        return cls(folder, keys, starts, Postings.open(folder, int(starts[-1])))


def text_key(sections: Sequence[StoredSection]) -> bytes:
    """Sixteen bytes for what the sections of a paper say."""
    digest = hashlib.blake2b(_RULES, digest_size=KEY_BYTES)
    for section in sections:
        if section.kind not in UNREAD_KINDS:
            digest.update(f"{len(section.text)} ".encode())
            digest.update(section.text.encode("utf-8", "surrogatepass"))
    return digest.digest()


def passages_of(sections: Sequence[StoredSection]) -> Iterator[Passage]:
    """The passages of a paper in reading order."""
    for section in sections:
        if section.kind in UNREAD_KINDS:
            continue
        sentences = split_sentences(section.text)
        for start in range(0, len(sentences), SENTENCES):
            yield Passage(section, tuple(sentences[start : start + SENTENCES]))


def write_passages(
    folder: Path, texts: Sequence[tuple[bytes, Sequence[StoredSection]]]
) -> dict[str, FileSum]:
    """Write full texts, given as (key, sections), to a new folder; returns the checksums of its files."""
    starts = [0]
    words: list[tuple[str, str]] = []
    for _, sections in texts:
        words += [("", passage.text) for passage in passages_of(sections)]
        starts.append(len(words))
    keys = np.frombuffer(b"".join(key for key, _ in texts), np.uint8).reshape(-1, KEY_BYTES)
    folder.mkdir(parents=True)
    sums = {
        KEYS_FILE: save_array(folder / KEYS_FILE, keys),
        PASSAGES_FILE: save_array(folder / PASSAGES_FILE, np.array(starts, np.int64)),
    }
    return sums | Postings.of(words).write(folder)


def merge_passages(
    folder: Path, parts: Sequence[tuple[PassageSegment, NDArray[np.int64]]]
) -> dict[str, FileSum]:
    """Write the chosen texts (rows, ascending) of several segments as one new segment, in their order."""
    folder.mkdir(parents=True)
    sizes = [segment.starts[rows + 1] - segment.starts[rows] for segment, rows in parts]
    starts = np.concatenate(
        [np.zeros(1, np.int64), np.cumsum(np.concatenate([np.empty(0, np.int64), *sizes]))]
    )
    keys = np.concatenate([np.empty((0, KEY_BYTES), np.uint8), *(s.keys[rows] for s, rows in parts)])
    sums = {
        KEYS_FILE: save_array(folder / KEYS_FILE, keys),
        PASSAGES_FILE: save_array(folder / PASSAGES_FILE, starts),
    }
    postings = [
        (segment.postings, spans(segment.starts[rows], segment.starts[rows + 1])) for segment, rows in parts
    ]
    return sums | merge_postings(folder, postings)
