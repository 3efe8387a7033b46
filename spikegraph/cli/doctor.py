"""`spikegraph doctor`."""

from __future__ import annotations

import typer
from rich.console import Console

from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.tables import show_table


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(doctor)


def doctor(session: Session) -> Answer:
    """What is installed, found and missing, with the line that mends it."""
    from spikegraph.doctor import examine

    findings = examine(session.settings)

    def show(console: Console) -> None:
        rows = [(f.what, f.state, f.found, f.mend or "") for f in findings]
        show_table(console, "doctor", ("what", "state", "found", "what to do"), rows)

    return Answer({"findings": [finding.as_dict() for finding in findings]}, show)
