"""Whose weakness a sentence tells, and how firmly: rules on subject, citation and place.

The distinctions are those of argumentative zoning (Teufel, 2010): own work, other work, background.
"""

from __future__ import annotations

import re

from fallow.statements.statement import Owner, StatementKind, Strength
from fallow_ingest.records import SectionKind

_METHOD_NOUNS = (
    r"methods?|approach(?:es)?|models?|works?|stud(?:y|ies)|systems?|techniques?|algorithms?|solutions?|"
    r"datasets?|benchmarks?|metrics?|frameworks?|corpora|resources?|research|literature|efforts?"
    r"|architectures?|"
    r"networks?|parsers?|estimators?|bounds?|analys[ei]s|papers?|learners?|strategies|encoders?|tools?|"
    r"classifiers?|procedures?|schemes?|pipelines?|attempts|treatments|theory|results|losses|objectives|"
    r"transformers?|tests?|measures|implementations|proofs?|samplers?|planners?|policies|detectors?|lexicons?"
)
_OWN = re.compile(
    r"\b(?:our|ours)\b|\bthe (?:proposed|present|presented|suggested) \w+"
    r"|\bthis (?:paper|work|article|thesis|report)\b|\b(?:the )?current (?:version|implementation"
    r"|prototype|system|work|study|paper)\b"
    r"|\bin (?:this|the present) study\b|\bthis study\b"
)
_WE_LACK = re.compile(
    r"\bwe (?:\w+ ){0,2}(?:only|not|cannot|can't|don't|didn't|lack|fail\w*|assume\w*|rel(?:y|ied)|leave"
    r"|left|focus\w*|use only|"
    r"plan|intend|hope|will|would|expect|aim|believe|wish|want|could|observe\w*|found|find|notice\w*|see"
    r"|saw|conjecture|note)\b"
    r"|\bwe (?:are|were|have been) (?:\w+ )?(?:un|not|limited|restricted|currently|now|plan|work|interest"
    r"|invest|explor)\w*"
)
_PRIOR = re.compile(
    rf"\b(?:existing|previous|prior|traditional|conventional|earlier|classical|state-of-the-art|sota|past|"
    rf"previously proposed|competing|alternative|mainstream|off-the-shelf|popular|typical|widely used"
    rf"|well-known|today's)"
    rf" (?:\S+ ){{0,4}}(?:{_METHOD_NOUNS})\b"
    rf"|\b(?:most|many|some|several|all|few|other|recent|current|these|those|such|common|standard"
    rf"|available|related|"
    rf"modern|both|their|his|her|unlike) (?:\S+ ){{0,4}}(?:{_METHOD_NOUNS})\b"
)
_NAMED = re.compile(
    r"\b(?:\w+ )?et al\b|\b[a-z][\w-]+ (?:and [a-z][\w-]+ )?\(?(?:19|20)\d\d[a-z]?\)|\[\d+(?:[,;–\- ]+\d+)*\]"
    r"|\[[a-z]+ et al"
)
_THEY = re.compile(
    r"^(?:however, |but |yet |unfortunately, |moreover, |further(?:more)?, |also, |in addition, |still, )?"
    r"(?:they|their|these|those|such|it|its|this|the (?:method|approach|model|algorithm|system|main"
    r"|former|latter|authors?))\b"
)
_FIELD = re.compile(
    r"\b(?:it|this|that|which|there|what|how|whether|where) (?:\w+ ){0,2}(?:remains?|is|are) (?:\w+ ){0,2}"
    r"(?:unclear|unknown|open|unsolved|challenging|unexplored|clear|known|difficult|hard|no|little"
    r"|understood|elusive)\b"
    r"|\bremains? (?:\w+ )?(?:an? )?(?:\w+ )?(?:unclear|open|unknown|unsolved|challeng\w+|elusive"
    r"|unresolved|largely|poorly|difficult|problem)\b"
    r"|\bopen (?:\w+ )?(?:problem|question|challenge|issue)s?\b|\blittle (?:is known|attention|work"
    r"|research)\b"
    r"|\bpoorly understood\b|\bunder-?(?:explored|studied)\b|\bno (?:known|consensus|existing|one|work"
    r"|study|prior|previous)\b"
    r"|\b(?:one of the )?(?:major|main|key|biggest|greatest) "
    r"(?:difficult(?:y|ies)|challenges?|problems?) (?:\w+ )?in\b"
    r"|\bthe (?:field|community|literature)\b|\bresearchers\b|\b(?:is"
    r"|are) (?:an? )?(?:\w+ )?(?:challeng\w+|notoriously)\b"
)
_OWN_WINS = re.compile(
    r"\b(?:our|the proposed|this) (?:\S+ ){0,4}(?:is|are|was|were|does|do|did|has|have|can|cannot|could"
    r"|may|might|still|only|"
    r"requires?|relies|rely|assumes?|suffers?|fails?|lacks?|struggles?|depends?|needs?|performs?|remains?"
    r"|tends?|ignores?)\b"
)
_COMPARES = re.compile(
    r"\b(?:unlike|in contrast (?:to|with)|as opposed to|contrary to|compared (?:to|with)|than|instead of"
    r"|rather than|like|"
    r"similar to|as (?:in|with|for))\b"
)
_COMPARISON = re.compile(
    r"^(?:unlike|like|in contrast (?:to|with)|as opposed to|compared (?:to|with)|similar(?:ly)? to) "
    r"[^,]{1,120}, "
)
_CONTRASTED = re.compile(r",? (?:while|whereas|but|unlike|in contrast to) (?:our|ours|we|the proposed)\b.*$")
_WE_DID_NOT = re.compile(
    r"\bwe (?:\w+ )?(?:did|do|have|could|can|will) ?(?:not|n't|only)\b|\bwe (?:\w+ )?cannot\b"
    r"|\bwe only\b"
    r"|\bthis (?:proposal|paper|article|study|thesis) (?:does|do|is|has|only|cannot)\b"
)
_THEIR_PLAN = re.compile(
    r"\b(?:they|the authors|et al\.?,?) (?:\S+ )?(?:plan|intend|propose|suggest|leave|left|mention)\w*\b"
)
_METHOD = re.compile(
    rf"\b(?:{_METHOD_NOUNS}|sampling|descent|regression|forests?|machines?|processes)\b"
    r"|\b(?:pca|svms?|k-means|gan|gans|mcmc|em algorithm|lstms?|rnns?|cnns?|hmms?|crfs?)\b"
)
_NOBODY = re.compile(
    r"\b(?:we are|are|is|i am) not aware of\b|\bto (?:the best of )?our knowledge\b.{0,120}\b(?:no|not"
    r"|never|none|nobody)\b"
    r"|\b(?:has|have) not been (?:\w+ )?(?:addressed|studied|explored|investigated|considered|tackled"
    r"|solved) (?:before|yet|so far)\b"
)
_THEY_DID = re.compile(
    r"^(?:however, |but |moreover, |also, )?(?:they|he|she|the authors|this model|this method"
    r"|this approach)\b"
)
_SETTING = re.compile(r"^(?:for|in|with|under|when|on) [^,]{1,60}, ")
_DEFINITE = re.compile(r"\bthe (?:algorithm|system|model|method|approach|parser|classifier)(?:'s)?\b")
_GENERIC_SUBJECT = re.compile(
    r"^(?:(?:however|also|moreover|furthermore|unfortunately|in addition|in general|but),? )?"
    r"(?!(?:our|the|this|these|we|both|all|such|each|a|an|one|in|for|on|if|when|as|it|there) )"
    r"(?:[\w-]+ ){1,3}(?:methods|approaches|algorithms|techniques|systems|models|parsers|classifiers)\b"
)
_ADMITTING: frozenset[SectionKind] = frozenset({"limitations", "future_work"})
_HEDGED = re.compile(
    r"\b(?:may|might|could|possibly|perhaps|probably|likely|unlikely|potentially|seems?|seemed|appears?"
    r"|suggests?|somewhat|partly|"
    r"partially|arguably|presumably|sometimes|tends?|in some cases|to some extent|we (?:believe|suspect"
    r"|conjecture|hypothesi[sz]e|"
    r"speculate|hope|expect)|would|in principle|not necessarily|not always)\b"
)
_EARLIER_WORK: frozenset[SectionKind] = frozenset({"related_work", "background"})
_ABOUT_ITSELF: frozenset[SectionKind] = frozenset(
    {
        "limitations",
        "future_work",
        "conclusion",
        "discussion",
        "experiments",
        "results",
        "method",
        "data",
        "appendix",
    }
)


