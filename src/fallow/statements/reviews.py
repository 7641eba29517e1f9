"""What reviewers hold against a paper or ask of it, by rules of their own: they write otherwise than authors.

A review is a form filled in note style. Praise, courtesies, scores, remarks on spelling and line numbers
stand between the criticism, and much of that needs the line before it to be understood. Kept is what speaks
of this paper's work and can be read alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from fallow.statements.cores import core_of
from fallow.statements.cues import prepare
from fallow.statements.features import HASH_BITS, Floats, ngram_rows
from fallow.statements.ownership import strength_of
from fallow.statements.reading import Found
from fallow.statements.review_cues import is_plain_criticism, kind_of, prose_spans
from fallow.statements.statement import StatementKind
from fallow_ingest.catalog import StoredReview
from fallow_ingest.errors import EncoderError
from fallow_ingest.text.sentences import Span

REVIEWS_VERSION = 1
"""Raise it when these rules change: papers with reviews are then mined again."""
WEIGHTS_FILE = "review_weights.npz"
READ = frozenset({
    "weaknesses", "strengths_and_weaknesses", "review", "limitations", "questions", "requested_changes",
    "claims_and_evidence", "methods_and_evaluation_criteria", "experimental_designs_or_analyses",
    "clarity_quality_novelty_and_reproducibility", "essential_references_not_discussed",
})  # fmt: skip
"""Parts in which reviewers criticise and ask. Summaries, strengths and decisions are not read."""
MOST_OF_PAPER = 200
_LEAST, _PLAIN_LEAST = 0.7, 0.25
"""Probability of criticism that a sentence must reach, and one whose words are plain; chosen by reading
(docs/limitations.md)."""


class ReviewJudge(NamedTuple):
    """Log-odds that reviewers put a sentence among weaknesses.

    ngrams: float32 [2**HASH_BITS]; digest: of the file.
    """

    ngrams: Floats
    bias: float
    digest: str

    def probabilities(self, prepared: Sequence[str]) -> Floats:
        """Probability of criticism for prepared sentences: float32 [n]."""
        scores = ngram_rows(prepared) @ self.ngrams + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30))), np.float32)


@lru_cache(maxsize=1)
def load_review_judge() -> ReviewJudge:
    """The weights of the package. Raises EncoderError when they are damaged."""
    content = files("fallow.statements").joinpath(WEIGHTS_FILE).read_bytes()
    remedy = "install fallow again, or train anew with training/statements/reviews.py"
    try:
        with np.load(BytesIO(content), allow_pickle=False) as stored:
            ngrams, bias = stored["ngrams"].astype(np.float32), float(stored["bias"][0])
    except (ValueError, OSError, EOFError, KeyError, IndexError, BadZipFile) as error:
        raise EncoderError(f"The weights for reviews cannot be read ({error})", remedy) from error
    if ngrams.shape != (1 << HASH_BITS,):
        raise EncoderError("The weights for reviews are of another layout", remedy)
    return ReviewJudge(ngrams, bias, hashlib.sha256(content).hexdigest())


def statements_in(reviews: Sequence[StoredReview], judge: ReviewJudge) -> tuple[list[Found], int]:
    """The statements of a paper's reviews, review by review, and how many sentences were read."""
    found: list[Found] = []
    said: set[str] = set()
    sentences = 0
    for review in reviews:
        if review.part not in READ:
            continue
        spans = prose_spans(review.text)
        sentences += len(spans)
        prepared = [prepare(review.text[start:end]) for start, end in spans]
        worth = [
            place for place, text in enumerate(prepared)
            if text not in said and kind_of(review.text[slice(*spans[place])], text) is not None
        ]  # fmt: skip
        if not worth:
            continue
        scores = judge.probabilities([prepared[place] for place in worth])
        for place, score in zip(worth, scores, strict=True):
            text = prepared[place]
            kind = kind_of(review.text[slice(*spans[place])], text)
            if kind is None or (kind == "limitation" and score < _least(text)) or len(found) >= MOST_OF_PAPER:
                continue
            said.add(text)
            found.append(_statement(review, spans[place], text, kind, float(score)))
    return found, sentences


def _least(prepared: str) -> float:
    return _PLAIN_LEAST if is_plain_criticism(prepared) else _LEAST


def _statement(review: StoredReview, span: Span, prepared: str, kind: StatementKind, score: float) -> Found:
    text = review.text[span.start : span.end]
    return Found(
        section=None,
        kind=kind,
        # Whose weakness it is: reviewers are asked about this paper, and "existing methods" are its rivals.
        owner="own",
        strength=strength_of(prepared),
        text=text,
        start=span.start,
        end=span.end,
        score=round(score, 4),
        core=core_of(text),
        review=review.number,
    )
