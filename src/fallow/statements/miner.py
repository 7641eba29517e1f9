"""Mining the ledger: every paper that is new or changed, in committed batches."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fallow.statements.classifier import StatementClassifier, load_classifier
from fallow.statements.features import feature_rows
from fallow.statements.reading import Candidate, Found, candidates, statements_among
from fallow.statements.reviews import REVIEWS_VERSION, load_review_judge, statements_in
from fallow.statements.statement import MINED_KINDS, OWNERS, MiningCounts
from fallow.statements.store import fingerprints, replace_statements
from fallow_index.encoders import Encoder
from fallow_ingest.catalog import Catalog, StoredPaper, StoredReview, StoredSection
from fallow_ingest.progress import ReportProgress, ignore_progress

MINER_VERSION = 2
"""Raise it when rules change: papers are then mined again."""
BATCH_SENTENCES = 2_000
BATCH_PAPERS = 500


@dataclass(frozen=True, slots=True)
class _Read:
    paper: int
    fingerprint: bytes
    sentences: int
    candidates: list[Candidate]
    reviewed: list[Found]


def mine_statements(
    catalog: Catalog, encoder: Encoder, *, report: ReportProgress = ignore_progress
) -> MiningCounts:
    """Find the statements of every paper whose text or whose miner changed since it was last mined.

    Commits after every batch: killed at any point, the next call goes on. Needs the library's write lock.
    Raises LibraryBusy, DiskFull, EncoderError.
    """
    classifier, judge = load_classifier(), load_review_judge()
    known = fingerprints(catalog)
    version = f"{MINER_VERSION} {classifier.digest} {encoder.digest}".encode()
    total, done, skipped = catalog.count(), 0, 0
    counts: Counter[str] = Counter()
    batch: list[_Read] = []
    pending = 0
    with catalog.exclusive():
        for paper in catalog.papers():
            done += 1
            sections = catalog.sections(paper.number)
            reviews = catalog.reviews(paper.number)
            fingerprint = fingerprint_of(paper, sections, version, reviews)
            if known.get(paper.number) == fingerprint:
                skipped += 1
                continue
            found, sentences = candidates(paper, sections)
            reviewed, more = statements_in(reviews, judge) if reviews else ([], 0)
            batch.append(_Read(paper.number, fingerprint, sentences + more, found, reviewed))
            pending += len(found) + len(reviewed)
            if pending >= BATCH_SENTENCES or len(batch) >= BATCH_PAPERS:
                counts += _mine(catalog, encoder, classifier, batch)
                batch, pending = [], 0
                report("limitations", done, total)
        counts += _mine(catalog, encoder, classifier, batch)
    report("limitations", total, total)
    return MiningCounts(
        papers=counts["papers"],
        skipped=skipped,
        sentences=counts["sentences"],
        encoded=counts["encoded"],
        statements=counts["statements"],
        by_kind={kind: counts[kind] for kind in MINED_KINDS},
        by_owner={owner: counts[owner] for owner in OWNERS},
        reviewed=counts["reviewed"],
    )


def fingerprint_of(
    paper: StoredPaper,
    sections: Sequence[StoredSection],
    version: bytes,
    reviews: Sequence[StoredReview] = (),
) -> bytes:
    """Digest of everything that decides what is mined of a paper.

    Ids of sections and reviews count: places point there. A paper without reviews has the same digest as
    before reviews were read.
    """
    digest = hashlib.blake2b(version, digest_size=16)
    for part in (*_parts(paper, sections), *_review_parts(reviews)):
        digest.update(b"\0")
        digest.update(part.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _parts(paper: StoredPaper, sections: Sequence[StoredSection]) -> Iterator[str]:
    yield paper.text_origin
    yield paper.abstract
    for section in sections:
        yield f"{section.number} {section.kind} {section.heading}"
        yield section.text


def _review_parts(reviews: Sequence[StoredReview]) -> Iterator[str]:
    if reviews:
        yield f"reviews {REVIEWS_VERSION} {load_review_judge().digest}"
    for review in reviews:
        yield f"{review.number} {review.part}"
        yield review.text


def _mine(
    catalog: Catalog, encoder: Encoder, classifier: StatementClassifier, batch: Sequence[_Read]
) -> Counter[str]:
    """Classify and store one batch of papers in one transaction."""
    if not batch:
        return Counter()
    every = [candidate for read in batch for candidate in read.candidates]
    probabilities = classify(every, encoder, classifier)
    kept: list[list[Found]] = []
    row = 0
    for read in batch:
        after = row + len(read.candidates)
        kept.append(statements_among(read.candidates, probabilities[row:after], classifier) + read.reviewed)
        row = after
    cores = [found.core for of_paper in kept for found in of_paper]
    vectors = (
        encoder.encode(cores).astype(np.float16) if cores else np.zeros((0, encoder.dimension), np.float16)
    )
    counts = Counter(papers=len(batch), sentences=sum(read.sentences for read in batch), encoded=len(every))
    row = 0
    with catalog.writing() as connection:
        for read, of_paper in zip(batch, kept, strict=True):
            after = row + len(of_paper)
            replace_statements(
                connection, read.paper, read.fingerprint, read.sentences, of_paper, vectors[row:after]
            )
            row = after
    for found in (found for of_paper in kept for found in of_paper):
        counts.update(("statements", found.kind, found.owner))
        counts["reviewed"] += found.review is not None
    return counts


def classify(
    found: Sequence[Candidate], encoder: Encoder, classifier: StatementClassifier
) -> npt.NDArray[np.float32]:
    """Probabilities of every head for every candidate: float32 [n, heads]."""
    if not found:
        return np.zeros((0, len(classifier.heads)), np.float32)
    samples = [candidate.sample for candidate in found]
    return classifier.probabilities(
        feature_rows(samples, encoder.encode([sample.text for sample in samples]))
    )
