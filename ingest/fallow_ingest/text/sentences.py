"""Where the sentences of scientific prose begin and end.

Own rules instead of a library: offsets into the untouched text are needed (a quote must be found again
where it was taken from), time must be linear in hostile input, and papers are full of "et al. [3]",
"Eq. (2)", "w.r.t." and initials that general splitters break on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST_SENTENCE = 2_000
"""Characters after which a sentence is cut at the last space: no author writes longer ones."""


class Span(NamedTuple):
    """text[start:end] is one sentence, verbatim."""

    start: int
    end: int


# What may end a sentence: a run of marks, an East Asian full stop, or an empty line or list item.
_MARK = re.compile(
    r"(?P<latin>[.!?…]+)"
    r"|(?P<cjk>[。！？]+)"
    r"|(?P<paragraph>\n[ \t\r]*\n\s*)"
    r"|(?P<item>\n[ \t]*(?=(?:[•▪●◦‣∙·]|[-*–—]\s|\(?(?:\d{1,2}|[a-hivx]{1,4})[.)]\s+[A-Z])))"
)
_CLOSERS = re.compile(r"""["'”’»)\]]{0,6}(?:\[\d[\d,;\s–-]{0,40}\])?(\s+|$)""")
_NEXT = re.compile(r"""([("'“‘«\[¿¡]{0,3})(\S{0,40})""")
_BEFORE = 40


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Never the last word of a sentence.
_INNER = _words(
    "e.g i.e eg ie cf vs viz resp approx w.r.t wrt a.k.a i.i.d s.t c.f esp incl excl ca no nos mr mrs "
    "ms dr prof st mt gen rep sen gov lt col capt rev hon messrs et"
)
# Labels: inner before their number or name ("Fig. 3", "Eq. (2)", "App. B"), else like any word.
_LABELS = _words(
    "fig figs eq eqs eqn eqns sec secs sect tab tabs tbl alg algs thm thms def defs defn prop props "
    "lem cor ref refs ch chap chs app appx vol vols pp p pg art ex exp par para obs assump no nos "
    "step ver v ed eds"
)
# Abbreviations that may also end a sentence: they do only before a word that plainly begins one.
_EITHER = _words(
    "al etc inc ltd corp co jr sr ph.d m.sc b.sc u.s u.k u.s.a e.u a.m p.m dept univ int conf proc "
    "trans symp assoc acad natl jan feb mar apr jun jul aug sep sept oct nov dec"
)
_OPENING_WORDS = _words(
    "a additionally after all also although an and another as at based because besides both but by "
    "compared consequently despite due during each experimental experiments extensive finally first "
    "firstly for from further furthermore given hence here how however if in indeed instead it its "
    "lastly many meanwhile moreover most motivated nevertheless next no note notably on one other our "
    "overall previous prior recent recently results second secondly several similarly since so some "
    "specifically such that the their then there therefore these they third this those though through "
    "thus to today together two under unfortunately unlike using we what when where whereas whether "
    "while with within without yet"
)
_GLUED = re.compile(
    r"(?:We|The|This|These|In|Our|However|It|To|For|Moreover|Furthermore|Finally|Here|Then|Thus)\s"
)
_INITIALS = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]")
_MARKER = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3}){0,3}|[IVXLC]{1,6}|[A-Za-z])")
_REFERENCE_NUMBER = re.compile(r"\d|[IVXLC]{1,5}\b|[A-Z](?:\.\d|\b)|S\d")
_CAMEL = re.compile(r"[a-z]+[A-Z0-9]")


def split_sentences(text: str) -> list[Span]:
    """The spans of the text's sentences, in order, without the white space between them.

    Every character that is no white space lies in exactly one span. Line breaks inside a paragraph do not
    matter; an empty line or a list item ends a sentence. Time is linear in the length of the text.

    >>> text = "We follow Smith et al. [3] (cf. Fig. 2). Recall is 0.5. It helps."
    >>> [text[start:end] for start, end in split_sentences(text)]
    ['We follow Smith et al. [3] (cf. Fig. 2).', 'Recall is 0.5.', 'It helps.']
    """
    spans: list[Span] = []
    start = 0
    for end in _ends(text):
        _append(spans, text, start, end)
        start = end
    _append(spans, text, start, len(text))
    return spans


