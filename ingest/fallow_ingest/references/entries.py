"""What one entry of a printed reference list says: authors, year, title, venue and ids.

By rule, for the styles that bibliographies of computer science are set in (BibTeX's plain, abbrv, alpha and
natbib's, ACL, APA, ACM, IEEE, LNCS, INFORMS): the author list is read name by name, and what follows it is
the year or the title. Entries are bounded, and so is the work that each takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from fallow_ingest.identifiers import Id, parse_id
from fallow_ingest.text.normalise import fold

LONGEST_ENTRY = 2_000
"""Characters of an entry that are looked at."""


@dataclass(frozen=True, slots=True)
class PrintedEntry:
    """One entry, taken apart; what could not be made out is empty.

    label: what the text cites it by ("12", "Abc99"), without brackets. authors: names as printed, in order.
    year_letter: the letter that tells two entries of one year apart ("a" of "2019a"). ids: scheme -> value.
    """

    text: str
    label: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    year_letter: str = ""
    title: str = ""
    venue: str = ""
    ids: Mapping[str, str] | None = None

    @property
    def id(self) -> str:
        """The id by which the cited paper is looked for, with its scheme; "" when the entry prints none."""
        ids = self.ids or {}
        return next((f"{scheme}:{ids[scheme]}" for scheme in _ID_ORDER if scheme in ids), "")

    @property
    def families(self) -> tuple[str, ...]:
        """The authors' family names, folded."""
        return tuple(name for name in map(family, self.authors) if name)


_ID_ORDER = ("arxiv", "acl", "pmlr", "openreview", "doi")

LABEL = re.compile(
    r"\s*(?:\[(?P<bracketed>\d{1,3}|[A-Za-z+*]{1,12}\s?[+’']?\d{2,4}[a-z]?"
    r"|[^\[\]]{2,60}?,?\s?\(?(?:1[89]|20)\d\d[a-z]?\)?)\]"
    r"|\((?P<round>\d{1,3})\)|(?P<plain>\d{1,3})\.)\s*(?=\S)"
)
"""The label in front of an entry: "[12]", "(12)", "12.", "[Abc99]", "[Smith et al.2004]"."""

