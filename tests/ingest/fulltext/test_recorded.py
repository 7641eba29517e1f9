"""Recorded e-prints, JATS and TEI: nothing of them is lost. Skipped where ../shared is absent."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from pathlib import Path

import pytest

from fallow_ingest.fulltext.eprint import read_eprint
from fallow_ingest.fulltext.jats import read_jats
from fallow_ingest.fulltext.running import FullText
from fallow_ingest.fulltext.tei import read_tei
from fallow_ingest.text.normalise import fold

FOLDER = Path(__file__).resolve().parents[4] / "shared/data/fixtures/s2orc_grobid_latex"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="../shared is not on this machine")

LEFT = re.compile(r"\\[A-Za-z]+|~|\(\s*\)|``|''|\ue000")


def contexts_hold(paper: FullText) -> bool:
    return all(
        context.section < 0
        or paper.sections[context.section].text[context.start : context.end] == context.text
        for reference in paper.references
        for context in reference.contexts
    )


@pytest.mark.parametrize(("name", "entries"), [("1911.02782", 55), ("2004.14974", 36)])
def test_eprints(name: str, entries: int) -> None:
    data = (FOLDER / f"latex__{name}.gz").read_bytes()
    paper = read_eprint(data)
    assert isinstance(paper, FullText)
    assert len(paper.references) == entries
    assert all(reference.title for reference in paper.references)
    assert paper.abstract
    assert len(paper.authors) >= 5
    assert contexts_hold(paper)
    text = "\n".join([paper.abstract, *(s.text for s in paper.sections)])
    assert not LEFT.search(re.sub(r"\$[^$]*\$", "", text))
    told = fold(text + " ".join(section.heading for section in paper.sections))
    empty = 0
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        for member in archive:
            if (
                not re.search(r"(?:^|/)(?:main|0\d-[\w-]+)\.tex$", member.name)
                or "09-appendices.tex" in member.name
            ):
                continue
            content = archive.extractfile(member)
            assert content is not None
            source = re.sub(r"(?<!\\)%.*", "", content.read().decode())
            for heading in re.findall(
                r"\\(?:(?:sub)*section|paragraph)\*?\{((?:[^{}]|\{[^{}]*\})*)\}", source
            ):
                words = [fold(piece) for piece in re.split(r"\\[A-Za-z]+|\\&", heading)]
                empty += not all(piece in told for piece in words)
    assert empty <= 2  # headings with nothing but tables or other headings below


def test_jats_and_tei() -> None:
    for path in sorted(FOLDER.glob("*.nxml")):
        paper = read_jats(path.read_bytes())
        assert isinstance(paper, FullText)
        assert len(paper.references) == len(re.findall(rb"<ref[ >]", path.read_bytes()))
        assert paper.ids.keys() >= {"doi", "pmid"}
        assert contexts_hold(paper)
    for path in sorted(FOLDER.glob("*.tei.xml")):
        paper = read_tei(path.read_bytes())
        assert isinstance(paper, FullText)
        assert len(paper.references) == path.read_bytes().count(b"<biblStruct xml:id=")
        assert {"introduction", "conclusion"} <= {section.kind for section in paper.sections}
        assert contexts_hold(paper)
