"""`spikegraph query`: any read statement of the library, by its name."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from spikegraph.cli.command import Answer, Session, command, key_values
from spikegraph.cli.tables import show_table


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(query)


def query(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(help="A statement of the library, or the end of its name; none lists them.")
    ] = None,
    param: Annotated[list[str] | None, typer.Option("--param", help="One parameter.", metavar="KEY=VALUE")] = None,
) -> Answer:
    """Run a read statement of the library by its name, or list them by the question they answer."""
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

    groups = library()

    def show(console: Console) -> None:
        for question, statements in groups.items():
            rows = [
                (s.name, s.summary, ", ".join(f"{key}={value}" for key, value in s.parameters.items()))
                for s in statements
            ]
            show_table(console, question, ("name", "what it answers", "parameters"), rows)

    document = [
        {"question": question, "name": s.name, "title": s.title, "parameters": s.parameters}
        for question, statements in groups.items()
        for s in statements
    ]
    return Answer({"statements": document}, show)
