"""The words of reviews: where a sentence begins, what is idle, what stands alone, what criticises or asks."""

from __future__ import annotations

import re

from fallow.statements.boilerplate import is_prose
from fallow.statements.statement import StatementKind
from fallow_ingest.text.sentences import Span, split_sentences

LONGEST_PART = 100_000
"""Characters read of one part of a review."""
_FEWEST_WORDS, _MOST_WORDS = 7, 60
_LEAD = re.compile(
    r"(?:\*\*[^*\n]{1,80}\*\*[\s:.–—-]*|[\s>#*_•▪●◦‣·+–—-]"
    r"|\(?\[?(?:\d{1,2}(?:\.\d{1,2})?|[a-hivxQW]{1,4}\d{0,2}|[QWC]\d{1,2})[.):\]]+(?=\s|\*)"
    r"|(?:weakness(?:es)?|questions?|concerns?|limitations?|major|minor|cons?"
    r"|[QWC]\d{1,2}|significance|novelty|soundness|clarity|originality|quality|experiments"
    r"|evaluation) ?\d{0,2}"
    r"[:.)]\s)+",
    re.IGNORECASE,
)


def prose_spans(text: str) -> list[Span]:
    """The sentences of a part, line by line, without bullets, numbers and run-in headings before them."""
    spans: list[Span] = []
    at = 0
    for line in text[:LONGEST_PART].splitlines(keepends=True):
        for start, end in split_sentences(line):
            sentence = line[start:end]
            lead = _LEAD.match(sentence)
            start += lead.end() if lead else 0
            words = len(line[start:end].split())
            if _FEWEST_WORDS <= words <= _MOST_WORDS:
                spans.append(Span(at + start, at + end))
        at += len(line)
    return spans


