"""`spikegraph tune`: the search for options, on validation alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.names import Ray, Workers
from spikegraph.cli.tables import show_pairs, show_table

if TYPE_CHECKING:
    from model.tune.identity import SearchReport, TrialReport


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(tune)


def tune(
    session: Session,
    snapshot: Annotated[Path, typer.Argument(help="A snapshot folder.", metavar="SNAPSHOT")],
    to: Annotated[Path, typer.Option("--to", help="Where the search stands, and goes on.", metavar="FOLDER")],
    model: Annotated[
        list[str] | None, typer.Option(help="A model; given again, each is searched with the same budget.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="What the first trial is.", metavar="NAME")] = None,
    trials: Annotated[int | None, typer.Option(help="Finished trials, 20 by default.", metavar="N")] = None,
    minutes: Annotated[float | None, typer.Option(help="Minutes of trials; the first bound ends it.")] = None,
    space: Annotated[Path | None, typer.Option(help="What is tried, instead of the model's own.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the suggestions and of every training.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    workers: Workers = None,
    ray: Ray = None,
) -> Answer:
    """Search for a model's options on the validation part; the same command goes on with a search."""
    reports = api.tune(
        session.settings,
        snapshot,
        to,
        models=model or ["spike"],
        preset=preset,
        trials=trials,
        minutes=minutes,
        space=space,
        seed=seed,
        device=device,
        workers=workers,
        ray=ray,
    )

    def show(console: Console) -> None:
        for report in reports:
            _show_trials(console, report)
            _show_best(console, report, snapshot)

    return Answer({"searches": [report.document() for report in reports]}, show)


def _show_trials(console: Console, report: SearchReport) -> None:
    title = f"{report.model}, {report.dataset}, split {report.split_id}, protocol {report.protocol}, seed {report.seed}"
    columns = ("trial", "state", "recall@20", "ndcg@20", "epochs", "seconds", "tried")
    show_table(console, f"{title}: validation", columns, [_row(report, trial) for trial in report.trials])


def _row(report: SearchReport, trial: TrialReport) -> tuple[Any, ...]:
    number = f"{trial.number}{' *' if trial.number == report.best else ''}"
    tried = trial.reason or _told(trial.options)
    return (number, trial.state, trial.value, trial.metrics.get("ndcg@20"), trial.epochs, trial.seconds, tried)


def _told(options: dict[str, Any]) -> str:
    return " ".join(
        f"{key.partition('.')[2]}={value:.4g}" if isinstance(value, float) else f"{key.partition('.')[2]}={value}"
        for key, value in options.items()
    )


def _show_best(console: Console, report: SearchReport, snapshot: Path) -> None:
    first = report.trials[0]
    told = {
        "best": f"trial {report.best}, {report.metric} {report.best_trial.value:.4f}",
        "the preset": f"{first.value:.4f}" if first.state == "complete" else first.reason,
        "ended after": report.stopped,
        "options": report.folder / "best.toml",
    }
    if report.profile_exposed_to:
        told["profiles saw"] = " + ".join(report.profile_exposed_to)
    show_pairs(console, f"{report.model} {report.preset}", told)
    line = f"spikegraph train {snapshot} --to RUN --model {report.model} --preset {report.preset} --seed {report.seed}"
    console.print(f"next: {line} --config {report.folder / 'best.toml'}", highlight=False, markup=False, soft_wrap=True)
