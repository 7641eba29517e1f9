"""The catalog: adding, merging, undoing, references, as-of dates, and the bad days of a file on disk."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fallow_ingest.catalog import AddCounts, Catalog
from fallow_ingest.catalog.schema import CATALOG_NAME, migrations, told_in_sentences
from fallow_ingest.errors import (
    DiskFull,
    LibraryBusy,
    LibraryDamaged,
    LibraryMissing,
    LibraryNewer,
    PaperUnknown,
)
from fallow_ingest.records import Paper, Reference, Section

SEA = Paper(
    key="arxiv:1901.00001",
    title="Mapping the sea floor with borrowed fishing sonar",
    abstract="We map it.",
    authors=("Ada Brook", "Carl Dune"),
    year=2019,
    date="2019-01-02",
    venue="arXiv",
)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.open(tmp_path / "library", create=True)


def test_the_same_record_again_is_unchanged_and_a_changed_one_updates(catalog: Catalog) -> None:
    assert catalog.add([SEA], "jsonl") == AddCounts(new=1)
    assert catalog.add([SEA], "jsonl") == AddCounts(unchanged=1)
    before = catalog.find("1901.00001").content_hash
    assert catalog.add([replace(SEA, abstract="We map it better.")], "jsonl") == AddCounts(updated=1)
    assert catalog.find("1901.00001").content_hash != before
    assert catalog.count() == 1


def test_a_shared_id_merges_and_the_reason_is_kept(catalog: Catalog) -> None:
    catalog.add([replace(SEA, abstract="")], "jsonl")
    other = Paper(
        key="doi:10.1000/sea",
        title="Mapping the Sea Floor",
        abstract="Filled in.",
        year=2020,
        venue="Ocean Letters",
        ids={"arxiv": "1901.00001v2"},
    )
    assert catalog.add([other], "bibtex") == AddCounts(merged=1)
    paper = catalog.find("10.1000/sea")
    assert paper.key == "arxiv:1901.00001"
    assert paper.abstract == "Filled in."
    assert paper.venue == "Ocean Letters"
    assert paper.public_by == 20190102
    (merge,) = catalog.merges(paper.number)
    assert merge.reason == "same arxiv id 1901.00001"


def test_a_shared_title_merges_only_with_author_and_year(catalog: Catalog) -> None:
    catalog.add([SEA], "jsonl")
    twin = replace(SEA, key="doi:10.1000/a", date="", year=2020, authors=("Brook, Ada",))
    assert catalog.add([twin], "bibtex") == AddCounts(merged=1)
    late = replace(twin, key="doi:10.1000/b", year=2022)
    stranger = replace(twin, key="doi:10.1000/c", authors=("Eve Fell",))
    other_preprint = replace(twin, key="arxiv:1902.00002")
    assert catalog.add([late, stranger, other_preprint], "bibtex") == AddCounts(new=3)


@pytest.mark.parametrize("title", ["Preface", "Introduction", ""])
def test_titles_that_tell_nothing_never_merge(catalog: Catalog, title: str) -> None:
    papers = [Paper(key=f"acl:W18-500{n}", title=title, authors=("Ada Brook",), year=2018) for n in (1, 2)]
    assert catalog.add(papers, "acl").new == 2


def test_a_merge_can_be_undone(catalog: Catalog) -> None:
    catalog.add([replace(SEA, abstract="")], "jsonl")
    other = Paper(
        key="doi:10.1000/sea", title="Another", abstract="Filled in.", year=2018, ids={"arxiv": "1901.00001"}
    )
    catalog.add([other], "bibtex")
    number = catalog.find("arxiv:1901.00001").number
    apart = catalog.undo_merge(catalog.merges(number)[0].merge)
    assert catalog.paper(number).abstract == ""
    assert catalog.paper(number).public_by == 20190102
    assert catalog.paper(apart).title == "Another"
    assert catalog.find("doi:10.1000/sea").number == apart
    assert catalog.merges(number)[0].undone_at
    assert catalog.add([other], "bibtex") == AddCounts(unchanged=1)


def test_a_record_that_links_two_papers_joins_them_and_can_be_taken_back(catalog: Catalog) -> None:
    left = Paper(key="arxiv:1901.00001", title="Left half of one paper", year=2019)
    right = Paper(key="doi:10.1000/r", title="Right half of one paper", year=2018, abstract="Text.")
    citer = Paper(key="x:citer", title="A citer", year=2021, references=(Reference(id="doi:10.1000/r"),))
    catalog.add([left, right, citer], "jsonl")
    link = replace(left, key="s2:99", ids={"arxiv": "1901.00001", "doi": "10.1000/r"})
    catalog.add([link], "s2")
    joined = catalog.find("doi:10.1000/r")
    assert joined.key == "arxiv:1901.00001"
    assert joined.public_by == 20181231
    assert catalog.cited_by(joined.number) == [catalog.find("x:citer").number]
    absorption = next(m for m in catalog.merges(joined.number) if "both are" in m.reason)
    apart = catalog.undo_merge(absorption.merge)
    assert catalog.find("doi:10.1000/r").number == apart
    assert catalog.cited_by(apart) == [catalog.find("x:citer").number]
    assert catalog.cited_by(joined.number) == []


def test_a_paper_absorbed_earlier_in_a_batch_is_met_again_under_its_new_number(catalog: Catalog) -> None:
    left = Paper(key="x:1", title="Left half of one paper", ids={"doi": "10.1000/a"})
    right = Paper(key="x:2", title="Right half of one paper", ids={"acl": "P18-1001"})
    link = Paper(key="x:3", title="Both halves together", ids={"doi": "10.1000/a", "acl": "P18-1001"})
    again = replace(right, abstract="Said again, in other words.")
    assert catalog.add([left, right, link, again], "jsonl") == AddCounts(new=2, merged=1, updated=1)
    assert catalog.count() == 1
    assert catalog.find("x:2").key == "x:1"


def test_references_wait_for_their_papers(catalog: Catalog) -> None:
    by_title = Reference(title=SEA.title, year=2020, text="Brook. Mapping ... 2020.")
    citing = Paper(
        key="x:1",
        title="A paper that cites",
        references=(Reference(id="1901.00001"), by_title, Reference(id="x:1")),
    )
    catalog.add([citing], "jsonl")
    assert catalog.references_waiting() >= 2
    catalog.add([SEA], "jsonl")
    assert list(catalog.citations()) == [(catalog.find("x:1").number, catalog.find("1901.00001").number)]


def test_citation_pairs_may_come_before_their_papers(catalog: Catalog) -> None:
    assert catalog.add_citations([("x:1", "arxiv:1901.00001"), ("x:1", "x:1")], "citations") == 0
    catalog.add([SEA, Paper(key="x:1", title="Citing")], "jsonl")
    assert len(list(catalog.citations())) == 1


def test_as_of_leaves_out_the_future_and_the_undated(catalog: Catalog) -> None:
    papers = [
        SEA,
        Paper(key="x:2", title="Only a year", year=2019),
        Paper(key="x:3", title="No date at all"),
    ]
    catalog.add(papers, "jsonl")
    assert [p.key for p in catalog.papers(20190601)] == ["arxiv:1901.00001"]
    assert catalog.count(as_of=20191231) == 2
    assert catalog.count() == 3


def test_sections_are_kept_in_order_and_replaced_with_their_record(catalog: Catalog) -> None:
    paper = replace(
        SEA, sections=(Section("1 Introduction", "First.", "introduction"), Section("2 End", "Last."))
    )
    catalog.add([paper], "pdf")
    number = catalog.find(SEA.key).number
    assert [s.text for s in catalog.sections(number)] == ["First.", "Last."]
    catalog.add([replace(paper, sections=(Section("1", "New.", "introduction"),))], "pdf")
    assert [s.text for s in catalog.sections(number)] == ["New."]


def test_unknown_papers_and_missing_libraries_say_what_to_do(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(PaperUnknown, match="fallow search"):
        catalog.find("arxiv:9999.99999")
    with pytest.raises(LibraryMissing, match="fallow ingest"):
        Catalog.open(tmp_path / "nowhere")


def test_a_newer_library_is_refused(catalog: Catalog) -> None:
    catalog.connection.execute(f"PRAGMA user_version = {migrations()[-1][0] + 1}")
    catalog.close()
    with pytest.raises(LibraryNewer, match="upgrade"):
        Catalog.open(catalog.library)


def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path) -> None:
    (tmp_path / CATALOG_NAME).write_bytes(b"not a database at all" * 100)
    with pytest.raises(LibraryDamaged, match=CATALOG_NAME):
        Catalog.open(tmp_path)


def test_a_full_disk_is_told_and_loses_nothing(catalog: Catalog) -> None:
    catalog.add([SEA], "jsonl")
    pages = catalog.connection.execute("PRAGMA page_count").fetchone()[0]
    catalog.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = [Paper(key=f"x:{n}", title=f"Paper number {n}", abstract="word " * 2000) for n in range(50)]
    with pytest.raises(DiskFull, match="goes on"):
        catalog.add(big, "jsonl")
    assert catalog.count() == 1


def test_a_second_writer_is_turned_away_and_readers_are_not(catalog: Catalog) -> None:
    catalog.add([SEA], "jsonl")
    code = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from fallow_ingest.catalog import Catalog
        from fallow_ingest.errors import LibraryBusy
        from fallow_ingest.records import Paper
        catalog = Catalog.open(Path(sys.argv[1]))
        print(catalog.count())
        try:
            catalog.add([Paper(key="x:1", title="Second writer")], "jsonl")
        except LibraryBusy as error:
            print(error)
        """
    )
    with catalog.exclusive():
        out = subprocess.run(
            [sys.executable, "-c", code, str(catalog.library)], capture_output=True, text=True, check=True
        ).stdout
    assert out.startswith("1\n")
    assert "Another fallow command is writing" in out


