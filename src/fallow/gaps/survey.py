"""What a library says as of a day, read once and shared by every finder of gaps and every strategy."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fallow.concepts import Concept, ConceptTable
from fallow.concepts.mining import key_of, kind_of
from fallow.evidence import Quote, Teller
from fallow.gaps.abstracts import LONGEST, SHORTEST, Complaint, Place
from fallow.gaps.store import reading_of
from fallow.gaps.weaknesses import weaknesses
from fallow.needs import Need, load_needs
from fallow.statements import Statement, statements_of
from fallow.statements.cues import prepare
from fallow.statements.review_cues import asks_for_evidence
from fallow.topics import TopicTree, load_topics
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.progress import ReportProgress, ignore_progress

LARGE = 5_000
"""Papers from which a library counts as large: rarer concepts are then still common enough."""
_SYSTEMS = frozenset(["agent", "retriever", "parser", "assistant", "chatbot", "tagger", "recommender"])
_SYSTEMS_IF_SPECIFIC = frozenset(["model"])
_WAYS_OF_LEARNING = frozenset(
    ["few-shot", "zero-shot", "one-shot", "representation", "unsupervised", "transfer"]
)


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence of a paper that admits a weakness or tells of a cure, at its place.

    section: None for the abstract. own: it is about the paper's own work or the whole field. review: the
    part of a review that it stands in, when a reviewer says it of the paper.
    """

    paper: int
    section: int | None
    start: int
    end: int
    text: str
    origin: Teller
    own: bool = True
    review: int | None = None

    @property
    def quote(self) -> Quote:
        """The sentence as evidence."""
        return Quote(self.paper, self.section, self.start, self.end, self.text, self.origin, self.review)


@dataclass(frozen=True)
class Survey:
    """A library as of a day.

    admissions, cures: weakness key -> sentences; of papers without readable limitations, the complaints of
    their abstracts. earlier: what papers say that earlier work cannot do.
    citing: paper -> papers of the survey that cite it. last_year: newest year of any paper, 0 when none is
    known.
    """

    papers: Mapping[int, StoredPaper]
    concepts: ConceptTable
    admissions: Mapping[str, Sequence[Saying]]
    cures: Mapping[str, Sequence[Saying]]
    earlier: Sequence[Saying]
    statements: Sequence[Statement]
    needs: Sequence[Need]
    tree: TopicTree
    citing: Mapping[int, frozenset[int]]
    as_of: int | None
    last_year: int
    _groups: dict[frozenset[int], int] = field(default_factory=dict, repr=False)

    @property
    def large(self) -> bool:
        """Whether the library is large enough to ask for more evidence."""
        return len(self.papers) > LARGE

    def targets_of(self, paper: int) -> list[Concept]:
        """What a paper is about that a method could be brought to: tasks, settings, and kinds of systems."""
        return [concept for concept in self.concepts.subjects_of(paper) if is_target(concept)]

    def methods_of(self, paper: int) -> list[Concept]:
        """The methods in a paper's title and keywords, rarest first."""
        methods = [c for c in self.concepts.subjects_of(paper) if c.kind == "method"]
        return sorted(methods, key=lambda concept: (len(concept.papers), concept.label))

    def citations_of(self, paper: int) -> int:
        """How many papers of the survey cite it."""
        return len(self.citing.get(paper, ()))

    def author_groups(self, papers: Collection[int]) -> int:
        """How many groups of papers share no author: independent voices."""
        wanted = frozenset(papers)
        if wanted not in self._groups:
            self._groups[wanted] = _components([self.papers[n].authors for n in sorted(wanted)])
        return self._groups[wanted]

    def years_of(self, papers: Iterable[int]) -> list[int]:
        """The known years of papers, ascending."""
        return sorted(year for number in papers if (year := self.papers[number].year))

    def topic_of(self, papers: Iterable[int]) -> int | None:
        """The subfield that most of the papers lie in, None when none of them has one."""
        counts: dict[int, int] = defaultdict(int)
        for number in papers:
            subfield = self.tree.subfield_of(number)
            if subfield is not None:
                counts[subfield] += 1
        return max(counts, key=lambda topic: (counts[topic], -topic)) if counts else None


def take_survey(
    catalog: Catalog, *, as_of: int | None = None, report: ReportProgress = ignore_progress
) -> Survey:
    """Read the papers, statements, needs and topics of a library as of a day (yyyymmdd).

    What was not built is empty, never guessed.
    """
    report("reading papers", 0, 0)
    papers = {paper.number: paper for paper in catalog.papers(as_of) if not paper.status}
    reading = reading_of(catalog, papers, as_of, report)
    tree = load_topics(catalog)
    statements = [s for s in statements_of(catalog, as_of=as_of) if s.paper in papers]
    report("matching weaknesses", 0, 0)
    admissions, earlier = _admissions(statements)
    _add_complaints(papers, reading.complaints, statements, admissions, earlier)
    cures = {key: [_saying(papers, place) for place in places] for key, places in reading.cures.items()}
    return Survey(
        papers=papers,
        concepts=_with_subfields(reading.concepts, tree, papers),
        admissions=admissions,
        cures=cures,
        earlier=earlier,
        statements=statements,
        needs=list(load_needs(catalog, as_of=as_of)),
        tree=tree,
        citing=_citing(catalog, papers),
        as_of=as_of,
        last_year=max((paper.year or 0 for paper in papers.values()), default=0),
    )


