"""The runs of a data set in the graph: which is active, which a rollback would take, which may go.

Readers take the complete run with the highest `activation`, a number on the run's node. Activating a run
writes that one number, so readers see the old run or the new one and nothing between
(docs/decisions: a relationship alone was seen to be absent for a moment).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cypher import dataset as datasets
from cypher.store import Store
from export.vector_writing import vector_names
from spikegraph.errors import DatabaseError, NotFoundError, UsageError
from spikegraph.logs import get_logger

KEEP = 2
"""Runs that were active and stay, the active one among them: one to show, one to roll back to."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Run:
    """A run as the graph holds it.

    Attributes:
        id: its name.
        dataset: the data set it belongs to.
        state: `complete`, `writing` (or a write that was interrupted), or `removing`.
        active: whether readers see it.
        activation: the number of its last activation; 0 if it never was active.
        model: the model's name.
        protocol: how its metrics were measured.
        seed: its seed.
        snapshot: the content hash of the snapshot it was trained on.
        metrics: `{'valid': {'recall@20': …}}`.
        config: what it was configured with.
        counts: what was written: `recommended`, `similar_items`, `similar_users`, `embeddings`; of runs that GDS made
            `communities` with `members`, or `ranked`.
        made_at: when the write began, by the server's clock.
        results_hash: of what was written.
    """

    id: str
    dataset: str
    state: str
    active: bool = False
    activation: int = 0
    model: str = ""
    protocol: str = ""
    seed: int | None = None
    snapshot: str = ""
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    made_at: datetime | None = None
    results_hash: str = ""


COUNTS = ("recommended", "similar_items", "similar_users", "embeddings", "communities", "members", "ranked")


def list_runs(store: Store, dataset: str) -> list[Run]:
    """Give the runs of a data set, the active one first, then as a rollback would take them.

    Raises:
        NotFoundError: there is no such data set.
    """
    datasets.get(store, dataset, require_ready=False)
    runs = [_run(record["run"]) for record in store.read("write_back/runs", dataset=dataset)]
    if runs and runs[0].activation:
        runs[0] = Run(**{**vars(runs[0]), "active": True})
    return runs


def show(store: Store, dataset: str, run_id: str) -> Run:
    """Give one run.

    Raises:
        NotFoundError: the data set has no such run; the hint names those it has.
    """
    runs = list_runs(store, dataset)
    for run in runs:
        if run.id == run_id:
            return run
    known = ", ".join(run.id for run in runs) or "none"
    raise NotFoundError(f"there is no run '{run_id}'", where=f"data set '{dataset}'", hint=f"there are: {known}")


def activate(store: Store, dataset: str, run_id: str) -> Run:
    """Let readers see this run from now on; the one before stays and can be rolled back to.

    Raises:
        NotFoundError: the data set has no such run.
        UsageError: the run is not complete, or holds no lists.
    """
    with datasets.lock(store, dataset, "runs activate") as held:
        chosen = show(store, dataset, run_id)
        if chosen.active:
            held.unchanged()
            return chosen
        _require_lists(chosen)
        switch(store, dataset, run_id)
    return show(store, dataset, run_id)


def rollback(store: Store, dataset: str) -> Run:
    """Let readers see the run that was active before; a second rollback takes this one back.

    Raises:
        NotFoundError: no run was active before.
    """
    with datasets.lock(store, dataset, "runs rollback"):
        before = [run for run in list_runs(store, dataset) if run.state == "complete" and run.activation]
        if len(before) < 2:
            raise NotFoundError(
                "there is no run to roll back to", where=f"data set '{dataset}'", hint="spikegraph runs list NAME"
            )
        switch(store, dataset, before[1].id)
    return show(store, dataset, before[1].id)


def prune(store: Store, dataset: str, keep: int = KEEP) -> list[str]:
    """Remove what is not complete and all but the last `keep` runs that were active; give their ids.

    Raises:
        UsageError: `keep` is less than 1.
    """
    if keep < 1:
        raise UsageError("at least the active run stays", where="keep", hint="runs prune NAME --keep 1")
    with datasets.lock(store, dataset, "runs prune") as held:
        removed = remove_older(store, dataset, keep)
        if not removed:
            held.unchanged()
    return removed


