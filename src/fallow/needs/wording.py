"""One sentence for a need, made by rule: a theme we have words for, a plan, a weakness, or a shared phrase.

No model writes it, so every pattern keeps to a frame that is right whatever fills it; what does not fit a
frame falls back to "Recurring concern: ...", which only promises that the words recur.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fallow.statements.cores import core_of
from fallow.statements.statement import Owner, Statement

# (what most statements of the need must match, the sentence). Checked in order.
_THEMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), sentence)
    for pattern, sentence in (
        (r"\b(?:other|more|additional|new|further|non-english) (?:\w+ )?languages\b|\blanguages other than\b"
         r"|\bonly (?:\w+ ){0,3}english\b|\benglish(?:-| )only\b|\benglish (?:\w+ )?only\b"
         r"|\b(?:all|only) .{0,40}\bin english\b",
         "Evidence beyond one language: results need to be shown for other languages."),
        (r"\b(?:other|different|new|more|various|additional|specific) (?:\w+ )?domains?\b"
         r"|\bdomain adaptation\b|\bout-of-domain\b",
         "Transfer across domains: what works in one domain needs to be made to work in others."),
        (r"\bquadratic\w* .{0,60}\b(?:length|sequence|tokens|input)\b|\b(?:long"
         r"|longer) (?:\w+ )?(?:sequences?|inputs?|contexts?|documents?|texts?)\b",
         "Long inputs: cost or quality suffers as the input grows."),
        (r"\b(?:larger|more|bigger|additional|much more) (?:\w+ ){0,2}(?:training data|data|corpora|corpus"
         r"|data ?sets?|training (?:sets?|corpora|examples))\b",
         "More data: larger or better training and test collections are needed."),
        (r"\b(?:annotat|label)\w* .{0,40}\b(?:expensive|costly|scarce|lack|limited|time|labor"
         r"|difficult)\w*|\b(?:lack|scarcity|shortage|expensive|costly|limited)\b"
         r".{0,40}\b(?:annotat|label)\w*", "Labelled data: annotation is scarce or expensive."),
        (r"\b(?:computational(?:ly)?|training|inference|memory) (?:\w+ ){0,2}(?:cost|costs|expensive"
         r"|intensive|complexity|burden|overhead|prohibitive|requirements?)\b"
         r"|\b(?:slow|expensive|costly) (?:\w+ ){0,3}(?:sampling|inference|training|decoding|generation"
         r"|to (?:train|compute|run))\b|\bcomputationally\b",
         "Cost: computation or memory stands in the way."),
        (r"\bhyper-?parameters?\b", "Hyperparameters: choosing them well is left to hand or to search."),
        (r"\bhuman (?:\w+ )?(?:evaluat|judg|stud)\w*", "Human evaluation: automatic scores alone do not "
                                                       "settle the question."),
        (r"\b(?:evaluation )?(?:metrics?|measures?) .{0,60}\b(?:correlat|human|fail|not|poor|inadequa"
         r"|capture)\w*",
         "Evaluation measures: those in use do not capture what matters."),
        (r"\bother (?:\w+ ){0,2}(?:tasks?|applications?|problems)\b|\b(?:nlp|downstream|different"
         r"|new) (?:tasks|applications)\b",
         "Generality: the approach needs to be tried on other tasks."),
        (r"\b(?:other|more|different|additional|various) (?:\w+ )?(?:data ?sets?|benchmarks|corpora)\b",
         "Breadth of evidence: results need to be shown on more data sets."),
        (r"\breal[- ](?:world|robots?|data|life)\b|\bphysical (?:robot|system|hardware)s?\b",
         "From simulation to the real world: what works in controlled settings needs proof outside them."),
        (r"\b(?:theoretical|formal) (?:\w+ )?(?:analysis|guarantees?|understanding|justification"
         r"|properties|results?|bounds?)\b|\bconvergence (?:\w+ )?(?:rate|guarantee|analysis|proof)\w*",
         "Theory: guarantees or an explanation of why it works are missing."),
        (r"\bhallucinat\w+|\bfactual(?:ity|ly)?\b", "Factuality: generated text is not reliably true."),
        (r"\bunknown words?\b|\bout-of-vocabulary\b|\boov\b|\brare words?\b",
         "Rare and unknown words: they are handled badly."),
        (r"\berror propagation\b|\bpropagat\w+ .{0,20}\berrors?\b|\berrors? .{0,30}\bpropagat\w+",
         "Error propagation: early mistakes of a pipeline spoil later steps."),
        (r"\bnon-?convex\b", "Beyond convexity: results for convex problems need to be carried over to "
                             "non-convex ones."),
        (r"\bdata spars\w+|\bsparse(?:ness| data)\b", "Data sparsity: rare events are estimated badly."),
        (r"\blow-?resource\b", "Low-resource settings: methods rest on resources that most settings lack."),
        (r"\bsampl\w+ .{0,40}\b(?:slow|many steps|network evaluations|sequential)\b|\b(?:slow|many steps"
         r"|network evaluations).{0,40}\bsampl\w+",
         "Slow sampling: generation needs many network evaluations."),
    )
)  # fmt: skip
_THEME_SHARE = 0.6
_NARROW = ("Evidence beyond one language", "Transfer across domains", "Labelled data", "From simulation")
"""Themes by the beginning of their sentence; the others are too broad to make a need by themselves."""
_LONGEST_THEMED = 30
_MOST_WORDS, _FEWEST_WORDS = 17, 3


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BASE_VERBS = _words(
    "extend apply explore investigate improve develop incorporate integrate use evaluate test combine "
    "study examine add include "
    "consider adapt generalise generalize learn build create address analyse analyze compare conduct "
    "design find handle increase "
    "reduce introduce make model optimise optimize perform provide relax replace scale understand utilise "
    "utilize employ exploit "
    "experiment focus work look enhance enrich expand implement automate derive determine define estimate "
    "evaluate extract "
    "train transfer predict refine remove resolve solve tackle support speed measure identify capture "
    "collect annotate account "
    "obtain prove establish characterise characterize compute select leverage enable allow take try tune "
    "verify validate deploy "
    "detect deal augment broaden"
)
_DOUBLED = {
    "run": "running",
    "get": "getting",
    "set": "setting",
    "plan": "planning",
    "cut": "cutting",
    "let": "letting",
}
_CUT = re.compile(
    r"[;:]| – | — | -- |, (?:which|where|whose|and|but|so|since|because|as|while|e\.g|i\.e|for example"
    r"|such as|including|thus|using|"
    r"making|leading|resulting|rather|although|especially|particularly)\b| (?:because|since|so that"
    r"|in order to|whereas|although|e\.g\.|i\.e\.|due to)\b"
)
_OURS = (
    (re.compile(r"\b(?:our|their|my|its) (?=(?:\w+ )?(?:method|approach|model|system|algorithm|framework"
                r"|work|technique|parser|analysis|results?|study)s?\b)", re.I), "the "),
    (re.compile(r"\b(?:our|my|their)\b", re.I), "the"),
    (re.compile(r"\b(?:this|the proposed|the present|the current|the presented) (?=(?:method|approach"
                r"|model|system|algorithm|framework|work|technique))", re.I), "the "),
)  # fmt: skip
_IT = re.compile(
    r"^it (?=(?:also |still |only )?"
    r"(?:needs|requires|relies|depends|assumes|fails|cannot|does|is|has|suffers|uses)\b)",
    re.I,
)
_UNFIT = re.compile(
    r"[\\$^_=<>{}|~•∈≤≥√∑]|\b(?:et al|fig(?:ure)?|table|section|eq(?:uation)?|appendix|theorem|lemma)\b"
    r"|\(|\)|\[|\]|\d\D+\d|\d{3}|\"|''|``|&|\?|�|\bus\b|\bwe\b|\bI\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"^(?:it|they|this|these|that|those|he|she|its|their|such|the (?:former|latter|same|above)|there|and"
    r"|or|but|which|who|of|for|with|on|in)\b"
    r"|\b(?:these|those|this|it|they|them|former|latter|above|following)$|\b(?:this|these|those|such|it"
    r"|them|they|latter|former|above|aforementioned)\b",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|does|do|did|has|have|had|cannot|can|could|may|might|must|will|would|requires?"
    r"|relies|rely|assumes?|suffers?|fails?|"
    r"lacks?|struggles?|depends?|needs?|remains?|tends?|ignores?|limits?|becomes?|produces?|makes?|takes?"
    r"|leads?|uses?|costs?|grows?|"
    r"handles?|contains?|covers?|performs?|comes?|neglects?|restricts?|prevents?)\b"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """A need's sentence and the phrase it was made of."""

    label: str
    phrase: str


