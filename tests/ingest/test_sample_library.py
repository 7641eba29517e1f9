"""Checks of the sample library (ingest/fallow_ingest/sample/*.toml).

The first part needs nothing but the files.  The second compares them with the
public data sets in ../shared/data and is skipped where these are absent.
"""

import gzip
import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "ingest" / "fallow_ingest" / "sample"
DATA = ROOT.parent / "shared" / "data"

REQUIRED = {"id", "title", "authors", "year", "venue", "ids", "keywords", "abstract"}
OPTIONAL = {"date", "limitations", "future_work", "limits_of_earlier_work", "references"}
ID_FORMS = {
    "arxiv": re.compile(r"\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7}"),
    "acl": re.compile(r"[A-Z]\d{2}-\d{4}|\d{4}\.[a-z0-9_]+-[a-z0-9]+\.\d+"),
    "doi": re.compile(r"10\.\d{4,9}/\S+"),
    "openreview": re.compile(r"[A-Za-z0-9_-]{6,}"),
}
# The first version on arXiv had another title than the published paper.
RENAMED = {
    "arxiv:1911.02782": "GORC: A large contextual citation graph of academic papers",
}
SHARED_RUN = 8  # words in a row that our text must not share with the real abstract


def load():
    areas = {}
    for path in sorted(SAMPLE.glob("*.toml")):
        with path.open("rb") as handle:
            areas[path.stem] = tomllib.load(handle)["paper"]
    return areas


AREAS = load()
PAPERS = [paper for papers in AREAS.values() for paper in papers]
BY_ID = {paper["id"]: paper for paper in PAPERS}


def letters(text):
    return re.sub(r"[^a-z0-9]+", "", re.sub(r"\$|\\[a-z]+|[{}]", "", text.lower()))


def words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def sentences(text):
    parts = re.split(r"(?<=[.!?])[\"')]*\s+(?=[\"'(]*[A-Z0-9])", " ".join(text.split()))
    return [part for part in parts if part]


def duplicates(values):
    values = list(values)
    return sorted({value for value in values if values.count(value) > 1})


def test_size():
    assert len(AREAS) >= 8
    assert len(PAPERS) >= 240
    assert sum(len(paper.get("references", [])) for paper in PAPERS) >= 900


def test_keys():
    wrong = [
        (paper.get("id"), sorted((REQUIRED - paper.keys()) | (paper.keys() - REQUIRED - OPTIONAL)))
        for paper in PAPERS
        if not REQUIRED <= paper.keys() <= REQUIRED | OPTIONAL
    ]
    assert not wrong


def test_values_have_the_right_form():
    wrong = []
    for paper in PAPERS:
        strings = [paper["title"], paper["venue"], paper["abstract"], *paper["authors"], *paper["keywords"]]
        strings += paper.get("limitations", []) + paper.get("future_work", []) + paper.get("references", [])
        for earlier in paper.get("limits_of_earlier_work", []):
            if set(earlier) != {"paper", "text"}:
                wrong.append((paper["id"], "limits_of_earlier_work", earlier))
            strings += list(earlier.values())
        if not all(isinstance(text, str) and text.strip() == text and text for text in strings):
            wrong.append((paper["id"], "an empty or unstripped text"))
        if not paper["authors"] or not isinstance(paper["year"], int) or not 1950 <= paper["year"] <= 2026:
            wrong.append((paper["id"], "authors or year"))
        date = str(paper.get("date", paper["year"]))
        if not re.fullmatch(r"\d{4}(-\d\d){0,2}", date) or int(date[:4]) != paper["year"]:
            wrong.append((paper["id"], "date", date))
    assert not wrong


def test_ids_are_well_formed():
    wrong = []
    for paper in PAPERS:
        kind, _, value = paper["id"].partition(":")
        if paper["ids"].get(kind) != value:
            wrong.append((paper["id"], "its own id is not in ids"))
        if "arxiv" in paper["ids"] and kind != "arxiv":
            wrong.append((paper["id"], "an arXiv version exists, so the id must be arxiv:"))
        for kind, value in paper["ids"].items():
            if kind not in ID_FORMS or not ID_FORMS[kind].fullmatch(value):
                wrong.append((paper["id"], kind, value))
    assert not wrong


def test_ids_and_titles_are_unique():
    assert not duplicates(paper["id"] for paper in PAPERS)
    assert not duplicates(letters(paper["title"]) for paper in PAPERS)
    for kind in ID_FORMS:
        assert not duplicates(paper["ids"][kind] for paper in PAPERS if kind in paper["ids"])


