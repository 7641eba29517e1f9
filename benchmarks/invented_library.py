"""A library of any size in the likeness of a real one, made without an encoder.

Every invented paper has a parent, a real paper drawn at random (seeded). From it come:

- the dense vector: the parent's with Gaussian noise, so that the cosine to it is about .8 (the nearest real
  neighbours of a real abstract are at .6 to .75), of length 1 again;
- the token vectors: the parent's stored codes, of which one in five is replaced by that of a token of another
  real paper;
- the words: the parent's postings, of which three in ten are replaced by draws from the words of the real
  library, as often as they occur there (Zipf's law as it is, not as a formula), and three words that hardly
  anybody else has, from a vocabulary that grows with the library (Heaps' law);
- a date between 2000 and 2025.

The papers are ingested into the catalog under invented titles, their segments written as pieces of a build
that was interrupted; `fallow build` then finds nothing to encode and merges, trains, links and publishes. So
everything but encoding goes the way that real papers go.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import spans
from fallow_index.generations import current_generation, index_folder
from fallow_index.pending import Pending
from fallow_index.postings import Postings, sorted_postings
from fallow_index.segments import KEY_BYTES, Segment, content_key, write_segment
from fallow_index.token_codec import centroids_of
from fallow_index.token_lists import TokenLists
from fallow_index.token_store import TokenStore
from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper

PIECE = 20_000
NOISE = 0.75
OTHER_TOKENS, OTHER_WORDS, RARE_WORDS = 0.2, 0.3, 3
SEED = 20_261_120

Rows = NDArray[np.int64]


def invent_library(parents: Path, library: Path, papers: int) -> None:
    """Write a catalog and the pieces of an index of so many papers; parents: a built library."""
    generation = current_generation(parents)
    largest = max(generation.segments, key=lambda entry: entry.slots)
    segment = Segment.open(generation.folder / largest.name, generation.space)
    terms_of = _words_of_rows(segment.postings)
    with Catalog.open(library, create=True) as catalog:
        catalog.add(_invented_papers(papers), "invented")
        hashes = catalog.connection.execute("SELECT content_hash FROM papers ORDER BY number").fetchall()
    index = index_folder(library)
    index.mkdir(exist_ok=True)
    pending = Pending.of(index, generation.space)
    for start in range(0, papers, PIECE):
        random = np.random.default_rng([SEED, start])
        keys = b"".join(content_key(row[0]) for row in hashes[start : start + PIECE])
        chosen = random.integers(0, len(segment), len(keys) // KEY_BYTES)
        folder = pending.new_folder()
        sums = write_segment(
            folder,
            np.frombuffer(keys, np.uint8).reshape(-1, KEY_BYTES),
            _dense(segment, chosen, random),
            _tokens(segment.tokens, chosen, random),
            _postings(segment.postings, terms_of, chosen, start, random),
        )
        pending.finish(folder, sums)


def _invented_papers(count: int) -> Iterator[Paper]:
    for at in range(count):
        yield Paper(key=f"invented:{at}", title=f"Invented paper {at}", year=2000 + at % 26)


def _dense(segment: Segment, parents: Rows, random: np.random.Generator) -> NDArray[np.float32]:
    vectors = segment.dense[parents]
    vectors = vectors + random.standard_normal(vectors.shape, np.float32) * np.float32(
        NOISE / np.sqrt(vectors.shape[1])
    )
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _tokens(store: TokenStore, parents: Rows, random: np.random.Generator) -> TokenStore:
    tokens = spans(store.offsets[parents], store.offsets[parents + 1])
    others = random.random(len(tokens), np.float32) < OTHER_TOKENS
    tokens[others] = random.integers(0, len(store.codes), int(others.sum()))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(store.lengths(parents))])
    places = store.places[tokens]
    lists = TokenLists.of(centroids_of(places), offsets, len(store.quantiser))
    return TokenStore(store.quantiser, places, store.codes[tokens], offsets, lists)


def _words_of_rows(postings: Postings) -> tuple[Rows, Rows]:
    """The postings the other way round: row i has the postings order[starts[i]:starts[i + 1]]."""
    order = np.argsort(postings.rows, kind="stable")
    sizes = np.bincount(postings.rows, minlength=len(postings.lengths))
    return order, np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])


def _postings(
    real: Postings, words: tuple[Rows, Rows], parents: Rows, first: int, random: np.random.Generator
) -> Postings:
    order, starts = words
    chosen = order[spans(starts[parents], starts[parents + 1])]
    rows = np.repeat(np.arange(len(parents), dtype=np.int32), starts[parents + 1] - starts[parents])
    others = random.random(len(chosen), np.float32) < OTHER_WORDS
    chosen[others] = random.integers(0, len(real.rows), int(others.sum()))
    term_of = np.repeat(real.terms, np.diff(real.offsets))
    rare = random.integers(0, 4 * (first + len(parents)), RARE_WORDS * len(parents)).astype(np.uint64)
    rare *= np.uint64(0x9E3779B97F4A7C15)  # spread over the keys; a clash with a real word does no harm
    terms = np.concatenate([term_of[chosen], rare])
    rows = np.concatenate([rows, np.repeat(np.arange(len(parents), dtype=np.int32), RARE_WORDS)])
    counts = np.concatenate([real.counts[chosen], np.ones(len(rare), np.uint8)])
    order = np.lexsort((rows, terms))
    terms, rows, counts = terms[order], rows[order], counts[order]
    # A word drawn twice for one paper is held once, as in a real posting list.
    kept = np.concatenate([[True], (np.diff(rows) != 0) | (terms[1:] != terms[:-1])])
    terms, rows, counts = terms[kept], rows[kept], counts[kept]
    lengths = np.bincount(rows, weights=counts, minlength=len(parents)).astype(np.int32)
    return sorted_postings(terms, rows, counts, lengths)
