"""The first experiment: test data, metric and baseline as the evidence papers name them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from fallow.concepts import Concept
from fallow.gaps.burdens import RECENT
from fallow.gaps.survey import Survey
from fallow_ingest.catalog import StoredPaper

_NAME = r"[A-Z][\w.+-]*(?:[ -](?:[A-Z][\w.+-]*|\d{2,4}))*"
_ON_DATA = re.compile(
    rf"\b(?:on|of) (?:the )?({_NAME}?)(?: (?:data ?sets?|corpus|corpora|benchmarks?|treebank|test|tasks?))\b"
)
_BENCH = re.compile(r"(?:bench|arena|gym)$", re.IGNORECASE)
_COLLECTION = re.compile(
    r"data ?sets?|corpus|benchmark|treebank|challenge|collection|database|test suite", re.IGNORECASE
)
_METRICS = re.compile(
    r"\b(BLEU|ROUGE|METEOR|BERTScore|COMET|chrF|F1|FID|inception score|perplexity|bits per (?:dimension|"
    r"character)|"
    r"exact match|accuracy|recall|precision|MRR|nDCG(?:@\d+)?|TM-score|RMSD|GDT|lDDT|pass@\w+|win rate|"
    r"word error rate|WER|mean average precision|mAP|AUC|RMSE|mean squared error|regret|sample complexity|"
    r"success rate|designability|likelihood|agreement|correlation|throughput|latency|speed-?up)\b"
)
_NOT_DATA = frozenset(
    [
        "English",
        "German",
        "French",
        "Chinese",
        "Europe",
        "America",
        "AI",
        "NLP",
        "ML",
        "GPU",
        "CPU",
        "TPU",
        "LLM",
        "LLMs",
        "API",
        "We",
        "Our",
        "The",
        "In",
    ]
)


@dataclass(frozen=True)
class Bench:
    """Which paper names which test data and metrics."""

    data: dict[int, tuple[str, ...]]
    metrics: dict[int, tuple[str, ...]]

    @classmethod
    def of(cls, survey: Survey) -> Bench:
        """Read the papers of a survey."""
        names = _collections(survey.papers.values())
        data, metrics = {}, {}
        for number, paper in survey.papers.items():
            text = f"{paper.title}. {paper.abstract[:4000]}"
            words = set(re.findall(r"[A-Z][\w+-]*", text))
            held = [name for name in names if name.split()[0] in words and name in text]
            data[number] = tuple(held)
            metrics[number] = tuple(dict.fromkeys(_METRICS.findall(text)))
        return cls(data, metrics)

    def data_for(self, target: Concept, first: Iterable[int], *, most: int = 2) -> tuple[str, ...]:
        """The test data that most papers on a target name, those of `first` counting double."""
        counts: Counter[str] = Counter()
        weight = dict.fromkeys(first, 2)
        for number in {*target.about, *weight}:
            counts.update(dict.fromkeys(self.data.get(number, ()), weight.get(number, 1)))
        return tuple(name for name, _ in sorted(counts.items(), key=lambda e: (-e[1], e[0]))[:most])

    def metric_for(self, target: Concept, first: Iterable[int]) -> str:
        """The metric that most papers on a target name, "" when none names one."""
        counts: Counter[str] = Counter()
        weight = dict.fromkeys(first, 2)
        for number in {*target.about, *weight}:
            counts.update(dict.fromkeys(self.metrics.get(number, ()), weight.get(number, 1)))
        best = min(counts, key=lambda name: (-counts[name], name), default="")
        return best if counts[best] > 1 else ""


def _collections(papers: Iterable[StoredPaper]) -> list[str]:
    """Names of test data: of papers that present some, and what several papers report results on."""
    counts: Counter[str] = Counter()
    for paper in papers:
        own = own_name(paper)
        if own and presents_data(paper):
            counts[own] += 3
        counts.update({name for name in _ON_DATA.findall(paper.abstract[:4000]) if 2 < len(name) <= 30})
    return sorted(
        name for name, count in counts.items() if count >= 3 and name not in _NOT_DATA and not name.isdigit()
    )


def presents_data(paper: StoredPaper) -> bool:
    """Whether a paper presents a data set or benchmark, by its title and keywords."""
    return any(_COLLECTION.search(text) for text in (paper.title, *paper.keywords)) or bool(
        _BENCH.search(own_name(paper))
    )


@lru_cache(maxsize=50_000)
def _own_name(title: str) -> str:
    head, colon, _ = title.partition(":")
    head = head.strip()
    if not colon or len(head) > 24 or len(head.split()) > 3:
        return ""
    odd = (
        any(letter.isupper() for letter in head[1:])
        or any(letter.isdigit() for letter in head)
        or " " not in head
    )
    return head if odd and head[:1].isalnum() else ""


def own_name(paper: StoredPaper) -> str:
    """What a paper calls its own work, from a title like "BERT: Pre-training of ...", else ""."""
    return _own_name(paper.title)


def mention(paper: StoredPaper) -> str:
    """A paper as a sentence mentions it: by its own name where it has one."""
    name = own_name(paper)
    return f"{name} ({paper.citation.replace(' (', ', ').removesuffix(')')})" if name else paper.citation


def baseline_of(survey: Survey, target: Concept, first: Iterable[int]) -> StoredPaper | None:
    """The paper on a target to start from: recent, cited, and one that admits the weakness if there
    is one.
    """
    admitting = set(first)

    def worth(number: int) -> tuple[float, int]:
        paper = survey.papers[number]
        age = survey.last_year - (paper.year or 0)
        score = (1.0 + survey.citations_of(number)) ** 0.5 * (1.0 if age <= RECENT else 0.4)
        score *= 1.6 if number in admitting else 1.0
        score *= 1.3 if own_name(paper) else 1.0
        return score, -number

    numbers = [n for n in {*target.about, *admitting} if n in survey.papers and _is_system(survey.papers[n])]
    return survey.papers[max(numbers, key=worth)] if numbers else None


def _is_system(paper: StoredPaper) -> bool:
    """Whether a paper proposes something that can be run: no survey, no data set."""
    return not (presents_data(paper) or _OVERVIEW.search(paper.title) or "survey" in paper.keywords)


_OVERVIEW = re.compile(r"survey|overview|review of|position paper|study of|shared task", re.IGNORECASE)
