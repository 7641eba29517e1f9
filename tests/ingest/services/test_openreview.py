"""What is particular to OpenReview: two generations of notes, forms of reviews, who may read what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols.openreview import (
    DECEMBER,
    NEW,
    OCTOBER,
    OLD,
    Note,
    OpenReview,
    challenge,
    dumped,
    old_submission,
    over_the_limit,
    reply_of,
    review_of,
    submission,
    world,
    wrapped,
)
from protocols.server import Asked, FakeClock, Reply, serving

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, ServiceRefused, ServiceThrottled
from fallow_ingest.harvest import HarvestAccount, harvest
from fallow_ingest.records import Paper
from fallow_ingest.services import Selection
from fallow_ingest.services.openreview.notes import paper_of
from fallow_ingest.services.openreview.replies import DEFAULT_NAMES
from fallow_ingest.services.openreview.service import OpenReviewService
from fallow_ingest.sources.fields import Notes
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.client import Client, Patience
from fallow_ingest.web.limiter import Limiter

SAMPLE = Path(__file__).parents[4] / "shared/apis/samples/openreview_note_v2_synthetic.json"


def read(note: Note) -> tuple[Paper, Notes]:
    notes = Notes()
    paper = paper_of(note, DEFAULT_NAMES, notes)
    assert isinstance(paper, Paper), paper
    return paper, notes


def with_review(*replies: Note, **more: Any) -> Note:
    return submission(1) | {"details": {"replies": list(replies)}} | more


def parts(note: Note) -> dict[str, str]:
    return {review.part: review.text for review in read(note)[0].reviews}


def run(
    tmp_path: Path, respond: Any, selection: Selection, *, longest_wait: float = 120.0
) -> tuple[HarvestAccount, list[Asked]]:
    with serving(respond) as server, Catalog.open(tmp_path / "library", create=True) as catalog:
        limiter = Limiter(FakeClock(), folder=tmp_path / "state", longest_wait=longest_wait)
        with Client(limiter, patience=Patience(tries=3), connect_seconds=5.0) as client:
            account = harvest(catalog, OpenReviewService(base=server.url), selection, client)
        return account, server.asked


# Notes ------------------------------------------------------------------------------------------------


def test_the_sample_of_the_protocol_sheet() -> None:
    if not SAMPLE.exists():
        pytest.skip("the protocol samples are not on this machine")
    paper, notes = read(json.loads(SAMPLE.read_text())["notes"][0])
    assert (paper.key, paper.date, paper.year) == ("openreview:abcXYZ1234", "2024-10-04", 2025)
    assert paper.authors == ("A. One", "B. Two")
    assert paper.extra["state"] == "accepted"
    assert paper.extra["decision"] == "Accept (Poster)"
    assert [(r.part, r.text) for r in paper.reviews] == [
        ("summary", "S"), ("strengths", "S1"), ("weaknesses", "W1"), ("questions", "Q1"),
    ]  # fmt: skip
    assert {(r.signature, r.rating, r.date) for r in paper.reviews} == {("Reviewer_aB1c", 6.0, "2024-11-19")}
    assert not notes


def test_the_day_is_when_everybody_could_read_it_not_when_it_was_made() -> None:
    paper, _ = read(submission(1))
    assert paper.date == "2024-10-05"  # odate; made in September, published in December
    assert read(submission(1, odate=None))[0].date == "2024-12-05"
    closed, _ = read(submission(1, odate=None, pdate=None))
    assert (closed.date, closed.year) == ("", 2025)


def test_reviews_are_not_dated_before_their_paper_nor_before_their_last_change() -> None:
    late = with_review(review_of("grove0001", 1, "Reviewer_x"), odate=DECEMBER, pdate=DECEMBER)
    assert {review.date for review in read(late)[0].reviews} == {"2024-12-05"}
    assert {review.date for review in read(submission(1))[0].reviews} == {"2024-11-05"}


@pytest.mark.parametrize(
    ("venueid", "venue", "state"),
    [
        (NEW, "Grove 2025 Poster", "accepted"),
        (f"{NEW}/Rejected_Submission", "Submitted to Grove 2025", "rejected"),
        (f"{NEW}/Withdrawn_Submission", "Grove 2025 Conference Withdrawn Submission", "withdrawn"),
        (f"{NEW}/Desk_Rejected_Submission", "Grove 2025 Desk Rejected Submission", "desk rejected"),
        (f"{NEW}/Submission", "Grove 2025 Conference Submission", "submitted"),
        ("TMLR", "Accepted by TMLR", "accepted"),
        (NEW, "Grove 2025", "accepted"),
        (NEW, "Grove 2025 Submitted", "submitted"),
    ],
)
def test_what_became_of_it(venueid: str, venue: str, state: str) -> None:
    paper, _ = read(submission(1, venueid, venue) | {"details": {"replies": []}})
    assert paper.extra["state"] == state
    assert paper.status == "", "leaving a venue takes nothing back that the paper says"


def test_a_decision_alone_tells_it_too() -> None:
    assert read(old_submission(1))[0].extra.get("state") is None
    decided = old_submission(1)
    decided["details"]["replies"].append(
        {"id": "d", "invitation": f"{OLD}/Paper1/-/Decision", "readers": ["everyone"],
         "content": {"decision": "Reject", "comment": "The gap in the proof remains."}}
    )  # fmt: skip
    paper, _ = read(decided)
    assert (paper.extra["state"], paper.extra["decision"]) == ("rejected", "Reject")
    assert [r.text for r in paper.reviews if r.part == "meta_review"] == ["The gap in the proof remains."]


def test_authors_as_objects_and_hidden_authors() -> None:
    named = submission(1)
    named["content"]["authors"] = {"value": [{"fullname": "Ada Ash", "username": "~Ada_Ash1"}]}
    assert read(named)[0].authors == ("Ada Ash",)
    named["content"]["authors"] = {"value": ["Ada Ash"], "readers": [f"{NEW}/Program_Chairs"]}
    assert read(named)[0].authors == ()
    assert read(old_submission(1))[0].authors == ()


def test_other_ids_come_from_addresses_and_bibtex() -> None:
    note = submission(1)
    note["content"] |= wrapped(
        html="https://arxiv.org/abs/2401.01234",
        _bibtex="@article{a2025, title={Growing, doi = {10.9999/no}}, doi={10.5555/Grove.7},\n year={2025}}",
    )
    assert read(note)[0].ids == {"openreview": "grove0001", "arxiv": "2401.01234", "doi": "10.9999/no"}
    note["content"] |= wrapped(html="javascript:alert(1)", _bibtex="@misc{x, journal={arXiv:2402.00002}}")
    assert read(note)[0].ids["arxiv"] == "2402.00002"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": 7}, "no id"),
        ({"forum": "other"}, "a reply, not a submission"),
        ({"readers": [NEW]}, "not public"),
        ({"content": {}}, "no title"),
        ({"content": ["title"]}, "no title"),
    ],
)
def test_what_is_no_submission_is_told(change: Note, reason: str) -> None:
    found = paper_of(submission(1) | change, DEFAULT_NAMES, Notes())
    assert isinstance(found, Unreadable)
    assert found.reason == reason


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NOTE_KEYS = [
    "id", "forum", "replyto", "content", "details", "readers", "invitations", "invitation", "signatures",
    "cdate", "mdate", "odate", "pdate",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(NOTE_KEYS), json_values), st.sampled_from(NOTE_KEYS), json_values)
def test_hostile_notes_never_raise(changes: Note, key: str, value: object) -> None:
    paper_of(changes, DEFAULT_NAMES, Notes())
    note = submission(1)
    note["details"]["replies"][0] = note["details"]["replies"][0] | changes
    paper_of(note | {key: value}, DEFAULT_NAMES, Notes())
    note["content"][key] = {"value": value}
    paper_of(note, DEFAULT_NAMES, Notes())


# Reviews ----------------------------------------------------------------------------------------------

FORMS: list[tuple[str, Note, dict[str, str], float | None]] = [
    ("ICLR 2023", {
        "summary_of_the_paper": "A lexicon.", "strength_and_weaknesses": "Small but sound.",
        "clarity,_quality,_novelty_and_reproducibility": "Clear.", "summary_of_the_review": "Borderline.",
        "recommendation": "6: marginally above the acceptance threshold", "correctness": "3: Some claims",
        "technical_novelty_and_significance": "2: Little"},
     {"summary": "A lexicon.", "strengths_and_weaknesses": "Small but sound.",
      "clarity_quality_novelty_and_reproducibility": "Clear.", "summary_of_the_review": "Borderline."}, 6.0),
    ("ICLR 2022", {"summary_of_the_paper": "A lexicon.", "main_review": "It is small.",
                   "recommendation": "3: reject, not good enough", "confidence": "4: sure"},
     {"summary": "A lexicon.", "review": "It is small."}, 3.0),
    ("ICLR 2018", {"title": "Fine", "review": "It is small.", "rating": "7: Good paper, accept",
                   "confidence": "4: sure"}, {"review": "It is small."}, 7.0),
    ("NeurIPS 2025", {"summary": "A lexicon.", "strengths_and_weaknesses": "Small.", "quality": 3,
                      "clarity": 3, "questions": "Why?", "limitations": "One language.", "rating": 4,
                      "final_justification": "I stay."},
     {"summary": "A lexicon.", "strengths_and_weaknesses": "Small.", "questions": "Why?",
      "limitations": "One language.", "final_justification": "I stay."}, 4.0),
    ("ICML 2025", {"summary": "A lexicon.", "claims_and_evidence": "Yes, mostly.",
                   "other_strengths_and_weaknesses": "Small.", "questions_for_authors": "Why?",
                   "overall_recommendation": 2},
     {"summary": "A lexicon.", "claims_and_evidence": "Yes, mostly.", "strengths_and_weaknesses": "Small.",
      "questions": "Why?"}, 2.0),
    ("TMLR", {"summary_of_contributions": "A lexicon.", "strengths_and_weaknesses": "Small.",
              "requested_changes": "Test on old trees.", "broader_impact_concerns": "None."},
     {"summary": "A lexicon.", "strengths_and_weaknesses": "Small.",
      "requested_changes": "Test on old trees.", "broader_impact_concerns": "None."}, None),
    ("ARR", {"paper_summary": "A lexicon.", "summary_of_strengths": "Sound.",
             "summary_of_weaknesses": "Small.", "comments_suggestions_and_typos": "Line 3.",
             "soundness": 3.5, "overall_assessment": 2.5},
     {"summary": "A lexicon.", "strengths": "Sound.", "weaknesses": "Small.", "comments": "Line 3."}, 2.5),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "form", "wanted", "rating"), FORMS, ids=[form[0] for form in FORMS])
def test_every_form_gives_the_same_parts(
    venue: str, form: Note, wanted: dict[str, str], rating: float | None
) -> None:
    for content in (form, {name: {"value": value} for name, value in form.items()}):
        note = with_review(reply_of("grove0001", 1, "Official_Review", "Reviewer_x", content))
        paper, notes = read(note)
        assert {r.part: r.text for r in paper.reviews} == wanted
        assert {r.rating for r in paper.reviews} == {rating}
        assert not notes


def test_an_unknown_form_keeps_its_words_under_its_own_names_and_says_so() -> None:
    form = wrapped(what_troubles_me="The roots are shallow.", vigour="3: fair", rating="5")
    note = with_review(reply_of("grove0001", 1, "Official_Review", "Reviewer_x", form))
    paper, notes = read(note)
    assert {r.part: r.text for r in paper.reviews} == {"what_troubles_me": "The roots are shallow."}
    assert notes == ["review field kept under its own name: what_troubles_me"]


def test_authors_and_passers_by_are_no_reviewers() -> None:
    said = wrapped(comment="The reviewer is wrong.", weaknesses="None.")
    replies = [
        reply_of("grove0001", 1, kind, who, said)
        for kind, who in [
            ("Rebuttal", "Authors"), ("Official_Comment", "Authors"), ("Official_Comment", "Reviewer_x"),
            ("Public_Comment", "~Cy_Cedar1"), ("Official_Review", "Authors"),
        ]
    ]  # fmt: skip
    assert parts(with_review(*replies)) == {}


def test_confidential_reviews_stay_out_even_when_a_token_shows_them() -> None:
    hidden = review_of("grove0001", 1, "Reviewer_x") | {"readers": [f"{NEW}/Program_Chairs"]}
    partly = review_of("grove0001", 1, "Reviewer_y")
    partly["content"]["weaknesses"]["readers"] = [f"{NEW}/Program_Chairs"]
    paper, notes = read(with_review(hidden, partly))
    assert {r.part for r in paper.reviews} == {"summary", "strengths", "questions"}
    assert notes == ["confidential reply left out"]


def test_a_signature_is_a_role_never_a_person() -> None:
    replies = [review_of("grove0001", 1, who) for who in ("Reviewer_aB1c", "~Cy_Cedar1", "AnonReviewer3")]
    assert {r.signature for r in read(with_review(*replies))[0].reviews} == {
        "Reviewer_aB1c", "", "AnonReviewer3",
    }  # fmt: skip


def test_lists_keep_their_lines_and_long_texts_end() -> None:
    note = with_review(review_of("grove0001", 1, "Reviewer_x", weaknesses="- One\x00.\r\n\n\n- Two‮.\n"))
    assert parts(note)["weaknesses"] == "- One.\n\n- Two."
    paper, notes = read(with_review(review_of("grove0001", 1, "Reviewer_x", weaknesses="words " * 10**6)))
    assert max(len(r.text) for r in paper.reviews) <= 60_000
    assert notes == ["review cut"]


# Asking -----------------------------------------------------------------------------------------------


def test_a_venue_is_found_in_its_generation_once(tmp_path: Path) -> None:
    account, asked = run(tmp_path, world(), Selection(venues=(OLD,)))
    assert account.failure is None
    probes = [a for a in asked if a.one("limit") == "1"]
    assert [(a.path, a.one("invitation") or a.one("content.venueid")) for a in probes] == [
        ("/notes", f"{OLD}/-/Submission"), ("/notes", OLD), ("/v1/notes", f"{OLD}/-/Blind_Submission"),
    ]  # fmt: skip
    assert account.skipped == {}


def test_an_unknown_venue_is_refused_not_empty(tmp_path: Path) -> None:
    account, _ = run(tmp_path, world(), Selection(venues=("Marsh.cc/2025/Conference",)))
    assert isinstance(account.failure, ServiceRefused)
    assert "knows no venue" in str(account.failure)


def test_a_venue_without_submissions_is_empty(tmp_path: Path) -> None:
    account, _ = run(tmp_path, OpenReview([], []), Selection(venues=(NEW,)))
    assert account.outcome is not None
    assert account.outcome.name == "empty"


def test_a_promise_that_is_not_kept_is_counted(tmp_path: Path) -> None:
    honest = world()

    def respond(asked: Asked) -> Reply:
        reply = honest(asked)
        found = json.loads(reply.body)
        if "count" in found and asked.path == "/notes":
            return dumped(found | {"count": 12})
        return reply

    account, _ = run(tmp_path, respond, Selection(venues=(NEW,)))
    assert account.failure is None
    assert account.missing == 2


def test_the_budget_is_waited_for_when_that_is_short_and_told_when_it_is_long(tmp_path: Path) -> None:
    honest, bad = world(), iter([over_the_limit])

    def once(asked: Asked) -> Reply:
        fault = next(bad, None)
        return fault(Reply()) if fault else honest(asked)

    account, _ = run(tmp_path / "short", once, Selection(ids=("grove0001",)))
    assert account.failure is None
    account, asked = run(
        tmp_path / "long", lambda _: over_the_limit(Reply()), Selection(ids=("grove0002",)), longest_wait=10
    )
    assert isinstance(account.failure, ServiceThrottled)
    assert account.failure.until == FakeClock().now() + 40
    assert len(asked) == 1


def test_a_challenge_is_a_refusal_with_a_way_out(tmp_path: Path) -> None:
    for selection in (Selection(venues=(NEW,)), Selection(ids=("grove0001",))):
        account, asked = run(tmp_path, lambda _: challenge(Reply()), selection)
        assert isinstance(account.failure, ServiceRefused)
        assert "OPENREVIEW_TOKEN" in str(account.failure)
        assert len(asked) == 1


def test_ids_that_are_private_unknown_or_no_ids_are_told(tmp_path: Path) -> None:
    ids = ("grove0001", "secret01", "nowhere1", "arxiv:2401.00001")
    account, _ = run(tmp_path, world(), Selection(ids=ids))
    assert account.skipped == {
        "not public": 1, "not known to OpenReview": 1, "no OpenReview id": 1,
    }  # fmt: skip


def test_a_token_is_sent_as_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENREVIEW_TOKEN", "sesame")
    _, asked = run(tmp_path, world(), Selection(ids=("grove0001",)))
    assert {a.headers["authorization"] for a in asked} == {"Bearer sesame"}


def test_authors_are_asked_for_by_profile_and_fields_narrow(tmp_path: Path) -> None:
    selection = Selection(authors=("~Bo_Birch3",), venues=(NEW,))
    account, _ = run(tmp_path, world(), selection)
    assert account.counts.new == 1
    with pytest.raises(BadInput, match="profile"):
        run(tmp_path, world(), Selection(authors=("Bo Birch",)))
    with pytest.raises(BadInput, match="no venue id"):
        run(tmp_path, world(), Selection(venues=("Journal of Trees",)))


def test_deleted_submissions_are_gone(tmp_path: Path) -> None:
    run(tmp_path, world(), Selection(ids=("grove0001",)))
    deleted = OpenReview([submission(1, ddate=OCTOBER)], [])
    account, _ = run(tmp_path, deleted, Selection(ids=("grove0001", "grove0001")))
    assert account.gone == 1


def test_a_plan_asks_once(tmp_path: Path) -> None:
    with (
        serving(world()) as server,
        Client(Limiter(FakeClock(), folder=tmp_path), connect_seconds=5.0) as client,
    ):
        service = OpenReviewService(base=server.url)
        plan = service.plan(Selection(venues=(NEW,)), client)
        assert (plan.records, plan.exact, len(server.asked)) == (10, True, 1)
        assert service.plan(Selection(ids=("a", "b")), client).requests == 4
    assert OpenReviewService().plan(Selection(venues=("ICLR 2024",)), None).requests > 0
