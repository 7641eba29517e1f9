"""Ground truth without annotators: ideas made by rules from papers, checked with the paper hidden or shown.

Hidden, the paper's idea has to come out as novel as it was; shown, as not novel, naming the paper. The
ideas are not the abstract: facets are taken out of their sentences, reordered and shortened, words are
left out, and common terms are renamed, so that a check must recognise the idea and not the text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Literal

from fallow.novelty.claims import split_claims
from fallow.novelty.idea_text import read_idea
from fallow.novelty.words import content_terms
from fallow_ingest.errors import BadInput
from fallow_ingest.text.sentences import split_sentences

Style = Literal["facets", "sentence", "summary", "title"]
STYLES: tuple[Style, ...] = ("facets", "sentence", "summary", "title")

RENAMED: dict[str, str] = {
    "neural machine translation": "translating text with neural networks",
    "machine translation": "automatic translation",
    "question answering": "answering questions",
    "named entity recognition": "finding entity names",
    "sentiment analysis": "opinion mining",
    "text classification": "document categorisation",
    "text summarization": "condensing documents",
    "summarization": "condensing texts",
    "word embeddings": "distributed word vectors",
    "low-resource": "data-scarce",
    "reinforcement learning": "learning by trial and reward",
    "dependency parsing": "syntactic dependency analysis",
    "pre-trained language models": "pretrained LMs",
    "pre-training": "initial training on unlabelled text",
    "dialogue": "conversation",
    "recurrent neural network": "RNN",
    "convolutional neural network": "CNN",
    "generative adversarial network": "GAN",
    "graph neural network": "GNN",
    "variational autoencoder": "VAE",
    "natural language": "human language",
    "end-to-end": "joint",
    "unsupervised": "label-free",
    "semi-supervised": "partly supervised",
    "transfer learning": "knowledge transfer",
    "attention mechanism": "soft alignment",
    "knowledge base": "fact store",
    "data augmentation": "synthetic training examples",
    "robust": "resilient",
    "efficient": "fast",
    "accuracy": "correctness",
    "estimate": "approximate",
    "large-scale": "big",
    "neural": "deep",
    "detect": "spot",
    "detection": "spotting",
    "generate": "produce",
    "generation": "production",
    "improve": "enhance",
    "images": "pictures",
    "robots": "robotic agents",
    "optimal": "best possible",
    "sparse": "mostly-zero",
}
"""Terms and other words for them; a check that only matches words fails on these."""

_NAME = re.compile(r"^[^:]{1,40}:\s+")
_SELF = re.compile(
    r"^(?:in this (?:paper|work|study),?\s*)?(?:we|this paper|this work|our work)\s+(?:\w+ly\s+)?(?:also\s+)?"
    r"(?:propose|present|introduce|develop|describe|study|investigate|explore|consider|show)s?\s+(?:that\s+)?",
    re.I,
)
_CONTRIBUTION = re.compile(
    r"\b(?:we|this paper|this work|our)\b.{0,40}\b(?:propose|present|introduce|develop|describe|study|"
    r"investigat|explore|address|design|show|use|demonstrate)",
    re.I,
)
_NAMED = re.compile(r",? (?:called|named|dubbed|termed|namely|which we call|\() ?[A-Z][\w-]{1,20}\)?")
_FILLER = re.compile(
    r"\b(?:novel|new|simple|effective|efficient|very|also|highly|significantly|extensive)\s", re.I
)


def make_idea(title: str, abstract: str, style: Style, rng: random.Random) -> str | None:
    """An idea in the given style from a paper's title and abstract; None when rules find nothing to say."""
    makers: dict[Style, Callable[[str, str, random.Random], str | None]] = {
        "facets": _facets,
        "sentence": _sentence,
        "summary": _summary,
        "title": _title,
    }
    name = _system_name(title)
    if name:
        # A made-up name would give the paper away by one word.
        abstract = re.sub(rf"[‘“\"'(]*\b{re.escape(name)}\b[’”\"')]*,?", "", abstract)
    idea = makers[style](title, abstract, rng)
    if idea is None or len(set(content_terms(idea))) < 4:
        return None
    return _tidy(idea)