_YEAR = re.compile(r"(?<![\d.:/-])(1[89]\d\d|20\d\d)([a-z])?(?![\d/]|\.\d|-\d)")
_YEAR_NEXT = re.compile(
    r"\s*[.,]?\s*(?:[(\[]\s?(?P<y1>1[89]\d\d|20\d\d)(?P<l1>[a-z])?(?:[,\s][^()]{0,30})?[)\]]"
    r"|(?P<y2>1[89]\d\d|20\d\d)(?P<l2>[a-z])?(?=[.,:;]|\s[A-Z]))\s*[.,:;]*\s*"
)
_QUOTED = re.compile(r"[“\"]([^”\"]{6,300}?)[,.]?\s?(?:[”\"]|''|$)|(?:``)(.{6,300}?)[,.]?''")
_STOP = re.compile(
    r"(?<!\bvs)(?<!\bcf)(?<!\bSt)(?<!\bDr)(?<!\bno)([.?!])[”\"]?\s+(?=[A-Z0-9“\"(\[¿À-ÞĀ-Ž]|arXiv|preprint|http|doi|in\s+Proc|unpublished)"
)
_VENUE_INSIDE = re.compile(
    r"[,;]\s+(?:in:?\s+(?:proc|adv|the\s+\d|[A-Z]{2})|[Ii]n\s+Proc|In\s|[Vv]ol(?:ume|\.)\s?\d|arXiv|CoRR\b|"
    r"Proc(?:eedings|\.)\s|Technical Report|Ph\.?\s?D|Master)"
    r"|\s+In:\s|\s+arXiv preprint|\s+https?:"
)
_PARTICLE = (
    r"(?:[Vv]an|[Vv]on|[Dd]e|[Dd]er|[Dd]en|[Dd]el|[Dd]ella|[Dd]i|[Dd]u|[Dd]a|[Dd]os|das|e|[Ll]a|[Ll]e|[Ll]os|[Tt]er|[Tt]en|"
    r"[Bb]in|[Ii]bn|[Ee]l|[Aa]l|[Aa]bu|[Ss]an|[Ss]t\.|[Oo]p|[Zz]u|[Tt]e|[Yy]|’t|dall)"
)
_LETTERS = r"(?:[^\W\d_][\u0300-\u036f]*)"
_WORD = (
    rf"(?!(?:Jr|Sr|III?)\b)[A-ZÀ-ÖØ-ÞĀ-Ž][\u0300-\u036f]*{_LETTERS}*(?:(?:[-‐’'`´]|-\s(?=[a-z])){_LETTERS}+)*"
)
_INITIALS = r"(?:[A-ZÀ-ÖØ-ÞĀ-Ž]\.?[-‐]?){1,4}"
_FAMILY = rf"(?:{_PARTICLE}\s+){{0,3}}(?:[dDlL]['’])?{_WORD}(?:\s+{_WORD})?"
_SUFFIX = r"(?:,?\s+(?:Jr|Sr|II|III|IV)\.?)?"
_ONE_INITIAL = r"(?:[A-ZÀ-ÖØ-ÞĀ-Ž]|Ch|Th|Ph|Kh|Zh)\.(?:\s?[-‐]\s?[A-Z]\.)?"
# "Doe, J. A." and "Doe, Jane A."
_FAMILY_FIRST = re.compile(
    rf"(?P<family>{_FAMILY}){_SUFFIX},\s+(?P<given>(?:[A-Z]\.\s?){{1,2}}{_WORD}(?=,)|(?:{_ONE_INITIAL}\s?){{1,4}}"
    rf"|(?:{_INITIALS}(?![^\W\d_]))|{_WORD}(?:[\s-]+(?![A-Z]\.){_WORD}){{0,2}}(?:\s+[A-Z]\.){{0,3}}(?:\s+[A-Z](?=[,\s]))?)"
    rf"(?:\s+{_PARTICLE}(?![^\W\d_]))*{_SUFFIX}"
)
# "Doe JA"
_FAMILY_BARE = re.compile(rf"(?P<family>{_FAMILY})\s+(?P<given>[A-Z]{{1,4}})(?![^\W\d_.])")
# "J. A. Doe", "J.A. Doe", "JA Doe"
_INITIALS_FIRST = re.compile(
    rf"(?P<given>(?:{_ONE_INITIAL}\s?){{1,5}}|[A-Z]{{1,3}}(?=\s))\s*(?P<family>{_FAMILY}){_SUFFIX}"
)
# "Jane A. Doe"
_GIVEN_FIRST = re.compile(
    rf"(?P<given>(?:[A-Z]\.\s)?{_WORD}(?:\s+(?:[A-Z]\.|{_WORD}|[A-Z](?=\s)|{_PARTICLE}(?=\s))){{0,4}})"
    rf"\s+(?P<family>(?:{_PARTICLE}\s+){{0,3}}{_WORD}){_SUFFIX}"
)
_STYLES = (_FAMILY_FIRST, _INITIALS_FIRST, _GIVEN_FIRST, _FAMILY_BARE)
_MIXED = {
    _FAMILY_FIRST: (_INITIALS_FIRST, _GIVEN_FIRST),
    _INITIALS_FIRST: (_GIVEN_FIRST,),
    _GIVEN_FIRST: (_INITIALS_FIRST,),
}
_BETWEEN = re.compile(r"\s*(?:[,;]\s*(?:and|&|und|et)?|and|&|und)\s*(?=\S)")
_ENDING = re.compile(r"[,\s]*(?:et\.?\s+al\.?|\bothers\b|and others)", re.IGNORECASE)
_EDITORS = re.compile(r"[,\s]*\(?(?:editors?|eds?\.?)\)?(?=[.,:\s])", re.IGNORECASE)
_MOST_AUTHORS = 200


