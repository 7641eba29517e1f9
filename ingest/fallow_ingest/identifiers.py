"""The names a paper goes by, each in one canonical spelling."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple
from urllib.parse import unquote

LONGEST = 1_000
"""Characters of the longest identifier that is looked at."""


class Id(NamedTuple):
    """One identifier: its scheme in lower case and its value in that scheme's canonical spelling."""

    scheme: str
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


class ArxivId(NamedTuple):
    """An arXiv id and whether it had to be mended."""

    value: str
    mended: bool


_ARXIV_NEW = re.compile(r"(\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})(?:v\d{1,4})?(?:\.pdf)?", re.ASCII)
_ARXIV_OLD = re.compile(
    r"([a-z]{2,8}(?:-[a-z]{2,4})?)(?:\.[a-z]{2}(?:-[a-z]+)?)?/(\d{2}(?:0[1-9]|1[0-2])\d{3})(?:v\d{1,4})?(?:\.pdf)?",
    re.ASCII | re.IGNORECASE,
)
_DAMAGED = re.compile(r"(\d{3,4})\.(\d{1,17})", re.ASCII)
# Numbers printed with all their binary noise: 1602.0474199999999 for 1602.04742.
_NOISE = Decimal("1e-8")
_DOI = re.compile(r"10\.\d{4,9}/\S+", re.ASCII)
_ACL_NEW = re.compile(r"\d{4}\.[a-z0-9_]+-[a-z0-9_]+\.\d+", re.ASCII | re.IGNORECASE)
_ACL_OLD = re.compile(r"[A-Z]\d{2}-\d{4,6}", re.ASCII | re.IGNORECASE)
_ACL_LOOSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_S2 = re.compile(r"(?:corpusid:)?(\d{1,12})|([0-9a-f]{40})", re.ASCII | re.IGNORECASE)
_OPENALEX = re.compile(r"(?:works/)?(w\d{1,12})", re.ASCII | re.IGNORECASE)
_PMID = re.compile(r"\d{1,9}", re.ASCII)
_OPENREVIEW = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9_.+-]{0,31}):\s*(\S.*)", re.DOTALL)
_URL = re.compile(r"https?://(?:www\.)?([^/\s]+)(/\S*)?", re.IGNORECASE)

# DOIs that only repeat another identifier (issuers: arXiv through DataCite; ACL through Crossref, until
# 2015 under 10.3115). Read back as what they repeat, they let two sources meet.
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(.+)", re.IGNORECASE)
_ACL_DOI = re.compile(r"10\.(?:18653|3115)/v1/(.+)", re.IGNORECASE)

_SPELLINGS = {
    "corpusid": "s2", "s2corpusid": "s2", "s2-corpus": "s2", "semanticscholar": "s2", "aclanthology": "acl",
    "anthology": "acl", "pubmed": "pmid", "eprint": "arxiv",
}  # fmt: skip


