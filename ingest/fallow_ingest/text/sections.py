"""What a section is for, told from its heading."""

from __future__ import annotations

import re

from fallow_ingest.records import SectionKind
from fallow_ingest.text.normalise import fold

LONGEST_HEADING = 200
"""Characters; anything longer is a paragraph that was taken for a heading."""


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_NUMBER = re.compile(
    r"(?:(?:section|sec|chapter|part|§)\.?\s*)?"
    r"(?:\d{1,2}(?:\s*\.\s*\d{1,2}){0,4}|[IVXLC]{1,6}(?=[.):\s])|[A-Z](?:\.\d{1,2}){1,3}|[A-Z](?=[.):]))"
    r"\s*[.):]?\s*[-–—:]?\s*(?=\S)"
)
_LETTERED = re.compile(r"[A-Z](?:\.\d{1,2})+\.?\s|[A-Z][.:)]\s")

# First match wins. A heading that joins two subjects goes to the rarer and more telling one, except that
# "Conclusion and Future Work" is the paper's conclusion.
_RULES: tuple[tuple[SectionKind, re.Pattern[str]], ...] = (
    ("references", _any(r"^(?:references?|bibliography|literature cited|references and notes)$")),
    ("appendix", _any(r"^(?:appendix|appendices|supplementa\w*|supporting information|annex)\b")),
    ("acknowledgements", _any(r"\backnowledge?ments?\b", r"^acknowledge?ment", r"^(?:funding|thanks)$")),
    ("abstract", _any(r"^abstract$")),
    (
        "related_work",
        _any(
            r"\b(?:limit\w*|shortcomings|weakness\w*|drawbacks) (?:of|in) (?:the )?"
            r"(?:earlier|existing|previous|prior|current|related|past|other|traditional|standard)\b"
        ),
    ),
    (
        "limitations",
        _any(
            r"\blimitations?\b", r"\bthreats to validity\b", r"\bfailure (?:cases?|modes?|analysis)\b",
            r"\bshortcomings\b", r"\bweakness\w*\b", r"\bnegative results\b", r"\bcaveats?\b",
        ),
    ),
    (
        "ethics",
        _any(
            r"\bethic\w*\b", r"\bbroader (?:societal )?impacts?\b", r"\bimpact statement\b",
            r"\bsocietal (?:impacts?|implications)\b",
        ),
    ),
    ("conclusion", _any(r"\bconclu\w+\b", r"^summary\b", r"\b(?:closing|final) remarks\b")),
    (
        "future_work",
        _any(
            r"\bfuture\b", r"\bopen (?:problems?|questions?|challenges?|issues?)\b", r"\boutlook\b",
            r"\bfurther (?:work|research)\b", r"\bnext steps\b", r"^perspectives$",
            r"\bremaining challenges\b",
        ),
    ),
    (
        "related_work",
        _any(
            r"\b(?:related|previous|prior|earlier|existing) "
            r"(?:works?|literature|research|approaches|methods|studies)\b",
            r"^literature (?:review|survey)\b", r"\brelation to (?:prior|previous|other|existing)\b",
            r"^state of the art$",
        ),
    ),
    ("introduction", _any(r"^introduction\b", r"^motivation\b", r"^overview$")),
    (
        "background",
        _any(
            r"\bbackground\b", r"\bpreliminar\w+\b", r"^notations?\b", r"^definitions?\b",
            r"^theoretical framework", r"^(?:the )?(?:setting|setup|task)$",
            r"\bproblem (?:formulation|statement|setup|setting|definition|description)\b",
            r"\btask (?:definition|description|formulation)\b",
        ),
    ),
    (
        "results",
        _any(
            r"\bresults?\b", r"\bfindings\b", r"\berror analys[ie]s\b", r"\bablations?\b", r"\bperformance\b",
            r"^analys[ie]s\b",
        ),
    ),
    ("discussion", _any(r"\bdiscussions?\b", r"^remarks\b")),
    (
        "experiments",
        _any(
            r"\bexperiment\w*\b", r"\bevaluat\w+\b", r"\bempirical\b", r"\bsimulations?\b", r"\bbaselines?\b",
            r"\b(?:implementation|training) details\b", r"\bcase stud(?:y|ies)\b", r"\bnumerical\b",
            r"\bbenchmark\w*\b",
        ),
    ),
    (
        "data",
        _any(
            r"\bdata(?:sets?|bases?)?\b", r"\bcorp(?:us|ora)\b", r"\bannotation\w*\b", r"\btreebanks?\b",
            r"\bmaterials\b",
        ),
    ),
    (
        "method",
        _any(
            r"\bmethod\w*\b", r"\bapproach\w*\b", r"\bmodel(?:s|l?ing)?\b", r"\balgorithms?\b",
            r"\barchitectures?\b", r"\bframework\b", r"\bproposed\b", r"\bsystem\b", r"\bour \w+\b",
            r"\btraining\b", r"\blearning\b", r"\binference\b", r"\boptimi[sz]ation\b", r"\bestimation\b",
            r"\bpars(?:er|ing)\b", r"\bdecod\w+\b", r"\bfeatures?\b", r"\btheor(?:y|em|etical)\b",
        ),
    ),
)  # fmt: skip


def section_kind(heading: str) -> SectionKind:
    """The kind of section that a heading announces; "other" when it tells nothing.

    >>> section_kind("5.2 Limitations and Future Work"), section_kind("VI. CONCLUSIONS")
    ('limitations', 'conclusion')
    >>> section_kind("Limitations of existing methods"), section_kind("Appendix B: Proofs")
    ('related_work', 'appendix')
    """
    if len(heading) > LONGEST_HEADING:
        return "other"
    words = fold(without_number(heading))
    for kind, pattern in _RULES:
        if pattern.search(words):
            return kind
    return "appendix" if _LETTERED.match(heading.strip()) else "other"


def without_number(heading: str) -> str:
    """The heading without the number, numeral or letter in front of it.

    >>> without_number("IV. Results"), without_number("3.1 - Data"), without_number("A Study of Cats")
    ('Results', 'Data', 'A Study of Cats')
    """
    heading = heading[:LONGEST_HEADING].strip()
    found = _NUMBER.match(heading)
    return heading[found.end() :] if found else heading
