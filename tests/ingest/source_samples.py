"""One small, invented input for every source of the registry: what the common promises are tried on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pymupdf

ACL_XML = """<?xml version='1.0' encoding='UTF-8'?>
<collection id="2030.toy">
  <volume id="long" type="proceedings">
    <meta><booktitle>Proceedings of Toys</booktitle><month>July</month><year>2030</year>
      <venue>toy</venue></meta>
    <frontmatter><url>2030.toy-long.0</url></frontmatter>
    <paper id="1"><title>On <fixed-case>T</fixed-case>oys of size <tex-math>n^2</tex-math></title>
      <author><first>Ada</first><last>Ash</last></author><abstract>We <i>play</i> &amp; win.</abstract>
      <doi>10.18653/v1/2030.toy-long.1</doi></paper>
    <paper id="2"><title>Retracted Toys</title><retracted date="2031-01-01">wrong</retracted></paper>
    <paper id="3"><author><first>No</first><last>Title</last></author></paper>
  </volume>
</collection>
"""

BIBTEX = r"""@string{tc = "Toy Conference"}
@article{ash30, title = {Toys for {BERT}}, author = {Ash, Ada and M{\"u}ller, Bo}, year = 2030, month = jul,
  journal = tc # " Letters", doi = {10.1234/ABC.5}}
@inproceedings{broken, title = {Never closed, year = 2030
@misc{pre, title = "Preprint", author = "Ada Ash and others", eprint = {2001.00001v2},
  archivePrefix = {arXiv}}
"""

PAPER_TEXT = {
    "Abstract": "We teach toys to play. They learn it in a day and forget nothing, which surprises us.",
    "1 Introduction": "Toys are everywhere in modern houses. Nobody teaches them a thing, and they idle.",
    "2 Limitations": "Our toys only speak English. We leave other languages to future work.",
    "3 Conclusion": "We taught toys to play well. It remains open whether bigger toys would play better.",
    "References": "[1] Ada Ash. 2029. Idle toys in the house. In Proceedings of Toys, pages 1-9. Toy Press.",
}


def write_pdf(path: Path, title: str = "Teaching Idle Toys to Play Well") -> Path:
    """A one-page paper."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((120, 80), title, fontsize=17, fontname="hebo")
    page.insert_text((250, 110), "Ada Ash and Bo Birch", fontsize=11)
    y = 150
    for heading, text in PAPER_TEXT.items():
        page.insert_text((72, y), heading, fontsize=12, fontname="hebo")
        words, line = text.split(), ""
        for word in [*words, None]:
            if word is None or len(line) + len(word) > 80:
                y += 14
                page.insert_text((72, y), line, fontsize=10)
                line = word or ""
            else:
                line = f"{line} {word}".strip()
        y += 30
    document.save(path)
    document.close()
    return path


def write_jsonl(folder: Path) -> Path:
    records = [
        {
            "id": "arxiv:2001.00001",
            "title": "One",
            "abstract": "A.",
            "authors": ["Ada Ash"],
            "year": 2020,
            "odd": 1,
        },
        {"id": "x1", "title": "Two", "authors": "Ash, Ada and Birch, Bo", "year": "2021", "keywords": "a; b"},
        {"title": "no id"},
        {"id": "P18-1001", "title": "Three", "references": ["x1", {"title": "One", "year": 2020}]},
    ]
    path = folder / "papers.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    return path


def write_snapshot(folder: Path) -> Path:
    record = {
        "id": "0704.0001", "title": "Toys at\n  Tevatron", "abstract": "  We play.\n", "authors": "A. Ash",
        "categories": "hep-ph cs.CL", "doi": "10.1234/x", "comments": None, "journal-ref": None,
        "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}, {"version": "v2"}],
        "update_date": "2008-11-26", "authors_parsed": [["Ash", "A.", ""], ["Birch", "Bo", "Jr"]],
    }  # fmt: skip
    others = [
        record
        | {"id": "1602.049", "comments": "This paper has been withdrawn by the author due to an error"},
        {"id": "nonsense", "title": "x"},
        record | {"id": "hep-th/9901001v2", "title": None},
    ]
    path = folder / "snapshot.json"
    path.write_text("\n".join(json.dumps(r) for r in [record, *others]) + "\n")
    return path


def write_acl(folder: Path) -> Path:
    (folder / "acl").mkdir()
    (folder / "acl" / "2030.toy.xml").write_text(ACL_XML, encoding="utf-8")
    (folder / "acl" / "broken.xml").write_text(ACL_XML[:600], encoding="utf-8")
    return folder / "acl"


def write_bibtex(folder: Path) -> Path:
    path = folder / "toys.bib"
    path.write_text(BIBTEX, encoding="utf-8")
    return path


def write_pdfs(folder: Path) -> Path:
    (folder / "pdfs").mkdir()
    write_pdf(folder / "pdfs" / "a.pdf")
    (folder / "pdfs" / "b.pdf").write_bytes(b"not a PDF at all")
    write_pdf(folder / "pdfs" / "c.pdf", "Another Study of Toys and Play")
    return folder / "pdfs"


def write_sample(folder: Path) -> Path:
    path = folder / "toys.toml"
    path.write_text(
        """
[[paper]]
id = "arxiv:2001.00001"
title = "Toys"
authors = ["Ada Ash"]
year = 2020
abstract = "They play."
limitations = ["They only speak English", "They break."]
limits_of_earlier_work = [{ paper = "arxiv:2001.00002", text = "It idles." }]
references = ["arxiv:2001.00002"]
[[paper]]
id = "arxiv:2001.00002"
title = "Idle Things"
[[paper]]
title = "no id"
""",
        encoding="utf-8",
    )
    return path


SAMPLES: dict[str, Callable[[Path], Path]] = {
    "jsonl": write_jsonl,
    "snapshot": write_snapshot,
    "acl": write_acl,
    "bibtex": write_bibtex,
    "pdf": write_pdfs,
    "sample": write_sample,
}
