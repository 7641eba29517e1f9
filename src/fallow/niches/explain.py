"""Sentences of a niche: what was counted, said so that a researcher can check it."""

from __future__ import annotations

from dataclasses import dataclass

from fallow.niches.model import Factor


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers that the sentences of one niche are made of (see factors.py for their meaning)."""

    label: str
    direction: str
    papers: int
    typical: float
    first_year: int
    last_year: int
    recent: tuple[int, int] | None
    earlier: tuple[int, int] | None
    direction_now: float | None
    direction_before: float | None
    papers_now: int
    papers_usual_now: float
    attention_years: tuple[int, int] | None
    attention_now: int | None
    attention_before: int | None
    inside: int
    inside_usual: float
    received: int
    received_usual: float
    false_discovery: float
    across: int
    across_usual: float
    citers: int
    fields: int
    directions: int
    share: float
    neighbours: tuple[tuple[str, int], ...]
    demand: float | None = None


def hotness_why(c: Counts) -> str:
    """How the direction's share moved."""
    if c.direction_now is None or c.direction_before is None or c.recent is None or c.earlier is None:
        return "Too few dated papers to tell whether the direction grows."
    return (
        f"“{c.direction}” held {percent(c.direction_before)} of the library's papers in {years(c.earlier)} "
        f"and {percent(c.direction_now)} in {years(c.recent)}."
    )


def sparsity_why(c: Counts) -> str:
    """How thin the subfield is."""
    text = f"{plural(c.papers, 'paper')}, where a subfield here usually has {c.typical:.0f}"
    if not c.inside_usual:
        return f"{text}; whom they cite is not known."
    text += f"; they cite each other {times(c.inside)} ({c.inside_usual:.0f} would be usual)"
    text += (
        f", and their own direction cites them {times(c.received)}, {c.received_usual:.0f} if chance decided"
    )
    q = c.false_discovery
    return f"{text} ({f'q = {q:.2g}' if q < 0.2 else 'not significant'})."


def importance_why(c: Counts) -> str:
    """Who cites across the border."""
    if not c.across_usual:
        return "No citations across subfields are known, so nothing can be said about who needs it."
    text = (
        f"{plural(c.across, 'citation')} from {plural(c.citers, 'paper')} of "
        f"{plural(c.fields, 'other subfield')} in {plural(c.directions, 'other direction')}, "
        f"where papers of the same years receive {c.across_usual:.0f}; "
        f"{percent(c.share)} of its citations come across its border"
    )
    return f"{text}; limitations elsewhere point here {c.demand:.0f} times." if c.demand else f"{text}."


def timeliness_why(c: Counts) -> str:
    """How the subfield itself moves."""
    if c.recent is None:
        return "Too few dated papers to tell whether it is waking or dying."
    text = (
        f"{plural(c.papers_now, 'paper')} in {years(c.recent)}, {c.papers_usual_now:.0f} expected from its "
        f"earlier share; the last is of {c.last_year}"
    )
    if c.attention_years is not None and c.attention_now is not None:
        text += f"; {plural(c.attention_now, 'paper')} of {years(c.attention_years)} elsewhere cite it"
        text += f", {c.attention_before} did before"
    return f"{text}."


def explanation(c: Counts, factors: dict[str, Factor], inside: str, newest: str) -> str:
    """Two or three sentences: what it is, why it is thin, who needs it, where to start."""
    return " ".join(
        part for part in (_what(c, factors), _thin_but_needed(c, factors), _start(inside, newest)) if part
    )


def _what(c: Counts, factors: dict[str, Factor]) -> str:
    since = f" since {c.first_year}" if c.first_year else ""
    head = f"{capital(c.label)} ({plural(c.papers, 'paper')}{since}) is a "
    head += (
        "thin corner"
        if factors["sparsity"].value > 1.15
        else "busy part"
        if factors["sparsity"].value < 0.85
        else "part"
    )
    head += f" of “{c.direction}”"
    hot = factors["hotness"]
    if c.direction_now is None or c.direction_before is None or c.recent is None or c.earlier is None:
        return f"{head}; whether that direction grows cannot be told from the dates here."
    before = f"{percent(c.direction_before)} of the library in {years(c.earlier)}"
    moved = f"{before}, {percent(c.direction_now)} in {years(c.recent)}"
    rises = c.direction_now > c.direction_before
    if hot.low > 1.0:
        return f"{head}, a direction that {'grows' if rises else 'is cited more and more'} ({moved})."
    if hot.high < 1.0:
        return f"{head}, a direction that {'is cited less and less' if rises else 'shrinks'} ({moved})."
    return f"{head}, a direction that holds its share ({moved})."


def _thin_but_needed(c: Counts, factors: dict[str, Factor]) -> str:
    if not c.across_usual:
        return (
            f"A subfield here usually has {c.typical:.0f} papers; "
            "without citations nobody can say who needs this one."
        )
    often, usual = times(c.inside), f"{c.inside_usual:.0f} would be usual"
    if c.inside and 0.9 < (c.inside + 1) / (c.inside_usual + 1) < 1.1:
        thin = f"Its papers cite each other as often as is usual here ({often})"
    else:
        thin = f"Its papers cite each other {often} ({usual})"
    if not c.citers:
        return f"{thin}, and nobody outside cites them."
    needed = factors["importance"].value >= 1.1 and factors["sparsity"].value > 1.0
    names = [f"“{label}” ({count})" for label, count in c.neighbours[:2]]
    most = "in" if len(c.neighbours) <= 2 else "most in"
    builds = "builds" if c.citers == 1 else "build"
    return (
        f"{thin}, {'yet' if needed else 'and'} {plural(c.citers, 'paper')} elsewhere {builds} on them, "
        f"{most} {' and '.join(names)}."
    )


def _start(inside: str, newest: str) -> str:
    if inside and newest and inside != newest:
        return f"Start with {inside}, the one its own papers cite most, and {newest}, the newest."
    return f"Start with {inside or newest}." if inside or newest else ""


def plural(count: int, word: str) -> str:
    """ "1 paper", "1,200 papers"."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def times(count: int) -> str:
    """ "never", "once", "7 times"."""
    return "never" if count == 0 else "once" if count == 1 else f"{count:,} times"


def percent(share: float) -> str:
    """ "0.4%", "12%"."""
    return f"{100 * share:.1f}%" if share < 0.1 else f"{100 * share:.0f}%"


def years(span: tuple[int, int]) -> str:
    """ "2016-20"."""
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1] % 100:02d}"


def capital(text: str) -> str:
    """First letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]
