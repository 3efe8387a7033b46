"""`spikegraph explain`: why an item suits a user, and what the recommendation hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.names import Item, Name, User
from spikegraph.cli.tables import show_table
from spikegraph.errors import UsageError

if TYPE_CHECKING:
    from cypher.answers.counterfactual import Changed, HangsOn
    from cypher.answers.reasons import Reason

BY_GRAPH = "by similar items of the active run, an approximation; --run RUN asks the model"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(explain)


def explain(
    session: Session,
    name: Name,
    user: User,
    item: Item,
    limit: Annotated[int, typer.Option(min=1, max=100, help="The most reasons.")] = 10,
    without: Annotated[
        str | None, typer.Option(help="An item of the user's: what would the list be without it?", metavar="KEY")
    ] = None,
    hangs_on: Annotated[
        bool, typer.Option("--hangs-on", help="How much of the score hangs on each item of the user's history?")
    ] = False,
    run: Annotated[
        Path | None, typer.Option(help="Ask this run's model, not the graph's similar items.", metavar="RUN")
    ] = None,
    k: Annotated[int, typer.Option(min=1, max=1000, help="Length of the list that is looked at.")] = 10,
) -> Answer:
    """Say why an item suits a user: paths of the graph, the strongest first; and what would be without one of them."""
    if run is not None and not (without or hangs_on):
        raise UsageError("a run is asked what hangs on what", where="--run", hint="add --hangs-on or --without KEY")
    settings = session.settings
    reasons = api.explain(settings, name, user, item, limit=limit)
    hanging = api.hangs_on(settings, name, user, item, limit=limit, run=run) if hangs_on else None
    changes = api.without(settings, name, user, without, k=k, run=run) if without else None
    document: dict[str, Any] = {"dataset": name, "user": user, "item": item}
    document["reasons"] = [asdict(reason) for reason in reasons]
    how = {"by": str(run) if run else "similar items"}
    if hanging is not None:
        document["hangs_on"] = how | {"history": [asdict(each) for each in hanging]}
    if changes is not None:
        document["without"] = how | {"item": without, "list": [asdict(each) for each in changes]}

    def show(console: Console) -> None:
        _show_reasons(console, f"why {item} for {user}", reasons)
        source = f"by {run}" if run else BY_GRAPH
        if hanging is not None:
            _show_hanging(console, f"what the score of {item} hangs on, {source}", hanging)
        if changes is not None:
            _show_changes(console, f"the list of {user} without {without}, {source}", changes)

    return Answer(document, show)


def _show_reasons(console: Console, title: str, reasons: Sequence[Reason]) -> None:
    rows = [(reason.contribution, reason.kind, reason.text) for reason in reasons]
    show_table(console, title, ("contribution", "kind", "reason"), rows)


def _show_hanging(console: Console, title: str, hanging: Sequence[HangsOn]) -> None:
    rows = [(each.name, f"{each.share:.1%}", each.rank, each.rank_without) for each in hanging]
    show_table(console, title, ("without", "share of the score", "rank", "rank without"), rows)


def _show_changes(console: Console, title: str, changes: Sequence[Changed]) -> None:
    rows = [(each.rank, each.name, each.score, each.rank_without, each.score_without, each.change) for each in changes]
    show_table(console, title, ("rank", "item", "score", "rank without", "score without", ""), rows)
