"""ACL Anthology XML, BibTeX and the sample's TOML."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_samples import ACL_XML, write_acl, write_bibtex, write_sample

from fallow_ingest.errors import SourceBroken, SourceError, SourceUnsupported
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, Skipped, acl
from fallow_ingest.sources.acl import AclSource
from fallow_ingest.sources.bibtex import BibtexSource, BrokenEntryError, parse_entry
from fallow_ingest.sources.sample import SampleSource

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><collection id='2030.toy'><volume id='1'><paper id='1'><title>&j;</title>"
    + "</paper></volume></collection>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<collection id='2030.toy'><volume id='1'><paper id='1'><title>&x;</title></paper></volume></collection>"
)


def tar_of(path: Path, members: Mapping[str, bytes], *, packed: bool = True) -> Path:
    with tarfile.open(path, "w:gz" if packed else "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def reasons(path: Path) -> list[str]:
    return [o.reason for o in AclSource().read(path) if isinstance(o, Skipped)]


def papers(path: Path) -> list[Paper]:
    return [o.paper for o in AclSource().read(path) if isinstance(o, Read)]


def test_acl(tmp_path: Path) -> None:
    first, second = papers(write_acl(tmp_path) / "2030.toy.xml")
    assert (first.key, first.title) == ("acl:2030.toy-long.1", "On Toys of size $n^2$")
    assert (first.abstract, first.authors) == ("We play & win.", ("Ada Ash",))
    assert (first.date, first.venue) == ("2030-07", "TOY")
    assert first.ids == {"acl": "2030.toy-long.1", "doi": "10.18653/v1/2030.toy-long.1"}
    assert (second.status, second.extra["retraction"]) == ("retracted", "wrong")


def test_a_broken_file_costs_only_itself(tmp_path: Path) -> None:
    xml = ACL_XML.encode()
    path = tar_of(tmp_path / "a.tar.gz", {"a/cut.xml": xml[:600], "../../evil.xml": xml, "readme.txt": b"x"})
    found = list(AclSource().read(path))
    assert [o.position for o in found] == list(range(1, len(found) + 1))
    skipped = [o for o in found if isinstance(o, Skipped)]
    assert [s.reason for s in skipped] == ["broken XML", "no title"]
    assert found[-2].position == len(found) - 1
    assert "a.tar.gz!a/cut.xml:" in skipped[0].place
    assert not (tmp_path.parent.parent / "evil.xml").exists()


@pytest.mark.parametrize("xml", [LAUGHS, OUTSIDE])
def test_entities_are_refused(tmp_path: Path, xml: str) -> None:
    path = tmp_path / "bomb.xml"
    path.write_text(xml)
    assert reasons(path) == ["XML with a DTD or entities"]
    assert papers(path) == []


@pytest.mark.parametrize(
    "xml",
    [
        "<a>" * 500,
        "<collection id='2030.toy'>" + "<x>" * 60 + "</x>" * 60 + "</collection>",
        "<?xml version='1.0' encoding='no-such'?><collection/>",
        "<html><body>Rate limit</html>",
        "",
    ],
)
def test_what_is_no_anthology_file_is_skipped(tmp_path: Path, xml: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(xml)
    assert reasons(path) == ["broken XML"]


def test_large_members_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tar_of(tmp_path / "a.tar", {"big.xml": b" " * 70_000, "ok.xml": ACL_XML.encode()}, packed=False)
    monkeypatch.setattr(acl, "LARGEST_FILE", 60_000)
    assert reasons(path) == ["file too large", "no title"]


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_truncated_archive_keeps_what_came_before(tmp_path: Path, keep: float) -> None:
    members = {f"{i}.xml": ACL_XML.replace("2030.toy", f"20{i}.toy").encode() for i in range(30, 90)}
    path = tar_of(tmp_path / "a.tar.gz", members)
    whole = papers(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    found: list[Paper] = []
    with pytest.raises(SourceBroken, match=r"a.tar.gz cannot be read further after \d+.xml"):
        found.extend(o.paper for o in AclSource().read(path) if isinstance(o, Read))
    assert found == whole[: len(found)]


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(b"hello" * 1_000))
    with pytest.raises(SourceUnsupported, match="neither XML nor a tar archive"):
        papers(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.integers(0, len(ACL_XML)), st.binary(max_size=5))
def test_mutated_xml_is_read_or_skipped(tmp_path: Path, place: int, junk: bytes) -> None:
    path = tmp_path / "mutated.xml"
    content = ACL_XML.encode()
    path.write_bytes(b"<" + content[1:place] + junk + content[place + len(junk) :])
    with suppress(SourceError):
        assert len(list(AclSource().read(path))) <= 4


def test_bibtex(tmp_path: Path) -> None:
    path = write_bibtex(tmp_path)
    first, broken, third = BibtexSource().read(path)
    assert isinstance(first, Read)
    assert first.paper.title == "Toys for BERT"
    assert first.paper.authors == ("Ada Ash", "Bo Müller")
    assert (first.paper.key, first.paper.date) == ("doi:10.1234/abc.5", "2030-07")
    assert first.paper.venue == "Toy Conference Letters"
    assert isinstance(broken, Skipped)
    assert (broken.reason, broken.place) == ("broken BibTeX entry", f"{path}:4")
    assert isinstance(third, Read)
    assert (third.paper.key, third.paper.authors) == ("arxiv:2001.00001", ("Ada Ash",))


@pytest.mark.parametrize(
    ("entry", "title"),
    [
        ("@misc{a, title = {One {Two {Three}}}}", "One Two Three"),
        ('@misc(a, title = "A {"}quoted{"} word")', 'A "quoted" word'),
        ("@misc{a,\n title={No comma}\n year=2001}", "No comma"),
        ("@ARTICLE{a:b/c, TITLE = {Na{\\\"\\i}ve \\& {\\'E}t\\'e},}", "Naïve & Été"),
        ("@misc{a, title = {Line\n   broken}}", "Line broken"),
        ("@misc{, title = {No key}}", "No key"),
    ],
)
def test_bibtex_as_people_write_it(tmp_path: Path, entry: str, title: str) -> None:
    path = tmp_path / "x.bib"
    path.write_text(f"stray text\n{entry}\n@comment{{ignored}}\n", encoding="utf-8")
    [outcome] = BibtexSource().read(path)
    assert isinstance(outcome, Read)
    assert outcome.paper.title == title


@given(st.text(alphabet='@{}()",=#\\ \nabk1', max_size=120))
def test_any_entry_is_parsed_or_refused(text: str) -> None:
    offset = 0
    try:
        assert parse_entry("@misc{" + text, {}) is not None
    except BrokenEntryError as error:
        offset = error.offset
    assert 0 <= offset <= len(text) + 6


def test_bibtex_takes_linear_time() -> None:
    assert parse_entry('@misc{a, title = "' + "{}" * 400_000 + '"}', {}) is not None
    with pytest.raises(BrokenEntryError, match="does not end"):
        parse_entry("@misc{a, title = " + "{" * 800_000, {})


def test_an_entry_without_end_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "x.bib"
    path.write_bytes(b"@misc{a, title = {" + b"word \n" * 300_000 + b"\n@misc{b, title = {Fine}}\n")
    skipped, good = BibtexSource().read(path)
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "entry too long"
    assert isinstance(good, Read)


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_real_bibliographies_are_read() -> None:
    for path in sorted((SHARED / "fixtures/bibtex").glob("pmlr_v1*.bib")):
        found = list(BibtexSource().read(path))
        read = [o.paper for o in found if isinstance(o, Read)]
        assert len(read) >= 0.97 * len(found) - 1, path
        assert all(paper.title and paper.authors for paper in read)


def test_sample(tmp_path: Path) -> None:
    first, second, third = SampleSource().read(write_sample(tmp_path))
    assert isinstance(first, Read)
    paper = first.paper
    assert paper.text_origin == "fallow"
    assert [(s.heading, s.kind) for s in paper.sections] == [
        ("Limitations", "limitations"),
        ("Limits of earlier work", "related_work"),
    ]
    assert paper.sections[0].text == "They only speak English. They break."
    assert paper.sections[1].text == "It idles."
    assert paper.references[0].id == "arxiv:2001.00002"
    assert isinstance(second, Read)
    assert isinstance(third, Skipped)
    assert third.reason == "no id"


def test_the_packaged_sample_is_found_without_a_location() -> None:
    found = list(SampleSource().read())
    assert found
    assert all(isinstance(o, Read) and o.paper.text_origin == "fallow" for o in found)


def test_toml_that_is_none_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[[paper]]\nid = oops\n")
    with pytest.raises(SourceBroken, match=r"x\.toml is not TOML: .*line 2"):
        list(SampleSource().read(path))
