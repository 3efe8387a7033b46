"""`spikegraph export`, `train`, `evaluate`: from the graph to a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.names import Ray, Workers
from spikegraph.cli.tables import show_pairs, show_table

Run = Annotated[Path, typer.Argument(help="A run folder, as `train --to` made it.", metavar="RUN")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for function in (export, train, evaluate):
        command(app)(function)


def export(
    session: Session,
    name: Annotated[str, typer.Argument(help="The data set's name in the graph.", metavar="NAME")],
    to: Annotated[Path, typer.Option("--to", help="The folder to write.", metavar="DIR")],
    relation: Annotated[list[str] | None, typer.Option(help="Only this relation (may be given again).")] = None,
    hops: Annotated[int | None, typer.Option(min=1, help="Only triples this near to an item.")] = None,
    min_degree: Annotated[int, typer.Option(min=1, help="Leave out auxiliary entities with fewer triples.")] = 1,
    max_degree: Annotated[int | None, typer.Option(min=1, help="Leave out auxiliary entities with more.")] = None,
    profiles: Annotated[str | None, typer.Option(help="A profile set on disk (default: the active one).")] = None,
    similarity: Annotated[list[str] | None, typer.Option(help="A run whose SIMILAR_TO becomes a relation.")] = None,
    friends: Annotated[bool, typer.Option("--friends", help="Who is a friend of whom comes along.")] = False,
    embedding: Annotated[str, typer.Option(help="Text vectors: lsa, minilm, source or none.")] = "lsa",
) -> Answer:
    """Write a graph, or a chosen subgraph, as a snapshot: all that training needs."""
    from export.snapshot import Selection

    selection = Selection(
        relations=tuple(relation) if relation else None,
        hops=hops,
        min_degree=min_degree,
        max_degree=max_degree,
        profile_set=profiles,
        similarity_runs=tuple(similarity or ()),
        friends=friends,
    )
    manifest = api.export(session.settings, name, to, selection, embedding=embedding).manifest

    def show(console: Console) -> None:
        made = {"profiles": manifest.profile_run, "text vectors": manifest.text_embedding}
        show_pairs(console, f"{to}", {**manifest.counts, **made, "hash": manifest.content_hash[:16]})

    return Answer(manifest.model_dump(mode="json"), show)


def train(
    session: Session,
    snapshot: Annotated[Path, typer.Argument(help="A snapshot folder.", metavar="SNAPSHOT")],
    to: Annotated[Path, typer.Option("--to", help="The run folder to make.", metavar="RUN")],
    model: Annotated[
        str, typer.Option(help="spike, hybrid, lightgcn, ease, ials, item-knn, popularity.", metavar="NAME")
    ] = "spike",
    preset: Annotated[str | None, typer.Option(help="A preset of the model.", metavar="NAME")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on exactly where a run was interrupted.")] = False,
    control: Annotated[
        str, typer.Option(help="Train without profiles or graph, or with shuffled ones.", metavar="NAME")
    ] = "none",
) -> Answer:
    """Train a model, its epoch chosen on the validation part."""
    settings = session.settings
    record = api.train(
        settings, snapshot, to, model=model, preset=preset, seed=seed, device=device, resume=resume, control=control
    )
    return _run_answer(record.summary(), to)


def evaluate(
    _session: Session,
    run: Run,
    final: Annotated[bool, typer.Option("--final", help="Refit on train and validation, then read test.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    workers: Workers = None,
    ray: Ray = None,
) -> Answer:
    """Give a run's metrics; with --final those on test, and the reading is noted in the run."""
    return _run_answer(api.evaluate(run, final=final, device=device, workers=workers, ray=ray).summary(), run)


def _run_answer(document: dict[str, Any], folder: Path) -> Answer:
    def show(console: Console) -> None:
        about = {
            key: document[key] for key in ("dataset", "split_id", "protocol", "model", "preset", "control", "seed")
        }
        show_pairs(console, str(folder), {**about, "seconds": document["seconds"]})
        show_metrics(console, {document["model"]: document["metrics"]})

    return Answer(document, show)


def show_metrics(console: Console, metrics: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print a table: one row a model and part, one column a metric.

    Args:
        console: where to print.
        metrics: per model and part ('valid', 'test') the mean over users of each metric.
    """
    shown = ("recall@10", "ndcg@10", "recall@20", "ndcg@20")
    rows = [
        (model, part, *(values.get(metric) for metric in shown))
        for model, parts in metrics.items()
        for part, values in parts.items()
    ]
    show_table(console, "metrics, mean over users", ("model", "part", *shown), rows)
