"""Cheap lexical cues: which sentences deserve a closer look, and features for the classifier.

Every pattern is an alternation of literal phrases with at most bounded gaps, so matching is linear in the
length of the sentence; sentences are looked at up to `LONGEST` characters.
The cue classes follow the published lexicons of limitation and future-work statements: Teufel (2010),
"The Structure of Scientific Articles" (argumentative zoning, meta-discourse patterns); Boguslav et al. "
"(2021),
"Identifying and classifying goals for scientific knowledge" (statements of ignorance); Lahav et al. (2022),
"A Search Engine for Discovery of Scientific Challenges and Directions".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 2_000
"""Characters of a sentence that are looked at: anything longer is a table or a broken text layer."""

_VERBS_HANDLE = (
    r"handle|support|account|consider|model|capture|scale|generali[sz]e|work|address|guarantee|cover|include|"
    r"perform|take|explore|explicitly|provide|apply|exploit|allow|deal|extend|hold|evaluate|test|compare|use|"
    r"require|reflect|fully|always|necessarily|yet|directly|have|make|adequately|scale|transfer|study"
    r"|investigate"
)
_METHODS = (
    r"methods?|approach(?:es)?|models?|works?|stud(?:y|ies)|systems?|techniques?|algorithms?|solutions?|"
    r"datasets?|benchmarks?|metrics?|frameworks?|corpora|resources?|research|literature|efforts?"
    r"|architectures?|"
    r"networks?|parsers?|estimators?|bounds?|analys[ei]s|results?|papers?|baselines?|learners?|strategies|"
    r"encoders?|attention|transformers?|language models|classifiers?|procedures?|schemes?|pipelines?|tools?"
)

# name -> (strong, pattern). A strong cue makes a candidate anywhere; a weak one where admissions are usual.
_CUES: dict[str, tuple[bool, str]] = {
    "limitation": (
        True,
        r"limitations?\b|drawbacks?\b|shortcomings?\b|weakness(?:es)?\b|downsides?\b|caveats?\b"
        r"|disadvantages?\b|pitfalls?\b|deficienc(?:y|ies)\b",
    ),
    "limited": (
        True,
        r"\b(?:is|are|was|were|remains?|still|be|been|being|currently|only|somewhat|severely|very|"
        r"quite|has|have) (?:\w+ )?(?:limited|restricted|constrained|confined) (?:to|in|by|for|as)\b"
        r"|\blimited (?:to|by|in) |\bscope (?:of .{1,40} )?is limited|\blimits? (?:the|its|their|our|this)\b"
        r"|\blimiting\b",
    ),
    "limited_amount": (
        False,
        r"\b(?:limited|small|insufficient|scarce|few|fewer|little) (?:\w+ ){0,2}"
        r"(?:data|resources?|number|amount|size|coverage|samples?|annotat\w+|examples?|labels?|"
        r"domains?|languages?|datasets?|training|supervision|scale|budget|memory|attention)\b",
    ),
    "fail": (
        True,
        r"\bfail(?:s|ed|ure|ures|ing)?\b|\bunable to\b|\bnot able to\b|\bincapable\b|\binability\b",
    ),
    "cannot": (False, r"\bcannot\b|\bcan not\b|\bcan't\b|\bcould not\b|\bimpossible\b|\bno longer\b"),
    "does_not": (
        True,
        rf"\b(?:does|do|did|has|have|is|are|was|were|will|would|may|might) not (?:\w+ly )?"
        rf"(?:{_VERBS_HANDLE}|been|able|suitable|sufficient|robust|applicable|optimal|designed|"
        rf"guaranteed|clear|known|well|enough|addressed|considered|possible|feasible|scalable)\b",
    ),
    "we_only": (
        True,
        r"\bwe (?:have )?(?:only|just|merely|solely)\b|\bour (?:\w+ ){1,3}(?:only|is limited|are limited)\b"
        r"|\bonly (?:\w+ )?(?:consider|evaluat|test|appl|focus|experiment|stud|cover|handl|address|work|"
        r"support|hold|deal|explor|investigat|examin|report|use)\w*\b"
        r"|\bwe (?:did|do|have|could|were|are|can) ?not\b",
    ),
    "cost": (
        False,
        r"\bexpensive\b|\bcostly\b|\bprohibitive\w*\b|\bintractabl\w*\b|\binfeasible\b|\bimpractical\b"
        r"|\btime[- ]consuming\b|\blabou?r[- ]intensive\b|\bslow(?:er|ly)?\b|\bquadratic\w*\b"
        r"|\bcomputational(?:ly)? (?:cost|burden|overhead|expens\w+|intensive|demanding|complexity)\b"
        r"|\bat the (?:cost|expense|price) of\b|\bhigh (?:cost|latency|memory)\b|\binefficien\w+\b"
        r"|\bbottlenecks?\b|\boverhead\b|\bunscalable\b|\bdo(?:es)? not scale\b",
    ),
    "needs": (
        False,
        r"\brequir(?:e|es|ing) (?:\w+ ){0,2}(?:large|expensive|access|manual|extensive|careful|additional|"
        r"significant|more|many|huge|substantial|expert|heavy|massive|labell?ed|paired|full|prior)\b"
        r"|\brel(?:y|ies|ied|ying) (?:\w+ )?on\b|\bdepend(?:s|ent|ence|ing)? (?:\w+ )?(?:up)?on\b"
        r"|\bassum(?:e|es|ed|ing|ption|ptions)\b|\breliance\b",
    ),
    "suffer": (
        True,
        r"\bsuffer(?:s|ed|ing)?\b|\bstruggl(?:e|es|ed|ing)\b|\bprone to\b|\bsensitiv(?:e|ity) to\b"
        r"|\bvulnerab\w+\b|\bbrittle\w*\b|\bsusceptible\b|\bhampered?\b|\bhinder(?:s|ed)?\b|\bplagued\b"
        r"|\bnot robust\b|\black(?:s|ed|ing)? (?:of )?\b|\bimped(?:e|es|ed|iment)\b|\binsufficient\w*\b"
        r"|\binadequa\w+\b|\bpoorly\b|\bineffective\b|\bsuboptimal\b|\bsub-optimal\b|\bunrealistic\b"
        r"|\bunreliable\b|\bunsatisf\w+\b|\bfalls? short\b|\bfall short\b",
    ),
    "hard": (
        False,
        r"\bdifficult(?:y|ies)?\b|\bhard(?:er)? to\b|\bchalleng(?:e|es|ing)\b|\bproblem(?:s|atic)?\b"
        r"|\btricky\b|\bnon-?trivial\b|\bissues?\b|\bobstacles?\b|\bbarriers?\b|\bconcerns?\b",
    ),
    "defect": (
        False,
        r"\bpoor\b|\bnoisy\b|\bbias(?:ed|es)?\b|\binstabilit\w+\b|\bunstable\b|\boverfit\w*\b|\bdegrad\w+\b"
        r"|\bhallucinat\w+\b|\berrors?\b|\bincorrect\w*\b|\bmistak\w+\b|\bmiss(?:es|ed|ing)?\b"
        r"|\bignor(?:e|es|ed|ing)\b|\bneglect\w*\b|\boverlook\w*\b|\bdisregard\w*\b|\btoo \w+\b"
        r"|\binconsisten\w+\b|\binaccura\w+\b|\bcoarse\b|\bshallow\b|\bsimplistic\b|\bnaive\b",
    ),
    "contrast": (
        False,
        r"\bhowever\b|\bunfortunately\b|\bnevertheless\b|\bnonetheless\b|\bdespite\b|\balthough\b"
        r"|\bthough\b|\bwhile\b|\byet\b|\bbut\b|\bregrettably\b|\badmittedly\b",
    ),
    "future": (
        True,
        r"\bfuture (?:\w+ )?(?:works?|research|directions?|stud(?:y|ies)|investigations?|extensions?|"
        r"experiments?|versions?|improvements?|efforts?|plans?|releases?|exploration|development|"
        r"developments|papers?|challenges?|avenues?)\b|\bin (?:the )?(?:near )?future\b"
        r"|\b(?:next|another|further|additional|following|immediate) (?:\w+ )?(?:steps?|directions?"
        r"|avenues?)\b",
    ),
    "we_plan": (
        True,
        r"\bwe (?:also |further |now |will |currently |next |thus |then |therefore |are |are also |do )?"
        r"(?:plan|intend|would like|hope|wish|expect|aim|want|anticipate|envision|leave|defer|postpone)\b"
        r"|\bwe(?: are|'re) (?:also |currently |now |presently )?(?:going|planning|working|interested"
        r"|investigating|"
        r"exploring|extending|looking|developing|studying|experimenting)\b"
        r"|\bwe (?:will|shall|would) (?:\w+ )?(?:investigate|explore|extend|study|consider|apply|look"
        r"|examine|try|"
        r"improve|focus|test|continue|develop|work|evaluate|attempt|incorporate|use|conduct|add|address"
        r"|analy[sz]e)\b"
        r"|\bwork is (?:in progress|underway|under way|ongoing|planned)\b|\bongoing (?:work|research)\b"
        r"|\bour (?:next|future|ongoing) \w+\b|\bis planned\b|\bare planned\b|\bit is planned\b",
    ),
    "further": (
        True,
        r"\bfurther (?:\w+ )?(?:work|research|investigat\w+|stud(?:y|ies|ied)|improv\w+|explor\w+|analysis|"
        r"experiment\w*|develop\w*|extend\w*|extension\w*|evaluat\w+|research)\b|\bmore (?:work"
        r"|research) (?:is|needs)\b"
        r"|\bdeserv\w+\b|\bworth(?:while|y)? (?:to )?(?:explor|investigat|study|studying|further|noting"
        r"|consider|of )\w*"
        r"|\bwarrant(?:s|ed)?\b|\bmore sophisticated\b|\broom for improvement\b|\bmuch (?:work|room)\b",
    ),
    "interesting": (
        True,
        r"\b(?:interesting|promising|possible|important|natural|exciting|fruitful|obvious|potential|"
        r"useful|valuable|worthwhile|helpful|beneficial|intriguing|desirable|nice) (?:\w+ )?(?:\w+ )?"
        r"(?:directions?|avenues?|extensions?|lines?|topics?|areas?|questions?|problems?|open|to )\b"
        r"|\bwould (?:also )?be (?:\w+ )?(?:interesting|useful|helpful|valuable|worth\w*|beneficial"
        r"|of interest|"
        r"desirable|needed|required|necessary|important|good|nice)\b",
    ),
    "could": (
        False,
        r"\b(?:could|can|may|might|should|must|needs? to) (?:also |further |easily |potentially |likely "
        r"|in principle )?"
        r"be (?:\w+ly )?(?:extended|improved|explored|investigated|applied|addressed|studied|considered|"
        r"incorporated|integrated|combined|adapted|generali[sz]ed|used|added|enhanced|refined|examined"
        r"|tested|"
        r"replaced|developed|taken|done|overcome|relaxed|solved|made)\b|\bone could\b|\bshould\b",
    ),
    "left": (
        True,
        r"\bleft (?:for|to|as|open)\b|\bleav(?:e|es|ing) (?:.{1,80} )?(?:for|to|as) (?:\w+ )?(?:future"
        r"|further|another|open|later)\b"
        r"|\bremains? to be\b|\bremains? (?:a|an|for|as|our|the)\b|\bstill needs?\b|\bhas yet to\b"
        r"|\bhave yet to\b"
        r"|\byet to be\b|\bnot yet\b",
    ),
    "open": (
        True,
        r"\bopen (?:\w+ )?(?:problems?|questions?|challenges?|issues?|research|directions?)\b|\bunclear\b"
        r"|\bunknown whether\b"
        r"|\bremains? (?:\w+ )?(?:unclear|open|unknown|unsolved|challenging|difficult|elusive|unexplored"
        r"|limited|"
        r"unresolved|poorly|largely|under\w*|mystery|untested|hard|uncertain|unaddressed|unanswered"
        r"|problematic)\b"
        r"|\bnot (?:yet )?(?:\w+ )?(?:clear|known|understood|been (?:\w+ )?(?:explored|studied|addressed"
        r"|investigated|"
        r"tested|evaluated|applied|considered|established|solved))\b|\blittle (?:is known|attention|work"
        r"|research|understanding)\b"
        r"|\bpoorly understood\b|\bunder-?(?:explored|studied|investigated|researched|examined)\b"
        r"|\bunexplored\b"
        r"|\bunsolved\b|\bunresolved\b|\bunanswered\b|\bfew (?:works|studies|papers|attempts|methods)\b"
        r"|\bno (?:consensus|agreement|known|existing|previous|prior|study|work|systematic|general"
        r"|standard|theoretical)\b"
        r"|\b(?:is|are) unknown\b|\bwe conjecture\b|\bstill (?:an )?open\b|\bwe do not know\b"
        r"|\black of understanding\b",
    ),
    "question": (False, r"\?|\bwhether\b|\bquestions?\b|\bhow (?:to|well|much|far|can|do|does)\b|\bwhy\b"),
    "negative": (
        True,
        r"\b(?:did|does|do) not (?:\w+ly )?(?:improve|help|lead|yield|result|outperform|find|observe"
        r"|bring|benefit|"
        r"increase|affect|show|produce|contribute|change|seem|significantly|perform|achieve|boost)\b"
        r"|\b(?:no|little|not any|without any|only (?:a )?(?:small|marginal|slight|minor"
        r"|modest)) (?:\w+ )?(?:\w+ )?"
        r"(?:improvements?|gains?|benefits?|effects?|differences?|impact|change|advantage)\b"
        r"|\bnot (?:\w+ )?significant(?:ly)?\b|\bworse (?:than|performance|results?)\b|\bhurts?\b"
        r"|\bharm(?:s|ed)?\b"
        r"|\bunderperform\w*\b|\bnegative (?:results?|effect|impact|transfer|finding)\b|\binferior\b"
        r"|\b(?:performance|accuracy|results?|scores?|quality|f1|bleu) (?:\w+ )?(?:drops?|dropped"
        r"|degrad\w+|decreas\w+|"
        r"deteriorat\w+|declin\w+|suffers?)\b|\bcontrary to (?:our )?(?:expectation|intuition|hypothes)\w*\b"
        r"|\bdisappoint\w*\b|\bsurprisingly\b|\bless (?:effective|accurate|successful|robust|reliable)\b"
        r"|\blower than\b"
        r"|\bnot (?:statistically|outperform|better|as (?:good|well|effective|accurate))\b",
    ),
    "subject_own": (
        False,
        r"\b(?:our|ours)\b|\bthe (?:proposed|present|presented|current) (?:\w+ )?(?:method|approach|model"
        r"|work|study|system|"
        r"algorithm|paper|framework|technique|implementation|version|analysis|experiments?|dataset|corpus)\b"
        r"|\bthis (?:paper|work|study|article|thesis|survey)\b|\bin this paper\b",
    ),
    "subject_we": (False, r"\b(?:we|us|i|my|authors)\b"),
    "subject_prior": (
        False,
        rf"\b(?:existing|previous|prior|current|traditional|conventional|recent|earlier|classical|standard|"
        rf"state-of-the-art|sota|most|many|other|past|popular|available|typical|common|alternative|"
        rf"such|these|those|published|related|today's|modern|all|several"
        rf"|some) (?:\S+ ){{0,3}}(?:{_METHODS})\b",
    ),
    "citation": (False, r"\bet al\b|\[\d+(?:[,;–\- ]+\d+)*\]|\((?:[^()]{1,60}, )?(?:19|20)\d\d[a-z]?\)"),
    "hedge": (
        False,
        r"\b(?:may|might|could|can|possibly|perhaps|probably|likely|potentially|seems?|appears?|suggests?|"
        r"somewhat|partly|partially|arguably|presumably|sometimes|tends?)\b",
    ),
    "enumerates": (
        False,
        r"^(?:first|second|third|finally|moreover|furthermore|in addition|additionally|also|another|one"
        r"|lastly)\b",
    ),
    "positive": (
        False,
        r"\b(?:outperform\w*|state-of-the-art|achiev\w+|effective\w*|improves|improved|superior|novel"
        r"|propose[ds]?|"
        r"introduce[ds]?|present(?:ed|s)?|demonstrat\w+|show(?:s|ed|n)?|overcome[s]?|alleviat\w+|tackl\w+"
        r"|mitigat\w+|"
        r"address(?:es)? (?:this|these|the)|to address|solve[sd]?|avoid(?:s|ing)?|unlike|in contrast to"
        r"|instead of)\b",
    ),
}

CUE_NAMES: tuple[str, ...] = tuple(_CUES)
_PATTERNS = tuple(re.compile(pattern) for _, pattern in _CUES.values())
_STRONG = tuple(strong for strong, _ in _CUES.values())


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ADMITTING = _words(
    "limitation limited limited_amount fail cannot does_not we_only cost needs suffer hard defect "
    "future we_plan further interesting could left open question negative "
)
"""Cues that may make a candidate; the others only describe the sentence."""
_WEAKNESS = _words(
    "limitation limited limited_amount fail cannot does_not we_only cost needs suffer hard defect open "
    "negative "
)
_TELLS_WEAKNESS = tuple(name in _WEAKNESS for name in CUE_NAMES)
_MAKES_CANDIDATE = tuple(name in _ADMITTING for name in CUE_NAMES)


def prepare(sentence: str) -> str:
    """The sentence as the patterns want it: lower case, straight quotes, single spaces, bounded length."""
    return " ".join(sentence[:LONGEST].replace("’", "'").lower().split())


def cue_vector(prepared: str) -> tuple[bool, ...]:
    """Which cues a prepared sentence shows, in the order of CUE_NAMES.

    >>> dict(zip(CUE_NAMES, cue_vector("we plan to extend this."), strict=True))["we_plan"]
    True
    """
    return tuple(pattern.search(prepared) is not None for pattern in _PATTERNS)


def shows_weakness(cues: Sequence[bool]) -> bool:
    """Whether a sentence with these cues says that something is wrong, missing or dear."""
    return any(shown and tells for shown, tells in zip(cues, _TELLS_WEAKNESS, strict=True))


def is_candidate(cues: Sequence[bool], *, weak: bool) -> bool:
    """Whether a sentence with these cues is worth the classifier's time.

    weak: also take weak cues (abstract, conclusion, discussion).
    """
    return any(
        shown and makes and (weak or strong)
        for shown, makes, strong in zip(cues, _MAKES_CANDIDATE, _STRONG, strict=True)
    )


_TRIGGER = re.compile(
    r"limit|drawback|shortcom|weakness|downside|caveat|disadvantage|pitfall|deficien|fail|unable|not |n't"
    r"|n’t|cannot|incapab|inabilit|imposs|"
    r"only|just|merely|solely|expens|cost|prohibit|intract|infeas|impract|slow|quadratic|time[- ]cons"
    r"|labou?r|computation|inefficien|"
    r"bottleneck|overhead|scal|requir|rel[yi]|depend|assum|suffer|struggl|prone|sensitiv|vulnerab|brittle"
    r"|suscept|hamper|hinder|plague|"
    r"lack|imped|insufficient|inadequa|poor|ineffect|optimal|unreal|unreli|unsatisf|short|difficult|hard"
    r"|challeng|problem|tricky|trivial|"
    r"issue|obstacle|barrier|concern|nois|bias|instab|unstab|overfit|degrad|hallucinat|error|incorrect"
    r"|mistak|miss|ignor|neglect|overlook|"
    r"disregard|too |inconsisten|inaccura|coarse|shallow|simplis|naive|future|next|another|further"
    r"|additional|direction|avenue|plan|"
    r"intend|would|hope|wish|expect|aim|want|anticip|envision|leav|left|defer|postpone|going|interest"
    r"|investigat|explor|extend|will|shall|"
    r"ongoing|progress|underway|under way|deserv|worth|warrant|sophisticat|room|promising|possible"
    r"|important|natural|exciting|fruitful|"
    r"could|should|can |may |might|must|need|remain|yet|open|unclear|unknown|little|under-?(?:explor|stud"
    r"|investig|research|examin)|"
    r"unexplor|unsolv|unresolv|unansw|few|no |conjectur|understood|understanding|\?|whether|question|how "
    r"|why|small|marginal|slight|minor|"
    r"modest|without|worse|hurt|harm|underperform|negative|inferior|drop|decreas|deteriorat|declin"
    r"|contrary|disappoint|surpris|less |lower",
    re.IGNORECASE,
)


def may_have_cue(sentence: str) -> bool:
    """A quick look that spares most sentences the full one; never false where a cue would be found."""
    return _TRIGGER.search(sentence, 0, LONGEST) is not None