# Each pattern is matched on a prepared sentence (fallow.statements.cues.prepare).
_POINTING = re.compile(
    r"^(?:and |but |also,? |so |or |thus,? |hence,? |then,? |however,? |therefore,? |furthermore,? "
    r"|moreover,? |in addition,? |additionally,? |besides,? |yet,? |still,? |indeed,? |specifically,? "
    r"|in particular,? |for example,? |for instance,? |otherwise,? |similarly,? |finally,? |again,? )*"
    r"(?:it|its|they|their|them|he|she|these|those|such|that|which|the (?:former|latter|same"
    r"|above|following|other|second|first|third)|here|both|each|neither|another|one (?:example|is|such|more)"
    r"|if (?:so|not|yes|this|that)|in (?:this|that|these|those) (?!paper|work|study|manuscript)\w+|as such"
    r"|this(?! (?:paper|work|study|method|approach|manuscript|submission|article)\b))\b"
    r"|^(?:and|or|but|so|because|which|while|whereas|as|since|although|than|to|for|of|with|without|by"
    r"|e\.g|i\.e|etc|see|c\.?f)\b(?!.*[,;].{20,})"
)
"""Opens with something that only the sentence before explains."""
_POINTS_BACK = re.compile(
    r"\b(?:above|below|aforementioned|as (?:mentioned|stated|noted|said|discussed|described)|see (?:the )?"
    r"(?:questions?|weakness(?:es)?|comments?|limitations?|strengths?|previous|next|also)"
    r"|(?:the|my) (?:previous|following|other|next) (?:questions?|points?|comments?|issues?|concerns?"
    r"|weakness(?:es)?|ones?|section|paragraph)|weakness(?:es)? (?:section|part|\d)|questions? (?:section"
    r"|part|\d)|w\d\b|q\d\b|in that case|this (?:point|issue|concern|question|comment|problem|regard|claim"
    r"|statement|sentence|assumption|part|aspect|matter|case|result|observation|choice|definition|equation"
    r"|phenomenon|setting|step|term|information)|these (?:points?|issues?|concerns?|questions?|results?"
    r"|assumptions?|claims?|two|three|terms|choices|cases|aspects|experiments|works|baselines|papers)"
    r"|(?:do|does|did|doing) (?:so|this|that|it)|on this|about this|for this|of this|by this|to this"
    r"|from this"
    r"|why is (?:that|this|it)|the (?:former|latter))\b(?! (?:paper|work|study|method|approach|manuscript"
    r"|submission|article|algorithm|model|framework|area|field))"
)
_PLACES = re.compile(
    r"\b(?:lines?|l\.|ln\.?|page|pp?\.|fig(?:ure|s|ures)?\.?|tab(?:le|les)?\.?|eqn?s?\.?|equations?"
    r"|sec(?:tions?)?\.?"
    r"|theorems?|thm\.?|lemmas?|propositions?|prop\.?|corollary|definitions?|assumptions?|algorithms?|alg\.?"
    r"|appendix|app\.?|footnote|chapter|step|remark|example|paragraph|column|row) ?\(?~?(?:\d|[a-z]\.?\d"
    r"|[a-f]\b(?! \w+ing)"
    r"|[ivx]{1,4}\b)|\bl\d{2,4}\b|§ ?\d|\(\d{1,2}\)|\bthe (?:left|right|top|bottom) (?:panel|figure|side"
    r"|plot)\b"
)
"""Needs the paper beside it to be understood."""
_MANUSCRIPT = re.compile(
    r"\b(?:typos?|typographical|grammar\w*|grammatical\w*|spelling|misspell\w*|punctuation|capitali[sz]\w+"
    r"|proof-?read\w*|captions?|legends?|fonts?|font size|axis|axes|axis labels?|page limit|camera[- ]ready"
    r"|formatt\w+|latex|bibtex|citation style|hyperlinks?|italic\w*|notations?|symbols?|abbreviations?"
    r"|acronyms?|undefined|not defined|never defined|is defined|be defined|wordings?|phras(?:e|ing)"
    r"|sentences?"
    r"|paragraphs?|supplementary|supplemental|appendix|appendices|main (?:body|text|paper)|figures?|tables?"
    r"|title|abstract|introduction|conclusion|intro|related works? section|readability|readers?|typeset\w*"
    r"|written|writing|well[- ]organi[sz]ed|organi[sz]ation of the|organi[sz]ed|readable"
    r"|hard to (?:follow|read|parse)"
    r"|difficult to (?:follow|read|parse|understand)|not easy to (?:follow|read)|to follow|presentation"
    r"|exposition|clarity|self-contained|dense|too long|polish\w*|verbose|wordy|repetitive|visuali[sz]ations?"
    r" (?:are|is)|cite[ds]?|citing|citations?|reference is|references? (?:are|is|section|list|format))\b"
)
"""Remarks on the manuscript, which no other work can take up."""
_COURTESY = re.compile(
    r"\b(?:thanks?|thank you|appreciat\w+|apologi[sz]e|sorry|kudos|congrat\w*|best wishes)\b"
    r"|\b(?:rebuttal|rating|my score|the score|scores? (?:to|from|up)|raise|raising|raised|increase my|my"
    r" (?:rating|evaluation|recommendation|opinion|review|understanding|knowledge|expertise|confidence)"
    r"|borderline|accept(?:ance|ed)?|reject(?:ion|ed)?|neurips|iclr|icml|this venue|the venue|the conference"
    r"|reviewers?|review process|area chair|i am not (?:an expert|familiar|sure if i)|i'm not (?:an expert"
    r"|familiar)|not an expert|outside (?:of )?my|i (?:did|have) not (?:check|verif|read)\w*"
    r"|i (?:may|might|could) (?:be wrong|have m\w+|be m\w+)|minor (?:comments?|issues?|points?|concerns?"
    r"|weakness\w*|suggestions?)|not (?:really )?a (?:major |big |real )?(?:weakness|concern|issue|problem)"
    r"|no (?:major |significant |obvious |clear |real |further |specific |other |big |particular "
    r"|immediate |direct )*"
    r"(?:weakness\w*|concerns?|issues?|flaws?|questions?|complaints?|limitations?|negative|potential|societal"
    r"|ethic\w*)|i (?:don't|do not|didn't|did not|cannot|can't) (?:see|find|think of|identify|have|foresee"
    r"|think there) (?:any|much|many|major|significant|obvious|a )|none|n/a|not applicable|nitpick\w*"
    r"|curious (?:to|if|about|whether|how)|out of curiosity|fair enough|great (?:work|paper|job)|nice (?:work"
    r"|paper|job)|happy to|willing to|look forward|would (?:love|like) to (?:know|see|hear|understand|ask))\b"
)
_ON_LIMITATIONS = re.compile(
    r"\b(?:limitations?|societal|social|broader|negative|ethic\w*|potential) (?:\w+ ){0,4}(?:impacts?"
    r"|consequences?|implications?|section|of (?:the|their|this|his|our) (?:\w+ ){0,2}(?:work|paper|method"
    r"|approach|study|research)?)?.{0,60}\b(?:discuss\w*|address\w*|mention\w*|acknowledg\w*|list(?:ed|s)?"
    r"|stated?|includ\w*|provid\w*|cover\w*|present|adequate\w*|sufficien\w*|clear\w*|appropriate\w*|given"
    r"|described?|explained?|well|fine|ok|good)\b"
    r"|\b(?:discuss\w*|address\w*|mention\w*|acknowledg\w*|list(?:ed|s)?|stat(?:ed?|es)|includ\w*|provid\w*"
    r"|cover\w*|describ\w*|talk\w*|present(?:ed|s)?|add|added|adequate\w*|explicit\w*|highlight\w*|no) "
    r"(?:\S+ ){0,8}(?:limitations?|societal|broader impacts?|negative impacts?|ethic\w*)\b"
    r"|\b(?:societal|social|ethic\w*|broader) impacts?\b|\blimitations? (?:section|discussion|are|is)\b"
)
"""Whether the paper speaks of its limitations is asked by the form; the answer is none itself."""
_PRAISE = re.compile(
    r"\b(?:well[- ](?:written|motivated|structured|executed|presented|done|designed|supported)|solid"
    r"|impressive|excellent|elegant|compelling|convincingly|thorough(?:ly)?|comprehensive(?:ly)?"
    r"|i (?:really |very much )?(?:like|enjoy\w*|agree|believe the paper)|strong (?:paper|results|work"
    r"|contribution)|interesting (?:and|paper|work|idea|approach|direction|problem|topic|results)"
    r"|nice(?:ly)?|good (?:paper|work|idea|results)|novel and|valuable|promising|the strengths?)\b"
)
_BUT = re.compile(
    r"\b(?:but|however|though|although|while|yet|despite|not|no|lacks?|lacking|missing|limited|only|unclear"
    r"|insufficient\w*|fails?|weak|would|should|could|more|less|without|n't)\b|n't\b"
)
_WORK = (
    r"(?:papers?|works?|stud(?:y|ies)|manuscript|submission|methods?|methodology|approach(?:es)?|models?"
    r"|modelling"
    r"|algorithms?|frameworks?|techniques?|architectures?|systems?|networks?|pipelines?|experiments?"
    r"|experimental (?:results|evaluation|setup|settings?|validation)|experimentation|evaluations?|results"
    r"|analys[ei]s|theory|theoretical (?:results?|analysis|guarantees?|findings)|guarantees?|bounds?|proofs?"
    r"|comparisons?|baselines?|data ?sets?|data|benchmarks?|ablations?|ablation stud(?:y|ies)|assumptions?"
    r"|performance|improvements?|gains?|contributions?|novelty|innovation|empirical (?:results|evaluation"
    r"|validation|evidence)|solution|estimators?|training|inference|loss|objective|procedure|scheme|strategy"
    r"|module|application|applicability|scope|setting|scalability|generali[sz]ability|generali[sz]ation"
    r"|robustness|efficiency|complexity|cost|overhead|design|findings|conclusions?|claims?|metrics?|tasks?)"
)
_ANCHORED = re.compile(
    rf"\b(?:the|this|their|its|your|proposed|presented|current|our|main|all|only"
    rf"|authors') (?:[\w’'/-]+ ){{0,4}}{_WORK}\b"
    r"|\b(?:the )?authors (?:only|do|did|have|could|should|need|use|assume|claim|fail|mainly|focus|consider"
    r"|evaluate|compare|test|rely|limit|ignore|propose)"
    rf"|^(?:the |a |there (?:is|are) (?:a |an |no )?)?(?:severe |clear |general )?(?:lacks?|limited"
    rf"|missing|insufficient|inadequate|weak|no|absence"
    rf"|unfair|incremental|narrow|restricted|marginal|poor|only|few) (?:of )?(?:[\w’'/-]+ ){{0,5}}{_WORK}\b"
    rf"|^(?:more|additional|further|larger|stronger|other) (?:[\w’'/-]+ ){{0,4}}{_WORK}\b"
)
"""Names what it speaks of: the paper's work or a part of it."""
_ASKS_OF_WORK = re.compile(
    rf"\b(?:how|can|could|does|do|would|will|is|are|what|why)\b.{{0,80}}\b(?:the|this|your|proposed|their) "
    rf"(?:[\w’'/-]+ ){{0,4}}{_WORK}\b"
)
_ASKS_OPENLY = re.compile(
    r"^(?:and |but |so |also,? |in addition,? )?(?:how (?:does|do|would|will|can|could|might|well|much"
    r"|sensitive"
    r"|robust|important|critical|scalable|general\w*|expensive|dependent|realistic|practical|likely)\b"
    r"|what (?:happens|would happen|if|are the (?:limitations|failure|computational|effects?|conditions"
    r"|costs?)"
    r"|is the (?:computational|effect|impact|influence|performance|complexity|cost|sensitivity|time"
    r"|running time|sample complexity|price|trade-?off))|(?:can|could|does|do|would|will|is|are) (?:the"
    r"|this|your"
    r"|proposed) (?:[\w’'/-]+ ){0,6}(?:be (?:\w+ )?(?:extended|applied|generali[sz]ed|adapted|used|relaxed"
    r"|combined|improved|removed|scaled|transferred|made|adopted|integrated|deployed|weakened|tightened)"
    r"|scale|generali[sz]e|extend|apply|work|hold|transfer|handle|benefit|still|also|suffer|degrade|perform"
    r"|sensitive|robust|necessary|limited|applicable|able|useful|effective|tight|optimal|improve|outperform"
    r"|remain|depend|require|need|rely|support|deal|cope|fail)\b|is it (?:possible|feasible) to (?:extend"
    r"|apply|generali[sz]e|relax|use|combine|adapt|improve|scale|obtain|achieve|remove|avoid|reduce|train)\b"
    r"|why (?:does|do|is|are) (?:the|this|your|proposed)\b|under (?:what|which) (?:conditions|circumstances"
    r"|assumptions)|to what extent|whether)"
)
"""Questions that somebody's later work could answer, not the authors by a word."""
_TO_AUTHORS = re.compile(
    r"\b(?:you|we|i|please|clarif\w*|elaborat\w*|explain\w*|comment on|defin(?:e|ed|ition)|confirm|correct"
    r"|mean(?:s|t)?|meaning|called|denote\w*|specific(?:ally)?|exactly|details?|intuition|motivation"
    r"|rationale"
    r"|chosen|choose|chose|choosing|selected|select|computed|calculated|obtained|implemented|initiali[sz]ed"
    r"|constructed|derived|being|said|authors? (?:use|used|choose|chose))\b"
    r"|\b(?:them|it|this|that|these|those|such|one|ones|so|here|there)\W*$"
)
"""Questions to the authors about what they wrote; they leave nothing open."""
_FIRST_PERSON = re.compile(
    r"^(?:[\w ]{0,30}, )?(?:i|we|my|you|could you|can you|please|kindly)\b(?! (?:believe|think|feel|find"
    r"|found|am concerned"
    r"|'m concerned|main concern|primary concern|biggest concern|major concern|concern|only concern|biggest"
    r"|main|primary|major)\b)|\bi (?:wonder|imagine|assume|guess|suppose|understand|don't understand"
    r"|do not understand"
    r"|wish|hope|suspect|am not (?:sure|certain|convinced|well)|'m not (?:sure|certain)|would (?:suggest|like"
    r"|expect"
    r"|assume|recommend)|suggest|recommend|expect|'d)\b|\byou(?:r|rs)?\b|\bplease\b"
)
_EXPLAINING = re.compile(
    r"\b(?:explanations?|explain\w*|intuitions?|intuitive\w*|elaborat\w*|clarif\w*|clearer|clearly|details?"
    r"|detailed|statement|discussions?|discuss\w*|mention\w*|understand\w*|comments?|source code|the code"
    r"|background|descriptions?|described?|justif\w*|section|terminolog\w*|definitions?|defined"
    r"|specif(?:y|ied)"
    r"|state[ds]?|word|term|what the authors|references?|made clear|make clear|minor|better if|rewrit\w*"
    r"|motivations?|expository|sections?|nit-?picking|neat-?picking|reorgani[sz]\w*|reproducib\w*"
    r"|highlight\w*|emphasi[sz]\w*|interesting|curious)\b"
)
"""What the paper should say better, not what the work lacks."""
_PLAIN = re.compile(
    r"\b(?:(?:limited|restricted) to|limits? (?:its|the|their)|limiting (?:its|the|their)|lacks?"
    r"|lacking|lack of"
    r"|(?:only|solely|just) (?:been )?(?:evaluat\w+|test\w*|consider\w*|appl\w+|works?|demonstrat\w+"
    r"|validat\w+"
    r"|compar\w+|conduct\w+|done|perform\w*)|(?:is|are|were|was|been) only"
    r"|(?:does|do|did|is|are|has|have|was|were) not (?:been )?(?:scale|generali\w+|apply|work|handle"
    r"|consider\w*"
    r"|compar\w+|evaluat\w+|test\w*|address\w*|explore\w*|scalable|robust|applicable|report\w*|account"
    r"|practical|realistic|sufficient|extensive|enough)|(?:relies|rely) heavily|heavily rel(?:ies|y)"
    r"|requires? (?:\w+ )?(?:expensive|large|additional|access|careful|manual|knowledge|extensive|significant"
    r"|more|many|labels?|prior)|sensitive to|no (?:comparison|experiment|evaluation|theoretical|ablation"
    r"|guarantee)\w*|insufficient|inadequate|fails? to|cannot|computationally (?:\w+ )?(?:expensive"
    r"|intensive)"
    r"|unrealistic|impractical|strong assumptions?|restrictive|too (?:small|simple|limited|strong|few))\b"
)
_EVIDENCE = re.compile(
    r"\b(?:ablat\w*|baselines?|compar(?:e|es|ed|ing|isons?|ative)|competitors?|experiment\w*|evaluat\w*"
    r"|validat\w*|benchmark(?:ed|ing)|empirical\w*|claims?|results?|state-of-the-art|sota|error bars?"
    r"|standard deviations?|confidence intervals?|statistical\w*|significance|analys\w+|support(?:ed|s)?"
    r"|the authors? (?:should|could|need|did|do|only|have)|improvements?|outperform\w*|thorough\w*|studied"
    r"|demonstrat\w*|convinc\w*|would (?:be|benefit|improve|strengthen|help|enhance)|tested|missing|unclear"
    r"|not clear)\b"
)
_FRAGMENT = re.compile(
    r"(?:lack(?:s|ing)? of|lacks?|limited|missing|insufficient|inadequate|absence of|no|weak|unfair"
    r"|narrow|only) "
)
_FINISHED = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!etc)(?<!et al)[.!?][)\"'”’]?$")
_ASKS_WITHOUT_MARK = re.compile(
    r"^(?:would|could|can|does|do|did|is|are|was|were|has|have|should|will|how|what|why)\b"
)
_MERIT = re.compile(
    r"\b(?:novelty|novel|innovati(?:on|ve|veness)|contributions?|significance|incremental\w*|originality"
    r"|original"
    r"|technical depth|impactful|recommend\w*|merits?|convincing|persuasive)\b"
)
"""A verdict on the paper rather than something that its work lacks: nobody can take that up."""
_CLAUSE_POINTS = re.compile(
    r", (?:this|it|that|they|these) (?:could|can|may|might|would|will|is|are|was|were|poses?|seems?|makes?)\b"
    r"(?! (?:still |also )?(?:unclear|not clear|unknown|unsure|questionable|uncertain|hard|difficult)\b)"
    r"|^(?:for (?:example|instance)|in other words|thus|hence|therefore|so|consequently|as a result"
    r"|given th(?:at|is)"
    r"|that said|e\.g|similarly|likewise|on the (?:other|one) hand|otherwise|rather|instead|even (?:if"
    r"|so|though)"
    r"|then|if (?:the authors|so)|to be (?:fair|clear|specific)|ideally|perhaps|maybe)\b"
    r"|\b(?:is|are|was|were) (?:a |an |not |still )?(?:\w+ )?(?:unclear|clear)\b.{0,25}$|\bthe same\b"
    r"|\brespectively\b"
)
_EMPTY_CONCERN = re.compile(
    r"^(?:[\w ]{0,20}, )?(?:my|the|one|another|a) (?:\w+ ){0,2}(?:concern|weakness|limitation|issue"
    r"|problem|drawback"
    r"|question)(?:e?s)? (?:here )?(?:i have )?(?:is|are|with|of|about|lies|regards?|relates?"
    r"|comes?)\b(?:\W+\w+){0,9}\W*$"
)
_NOT_ITS_OWN = re.compile(
    r"\b(?:this|it|they|such) (?:still |also )?(?:would|could|should|will|is|was|can|may|might|has"
    r"|needs?|seems?"
    r"|appears?|means?)\b(?! (?:still |also )?(?:unclear|not clear|unknown|questionable|uncertain|hard"
    r"|difficult)\b)|\b(?:fixing|doing|including|adding|showing|having|with|of|about|such|like|and|but) "
    r"(?:this|these|those|such|that|them)\b(?! (?:paper|work|study|method|approach|algorithm|model"
    r"|framework|as))"
    r"|\bauthors? (?:claim|state|argue|assert|mention|say|write|note|report that)\w*\b|^(?:\d|\\|what"
    r"|how|why|when|else|actually"
    r"|according|in the (?:method|experiments?|main|first|second|third|last|case)|as an? |in case|in many)\b"
    r"|[*_`]|\bsuch (?!as\b)|\bthose (?!who|that|of|with|in\b|which|from|for)|\bthese\b|\bpublish\w*\b"
    r"|^(?:[a-z]+, )?(?:because|given)\b|\bi am wondering\b|\bwondering\b"
    r"|\bopportunity\b|\bmitigated\b|\broom for\b|\brevisions?\b|\bfocus of the paper\b|\bframing\b"
    r"|\breviewed\b|\bconfus\w+|\bcaveat\w*|\bas it stands\b|^(?:the )?\w+ et al\b|\bin \d{1,2}\.\d"
    r"|\b(?:possible|potential) limitations\b"
)
_CRITICAL_WORDS = re.compile(
    r"\b(?:not|no|never|lacks?|lacking|missing|limited|limits?|limiting|only|unclear|insufficient\w*"
    r"|inadequa\w*|fails?|failure|weak\w*|marginal\w*|minor|small|few|absence|absent|without|unfair"
    r"|incremental"
    r"|unconvinc\w*|unrealistic|strong assumptions?|restrictive|too|narrow|expensive|cost\w*|overhead|slow\w*"
    r"|complex\w*|heavily|rel(?:y|ies|iance)|depend\w*|requir\w*|assum\w*|sensitiv\w*|should|need(?:s|ed)?"
    r"|could|would|might|may|cannot|can't|doesn't|don't|didn't|isn't|aren't|hard\w*|difficult\w*|challeng\w*"
    r"|problem\w*|issues?|concern\w*|question\w*|doubt\w*|worr\w*|outdated|ignor\w*|neglect\w*|overlook\w*"
    r"|omit\w*|worse|underperform\w*|lower|inferior|degrad\w*|bias\w*|overfit\w*|hyper-?parameters?|scal\w+"
    r"|generali[sz]\w*|restricted|simple|simplistic|toy|synthetic|less|poor\w*|trivial|straightforward"
    r"|novelty|similar to|already|unfair\w*|suboptimal|inefficien\w*|impractical|infeasible|unproven)\b|n't\b"
)
_MATHS = re.compile(r"\$|\\[a-z]+|[_^]\{|[=<>∈≤≥∑∏∇λθαβγδεσμπϵ]")
_LINK = re.compile(r"https?://|arxiv:|\bet al\b.{0,40}\bet al\b|\b(?:19|20)\d\d[.,]|\[\d{1,2}\] [a-z]+,|&")
_QUOTED = re.compile(r"^[\"'“‘>]|:$|[;,]$")