def owner_of(
    prepared: str,
    kind: StatementKind,
    section: SectionKind,
    *,
    previous: str = "",
) -> Owner:
    """Whose weakness or plan it is.

    prepared, previous: sentences of fallow.statements.cues.prepare.

    >>> owner_of("existing methods cannot handle long inputs.", "limitation", "introduction")
    'prior'
    >>> owner_of("our parser cannot handle long inputs.", "limitation", "introduction")
    'own'
    >>> owner_of("it remains unclear why this works.", "open_question", "conclusion")
    'field'
    """
    if kind == "negative_result":
        return "prior" if section in _EARLIER_WORK and not _speaks_of_itself(prepared) else "own"
    if kind == "open_question":
        if _PRIOR_SUBJECT.search(prepared) and not _speaks_of_itself(prepared):
            return "prior"
        return "field"
    if kind == "future_work":
        return _owner_of_plan(prepared, section)
    return _owner_of_weakness(prepared, section, previous)


_PRIOR_SUBJECT = re.compile(rf"^(?:\w+, )?(?:{_PRIOR.pattern})")
_FUTURE_FIELD = re.compile(
    r"\bthe (?:field|community)\b|\bresearchers\b"
    r"|\bfuture (?:\S+ ){0,3}(?:research|stud(?:y|ies)|approaches|methods|systems|work) (?:should"
    r"|needs? to|must)\b"
)


