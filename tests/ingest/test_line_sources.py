"""Files of lines: what is read, what is mended, what is passed over, what ends the reading."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_samples import write_jsonl, write_snapshot

from fallow_ingest.errors import SourceBroken, SourceError, SourceUnsupported
from fallow_ingest.records import Paper, Reference
from fallow_ingest.sources import Read, Skipped, lines
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.citations import CitationRow, read_citations
from fallow_ingest.sources.jsonl import JsonlSource
from fallow_ingest.sources.lines import read_lines
from fallow_ingest.sources.snapshot import SnapshotSource

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def read(path: Path, start: int = 0) -> list[Read | Skipped]:
    return list(JsonlSource().read(path, start=start))


def read_one(folder: Path, record: dict[str, object]) -> tuple[Paper, tuple[str, ...]]:
    path = folder / "one.jsonl"
    path.write_text(json.dumps({"id": "x", "title": "T"} | record) + "\n")
    [outcome] = read(path)
    assert isinstance(outcome, Read)
    return outcome.paper, outcome.notes


def written(folder: Path, content: bytes) -> Path:
    path = folder / "written.jsonl"
    path.write_bytes(content)
    return path


def test_the_documented_format(tmp_path: Path) -> None:
    first, second, third, fourth = read(write_jsonl(tmp_path))
    assert isinstance(first, Read)
    assert (first.paper.key, first.paper.authors, first.paper.year) == (
        "arxiv:2001.00001",
        ("Ada Ash",),
        2020,
    )
    assert first.paper.extra == {"odd": 1}
    assert isinstance(second, Read)
    assert (second.paper.key, second.paper.year, second.paper.keywords) == ("x1", 2021, ("a", "b"))
    assert second.paper.authors == ("Ada Ash", "Bo Birch")
    assert isinstance(third, Skipped)
    assert (third.reason, third.place) == ("no id", f"{tmp_path / 'papers.jsonl.gz'}:3")
    assert isinstance(fourth, Read)
    assert fourth.paper.references == (Reference(id="x1"), Reference(title="One", year=2020))


@pytest.mark.parametrize(
    ("authors", "names"),
    [
        (["Ada Ash", "Bo Birch"], ("Ada Ash", "Bo Birch")),
        (["Ada Ash, Bo Birch, Cy Cedar"], ("Ada Ash", "Bo Birch", "Cy Cedar")),
        ([{"given": "Ada", "family": "Ash"}, {"name": "Bo"}], ("Ada Ash", "Bo")),
        ("Ash, Ada; Birch, Bo", ("Ada Ash", "Bo Birch")),
        ("Ada Ash, Bo Birch and Cy Cedar", ("Ada Ash", "Bo Birch", "Cy Cedar")),
        ("Plato", ("Plato",)),
        (None, ()),
        (3, ()),
    ],
)
def test_authors_in_every_form(tmp_path: Path, authors: object, names: tuple[str, ...]) -> None:
    assert read_one(tmp_path, {"authors": authors})[0].authors == names


def test_sections_and_ids(tmp_path: Path) -> None:
    paper, notes = read_one(
        tmp_path,
        {
            "sections": [{"heading": "5 Limitations", "text": "One\nline.\n\nTwo."}, {"heading": "x"}, 3],
            "ids": {"doi": "10.18653/v1/P18-1001", "pmid": "zzz"},
            "arxiv_id": "1704.0457199999998",
            "date": "2018-07",
            "url": "javascript:alert(1)",
        },
    )
    assert [(s.kind, s.text) for s in paper.sections] == [("limitations", "One line.\n\nTwo.")]
    assert paper.ids == {"acl": "P18-1001", "doi": "10.18653/v1/p18-1001", "arxiv": "1704.04572"}
    assert (paper.year, paper.date, paper.url) == (2018, "2018-07", "")
    assert set(notes) == {"id not understood", field.MENDED_ID}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{broken", "broken JSON"),
        (b'{"id": "x", "title": "T"', "broken JSON"),
        (b"[" * 100_000, "broken JSON"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "broken JSON"),
        (b'"just text"', "not a JSON object"),
        (b"17", "not a JSON object"),
        (b'{"title": "T"}', "no id"),
        (b'{"id": true, "title": "T"}', "no id"),
        (b'{"id": "x"}', "no title"),
        (b'{"id": "x", "title": "  \\u0000 "}', "no title"),
        (b'{"id": "x", "title": ["T"]}', "no title"),
        (b'{"id": "' + b"y" * 600 + b'", "title": "T"}', "id too long"),
    ],
)
def test_unreadable_lines_cost_only_themselves(tmp_path: Path, line: bytes, reason: str) -> None:
    good = b'{"id": "x", "title": "T"}'
    before, skipped, after = read(written(tmp_path, b"\n".join([good, line, good])))
    assert isinstance(before, Read)
    assert isinstance(after, Read)
    assert isinstance(skipped, Skipped)
    assert (skipped.reason, skipped.position) == (reason, 2)
    assert skipped.place.endswith("written.jsonl:2")


@pytest.mark.parametrize(
    ("line", "title", "note"),
    [
        (b'{"id": "x", "title": "Schr\xf6dinger"}', "Schrödinger", "bytes read as Windows-1252"),
        (b'{"id": "x", "title": "a\x00b\x01c"}', "abc", "invalid JSON mended"),
        (b'{"id": "x", "title": "T", "score": NaN}', "T", "invalid JSON mended"),
        (b'{"id": "x", "title": "a\\ud800b"}', "ab", "invalid JSON mended"),
        (b'\xef\xbb\xbf{"id": "x", "title": "T"}', "T", "invalid JSON mended"),
        (b'{"id": "x", "title": "' + b"T" * 10_000_000 + b'"}', "T" * 2_000, "title cut"),
    ],
)
def test_mended_lines_say_so(tmp_path: Path, line: bytes, title: str, note: str) -> None:
    [outcome] = read(written(tmp_path, line))
    assert isinstance(outcome, Read)
    assert outcome.paper.title == title
    assert outcome.notes == (note,)
    "".join([outcome.paper.title, str(outcome.paper.extra)]).encode()


def test_a_line_without_end_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"id": "a", "title": "A"}\n{"id": "')
        for _ in range(200):
            file.write(bytes(2**20))
        file.write(b'"}\n{"id": "b", "title": "B"}\n')
    tracemalloc.start()
    first, skipped, last = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(first, Read)
    assert isinstance(last, Read)
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "line too long"
    assert "209,715," in skipped.detail
    assert peak < 3 * lines.LONGEST_LINE


def test_a_truncated_archive_keeps_what_came_before(tmp_path: Path) -> None:
    whole = b"".join(
        json.dumps({"id": f"x{i}", "title": f"T {i * i}"}).encode() + b"\n" for i in range(5_000)
    )
    packed = gzip.compress(whole)
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(packed[: len(packed) // 2])
    found: list[Read | Skipped] = []
    with pytest.raises(SourceBroken, match=r"cut.jsonl.gz cannot be read further after line \d+: it ends"):
        found.extend(JsonlSource().read(path))
    path.write_bytes(packed)
    resumed = read(path, start=found[-1].position if found else 0)
    assert [o.position for o in [*found, *resumed]] == list(range(1, 5_001))


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b'{"id": "x", "title": "T"}\n' * 1_000))
    packed[30] ^= 0xFF
    with pytest.raises(SourceBroken, match="fetch the file again"):
        read(written(tmp_path, bytes(packed)))


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"%PDF-1.7", "a PDF"), (b"\xff\xfe{\x00", "UTF-16"), (b"[\n{}\n]", "one JSON array")],
)
def test_other_kinds_of_file_are_named(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(SourceUnsupported, match=kind):
        read(written(tmp_path, content))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=400)
    | st.lists(st.sampled_from([b'{"id":"x","title":"T"}', b"\n", b"\x00", b"{"])).map(b"".join)
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    try:
        found = read(path)
    except SourceError:
        return
    assert all(isinstance(o, Read | Skipped) for o in found)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = [
    "abstract",
    "authors",
    "year",
    "date",
    "venue",
    "categories",
    "keywords",
    "ids",
    "references",
    "sections",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*KEYS, "url", "version", "status", "arxiv_id", "odd"]), json_values))
def test_any_fields_are_read(tmp_path: Path, record: dict[str, object]) -> None:
    paper, _ = read_one(tmp_path, record)
    assert isinstance(paper.abstract, str)
    json.dumps([paper.authors, paper.ids, dict(paper.extra)]).encode()


@given(
    st.lists(st.binary(max_size=30).filter(lambda b: b"\n" not in b), max_size=30),
    st.integers(0, 30),
    st.integers(1, 9),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_are_cut_right_whatever_the_pieces(
    tmp_path: Path, contents: list[bytes], after: int, piece: int
) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"x" + b"\n".join(contents))  # the x keeps the file from looking like another kind
    wanted = (b"x" + b"\n".join(contents)).split(b"\n")
    whole = lines._PIECE
    lines._PIECE = piece
    try:
        found = list(read_lines(path, lambda _done, _total: None, after=after))
    finally:
        lines._PIECE = whole
    wanted = wanted[:-1] if wanted[-1] == b"" else wanted
    assert [line.content for line in found] == wanted[after:]
    assert [line.number for line in found] == list(range(after + 1, len(wanted) + 1))


def test_snapshot(tmp_path: Path) -> None:
    first, second, third, fourth = SnapshotSource().read(write_snapshot(tmp_path))
    assert isinstance(first, Read)
    paper = first.paper
    assert (paper.key, paper.title, paper.abstract) == ("arxiv:0704.0001", "Toys at Tevatron", "We play.")
    assert (paper.date, paper.year, paper.version) == ("2007-04-02", 2007, "v2")
    assert paper.authors == ("A. Ash", "Bo Birch Jr")
    assert paper.categories == ("hep-ph", "cs.CL")
    assert isinstance(second, Read)
    assert (second.paper.key, second.paper.status, second.notes) == (
        "arxiv:1602.04900",
        "withdrawn",
        (field.MENDED_ID,),
    )
    assert second.paper.extra["id_as_given"] == "1602.049"
    assert isinstance(third, Skipped)
    assert isinstance(fourth, Skipped)
    assert (third.reason, fourth.reason) == ("no arXiv id", "no title")


@pytest.mark.parametrize(
    ("comments", "status"),
    [
        ("This paper has been withdrawn", "withdrawn"),
        ("This article has been withdrawn by the author because of a mistake", "withdrawn"),
        ("Withdrawn", "withdrawn"),
        ("The authors withdraw this", "withdrawn"),
        ("We withdraw this paper because of an error in the proof", "withdrawn"),
        ("Submission withdrawn from the Journal of Toys to prepare a longer one", ""),
        ("The paper was retracted", "retracted"),
        ("12 pages; we study withdrawn bids", ""),
        ("Withdrawal behaviour of banks, 3 figures", ""),
        (None, ""),
    ],
)
def test_withdrawn_papers_are_marked(tmp_path: Path, comments: str | None, status: str) -> None:
    path = written(tmp_path, json.dumps({"id": "0704.0001", "title": "T", "comments": comments}).encode())
    [outcome] = SnapshotSource().read(path)
    assert isinstance(outcome, Read)
    assert outcome.paper.status == status


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_the_real_snapshot_lines_are_read() -> None:
    found = list(SnapshotSource().read(SHARED / "fixtures/arxiv_kaggle_snapshot/first200_lines.json"))
    assert len(found) == 200
    assert all(isinstance(o, Read) and o.paper.date and o.paper.abstract for o in found)


def test_citations(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        b"citing\tcited\tsource\nP18-1001\thttps://arxiv.org/abs/1706.03762v1\taan\n\nx1\tx1\nalone\nx1\tx2\textra\tmore\n"
        + b"z" * 5_000,
    )
    found = list(read_citations(path))
    assert found[0] == CitationRow(2, "acl:P18-1001", "arxiv:1706.03762", "aan")
    assert [o.reason for o in found if isinstance(o, Skipped)] == [
        "cites itself",
        "not two columns",
        "line too long",
    ]
    assert found[3] == CitationRow(6, "x1", "x2", "extra")
    assert list(read_citations(path, start=4)) == found[2:]
