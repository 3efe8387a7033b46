"""`spikegraph write-back`, `spikegraph runs …`: results into the graph, and which of them answer."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.names import Name
from spikegraph.cli.run_tables import show_difference
from spikegraph.cli.tables import show_pairs, show_table

RunId = Annotated[str, typer.Argument(help="A run's id, as `runs list` shows it.", metavar="RUN_ID")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "write-back")(write_back)
    group = typer.Typer(help="The runs of a data set.", no_args_is_help=True)
    command(group, "list")(list_runs)
    command(group)(show)
    command(group)(diff)
    command(group)(activate)
    command(group)(rollback)
    command(group)(prune)
    app.add_typer(group, name="runs")


def write_back(
    session: Session,
    run: Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")],
    top: Annotated[int, typer.Option(min=1, max=1000, help="Items of a list.")] = 20,
    keep: Annotated[int, typer.Option(min=2, help="Runs to keep in the graph, the new one included.")] = 2,
    inactive: Annotated[bool, typer.Option("--inactive", help="Write only: readers keep the run they have.")] = False,
) -> Answer:
    """Write lists, similarities and vectors beside the active run, then switch to them."""
    report = api.write_back(session.settings, run, top=top, keep=keep, activate=not inactive)
    document = asdict(report)

    def show(console: Console) -> None:
        title = (
            f"run {report.run_id} of {report.dataset} is {'active' if report.active else 'in the graph, not active'}"
        )
        show_pairs(
            console,
            title,
            {**report.counts, "seconds": report.seconds["total"], "removed": ", ".join(report.removed) or "nothing"},
        )

    return Answer(document, show)


def list_runs(session: Session, name: Name) -> Answer:
    """List the runs in the graph, the active one marked."""
    runs = [asdict(run) for run in api.list_runs(session.settings, name)]

    def show(console: Console) -> None:
        columns = ("run", "model", "state", "active", "made at")
        rows = [
            (run["id"], run["model"], run["state"], "yes" if run["active"] else "", f"{run['made_at']:%Y-%m-%d %H:%M}")
            for run in runs
        ]
        show_table(console, f"runs of {name}", columns, rows)

    return Answer({"runs": runs}, show)


def show(session: Session, name: Name, run: RunId) -> Answer:
    """Show one run: what it was made of, how it was measured, what it wrote."""
    found = api.show_run(session.settings, name, run)

    def print_run(console: Console) -> None:
        plain = ("model", "state", "active", "protocol", "seed", "snapshot", "made_at")
        show_pairs(console, f"run {found.id} of {name}", {part: getattr(found, part) for part in plain})
        show_pairs(console, "what it wrote", found.counts)
        rows = [(part, metric, value) for part, values in found.metrics.items() for metric, value in values.items()]
        show_table(console, "metrics", ("part", "metric", "value"), rows)
        show_pairs(console, "configuration", found.config)

    return Answer(asdict(found), print_run)


def diff(
    session: Session,
    name: Name,
    run: RunId,
    other: Annotated[str, typer.Argument(help="The id of the run to compare it with.", metavar="OTHER_ID")],
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="Places of each list to compare.")] = 10,
    most: Annotated[int, typer.Option(min=1, max=1000, help="The most items and users to show.")] = 10,
) -> Answer:
    """Compare two runs: their metrics, how much their lists share, and what only one of them recommends."""
    found = api.diff_runs(session.settings, name, run, other, k=k, most=most)
    return Answer(asdict(found), lambda console: show_difference(console, found))


def activate(session: Session, name: Name, run: RunId) -> Answer:
    """Let another run answer, in one transaction."""
    api.activate_run(session.settings, name, run)
    return Answer.line(f"run {run} is active", {"dataset": name, "active": run})


def rollback(session: Session, name: Name) -> Answer:
    """Go back to the run that was active before."""
    active = api.rollback_run(session.settings, name).id
    return Answer.line(f"run {active} is active again", {"dataset": name, "active": active})


def prune(
    session: Session,
    name: Name,
    keep: Annotated[int, typer.Option(min=1, help="Runs to keep.")] = 2,
    run: Annotated[list[str] | None, typer.Option(help="Remove this one (again for each), no other.")] = None,
) -> Answer:
    """Remove older runs and what an interrupted write-back left; or runs by name."""
    removed = api.remove_runs(session.settings, name, run) if run else api.prune_runs(session.settings, name, keep=keep)
    return Answer.line(f"removed: {', '.join(removed) or 'nothing'}", {"dataset": name, "removed": list(removed)})
