"""Building the index: encode what is new, keep what is not, publish one whole generation.

Everything is keyed by content hash: a paper whose title and abstract were encoded before, in any generation
or in a build that was killed, is not encoded again. Segments are linked from the previous generation or
merged (parts.py). Full texts are a family of segments of their own (passages.py): when one arrives, nothing
is encoded again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import altered, map_array, save_array
from fallow_index.encoders import Encoder, create_encoder
from fallow_index.full_texts import FullTexts
from fallow_index.generations import (
    NUMBERS_FILE,
    PUBLIC_BY_FILE,
    Generation,
    SegmentEntry,
    building,
    building_folder,
    current_generation,
    next_number,
    publish,
    retire,
    whole_generations,
)
from fallow_index.parts import Part, Rows, Wanted, assign, link, plan
from fallow_index.pending import Pending
from fallow_index.postings import Postings
from fallow_index.segments import (
    Content,
    Segment,
    VectorSpace,
    content_key,
    encode_segment,
    merge_segments,
)
from fallow_index.token_codec import TokenQuantiser
from fallow_index.vector_files import write_vector_files
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import IndexDamaged, IndexMissing
from fallow_ingest.progress import ReportProgress, ignore_progress

DEFAULT_ENCODER = "prior-work"
PIECE = 2000
"""Papers encoded between two points from which a killed build goes on."""


def build_index(
    catalog: Catalog,
    *,
    encoder_name: str | None = None,
    encoder: Encoder | None = None,
    report: ReportProgress = ignore_progress,
) -> Generation:
    """Bring the library's index up to its catalog; returns the generation that is current then.

    encoder_name: None keeps the encoder of the present index, or takes the default for a first one; another
    one than before encodes everything anew. `encoder`, when given, is used instead of one from the registry.
    Damage in the present index is mended on the way. Raises LibraryBusy while another build runs, DiskFull,
    EncoderError or UnknownName; what was encoded before any of them is kept for the next build.
    """
    with building(catalog.library) as index:
        generations = whole_generations(catalog.library)
        if encoder is None:
            known = generations[0].space.encoder if generations else DEFAULT_ENCODER
            encoder = create_encoder(encoder_name or known)
        space = VectorSpace.of(encoder)
        wanted = _wanted(catalog)
        previous, parts = _previous_parts(generations, space, report)
        pending = Pending.of(index, space)
        parts += [Part(segment, None) for segment in pending.segments()]
        missing = assign(wanted, parts)
        texts = FullTexts.of(catalog, index, generations)
        if previous is not None and not missing and _unchanged(previous, space, parts, wanted, texts):
            _point_to(catalog.library, index, previous)
            pending.clear()
            texts.pending.clear()
            return previous
        quantisers = [part.segment.tokens.quantiser for part in parts]
        parts += _encode(catalog, missing, encoder, quantisers, pending, report)
        texts.read_missing(report)
        public_by = {paper.number: paper.public_by for paper in wanted}
        generation = _assemble(texts, index, parts, previous, space, public_by, report)
        pending.clear()
        texts.pending.clear()
        retire(index, generation.number)
        return generation


def _wanted(catalog: Catalog) -> list[Wanted]:
    """Every paper of the catalog by number."""
    rows = catalog.connection.execute("SELECT number, content_hash, public_by FROM papers ORDER BY number")
    return [Wanted(number, content_key(content_hash), day) for number, content_hash, day in rows]


def _previous_parts(
    generations: Sequence[Generation], space: VectorSpace, report: ReportProgress
) -> tuple[Generation | None, list[Part[Segment]]]:
    """The newest generation of this vector space and those of its segments whose every byte is as written.

    When all of its segments and own files are sound it is returned as well, else None: then it must be
    replaced.
    """
    same = [generation for generation in generations if generation.space == space]
    if not same:
        return None, []
    newest = same[0]
    report("verify", 0, 1)
    files = [(newest.folder / name, total) for name, total in newest.files.items()]
    for entry in newest.segments:
        files += [(newest.folder / entry.name / name, total) for name, total in entry.files.items()]
    bad = altered(files)
    sound = generations[0] is newest and not bad
    parts = []
    for entry in newest.segments:
        folder = newest.folder / entry.name
        if any(folder / name in bad for name in entry.files):
            continue
        try:
            parts.append(Part(Segment.open(folder, space), entry))
        except IndexDamaged:
            sound = False
    return (newest if sound else None), parts


def _unchanged(
    previous: Generation,
    space: VectorSpace,
    parts: Sequence[Part[Segment]],
    wanted: Sequence[Wanted],
    texts: FullTexts,
) -> bool:
    """Whether the previous generation already says everything."""
    if any(part.live if part.entry is None else part.outdated for part in parts):
        return False
    if previous.papers != len(wanted) or not texts.unchanged(previous):
        return False
    if previous.space.encoder != space.encoder:
        return False  # the same vectors, but the encoder has moved
    numbers = map_array(previous.folder / NUMBERS_FILE, np.int64)
    days = map_array(previous.folder / PUBLIC_BY_FILE, np.int32)
    now = np.concatenate([np.empty(0, np.int64), *(p.numbers for p in parts if p.entry is not None)])
    day_of = {paper.number: paper.public_by for paper in wanted}
    return np.array_equal(numbers, now) and np.array_equal(days, _days(now, day_of))


def _point_to(library: Path, index: Path, generation: Generation) -> None:
    """Make the pointer name a generation that is whole already (a kill came just before the swap)."""
    with suppress(IndexMissing, IndexDamaged):
        if current_generation(library).number == generation.number:
            return
    temporary = index / "CURRENT.new"
    temporary.write_text(f"{generation.number}\n", encoding="ascii")
    temporary.replace(index / "CURRENT")


# Encoding -----------------------------------------------------------------------------------------


def _encode(
    catalog: Catalog,
    missing: Sequence[int],
    encoder: Encoder,
    known: Sequence[TokenQuantiser],
    pending: Pending[Segment],
    report: ReportProgress,
) -> list[Part[Segment]]:
    """Encode papers in pieces, each safe on the disk before the next begins. known: as TokenStore.of."""
    parts: list[Part[Segment]] = []
    for start in range(0, len(missing), PIECE):
        report("encode", start, len(missing))
        papers = catalog.papers_by_number(missing[start : start + PIECE])
        numbers = sorted(papers)
        contents = [
            Content(content_key(p.content_hash), p.title, p.abstract)
            for p in map(papers.__getitem__, numbers)
        ]
        folder = pending.new_folder()
        quantisers = [*known, *(part.segment.tokens.quantiser for part in parts)]
        part = Part(pending.finish(folder, encode_segment(folder, contents, encoder, quantisers)), None)
        part.numbers[:] = numbers
        parts.append(part)
    report("encode", len(missing), len(missing))
    return parts


# Assembling ---------------------------------------------------------------------------------------


def _assemble(
    texts: FullTexts,
    index: Path,
    parts: Sequence[Part[Segment]],
    previous: Generation | None,
    space: VectorSpace,
    public_by: dict[int, int],
    report: ReportProgress,
) -> Generation:
    """Link, merge, find neighbours, publish."""
    number = next_number(index)
    folder = building_folder(index, number)
    linked, merged = plan(parts)
    report("merge", 0, 1)
    entries = [link(part, folder) for part in linked]
    numbers = [part.numbers for part in linked]
    if merged:
        entry, rows = _merge(texts.catalog, folder, f"segment-{number:06}", merged, space)
        entries.append(entry)
        numbers.append(rows)
    text_entries, text_files = texts.assemble(folder, number)
    slot_numbers = np.concatenate([np.empty(0, np.int64), *numbers])
    files = {
        NUMBERS_FILE: save_array(folder / NUMBERS_FILE, slot_numbers),
        PUBLIC_BY_FILE: save_array(folder / PUBLIC_BY_FILE, _days(slot_numbers, public_by)),
        **text_files,
    }
    segments = [Segment.open(folder / entry.name, space) for entry in entries]
    files |= write_vector_files(folder, segments, slot_numbers, previous, report)
    report("publish", 1, 1)
    papers = int(np.count_nonzero(slot_numbers >= 0))
    generation = Generation(
        number, folder, space, papers, len(slot_numbers), tuple(entries), files, text_entries
    )
    return publish(index, generation)


def _merge(
    catalog: Catalog, folder: Path, name: str, merged: Sequence[Part[Segment]], space: VectorSpace
) -> tuple[SegmentEntry, Rows]:
    """Write the live rows of some parts as one new segment; its entry, and whose each row is."""
    chosen = [(part.segment, np.flatnonzero(part.numbers >= 0)) for part in merged]
    kept = [(part, rows) for part, (_, rows) in zip(merged, chosen, strict=True)]
    postings = [found for part, rows in kept for found in _postings(catalog, part, rows)]
    sums = merge_segments(folder / name, chosen, space, postings)
    numbers = np.concatenate([part.numbers[rows] for part, rows in kept])
    return SegmentEntry(name, len(numbers), sums), numbers


def _postings(catalog: Catalog, part: Part[Segment], rows: Rows) -> list[tuple[Postings, Rows]]:
    """The postings of a part's chosen rows; made from the texts when words are read by other rules now."""
    if not part.outdated:
        return [(part.segment.postings, rows)]
    made = []
    for start in range(0, len(rows), PIECE):
        numbers = part.numbers[rows[start : start + PIECE]].tolist()
        papers = catalog.papers_by_number(numbers)
        texts = ((papers[number].title, papers[number].abstract) for number in numbers)
        made.append((Postings.of(texts), np.arange(len(numbers))))
    return made


def _days(numbers: Rows, public_by: dict[int, int]) -> NDArray[np.int32]:
    return np.array([public_by.get(number, 0) for number in numbers.tolist()], dtype=np.int32)