def parse_entry(text: str) -> PrintedEntry:
    """Take one entry apart. Never raises; what cannot be made out is left empty.

    >>> entry = parse_entry("[7] Jane Doe and A. B. Smith. 2004a. On the use of cats. In Proceedings of ACL.")
    >>> entry.label, entry.authors, entry.year, entry.year_letter, entry.title, entry.venue
    ('7', ('Jane Doe', 'A. B. Smith'), 2004, 'a', 'On the use of cats', 'Proceedings of ACL')
    >>> entry = parse_entry("Doe, J. and Smith, A. B. Convex Cats. JMLR, 3:1-9, 2004. arXiv:0401.00001v2")
    >>> entry.authors, entry.title, entry.year
    (('Doe, J.', 'Smith, A. B.'), 'Convex Cats', 2004)
    """
    text = text[:LONGEST_ENTRY].replace("\ufffd", "").strip()
    label = LABEL.match(text)
    body = text[label.end() :] if label else text
    authors, end = _authors(body)
    early = _YEAR_NEXT.match(body, end)
    if early is None or not authors:
        authors, end, early = _before_the_year(body, authors, end)
    year, letter = _year(body, early)
    rest = body[early.end() if early else end :]
    title, venue = _title_and_venue(rest.lstrip(" .,:;"), authors=bool(authors), dated=early is not None)
    return PrintedEntry(
        text=text,
        label=(label["bracketed"] or label["round"] or label["plain"]) if label else "",
        authors=authors,
        year=year,
        year_letter=letter,
        title=title,
        venue=venue,
        ids=ids_in(body),
    )


# Authors ----------------------------------------------------------------------------------------


def _authors(text: str) -> tuple[tuple[str, ...], int]:
    """(names, where the list ends), in the style that reads most of the text's beginning."""
    best: tuple[tuple[str, ...], int] = ((), 0)
    for style in _STYLES:
        names, end = _names_in(text, style)
        if names and _plausible_end(text, end) and (end, len(names)) > (best[1], len(best[0])):
            best = (names, end)
    return best


def _plausible_end(text: str, end: int) -> bool:
    """Whether an author list may stop there: at a mark, a bracket or a year, never in front of a word."""
    if text[end - 1] == "." or end >= len(text):
        return True
    return re.match(r"\s*(?:[.,:;(\[“\"]|\d{4})", text[end : end + 8]) is not None


def _names_in(text: str, style: re.Pattern[str]) -> tuple[tuple[str, ...], int]:
    names: list[str] = []
    place = end = 0
    was_last = False
    # Given names first may follow the family name of the first author only ("Doe, J., A. Smith and C. Roe"),
    # and initials stand beside names in full.
    styles = dict.fromkeys((style, *_MIXED.get(style, ())))
    while len(names) < _MOST_AUTHORS:
        found = next((f for s in styles if (f := s.match(text, place))), None)
        if found is None or (names and not _is_name(found[0])):
            break
        names.append(" ".join(found[0].split()).rstrip(","))
        end = place + len(found[0].rstrip())
        if others := _ENDING.match(text, end):
            end = others.end()
            break
        separator = _BETWEEN.match(text, end)
        if separator is None or (was_last and ";" not in separator[0]):
            break
        was_last = separator[0].strip(" ,;") != ""  # "and": one more name
        place = separator.end()
        if separator[0].strip() == "," and _begins_title(text, place):
            break
    if editors := _EDITORS.match(text, end):
        end = editors.end()
    return tuple(names), end


def _begins_title(text: str, place: int) -> bool:
    """Whether a comma was the end of the authors: what follows it is quoted, a year or prose."""
    return re.match(r"[“\"(\d]|[a-z]|``", text[place : place + 2]) is not None and not re.match(
        _PARTICLE, text[place : place + 8]
    )


_NO_NAME = re.compile(
    r"\b(?:the|of|for|in|on|with|using|from|to|an?|by|via|University|Press|Journal|Proceedings|Conference|"
    r"Springer|Learning|Networks?|Models?|Theory|Analysis|Machine|Systems?|Report|Technical)\b"
)


