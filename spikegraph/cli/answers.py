"""`spikegraph recommend`, `similar`, `explain`, `query`: the graph answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command, key_values
from spikegraph.cli.tables import show_table

if TYPE_CHECKING:
    from cypher.answers import Recommendation

Name = Annotated[str, typer.Argument(help="The data set's name in the graph.", metavar="NAME")]
User = Annotated[str, typer.Argument(help="A user: key, short key (user/7) or exact name.", metavar="USER")]
Item = Annotated[str, typer.Argument(help="An item: key, short key (movie/12) or exact name.", metavar="ITEM")]
Count = Annotated[int, typer.Option("--k", help="How many.", min=1, max=1000)]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for function in (recommend, similar, explain, query):
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


def show_recommendations(console: Console, title: str, found: Sequence[Recommendation]) -> None:
    """Print a list, each item with its reasons below each other."""
    rows = [(item.rank, item.name, item.score, "\n".join(reason.text for reason in item.reasons)) for item in found]
    show_table(console, title, ("rank", "item", "score", "because"), rows)
    _show_sources(console, {item.source for item in found})


def _show_sources(console: Console, sources: set[str]) -> None:
    for source in sorted(sources):
        console.print(f"source: {source}", highlight=False, markup=False, soft_wrap=True)


def query(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="A statement of the library; none lists them.")] = None,
    param: Annotated[list[str] | None, typer.Option("--param", help="One parameter.", metavar="KEY=VALUE")] = None,
) -> Answer:
    """Run a read statement of the library by its name, or list them all."""
    if name is None:
        return _library()
    from spikegraph.library import query as ask

    rows = ask(session.settings, name, key_values(param or (), "--param"))

    def show(console: Console) -> None:
        if not rows:
            console.print("no rows")
            return
        show_table(console, name, tuple(rows[0]), [tuple(row.values()) for row in rows])

    return Answer({"rows": rows}, show)


def _library() -> Answer:
    from spikegraph.library import library

    statements = library()

    def show(console: Console) -> None:
        rows = [
            (s.name, s.title.split(". ")[0], ", ".join(f"{key}={value}" for key, value in s.parameters.items()))
            for s in statements
        ]
        show_table(console, "statements", ("name", "what it answers", "parameters"), rows)

    document = [{"name": s.name, "title": s.title, "parameters": s.parameters} for s in statements]
    return Answer({"statements": document}, show)
