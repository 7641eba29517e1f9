"""PDFs spoilt in every way that has broken readers, from a seed: the same number gives the same file."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Sequence


def mutated(whole: Sequence[bytes], seed: int) -> tuple[str, bytes]:
    """(what was done, the file) to one of the good files; some are made from nothing."""
    rng = random.Random(seed)
    name = rng.choice(sorted(WAYS))
    content = WAYS[name](rng.choice(whole), rng)
    if rng.random() < 0.2:  # two ills at once
        other = rng.choice(sorted(WAYS))
        name, content = f"{name} + {other}", WAYS[other](content, rng)
    return name, content


def _cut(pdf: bytes, rng: random.Random) -> bytes:
    return pdf[: rng.randrange(8, max(9, len(pdf)))]


def _bytes_flipped(pdf: bytes, rng: random.Random) -> bytes:
    spoilt = bytearray(pdf)
    for _ in range(rng.choice((1, 5, 50, 500))):
        spoilt[rng.randrange(min(8, len(spoilt) - 1), len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def _digits_changed(pdf: bytes, rng: random.Random) -> bytes:
    """Lengths, offsets, object numbers, widths: whatever stands outside of streams."""
    places = [m.start() for m in re.finditer(rb"(?<=[ \[])\d", pdf)]
    spoilt = bytearray(pdf)
    for place in rng.sample(places, min(len(places), rng.choice((1, 10, 100)))):
        spoilt[place] = rng.choice(b"0123456789-")
    return bytes(spoilt)


def _objects_removed(pdf: bytes, rng: random.Random) -> bytes:
    objects = list(re.finditer(rb"\d+ \d+ obj\b.*?endobj", pdf, re.DOTALL))
    for found in sorted(
        rng.sample(objects, min(len(objects), rng.choice((1, 3, 20)))), key=lambda m: -m.start()
    ):
        pdf = pdf[: found.start()] + pdf[found.end() :]
    return pdf


def _objects_exchanged(pdf: bytes, rng: random.Random) -> bytes:
    numbers = sorted(set(re.findall(rb"\n(\d+) 0 obj", pdf)))
    if len(numbers) < 2:
        return pdf
    one, other = rng.sample(numbers, 2)
    return re.sub(rb"\n" + one + rb" 0 obj", b"\n" + other + b" 0 obj", pdf)


def _xref_broken(pdf: bytes, rng: random.Random) -> bytes:
    place = pdf.rfind(b"startxref")
    if rng.random() < 0.5 or place < 0:
        return pdf[:place] if place > 8 else pdf
    wrong = rng.choice((0, 1, len(pdf), 10**12, -5, place))
    return pdf[:place] + b"startxref\n%d\n%%%%EOF" % wrong


def _streams_exchanged(pdf: bytes, rng: random.Random) -> bytes:
    streams = list(re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL))
    if len(streams) < 2:
        return pdf
    one, other = sorted(rng.sample(streams, 2), key=lambda m: m.start())
    return (
        pdf[: one.start(1)] + other[1] + pdf[one.end(1) : other.start(1)] + one[1] + pdf[other.end(1) :]
    )  # fmt: skip


def _parts_doubled(pdf: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(pdf))
    piece = pdf[start : start + rng.randrange(1, 50_000)]
    place = rng.randrange(min(8, len(pdf) - 1), len(pdf))
    return pdf[:place] + piece * rng.choice((1, 2, 20)) + pdf[place:]


def _objects(*bodies: bytes) -> bytes:
    """A file of these objects, the first its catalog, without a table: readers rebuild it."""
    numbered = (b"%d 0 obj\n%s\nendobj\n" % (number, body) for number, body in enumerate(bodies, 1))
    return b"%PDF-1.4\n" + b"".join(numbered) + b"trailer << /Root 1 0 R >>\n%%EOF"


def _deep_page_tree(_pdf: bytes, rng: random.Random) -> bytes:
    depth = rng.choice((50, 2_000, 20_000))
    nodes = [b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (number + 3) for number in range(depth)]
    return _objects(b"<< /Type /Catalog /Pages 2 0 R >>", *nodes, b"<< /Type /Page /MediaBox [0 0 9 9] >>")


def _cyclic_page_tree(_pdf: bytes, rng: random.Random) -> bytes:
    count = rng.choice((1, 3, 2**31 - 1, -1))
    kids = b"<< /Type /Pages /Count %d /Kids [2 0 R 3 0 R 2 0 R] /Parent 2 0 R >>" % count
    return _objects(b"<< /Type /Catalog /Pages 2 0 R >>", kids, b"<< /Type /Page /Parent 2 0 R >>")


def _huge_page_count(pdf: bytes, rng: random.Random) -> bytes:
    return re.sub(rb"/Count\s+\d+", b"/Count %d" % rng.choice((0, 10**6, 2**31 - 1, 2**63)), pdf)


def _bomb(_pdf: bytes, rng: random.Random) -> bytes:
    """A page whose content is small as stored and huge as read."""
    text = rng.choice((b"BT /F 9 Tf 9 9 Td (bomb) Tj ET\n", b"q ", b"[", b"0 0 m 9 9 l S\n", b"\0"))
    packed = zlib.compress(text * (rng.choice((1, 30)) * 1_000_000 // len(text)), 9)
    return _objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
    )


WAYS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "cut": _cut,
    "bytes flipped": _bytes_flipped,
    "digits changed": _digits_changed,
    "objects removed": _objects_removed,
    "objects exchanged": _objects_exchanged,
    "xref broken": _xref_broken,
    "streams exchanged": _streams_exchanged,
    "parts doubled": _parts_doubled,
    "deep page tree": _deep_page_tree,
    "cyclic page tree": _cyclic_page_tree,
    "huge page count": _huge_page_count,
    "bomb": _bomb,
}
