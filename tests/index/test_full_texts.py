"""Full texts in the index: arriving late, changed, gone, damaged, killed; never encoded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hashing_encoder import HashingEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_papers import invented_paper

from fallow_index import full_texts
from fallow_index.build import build_index
from fallow_index.generations import TEXT_NUMBERS_FILE, Generation, verify_generation
from fallow_index.passages import (
    SENTENCES,
    PassageSegment,
    merge_passages,
    passages_of,
    text_key,
    write_passages,
)
from fallow_index.postings import Postings
from fallow_ingest.catalog import Catalog, StoredSection
from fallow_ingest.errors import IndexDamaged
from fallow_ingest.records import Paper, Section

Add = Callable[[Sequence[Paper]], None]


def with_text(at: int, *sentences: str) -> Paper:
    """An invented paper with one section."""
    return replace(invented_paper(at), sections=(Section("Limitations", " ".join(sentences)),))


def section(text: str, kind: str = "method") -> StoredSection:
    return StoredSection(1, 1, 0, "Heading", kind, text)  # type: ignore[arg-type]


def held(generation: Generation) -> set[int]:
    """Papers whose full text a generation holds, every byte of it read."""
    verify_generation(generation)
    numbers = np.load(generation.folder / TEXT_NUMBERS_FILE)
    sizes = [len(PassageSegment.open(generation.folder / entry.name)) for entry in generation.texts]
    assert sum(sizes) == len(numbers)
    return {int(number) for number in numbers if number >= 0}


def number(catalog: Catalog, at: int) -> int:
    found = catalog.number_of(f"x:{at}")
    assert found is not None
    return found


def test_a_text_that_arrives_later_is_read_and_nothing_is_encoded(
    catalog: Catalog, add: Add, encoder: HashingEncoder
) -> None:
    add([invented_paper(at) for at in range(20)])
    first = build_index(catalog, encoder=encoder)
    assert first.texts == ()
    add([with_text(3, "Our quokka detector fails at night."), with_text(5, "It needs snow.")])
    second = build_index(catalog, encoder=encoder)
    assert encoder.texts_seen == 20
    assert held(second) == {number(catalog, 3), number(catalog, 5)}
    assert build_index(catalog, encoder=encoder).number == second.number


def test_a_changed_text_is_read_again_and_one_that_went_is_gone(
    catalog: Catalog, add: Add, encoder: HashingEncoder
) -> None:
    add([with_text(at, f"Text {at} says something.") for at in range(6)])
    build_index(catalog, encoder=encoder)
    add([with_text(2, "Now it says another thing.")])
    with catalog.writing() as connection:
        connection.execute("DELETE FROM sections WHERE paper = ?", (number(catalog, 4),))
    after = build_index(catalog, encoder=encoder)
    assert held(after) == {number(catalog, at) for at in (0, 1, 2, 3, 5)}
    assert encoder.texts_seen == 6


def test_a_damaged_text_is_found_and_read_again(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add([with_text(at, f"Text {at} says something.") for at in range(6)])
    before = build_index(catalog, encoder=encoder)
    path = before.folder / before.texts[0].name / "posting_rows.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(bytes(data))
    with pytest.raises(IndexDamaged, match="posting_rows"):
        verify_generation(before)
    after = build_index(catalog, encoder=encoder)
    assert after.number != before.number
    assert len(held(after)) == 6
    assert encoder.texts_seen == 6


def test_other_rules_for_words_read_the_texts_again(
    catalog: Catalog, add: Add, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add([with_text(at, f"Text {at} says something.") for at in range(6)])
    build_index(catalog, encoder=encoder)
    monkeypatch.setattr("fallow_index.parts.VERSION", 10**6)
    monkeypatch.setattr("fallow_index.generations.SegmentEntry.__init__.__defaults__", (10**6,))
    after = build_index(catalog, encoder=encoder)
    assert {entry.terms for entry in after.texts} == {10**6}
    assert len(held(after)) == 6


@pytest.mark.parametrize("kill_at", [1, 9, 20, 33])
def test_killed_at_any_write_the_next_build_holds_everything(
    catalog: Catalog, add: Add, encoder: HashingEncoder, kill_at: int
) -> None:
    add([with_text(at, f"Text {at} says something. And more {at % 3}.") for at in range(12)])
    script = Path(__file__).parent / "killed_build.py"
    subprocess.run(
        [sys.executable, str(script), str(catalog.library), str(kill_at), "5"],
        check=False,
        capture_output=True,
    )
    after = build_index(catalog, encoder=encoder)
    assert len(held(after)) == 12
    assert not list((catalog.library / "index").glob("pending*"))


def test_whole_pieces_of_a_killed_build_are_not_read_again(
    catalog: Catalog, add: Add, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add([with_text(at, f"Text {at} says something.") for at in range(10)])
    monkeypatch.setattr(full_texts, "PIECE", 4)
    read: list[int] = []

    def write_two(folder: Path, texts: Sequence[tuple[bytes, Sequence[StoredSection]]]) -> object:
        if len(read) == 2:
            raise KeyboardInterrupt
        return write_counted(folder, texts)

    def write_counted(folder: Path, texts: Sequence[tuple[bytes, Sequence[StoredSection]]]) -> object:
        read.append(len(texts))
        return write_passages(folder, texts)

    monkeypatch.setattr(full_texts, "write_passages", write_two)
    with pytest.raises(KeyboardInterrupt):
        build_index(catalog, encoder=encoder)
    monkeypatch.setattr(full_texts, "write_passages", write_counted)
    assert len(held(build_index(catalog, encoder=encoder))) == 10
    assert read == [4, 4, 2]


def test_passages_are_a_few_sentences_of_one_section() -> None:
    text = " ".join(f"Sentence {at} says this." for at in range(2 * SENTENCES + 1))
    found = list(passages_of([section(text), section("Alone."), section("Cite.", "references"), section("")]))
    assert [len(passage.sentences) for passage in found] == [SENTENCES, SENTENCES, 1, 1]
    assert " ".join(passage.text for passage in found[:3]) == text


def test_what_sections_say_is_their_key() -> None:
    same = text_key([section("one"), section("two")])
    assert same == text_key([replace(section("one"), number=9), section("two")])
    assert len({same, text_key([section("onet"), section("wo")]), text_key([section("one")])}) == 3
    assert same == text_key([section("one"), section("two"), section("[1] Cite.", "references")])


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_merging_equals_writing_at_once(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sentences = st.lists(
        st.sampled_from(["A tree grows.", "The kernel fails.", "GPT-4 is slow."]), max_size=12
    )
    texts = st.lists(sentences.map(lambda said: [section(" ".join(said))]), min_size=1, max_size=4)
    folder = tmp_path_factory.mktemp("texts")
    parts, chosen = [], []
    for at, some in enumerate(data.draw(st.lists(texts, min_size=1, max_size=3))):
        keyed = [(text_key(sections), sections) for sections in some]
        write_passages(folder / f"part{at}", keyed)
        rows = [row for row in range(len(some)) if data.draw(st.booleans())]
        parts.append((PassageSegment.open(folder / f"part{at}"), np.array(rows, np.int64)))
        chosen += [keyed[row] for row in rows]
    merge_passages(folder / "merged", parts)
    write_passages(folder / "whole", chosen)
    merged, whole = PassageSegment.open(folder / "merged"), PassageSegment.open(folder / "whole")
    for name in ("keys", "starts"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))
    for name in Postings.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(merged.postings, name), getattr(whole.postings, name))


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_passages(tmp_path / "a", [(text_key([section("One.")]), [section("One.")])])
    np.save(tmp_path / "a" / "passages.npy", np.array([0, 1, 2], np.int64))
    with pytest.raises(IndexDamaged, match="passages"):
        PassageSegment.open(tmp_path / "a")