def _ends(text: str) -> Iterator[int]:
    """Offsets at which a sentence ends, ascending."""
    begin = 0  # where the present sentence starts: list markers are known by standing there
    for mark in _MARK.finditer(text):
        if mark.lastgroup != "latin":
            end: int | None = mark.end()
        else:
            end = _end_after(text, begin, mark.start(), mark.end())
        if end is not None:
            yield end
            begin = end


def _end_after(text: str, begin: int, start: int, end: int) -> int | None:
    """Where the sentence ends whose last marks may be text[start:end]; None when it goes on."""
    closed = _CLOSERS.match(text, end)
    if closed is None:
        glued = end - start == 1 and text[start] == "." and text[max(begin, start - 3) : start].islower()
        return end if glued and _GLUED.match(text, end) else None
    stop = closed.start(1)
    follows = _NEXT.match(text, closed.end())
    if stop == len(text) or follows is None or not follows[0]:
        return stop
    opening, word = follows[1], follows[2]
    if not _may_begin(opening, word):
        return None
    if start > begin and text[start - 1].isspace() and not _opens(word):
        return None  # a spaced ellipsis, or a sign that the PDF's font could not name
    if text[start:end] != ".":
        return stop
    return None if _goes_on(text, begin, start, opening, word, closed=stop > end) else stop


def _may_begin(opening: str, word: str) -> bool:
    """Whether a sentence may start with this."""
    if not word:
        return True
    if word[0].islower():
        return _CAMEL.match(word) is not None
    # "(2018)" and "(3)" belong to what stands before them; "[12] show that ..." begins a sentence.
    return not (word[0].isdigit() and opening[-1:] == "(") and word[0] not in ",;:)]}="


def _opens(word: str) -> bool:
    """Whether the word is one that plainly begins a sentence."""
    return word.rstrip(",;:.").lower() in _OPENING_WORDS


def _goes_on(text: str, begin: int, dot: int, opening: str, word: str, *, closed: bool) -> bool:
    """Whether the full stop at `dot` belongs to an abbreviation, an initial or a list marker."""
    before = text[max(begin, dot - _BEFORE) : dot]
    last = before.split()[-1] if before.strip() else ""
    whole = last.lstrip("([{\"'“‘")
    if _MARKER.fullmatch(whole) and text[begin:dot].strip() == last:
        return True
    token = whole.lower()
    if closed and token not in ("al", "etc"):
        return False
    opens = _opens(word)
    if token in _LABELS:
        return bool(_REFERENCE_NUMBER.match(word)) or opening.startswith(("(", "["))
    if token in _INNER:
        return not (token in ("no", "st", "mt", "ms", "ca", "gen", "rep", "col", "et") and opens)
    tail = token.rsplit("-", 1)[-1].rsplit("(", 1)[-1]
    if token in _EITHER or tail in _EITHER:
        return not opens and not (token == "etc" and word[0].isupper())
    if tail in _INNER and "." in tail:
        return True
    initial = len(whole) == 1 and whole.isalpha() and whole.isupper()
    return (initial or _INITIALS.fullmatch(whole) is not None) and not opens


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    """Add text[start:end] without the white space around it, cut to pieces of bounded length."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONGEST_SENTENCE:
        cut = text.rfind(" ", start + 1, start + LONGEST_SENTENCE)
        cut = cut if cut > start else start + LONGEST_SENTENCE
        stop = cut
        while stop > start and text[stop - 1].isspace():
            stop -= 1
        if stop > start:
            spans.append(Span(start, stop))
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if end > start:
        spans.append(Span(start, end))
