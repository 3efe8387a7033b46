"""`spikegraph profile …`: profiles onto the nodes, and their text vectors."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli import batch, llm
from spikegraph.cli.command import Answer, Session, command, key_values
from spikegraph.cli.names import Embedding, Name
from spikegraph.cli.profile_tables import show_staleness
from spikegraph.cli.tables import show_pairs

if TYPE_CHECKING:
    from export.snapshot import Split


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Profiles on the nodes of the graph.", no_args_is_help=True)
    command(group)(template)
    command(group, "import")(import_profiles)
    command(group)(activate)
    command(group)(status)
    command(group)(vectors)
    llm.add_to(group)
    batch.add_to(group)
    app.add_typer(group, name="profile")


def template(session: Session, name: Name, embedding: Embedding = "lsa") -> Answer:
    """Write profiles from a template: train neighbourhoods in words, no language model."""
    return _written(name, api.profile_template(session.settings, name, embedding=embedding))


def import_profiles(
    session: Session,
    name: Name,
    path: Annotated[Path, typer.Argument(help="A JSONL of {key, profile, model?}, or a data set's folder.")],
    source: Annotated[str | None, typer.Option(help="The folder's reader, if not the data set's own.")] = None,
    model: Annotated[str | None, typer.Option(help="The language model of texts that name none.")] = None,
    exposed_to: Annotated[
        list[str] | None, typer.Option(help="A split that the texts of a file may have seen.", metavar="SPLIT")
    ] = None,
    mix: Annotated[bool, typer.Option("--mix", help="Let the template fill gaps within a kind too.")] = False,
    option: Annotated[list[str] | None, typer.Option(help="One of the reader's options.", metavar="KEY=VALUE")] = None,
    embedding: Embedding = "lsa",
) -> Answer:
    """Bring in profiles that were written elsewhere; what they do not cover is written from the template."""
    options = key_values(option or (), "--option")
    report = api.profile_import(
        session.settings,
        name,
        path,
        source=source,
        model=model,
        exposed_to=cast("list[Split]", exposed_to or ["train", "valid"]),
        embedding=embedding,
        mix=mix,
        options=options,
    )
    return _written(name, report)


def activate(
    session: Session,
    name: Name,
    set_name: Annotated[str, typer.Argument(help="The profile set (see profile status).", metavar="SET")],
    embedding: Embedding = "lsa",
) -> Answer:
    """Put a profile set that lies on disk onto the graph in place of the active one."""
    return _written(name, api.profile_activate(session.settings, name, set_name, embedding=embedding))


def status(
    session: Session,
    name: Name,
    set_name: Annotated[str | None, typer.Option(help="The set that is compared; the active one by default.")] = None,
    examples: Annotated[int, typer.Option(help="How many nodes to name, of each kind and state.", min=0)] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Do not compare profiles with the graph of today.")] = False,
) -> Answer:
    """Which profiles are active, who wrote them, how many nodes have one, and which are stale and why."""
    found = api.profile_status(session.settings, name)
    chosen = set_name or (found.active or {}).get("set")
    staleness = None
    if chosen and not quick and chosen in found.ledgers:
        staleness = api.profile_staleness(session.settings, name, set_name=chosen, examples=examples)
    compared = {kind: part.model_dump(mode="json") for kind, part in staleness.items()} if staleness else None

    def show(console: Console) -> None:
        covered = {f"{kind} profiles": f"{part.profiles} of {part.nodes}" for kind, part in found.coverage.items()}
        on_disk = {"sets on disk": ", ".join(run.id for run in found.sets), "vectors": ", ".join(found.embeddings)}
        show_pairs(console, f"profiles of {name}", {"active": (found.active or {}).get("id"), **covered, **on_disk})
        show_staleness(console, str(chosen), staleness or {})

    return Answer(found.model_dump(mode="json") | {"state": compared}, show)


def vectors(
    session: Session,
    name: Name,
    to: Annotated[Path, typer.Option(help="A new folder.", metavar="DIR")],
    set_name: Annotated[str | None, typer.Option(help="The profile set; the active one by default.")] = None,
    embedding: Embedding = "lsa",
) -> Answer:
    """Write the text vectors as SPiKE's own code reads them: item_, entity_ and user_embeddings.npz."""
    found = api.profile_vectors(session.settings, name, to, set_name=set_name, embedding=embedding)
    counts = {f"{kind} vectors": count for kind, count in found.vectors.items()}
    pairs = {"folder": found.folder, "dimensions": found.dimensions, **counts}
    return Answer(found.model_dump(mode="json"), lambda console: show_pairs(console, f"vectors of {name}", pairs))


def _written(name: str, report: api.Profiled) -> Answer:
    document = asdict(report)

    def show(console: Console) -> None:
        counts = {f"{kind} profiles": count for kind, count in report.profiles.items()}
        about = {"run": report.run, "may have seen": ", ".join(report.exposed_to), "text vectors": report.embedding}
        show_pairs(console, f"profiles of {name}", {**about, **counts, "seconds": report.seconds})

    return Answer(document, show)
