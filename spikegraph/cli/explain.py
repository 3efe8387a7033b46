"""`spikegraph explain`: why an item suits a user."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.names import Item, Name, User
from spikegraph.cli.tables import show_table


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(explain)


def explain(
    session: Session,
    name: Name,
    user: User,
    item: Item,
    limit: Annotated[int, typer.Option(min=1, max=100, help="The most reasons.")] = 10,
) -> Answer:
    """Say why an item suits a user: paths of the graph, the strongest first."""
    found = api.explain(session.settings, name, user, item, limit=limit)

    def show(console: Console) -> None:
        rows = [(reason.contribution, reason.kind, reason.text) for reason in found]
        show_table(console, f"why {item} for {user}", ("contribution", "kind", "reason"), rows)

    return Answer({"dataset": name, "user": user, "item": item, "reasons": [asdict(reason) for reason in found]}, show)
