"""How the account of an ingest or a harvest reaches the screen or a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fallow_app.cli.options import screen

if TYPE_CHECKING:
    from rich.table import Table

    from fallow_ingest.harvest import HarvestAccount
    from fallow_ingest.ingest import IngestAccount
    from fallow_ingest.services import Plan, Service


def document(account: IngestAccount, held: int, waiting: int) -> dict[str, object]:
    """The account for scripts."""
    told: dict[str, object] = {
        "source": account.source,
        "location": account.location,
        "records": account.counts,
        "citations": account.citations,
        "skipped": dict(account.skipped),
        "repaired": dict(account.repaired),
        "skipped_examples": account.examples,
        "resumed_at": account.resumed_at,
        "already_read": account.already,
        "failure": str(account.failure) if account.failure else None,
        "papers_in_library": held,
        "references_waiting": waiting,
    }
    if (harvest := _harvest(account)) is not None:
        outcome = harvest.outcome
        told |= {
            "outcome": outcome.name if outcome else None,
            "until": getattr(outcome, "until", ""),
            "missing": harvest.missing,
            "requests": harvest.requests,
            "gone": harvest.gone,
        }
    return told


def show(account: IngestAccount, held: int, waiting: int) -> None:
    """Print the table that an ingest ends with."""
    from rich.markup import escape

    console = screen()
    if account.already:
        console.print(
            f"{escape(account.location)} was read before and has not changed. {held:,} papers held."
        )
        return
    if account.resumed_at:
        console.print(f"Went on after record {account.resumed_at:,}, where an earlier run was interrupted.")
    console.print(_table(account))
    for example in account.examples[:5]:
        console.print(f"  skipped {escape(example.place)}: {escape(example.reason)} {escape(example.detail)}")
    console.print(f"The library holds {held:,} papers; {waiting:,} references name papers it does not hold.")
    if not account.failure and held:
        console.print("Next: fallow build", style="bold")


def _table(account: IngestAccount) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        title=escape(f"{account.source}: {_short(account.location)}"), title_justify="left", min_width=60
    )
    table.add_column("what")
    table.add_column("records", justify="right")
    counts = account.counts
    rows = [
        ("new papers", counts.new),
        ("merged into a paper already held", counts.merged),
        ("updated", counts.updated),
        ("unchanged", counts.unchanged),
        ("citations resolved", account.citations),
    ]
    if (harvest := _harvest(account)) is not None:
        rows += [
            ("gone at the source", harvest.gone),
            ("promised but not given", harvest.missing),
            ("requests", harvest.requests),
        ]
    for label, number in rows:
        if number:
            table.add_row(label, f"{number:,}")
    for reason, number in account.skipped.most_common():
        table.add_row(f"skipped: {escape(reason)}", f"{number:,}")
    for reason, number in account.repaired.most_common():
        table.add_row(f"repaired: {escape(reason)}", f"{number:,}")
    if not table.row_count:
        table.add_row("nothing new", "0")
    return table


def plan_document(service: Service, plan: Plan, selection: str) -> dict[str, object]:
    """A plan for scripts."""
    return {
        "source": service.name,
        "selection": selection,
        "requests": plan.requests,
        "minutes": round(plan.seconds / 60, 1),
        "records": plan.records,
        "credits": plan.credits,
        "credits_a_day": plan.credits_a_day,
        "days": _days(plan),
        "exact": plan.exact,
        "note": plan.note,
    }


def show_plan(service: Service, plan: Plan) -> None:
    """Print what a harvest will take."""
    from rich.markup import escape

    console = screen()
    known = "" if plan.exact else "about "
    if plan.records is not None:
        console.print(f"{service.label}: {known}{plan.records:,} record{'s' * (plan.records != 1)}")
    else:
        console.print(f"{service.label}: nobody knows beforehand how many records")
    console.print(f"  requests  {plan.requests:,}")
    console.print(f"  time      {_duration(plan.seconds)} without counting pauses the service may ask for")
    if plan.credits or plan.credits_a_day:
        console.print(f"  credits   {plan.credits:,.0f} of {plan.credits_a_day:,.0f} a day")
        if _days(plan) > 1:
            console.print(f"  days      {_days(plan)}: it stops when the day's budget is spent and goes on")
    if plan.note:
        console.print(f"  {escape(plan.note)}")
    console.print("Next: the same command without 'plan'", style="bold")


def _days(plan: Plan) -> int:
    return max(1, -(-int(plan.credits) // int(plan.credits_a_day))) if plan.credits_a_day >= 1 else 1


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:197]}..."


def _harvest(account: IngestAccount) -> HarvestAccount | None:
    from fallow_ingest.harvest import HarvestAccount

    return account if isinstance(account, HarvestAccount) else None
