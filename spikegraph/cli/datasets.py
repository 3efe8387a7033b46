"""`spikegraph ingest`, `spikegraph datasets …`: data sets into the graph, and out of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command, key_values
from spikegraph.cli.names import Name
from spikegraph.cli.tables import show_pairs, show_table
from spikegraph.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(ingest)
    group = typer.Typer(help="The data sets of the graph.", no_args_is_help=True)
    command(group, "list")(list_datasets)
    command(group)(show)
    command(group)(remove)
    app.add_typer(group, name="datasets")


def ingest(
    session: Session,
    source: Annotated[str, typer.Argument(help="demo, lastfm, movielens-1m, kgat or tables.", metavar="SOURCE")],
    path: Annotated[Path | None, typer.Argument(help="The folder (or dataset.toml) to read.", metavar="PATH")] = None,
    name: Annotated[str | None, typer.Option(help="The name in the graph (default: the source's).")] = None,
    split: Annotated[api.SplitChoice, typer.Option(help="How it is split.")] = "auto",
    replace: Annotated[bool, typer.Option("--replace", help="Swap a data set of this name for these files.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Import millions into the empty local graph; the server restarts.")
    ] = False,
    option: Annotated[list[str] | None, typer.Option(help="One of the reader's options.", metavar="KEY=VALUE")] = None,
) -> Answer:
    """Read a data set, check it, split it and write it into the graph."""
    if offline and replace:
        raise UsageError("--offline fills an empty graph: there is nothing to --replace", hint="leave out one of them")
    options = key_values(option or (), "--option")
    how: dict[str, Any] = {"name": name or source, "split": split, "options": options}
    if offline:
        report = api.ingest_offline(session.settings, source, path, **how)
    else:
        report = api.ingest(session.settings, source, path, replace=replace, **how)

    def show(console: Console) -> None:
        verb = "is already there, unchanged" if report.unchanged else "is in the graph"
        show_pairs(console, f"{report.dataset.name} {verb}", {**report.counts, "seconds": report.seconds})

    return Answer(asdict(report), show)


def list_datasets(session: Session) -> Answer:
    """List the data sets of the graph."""
    datasets = api.list_datasets(session.settings)

    def show(console: Console) -> None:
        counted = ("users", "items", "entities", "triples", "train")
        rows = [(d.name, d.state, d.version, *(d.counts.get(what) for what in counted)) for d in datasets]
        show_table(console, "data sets", ("name", "state", "version", *counted), rows)

    return Answer({"datasets": [asdict(dataset) for dataset in datasets]}, show)


def show(session: Session, name: Name) -> Answer:
    """Show what a data set holds, how it was split, and which run is active."""
    dataset = api.show_dataset(session.settings, name)
    document = asdict(dataset)

    def show_it(console: Console) -> None:
        pairs = {key: value for key, value in document.items() if key not in ("name", "counts")}
        show_pairs(console, dataset.name, {**pairs, **dataset.counts})

    return Answer(document, show_it)


def remove(session: Session, name: Name) -> Answer:
    """Remove a data set, its profiles in the graph and its runs."""
    api.remove_dataset(session.settings, name)
    return Answer.line(f"{name} is removed from the graph", {"removed": name})
