"""`spikegraph recommend`, `similar`, `explain`, `query`: the graph answers."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.tables import show_table
from spikegraph.errors import UsageError

Name = Annotated[str, typer.Argument(help="The data set's name in the graph.", metavar="NAME")]
User = Annotated[str, typer.Argument(help="A user: key, short key (user/7) or exact name.", metavar="USER")]
Item = Annotated[str, typer.Argument(help="An item: key, short key (movie/12) or exact name.", metavar="ITEM")]
Count = Annotated[int, typer.Option("--k", help="How many.", min=1, max=1000)]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for function in (query,):
        command(app)(function)


def query(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="A statement of the library; none lists them.")] = None,
    param: Annotated[list[str] | None, typer.Option("--param", help="One parameter.", metavar="KEY=VALUE")] = None,
) -> Answer:
    """Run a read statement of the library by its name, or list them all."""
    if name is None:
        return _library()
    rows = api.query(session.settings, name, dict(_parameter(word) for word in param or ()))

    def show(console: Console) -> None:
        if not rows:
            console.print("no rows")
            return
        show_table(console, name, tuple(rows[0]), [tuple(row.values()) for row in rows])

    return Answer({"rows": rows}, show)


def _library() -> Answer:
    statements = api.library()

    def show(console: Console) -> None:
        rows = [
            (s.name, s.title, ", ".join(f"{key}={value}" for key, value in s.parameters.items())) for s in statements
        ]
        show_table(console, "statements", ("name", "what it answers", "parameters"), rows)

    document = [{"name": s.name, "title": s.title, "parameters": s.parameters} for s in statements]
    return Answer({"statements": document}, show)


def _parameter(word: str) -> tuple[str, str]:
    key, separator, value = word.partition("=")
    if not separator:
        raise UsageError(f"'{word}' is not key=value", where="--param")
    return key, value
