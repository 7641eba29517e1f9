"""JATS, TEI and S2ORC's JSON."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_samples import JATS, TEI

from fallow_ingest.fulltext.jats import read_jats
from fallow_ingest.fulltext.running import FullText
from fallow_ingest.fulltext.s2orc import read_s2orc
from fallow_ingest.fulltext.tei import read_tei
from fallow_ingest.records import Section
from fallow_ingest.sources.json_lines import Unreadable

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><article><front><article-meta><article-title>&j;</article-title></article-meta></front></article>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><article><body><p>&x;</p></body></article>'


def jats(body: str, back: str = "") -> FullText:
    found = read_jats(JATS.replace("<body>", f"<body>{body}").replace("<back>", f"<back>{back}").encode())
    assert isinstance(found, FullText)
    return found


def test_jats() -> None:
    paper = jats(
        "<p>Lead.</p><sec sec-type='intro'><label>1</label><p>D<sub>28k</sub> of 10<sup>5</sup>&nbsp;&alpha;"
        "<fig><caption><p>Toys (<xref ref-type='bibr' rid='r2'>2</xref>).</p></caption></fig> x "
        "<disp-formula><tex-math>a</tex-math></disp-formula> "
        "<inline-formula><alternatives><tex-math>\\document"
        "$$x_1$$</tex-math></alternatives></inline-formula>.</p><sec><title>Why</title><p>So.</p></sec></sec>",
        "<ack><p>Thanks.</p></ack><app-group><app><title>More</title><p>Toys.</p></app></app-group>",
    )
    assert [(s.heading, s.kind) for s in paper.sections] == [
        ("", "other"), ("Introduction", "introduction"), ("Why", "introduction"),
        ("Limitations", "limitations"),
        ("Acknowledgements", "acknowledgements"), ("More", "appendix"),
    ]  # fmt: skip
    assert paper.sections[1].text == "D28k of 10^5 α x [formula] $x_1$."
    assert [(c.text, c.section) for c in paper.references[1].contexts] == [
        ("Only three [1–3] were tried.", 3),
        ("Toys (2).", -1),
    ]
    assert (paper.date, paper.venue, dict(paper.ids)) == ("2030-03-02", "Toys", {"doi": "10.1234/toys.1"})


def test_structured_abstracts_and_groups() -> None:
    changed = JATS.replace(
        "<abstract><p>They play.</p>",
        "<abstract abstract-type='graphical'><p>no</p></abstract><abstract><title>Abstract</title>"
        "<sec><title>Aim:</title><p>Play.</p></sec><sec><title>Result</title><p>Won.</p></sec>",
    ).replace("<contrib-group>", "<contrib-group><contrib><collab>The Toy Group</collab></contrib>")
    paper = read_jats(changed.encode())
    assert isinstance(paper, FullText)
    assert paper.abstract == "Aim: Play.\n\nResult: Won."
    assert paper.authors == ("The Toy Group", "Ada Ash")


@pytest.mark.parametrize("xml", [LAUGHS, OUTSIDE])
def test_entities_are_refused(xml: str) -> None:
    for read in (read_jats, read_tei):
        found = read(xml.encode())
        assert isinstance(found, Unreadable)
        assert found.reason == "XML with entities"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "broken XML"),
        (b"<html><body/></html>", "not "),
        (b"<a>" * 5_000, "broken XML"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "broken XML"),
        (b"\xff\xfe\x00", "broken XML"),
        (JATS[:900].encode(), "broken XML"),
    ],
)
def test_what_is_no_paper(data: bytes, why: str) -> None:
    for read in (read_jats, read_tei):
        found = read(data)
        assert isinstance(found, Unreadable)
        assert found.reason.startswith(why)


def test_tei() -> None:
    more = (
        '<div><p>Goes on.<note place="foot">Not here.</note> <formula>a</formula></p></div>'
        '<figure><figDesc>Toys <ref type="bibr" target="#b0">(Ash, 2029)</ref>.</figDesc></figure></body>'
    )
    back = '<back><div type="acknowledgement"><div><head>Thanks</head><p>All.</p></div></div>'
    found = read_tei(TEI.replace("</body>", more).replace("<back>", back).encode())
    assert isinstance(found, FullText)
    assert found.sections == (
        Section("Limitations", "Play is short (Ash, 2029).\n\nGoes on. [formula]", "limitations"),
        Section("Thanks", "All.", "acknowledgements"),
    )
    assert (found.title, found.authors, found.ids) == ("Toys at Work", ("Ada Ash",), {"arxiv": "2001.00001"})


def test_unarxive() -> None:
    record = {
        "paper_id": "2001.00001",
        "metadata": {
            "title": "Schr\\\"odinger's Toys",
            "authors_parsed": [["Ash", "Ada", ""]],
            "journal-ref": None,
        },
        "abstract": {"section": "Abstract", "text": "  They\nplay."},
        "body_text": [
            {
                "section": "Limitations",
                "sec_number": "1",
                "text": "We {{cite:k1}} and {{formula:f1}}. {{formula:f2}}",
            },
            {"section": "Limitations", "text": "More."},
        ],
        "ref_entries": {"f1": {"latex": "x_1"}},
        "bib_entries": {
            "k1": {"bib_entry_raw": "A. Ash. Idle toys. 2029.", "ids": {"arxiv_id": "2001.00002"}}
        },
    }
    found = read_s2orc(record)
    assert isinstance(found, FullText)
    assert found.title == "Schrödinger's Toys"
    assert found.sections == (Section("Limitations", "We [1] and $x_1$. [formula]\n\nMore.", "limitations"),)
    assert [(r.id, r.contexts[0].text) for r in found.references] == [
        ("arxiv:2001.00002", "We [1] and $x_1$. [formula]")
    ]
    later = {**record, "sections": {"Limitations": {"text": "We {{cite:k1}}."}}}
    del later["body_text"]
    assert isinstance(found := read_s2orc(later), FullText)
    assert found.sections[0].text == "We [1]."


JSON = st.recursive(
    st.one_of(st.none(), st.integers(-5, 50), st.text(max_size=20), st.just("{{cite:k1}}")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["text",
            "section",
            "cite_spans",
            "start",
            "end",
            "ref_id",
            "bib_entries",
            "body_text",
            "abstract",
            "title",
            "authors",
            "ids",
            "sections",
            "pdf_parse",
            "metadata",
            "k1",
            "latex",
            "ref_entries",
            "year",
            "middle"]),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["body_text", "bib_entries", "abstract", "metadata", "authors", "title", "pdf_parse", "sections"]
        ),
        JSON,
    )
)
def test_any_record_is_survived(record: dict[str, object]) -> None:
    assert isinstance(read_s2orc(record), FullText | Unreadable)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2_000), st.binary(max_size=30), st.sampled_from([JATS, TEI]))
def test_mutated_xml_is_survived(at: int, junk: bytes, sample: str) -> None:
    data = sample.encode()
    for mutated in (data[:at] + junk + data[at:], data[:at] + junk + data[at + len(junk) :]):
        for read in (read_jats, read_tei):
            assert isinstance(read(mutated), FullText | Unreadable)