def word_need(statements: Sequence[Statement], cores: Sequence[str], *, taken: frozenset[str]) -> Wording:
    """The sentence for a need. statements, cores: in one order, most central first; taken: labels in use."""
    theme = theme_of(cores)
    if theme and theme not in taken:
        return Wording(theme, theme.split(":")[0])
    shared = shared_phrase(cores)
    mixed = any(statement.origin == "reviewer" for statement in statements)
    options = [
        w
        for s, c in zip(statements, cores, strict=True)
        if (w := wording_of(s, c, mixed=mixed)) and w.label not in taken
    ]
    if options:
        return max(options[:12], key=lambda option: _merit(option, shared))
    phrase = shared if len(shared.split()) >= 3 else ", ".join(common_words(cores))
    return Wording(f"Recurring concern: {_tidy(phrase)}.", phrase)


def narrow_theme(core: str) -> str | None:
    """The first theme so narrow that all statements matching it say the same thing, None when there is none.

    >>> narrow_theme("apply the tagger to other languages")
    'Evidence beyond one language: results need to be shown for other languages.'
    >>> narrow_theme("make decoding faster") is None
    True
    """
    if len(core.split()) > _LONGEST_THEMED:
        return None
    return next(
        (s for pattern, s in _THEMES if s.startswith(_NARROW) and pattern.search(core)),
        None,
    )


