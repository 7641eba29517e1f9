"""Sentences that sound like limitations and are none."""

from __future__ import annotations

import re

# Each pattern is matched on a prepared sentence (fallow.statements.cues.prepare).
_CHECKLIST = re.compile(
    r"^(?:\(?[a-z0-9]\)\s*)?did you (?:describe|discuss|state|include|report|specify|mention|provide|read)\b"
    r"|^(?:\d+[.)]?\s*)?question: |^guidelines?:|^justification:|^answer: |\[(?:yes|no|n/a|na|todo)\]"
    r"|\banswer na means\b"
    r"|\bthe authors (?:are encouraged|should|might|may) (?:to )?(?:create|reflect|discuss|point|mention"
    r"|state|be explicit)\b"
    r"|\bdoes the paper (?:discuss|describe|fully)\b|\bpaper checklist\b"
    r"|\breviewers will be (?:specifically )?instructed\b"
    r"|\bis more important than honesty about limitations\b"
)
_ETHICS = re.compile(
    r"\b(?:no|any|potential(?:ly)?) (?:\w+ )?(?:ethical|societal|negative societal) (?:concerns?|issues?"
    r"|consequences?|impacts?|"
    r"implications?)\b|\bwhich we feel must be specifically highlighted\b|\bdual[- ]use\b|\birb\b"
    r"|\binformed consent\b"
    r"|\bcode of ethics\b|\bbroader impacts?\b|\bmisus(?:e|ed)\b|\bmalicious\w*\b"
)
_THANKS = re.compile(
    r"^(?:we|the authors?|i) (?:would like to |also |are |am )*(?:thank|gratefully|grateful|acknowledge"
    r"|indebted)\b"
    r"|\b(?:supported|funded|sponsored) (?:in part |partially |partly )?by\b|\bgrant (?:no|number"
    r"|agreement|#)"
    r"|\banonymous reviewers\b|\bopinions?,? findings\b|\bdo not necessarily reflect\b|\bcontribut(?:ed"
    r"|ion) equally\b"
)
_SCOPE = re.compile(
    r"\bwe (?:will |shall |therefore |thus |also |here |only |now |first )*(?:limit|restrict|confine"
    r"|constrain) "
    r"(?:ourselves|our(?:selves)? (?:attention|discussion|focus|analysis|study|scope|presentation)?"
    r"|attention|the discussion|to)\b"
    r"|\bwithout (?:any )?loss (?:of|in) generality\b|\bw\.?l\.?o\.?g\b|\b(?:lack of|limited|due to|for"
    r"|because of|given) (?:the )?"
    r"(?:limited )?(?:space|page)\b(?! complexity)|\bspace (?:limit\w*|constraints?|reasons?"
    r"|restrictions?)\b|\bpage limit\w*\b"
    r"|\b(?:beyond|outside|out of) the scope of (?:this|the|our|the present) (?:\w+ )?(?:paper|work"
    r"|article|study|chapter|survey)\b"
    r"|\bfor (?:the sake of )?(?:simplicity|brevity|clarity|ease|convenience|notational"
    r"|ease of (?:exposition|notation))\b"
    r"|\b(?:includ\w+|but),? (?:but )?(?:is |are )?not limited to\b|\b(?:is|are) not (?:limited"
    r"|restricted|confined) to\b"
    r"|\bto avoid (?:\w+ )?(?:clutter|confusion|repetition)\b|\bsee (?:the )?appendix\b.{0,20}$"
    r"|\b(?:defer|refer|postpone|relegate)\w* .{0,60}\b(?:appendix|supplement\w*|section)\b"
)
_MATHEMATICAL_LIMIT = re.compile(
    r"\b(?:in|to|take|taking|takes|at|as|under) the (?:\S+ ){0,4}limits?\b|\blimits? (?:as"
    r"|of (?:the )?(?:sequence|function|process|"
    r"integral|sum|ratio|\S{1,3}\b)|points?|cycles?|sets?|theorems?|distributions?|laws?|exists?)\b"
    r"|\blimiting (?:distribution|"
    r"behaviou?r|case|process|object|value|measure|density|spectral|equation|regime|variance|covariance"
    r"|law|function|kernel|argument)"
    r"|\bcentral limit\b|\b(?:upper|lower|time|rate|speed|size|length|detection|scaling|hydrodynamic"
    r"|mean-field|thermodynamic|"
    r"continuum|infinite-width|kernel|large|small|weak|strong|low|high|asymptotic|diffusion|fluid) limits?\b"
    r"|\blimit(?:s)? (?:lim|n|t|k|→)|(?:→|\btends to|\bgoes to|->) ?(?:∞|infinity|0|zero)"
)
_OTHER_LIMITATION = re.compile(
    r"\blimitations?\b|\bdrawbacks?\b|\bshortcomings?\b|\bweakness|\bfuture\b|\bfail(?:s|ed|ure)?\b"
    r"|\bcannot\b|\bhowever\b"
    r"|\bunfortunately\b|\blimited to\b"
)
_DENIAL = re.compile(
    r"\bno (?:\w+ ){0,4}(?:limitations?|restrictions?|drawbacks?)\b|\bnot dependent on\b"
    r"|\bas opposed to .{1,80}\b(?:not|no)\b|\bdo(?:es)? not (?:affect|(?:necessarily )?mean)\b|"
    r"^unlike (?:earlier|previous|existing|most|other|prior|traditional|conventional|many)\b|"
    r"\b(?:issues?|problems?|limitations?|difficult(?:y|ies)|drawbacks?|shortcomings?) (?:can|could|may"
    r"|might) (?:\w+ )?be "
    r"(?:\w+ly )?(?:handled|solved|addressed|overcome|avoided|alleviated|mitigated|resolved|circumvented)\b|"
    r"\b(?:not|never) (?:\w+ )?(?:observed?|found|find|notic\w+|seen?) (?:any|this|it|such) (?:\w+ ){0,3}"
    r"(?:negative|problem\w*|degradation|issues?|drops?|loss)\b|"
    r"\b(?:do(?:es)? not|without|never|no longer|not) (?:\w+ )?(?:suffer(?:ing)?|struggle|require|rely"
    r"|need|depend|limited|restricted|"
    r"incur|sacrific\w+|degrad\w+|deteriorat\w+|hurt\w*|drop|decreas\w+|los(?:e|ing)|assume)\b"
    r"|\bwithout (?:\w+ )?(?:the need|any|requir\w+"
    r"|loss|degrad\w+|sacrific\w+|relying)\b"
    r"|\b(?:overcom|alleviat|mitigat|circumvent|remed|address|tackl|resolv|avoid|eliminat|solv)(?:e|es|ed"
    r"|ing|y|ies)? "
    r"(?:\w+ ){0,3}(?:this|these|the|those|such|both|all|their|its|some|many|previous|several"
    r"|any) (?:\S+ ){0,4}"
    r"(?:limitations?|drawbacks?|shortcomings?|weakness(?:es)?|problems?|issues?|challenges?"
    r"|difficult(?:y|ies)|bottlenecks?|gaps?|deficienc(?:y|ies))\b"
)
_OUTLINE = re.compile(
    r"\b(?:the )?(?:remainder|rest) of (?:the|this) (?:paper|article|section|work)\b|^(?:finally, |then, "
    r"|in )?(?:section|sec\.|§)s? ?\d"
    r"|\borgani[sz]ed as follows\b|\bsection \d\S* (?:is|gives|presents|describes|discusses|concludes"
    r"|contains|provides|summari[sz]es)\b"
    r"|\b(?:limitations|extensions|future work|directions|drawbacks|shortcomings"
    r"|weaknesses) (?:\S+ ){0,6}(?:is|are) (?:also |then |briefly |finally )?"
    r"(?:discussed|described|presented|outlined|suggested|given|listed|summari[sz]ed)\b"
    r"|\bwe (?:also |then |finally |will |briefly )*(?:discuss|describe|outline|present|conclude|mention"
    r"|review|point out) (?:\S+ ){0,5}"
    r"(?:limitations?|future (?:work|directions?|research)|extensions|shortcomings|drawbacks|weaknesses)\b"
    r"|\bin this (?:paper|work|section|article|study),? (?:we|i) (?:will |shall |only |mainly |also "
    r"|therefore )*(?:focus|concentrate|address|aim|consider)\b"
    r"|\bwe (?:will|shall|do) not (?:\w+ )?(?:address|discuss|consider|cover|treat|describe|pursue"
    r"|go into|elaborate) (?:\S+ ){1,8}"
    r"(?:here|in this (?:paper|work|article|section|study))\b"
)
_NO_WORDS = re.compile(r"[a-z]{2,}")
_FEWEST_WORDS = 5
_LEAST_LETTERS = 0.6