def _is_name(text: str) -> bool:
    return len(text) < 60 and _NO_NAME.search(text) is None


_TITLE_FOLLOWS = re.compile(r"(?!URL|ISBN|ISSN|doi|http|arXiv)[“\"\[(¿]?\w[^.?!]{14,}[^\W\d_]{3}")


def _before_the_year(
    text: str, authors: tuple[str, ...], end: int
) -> tuple[tuple[str, ...], int, re.Match[str] | None]:
    """Authors of which some are no plain names (organisations, damaged letters): all before an early year."""
    for found in _YEAR.finditer(text, 2, 800):
        before = text[: found.start()].rstrip(" .,;([")
        early = _YEAR_NEXT.match(text, len(before))
        if len(before) < end or early is None:
            continue
        if _NO_NAME.search(before, end) or not _TITLE_FOLLOWS.match(text, early.end()):
            break  # the year of a venue
        words = re.findall(r"\b[^\W\d_]{2,}\b", before[end:])
        small = [word for word in words if word[0].islower() and word not in _NAME_WORDS]
        if len(small) > 0.25 * len(words):
            break
        parts = (p.strip(" .,;&") for p in re.split(r",\s+(?:and\s)?|;\s*|\s+and\s+|\s+&\s+", before[end:]))
        names = (*authors, *(part for part in parts if len(part) > 2))
        return names[:_MOST_AUTHORS], early.start(), early
    if authors:
        return authors, end, None
    first = _STOP.search(text)
    words = re.findall(r"\b[a-z]{2,}\b", text[: first.start()]) if first else ["-"]
    if first and first.start() < 80 and all(word in _NAME_WORDS for word in words):
        return (text[: first.start()].strip(" ,"),), first.end(), None
    return (), 0, None


_NAME_WORDS = frozenset(
    ["al", "and", "bin", "da", "de", "del", "den", "der", "di", "dos", "et", "la", "le", "ter", "van", "von"]
)


@lru_cache(maxsize=20_000)
def family(author: str) -> str:
    """The last word of an author's family name, folded, whichever way round the name is printed.

    >>> family("van den Berg, R."), family("Emmanuel J. Candès"), family("Candès EJ"), family("Lee, J.D.")
    ('berg', 'candes', 'candes', 'lee')
    """
    name = re.sub(r",?\s+(?:Jr|Sr|II|III|IV)\.?$", "", author.strip())
    if "," in name:
        name = name.split(",", 1)[0]
    else:
        bare = _FAMILY_BARE.fullmatch(name)
        name = bare["family"] if bare else name
    words = fold(name.replace("-", "").replace("‐", "").replace("’", "").replace("'", "")).split()
    return words[-1] if words else ""


# Year, title, venue -----------------------------------------------------------------------------


def _year(text: str, early: re.Match[str] | None) -> tuple[int | None, str]:
    """(year, its letter): the one after the authors, else the last that stands between marks."""
    if early is not None:
        return int(early["y1"] or early["y2"]), early["l1"] or early["l2"] or ""
    cut = re.search(r"https?://|\bURL\b|doi\.org|\bISBN\b|\bISSN\b|[Aa]ccessed", text)
    found = list(_YEAR.finditer(text, 0, cut.start() if cut and cut.start() > 40 else len(text)))
    if not found:
        return None, ""
    marked = [f for f in found if re.match(r"\s?[).,;\]]|$", text[f.end() : f.end() + 2])]
    last = (marked or found)[-1]
    return int(last[1]), last[2] or ""


