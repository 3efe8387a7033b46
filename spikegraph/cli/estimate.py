"""What a run of a language model may take, shown before the first call; what it took, shown after the last."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from spikegraph.cli.tables import show_pairs
from spikegraph.errors import UsageError

if TYPE_CHECKING:
    from llm_profiles.contract import LlmRecord, ProfileReport
    from llm_profiles.estimate import Estimate, WayCost
    from llm_profiles.report.quality import QualityReport
    from spikegraph.api import Profiled


def ask(estimate: Estimate, told: tuple[str, ...], *, certain: bool) -> None:
    """Say what a run may take and who reads what; on a terminal, ask whether to begin.

    Raises:
        UsageError: the person says no.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    show_estimate(console, estimate, told)
    calls = sum(stage.nodes - stage.written for stage in estimate.stages)
    if certain or not calls or not sys.stdin.isatty():
        return
    if not typer.confirm("Begin?", err=True):
        raise UsageError("nothing was sent", hint="--sample 20 tries it on a few nodes")


def show_estimate(console: Console, estimate: Estimate, told: tuple[str, ...]) -> None:
    """Show tokens, money and time, stage by stage and for the three ways of asking."""
    stages = Table("kind", "nodes", "written already", "tokens in", "tokens out", title=f"for {estimate.model}")
    for stage in estimate.stages:
        stages.add_row(stage.kind, *(f"{n:,}" for n in (stage.nodes, stage.written, stage.tokens_in, stage.tokens_out)))
    console.print(stages)
    ways = Table("way", "calls", "tokens in", "tokens out", "US dollars", "time", title="what it would take")
    for way in estimate.ways:
        counts = (f"{number:,}" for number in (way.calls, way.tokens_in, way.tokens_out))
        ways.add_row(way.way, *counts, _dollars(way), _time(way.seconds))
    console.print(ways)
    console.print(f"tokens may be off by {estimate.error:.0%} either way; {_price(estimate)}", highlight=False)
    for line in told:
        console.print(f"- {line}", highlight=False, markup=False, soft_wrap=True)


def show_run(console: Console, report: ProfileReport, active: Profiled | None) -> None:
    """Show what was written and what it cost."""
    run, llm = report.run, report.run.llm
    covered = {f"{kind} profiles": f"{part.profiles:,} of {part.nodes:,}" for kind, part in run.kinds.items()}
    state = "active" if active else f"on disk: spikegraph profile activate {run.dataset} {run.set}"
    show_pairs(console, f"profiles of {run.dataset}", {"set": run.id, "state": state, **covered, **_bill(llm)})
    if llm and llm.report:
        from llm_profiles.report.quality import QualityReport

        show_quality(console, QualityReport.model_validate(llm.report))


def show_quality(console: Console, report: QualityReport) -> None:
    """Show how good the profiles are, as far as that can be counted; beside it what the template reaches."""
    table = Table("kind", "words", "near duplicates", "name themselves", "names in the data", "template", "given up")
    for kind, part in report.kinds.items():
        given_up = str(part.calls.dead) if part.calls else "-"
        shares = (part.near_duplicates, part.names_itself, part.founded, part.template_founded)
        table.add_row(kind, str(part.lengths.median), *map(_share, shares), given_up)
    console.print(table)
    if report.neighbours:
        found, floor = _share(report.neighbours.share), _share(report.neighbours.floor)
        chance = _share(report.neighbours.chance)
        told = f"items alike in their profile share an entity: {found} (template {floor}, by chance {chance})"
        console.print(told, highlight=False)
    if report.ranking:
        told = f"users' profiles find own items, AUC: {report.ranking.auc:.2f} (template {report.ranking.floor:.2f})"
        console.print(told, highlight=False)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _bill(llm: LlmRecord | None) -> dict[str, object]:
    if llm is None:
        return {}
    totals = llm.totals
    calls = {name.removeprefix("calls_"): count for name, count in totals.items() if name.startswith("calls_")}
    tokens = f"{totals['tokens_in']:,} in, {totals['tokens_out']:,} out"
    cost = "no price is known" if llm.cost is None else f"{llm.cost:.4f} {llm.currency}"
    return {"written by": ", ".join(llm.served) or llm.asked, "calls": _counts(calls), "tokens": tokens, "cost": cost}


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "none"


def _price(estimate: Estimate) -> str:
    if estimate.prices:
        return f"prices read on {estimate.prices}"
    known = any(way.cost is not None for way in estimate.ways)
    return "tokens on this machine cost nothing" if known else "no price is known: llm.prices names a file of your own"


def _dollars(way: WayCost) -> str:
    return "unknown" if way.cost is None else f"{way.cost:,.2f}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "within a day"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
