"""Lines of the data sets turned into items: papers as they are chosen, the rest for chosen papers only."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fallow_ingest.records import Citation
from fallow_ingest.services import Gone
from fallow_ingest.services.semantic_scholar import LABEL
from fallow_ingest.services.semantic_scholar.choice import Choice
from fallow_ingest.services.semantic_scholar.papers import contexts_of, corpus_id
from fallow_ingest.services.semantic_scholar.records import (
    CITATIONS,
    FULL_TEXTS,
    PAPERS,
    joined,
    paper_number,
)
from fallow_ingest.services.semantic_scholar.releases import Step
from fallow_ingest.services.semantic_scholar.shelf import Shelf
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources.fields import Notes
from fallow_ingest.sources.json_lines import Decoded, Unreadable, decode_object
from fallow_ingest.sources.lines import LONGEST_LINE, Line

# Of hundreds of millions of lines few are of chosen papers: the number is found before a line is parsed.
# Inside of a JSON string its quotes would be escaped, so that nothing else looks like it.
_NUMBER = re.compile(rb'"corpusid":\s*"?(\d{1,13})\b')
_CITING = re.compile(rb'"citingcorpusid":\s*"?(\d{1,13})\b')
_CITED = re.compile(rb'"citedcorpusid":\s*"?(\d{1,13})\b')
_UNRESOLVED = re.compile(rb'"citedcorpusid":\s*null')


class Loading:
    """One data set of a round. items: what was read and not yet handed over."""

    def __init__(self, shelf: Shelf, choice: Choice, data_set: str, release: str, position: int) -> None:
        self.items: list[Read | Skipped | Citation | Gone] = []
        self.position = position
        self._shelf = shelf
        self._choice = choice
        self._data_set = data_set
        self._release = release
        self._chosen = shelf.papers(PAPERS)

    def skip(self, reason: str, place: str, detail: str = "") -> None:
        """Tell of something that is not to be had."""
        self.position += 1
        self.items.append(Skipped(self.position, reason, f"{LABEL} {place}", detail))

    def take(self, step: Step, line: Line) -> None:
        """Read one line of a file of the data set."""
        if line.content is None:
            self.skip("line too long", f"{step.id}:{line.number}", f"over {LONGEST_LINE:,} bytes")
        elif not line.content or self._passes(step, line.content):
            return
        else:
            self._read(step, line.number, line.content)

    def _passes(self, step: Step, content: bytes) -> bool:
        """Whether the line is plainly of no chosen paper."""
        if self._data_set == CITATIONS:
            citing = _CITING.search(content)
            if citing and int(citing[1]) not in self._chosen:
                return True
            cited = _CITED.search(content)
            return int(cited[1]) not in self._chosen if cited else bool(_UNRESOLVED.search(content))
        if self._data_set == PAPERS and step.change == "load":
            return not self._choice.may_keep(content)
        found = _NUMBER.search(content)
        if not found:
            return False
        if self._data_set == PAPERS:
            held = self._shelf.holds(int(found[1]), PAPERS)
            return not held and (step.change == "delete" or not self._choice.may_keep(content))
        return int(found[1]) not in self._chosen

    def _read(self, step: Step, number: int, content: bytes) -> None:
        decoded = decode_object(content)
        place = f"{step.id}:{number}"
        if not isinstance(decoded, Decoded):
            self.skip(decoded.reason, place, decoded.detail)
            return
        paper = paper_number(decoded.fields)
        if paper is None:
            self.skip("no id", place)
        elif self._data_set == CITATIONS:
            self._cite(paper, decoded.fields)
        elif step.change == "delete":
            self._delete(paper, place)
        else:
            self._put(paper, decoded, content, place)

    def _put(self, paper: int, decoded: Decoded, content: bytes, place: str) -> None:
        if self._data_set == PAPERS:
            if not self._choice.keeps(decoded.fields) and not self._shelf.holds(paper, PAPERS):
                return
        elif paper not in self._chosen:
            return
        if self._data_set != FULL_TEXTS:
            self._shelf.put(paper, self._data_set, content)
        self._tell(paper, place, decoded)

    def _delete(self, paper: int, place: str) -> None:
        if not self._shelf.holds(paper, self._data_set):
            return
        # Not removed: read again after a kill, the line must find it here again.
        self._shelf.put(paper, self._data_set, None)
        if self._data_set == PAPERS:
            self.position += 1
            self.items.append(Gone(self.position, f"s2:{paper}", f"not in {LABEL} any more"))
        else:
            self._tell(paper, place, None)

    def _tell(self, paper: int, place: str, decoded: Decoded | None) -> None:
        """The paper as all data sets together tell it now."""
        notes = Notes(decoded.notes if decoded else ())
        parts: dict[str, Mapping[str, object]] = {**self._shelf.parts(paper)}
        if decoded:
            parts[self._data_set] = decoded.fields
        # The data set of citations tells the same sentences, with their intents.
        contexts = CITATIONS not in self._choice.data_sets
        found = joined(parts, notes, seen_on=self._release, contexts=contexts)
        if isinstance(found, Unreadable):
            self.skip(found.reason, place, found.detail)
            return
        self.position += 1
        self.items.append(Read(self.position, found, tuple(notes)))

    def _cite(self, citing: int, record: Mapping[str, object]) -> None:
        cited = corpus_id(record.get("citedcorpusid"))
        if cited is not None and cited != citing and citing in self._chosen and cited in self._chosen:
            self.items.append(Citation(f"s2:{citing}", f"s2:{cited}", contexts_of(record, Notes())))
