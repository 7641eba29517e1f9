"""Packed e-prints: what is opened, and how hostile ones are told."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow_ingest.fulltext import streams
from fallow_ingest.fulltext.archive import Unpacked, unpack
from fallow_ingest.fulltext.streams import DamageError, Forward
from fallow_ingest.fulltext.tar import TarReader
from fallow_ingest.sources.json_lines import Unreadable

TEX = b"\\documentclass{article}\\begin{document}Toys.\\end{document}"


def tar_of(*members: tuple[str, bytes] | tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            tar.addfile(info, io.BytesIO(member[1]))
    return made.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def texts(data: bytes) -> Unpacked:
    found = unpack(data)
    assert isinstance(found, Unpacked)
    return found


def reason(data: bytes) -> str:
    found = unpack(data)
    assert isinstance(found, Unreadable)
    return found.reason


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("packed", [True, False])
def test_every_form_of_tar(form: int, packed: bool) -> None:
    data = tar_of(
        ("a/main.tex", TEX), ("a/" + "b" * 90 + "/rest.tex", b"x"), ("a/f.png", b"\x89PNG"), form=form
    )
    found = texts(gzip.compress(data) if packed else data)
    assert found.files == {"a/main.tex": TEX, "a/" + "b" * 90 + "/rest.tex": b"x"}
    assert found.notes == ()


def test_long_names_and_accents() -> None:
    name = "d/" * 80 + "näme.tex"
    assert list(texts(tar_of((name, TEX))).files) == [name]
    latin = tar_of(("n_me.tex", TEX), form=tarfile.GNU_FORMAT).replace(b"n_me.tex", b"n\xe4me.tex")
    block = bytearray(latin[:512])
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert list(texts(bytes(block) + latin[512:]).files) == ["näme.tex"]


@pytest.mark.parametrize(
    "wrapped", [TEX, gzip.compress(TEX), gzip.compress(gzip.compress(TEX))], ids=["plain", "once", "twice"]
)
def test_a_single_file(wrapped: bytes) -> None:
    assert texts(wrapped).files == {"main.tex": TEX}


def test_gzip_header_fields_and_several_members() -> None:
    named = io.BytesIO()
    with gzip.GzipFile("toys.tex", "wb", fileobj=named) as file:
        file.write(TEX)
    assert texts(named.getvalue()).files["main.tex"] == TEX
    assert texts(gzip.compress(TEX[:20]) + gzip.compress(TEX[20:]) + b"\0" * 64).files["main.tex"] == TEX


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty source"),
        (b"\0" * 2_000, "empty source"),
        (gzip.compress(b" \n"), "empty source"),
        (b"%PDF-1.5 ...", "a PDF in place of the source"),
        (gzip.compress(b"%PDF-1.5 ..."), "a PDF in place of the source"),
        (b"%!PS-Adobe", "PostScript in place of the source"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"  <!DOCTYPE html><html>blocked</html>", "a web page in place of the source"),
        (b"\x7fELF\x00\x01" * 100, "neither an archive nor text"),
        (b"\x1f\x8b\x08", "broken archive"),
        (gzip.compress(gzip.compress(gzip.compress(TEX))), "packed more than twice"),
        (tar_of(("a.png", b"x")), "archive without text"),
    ],
    ids=[
        str(n) for n in range(12)
    ],  # packed bytes hold the time of day, which would make a new name in every process
)
def test_what_is_no_source(data: bytes, why: str) -> None:
    assert reason(data) == why


def test_hostile_members_are_left_out_by_reason() -> None:
    found = texts(
        tar_of(
            ("/etc/passwd.tex", b"no"),
            ("../../up.tex", b"no"),
            ("C:\\evil.tex", b"no"),
            special("link.tex", tarfile.SYMTYPE, "/etc/passwd"),
            special("hard.tex", tarfile.LNKTYPE, "main.tex"),
            special("device.tex", tarfile.CHRTYPE),
            special("pipe.tex", tarfile.FIFOTYPE),
            ("main.tex", b"first"),
            ("./main.tex", TEX),
            ("._main.tex", b"furniture"),
        )
    )
    assert found.files == {"main.tex": TEX}
    assert set(found.notes) == {
        "archive member left out: its path leaves the folder",
        "archive member left out: a link",
        "archive member left out: a device",
        "archive member replaced: its name comes twice",
    }


def test_a_cut_archive_keeps_what_came_before() -> None:
    data = tar_of(("main.tex", TEX), ("rest.tex", b"y" * 200_000))
    for cut in (data[:5_000], gzip.compress(data)[:-40], gzip.compress(data, 0)[:3_000]):
        found = texts(cut)
        assert found.files == {"main.tex": TEX}
        assert found.notes == (streams.CUT,)


def test_a_wrong_checksum_is_noted() -> None:
    packed = bytearray(gzip.compress(TEX))
    packed[-6] ^= 1
    assert texts(bytes(packed)) == ({"main.tex": TEX}, ("archive's checksum does not hold",))
    assert texts(gzip.compress(TEX)[:-8]).files == {"main.tex": TEX}


def test_a_damaged_header_ends_it() -> None:
    data = bytearray(tar_of(("main.tex", TEX), ("rest.tex", b"y")))
    data[1024] ^= 0xFF
    assert texts(bytes(data)) == ({"main.tex": TEX}, (streams.DAMAGED,))


def zeros(packed_after: bytes, mebibytes: int) -> bytes:
    """A gzip stream of some bytes and then many zeros, made without holding them."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [deflate.compress(packed_after)]
    parts += [deflate.compress(bytes(2**20)) for _ in range(mebibytes)]
    return b"".join([*parts, deflate.flush()])


def test_a_bomb_is_left_while_it_is_read() -> None:
    head = tar_of(("main.tex", TEX))[:1024]
    big = tarfile.TarInfo("zeros.tex")
    big.size = 10 * 2**30
    found = unpack(zeros(head + big.tobuf(), 12), largest=4 * 2**20)
    assert isinstance(found, Unpacked)
    assert found.files == {"main.tex": TEX}
    assert "archive member left out: too large" in found.notes
    assert streams.TOO_MUCH in found.notes
    assert reason(zeros(b"x", 20)) == "text too large"


def test_a_header_that_claims_ten_gigabytes() -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 10 * 2**30
    assert texts(tar_of(("main.tex", TEX))[:1024] + info.tobuf(tarfile.GNU_FORMAT)).notes == (
        streams.DAMAGED,
    )


def test_long_name_headers_without_end() -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 4
    chain = (info.tobuf(tarfile.GNU_FORMAT) + b"abcd".ljust(512, b"\0")) * 500
    with pytest.raises(DamageError, match="too many"):
        list(TarReader(Forward(io.BytesIO(chain), 2**20), 50))


def test_too_many_members() -> None:
    data = tar_of(*((f"{i}.tex", b"x") for i in range(60)))
    reader = TarReader(Forward(io.BytesIO(data), 2**20), 50)
    with pytest.raises(DamageError, match="too many"):
        list(reader)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3_000), st.integers(0, 5_000), st.booleans())
def test_mutations_never_raise(junk: bytes, at: int, packed: bool) -> None:
    data = tar_of(("main.tex", TEX), ("rest.tex", b"z" * 1_000))
    mutated = data[:at] + junk + data[at + len(junk) // 2 :]
    for content in (mutated, gzip.compress(mutated), gzip.compress(data)[: at % 300] + junk):
        found = unpack(gzip.compress(content) if packed else content)
        assert isinstance(found, Unpacked | Unreadable)
