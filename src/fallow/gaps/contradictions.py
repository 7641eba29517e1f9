"""Contradictions: one paper reports that a method helps on a subject, another that it does not."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from fallow.concepts import Concept
from fallow.concepts.mining import key_of
from fallow.gaps.gap import Gap
from fallow.gaps.survey import Saying, Survey, is_target
from fallow_ingest.text.sentences import split_sentences

_HELPS = re.compile(r"\b(?:improv\w+|outperform\w*|boost\w*|better than|gains?|increas\w+ accuracy)\b")
_FAILS = re.compile(
    r"\b(?:(?:does|do|did) not (?:\w+ )?(?:improve|help|outperform|lead)|no (?:\w+ )?(?:improvement|gain|"
    r"benefit)s?|"
    r"fails? to improve|(?:hurts?|degrades?|harms?) (?:the )?(?:performance|accuracy|quality)|"
    r"worse than without)\b"
)
_TURNS = re.compile(r"\b(?:however|although|while|but|unless|except|only when|despite)\b")


@dataclass(frozen=True, eq=False)
class _Report:
    saying: Saying
    method: Concept
    target: Concept


def find_contradictions(survey: Survey) -> list[Gap]:
    """Pairs of sentences about the same method and the same subject that disagree; none when none convinces.

    Both concepts must stand in both sentences, neither sentence may take back what it says ("although"),
    and the papers must have no author in common.
    """
    helped: dict[tuple[int, int], list[_Report]] = defaultdict(list)
    failed: dict[tuple[int, int], list[_Report]] = defaultdict(list)
    for number, paper in survey.papers.items():
        lowered = paper.abstract.lower()
        if not (_FAILS.search(lowered) or _HELPS.search(lowered)):
            continue
        for report, helps in _reports(survey, number):
            side = helped if helps else failed
            side[report.method.id, report.target.id].append(report)
    gaps = []
    for pair in sorted(failed.keys() & helped.keys()):
        gap = _gap(survey, helped[pair], failed[pair])
        if gap is not None:
            gaps.append(gap)
    return sorted(gaps, key=lambda gap: (-gap.score, gap.id))


def _reports(survey: Survey, number: int) -> list[tuple[_Report, bool]]:
    paper = survey.papers[number]
    concepts = survey.concepts.mentioned_in(number)
    methods = [c for c in concepts if c.kind == "method" and not is_target(c)]
    targets = [c for c in concepts if c.kind == "task"]
    if not methods or not targets:
        return []
    found = []
    for start, end in split_sentences(paper.abstract):
        text = paper.abstract[start:end]
        lowered = text.lower()
        fails = _FAILS.search(lowered)
        if _TURNS.search(lowered) or not (fails or _HELPS.search(lowered)):
            continue
        words = f" {' '.join(key_of(text))} "
        inside = [c for c in (*methods, *targets) if f" {' '.join(c.key)} " in words]
        saying = Saying(number, None, start, end, text, paper.text_origin)
        found += [
            (_Report(saying, method, target), not fails)
            for method in inside
            for target in inside
            if (method.kind, target.kind) == ("method", "task")
        ]
    return found


def _gap(survey: Survey, helped: list[_Report], failed: list[_Report]) -> Gap | None:
    for no in failed:
        for yes in helped:
            authors = set(survey.papers[no.saying.paper].authors)
            if authors.isdisjoint(survey.papers[yes.saying.paper].authors):
                return _told(survey, yes, no, len(helped), len(failed))
    return None


def _told(survey: Survey, yes: _Report, no: _Report, helped: int, failed: int) -> Gap:
    method, target = yes.method.label, yes.target.label
    score = min(helped, failed) / (min(helped, failed) + 1.0)
    papers = (no.saying.paper, yes.saying.paper)
    return Gap(
        id=f"contradiction:{method} / {target}",
        kind="contradiction",
        title=f"Whether {method} helps {target}",
        why=(
            f"{helped} of the sentences on {method} and {target} report an improvement and {failed} "
            "report none, by "
            f"different authors: what decides between them is not known."
        ),
        topic=survey.topic_of(papers),
        papers=papers,
        quotes=(no.saying.quote, yes.saying.quote),
        score=score,
        low=score * 0.5,
        high=min(1.0, score * 1.4),
        concepts=(method, target),
    )
