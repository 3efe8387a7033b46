"""`spikegraph server …`: the local Neo4j."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.tables import show_pairs


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The local Neo4j: no Docker, Java or Maven needed.", no_args_is_help=True)
    for function in (install, start, stop, status, password, logs, remove):
        command(group)(function)
    app.add_typer(group, name="server")


def install(session: Session) -> Answer:
    """Fetch the server (once for all homes) and lay out its home."""
    from spikegraph import server

    report = server.install(session.settings.server).as_dict()
    return Answer(report, lambda console: show_pairs(console, "the server is installed", report))


def start(session: Session) -> Answer:
    """Start the server and wait until it answers; install it first where it is not there."""
    from spikegraph import server

    running = server.start(session.settings.server)
    where = {
        "bolt": running.bolt_uri,
        "browser": running.browser_url,
        "user": running.username,
        "process": str(running.pid),
    }
    already = running.already_running

    def show(console: Console) -> None:
        show_pairs(console, "Neo4j runs already" if already else "Neo4j runs", where)
        console.print("  its password: spikegraph server password", highlight=False)

    return Answer({**where, "already_running": already}, show)


def stop(session: Session) -> Answer:
    """Stop the server cleanly."""
    from spikegraph import server

    stopped = server.stop(session.settings.server)
    return Answer.line("Neo4j has stopped" if stopped else "Neo4j was not running", {"stopped": stopped})


def status(session: Session) -> Answer:
    """Tell whether the server runs, where, with which versions, memory and data sets."""
    from spikegraph import api, server

    found = server.status(session.settings.server)
    document: dict[str, Any] = found.as_dict()
    document["datasets"] = [dataset.name for dataset in api.list_datasets(session.settings)] if found.running else []

    def show(console: Console) -> None:
        title = "Neo4j runs" if found.running else "Neo4j is installed, but does not run"
        show_pairs(console, title if found.installed else "Neo4j is not installed", _flat(document))

    return Answer(document, show)


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    lists = {name: ", ".join(value) for name, value in document.items() if isinstance(value, list)}
    tables = {
        name: ", ".join(f"{key} {entry}" for key, entry in value.items())
        for name, value in document.items()
        if isinstance(value, dict)
    }
    return {**document, **lists, **tables, "pid": str(document["pid"])}


def password(session: Session) -> Answer:
    """Show the password of the server, for Neo4j Browser."""
    from spikegraph import server

    found = server.password(session.settings.server)
    return Answer.line(found, {"password": found})


def logs(session: Session, lines: Annotated[int, typer.Option(min=1, help="How many lines.")] = 50) -> Answer:
    """Show the last lines of the server's log."""
    from spikegraph import server

    found = server.logs(session.settings.server, lines)
    return Answer({"lines": found}, lambda console: console.print("\n".join(found), markup=False, highlight=False))


def remove(
    session: Session,
    force: Annotated[bool, typer.Option("--force", help="Stop the server first, if it runs.")] = False,
    cache: Annotated[bool, typer.Option("--cache", help="Remove the shared jars too.")] = False,
) -> Answer:
    """Remove the server's home with all its data."""
    from spikegraph import server

    server.remove(session.settings.server, force=force, cache=cache)
    home = str(session.settings.server.home)
    return Answer.line(f"removed: {home}", {"removed": home})
