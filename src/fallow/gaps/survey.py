"""What a library says as of a day, read once and shared by every finder of gaps and every strategy."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fallow.concepts import Concept, ConceptTable, mine_concepts
from fallow.concepts.mining import key_of, kind_of
from fallow.evidence import Quote
from fallow.gaps.weaknesses import Weakness, weaknesses
from fallow.needs import Need, load_needs
from fallow.statements import Statement, statements_of
from fallow.topics import TopicTree, load_topics
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.progress import ReportProgress, ignore_progress
from fallow_ingest.text.sentences import split_sentences

LARGE = 5_000
"""Papers from which a library counts as large: rarer concepts are then still common enough."""
_SYSTEMS = frozenset(["agent", "retriever", "parser", "assistant", "chatbot", "tagger", "recommender"])
_SYSTEMS_IF_SPECIFIC = frozenset(["model"])
_WAYS_OF_LEARNING = frozenset(
    ["few-shot", "zero-shot", "one-shot", "representation", "unsupervised", "transfer"]
)
_TELLING_LEAST = 25
_TELLING_MOST = 420
"""Characters of a sentence that people can read as a quote."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence of a paper that admits a weakness or tells of a cure, at its place.

    section: None for the abstract. own: it is about the paper's own work or the whole field.
    """

    paper: int
    section: int | None
    start: int
    end: int
    text: str
    origin: str
    own: bool = True

    @property
    def quote(self) -> Quote:
        """The sentence as evidence."""
        origin = "fallow" if self.origin == "fallow" else "authors"
        return Quote(self.paper, self.section, self.start, self.end, self.text, origin)  # type: ignore[arg-type]


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
    papers = {paper.number: paper for paper in catalog.papers(as_of) if paper.status != "retracted"}
    report("mining concepts", 0, 0)
    tree = load_topics(catalog)
    concepts = _with_subfields(mine_concepts(papers.values()), tree, papers)
    statements = [s for s in statements_of(catalog, as_of=as_of) if s.paper in papers]
    report("matching weaknesses", 0, 0)
    admissions, earlier = _admissions(statements)
    silent = papers.keys() - {s.paper for s in statements if s.section is not None}
    _add_complaints((papers[number] for number in sorted(silent)), admissions, earlier)
    return Survey(
        papers=papers,
        concepts=concepts,
        admissions=admissions,
        cures=_cures(papers.values()),
        earlier=earlier,
        statements=statements,
        needs=list(load_needs(catalog, as_of=as_of)),
        tree=tree,
        citing=_citing(catalog, papers),
        as_of=as_of,
        last_year=max((paper.year or 0 for paper in papers.values()), default=0),
    )


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
        if (
            not _TELLING_LEAST <= statement.end - statement.start <= _TELLING_MOST
            or statement.kind == "claim"
        ):
            continue
        saying = Saying(
            statement.paper,
            statement.section,
            statement.start,
            statement.end,
            statement.text,
            statement.origin,
            statement.owner != "prior",
        )
        if statement.owner == "prior":
            earlier.append(saying)
            continue
        lowered = " ".join(statement.text.lower().split())
        for weakness in ledger:
            if weakness.admit.found_in(lowered):
                found[weakness.key].append(saying)
    return found, earlier


def _add_complaints(
    papers: Iterable[StoredPaper], admissions: dict[str, list[Saying]], earlier: list[Saying]
) -> None:
    """What abstracts complain of, for papers of which nothing else can be read.

    Such a sentence tells a weakness of the subject as it stands, and of the work before the paper.
    """
    ledger = weaknesses()
    known = {(s.paper, s.start) for sayings in admissions.values() for s in sayings if s.section is None}
    said = {(s.paper, s.start) for s in earlier if s.section is None}
    for paper in papers:
        lowered = paper.abstract.lower()
        possible = [weakness for weakness in ledger if weakness.admit.possible_in(lowered)]
        if not possible or _DOUBT.search(lowered) is None:
            continue
        for start, end in split_sentences(paper.abstract):
            text = paper.abstract[start:end]
            sentence = " ".join(text.lower().split())
            if not _TELLING_LEAST <= end - start <= _TELLING_MOST or not _complains(sentence):
                continue
            found = [weakness for weakness in possible if weakness.admit.found_in(sentence)]
            saying = Saying(paper.number, None, start, end, text, paper.text_origin, own=False)
            if (paper.number, start) not in known:
                for weakness in found:
                    admissions.setdefault(weakness.key, []).append(saying)
            if found and (paper.number, start) not in said:
                earlier.append(saying)


def _cures(papers: Iterable[StoredPaper]) -> dict[str, list[Saying]]:
    """Sentences of abstracts that tell how a weakness was overcome."""
    ledger = weaknesses()
    found: dict[str, list[Saying]] = defaultdict(list)
    for paper in papers:
        lowered = paper.abstract.lower()
        possible = [weakness for weakness in ledger if weakness.remedy.possible_in(lowered)]
        if not possible:
            continue
        for start, end in split_sentences(paper.abstract):
            if not _TELLING_LEAST <= end - start <= _TELLING_MOST:
                continue
            text = paper.abstract[start:end]
            sentence = " ".join(text.lower().split())
            for weakness in possible:
                if _cured(weakness, sentence):
                    found[weakness.key].append(
                        Saying(paper.number, None, start, end, text, paper.text_origin)
                    )
    return found


_DOUBT = re.compile(
    r"\b(?:however|unfortunately|remains?|cannot|fail\w*|suffer\w*|lacks?|existing|previous|prior work|"
    r"challeng\w*|difficult\w*|traditional|conventional|most current|we ask|whether|problem of|limited|"
    r"expensive|do not|"
    r"does not|is not|are not|but|although)\b"
)


_COMPLAINS = re.compile(
    r"\b(?:however|unfortunately|remains?|cannot|fails?|suffers?|lacks?|lack of|challenging|difficult|"
    r"problem of|limited|hindered|expensive|costly|scarce|scarcity|prohibitive\w*|do not|does not|hard to|"
    r"time-consuming)\b"
)
_CLAIMS = re.compile(
    r"\b(?:we (?:propose|present|introduce|show|develop|address|tackle|find|demonstrate)|our \w+|unlike|"
    r"to (?:address|overcome|tackle|alleviate|mitigate)|outperforms?|the proposed|this paper)\b"
)


def _complains(sentence: str) -> bool:
    """Whether a sentence of an abstract tells what is wrong, and not what the paper does about it."""
    return _COMPLAINS.search(sentence) is not None and _CLAIMS.search(sentence) is None


def _cured(weakness: Weakness, sentence: str) -> bool:
    return weakness.remedy.found_in(sentence) and _DOUBT.search(sentence) is None


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
