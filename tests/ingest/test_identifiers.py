"""Identifiers: one canonical spelling each, whatever people paste."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow_ingest.identifiers import arxiv_id, parse_id, sound_arxiv_id


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("1706.03762", "arxiv:1706.03762"),
        ("arXiv:1706.03762v7", "arxiv:1706.03762"),
        ("arXiv: 1706.03762 [cs.CL]", "arxiv:1706.03762"),
        ("https://arxiv.org/abs/1706.03762v2", "arxiv:1706.03762"),
        ("http://export.arxiv.org/pdf/hep-th/9901001v1", "arxiv:hep-th/9901001"),
        ("math.GT/0309136", "arxiv:math/0309136"),
        ("10.48550/arXiv.2005.14165", "arxiv:2005.14165"),
        ("https://doi.org/10.1162/TACL_a_00001", "doi:10.1162/tacl_a_00001"),
        ("doi:10.1002/(SICI)1(1998)49:8<6::A>3.0.CO;2-O.", "doi:10.1002/(sici)1(1998)49:8<6::a>3.0.co;2-o"),
        ("10.18653/v1/2020.acl-main.1", "acl:2020.acl-main.1"),
        ("10.3115/v1/P14-1001", "acl:P14-1001"),
        ("https://aclanthology.org/P18-1001.pdf", "acl:P18-1001"),
        ("https://www.aclweb.org/anthology/2020.acl-main.1/", "acl:2020.acl-main.1"),
        ("p18-1001", None),
        ("CorpusId:215416146", "s2:215416146"),
        ("https://openalex.org/W2741809807", "openalex:W2741809807"),
        ("https://openreview.net/forum?id=SkgJOy-q_x&noteId=z", "openreview:SkgJOy-q_x"),
        ("PMID:31452104", "pmid:31452104"),
        ("https://proceedings.mlr.press/v80/chen18a.html", "pmlr:pmlr-v80-chen18a"),
        ("paperlists:aaai2021:00072", "paperlists:aaai2021:00072"),
        ("https://example.org/x", "url:https://example.org/x"),
        ("Attention: all you need", None),
        ("009LK0vLcY", None),
        ("arxiv:nonsense", None),
        ("9913.12345", None),
        ("", None),
        ("x" * 5_000, None),
    ],
)  # fmt: skip
def test_what_people_paste(given_text: str, wanted: str | None) -> None:
    found = parse_id(given_text)
    assert (str(found) if found else None) == wanted


@given(st.text(max_size=80) | st.from_regex(r"[a-z]{1,6}:[!-~]{1,30}", fullmatch=True))
def test_a_spelling_is_final(text: str) -> None:
    found = parse_id(text)
    if found is not None:
        assert parse_id(str(found)) == found


@given(st.integers(1501, 2512).filter(lambda n: 1 <= n % 100 <= 12), st.integers(1, 99_999))
def test_ids_that_were_read_as_numbers_come_back(month: int, number: int) -> None:
    right = f"{month:04d}.{number:05d}"
    assert arxiv_id(right) == right
    for damaged in (str(float(right)), f"{float(right):.17g}"):
        mended = sound_arxiv_id(damaged)
        assert mended is not None
        assert mended.value == right


@pytest.mark.parametrize(
    "text", ["1602.0412345", "1602.1234567891", "16.02", "1602", "nan", "1602.", "-1602.04742"]
)
def test_what_could_be_several_ids_is_none(text: str) -> None:
    assert sound_arxiv_id(text) is None
