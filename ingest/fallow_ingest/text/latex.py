"""The few LaTeX commands that stand in titles, names and abstracts, as the letters they mean."""

from __future__ import annotations

import re
import unicodedata

COMBINING = {
    '"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331", "k": "\u0328",
    "r": "\u030a",
}  # fmt: skip
"""Accent commands: the combining mark that each sets on its letter."""

LETTERS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å",
    "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ",
    "ldots": "…", "dots": "…", "textendash": "–", "textemdash": "—", "textquoteright": "’",
    "textquoteleft": "‘", "textquotedblleft": "“", "textquotedblright": "”", "textasciitilde": "~",
    "textbackslash": "\\", "S": "§", "copyright": "©", "textregistered": "®", "texttrademark": "™",
    "LaTeX": "LaTeX", "TeX": "TeX", "textunderscore": "_", "quad": " ", "newline": " ", "par": " ",
}  # fmt: skip
"""Commands that print letters or signs."""

_ACCENT = re.compile(
    r"""\\(?:(["'`^~=.])\s?|([uvHcdbkr])(?=\s?\{|\s))\s?(?:\{\s?(\\?[A-Za-z])\s?\}|(\\[ij](?![A-Za-z])|[A-Za-z]))"""
)
_LETTER = re.compile(rf"\\({'|'.join(sorted(LETTERS, key=len, reverse=True))})(?![A-Za-z])(?:\{{\}}|\s)?")
_STYLED = re.compile(
    r"\\(?:emph|text(?:it|bf|tt|sc|rm|sf|sl|up|md|normal)?|mbox|hbox|url|path|uppercase|lowercase|uline|underline)"
    r"\s?\{([^{}\\]*)\}"
)
_SWITCH = re.compile(
    r"\\(?:em|it|bf|tt|sc|rm|sf|sl|bfseries|itshape|scshape|ttfamily|noopsort|relax)(?![A-Za-z])\s?"
)
_GROUP = re.compile(
    r"\{\\(?:em|it|bf|tt|sc|rm|sf|sl|bfseries|itshape|scshape|ttfamily)(?![A-Za-z])\s?([^{}\\]*)\}"
)
_LINK = re.compile(r"\\href\s?\{[^{}]*\}\s?\{([^{}]*)\}")
_ESCAPED = re.compile(r"\\([%&_#$ ,/{}-])")
_MATH = re.compile(r"(?<!\\)(\$\$[^$]*\$\$|\$[^$]*(?<!\\)\$)")
_ROUNDS = 4


def latex_to_text(text: str, *, drop_braces: bool = False) -> str:
    r"""The text with accents, ligatures and font commands replaced; formulas between dollars stay.

    drop_braces: also drop the braces that BibTeX uses to keep capitals.

    >>> latex_to_text(r"Schr\"odinger, Nov\'{a}\v{c}ek and \emph{ten} \% of $\alpha$")
    'Schrödinger, Nováček and ten % of $\\alpha$'
    >>> latex_to_text(r"a {\em robust} set")
    'a robust set'
    >>> latex_to_text(r"{\"U}ber {BERT} -- $x_{1}$", drop_braces=True)
    'Über BERT – $x_{1}$'
    """
    if "\\" not in text and not drop_braces:
        return text
    parts = _MATH.split(text)
    parts[::2] = [_prose(part, drop_braces=drop_braces) for part in parts[::2]]
    return "".join(parts)


def _prose(text: str, *, drop_braces: bool) -> str:
    if "\\" in text:
        text = _ACCENT.sub(_accented, text)
        text = _LETTER.sub(lambda found: LETTERS[found[1]], text)
        text = _LINK.sub(r"\1", text)
        for _ in range(_ROUNDS):  # nested \emph{\textbf{...}}, from the inside out
            shorter = _GROUP.sub(r"\1", _STYLED.sub(r"\1", text))
            if shorter == text:
                break
            text = shorter
        text = _SWITCH.sub("", text)
        text = _ESCAPED.sub(_unescaped, text)
    if drop_braces:
        text = text.replace("{", "").replace("}", "").replace("~", " ")
        text = text.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”")
    return text


def _accented(found: re.Match[str]) -> str:
    letter = (found[3] or found[4]).lstrip("\\")
    return unicodedata.normalize("NFC", letter + COMBINING[found[1] or found[2]])


def _unescaped(found: re.Match[str]) -> str:
    return {" ": " ", ",": " ", "/": "", "-": ""}.get(found[1], found[1])
