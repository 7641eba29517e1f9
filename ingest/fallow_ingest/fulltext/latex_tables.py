r"""What LaTeX commands and environments mean for running text, as tables.

An argument specification says how a command's arguments are read: "s" a star, "o" an optional and "m" a
mandatory argument that is dropped, "k" a mandatory one whose text stays.
"""

from __future__ import annotations

from fallow_ingest.fulltext import words
from fallow_ingest.text.latex import LETTERS

SIGNS = LETTERS | {
    "textasciicircum": "^", "textbar": "|", "textless": "<", "textgreater": ">", "textbullet": "•",
    "textdegree": "°", "degree": "°", "texttimes": "×", "textmu": "µ", "textpm": "±", "checkmark": "✓",
    "dag": "†", "ddag": "‡", "P": "¶", "pounds": "£", "euro": "€", "texteuro": "€", "textellipsis": "…",
    "textasteriskcentered": "*", "slash": "/", "lbrack": "[", "rbrack": "]", "texttildelow": "~",
    "textapprox": "~", "textquotesingle": "'", "lq": "‘", "rq": "’", "textbraceleft": "{",
    "textbraceright": "}",
    "textdollar": "$", "textpercent": "%", "nobreakdash": "", "guillemotleft": "«", "guillemotright": "»",
    "og": "« ", "fg": " »", "glqq": "„", "grqq": "“", "BibTeX": "BibTeX", "XeTeX": "XeTeX",
    "LaTeXe": "LaTeX2e",
    "qquad": " ", "enspace": " ", "enskip": " ", "thinspace": " ", "nobreakspace": " ", "space": " ",
    "linebreak": " ", "break": " ", "hfill": " ", "hfil": " ", "null": "", "cdots": "…", "vdots": "…",
    "textonehalf": "½", "textordfeminine": "ª", "textordmasculine": "º", "colon": ":",
    "textvisiblespace": " ",
    "leavevmode": "", "cr": " ", "tabularnewline": " ", "ie": "i.e.", "eg": "e.g.", "etal": "et al.",
    "mnras": "MNRAS", "apj": "ApJ", "apjl": "ApJ", "apjs": "ApJS", "aj": "AJ", "aap": "A&A", "aaps": "A&AS",
    "araa": "ARA&A", "nat": "Nature", "pasp": "PASP", "pasj": "PASJ", "prd": "Phys. Rev. D", "pasa": "PASA",
    "prl": "Phys. Rev. Lett.", "physrep": "Phys. Rep.", "jcap": "JCAP", "ssr": "Space Sci. Rev.",
    "procspie": "Proc. SPIE", "apss": "Ap&SS", "icarus": "Icarus", "na": "New Astron.", "memras": "MmRAS",
}  # fmt: skip
"""Commands that print a sign, and astronomers' journals."""

SYMBOLS = {
    "%": "%", "&": "&", "$": "$", "#": "#", "_": "_", "{": "{", "}": "}", " ": " ", ",": " ", ";": " ",
    ":": " ", "!": "", "/": "", "-": "", "@": "", "|": "‖", ")": "", "]": "", "+": "", "<": "", ">": "",
}  # fmt: skip
"""Control symbols that print a sign or nothing."""

SPACED = words(
    "medskip smallskip bigskip newpage clearpage cleardoublepage pagebreak nopagebreak vfill vfil smallbreak "
    "medbreak bigbreak filbreak goodbreak eject endgraf par"
)
"""Commands that end a paragraph."""

