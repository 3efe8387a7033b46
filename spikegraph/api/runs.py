"""Runs in the graph: writing back, switching, cleaning. Torch is imported by `write_back` only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spikegraph.api.connection import connect
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from export.runs import Run
    from export.write_back import WriteBackReport


def write_back(settings: Settings, folder: Path, *, top: int = 20, keep: int = 2) -> WriteBackReport:
    """Write a run's lists, similarities and vectors into the graph and switch to them.

    Args:
        settings: where the graph is.
        folder: the run folder; its weights that saw most are used.
        top: items of a list, and of the similar ones.
        keep: runs that stay in the graph, the new one among them.
    """
    from export.results import Ranked, Results
    from export.snapshot import load_snapshot
    from export.write_back import write_back as write
    from model.runs.results import run_results

    found = run_results(folder, top_n=top, similar=top)
    record = found.record
    results = Results(
        run_id="unnamed",
        model=record.identity.model,
        config=record.identity.model_dump(mode="json") | {"weights": found.weights},
        metrics=record.metrics,
        snapshot_hash=record.identity.snapshot,
        protocol=record.identity.protocol,
        seed=record.identity.seed,
        recommendations=Ranked(*found.recommendations),
        similar_items=Ranked(*found.similar_items) if found.similar_items else None,
        similar_users=Ranked(*found.similar_users) if found.similar_users else None,
        user_vectors=found.user_vectors,
        item_vectors=found.item_vectors,
    )
    with connect(settings) as store:
        return write(store, load_snapshot(Path(record.snapshot_folder or "")), results.named(record.dataset), keep=keep)


def list_runs(settings: Settings, name: str) -> list[Run]:
    """Give the runs of a data set in the graph, the active one first."""
    from export import runs

    with connect(settings) as store:
        return runs.list_runs(store, name)


def active_run(settings: Settings, name: str) -> str | None:
    """Give the id of the run that answers for a data set, or None."""
    from cypher import dataset

    with connect(settings) as store:
        return dataset.get(store, name).active_run


def activate_run(settings: Settings, name: str, run: str) -> Run:
    """Let another run answer, in one transaction."""
    from export import runs

    with connect(settings) as store:
        return runs.activate(store, name, run)


def rollback_run(settings: Settings, name: str) -> Run:
    """Go back to the run that was active before."""
    from export import runs

    with connect(settings) as store:
        return runs.rollback(store, name)


def prune_runs(settings: Settings, name: str, *, keep: int = 2) -> list[str]:
    """Remove older runs and what an interrupted write-back left; give their ids."""
    from export import runs

    with connect(settings) as store:
        return runs.prune(store, name, keep)