def _system_name(title: str) -> str:
    """The name that the authors gave their system: what stands before the title's colon, when it is short."""
    name = title.partition(":")[0].strip() if ":" in title else ""
    return name if 0 < len(name.split()) <= 5 else ""


def _facets(_title: str, abstract: str, rng: random.Random) -> str | None:
    """ "Use METHOD for PROBLEM (on SETTING)", in one of several wordings."""
    try:
        claims = split_claims(read_idea(abstract))
    except BadInput:
        return None
    problems = [c.text for c in claims if c.facet == "problem"]
    methods = [c.text for c in claims if c.facet == "method"]
    settings = [c.text for c in claims if c.facet == "setting"]
    if not problems or not methods:
        return None
    problem, method = (
        _thin(rename(_shortened(text, 14), rng), rng, 0.08) for text in (problems[0], methods[0])
    )
    setting = f" on {_shortened(settings[0], 8)}" if settings and rng.random() < 0.5 else ""
    shape = rng.choice(
        ("Use {m} for {p}{s}.", "{p}{s} using {m}", "We could tackle {p} with the help of {m}{s}.")
    )
    return shape.format(m=method, p=problem, s=setting)


def _sentence(_title: str, abstract: str, rng: random.Random) -> str | None:
    """The sentence that says what the paper does, thinned and renamed."""
    said = _contributions(abstract)
    if not said:
        return None
    rest = _SELF.sub("", _NAMED.sub("", said[0]))
    opening = rng.choice(("The idea is ", "We want to try ", "Consider ", "I would study "))
    return _thin(rename(f"{opening}{rest[:1].lower()}{rest[1:]}", rng), rng, 0.12)


def _summary(_title: str, abstract: str, rng: random.Random) -> str | None:
    """Two or three contribution sentences in another order, thinned and renamed."""
    said = _contributions(abstract)[:3]
    if len(said) < 2:
        return None
    said = [_thin(rename(_NAMED.sub("", sentence), rng), rng, 0.15) for sentence in said]
    return " ".join(said[1:] + said[:1])


def _title(title: str, _abstract: str, rng: random.Random) -> str | None:
    """The title without the system's name, its halves exchanged, renamed."""
    bare = _NAME.sub("", title) if len(_NAME.sub("", title).split()) >= 4 else title.replace(":", " for")
    if len(bare.split()) < 4:
        return None
    for word, other in ((" for ", " using "), (" using ", " for "), (" via ", " for "), (" with ", " for ")):
        before, found, after = bare.partition(word)
        if found and len(before.split()) > 1 and len(after.split()) > 1:
            bare = f"{after}{other}{before}"
            break
    return _thin(rename(f"Work on {bare[:1].lower()}{bare[1:]}", rng), rng, 0.08)


def _contributions(abstract: str) -> list[str]:
    texts = [abstract[start:end] for start, end in split_sentences(abstract[:5000])]
    return [text for text in texts if _CONTRIBUTION.search(text) and 8 <= len(text.split()) <= 60]


def rename(text: str, rng: random.Random) -> str:
    """The text with about half of the terms that have other names renamed; longest terms first."""
    for term in sorted(RENAMED, key=len, reverse=True):
        if re.search(rf"\b{re.escape(term)}", text, re.I) and rng.random() < 0.5:
            text = re.sub(rf"\b{re.escape(term)}(?:s\b|\b)", RENAMED[term], text, count=2, flags=re.I)
    return text


def _thin(text: str, rng: random.Random, share: float) -> str:
    """The text without `share` of its words."""
    words = text.split()
    kept = [word for at, word in enumerate(words) if at < 2 or rng.random() >= share]
    return " ".join(kept)


def _shortened(text: str, most: int) -> str:
    return " ".join(text.split()[:most])


def _tidy(text: str) -> str:
    text = _FILLER.sub("", " ".join(text.split()))
    return text[:1].upper() + text[1:]