_BY_SPECIFICATION = {
    "m": "addvspace usetikzlibrary bibliographystyle pagestyle thispagestyle pagenumbering "
    "hyphenation includeonly "
    "graphicspath DeclareGraphicsExtensions geometry hypersetup lstset sisetup tikzset pgfplotsset "
    "usepgfplotslibrary tcbset bookmarksetup allowdisplaybreaks date preprint pacs index glossary phantom "
    "hphantom vphantom setcitestyle bibpunct urlstyle theoremstyle settopmatter acmConference acmBooktitle "
    "acmYear acmDOI acmISBN acmPrice acmJournal acmVolume acmNumber acmArticle acmMonth acmSubmissionID "
    "copyrightyear setcopyright received revised accepted editor orcid email emailAdd institute institution "
    "affiliation affil address icmlcorrespondingauthor icmltitlerunning titlerunning authorrunning "
    "shorttitle "
    "shortauthors markright PACS MSC tocauthor toctitle runningtitle runningauthor runninghead corraddr "
    "corresp ead city state country department postcode streetaddress excludecomment includecomment setkeys "
    "collaboration altaffiliation linespread inst IEEEauthorblockA IEEEspecialpapernotice IEEEpubid "
    "altaffilmark "
    "missingfigure marginpar marginnote sidenote corref cortext fntext fnref tnotetext tnoteref nonumnote "
    "stepcounter refstepcounter rhead lhead chead rfoot lfoot cfoot fancyhead fancyfoot noalign special "
    "write "
    "openout closeout message typeout pdfinfo cline thanksref affaddr conferenceinfo CopyrightYear "
    "crdata terms "
    "titlenote subtitlenote authornote newsavebox newlength sethlcolor selectlanguage fontencoding "
    "fontfamily "
    "fontseries fontshape ding noop SortNoop noopsort epsfig psfig setmainfont usefont newblockpunct "
    "DeclareCaptionFont st sout xout cancel",
    "mm": "setlength addtolength setcounter addtocounter markboth fontsize SetKwFunction SetKw SetKwData "
    "DeclareSIUnit PassOptionsToPackage lstdefinestyle icmlaffiliation addtocontents counterwithin "
    "counterwithout numberwithin SetKwInOut SetKwInput DeclareUnicodeCharacter SetKwProg",
    "mmm": "addcontentsline definecolor providecolor stackengine newlist DeclareFontFamily crefname Crefname",
    "om": "captionsetup color rowcolor columncolor cellcolor includesvg includepdf epsfbox subclass "
    "newmdenv todo "
    "numberofauthors ccsdesc documentstyle cmidrule newtcbox",
    "k": "fbox mbox hbox vbox textsuperscript textsubscript ul hl uwave highlight textnormal "
    "dropcap natexlab "
    "uppercase lowercase MakeUppercase MakeLowercase",
    "ok": "si num unit ang SIunits hyperref",
    "sok": "gls Gls glspl Glspl glsentrylong",
    "sk": "ac acp acs acf Ac",
    "mk": "hyperlink hypertarget texorpdfstring adjustbox IfPackageLoadedTF",
    "ook": "makebox framebox",
    "omk": "textcolor colorbox rotatebox foreignlanguage",
    "oom": "subfloat subfigure",
}
_OTHERS = {
    "vspace": "sm", "hspace": "sm", "includegraphics": "soom", "rule": "omm", "raisebox": "mook",
    "scalebox": "mok",
    "resizebox": "smmk", "parbox": "ooomk", "fcolorbox": "ommk", "multicolumn": "mmk", "multirow": "ommok",
    "SI": "okok", "qty": "okk", "SIrange": "okkk", "footnotemark": "o", "newcolumntype": "moom",
    "newtheoremstyle": "mmmmmmmmm", "titleformat": "somommmo", "titlespacing": "smmmmo",
    "lstdefinelanguage": "omom",
    "newcounter": "mo", "newcommandx": "moom", "colorlet": "mom", "DeclareFontShape": "mmmmmm",
    "usepackage": "omo",
    "RequirePackage": "omo", "documentclass": "omo", "newtcolorbox": "omoom", "setlist": "som",
    "pdfbookmark": "omm",
    "SetSymbolFont": "mmmmm", "DeclareMathAlphabet": "mmmmm", "DeclareSymbolFont": "mmmmm",
    "DeclareMathSymbol": "mmmm", "IEEEPARstart": "kk", "lettrine": "okk", "subcaptionbox": "somm",
    "newacronym": "ommm", "acro": "omm", "acrodef": "mom", "newacro": "mom", "tikz": "o",
    "BibitemShut": "m", "altaffiltext": "mm", "mn@eprint": "mm", "showISBNx": "m",
    "showISSN": "m", "showLCCN": "m", "@secondoftwo": "mk", "@firstoftwo": "km", "@firstofone": "k",
    "@gobble": "m",
    "translation": "m",
}  # fmt: skip
ARGUMENTS = {
    name: specification for specification, names in _BY_SPECIFICATION.items() for name in names.split()
} | _OTHERS
"""Commands with arguments: how these are read. Unknown commands vanish and leave what stands in braces."""

GLUE = words(
    "vskip hskip kern penalty parskip parindent baselineskip textwidth textheight oddsidemargin "
    "evensidemargin "
    "topmargin headheight headsep footskip columnsep tabcolsep hsize vsize hoffset voffset itemsep parsep "
    "topsep leftmargin abovecaptionskip belowcaptionskip textfloatsep floatsep intextsep dbltextfloatsep "
    "abovedisplayskip belowdisplayskip tolerance hbadness vbadness emergencystretch clubpenalty widowpenalty "
    "interfootnotelinepenalty looseness hfuzz vfuzz raise lower moveleft moveright skip mskip mkern "
    "pretolerance brokenpenalty displaywidowpenalty columnseprule fboxsep fboxrule arraycolsep "
    "pdfminorversion pdfoutput pdfsuppresswarningpagegroup interlinepenalty predisplaypenalty "
    "postdisplaypenalty linepenalty hyphenpenalty exhyphenpenalty pdfcompresslevel"
)
"""Commands that a length or number follows, with or without an equals sign."""

RAW = words(
    "comment verbatim verbatim* Verbatim BVerbatim LVerbatim alltt lstlisting minted tikzpicture "
    "pgfpicture picture "
    "CCSXML filecontents filecontents* forest tikzcd pspicture asy luacode pycode sageblock dot2tex xy "
    "algorithmic algorithm2e pseudocode prooftree mermaid feynman axis circuitikz"
)
"""Environments whose content is no running text; it is passed over as written."""

