"""`fallow novelty TEXT|FILE|IDEA_ID`: check an idea claim by claim."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fallow_app.cli.options import as_of_option, json_option, library_option, print_json, screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from fallow.novelty import Verdict
    from fallow_ingest.catalog import Catalog, StoredPaper

LONGEST_FILE = 2_000_000
EXIT_CODES = {"novel": 0, "not_novel": 3, "unsure": 4, "insufficient_search": 4}
SAID = {
    "novel": "[bold green]Novel[/], as far as this library can tell",
    "not_novel": "[bold red]Not novel[/]",
    "unsure": "[bold yellow]Unsure[/]: too close to call",
    "insufficient_search": "[bold yellow]No verdict[/]: the search was not sufficient",
}
NEXT = {
    "novel": "Next: read the nearest papers, `fallow ingest` what is newer than the library, and ask again.",
    "not_novel": "Next: read the paper named above; change a facet, or --exclude ID if it is yours.",
    "unsure": "Next: read the nearest papers and write down in the idea what sets it apart from them.",
    "insufficient_search": "Next: mend what is said above and ask again. Nothing found does not mean novel.",
}
RELATIONS = {
    "same_idea": "same idea", "same_problem": "same problem", "same_method": "same method",
    "same_setting": "same setting", "same_finding": "same finding", "broader": "broader",
    "narrower": "narrower", "related": "related",
}  # fmt: skip


@click.command("novelty")
@click.argument("idea", nargs=-1, required=True, metavar="TEXT|FILE|IDEA_ID")
@click.option("--exclude", "excluded", multiple=True, metavar="ID", help="Leave out this paper (repeatable).")
@as_of_option
@library_option
@json_option
def command(
    idea: tuple[str, ...], excluded: tuple[str, ...], as_of: int | None, library: Path, as_json: bool
) -> None:
    """Check an idea claim by claim against everything the library holds.

    Exit code 0: novel; 3: not novel; 4: unsure or the search was not sufficient.
    """
    from fallow.novelty import check_novelty
    from fallow_index.search import Searcher
    from fallow_ingest.catalog import Catalog
    from fallow_ingest.errors import IndexMissing

    with Catalog.open(library) as catalog:
        text = _text_of(idea, catalog)
        exclude = [catalog.find(identifier).number for identifier in excluded]
        try:
            searcher: Searcher | None = Searcher.open(library)
        except IndexMissing:
            searcher = None
        try:
            verdict = check_novelty(text, searcher, catalog, as_of=as_of, exclude=exclude)
        finally:
            if searcher is not None:
                searcher.close()
        papers = catalog.papers_by_number({*verdict.nearest, *(row.paper for row in verdict.evidence)})
        if as_json:
            print_json(document(verdict, papers, catalog))
        else:
            show(verdict, papers, catalog, screen())
    raise click.exceptions.Exit(EXIT_CODES[verdict.outcome])


def _text_of(words: tuple[str, ...], catalog: Catalog) -> str:
    """The idea that the arguments name: a stored idea, a file, or the text itself."""
    from fallow_ingest.errors import BadInput

    text = " ".join(words)
    stored = re.fullmatch(r"(?:idea:)?([0-9a-f]{1,8})", text.strip())
    if stored:
        from fallow.ideas import load_idea

        return load_idea(catalog, stored[1]).statement
    if len(text) < 1000 and "\n" not in text and "\0" not in text:
        path = Path(text)
        try:
            if path.is_file():
                return _read_file(path)
        except OSError:
            return text
        if re.fullmatch(r"\S+\.(?:md|txt|pdf|tex|markdown)", text):
            raise BadInput(f"There is no file {text}", "give its path, or the idea itself as text")
    return text


def _read_file(path: Path) -> str:
    """The text of a file, at most LONGEST_FILE bytes of it; of a PDF, title and abstract."""
    if path.suffix.lower() == ".pdf":
        from fallow_ingest.errors import SourceUnsupported
        from fallow_ingest.sources import SOURCES, Read

        for item in SOURCES.create("pdf").read(path):
            if isinstance(item, Read):
                return f"# {item.paper.title}\n\n{item.paper.abstract}"
            raise SourceUnsupported(f"{path}: {item.reason}", "save its text as .txt and check that")
        return ""
    with path.open("rb") as file:
        return file.read(LONGEST_FILE).decode("utf-8", "replace").lstrip("\ufeff")


def document(verdict: Verdict, papers: Mapping[int, StoredPaper], catalog: Catalog) -> dict[str, object]:
    """The verdict as JSON: every paper with its key and title beside its number."""
    from fallow.evidence import place_name
    from fallow_app.cli.options import plain

    content = plain(verdict)
    assert isinstance(content, dict)
    for row in content["evidence"]:
        paper = papers[row["paper"]]
        row |= {"key": paper.key, "title": paper.title, "year": paper.year, "status": paper.status}
        row["place"] = place_name(catalog, row["section"])
    for row in content["neighbours"]:
        paper = papers[row["paper"]]
        row |= {"key": paper.key, "title": paper.title, "year": paper.year, "status": paper.status}
    content["nearest"] = [papers[number].key for number in verdict.nearest]
    content["features"] = dict(verdict.features)
    return content


def show(verdict: Verdict, papers: Mapping[int, StoredPaper], catalog: Catalog, console: Console) -> None:
    """Print a verdict for people."""
    from rich.markup import escape

    chance = verdict.probability
    said = "" if chance is None else f"  (probability of being novel: {chance:.0%})"
    console.print(f"{SAID[verdict.outcome]}{said}")
    for reason in verdict.reasons:
        console.print(f"  {escape(reason)}")
    if len(verdict.claims) > 1:
        console.print("\n[bold]Claims[/]")
        for claim in verdict.claims[1:]:
            console.print(f"  {claim.id}. [dim]{claim.facet}[/]  {escape(claim.text)}")
    _show_evidence(verdict, papers, catalog, console)
    if verdict.neighbours:
        console.print("\n[bold]Nearest papers[/]")
        for near in verdict.neighbours:
            paper = papers[near.paper]
            console.print(f"  {escape(paper.title)} [dim]{escape(paper.citation)} {escape(paper.key)}[/]")
            console.print(f"    shares {escape(near.overlaps)}; {escape(near.differs)}", style="dim")
    first = verdict.what_would_make_it_first
    if first:
        console.print(f"\n[bold]What would make it the first[/]\n  {escape(first)}")
    console.print(f"\n{escape(search_line(verdict))}", style="dim")
    console.print(NEXT[verdict.outcome])


def _show_evidence(
    verdict: Verdict, papers: Mapping[int, StoredPaper], catalog: Catalog, console: Console
) -> None:
    from rich.markup import escape
    from rich.table import Table

    from fallow.evidence import place_name
    from fallow_app.quotes import marked_quote

    if not verdict.evidence:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title="Evidence", title_justify="left")
    for header in ("claim", "relation", "score", "paper and its words"):
        table.add_column(header, overflow="fold")
    facets = {claim.id: claim.facet for claim in verdict.claims}
    for row in verdict.evidence:
        paper = papers[row.paper]
        relation = RELATIONS[row.relation]
        place = f"{paper.citation}, {place_name(catalog, row.section)}"
        table.add_row(
            f"{row.claim} {facets[row.claim]}",
            f"[red]{relation}[/]" if row.falls else relation,
            f"{row.score:.2f}",
            f"{escape(paper.title)} [dim]{escape(place)}[/]\n{escape(marked_quote(row.quote, row.origin))}",
        )
    console.print()
    console.print(table)


def search_line(verdict: Verdict) -> str:
    """What was searched, in one line."""
    from fallow_ingest.dates import day_text

    search = verdict.search
    names = {"bm25": "words", "dense": "meaning", "late": "late interaction", "citations": "citations"}
    found = ", ".join(
        f"{names.get(r.name, r.name)} {r.found if not r.failure else 'failed'}" for r in search.retrievers
    )
    line = f"Searched {search.papers:,} papers with {search.queries} queries"
    if search.as_of:
        line += f" as of {day_text(search.as_of)}"
    line += f"; found by {found}." if found else "."
    if search.missed is not None:
        missed = max(round(search.missed), 0)
        line += (
            f" Of {search.relevant} relevant papers read, about {missed} more may have been missed"
            f" (95% interval {search.missed_low:.0f} to {search.missed_high:.0f})."
        )
    if search.sources:
        line += f" Fed from {'; '.join(state.told for state in search.sources)}."
    return line
