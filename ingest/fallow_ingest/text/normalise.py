"""Three views of a text: as stored (`plain`), as compared (`fold`), as looked up (`title_key`)."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

# Control characters, soft hyphens, byte-order marks, bidirectional overrides and lone surrogates. Kept:
# the zero-width joiners (Persian and Indic scripts spell with them). White space is dealt with by split().
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_CONTROLS = bytes([*range(32), 127])
_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")
_NOT_WORD = re.compile(r"[\W_]+")
# Unicode's own bound on marks after one letter (UAX 15, "Stream-Safe Text Format"). Reordering marks is
# quadratic in their number, so hostile words are cut to it before they are normalised.
_MARKS_AFTER_A_LETTER = 30
_LONG_WORD = 256

_LETTERS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i",
    "ŋ": "ng", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ϵ": "epsilon",
    "ζ": "zeta", "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu",
    "ξ": "xi", "ο": "o", "π": "pi", "ρ": "rho", "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon",
    "φ": "phi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "ℓ": "ell",
}  # fmt: skip
_TO_ASCII = str.maketrans(_LETTERS)
_ASCII_LETTERS = {code: chr(code).lower() if chr(code).isalnum() else None for code in range(128)}


def plain(text: str) -> str:
    """The text as the library stores it: NFC, no control characters, white space collapsed and trimmed.

    >>> plain("  Deep\\x00 Learning\\n  for  e\\u0301tale ")
    'Deep Learning for étale'
    """
    if text.isascii():
        joined = text.strip().replace("\n", " ")  # what most texts need, and quickly done
        if "  " not in joined and len(joined.encode().translate(None, _CONTROLS)) == len(joined):
            return joined
        return " ".join(_UNWANTED.sub("", text).split())
    words = _UNWANTED.sub("", text).split()
    return " ".join([word if word.isascii() else _composed(word) for word in words])


def fold(text: str) -> str:
    """The text as two spellings of it are compared: lower-case letters and digits, one space between words.

    Accents go, ligatures and Greek letters are spelt out (a title says "β-VAE" here and "$\\beta$-VAE"
    there); letters of other scripts stay.

    >>> fold("Łukasz's β-VAE:  Naïve  Über-Möglichkeiten!")
    'lukasz s beta vae naive uber moglichkeiten'
    """
    if text.isascii():
        return _NOT_ASCII_WORD.sub(" ", text.lower()).strip()
    words = _UNWANTED.sub("", text).split()
    return _NOT_WORD.sub(" ", " ".join([_unaccented(word) for word in words])).strip()


def title_key(title: str) -> int:
    """A signed 64-bit number that titles share when `fold` makes them equal, spaces aside.

    0 means that nothing is left to compare: never match on it.

    >>> title_key("BERT: Pre-training") == title_key("Bert -- Pretraining")
    True
    >>> title_key("?!")
    0
    """
    letters = title.translate(_ASCII_LETTERS) if title.isascii() else fold(title).replace(" ", "")
    if not letters:
        return 0
    return int.from_bytes(blake2b(letters.encode(), digest_size=8).digest(), "big", signed=True)


def _composed(word: str) -> str:
    return unicodedata.normalize("NFC", _stream_safe(word))


def _unaccented(word: str) -> str:
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", _stream_safe(word)).casefold()
    letters = "".join([letter for letter in parts if not unicodedata.combining(letter)])
    return letters.translate(_TO_ASCII)


def _stream_safe(word: str) -> str:
    if len(word) <= _LONG_WORD:
        return word
    kept: list[str] = []
    marks = 0
    for letter in word:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= _MARKS_AFTER_A_LETTER:
            kept.append(letter)
    return "".join(kept)
