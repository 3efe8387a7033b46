"""Runs in the graph: writing back, switching, cleaning. Torch is imported by `write_back` only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikegraph.api.connection import connect
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from export.results import Results
    from export.run_difference import RunDifference
    from export.runs import Run
    from export.snapshot import Snapshot
    from export.write_back import WriteBackReport
    from model.runs.results import RunResults


def write_back(
    settings: Settings, folder: Path, *, top: int = 20, keep: int = 2, activate: bool = True
) -> WriteBackReport:
    """Write a run's lists, similarities and vectors into the graph and switch to them.

    Args:
        settings: where the graph is.
        folder: the run folder; its weights that saw most are used.
        top: items of a list, and of the similar ones.
        keep: runs that stay in the graph, the new one among them.
        activate: whether readers see it from now on.
    """
    from export.snapshot import load_snapshot
    from export.write_back import write_back as write
    from model.runs.results import run_results

    found = run_results(folder, top_n=top, similar=top)
    snapshot = load_snapshot(Path(found.record.snapshot_folder or ""))
    with connect(settings) as store:
        store.ensure_schema()
        return write(store, snapshot, results_for_graph(found, snapshot), keep=keep, activate=activate)


def results_for_graph(found: RunResults, snapshot: Snapshot, **config: Any) -> Results:
    """Give the results of a run as they are written, under an id of their own.

    Args:
        found: in rows of the snapshot.
        snapshot: the one that they were computed on.
        config: what is to be said of them beside how the run was trained.
    """
    from export.results import Ranked, Results

    identity, metrics = found.record.identity, found.record.metrics
    results = Results(
        run_id="unnamed",
        model=identity.model,
        config=identity.model_dump(mode="json") | {"weights": found.weights} | config,
        metrics=metrics if identity.snapshot == snapshot.manifest.content_hash else {},
        snapshot_hash=snapshot.manifest.content_hash,
        protocol=identity.protocol,
        seed=identity.seed,
        recommendations=Ranked(*found.recommendations),
        similar_items=Ranked(*found.similar_items) if found.similar_items else None,
        similar_users=Ranked(*found.similar_users) if found.similar_users else None,
        user_vectors=found.user_vectors,
        item_vectors=found.item_vectors,
    )
    return results.named(found.record.dataset)


def list_runs(settings: Settings, name: str) -> list[Run]:
    """Give the runs of a data set in the graph, the active one first."""
    from export import runs

    with connect(settings) as store:
        return runs.list_runs(store, name)


def show_run(settings: Settings, name: str, run: str) -> Run:
    """Give one run of a data set: what it was made of, how it was measured, what it wrote."""
    from export import runs

    with connect(settings) as store:
        return runs.show(store, name, run)


def diff_runs(settings: Settings, name: str, run: str, other: str, *, k: int = 10, most: int = 10) -> RunDifference:
    """Compare the metrics and lists of two runs, `k` places of each list; give the `most` largest differences."""
    from export.run_difference import diff

    with connect(settings) as store:
        return diff(store, name, run, other, k=k, most=most)


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


def remove_runs(settings: Settings, name: str, found: Sequence[str]) -> list[str]:
    """Remove runs by name, whole, those that never answered too (similarities, communities); give their ids."""
    from export import runs

    with connect(settings) as store:
        for run in found:
            runs.show(store, name, run)
        for run in found:
            runs.remove(store, name, run)
    return list(found)
