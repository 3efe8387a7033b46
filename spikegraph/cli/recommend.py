"""`spikegraph recommend`, `similar`: what the graph recommends, and what it holds similar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.names import Item, Name, User
from spikegraph.cli.tables import show_table

if TYPE_CHECKING:
    from cypher.answers.lists import Recommendation

Count = Annotated[int, typer.Option("--k", help="How many.", min=1, max=1000)]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for function in (recommend, similar):
        command(app)(function)


def recommend(
    session: Session,
    name: Name,
    user: User,
    k: Count = 10,
    reasons: Annotated[int, typer.Option(min=0, max=20, help="Reasons for each item.")] = 3,
) -> Answer:
    """Give a user's list from the active run, with reasons as paths of the graph."""
    found = api.recommend(session.settings, name, user, k=k, reasons=reasons)
    return Answer(
        {"dataset": name, "user": user, "recommendations": [asdict(item) for item in found]},
        lambda console: show_recommendations(console, f"for {user} of {name}", found),
    )


def similar(session: Session, name: Name, item: Item, k: Count = 10) -> Answer:
    """Give the items that the active run holds most similar to an item."""
    found = api.similar(session.settings, name, item, k=k)

    def show(console: Console) -> None:
        rows = [(each.rank, each.name, each.key, each.score) for each in found]
        show_table(console, f"similar to {item}", ("rank", "item", "key", "score"), rows)
        _show_sources(console, {each.source for each in found})

    return Answer({"dataset": name, "item": item, "similar": [asdict(each) for each in found]}, show)


def show_recommendations(console: Console, title: str, found: Sequence[Recommendation]) -> None:
    """Print a list, each item with its reasons below each other."""
    rows = [(item.rank, item.name, item.score, "\n".join(reason.text for reason in item.reasons)) for item in found]
    show_table(console, title, ("rank", "item", "score", "because"), rows)
    _show_sources(console, {item.source for item in found})


def _show_sources(console: Console, sources: set[str]) -> None:
    for source in sorted(sources):
        console.print(f"source: {source}", highlight=False, markup=False, soft_wrap=True)
