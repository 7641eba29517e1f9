"""The OpenAlex snapshot: what is there, what should be, and what is gone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from source_samples import openalex_work, write_openalex_snapshot

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import SourceBroken, SourceUnsupported
from fallow_ingest.ingest import ingest
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources.openalex_snapshot import (
    BROKEN_PART,
    DELETED,
    MISSING_PART,
    OTHER_PART,
    OpenAlexSnapshotSource,
)


def outcomes(path: Path, start: int = 0) -> list[Read | Skipped]:
    return list(OpenAlexSnapshotSource().read(path, start=start))


def reasons(path: Path) -> list[str]:
    return [o.reason for o in outcomes(path) if isinstance(o, Skipped)]


def write_part(folder: Path, name: str, *works: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join(json.dumps(work) + "\n" for work in works).encode()))
    return path


def test_missing_parts_and_deleted_works_are_told(tmp_path: Path) -> None:
    path = write_openalex_snapshot(tmp_path)
    assert set(reasons(path)) == {"no title", MISSING_PART, "paratext (covers, indexes), no paper", DELETED}
    missing = next(o for o in outcomes(path) if isinstance(o, Skipped) and o.reason == MISSING_PART)
    assert "updated_date=2030-06-15/part_0000.gz: 2 works" in missing.detail


def test_the_newest_partition_wins(tmp_path: Path) -> None:
    path = write_openalex_snapshot(tmp_path)
    with Catalog.open(tmp_path / "library", create=True) as catalog:
        ingest(catalog, "openalex-snapshot", path)
        titles = [row[0] for row in catalog.connection.execute("SELECT title FROM papers")]
    assert titles == ["Toy 1, revised"]


@pytest.mark.parametrize("inside", ["", "works", "works/updated_date=2030-07-01"])
def test_any_folder_of_it_can_be_named(tmp_path: Path, inside: str) -> None:
    found = outcomes(write_openalex_snapshot(tmp_path) / inside)
    titles = [o.paper.title for o in found if isinstance(o, Read)]
    assert titles[-1] == "Toy 1, revised"
    assert (MISSING_PART in [o.reason for o in found if isinstance(o, Skipped)]) == ("updated" not in inside)


def test_one_part_can_be_named(tmp_path: Path) -> None:
    part = write_openalex_snapshot(tmp_path) / "works/updated_date=2030-07-01/part_0000.gz"
    assert [o.reason for o in outcomes(part) if isinstance(o, Skipped)][-1] == DELETED


def test_other_entities_of_the_bucket_are_left_alone(tmp_path: Path) -> None:
    path = write_openalex_snapshot(tmp_path)
    write_part(path, "authors/updated_date=2030-07-01/part_0000.gz", {"id": "https://openalex.org/A1"})
    assert "no OpenAlex id" not in reasons(path)


def test_a_part_of_another_size_is_told(tmp_path: Path) -> None:
    path = write_openalex_snapshot(tmp_path)
    write_part(path, "works/updated_date=2030-06-01/part_0000.gz", openalex_work(1))
    write_part(path, "works/updated_date=2030-07-01/part_0000.gz", *map(openalex_work, range(20, 25)))
    told = [o.detail for o in outcomes(path) if isinstance(o, Skipped) and o.reason == OTHER_PART]
    assert told == ["1 of 2 lines", "more than 3 lines"]
    positions = [o.position for o in outcomes(path)]
    assert positions == sorted(set(positions))


def test_a_damaged_part_costs_its_own_rest(tmp_path: Path) -> None:
    folder = tmp_path / "works"
    part = write_part(folder, "updated_date=2030-01-01/part_0000.gz", *map(openalex_work, range(1, 400)))
    part.write_bytes(part.read_bytes()[:-300])
    write_part(folder, "updated_date=2030-02-01/part_0000.gz", openalex_work(900))
    found = outcomes(folder)
    assert isinstance(found[0], Read)
    assert isinstance(found[-1], Read)
    assert found[-1].paper.key == "openalex:W900"
    assert reasons(folder) == [BROKEN_PART]
    assert [o for o in outcomes(folder, 3) if o.position <= 3] == []
    with pytest.raises(SourceBroken, match="ends too early"):
        outcomes(part)


def test_the_old_layout_is_read(tmp_path: Path) -> None:
    works = tmp_path / "data" / "works"
    write_part(works, "updated_date=2024-01-01/part_000.gz", openalex_work(1))
    entries = [
        {
            "url": f"s3://openalex/data/works/updated_date=2024-01-01/part_00{n}.gz",
            "meta": {"record_count": 1},
        }
        for n in (0, 1)
    ]
    (works / "manifest").write_text(json.dumps({"entries": entries, "meta": {"record_count": 2}}))
    assert reasons(tmp_path / "data") == [MISSING_PART]


@pytest.mark.parametrize("manifest", ["", "[]", "{", '{"files": [1, {"url": 2}, {"url": "x", "meta": []}]}'])
def test_a_manifest_of_nonsense_is_none(tmp_path: Path, manifest: str) -> None:
    write_part(tmp_path, "updated_date=2024-01-01/part_000.gz", openalex_work(1))
    (tmp_path / "manifest.json").write_text(manifest)
    assert [type(o) for o in outcomes(tmp_path)] == [Read]


def test_a_folder_of_something_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "part_0000.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceUnsupported, match="folder"):
        outcomes(tmp_path)
