"""Sources of full text: keys, bulk archives, what is skipped."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from source_samples import TEX, TEX_REST, write_eprints, write_tar

from fallow_ingest.errors import SourceBroken
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources.full_text import arxiv_in_name
from fallow_ingest.sources.latex import LatexSource
from fallow_ingest.sources.s2orc import S2orcSource


def bulk(folder: Path) -> Path:
    eprints = write_eprints(folder)
    names = {"2001.00001v2.gz": "2001/2001.00001.gz", "hep-th0001002.gz": "0001/hep-th0001002.gz"}
    members = {inside: (eprints / name).read_bytes() for name, inside in names.items()}
    return write_tar(folder / "arXiv_src.tar", {**members, "2001/2001.00003.pdf": b"%PDF-1.5"}, mode="w")


def test_a_bulk_archive_is_read_in_place(tmp_path: Path) -> None:
    path = bulk(tmp_path)
    first, second, third = LatexSource().read(path)
    assert isinstance(first, Read)
    assert isinstance(second, Read)
    assert isinstance(third, Skipped)
    assert (first.paper.key, second.paper.key) == ("arxiv:2001.00001", "arxiv:hep-th/0001002")
    assert [section.heading for section in first.paper.sections] == ["Introduction", "Limitations"]
    assert third.reason == "a PDF in place of the source"
    assert list(LatexSource().read(path, start=2)) == [third]


def test_a_cut_bulk_archive_ends_in_a_sentence(tmp_path: Path) -> None:
    path = bulk(tmp_path)
    path.write_bytes(path.read_bytes()[:1_700])
    found: list[Read | Skipped] = []
    with pytest.raises(SourceBroken, match="goes on from there"):
        found.extend(LatexSource().read(path))


def test_one_file_of_any_kind(tmp_path: Path) -> None:
    plain = tmp_path / "toys.tex"
    plain.write_text(TEX)
    packed = tmp_path / "anything.gz"
    packed.write_bytes(gzip.compress(TEX.encode()))
    tar = write_tar(
        tmp_path / "toys.tar", {"main.tex": TEX.encode(), "rest.tex": TEX_REST.encode()}, mode="w"
    )
    for path in (plain, packed, tar):
        (found,) = LatexSource().read(path)
        assert isinstance(found, Read)
        assert found.paper.key.startswith("latex:")
        assert found.paper.title == "Teaching idle toys to Play"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("1706.03762v5", "1706.03762"),
        ("arxiv-0704.0001.tar.gz", "0704.0001"),
        ("math0309136.gz", "math/0309136"),
        ("v1.2345.tex", ""),
        ("12345.67890123", ""),
    ],
)
def test_ids_in_names(name: str, value: str) -> None:
    assert arxiv_in_name(name) == value


def test_json_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"paper_id": "x", "title": "T", "body_text": [{"text": "Toys."}]}')
    (tmp_path / "b.json").write_text("[1, 2")
    first, second = S2orcSource().read(tmp_path)
    assert isinstance(first, Read)
    assert first.paper.key.startswith("s2orc:")
    assert isinstance(second, Skipped)
    assert second.reason == "broken JSON"