def test_references_resolve_and_are_not_newer():
    wrong = []
    for paper in PAPERS:
        cited = paper.get("references", [])
        wrong += [(paper["id"], "twice", other) for other in duplicates(cited)]
        for other in cited:
            if other == paper["id"]:
                wrong.append((paper["id"], "cites itself"))
            elif other not in BY_ID:
                wrong.append((paper["id"], "not in the library", other))
            elif BY_ID[other]["year"] > paper["year"]:
                wrong.append((paper["id"], "newer", other))
        for earlier in paper.get("limits_of_earlier_work", []):
            if earlier["paper"] not in cited:
                wrong.append((paper["id"], "earlier work that is not a reference", earlier["paper"]))
    assert not wrong


def test_abstracts_have_two_to_four_sentences():
    wrong = [
        (paper["id"], len(sentences(paper["abstract"])))
        for paper in PAPERS
        if not 2 <= len(sentences(paper["abstract"])) <= 4
    ]
    assert not wrong


def test_limitations():
    assert sum(bool(paper.get("limitations")) for paper in PAPERS) >= 0.75 * len(PAPERS)
    wrong = []
    for paper in PAPERS:
        texts = paper.get("limitations", []) + paper.get("future_work", [])
        texts += [earlier["text"] for earlier in paper.get("limits_of_earlier_work", [])]
        wrong += [
            (paper["id"], text)
            for text in texts
            if not text.endswith((".", "?")) or len(words(text)) < 5 or len(sentences(text)) != 1
        ]
    assert not wrong


# --- against the public data sets -------------------------------------------------


def rows(path):
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        for line in handle:
            yield json.loads(line)


def arxiv_id(value):
    """Give an id back the digits that it lost when it was read as a number."""
    return f"{float(value):.5f}" if re.fullmatch(r"\d{4}\.\d+", value or "") else value


@pytest.fixture(scope="module")
def known():
    """id of a sample paper -> [(source, how matched, title, year, abstract)]"""
    sources = {
        "core": DATA / "core" / "papers.jsonl.gz",
        "neurips": DATA / "neurips" / "papers.jsonl.gz",
        "arxiv_cs": DATA / "arxiv_cs" / "snapshot.jsonl.gz",
    }
    absent = [str(path) for path in sources.values() if not path.exists()]
    if absent:
        pytest.skip("the data sets to compare with are absent: " + ", ".join(absent))
    by_title = {letters(paper["title"]): paper["id"] for paper in PAPERS}
    by_arxiv = {paper["ids"]["arxiv"]: paper["id"] for paper in PAPERS if "arxiv" in paper["ids"]}
    found = {}
    for source, path in sources.items():
        for row in rows(path):
            if source == "arxiv_cs":
                number = arxiv_id(row["id"])
                year = 2000 + int(number[:2]) if re.match(r"\d{4}\.", number) else None
            else:
                number, year = row.get("arxiv_id"), row["year"]
            title, abstract = row["title"] or "", row["abstract"] or ""
            hits = {by_arxiv[number]: "arXiv id"} if number in by_arxiv else {}
            if letters(title) in by_title:
                hits.setdefault(by_title[letters(title)], "title")
            for paper, how in hits.items():
                found.setdefault(paper, []).append((source, how, title, year, abstract))
    return found


def test_titles_and_years_agree_with_the_data_sets(known):
    assert known, "no sample paper was found in any data set"
    wrong = []
    for number, records in known.items():
        paper = BY_ID[number]
        titles = {letters(paper["title"]), letters(RENAMED.get(number, ""))}
        for source, _, title, year, _ in records:
            if letters(title) not in titles:
                wrong.append((number, source, "title", title))
            if year is not None and abs(year - paper["year"]) > 1:
                wrong.append((number, source, "year", year, paper["year"]))
    assert not wrong


def own_texts(paper):
    yield from sentences(paper["abstract"])
    yield from paper.get("limitations", [])
    yield from paper.get("future_work", [])
    yield from (earlier["text"] for earlier in paper.get("limits_of_earlier_work", []))


def runs(tokens):
    return {tuple(tokens[i : i + SHARED_RUN]) for i in range(len(tokens) - SHARED_RUN + 1)}


def test_no_text_is_taken_from_the_real_abstract(known):
    wrong = []
    for number, records in known.items():
        for source, _, _, _, abstract in records:
            theirs = {letters(sentence) for sentence in sentences(abstract)} - {""}
            their_runs = runs(words(abstract))
            for text in own_texts(BY_ID[number]):
                if letters(text) in theirs:
                    wrong.append((number, source, "the same sentence", text))
                shared = sorted(runs(words(text)) & their_runs)
                wrong += [(number, source, "shared words", " ".join(run)) for run in shared]
    assert not wrong