def is_idle(prepared: str) -> bool:
    """Whether a prepared sentence of a review is praise, courtesy, a remark on the manuscript or on the form.

    >>> is_idle("the paper is well written and the results are impressive.")
    True
    >>> is_idle("the authors adequately discuss the limitations of their work.")
    True
    >>> is_idle("i will raise my score if my concerns are addressed.")
    True
    >>> is_idle("the method is only evaluated on toy data sets.")
    False
    """
    if _COURTESY.search(prepared) or _MANUSCRIPT.search(prepared) or _ON_LIMITATIONS.search(prepared):
        return True
    return bool(_PRAISE.search(prepared)) and not _BUT.search(prepared)


def is_plain_criticism(prepared: str) -> bool:
    """Whether the words alone make it criticism, whatever it speaks of."""
    return _PLAIN.search(prepared) is not None


def asks_for_evidence(prepared: str) -> bool:
    """Whether a criticism says that a paper shows too little: more baselines, more data sets, an ablation.

    It is true of the paper, but said of nearly every paper: nobody can take it up as a need of the field.

    >>> asks_for_evidence("the paper lacks a comparison with recent baselines.")
    True
    >>> asks_for_evidence("the method needs labels for every domain.")
    False
    """
    return _EVIDENCE.search(prepared) is not None


