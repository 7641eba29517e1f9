"""Words by which authors say what they do: the tables behind `claims`."""

from __future__ import annotations

import re


def _words(text: str) -> list[str]:
    return text.split()


def _either(verbs: list[str]) -> str:
    """The verbs as alternatives, longest first, without a silent e that endings replace."""
    stems = {verb[:-1] if verb.endswith("e") else verb for verb in verbs}
    return "|".join(sorted(map(re.escape, stems), key=lambda stem: (-len(stem), stem)))


METHOD_VERBS = _either(
    _words(
        "propose present introduce develop design build create devise describe use apply employ "
        "leverage adapt extend train combine integrate implement incorporate utilize utilise exploit "
        "add replace pretrain pre-train finetune fine-tune distill prune quantize transfer formulate "
        "construct try treat cast release collect annotate"
    )
)
"""What follows is a method: "we propose X"."""

PROBLEM_VERBS = _either(
    _words(
        "study investigate address tackle consider analyse analyze examine explore solve improve "
        "reduce detect predict estimate evaluate measure understand characterise characterize speed "
        "enhance enable generate learn classify model regularise regularize translate parse segment "
        "recognise recognize summarise summarize retrieve rank align control compress accelerate "
        "mitigate prevent handle support facilitate identify extract infer discover answer explain "
        "interpret optimise optimize plan reconstruct make help automate boost increase find track "
        "cut lower minimise minimize maximise maximize decide determine resolve disambiguate "
        "represent capture remove defend"
    )
)
"""What follows is a problem: "we study X", "to improve X"."""

LEAD = re.compile(
    rf"""^(?:[^,]{{0,60}},\s+)?
    (?:in\ this\ (?:paper|work|study|article|thesis|project),?\s+)?
    (?:to\ (?:the\ best\ of\ )?our\ knowledge,?\s+)?
    (?:(?:we|i|this\ (?:\w+[-\ ])?(?:paper|work|study|article|thesis|project|idea|tool|system|framework
        |approach|method|model|platform)|our\ (?:idea|goal|aim|plan|work)
        |the\ (?:idea|goal|aim|plan|hypothesis)|it)\s+)?
    (?:(?:is|are|was|were|be|can|could|will|would|should|may|might|also|here|then|therefore|thus|further|want
        |have|has|the|first|how|propose|plan|aim|hope|try|show|learn|that|let\ us|by|to)\s+){{0,6}}?
    (?:(?P<method>(?:{METHOD_VERBS})e?(?:s|es|d|ed|ing|n)?)
      |(?P<problem>(?:{PROBLEM_VERBS})e?(?:s|es|d|ed|ing)?))\s+""",
    re.I | re.X,
)
"""A sentence up to and with the verb that says what is done."""

PLAIN_VERB = re.compile(
    r"(?:stud|investigat|address|tackl|consider|analy[sz]|examin|explor|solv|understand|handl|support|mak|help"
    r"|improv|enhanc|evaluat|measur|facilitat|boost|increas)",
    re.I,
)
"""Verbs that say no more than that there is a problem."""

IMPERATIVE = re.compile(rf"^(?:to )?(?:{METHOD_VERBS}|{PROBLEM_VERBS})e? (?!of\b)", re.I)

FIRST = re.compile(
    r"""\b(?:the\ |our\ |its\ )?(?<!at\ )(?<!,\ )first\ (?:(?:to|time|ever)\b
    |(?:\w+[-\ ]){0,3}?(?:work|study|attempt|method|model|approach|dataset|data\ set|corpus|system|benchmark
      |algorithm|analysis)\b)""",
    re.I | re.X,
)
"""A claim to be the first."""

FINDING = re.compile(
    r"""\b(?:outperform\w*|state[-\ ]of[-\ ]the[-\ ]art|results?\ (?:show|indicate|demonstrate|suggest)
    |we\ (?:\w+\ )?(?:find|found|observe|demonstrate|show)\ that
    |experiments?\ (?:\w+\ ){0,4}(?:show|demonstrate|indicate)|achieves?|yields?
    |improves?\ (?:over|upon|on)|(?:better|faster|more\ accurate|higher|fewer|less)\ (?:\w+\ )?than
    |hypothesi[sz]e)\b""",
    re.I | re.X,
)

CONTRIBUTION = re.compile(
    r"""\b(?:we|our|i|this\ (?:paper|work|study|article|thesis|project|idea)|here)\b|\bpropos\w*
    |^(?:this|the)\ (?:\w+[-\ ]){0,2}?
      (?:tool|system|framework|approach|method|model|platform|network|application)\ (?:\w+\ )?
      (?:would|will|uses?|leverages?|combines?|integrates?)\b""",
    re.I | re.X,
)
"""A sentence about the idea itself."""

