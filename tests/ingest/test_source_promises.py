"""What every source of the registry promises; a new one is tried on arrival."""

from __future__ import annotations

from pathlib import Path

import pytest
from source_samples import SAMPLES

from fallow_ingest.errors import SourceError, SourceMissing
from fallow_ingest.identifiers import parse_id
from fallow_ingest.sources import SOURCES, Read, Skipped, Source

NAMES = SOURCES.names()


@pytest.fixture(params=NAMES)
def source(request: pytest.FixtureRequest) -> Source:
    return SOURCES.create(request.param)


def outcomes(source: Source, path: Path, start: int = 0) -> list[Read | Skipped]:
    return list(source.read(path, start=start))


def test_every_source_has_a_sample() -> None:
    assert set(NAMES) <= set(SAMPLES), "add an input for the new source to source_samples.py"


def test_it_says_what_it_is(source: Source) -> None:
    assert source.name in NAMES
    assert source.label
    assert source.accepts


def test_records_and_skips_are_told_apart(source: Source, tmp_path: Path) -> None:
    found = outcomes(source, SAMPLES[source.name](tmp_path))
    assert [o.position for o in found] == sorted({o.position for o in found})
    assert found[0].position >= 1
    papers = [o.paper for o in found if isinstance(o, Read)]
    skips = [o for o in found if isinstance(o, Skipped)]
    assert papers
    assert skips, "every sample holds something that cannot be read"
    for paper in papers:
        assert paper.key
        assert paper.title
        assert all(parse_id(f"{scheme}:{value}") is not None for scheme, value in paper.ids.items())
    for skip in skips:
        assert skip.reason
        assert str(tmp_path) in skip.place


def test_it_goes_on_where_it_stopped(source: Source, tmp_path: Path) -> None:
    path = SAMPLES[source.name](tmp_path)
    whole = outcomes(source, path)
    for start in range(whole[-1].position + 2):
        assert outcomes(source, path, start) == [o for o in whole if o.position > start]


def test_progress_ends_at_the_whole(source: Source, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    for _ in source.read(
        SAMPLES[source.name](tmp_path), report=lambda done, total: told.append((done, total))
    ):
        pass
    assert told
    assert all(0 <= done <= total for done, total in told)


@pytest.mark.parametrize("name", ["missing.file", "a\0b"])
def test_what_is_not_there_is_told(source: Source, tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceMissing, match="check the path"):
        outcomes(source, tmp_path / name)


def test_a_folder_without_papers_is_told(source: Source, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="folder"):
        outcomes(source, tmp_path)


JUNK = [b"", b"\x00" * 5_000, b"\xff" * 5_000, b"PK\x03\x04", b"\x1f\x8b\x08\x00half", b"\xff\xfea\x00b\x00"]


@pytest.mark.parametrize("content", JUNK)
def test_junk_yields_no_paper(source: Source, tmp_path: Path, content: bytes) -> None:
    suffix = {"acl": ".xml", "pdf": ".pdf", "sample": ".toml", "bibtex": ".bib"}.get(source.name, ".jsonl")
    path = tmp_path / f"junk{suffix}"
    path.write_bytes(content)
    told = str(path)
    papers: list[Read] = []
    try:
        papers = [o for o in outcomes(source, path) if isinstance(o, Read)]
    except SourceError as error:
        told = str(error)
    assert not papers
    assert str(path) in told