FLOATS = {
    "figure": "figure", "figure*": "figure", "wrapfigure": "figure", "SCfigure": "figure",
    "teaserfigure": "figure",
    "sidewaysfigure": "figure", "sidewaysfigure*": "figure", "figwindow": "figure",
    "floatingfigure": "figure",
    "marginfigure": "figure", "table": "table", "table*": "table", "wraptable": "table",
    "sidewaystable": "table",
    "sidewaystable*": "table", "deluxetable": "table", "deluxetable*": "table", "longtable": "table",
    "longtable*": "table", "supertabular": "table", "margintable": "table", "algorithm": "algorithm",
    "algorithm*": "algorithm", "algorithm2e": "algorithm", "listing": "listing", "lstfloat": "listing",
    "scheme": "scheme", "chart": "chart", "float": "figure", "code": "listing", "program": "listing",
}  # fmt: skip
"""Floating environments: what their numbers count. Only their captions are read."""

SILENT = words(
    "tabular tabular* tabularx tabulary tabu array longtabu tblr NiceTabular subfigure subfigure* subtable "
    "IEEEbiography IEEEbiographynophoto biography nomenclature keyword CJK acronym abbreviations "
    "highlights graphicalabstract textblock textblock* tablenotes "
    "threeparttable tabbing matrix window"
)
"""Other environments whose text is not part of what is read."""

MATH = words(
    "equation align gather multline eqnarray alignat flalign displaymath math dmath dgroup xalignat "
    "xxalignat "
    "IEEEeqnarray dmath darray empheq dgroup subarray aligned split gathered cases"
)
"""Environments of displayed formulas, without their stars."""

ENVIRONMENT_ARGUMENTS = {
    "minipage": "ooom", "adjustbox": "m", "multicols": "mo", "multicols*": "mo", "adjustwidth": "mm",
    "spacing": "m",
    "wrapfigure": "omom", "wraptable": "omom", "tcolorbox": "o", "mdframed": "o", "enumerate": "o",
    "itemize": "o",
    "description": "o", "list": "mm", "thebibliography": "m", "tabular": "om", "tabular*": "mom",
    "tabularx": "mom",
    "longtable": "om", "array": "om", "subequations": "", "framed": "", "changemargin": "mm", "CJK": "omm",
    "CJK*": "omm",
    "otherlanguage": "m", "otherlanguage*": "m", "localsize": "m", "scope": "o", "turn": "m", "rotate": "m",
    "compactitem": "o", "compactenum": "o", "inparaenum": "o", "inparaitem": "o", "figure": "o", "table": "o",
    "figure*": "o", "table*": "o", "IEEEkeywords": "", "abstract": "o", "small": "", "resizebox": "mm",
    "letter": "m",
    "appendices": "", "proof": "o", "textblock": "m", "labeling": "om", "enumeratebis": "", "SCfigure": "oo",
}  # fmt: skip
"""Arguments after \\begin{...} that are dropped; of others, a leading optional one is."""

THEOREMS = {
    "theorem": "Theorem", "thm": "Theorem", "lemma": "Lemma", "lem": "Lemma", "proposition": "Proposition",
    "prop": "Proposition", "corollary": "Corollary", "cor": "Corollary", "definition": "Definition",
    "defn": "Definition", "remark": "Remark", "example": "Example", "claim": "Claim",
    "conjecture": "Conjecture",
    "assumption": "Assumption", "observation": "Observation", "fact": "Fact", "hypothesis": "Hypothesis",
}  # fmt: skip
"""Environments of theorems that classes bring along: what is printed before their number."""

REF_NAMES = {
    "section": "Section", "subsection": "Section", "subsubsection": "Section", "appendix": "Appendix",
    "chapter": "Chapter", "figure": "Figure", "table": "Table", "algorithm": "Algorithm",
    "equation": "Equation",
    "listing": "Listing", "scheme": "Scheme", "chart": "Chart", "item": "item",
}  # fmt: skip

PROTECTED = words(
    "begin end documentclass documentstyle usepackage RequirePackage part chapter section subsection "
    "subsubsection paragraph subparagraph appendix title author maketitle abstract item footnote "
    "footnotetext "
    "thanks label ref cref Cref autoref eqref pageref caption captionof bibliography bibitem newblock input "
    "include subfile import cite citep citet citealp citealt citeauthor citeyear nocite newcommand "
    "renewcommand providecommand def gdef edef xdef let newenvironment renewenvironment newtheorem if "
    "else fi "
    "href url verb par and And AND icmltitle icmlauthor makeatletter makeatother bibinfo bibfield "
    "bibnamefont "
    "bibfnamefont href@noop Eprint eprint urlprefix natexlab enquote BibitemOpen BibitemShut bibitemStop "
    "bibitemNoStop EOS mn@doi mn@eprint showarticletitle showDOI showURL showeprint path footcite "
    "autocite parencite textcite newcite shortcite citetext citeyearpar Citet "
    "Citep onlinecite citenum nameref abstract"
)
"""What a document is made of: it keeps its meaning, whatever a style file makes of it."""