def parse_id(text: str) -> Id | None:
    """The identifier that the text is, or None when it is none.

    Bare arXiv, DOI, ACL Anthology and OpenAlex ids are known by their shape, and so are the web addresses
    of those services. An unknown "scheme:value" is kept as it stands.

    >>> print(parse_id("https://arxiv.org/pdf/1706.03762v5.pdf"), parse_id("10.18653/v1/P18-1001"))
    arxiv:1706.03762 acl:P18-1001
    >>> print(parse_id("DOI:10.1162/TACL_a_00001"), parse_id("isbn:123"), parse_id("Attention is all"))
    doi:10.1162/tacl_a_00001 isbn:123 None
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    if text.startswith("arxiv:") and (value := arxiv_id(text[6:])):
        return Id("arxiv", value)
    if url := _URL.fullmatch(text):
        return _of_url(url[1].lower(), unquote(url[2] or "")) or Id("url", text)
    if found := _SCHEME.fullmatch(text):
        scheme = found[1].lower()
        return _of_scheme(_SPELLINGS.get(scheme, scheme), found[2].strip())
    return _of_shape(text)


def arxiv_id(text: str) -> str | None:
    """The arXiv id without its version, or None; a damaged one is none (see `sound_arxiv_id`).

    >>> arxiv_id("1706.03762v7"), arxiv_id("math.GT/0309136"), arxiv_id("1602.049")
    ('1706.03762', 'math/0309136', None)
    """
    if found := _ARXIV_NEW.fullmatch(text):
        return found[1] if len(found[1]) == 5 + _digits(found[1][:4]) else None
    if found := _ARXIV_OLD.fullmatch(text):
        return f"{found[1].lower()}/{found[2]}"
    return None


def sound_arxiv_id(text: str) -> ArxivId | None:
    """The id without its version, mended when some tool had read it as a number; None when it is none.

    From 2015 on an arXiv id has exactly five digits after its point, before that four, and always four
    before it. So "1602.049" lost zeros at its end, "704.0001" one at its beginning, and
    "1602.0474199999999" is the nearest binary fraction to 1602.04742. Each has one possible origin.

    >>> sound_arxiv_id("1602.04742v2"), sound_arxiv_id("1602.0474199999999")
    (ArxivId(value='1602.04742', mended=False), ArxivId(value='1602.04742', mended=True))
    >>> sound_arxiv_id("1602.049").value, sound_arxiv_id("704.0001").value, sound_arxiv_id("1602.0412345")
    ('1602.04900', '0704.0001', None)
    """
    value = arxiv_id(text)
    if value is not None:
        return ArxivId(value, mended=False)
    found = _DAMAGED.fullmatch(text)
    if found is None:
        return None
    month = found[1].zfill(4)
    digits = _digits(month)
    number = Decimal(f"{month}.{found[2]}")
    rounded = number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    if abs(number - rounded) > _NOISE:
        return None
    value = arxiv_id(f"{rounded:0{5 + digits}f}")
    return ArxivId(value, mended=True) if value else None


def _digits(month: str) -> int:
    """Digits after the point of ids given in that month (YYMM)."""
    return 5 if "1501" <= month < "9101" else 4


def _of_shape(text: str) -> Id | None:
    if arxiv := arxiv_id(text):
        return Id("arxiv", arxiv)
    if found := _DOI.match(text):
        return _of_doi(found[0])
    if _is_acl(text) and not text[0].islower():
        return Id("acl", _acl_spelling(text))
    if text[0] in "Ww" and (found := _OPENALEX.fullmatch(text)) and len(text) > 6:
        return Id("openalex", found[1].upper())
    return None


def _of_scheme(scheme: str, value: str) -> Id | None:
    first = value.split(maxsplit=1)[0]
    if scheme == "arxiv":
        arxiv = sound_arxiv_id(first.rstrip(".,;"))
        return Id("arxiv", arxiv.value) if arxiv else None
    if scheme == "doi":
        return _of_doi(first)
    if scheme == "acl":
        return Id("acl", _acl_spelling(value)) if _ACL_LOOSE.fullmatch(value) else None
    if scheme == "s2":
        found = _S2.fullmatch(value)
        return Id("s2", (found[1] or found[2]).lower()) if found else None
    if scheme == "openalex":
        found = _OPENALEX.fullmatch(value)
        return Id("openalex", found[1].upper()) if found else None
    if scheme == "pmid":
        return Id("pmid", value) if _PMID.fullmatch(value) else None
    # Prose has spaces after its colons ("Attention: a survey"); an identifier has none anywhere.
    return Id(scheme, value) if value == first and value.isprintable() else None


def _of_doi(text: str) -> Id | None:
    text = re.sub(r"^(?:https?://)?(?:dx\.)?doi\.org/", "", text, flags=re.IGNORECASE)
    found = _DOI.match(text)
    if not found:
        return None
    doi = found[0].lower().rstrip(".,;:'\"")
    while doi.endswith((")", "]", "}", ">")) and doi.count(doi[-1]) > doi.count(_OPENING[doi[-1]]):
        doi = doi[:-1].rstrip(".,;:'\"")
    if (repeats := _ARXIV_DOI.fullmatch(doi)) and (arxiv := arxiv_id(repeats[1])):
        return Id("arxiv", arxiv)
    if (repeats := _ACL_DOI.fullmatch(doi)) and (
        _ACL_NEW.fullmatch(repeats[1]) or _ACL_OLD.fullmatch(repeats[1])
    ):
        return Id("acl", _acl_spelling(repeats[1]))
    return Id("doi", doi) if _DOI.fullmatch(doi) else None


_OPENING = {")": "(", "]": "[", "}": "{", ">": "<"}


def _is_acl(text: str) -> bool:
    return bool(_ACL_NEW.fullmatch(text) or _ACL_OLD.fullmatch(text))


def _acl_spelling(value: str) -> str:
    """Old ids have a capital letter, new ones none."""
    if _ACL_OLD.fullmatch(value):
        return value.upper()
    return value.lower() if _ACL_NEW.fullmatch(value) else value


def _of_url(host: str, path: str) -> Id | None:
    path = path.split("#", 1)[0]
    steps = path.split("?", 1)[0].strip("/")
    if host.endswith("arxiv.org"):
        found = re.match(r"(?:abs|pdf|src|e-print|html|format)/(.+)", steps)
        arxiv = arxiv_id(found[1]) if found else None
        return Id("arxiv", arxiv) if arxiv else None
    if host in ("doi.org", "dx.doi.org"):
        return _of_doi(path.strip("/"))
    if host in ("aclanthology.org", "aclweb.org"):
        last = re.sub(r"(?:v\d+)?(?:\.pdf|\.bib)?$", "", steps.rsplit("/", 1)[-1])
        return (
            Id("acl", _acl_spelling(last)) if _ACL_NEW.fullmatch(last) or _ACL_OLD.fullmatch(last) else None
        )
    if host.endswith("semanticscholar.org"):
        last = steps.rsplit("/", 1)[-1]
        return _of_scheme("s2", last) if last else None
    if host.endswith("openalex.org"):
        return _of_scheme("openalex", steps.rsplit("/", 1)[-1] or "?")
    if host.endswith("openreview.net"):
        query = re.search(r"[?&]id=([^&]+)", path)
        return Id("openreview", query[1]) if query and _OPENREVIEW.fullmatch(query[1]) else None
    if host == "proceedings.mlr.press":
        found = re.match(r"(v\d+)/([A-Za-z0-9-]+)", steps)
        return Id("pmlr", f"pmlr-{found[1]}-{found[2].lower()}") if found else None
    if host == "pubmed.ncbi.nlm.nih.gov":
        return Id("pmid", steps) if _PMID.fullmatch(steps) else None
    return None