def _add_complaints(
    papers: Mapping[int, StoredPaper],
    complaints: Sequence[Complaint],
    statements: Sequence[Statement],
    admissions: dict[str, list[Saying]],
    earlier: list[Saying],
) -> None:
    """Let abstracts complain where nothing else of a paper can be read."""
    talking = {statement.paper for statement in statements if statement.section is not None}
    known = {(s.paper, s.start) for sayings in admissions.values() for s in sayings if _in_abstract(s)}
    said = {(s.paper, s.start) for s in earlier if _in_abstract(s)}
    for complaint in complaints:
        place = complaint.place
        if place.paper in talking:
            continue
        saying = replace(_saying(papers, place), own=False)
        if (place.paper, place.start) not in known:
            for key in complaint.weaknesses:
                admissions.setdefault(key, []).append(saying)
        if (place.paper, place.start) not in said:
            earlier.append(saying)


def _in_abstract(saying: Saying) -> bool:
    return saying.section is None and saying.review is None


def _saying(papers: Mapping[int, StoredPaper], place: Place) -> Saying:
    paper = papers[place.paper]
    text = paper.abstract[place.start : place.end]
    return Saying(place.paper, None, place.start, place.end, text, paper.text_origin)


def _with_subfields(table: ConceptTable, tree: TopicTree, papers: Mapping[int, StoredPaper]) -> ConceptTable:
    """The table, papers of a subfield being about the concept of its label where they mention it at all."""
    concepts = list(table.concepts)
    place = {concept.key: concept.id for concept in concepts}
    for topic in tree.subfields():
        label = re.split(r"[,:]", topic.label)[0]
        key = key_of(label)
        kind = kind_of(key) if key else None
        if kind is None or key not in place:
            continue
        old = concepts[place[key]]
        members = [number for number in tree.papers(topic.id) if number in papers and number in old.papers]
        concepts[old.id] = replace(old, about=tuple(sorted({*old.about, *members})))
    return ConceptTable(tuple(concepts), table.years)


def _citing(catalog: Catalog, papers: Mapping[int, StoredPaper]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for citing, cited in catalog.citations():
        if citing in papers and cited in papers:
            found[cited].add(citing)
    return {cited: frozenset(numbers) for cited, numbers in found.items()}


def is_target(concept: Concept) -> bool:
    """Whether a sentence can bring a method to it.

    >>> from fallow.concepts.concept import Concept
    >>> is_target(Concept(0, ("machine", "translation"), "machine translation", "task", (1,), (1,)))
    True
    """
    if concept.kind in ("task", "setting"):
        return concept.key[-1] != "learning" or concept.key[0] not in _WAYS_OF_LEARNING
    specific = len(concept.key) + concept.label.count("-") > 2 and concept.key[-1] in _SYSTEMS_IF_SPECIFIC
    return concept.kind == "method" and len(concept.key) > 1 and (specific or concept.key[-1] in _SYSTEMS)


def _admissions(statements: Sequence[Statement]) -> tuple[dict[str, list[Saying]], list[Saying]]:
    found: dict[str, list[Saying]] = defaultdict(list)
    earlier: list[Saying] = []
    ledger = weaknesses()
    for statement in statements:
        if not SHORTEST <= statement.end - statement.start <= LONGEST or statement.kind == "claim":
            continue
        if statement.origin == "reviewer" and not _holds_against(statement):
            continue
        saying = Saying(
            statement.paper,
            statement.section,
            statement.start,
            statement.end,
            statement.text,
            statement.origin,
            statement.owner != "prior",
            statement.review,
        )
        if statement.owner == "prior":
            earlier.append(saying)
            continue
        lowered = " ".join(statement.text.lower().split())
        for weakness in ledger:
            if weakness.admit.found_in(lowered):
                found[weakness.key].append(saying)
    return found, earlier


def _holds_against(statement: Statement) -> bool:
    """Whether a reviewer names a weakness of the work: no question, no call for more evidence."""
    return statement.kind == "limitation" and not asks_for_evidence(prepare(statement.text))


def _components(author_lists: Sequence[Sequence[str]]) -> int:
    parent = list(range(len(author_lists)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[str, int] = {}
    for at, authors in enumerate(author_lists):
        for author in authors:
            name = author.casefold()
            parent[root(at)] = root(first.setdefault(name, at))
    return len({root(at) for at in range(len(author_lists))})