def theme_of(cores: Sequence[str]) -> str | None:
    """The first theme that most of the cores match."""
    for pattern, sentence in _THEMES:
        if sum(pattern.search(core) is not None for core in cores) >= _THEME_SHARE * len(cores):
            return sentence
    return None


def wording_of(statement: Statement, core: str, *, mixed: bool = False) -> Wording | None:
    """The sentence a single statement gives, None when it fits no frame.

    mixed: reviewers state the need too, so nobody is named.

    >>> from fallow.statements.statement import Statement
    >>> one = Statement(1, 1, None, "future_work", "own", "plain", "", 0, 0, 0.9)
    >>> wording_of(one, "extend our parser to spoken dialogue").label
    'Still to be done: extending the parser to spoken dialogue.'
    """
    phrase = _phrase(core)
    if phrase is None:
        return None
    first = phrase.split()[0].lower()
    plans = statement.kind == "future_work" or first in _BASE_VERBS
    if plans and (first in _BASE_VERBS or (first.endswith("ing") and first[:-3] in _gerund_stems())):
        return Wording(f"Still to be done: {_gerund(phrase)}.", phrase)
    is_clause = statement.origin == "fallow" or (_FINITE.search(phrase) and not _FINITE.match(phrase))
    if statement.kind == "limitation" and is_clause:
        says = _WHO_SAYS["field" if mixed else statement.owner]
        return Wording(f"{says} {_lower(phrase)}.", phrase)
    if statement.kind == "open_question" and (asked := _QUESTION.search(statement.text)):
        question = _phrase(asked[0])
        return Wording(f"Still unclear: {_lower(question)}.", question) if question else None
    return None


_WHO_SAYS: dict[Owner, str] = {
    "own": "Authors keep admitting that",
    "prior": "Later papers keep pointing out that",
    "field": "It keeps being noted that",
}
_QUESTION = re.compile(r"\b(?:whether|how|why|what|which)\b[^.?!;]{10,160}", re.IGNORECASE)