def stands_alone(sentence: str, prepared: str) -> bool:
    """Whether a sentence can be understood without the lines before it and the paper beside it.

    >>> stands_alone("This is a strong assumption to make.", "this is a strong assumption to make.")
    False
    >>> stands_alone("The method needs labels for every domain.", "the method needs labels for every domain.")
    True
    """
    if _POINTING.search(prepared) or _POINTS_BACK.search(prepared) or _PLACES.search(prepared):
        return False
    if _LINK.search(prepared) or _QUOTED.search(sentence) or len(_MATHS.findall(sentence)) > 1:
        return False
    return is_prose(sentence) and sentence.count("(") == sentence.count(")") and "[" not in sentence


def kind_of(sentence: str, prepared: str) -> StatementKind | None:
    """limitation for criticism, open_question for a question about the work; None for everything else."""
    if is_idle(prepared) or not stands_alone(sentence, prepared):
        return None
    if _CLAUSE_POINTS.search(prepared):
        return None
    if sentence.endswith("?"):
        asks = _ASKS_OPENLY.search(prepared) and _ASKS_OF_WORK.search(prepared)
        return "open_question" if asks and not _TO_AUTHORS.search(prepared) else None
    if not _is_whole(sentence, prepared) or _ASKS_WITHOUT_MARK.search(prepared):
        return None
    if _FIRST_PERSON.search(prepared) or _EXPLAINING.search(prepared) or _EMPTY_CONCERN.search(prepared):
        return None
    if _NOT_ITS_OWN.search(prepared) or _MERIT.search(prepared):
        return None
    return "limitation" if _ANCHORED.search(prepared) and _CRITICAL_WORDS.search(prepared) else None


def _is_whole(sentence: str, prepared: str) -> bool:
    """Whether it begins and ends as a sentence does; notes such as "lack of baselines" need no full stop."""
    if _FRAGMENT.match(prepared):
        return not re.search(r"(?:\b(?:or|and|of|the|to|would|e\.g|i\.e)|[,:;])\.?$", prepared)
    return not sentence[0].islower() and _FINISHED.search(sentence) is not None
