"""`spikegraph query`: any read statement of the library, by its name."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from spikegraph.cli.command import Answer, Session, command, key_values
from spikegraph.cli.tables import show_pairs, show_table

NARROWEST = 9
"""Characters of a column of a table, its border included, in which words can still be read."""


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
    from spikegraph.cli.graph_values import in_words, plain
    from spikegraph.library import query as ask
    from spikegraph.library import values_of

    given = key_values(param or (), "--param")
    rows = ask(session.settings, name, given)

    def show(console: Console) -> None:
        if not rows:
            asked = ", ".join(f"{key}={value}" for key, value in values_of(name, given).items())
            console.print(f"no rows for {asked}", highlight=False, markup=False)
            return
        _show_rows(console, name, [{column: in_words(value) for column, value in row.items()} for row in rows])

    return Answer({"rows": plain(rows)}, show)


def _show_rows(console: Console, title: str, rows: list[dict[str, Any]]) -> None:
    """Print a table, or, where its columns would be too narrow to be read, each row as a block."""
    if len(rows[0]) * NARROWEST <= console.width:
        show_table(console, title, tuple(rows[0]), [tuple(row.values()) for row in rows])
        return
    for number, row in enumerate(rows, start=1):
        show_pairs(console, title if len(rows) == 1 else f"{title}, row {number}", row)


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