def shared_phrase(cores: Sequence[str]) -> str:
    """The longest run of two to six words that at least half of the cores share; "" when there is none."""
    runs: Counter[str] = Counter()
    for core in cores:
        words = re.findall(r"[a-z][a-z-]+", core.lower())
        runs.update(
            {
                " ".join(words[start : start + size])
                for size in range(2, 7)
                for start in range(len(words) - size + 1)
            }
        )
    least = max(2, (len(cores) + 1) // 2)
    good = [run for run, count in runs.items() if count >= least and _bears_content(run)]
    return max(good, key=lambda run: (len(run.split()) * runs[run], run), default="")


_FUNCTION = _words(
    "the a an of to in on for with by from at as and or but not is are was were be been that this these "
    "those we our it its their which can could would will should may might more other such than into "
    "also only how when where if "
)


def common_words(cores: Sequence[str], most: int = 3) -> list[str]:
    """The content words that most cores share, the most frequent first; never empty.

    >>> common_words(["hard negatives are stale", "stale hard negatives", "hard to find negatives"], 2)
    ['hard', 'negatives']
    """
    counts: Counter[str] = Counter()
    for core in cores:
        words = re.findall(r"[a-z][a-z-]{2,}", core.lower())
        counts.update(list(dict.fromkeys(word for word in words if word not in _FUNCTION)))
    return [word for word, _ in counts.most_common(most)] or ["what these papers share"]


def _bears_content(run: str) -> bool:
    words = run.split()
    return words[0] not in _FUNCTION and words[-1] not in _FUNCTION


def _merit(option: Wording, shared: str) -> float:
    length = len(option.phrase.split())
    return (2.0 if shared and shared in option.phrase.lower() else 0.0) - abs(length - 9) * 0.1


def _phrase(core: str) -> str | None:
    """A core cut to its main clause and made impersonal; None when it does not stand on its own."""
    phrase = _IT.sub("the method ", _CUT.split(core, maxsplit=1)[0].strip(" ,.;:-"))
    for pattern, by in _OURS:
        phrase = pattern.sub(by, phrase)
    words = phrase.split()
    if not _FEWEST_WORDS <= len(words) <= _MOST_WORDS or _UNFIT.search(phrase) or _POINTING.search(phrase):
        return None
    if words[-1].lower() in _FUNCTION or not phrase.isascii():
        return None
    return phrase


def _gerund(phrase: str) -> str:
    """The phrase with its leading base verb as a gerund.

    >>> _gerund("explore deeper parsers"), _gerund("run more trials"), _gerund("apply it")
    ('exploring deeper parsers', 'running more trials', 'applying it')
    """
    first, _, rest = phrase.partition(" ")
    verb = first.lower()
    if not verb.endswith("ing"):
        if verb in _DOUBLED:
            verb = _DOUBLED[verb]
        elif verb.endswith("e") and not verb.endswith("ee"):
            verb = f"{verb[:-1]}ing"
        else:
            verb = f"{verb}ing"
    return f"{verb} {rest}"


def _gerund_stems() -> frozenset[str]:
    return frozenset(verb[:-1] if verb.endswith("e") else verb for verb in _BASE_VERBS)


def _lower(phrase: str) -> str:
    """The phrase beginning in lower case, unless its first word is a name or an acronym."""
    first = phrase.split()[0]
    return phrase[0].lower() + phrase[1:] if first[1:].islower() or len(first) == 1 else phrase


def _tidy(phrase: str) -> str:
    return phrase.strip(" ,.;:").replace(" our ", " the ")


def clarity_of(text: str) -> float:
    """How well a quote stands on its own, 0 to 1: of moderate length, no symbols or pointers."""
    words = text.split()
    score = 1.0
    score -= min(0.4, abs(len(words) - 20) * 0.015)
    score -= 0.35 if _POINTING.match(text) else 0.0
    score -= 0.25 if re.search(r"[\\$^_=<>{}|~∈≤≥√∑�]|\b(?:Fig|Table|Eq|Section|Theorem)\b", text) else 0.0
    score -= 0.2 if not text[:1].isupper() or text[-1:] not in ".!?" else 0.0
    score -= 0.15 if len(core_of(text).split()) < 5 else 0.0
    return max(0.0, score)
