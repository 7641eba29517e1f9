"""How good novelty verdicts are on ideas that people labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from fallow.novelty.check import check_novelty
from fallow.novelty.verdict import Verdict
from fallow_index.build import build_index
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.dates import parse_as_of
from fallow_ingest.errors import BadInput, IndexMissing
from fallow_ingest.records import Paper

Floats = NDArray[np.float64]

LONGEST_LINE = 2_000_000
BINS = 15
RESAMPLES = 2000
LABELS = {"novel": True, "not novel": False, "not_novel": False}


@dataclass(frozen=True, slots=True)
class LabelledIdea:
    """One line of the ideas file.

    label: True for novel, None for unknown. papers: a closed candidate list.
    """

    id: str
    text: str
    label: bool | None
    papers: tuple[tuple[str, str], ...] | None
    as_of: int | None
    exclude: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoveltyScores:
    """Quality over the labelled ideas; None where there is nothing to compute it from.

    auc: chance that a novel idea gets a higher probability than one that is not, with its 95% bootstrap
    interval. accuracy: share on the right side of 0.5. decided_accuracy: share right among "novel" and
    "not_novel". abstention: share "unsure", "insufficient_search" or refused. calibration_error: over 15
    bins. An idea without a probability counts as 0.5.
    """

    ideas: int
    labelled: int
    outcomes: dict[str, int]
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    accuracy: float | None
    decided_accuracy: float | None
    abstention: float
    calibration_error: float | None


def evaluate_novelty(ideas_file: Path, library: Path) -> NoveltyScores:
    """Check every idea of a JSONL file and compare with its labels.

    Lines: {id, text, label? ("novel" | "not novel"), papers? [{title, abstract}], as_of?, exclude?
    [ids]}. Ideas with papers are judged against those alone, the others against the library. Raises
    BadInput naming the line, and LibraryMissing only when an idea needs the library.
    """
    ideas = list(read_ideas(ideas_file))
    if not ideas:
        raise BadInput(f"{ideas_file} holds no ideas", "write one JSON object a line: {id, text, label}")
    verdicts: dict[int, Verdict | None] = {}
    closed = [at for at, idea in enumerate(ideas) if idea.papers is not None]
    verdicts.update(_closed_verdicts([ideas[at] for at in closed], closed))
    verdicts.update(_open_verdicts(ideas, [at for at in range(len(ideas)) if at not in set(closed)], library))
    return score([idea.label for idea in ideas], [verdicts[at] for at in range(len(ideas))])


def read_ideas(ideas_file: Path) -> Iterator[LabelledIdea]:
    """The ideas of a JSONL file. Raises BadInput naming file and line for a line that cannot be used."""
    with ideas_file.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), 1):
            if not line.strip():
                continue
            where = f"{ideas_file} line {number}"
            if len(line) > LONGEST_LINE:
                raise BadInput(f"{where} is longer than {LONGEST_LINE:,} bytes", "write one idea a line")
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                raise BadInput(f"{where} is not JSON", "write one JSON object a line") from None
            if not isinstance(row, dict) or not isinstance(row.get("text", row.get("idea")), str):
                raise BadInput(f"{where} has no text", 'write {"id": ..., "text": ..., "label": "novel"}')
            yield _idea(row, where, number)


def _idea(row: Mapping[str, Any], where: str, number: int) -> LabelledIdea:
    label = row.get("label")
    if label is not None and label not in LABELS:
        raise BadInput(f"{where} has the label {str(label)[:40]!r}", 'use "novel" or "not novel"')
    papers = row.get("papers")
    if papers is not None and not (isinstance(papers, list) and all(isinstance(p, dict) for p in papers)):
        raise BadInput(f"{where} has papers that are no list of objects", "give each a title and an abstract")
    as_of = row.get("as_of")
    return LabelledIdea(
        str(row.get("id", number)),
        str(row.get("text", row.get("idea"))),
        None if label is None else LABELS[label],
        None if papers is None else tuple((_text(p, "title"), _text(p, "abstract")) for p in papers),
        None if as_of is None else parse_as_of(str(as_of)),
        tuple(str(identifier) for identifier in row.get("exclude") or ()),
    )


def _text(paper: Mapping[str, Any], key: str) -> str:
    value = paper.get(key)
    return value if isinstance(value, str) else ""


def _closed_verdicts(ideas: Sequence[LabelledIdea], places: Sequence[int]) -> dict[int, Verdict | None]:
    """Verdicts against closed lists: one temporary library of all their papers, each idea within its own."""
    if not ideas:
        return {}
    with TemporaryDirectory(prefix="fallow-eval-") as folder, ExitStack() as opened:
        catalog = opened.enter_context(Catalog.open(Path(folder), create=True))
        keys: list[list[str]] = []
        papers: list[Paper] = []
        for at, idea in enumerate(ideas):
            listed = [
                (f"x:{at}-{i}", title, abstract)
                for i, (title, abstract) in enumerate(idea.papers or ())
                if title.strip()
            ]
            keys.append([key for key, _, _ in listed])
            papers += [Paper(key, title, abstract) for key, title, abstract in listed]
        if not papers:
            return {
                place: _check(idea, None, catalog, None) for place, idea in zip(places, ideas, strict=True)
            }
        catalog.add(papers, "closed lists")
        build_index(catalog)
        searcher = opened.enter_context(Searcher.open(Path(folder)))
        numbers = [[n for key in some if (n := catalog.number_of(key)) is not None] for some in keys]
        return {
            place: _check(idea, searcher, catalog, within)
            for place, idea, within in zip(places, ideas, numbers, strict=True)
        }


def _open_verdicts(
    ideas: Sequence[LabelledIdea], places: Sequence[int], library: Path
) -> dict[int, Verdict | None]:
    """Verdicts against the library."""
    if not places:
        return {}
    with ExitStack() as opened:
        catalog = opened.enter_context(Catalog.open(library))
        try:
            searcher: Searcher | None = opened.enter_context(Searcher.open(library))
        except IndexMissing:
            searcher = None
        return {at: _check(ideas[at], searcher, catalog, None) for at in places}


def _check(
    idea: LabelledIdea, searcher: Searcher | None, catalog: Catalog, within: Sequence[int] | None
) -> Verdict | None:
    """The verdict on one idea; None when its text was refused."""
    exclude = [catalog.find(identifier).number for identifier in idea.exclude]
    try:
        return check_novelty(idea.text, searcher, catalog, as_of=idea.as_of, exclude=exclude, within=within)
    except BadInput:
        return None


def score(labels: Sequence[bool | None], verdicts: Sequence[Verdict | None]) -> NoveltyScores:
    """Figures of verdicts against labels (None: unlabelled; a verdict of None: refused)."""
    outcomes = Counter(verdict.outcome if verdict else "refused" for verdict in verdicts)
    pairs = [(label, verdict) for label, verdict in zip(labels, verdicts, strict=True) if label is not None]
    truth = np.array([label for label, _ in pairs], dtype=bool)
    probability = np.array(
        [0.5 if v is None or v.probability is None else v.probability for _, v in pairs], dtype=np.float64
    )
    decided = [
        (label, v.outcome == "novel") for label, v in pairs if v and v.outcome in ("novel", "not_novel")
    ]
    both = bool(truth.any() and not truth.all()) if len(truth) else False
    low, high = bootstrap_auc(probability, truth) if both else (None, None)
    abstained = sum(outcomes[name] for name in ("unsure", "insufficient_search", "refused"))
    return NoveltyScores(
        ideas=len(verdicts),
        labelled=len(pairs),
        outcomes=dict(sorted(outcomes.items())),
        auc=area_under_curve(probability, truth) if both else None,
        auc_low=low,
        auc_high=high,
        accuracy=float(((probability >= 0.5) == truth).mean()) if len(truth) else None,
        decided_accuracy=sum(a == b for a, b in decided) / len(decided) if decided else None,
        abstention=abstained / len(verdicts) if verdicts else 0.0,
        calibration_error=expected_calibration_error(probability, truth) if len(truth) else None,
    )


def area_under_curve(scores: Floats, truth: NDArray[np.bool_]) -> float:
    """Area under the ROC curve as the Mann-Whitney statistic, ties counted half (Hanley and McNeil 1982)."""
    positive, negative = scores[truth], scores[~truth]
    above = (positive[:, None] > negative[None]).mean()
    equal = (positive[:, None] == negative[None]).mean()
    return float(above + 0.5 * equal)


def bootstrap_auc(scores: Floats, truth: NDArray[np.bool_], seed: int = 0) -> tuple[float, float]:
    """95% percentile interval of the AUC over RESAMPLES bootstrap samples of each class (Efron 1979)."""
    rng = np.random.default_rng(seed)
    positive, negative = scores[truth], scores[~truth]
    areas = np.empty(RESAMPLES)
    for at in range(RESAMPLES):
        some = np.concatenate([rng.choice(positive, len(positive)), rng.choice(negative, len(negative))])
        areas[at] = area_under_curve(some, np.arange(len(some)) < len(positive))
    low, high = np.quantile(areas, [0.025, 0.975])
    return float(low), float(high)


def expected_calibration_error(scores: Floats, truth: NDArray[np.bool_]) -> float:
    """Mean gap between probability and frequency over BINS bins of equal width (Guo et al. 2017, eq. 3)."""
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(scores[bins == b].mean()) - float(truth[bins == b].mean())) * float((bins == b).mean())
        for b in np.unique(bins)
    ]
    return float(sum(gaps))