def remove_incomplete(store: Store, dataset: str) -> list[str]:
    """Remove the runs whose writing or removal was interrupted; give their ids."""
    with datasets.lock(store, dataset, "runs prune") as held:
        removed = remove_interrupted(store, dataset)
        if not removed:
            held.unchanged()
    return removed


def remove(store: Store, dataset: str, run_id: str) -> None:
    """Remove one run whole.

    Raises:
        NotFoundError: the data set has no such run.
        UsageError: it is the active one.
    """
    with datasets.lock(store, dataset, "runs remove"):
        chosen = show(store, dataset, run_id)
        if chosen.active:
            raise UsageError(f"run '{run_id}' is the active one", hint="spikegraph runs rollback NAME first")
        remove_parts(store, chosen)


def switch(store: Store, dataset: str, run_id: str) -> bool:
    """Make a complete run the active one and tell whether it was not before; the caller holds the lock."""
    if show(store, dataset, run_id).active:
        return False
    if not store.write("write_back/run_activate", dataset=dataset, run=run_id):
        raise DatabaseError(f"run '{run_id}' could not be activated", where=f"data set '{dataset}'", hint="try again")
    return True


def stands_already(store: Store, dataset: str, run_id: str, results_hash: str) -> bool:
    """Tell whether this run is in the graph.

    Raises:
        UsageError: another run has its id.
    """
    found = store.read("write_back/run_by_id", run=run_id)
    if not found:
        return False
    if found[0]["dataset"] == dataset and found[0]["results_hash"] == results_hash:
        return True
    raise UsageError(
        f"another run with the id '{run_id}' is in the graph",
        where=f"data set '{found[0]['dataset']}'",
        hint="give this run another id, or roll back and prune that one away",
    )


def remove_interrupted(store: Store, dataset: str) -> list[str]:
    """Remove interrupted runs; the caller holds the lock."""
    return _remove_all(store, [run for run in list_runs(store, dataset) if run.state != "complete"])


def remove_older(store: Store, dataset: str, keep: int) -> list[str]:
    """Remove interrupted runs and all but the last `keep` that were active; the caller holds the lock.

    A run that never was active (a similarity that export reads) stays until it is removed by name.
    """
    removed = remove_interrupted(store, dataset)
    were_active = [run for run in list_runs(store, dataset) if run.activation]
    return removed + _remove_all(store, were_active[keep:])


def remove_parts(store: Store, run: Run) -> None:
    """Remove a run in batches, its node last, so that a removal that is cut off is found and finished."""
    address = {"dataset": run.dataset, "run": run.id}
    if not store.write("write_back/run_retire", **address)[0]["changed"]:
        raise DatabaseError(f"run '{run.id}' is active and cannot be removed", where=f"data set '{run.dataset}'")
    store.write("write_back/vector_index_drop", name=vector_names(run.id, "user").index)
    store.write("write_back/vector_index_drop", name=vector_names(run.id, "item").index)
    for part in ("users", "items", "embeddings", "communities"):
        store.run_in_transactions(f"write_back/run_remove_{part}", **address)
    store.write("write_back/run_remove", **address)


def _remove_all(store: Store, runs: list[Run]) -> list[str]:
    for run in runs:
        remove_parts(store, run)
        log.info("removed a run", dataset=run.dataset, run=run.id, state=run.state)
    return [run.id for run in runs]


def _require_lists(run: Run) -> None:
    if run.state != "complete":
        raise UsageError(
            f"run '{run.id}' is not complete: its state is '{run.state}'", hint="write it back again, or prune it"
        )
    if not run.counts.get("recommended"):
        raise UsageError(f"run '{run.id}' holds no lists, so nothing could be recommended from it")


def _run(node: Mapping[str, Any]) -> Run:
    plain = ("id", "dataset", "state", "activation", "model", "protocol", "seed", "snapshot", "made_at", "results_hash")
    return Run(
        **{name: node[name] for name in plain if node.get(name) is not None},
        metrics=json.loads(node.get("metrics", "{}")),
        config=json.loads(node.get("config", "{}")),
        counts={name: node[name] for name in COUNTS if name in node},
    )
