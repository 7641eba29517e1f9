"""What a statement is about once its lead-in is gone ("We plan to extend it" -> "extend it")."""

from __future__ import annotations

import re

from fallow.statements.cues import LONGEST

_ADVERB = (
    r"(?:however|moreover|furthermore|in addition|additionally|also|finally|first(?:ly)?|second(?:ly)?"
    r"|third(?:ly)?|lastly|besides|"
    r"nevertheless|nonetheless|unfortunately|therefore|thus|hence|in particular|for example|for instance"
    r"|on the other hand|"
    r"at the same time|to this end|at present|currently|in (?:the |our )?(?:near )?future(?: works?"
    r"| research| studies)?|"
    r"in (?:our )?(?:ongoing|further) (?:work|research)|as (?:a )?(?:part of )?(?:our )?(?:future|next"
    r"|further) (?:work|steps?|research)|"
    r"as (?:another|a|one) (?:\w+ )?(?:direction|limitation|drawback|step)|for (?:our )?future (?:work"
    r"|research)|next|"
    r"despite (?:its|these|this|the|our|their) [^,]{1,60}|although [^,]{1,90}|while [^,]{1,90}"
    r"|even though [^,]{1,90}|but|and|yet|still|so|"
    r"that said|in practice|in general|generally|similarly|specifically|consequently|as a result|as such"
    r"|indeed|note that|"
    r"we (?:note|observe|believe|acknowledge|find|found|emphasize|admit|conjecture|also note"
    r"|also believe) that|it (?:is|should be) (?:worth )?"
    r"(?:noted|noting|important to note|clear|possible|noteworthy) that|the (?:fact|reason|problem|issue"
    r"|point) (?:is )?that|"
    r"there (?:is|are|remains?)(?: still)?|\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])[.):])"
)
_ADJECTIVE = (
    r"(?:interesting|promising|possible|important|natural|exciting|fruitful|obvious|potential|useful"
    r"|major|main|key|first|"
    r"second|third|final|clear|significant|other|further|common|notable|serious|worthwhile|valuable|open"
    r"|primary|remaining|current|"
    r"main|last|practical|second|fundamental|immediate|next|great|general|theoretical|inherent|particular"
    r"|related|additional)"
)
_NOUN = (
    r"(?:limitations?|drawbacks?|shortcomings?|weakness(?:es)?|downsides?|disadvantages?|caveats?"
    r"|problems?|issues?|challenges?|"
    r"difficult(?:y|ies)|directions?|avenues?|extensions?|questions?|lines?|topics?|steps?|areas?|ways?"
    r"|tasks?|goals?|ideas?|plans?|works?|"
    r"concerns?|bottlenecks?|opportunit(?:y|ies)|improvements?|possibilit(?:y|ies))"
)
_LEADS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_ADVERB}\s*[,:]?\s+",
        r"(?:therefore |thus |also |then |finally |hence )?(?:we|i|the authors?|they) (?:are |will "
        r"|would |do |also |further |currently |now |"
        r"next |then |therefore |plan |intend |hope |wish |want |like |love |expect |aim |believe |going "
        r"|planning |interested |working |"
        r"hoping |shall |can |could |may |might |continue |try |attempt |seek |have |to |in |on |leave "
        r"|left |the |be |need |anticipate |"
        r"envision |consider |strongly |still |must |should |wanting |able )+(?=\w)",
        rf"(?:one|another|a|an|the|some|two|three|several|many|our|its|their|other|also)(?: of (?:the|our"
        rf"|its|their))?(?: {_ADJECTIVE}){{0,3}} "
        rf"{_NOUN}(?: (?:of|for|in|with|to|on) (?:\S+ ){{0,6}}?\S+?)?(?: (?:here|that remains"
        rf"|for future (?:work|research)|would be|will be|"
        rf"could be|may be|might be|remains))? ?(?:is|are|was|were|be|lies in|concerns?|involves?"
        rf"|includes?|:)(?: the fact)?"
        rf"(?: that| to| how to| in| whether| of)?,? ",
        r"(?:it|this|that|which) (?:would|will|might|may|could|is|remains|seems|should) (?:also "
        r"|therefore |thus |still |be |an |a |of |very |"
        r"great |particularly |thus |worth |worthwhile |interesting |useful |valuable |possible "
        r"|important |helpful |beneficial |"
        r"desirable |natural |interest |nice |good |necessary |instructive |open |unclear |unknown |not "
        r"|clear |yet |known |problem |"
        r"question |challenge |to |see |as |how |whether |if )+",
        r"(?:our |the |some |possible |planned )?(?:future|further|ongoing|subsequent|next|more|additional) "
        r"(?:works?|research|studies|study|investigations?|efforts?|directions?|plans?|steps?|extensions?"
        r"|improvements?)"
        r"(?: (?:on|in|for) (?:this|the) \w+)? (?:will |could |should |would |can |may |might |includes? "
        r"|involves? |is |are |be |"
        r"also |needed |required |necessary |consists? |aims? |focus(?:es)? |on |of |to |in |for "
        r"|planned |directed |therefore |concerns? )+",
        r"(?:whether|if|how|why|to)\s+(?=\w)",
    )
)
_TAIL = re.compile(
    r"(?:,? (?:which )?(?:we|is|are|and|will be)? ?(?:leave|left|leaving|defer|deferred|is left|remains?"
    r"|is)\w* (?:this |it |that |these |them |the \w+ )?"
    r"(?:for|to|as|an?) (?:our |an? |the )?(?:interesting |important |promising |possible )?(?:future"
    r"|further|later|open|ongoing|subsequent)"
    r"(?: (?:work|research|study|studies|investigation|question|problem|direction|exploration|direction"
    r"|works))?"
    r"|,? (?:in|as|for|to) (?:our |the |a )?(?:near )?(?:future|later|further)(?: (?:work|research|study"
    r"|studies|works))?"
    r"|,? however|,? though|,? either|,? as well|,? too)"
    r"\s*[.;:]*$",
    re.IGNORECASE,
)
_CITATION = re.compile(
    r"\s*(?:\((?:[^()]{0,80}\b(?:19|20)\d\d[a-z]?[^()]{0,80})\)|\[[\d,;\s–-]{1,40}\]"
    r"|\[[A-Z][^\[\]]{1,60}\d{2,4}\w?\])"
)
_MOST_LEADS = 6
_FEWEST_WORDS = 2
_NAMED_WORK = re.compile(r"\s\((?=[^()]*[A-Z])(?:[^()]|\([^()]*\)){8,300}\)\s*[.!?]?$")
"""A title in parentheses at the end, as our summaries name the earlier work that they speak of."""
_SPACES = re.compile(r"\s+")


def core_of(text: str) -> str:
    """The statement without lead-in, tail and citations; "" when fewer than two words are left.

    >>> core_of("However, in future work we plan to extend the parser to other languages (Lee, 2010).")
    'extend the parser to other languages'
    >>> core_of("One limitation of our approach is that it needs a large annotated corpus.")
    'it needs a large annotated corpus'
    >>> core_of("How to scale decoding is left for future work.")
    'scale decoding'
    """
    core = _SPACES.sub(" ", _CITATION.sub("", text[:LONGEST])).strip()
    for _ in range(_MOST_LEADS):
        for lead in _LEADS:
            found = lead.match(core)
            if found and found.end() < len(core):
                core = core[found.end() :]
                break
        else:
            break
    core = _NAMED_WORK.sub("", _TAIL.sub("", core)).strip(" .,;:!?")
    return core if len(core.split()) >= _FEWEST_WORDS else ""
