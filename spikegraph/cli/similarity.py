"""`spikegraph similarity`: items that are alike by profiles and facts, as edges of the graph."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command, key_values
from spikegraph.cli.names import Name
from spikegraph.cli.tables import show_pairs
from spikegraph.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(similarity)


def similarity(
    session: Session,
    name: Name,
    source: Annotated[
        list[str] | None,
        typer.Option(help="What items are compared by, with its weight: profiles=1, relations=1, HAS_GENRE=2 …"),
    ] = None,
    neighbours: Annotated[int, typer.Option(min=1, max=1000, help="Edges of each item.")] = 20,
    embedding: Annotated[str, typer.Option(help="Text vectors of the profiles: lsa, minilm or source.")] = "lsa",
) -> Answer:
    """Link items that are alike by profiles and facts; `export --similarity RUN` takes the edges as a relation."""
    sources = _weights(source) if source else api.SIMILARITY_SOURCES
    report = api.similarity(session.settings, name, sources, neighbours=neighbours, embedding=embedding)

    def show(console: Console) -> None:
        edges = report.counts["similar_items"]
        show_pairs(console, f"similarity {report.run_id}", {"edges": edges, "seconds": report.seconds["total"]})
        console.print(f"spikegraph export {name} --to DIR --similarity {report.run_id}", highlight=False)

    return Answer(asdict(report) | {"sources": dict(sources), "neighbours": neighbours}, show)


def _weights(words: list[str]) -> dict[str, float]:
    weights = {}
    for source, weight in key_values(words, "--source").items():
        try:
            weights[source] = float(weight)
        except ValueError as error:
            raise UsageError(f"'{weight}' is not a weight", where="--source", hint="--source profiles=1") from error
    return weights
