"""One small, invented input for every source of the registry: what the common promises are tried on."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

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


TEX = r"""\documentclass{article}
\usepackage{natbib}
\newcommand{\toys}[1][idle]{\emph{#1 toys}}
\title{Teaching \toys{} to Play}
\author{Ada Ash\thanks{Toy Press} \and Bo Birch}
\begin{document}
\maketitle
\begin{abstract}We teach \toys[old] at 5\% of the cost.\end{abstract}
\section{Introduction}\label{sec:intro}
Toys idle~\citep{ash29}. % a comment
\input{rest}
\begin{thebibliography}{1}
\bibitem[Ash(2029)]{ash29} Ada Ash. 2029.
\newblock Idle toys in the house.
\newblock arXiv:2001.00002.
\end{thebibliography}
\end{document}
"""
TEX_REST = r"\section{Limitations} As Section~\ref{sec:intro} says, \citet{ash29} is all we know."

JATS = """<!DOCTYPE article PUBLIC "-//NLM//DTD JATS" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink"><front><journal-meta>
<journal-title>Toys</journal-title>
</journal-meta><article-meta><article-id pub-id-type="doi">10.1234/toys.1</article-id>
<title-group><article-title>Toys in <italic>vitro</italic></article-title></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Ash</surname>
<given-names>Ada</given-names></name></contrib></contrib-group>
<pub-date><day>2</day><month>3</month><year>2030</year></pub-date>
<abstract><p>They play.</p></abstract></article-meta></front>
<body><sec><title>Limitations</title><p>Only three<sup><xref ref-type="bibr"
rid="r1">1</xref>–<xref ref-type="bibr" rid="r3">3</xref></sup> were tried.</p></sec></body>
<back><ref-list>
<ref id="r1"><label>1</label><element-citation><article-title>Idle toys</article-title><year>2029</year>
<pub-id pub-id-type="pmid">123</pub-id></element-citation></ref>
<ref id="r2"><label>2</label><mixed-citation>Birch B.
<article-title>Busy toys</article-title>. 2028.</mixed-citation>
</ref><ref id="r3"><label>3</label><mixed-citation>Cedar C. Loud toys. Toy Press, 2027.</mixed-citation></ref>
</ref-list></back></article>
"""

TEI = """<?xml version="1.0" encoding="UTF-8"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt>
<title>Toys at Work</title></titleStmt>
<sourceDesc><biblStruct><analytic><author><persName><forename>Ada</forename><surname>Ash</surname></persName>
</author><idno type="arXiv">arXiv:2001.00001v1[cs.CL]</idno></analytic></biblStruct></sourceDesc></fileDesc>
<profileDesc><abstract><p>They work.</p></abstract></profileDesc></teiHeader>
<text><body><div><head n="5">Limitations</head><p>Play is short <ref
type="bibr" target="#b0">(Ash, 2029)</ref>.</p>
</div></body><back><div type="references"><listBibl><biblStruct xml:id="b0"><analytic><title level="a">Idle
toys</title></analytic><monogr><imprint>
<date when="2029-05"/></imprint></monogr></biblStruct></listBibl></div>
</back></text></TEI>
"""


def write_tar(path: Path, members: dict[str, bytes], *, mode: Literal["w", "w:gz"] = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_eprints(folder: Path) -> Path:
    (folder / "eprints").mkdir()
    write_tar(
        folder / "eprints" / "2001.00001v2.gz", {"main.tex": TEX.encode(), "rest.tex": TEX_REST.encode()}
    )
    (folder / "eprints" / "hep-th0001002.gz").write_bytes(gzip.compress(TEX.encode()))
    (folder / "eprints" / "withdrawn.gz").write_bytes(
        gzip.compress(b"%auto-ignore\nWithdrawn by the author.")
    )
    return folder / "eprints"


def write_jats(folder: Path) -> Path:
    (folder / "jats").mkdir()
    (folder / "jats" / "a.nxml").write_text(JATS, encoding="utf-8")
    (folder / "jats" / "cut.nxml").write_text(JATS[:700], encoding="utf-8")
    return folder / "jats"


def write_tei(folder: Path) -> Path:
    (folder / "tei").mkdir()
    (folder / "tei" / "a.tei.xml").write_text(TEI, encoding="utf-8")
    (folder / "tei" / "b.tei.xml").write_text("<html/>", encoding="utf-8")
    return folder / "tei"


def write_s2orc(folder: Path) -> Path:
    text = "Toys idle (Ash, 2029). They break."
    spans = [{"start": 10, "end": 21, "text": "(Ash, 2029)", "ref_id": "BIBREF0"}]
    record = {
        "paper_id": "12345678", "title": "Toys in Space",
        "authors": [{"first": "Ada", "middle": [], "last": "Ash"}],
        "year": 2030, "abstract": "They float.",
        "pdf_parse": {
            "body_text": [{"section": "Limitations", "sec_num": "4", "text": text, "cite_spans": spans}],
            "bib_entries": {"BIBREF0": {"title": "Idle toys", "year": 2029, "link": "77"}},
        },
    }  # fmt: skip
    path = folder / "s2orc.jsonl"
    path.write_text(json.dumps(record) + "\n" + json.dumps({"paper_id": "2"}) + "\n")
    return path


def write_s2_files(folder: Path) -> Path:
    """Four data sets, as the Datasets API gives them: without a suffix, gzip, a line for each record."""
    parts = {
        "abstracts": [
            {"corpusid": 1, "openaccessinfo": {"externalids": {}}, "abstract": "We play with toys."},
            {"corpusid": 99, "openaccessinfo": None, "abstract": "Of a paper that nobody has."},
        ],
        "citations": [
            {"citationid": 7, "citingcorpusid": "1", "citedcorpusid": "2", "isinfluential": True,
             "contexts": ["We use the toys of Birch (2019)."], "intents": [["methodology"]]},
            {"citationid": 8, "citingcorpusid": 1, "citedcorpusid": None, "contexts": None, "intents": None},
        ],
        "papers": [
            {"corpusid": 1, "externalids": {"ArXiv": "2001.00001", "DOI": "10.1234/x"}, "title": "Toys",
             "authors": [{"authorId": "5", "name": "Ada Ash"}], "year": 2020, "citationcount": 3},
            {"corpusid": 2, "externalids": None, "title": "Older toys", "year": 2019},
            {"corpusid": 3, "title": None},
        ],
        "tldrs": [{"corpusid": 2, "model": "tldr@v2.0.0", "text": "Toys are old."}],
    }  # fmt: skip
    place = folder / "s2"
    for name, records in parts.items():
        (place / name).mkdir(parents=True)
        content = "\n".join(map(json.dumps, records)).encode()
        (place / name / "20300101_0").write_bytes(gzip.compress(content))
    return place


def openalex_work(number: int, **changes: object) -> dict[str, object]:
    """A work as the snapshot has it."""
    home = "https://openalex.org/"
    made: dict[str, object] = {
        "id": f"{home}W{number}", "doi": f"https://doi.org/10.1234/toy.{number}", "title": f"Toy {number}",
        "publication_year": 2030, "publication_date": "2030-05-04", "is_paratext": False,
        "authorships": [{"author": {"display_name": "Ada Ash"}}], "is_retracted": False,
        "referenced_works": [f"{home}W{number - 1}"],
        "abstract_inverted_index": {"We": [0], "play": [1, 3], "and": [2]}, "updated_date": "2030-06-01",
        "locations": [{"landing_page_url": f"https://arxiv.org/abs/3005.{number:05d}"}],
    }  # fmt: skip
    return made | changes


def write_openalex_snapshot(folder: Path) -> Path:
    """Two partitions and a manifest that lists a part which is not here; one work moved to the newer one."""
    works = folder / "data" / "works"
    parts = {
        "updated_date=2030-06-01/part_0000.gz": [openalex_work(1), openalex_work(2, title=None)],
        "updated_date=2030-07-01/part_0000.gz": [
            openalex_work(1, title="Toy 1, revised"),
            openalex_work(3, is_paratext=True),
            openalex_work(4),
        ],
    }
    files = [{"url": "s3://openalex/data/jsonl/works/updated_date=2030-06-15/part_0000.gz", "records": 2}]
    for name, records in parts.items():
        (works / name).parent.mkdir(parents=True)
        lines = "\n".join(map(json.dumps, records)) + "\n"
        (works / name).write_bytes(gzip.compress(lines.encode()))
        files.append({"url": f"s3://openalex/data/jsonl/works/{name}", "records": len(records)})
    listed = [{"url": f["url"], "meta": {"record_count": f["records"], "content_length": 1}} for f in files]
    (works / "manifest.json").write_text(json.dumps({"format": "jsonl", "entity": "works", "files": listed}))
    (works / "deleted_ids.csv").write_text("work_id,deleted_date\nW4,2030-06-20\nW77,2030-06-20\n")
    return folder / "data"


SAMPLES: dict[str, Callable[[Path], Path]] = {
    "jsonl": write_jsonl,
    "snapshot": write_snapshot,
    "acl": write_acl,
    "bibtex": write_bibtex,
    "pdf": write_pdfs,
    "sample": write_sample,
    "latex": write_eprints,
    "jats": write_jats,
    "tei": write_tei,
    "s2orc": write_s2orc,
    "s2-files": write_s2_files,
    "openalex-snapshot": write_openalex_snapshot,
}