BACKGROUND = re.compile(
    r"""^(?:however|recent(?:ly)?|previous|prior|existing|current(?:ly)?|traditional|most|many|while|although
      |despite|conventional|typically|in\ recent\ years|there\ (?:is|are|has)|it\ is\ (?:well\ )?known)\b
    |\b(?:has|have)\ been\b""",
    re.I | re.X,
)
"""A sentence about the work of others."""

EVALUATION = re.compile(
    r"""\b(?:will|would|can|could|to)\ be\ (?:\w+\ )?
      (?:evaluated|tested|assessed|measured|validated|compared|benchmarked)\b
    |\bwe\ (?:will\ )?(?:\w+ly\ )?evaluate\b|\b(?:user|case|lab|field|deployment)\ stud(?:y|ies)\b
    |^the\ evaluation\b|^\W*comparative\b""",
    re.I | re.X,
)
"""A sentence about how the idea would be tested."""

MARK = re.compile(
    rf"""\b(?P<method>by\ means\ of|with\ the\ (?:help|use)\ of|through\ the\ use\ of
      |by\ (?:leveraging|using|utili[sz]ing|applying)|based\ on|using|via|through|leveraging|utili[sz]ing
      |(?:that|which|and)\ (?:uses?|leverages?|utili[sz]es?|integrates?|employs?|incorporates?|exploits?
        |combines?)
      |by(?=\s+\w+ing\b)|inspired\ by)\s
    |\b(?P<problem>in\ order\ to|so\ as\ to|with\ the\ (?:aim|goal)\ of
      |(?:designed|intended|able|that\ helps?)\ (?:to|for)|aim(?:ed|ing)\ (?:at|to)
      |for(?!\ (?:example|instance|each|all|both|the\ first\ time|which|whom|us)\b)
      |to(?=\s+(?:\w+ly\s+)?(?:{PROBLEM_VERBS})e?\b)|towards?)\s
    |\b(?P<setting>on|in|over|across|from|within|under)\s
    |\b(?P<joined>with)\s""",
    re.I | re.X,
)
"""Words that open a phrase of a facet."""

NOT_PURPOSE = re.compile(
    r"""(?:\b(?:due|robust|according|compared|similar|relative|equivalent|related|able|ability|how|search\w*
      |account\w*|allow\w*|need\w*|used|as|than|suited|easy|hard)|-)\s*$""",
    re.I | re.X,
)
"""Before "for" or "to": no purpose follows."""

SETTING_NOUN = re.compile(
    r"""\b(?:data\ ?sets?|data|corpus|corpora|benchmarks?|treebanks?|languages?|language\ pairs?|tweets
    |reviews|domains?|clinical|biomedical|medical|legal|financial|scientific|twitter|wikipedia|social\ media
    |newswire|news|low[-\ ]resource|zero[-\ ]shot|few[-\ ]shot|settings?|scenarios?|environments?
    |conversations?|speech|documents?|images?|videos?|code[-\ ]switch\w*|english|chinese|arabic|german|french
    |spanish|japanese|hindi|czech|turkish|finnish|african|indian|records?|patients?|students?|robots?
    |simulation|devices?|recordings?|posts|comments|essays|articles|logs|imagenet|cifar\S*|mnist|squad|glue|atari
    |children)\b""",
    re.I | re.X,
)
"""What makes "on X" or "in X" a setting."""

CUT = re.compile(
    r"""\s*(?:[;:()\[\]—]|\s–\s|\.$
    |,\s+(?=(?:which|where|while|whereas|but|so|thus|thereby|resulting|achieving|yielding|leading
      |outperforming|without|and\ (?:we|show|evaluate|find|demonstrate)|we|as|because|since|then
      |with\ the)\b))\s*""",
    re.I | re.X,
)
"""Where the clause that says what is done ends."""

INTO = re.compile(r"\s(?:to|into|for|in)\s", re.I)
INTO_VERBS = re.compile(
    r"^(?:appl|adapt|extend|transfer|add|integrat|incorporat|introduc|port|bring|us|try|treat|cast)", re.I
)
"""Verbs with two objects: "apply X to Y", "use X in Y"."""

NAME = re.compile(r"^(\S+(?: \S+){0,2}):\s+(?=\S+(?: \S+){2})")
"""The name of a system before the colon of a title."""

ARTICLE = re.compile(r"^(?:that|a|an|the|our|its|their|some|both|here a)\s+", re.I)