def test_kill_in_the_middle_of_adding_leaves_whole_batches(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from fallow_ingest.catalog import Catalog
        from fallow_ingest.records import Paper
        def papers():
            for n in range(1_000_000):
                if n == 2500:
                    print("going", flush=True)
                yield Paper(key=f"x:{n}", title=f"Paper number {n}", abstract="word " * 20)
        Catalog.open(Path(sys.argv[1]), create=True).add(papers(), "jsonl")
        """
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Catalog.open(tmp_path) as catalog:
        assert catalog.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        held = catalog.count()
        assert held >= 2000
        assert held % 1000 == 0
        again = [Paper(key=f"x:{n}", title=f"Paper number {n}", abstract="word " * 20) for n in range(held)]
        assert catalog.add(again, "jsonl") == AddCounts(unchanged=held)


def test_unknown_sqlite_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError), told_in_sentences(tmp_path):
        raise sqlite3.OperationalError("no such table: x")
    with pytest.raises(LibraryBusy), told_in_sentences(tmp_path):
        raise sqlite3.OperationalError("database is locked")


papers_strategy = st.builds(
    Paper,
    key=st.integers(0, 6).map(lambda n: f"x:{n}"),
    title=st.sampled_from(
        ["A title that is long enough to tell", "Another title that tells enough", "Short"]
    ),
    abstract=st.text(max_size=30),
    authors=st.sampled_from([(), ("Ada Brook",), ("Carl Dune", "Ada Brook")]),
    year=st.sampled_from([None, 2018, 2019]),
    ids=st.sampled_from(
        [{}, {"doi": "10.1000/a"}, {"arxiv": "1901.00001"}, {"doi": "10.1000/a", "acl": "P18-1001"}]
    ),
    references=st.lists(st.integers(0, 6).map(lambda n: Reference(id=f"x:{n}")), max_size=2).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(papers_strategy, max_size=5), max_size=4))
def test_whatever_comes_in_every_id_has_one_paper_and_counts_add_up(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Paper]]
) -> None:
    with Catalog.open(tmp_path_factory.mktemp("library"), create=True) as catalog:
        for batch in batches:
            assert catalog.add(batch, "jsonl").total == len(batch)
        for batch in batches:
            for paper in batch:
                assert catalog.number_of(paper.key) is not None
        assert not catalog.connection.execute("PRAGMA foreign_key_check").fetchall()
        assert all(citing != cited for citing, cited in catalog.citations())


def test_an_id_gained_in_the_same_batch_keeps_title_twins_apart(tmp_path: Path) -> None:
    first = replace(SEA, key="x:1")
    gives = replace(SEA, key="doi:10.1000/a", date="", year=2020)
    gives = replace(gives, ids={"arxiv": "1901.00001"})
    other = replace(SEA, key="arxiv:1902.00002")
    with Catalog.open(tmp_path, create=True) as catalog:
        assert catalog.add([first, gives, other], "jsonl") == AddCounts(new=2, merged=1)


def everything(catalog: Catalog) -> dict[str, list[tuple[object, ...]]]:
    tables = {
        "papers": "*",
        "paper_ids": "*",
        "records": "source, key, paper, fingerprint, version",
        "record_values": "*",
        "merges": "paper, source, key, reason, incoming, gained",
    }
    return {
        table: sorted(map(tuple, catalog.connection.execute(f"SELECT {columns} FROM {table}")), key=repr)
        for table, columns in tables.items()
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(papers=st.lists(papers_strategy, max_size=5), cut=st.integers(1, 4))
def test_where_batches_are_cut_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, papers: list[Paper], cut: int
) -> None:
    outcomes = []
    for parts in ([papers], [papers[:cut], papers[cut:]], [[paper] for paper in papers]):
        with Catalog.open(tmp_path_factory.mktemp("library"), create=True) as catalog:
            for part in parts:
                catalog.add(part, "jsonl")
            outcomes.append(everything(catalog))
    assert outcomes[0] == outcomes[1] == outcomes[2]