def _title_and_venue(rest: str, *, authors: bool, dated: bool) -> tuple[str, str]:
    quoted = _QUOTED.search(rest[:400])
    if quoted and quoted.start() < 40 and len((quoted[1] or quoted[2] or "").split()) > 1:
        return (quoted[1] or quoted[2]).strip(" ,."), _venue(rest[quoted.end() :])
    if not authors and not dated:
        rest = _after_names(rest)
    stop = _STOP.search(rest, 3)
    inside = _VENUE_INSIDE.search(rest, 8)
    if stop is None and inside is None:
        title, venue = rest, ""
    elif inside is not None and (stop is None or inside.start() < stop.start()):
        title, venue = rest[: inside.start()], rest[inside.start() :]
    elif stop is not None:
        end = stop.start(1) + (stop[1] in "?!")
        title, venue = rest[:end], rest[stop.end() :]
    title = _cut(title.strip(' ,;:“”"').rstrip("."))
    if not 4 <= len(title) <= 400 or not any(len(w) > 2 for w in title.split()):
        return "", _venue(rest)
    return title, _venue(venue)


def _cut(title: str) -> str:
    """The title without a venue or a date that no full stop parts from it."""
    title = re.sub(r",\s+(?:[A-Z][a-z]+\s+)?(?:1[89]|20)\d\d[a-z]?$", "", title)
    return re.sub(r"\s*[\[(](?:Ph\.?D|Master|Technical|Computer software|Online)[^\])]*[\])]?$", "", title)


def _after_names(text: str) -> str:
    """The first piece that is prose, with what follows it."""
    place = 0
    for stop in [*_STOP.finditer(text), None]:
        piece = text[place : stop.start() if stop else len(text)]
        if any(word not in _NAME_WORDS for word in re.findall(r"\b[a-z]{2,}\b", piece)):
            return text[place:]
        place = stop.end() if stop else place
    return text


def _venue(text: str) -> str:
    text = re.sub(r"^[\s,.;:”\"]*(?:[Ii]n:?\s+)?", "", text)
    end = re.search(
        r",?\s*(?:[Vv]ol(?:ume|\.)|pages?\b|pp\.|no\.|\(?(?:1[89]|20)\d\d|\d+\s?[(:,]|https?:|URL\b|doi\b)|\.\s",
        text,
    )
    return (text[: end.start()] if end else text).strip(" ,.;:()")[:200]


# Ids --------------------------------------------------------------------------------------------

_ARXIV = re.compile(
    r"(?:arxiv(?:\.org)?(?:/|\s|:|preprint|e-prints?|abs/|pdf/)*|\babs/\s?|\bCoRR,?\s*(?:abs/)?\s?)"
    r"((?:\d{4}\.\s?\d{4,5}|[a-z-]{2,10}(?:\.[A-Z]{2})?/\d{7}))(?:v\d{1,3})?(?!\d)",
    re.IGNORECASE,
)
_DOI = re.compile(r"(?<![\w.])10\.\d{4,9}/\s?[^\s\"<>“”,;]{3,200}")
_LINK = re.compile(r"https?://\s?[^\s\"<>“”,;]{6,300}")


def ids_in(text: str) -> dict[str, str]:
    """The ids that stand in an entry: arXiv, DOI, and those in links to the ACL Anthology, PMLR, OpenReview.

    A line's end inside an id leaves a space behind the slash or the point; it is closed.

    >>> ids_in("CoRR, abs/1706.03762. doi: 10.1137/ 080728561. https://aclanthology.org/P18-1001.pdf")
    {'arxiv': '1706.03762', 'doi': '10.1137/080728561', 'acl': 'P18-1001'}
    """
    ids: dict[str, str] = {}
    if found := _ARXIV.search(text):
        _add(ids, parse_id(f"arxiv:{found[1].replace(' ', '')}"))
    if doi := _DOI.search(text):
        _add(ids, parse_id(doi[0].replace(" ", "").rstrip(".)")))
    for link in _LINK.finditer(text):
        found_id = parse_id(link[0].replace(" ", "").rstrip(".)"))
        if found_id is not None and found_id.scheme in _ID_ORDER:
            _add(ids, found_id)
    return ids


def _add(ids: dict[str, str], found: Id | None) -> None:
    if found is not None:
        ids.setdefault(found.scheme, found.value)
