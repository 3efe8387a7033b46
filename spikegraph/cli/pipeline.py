"""`spikegraph pipeline`, `spikegraph demo`: the whole road in one command."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.tables import show_table


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(pipeline)
    command(app)(demo)


def pipeline(
    session: Session, file: Annotated[Path, typer.Argument(help="The pipeline's file.", metavar="FILE.toml")]
) -> Answer:
    """Walk the whole road; a step is skipped when what goes into it has not changed."""
    from spikegraph.pipeline import load_pipeline, run_pipeline

    steps = run_pipeline(session.settings, load_pipeline(file))

    def show(console: Console) -> None:
        _show_steps(console, [asdict(step) for step in steps])
        trained = [step for step in steps if step.step.startswith("train ")]
        _show_runs(console, {step.step.removeprefix("train "): step.result for step in trained})

    return Answer({"steps": [asdict(step) for step in steps]}, show)


def demo(session: Session) -> Answer:
    """The whole road on the bundled data: real films, simulated viewers."""
    from spikegraph.cli.recommend import show_recommendations
    from spikegraph.demo import run_demo

    done = run_demo(session.settings)
    best = done.runs["spike"]
    document = best | {
        "models": done.runs,
        "steps": [asdict(step) for step in done.steps],
        "viewer": done.viewer,
        "recommendations": [asdict(item) for item in done.recommendations],
        "browser": done.browser,
        "seconds": round(done.seconds, 1),
    }

    def show(console: Console) -> None:
        console.print("The whole road on the bundled data: real films, simulated viewers.", style="bold")
        _show_steps(console, [asdict(step) for step in done.steps])
        _show_runs(console, done.runs)
        show_recommendations(console, f"for the simulated viewer {done.viewer}", done.recommendations)
        _show_ways_on(console, done.browser, done.viewer)
        console.print(f"done in {done.seconds:.0f} s", highlight=False)

    return Answer(document, show)


def _show_steps(console: Console, steps: list[dict[str, Any]]) -> None:
    rows = [(step["step"], "unchanged" if step["skipped"] else "done", f"{step['seconds']:.1f}") for step in steps]
    show_table(console, "steps", ("step", "state", "seconds"), rows)


def _show_runs(console: Console, runs: dict[str, dict[str, Any]]) -> None:
    from spikegraph.cli.training import show_metrics

    show_metrics(console, {name: run["metrics"] for name, run in runs.items()})
    for run in list(runs.values())[:1]:
        about = f"data set {run['dataset']}, split {run['split_id'][:12]}, seed {run['seed']}"
        console.print(f"{about}, protocol {run['protocol']}", highlight=False)


def _show_ways_on(console: Console, browser: str | None, viewer: str) -> None:
    lines = [
        f'why an item:     spikegraph explain demo {viewer} "TITLE"',
        "more questions:  spikegraph query",
    ]
    if browser:
        lines = [
            f"Neo4j Browser:   {browser} (user neo4j, password: spikegraph server password)",
            *lines,
            "stop the server: spikegraph server stop",
        ]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