def _owner_of_plan(prepared: str, section: SectionKind) -> Owner:
    if section in _EARLIER_WORK and _THEIR_PLAN.search(prepared):
        return "prior"
    return "field" if _FUTURE_FIELD.search(prepared) else "own"


def _owner_of_weakness(prepared: str, section: SectionKind, previous: str) -> Owner:
    # What is compared with is not spoken of: "Unlike existing parsers, ours ...", "..., while ours ...".
    prepared = _CONTRASTED.sub("", _COMPARISON.sub("", prepared))
    if _NOBODY.search(prepared):
        return "field"
    if section in _EARLIER_WORK and _THEY_DID.search(prepared):
        return "prior"
    if _WE_DID_NOT.search(prepared):
        return "own"
    prior, named = _PRIOR.search(prepared) is not None, _NAMED.search(prepared) is not None
    if _speaks_of_itself(prepared):
        # "Our model fails where earlier models do": the subject decides, unless the own work only follows.
        first_other = min(_start(_PRIOR, prepared), _start(_NAMED, prepared))
        return "own" if not (prior or named) or _start(_OWN_WINS, prepared) <= first_other else "prior"
    if section in _EARLIER_WORK:
        return "field" if _FIELD.search(prepared) and not (prior or named) else "prior"
    if prior or named:
        return "own" if section in _ABOUT_ITSELF and _COMPARES.search(prepared) and not named else "prior"
    if _GENERIC_SUBJECT.search(_SETTING.sub("", prepared)) and section not in _ADMITTING:
        return "prior"
    if section in _ABOUT_ITSELF:
        if _THEY.search(prepared) and previous:
            return _owner_of_antecedent(previous, section)
        return "field" if section not in _ADMITTING and _FIELD.search(prepared) else "own"
    if _THEY.search(prepared) and previous and not _speaks_of_itself(previous):
        return "prior"
    if section == "other" and _DEFINITE.search(prepared):
        return "own"
    # In an introduction a weakness of "PCA" or "batch methods" is one of what came before.
    if _METHOD.search(prepared) and not _FIELD.search(prepared):
        return "prior"
    return "own" if section == "other" and not _FIELD.search(prepared) else "field"


def _owner_of_antecedent(previous: str, section: SectionKind) -> Owner:
    """Owner of a sentence that begins with "they", "it" or "this", from the sentence before it."""
    if _speaks_of_itself(previous):
        return "own"
    if _PRIOR.search(previous) or _NAMED.search(previous):
        return "own" if section in _ADMITTING else "prior"
    return "own"


def _speaks_of_itself(prepared: str) -> bool:
    return bool(_OWN.search(prepared) or _WE_LACK.search(prepared))


def _start(pattern: re.Pattern[str], prepared: str) -> int:
    """Where the pattern first occurs; beyond any sentence when it does not."""
    found = pattern.search(prepared)
    return found.start() if found else len(prepared) + 1


def strength_of(prepared: str) -> Strength:
    """Whether the authors hedge (Hyland, 1998, "Hedging in Scientific Research Articles").

    >>> strength_of("this may not hold for long inputs."), strength_of("this fails on long inputs.")
    ('hedged', 'plain')
    """
    return "hedged" if _HEDGED.search(prepared) else "plain"
