"""Printed references: entries taken apart, and where a text cites them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow_ingest.records import Section
from fallow_ingest.references.entries import PrintedEntry, family, ids_in, parse_entry
from fallow_ingest.references.markers import contexts_of, mentions_in, style_of
from fallow_ingest.text.sentences import split_sentences

TITLE = "On the quiet life of toys"


@pytest.mark.parametrize(
    ("text", "authors", "year"),
    [
        (f"Ada Ash, Bo Birch, and Cy Cedar. 2019. {TITLE}. In Proceedings of TOYS, pages 1-9.", 3, 2019),
        (f"Ash, A., Birch, B. and Cedar, C. (2019). {TITLE}. Toy Journal, 3(2):1-9.", 3, 2019),
        (f"Ash, A. and Birch, B. C. {TITLE}. JTR, 3:1-9, 2019.", 2, 2019),
        (f"Ash, Ada, Birch, Bo C., and Cedar, Cy. {TITLE}. In TOYS, pp. 1-9, 2019.", 3, 2019),
        (f"[12] A. Ash and B. C. Birch. {TITLE}. In TOYS, pages 1-9. Press, 2019.", 2, 2019),
        (f"[3] A. Ash, B. Birch, and C. Cedar, “{TITLE},” in Proc. TOYS, 2019, pp. 1-9.", 3, 2019),
        (f"Ash A, Birch BC, Cedar C (2019) {TITLE}. Toy Journal 3(2):1-9.", 3, 2019),
        (f"1. Ash, A., Birch, B.: {TITLE}. In: TOYS. LNCS, vol. 12, pp. 1-9. Press (2019)", 2, 2019),
        (f"Ada Ash, Bo Birch, et al. {TITLE}. arXiv preprint arXiv:1901.00001, 2019.", 2, 2019),
        (f"van den Ash, A., de Birch, B., & Cedar, C. (2019a). {TITLE}. Toy Press.", 3, 2019),
        (f"[Ash19] Ada Ash and Bo Birch. {TITLE}. TOYS, 2019.", 2, 2019),
        (f"Ada Ash and Bo Birch. {TITLE}. Toy Journal. URL https://toys.example/2021/, 2019.", 2, None),
    ],
)
def test_an_entry_in_each_style(text: str, authors: int, year: int | None) -> None:
    entry = parse_entry(text)
    assert entry.title == TITLE
    assert len(entry.authors) == authors
    assert entry.families[0] == "ash"
    assert year is None or entry.year == year


def test_what_stands_beside_authors_and_title() -> None:
    entry = parse_entry(f"Ada Ash. 2019b. {TITLE}. In Proceedings of the Toy Conference, pages 1-9. Press.")
    assert (entry.year_letter, entry.venue) == ("b", "Proceedings of the Toy Conference")
    organisation = parse_entry("The Toy Society. 2020. Yearly report on toys and their friends. Toytown.")
    assert (organisation.year, organisation.title) == (2020, "Yearly report on toys and their friends")
    assert parse_entry("[7] Bo Birch. Toys at rest. 2011.").label == "7"


def test_ids_in_an_entry() -> None:
    assert ids_in("arXiv:1901.00001v2 [cs.CL]") == {"arxiv": "1901.00001"}
    assert ids_in("CoRR, abs/1901. 00001") == {"arxiv": "1901.00001"}
    assert ids_in("https://doi.org/10.1000/toys.12.") == {"doi": "10.1000/toys.12"}
    assert ids_in("http://www.aclweb.org/anthology/P18-1001.") == {"acl": "P18-1001"}
    assert parse_entry("A. Ash. Toys. 2019. doi:10.1000/x. arXiv:1901.00001").id == "arxiv:1901.00001"
    assert parse_entry("A. Ash. Toys. 2019.").id == ""


def test_family_names() -> None:
    names = ("Ash, Ada", "Ada Ash", "A. Ash", "Ash AB", "van der Ash, A.", "Áda Àsh", "Ada Ash Jr.")
    assert {family(name) for name in names} == {"ash"}


NUMBERED = [PrintedEntry("", label=str(number)) for number in range(1, 10)]
ASH = PrintedEntry("", authors=("Ada Ash", "Bo Birch", "Cy Cedar"), year=2019)
ASH_A = PrintedEntry("", authors=("Ash, A.", "Doe, B."), year=2020, year_letter="a")
ASH_B = PrintedEntry("", authors=("Ash, A.", "Elm, E."), year=2020, year_letter="b")
BIRCH = PrintedEntry("", authors=("Bo Birch", "Cy van Cedar"), year=2018)
OAK = PrintedEntry("", authors=("Øla Oak",), year=2017)
LIST = [ASH, ASH_A, ASH_B, BIRCH, OAK]


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("as shown [3, 7].", [3, 7]),
        ("as shown [2-4] and [9].", [2, 3, 4, 9]),
        ("see [1, Theorem 3]", [1]),
        ("the interval [0, 1] and x ∈ [1, 2]", []),
        ("entry [12] is not in the list", []),
        ("[8,\u20099; 2–3]", [8, 9, 2, 3]),
    ],
)
def test_numbers(text: str, cited: list[int]) -> None:
    assert [mention.entry + 1 for mention in mentions_in(text, NUMBERED)] == cited


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("(Ash et al., 2019; Birch and Cedar, 2018)", [0, 3]),
        ("Ash et al. (2019) and Birch and van Cedar (2018)", [0, 3]),
        ("Ash and Doe (2020a), Ash and Elm (2020)", [1, 2]),
        ("(Ash et al., 2020a,b)", [1, 2]),
        ("Ash et al. (2019, 2020b)", [0, 2]),
        ("Oak’s (2017) view; see Oak [2017]", [4, 4]),
        ("(e.g., Birch & Cedar 2018)", [3]),
        ("Ash (2020) is one of two", []),
        ("in June 2019 and (2018)", []),
    ],
)
def test_authors_and_years(text: str, cited: list[int]) -> None:
    assert [mention.entry for mention in mentions_in(text, LIST)] == cited


def test_keys() -> None:
    entries = [
        PrintedEntry("", label="Ash19"),
        PrintedEntry("", label="ABC+20"),
        PrintedEntry("", label="Oak17"),
    ]
    assert style_of(entries) == "key"
    assert [m.entry for m in mentions_in("so [Ash19, ABC+20] but not [Elm11]", entries)] == [0, 1]


def test_contexts_are_whole_sentences() -> None:
    text = (
        "Toys rest. We follow Ash et al. (2019) here. So do Birch and Cedar (2018), as Ash et al. (2019) say."
    )
    sections = [Section("1", "Nothing is cited."), Section("2", text)]
    first, *_, birch, oak = contexts_of(sections, LIST)
    assert [c.text for c in first] == [text[11:44], text[45:]]
    assert [(c.section, c.start, c.end) for c in birch] == [(1, 45, len(text))]
    assert oak == ()


def test_a_text_that_cites_otherwise_than_its_list() -> None:
    lost = [PrintedEntry("", authors=(f"{name} Roe",), year=2001) for name in ("A.", "B.", "C.", "D.")]
    found = contexts_of([Section("1", "Toys [1] rest [2, 4]. They play [3].")], lost)
    assert [len(contexts) for contexts in found] == [1, 1, 1, 1]


ANYTHING = st.text(st.sampled_from("Ash BirchetalandYe,.()[];:-–&'’0129 \n“”"), max_size=300) | st.text(
    max_size=200
)


@settings(max_examples=150, deadline=None)
@given(ANYTHING)
def test_any_text_is_taken_apart(text: str) -> None:
    entry = parse_entry(text)
    assert entry.text == text.replace("\ufffd", "").strip()
    assert entry.year is None or 1800 <= entry.year < 2100
    assert all(name in text.replace("\ufffd", "") or " " in name for name in entry.authors)


@settings(max_examples=150, deadline=None)
@given(ANYTHING, st.lists(ANYTHING, max_size=5))
def test_offsets_lead_to_the_text(text: str, entries: list[str]) -> None:
    parsed = [ASH, BIRCH, *NUMBERED[:2], *map(parse_entry, entries)]
    for style in ("number", "key", "author-year"):
        for mention in mentions_in(text, parsed, style):
            assert 0 <= mention.start < mention.end <= len(text)
            assert 0 <= mention.entry < len(parsed)
    sentences = {(span.start, span.end) for span in split_sentences(text)}
    for contexts in contexts_of([Section("", text)], parsed):
        for context in contexts:
            assert text[context.start : context.end] == context.text
            assert (context.start, context.end) in sentences


@pytest.mark.parametrize(
    "text",
    [
        "A. " * 30_000,
        "Aa, " * 30_000,
        "Aa and " * 20_000,
        "A" * 100_000,
        "[1" * 50_000,
        "Aa-" * 30_000,
        "Aa et al. " * 10_000,
        "Ash (2019, 2019, " * 8_000,
        "Aa, Bb, Cc, Dd and Ee " * 5_000,
    ],
)
def test_hostile_text_ends(text: str) -> None:
    """A quadratic pattern would take minutes on these."""
    parse_entry(text)
    for style in ("number", "key", "author-year"):
        mentions_in(text, [*LIST, *NUMBERED], style)
