"""`spikegraph fold-in`: users and items that came after the training."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.tables import show_pairs


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "fold-in")(fold_in)


def fold_in(
    session: Session,
    run: Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")],
    snapshot: Annotated[Path, typer.Argument(help="A newer export of its data set.", metavar="SNAPSHOT")],
    top: Annotated[int, typer.Option(min=1, max=1000, help="Items of a list.")] = 20,
    keep: Annotated[int, typer.Option(min=2, help="Runs to keep in the graph, the new one included.")] = 2,
) -> Answer:
    """Give new users and items vectors and lists by a trained run, without training, and switch to them."""
    report = api.fold_in(session.settings, run, snapshot, top=top, keep=keep)
    written = report.written

    def show(console: Console) -> None:
        new = {"new users": report.new_users, "new items": report.new_items, "gone": report.gone}
        title = f"run {written.run_id} of {written.dataset} is active"
        show_pairs(console, title, {**new, **written.counts, "seconds": written.seconds["total"]})

    return Answer(asdict(report), show)