def is_boilerplate(prepared: str) -> bool:
    """Whether a prepared sentence is checklist, ethics, thanks, scope or mathematical-limit talk.

    >>> is_boilerplate("(b) did you describe the limitations of your work? [yes]")
    True
    >>> is_boilerplate("we restrict ourselves to binary trees.")
    True
    >>> is_boilerplate("it converges in the limit of n.")
    True
    >>> is_boilerplate("our parser is limited to short sentences.")
    False
    """
    if (
        _CHECKLIST.search(prepared)
        or _THANKS.search(prepared)
        or _SCOPE.search(prepared)
        or _ETHICS.search(prepared)
        or _OUTLINE.search(prepared)
    ):
        return True
    return bool(_MATHEMATICAL_LIMIT.search(prepared)) and not _OTHER_LIMITATION.search(prepared)


def is_denial(prepared: str) -> bool:
    """Whether the sentence says that a weakness is absent or was overcome.

    >>> is_denial("our model does not suffer from exposure bias.")
    True
    >>> is_denial("we address these limitations by caching.")
    True
    """
    return _DENIAL.search(prepared) is not None


def is_prose(text: str) -> bool:
    """Whether the sentence reads as English prose: not a table row, an equation or another language."""
    letters = sum((char.isascii() and char.isalpha()) or char == " " for char in text)
    found = _NO_WORDS.findall(text.lower())
    if len(found) < _FEWEST_WORDS or letters < _LEAST_LETTERS * len(text):
        return False
    return not _ENGLISH.isdisjoint(text.lower().split())


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words("the a an of to in is are be for that this we our it not on with and as by which from can ")
