"""A run that says something of each node (its community, its rank): written whole, under the lock of the data set."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cypher import dataset as datasets
from cypher.dataset import Dataset, Lock
from cypher.store import Store
from export import runs
from spikegraph.errors import DatabaseError
from spikegraph.logs import get_logger, progress

BATCH_ROWS = 20_000
"""Nodes of one transaction."""

log = get_logger(__name__)


@dataclass(frozen=True)
class NodeRunReport:
    """What was written of the nodes.

    Attributes:
        run_id: the run.
        dataset: the data set.
        counts: what the graph holds of it.
        seconds: of the writing.
        unchanged: whether the run stood in the graph already, so that nothing was written.
        removed: the runs that went.
    """

    run_id: str
    dataset: str
    counts: dict[str, int]
    seconds: float
    unchanged: bool = False
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class NodeRun:
    """What a run says of the nodes of a data set.

    Attributes:
        dataset: the data set as it was read.
        model: what made it.
        config: what it was configured with.
        seed: its seed.
        values: `label` (User, Item or Other), `idx` and `value`, a number.
    """

    dataset: Dataset
    model: str
    config: Mapping[str, Any]
    seed: int
    values: pd.DataFrame

    @property
    def id(self) -> str:
        """The run's name: data set, model and content."""
        return f"{self.dataset.name}-{self.model}-{self.content_hash()[:10]}"

    def content_hash(self) -> str:
        """Hash what would be written, with what it was made from."""
        digest = hashlib.sha256(json.dumps([self.model, dict(self.config)], sort_keys=True).encode())
        for column in ("idx", "value"):
            digest.update(np.ascontiguousarray(self.values[column].to_numpy()).tobytes())
        return digest.hexdigest()

    def batches(self) -> Iterator[dict[str, list[list[float]]]]:
        """Give the parameters of each transaction: `users` and `entities`, [idx, value] each."""
        for first in range(0, len(self.values), BATCH_ROWS):
            part = self.values.iloc[first : first + BATCH_ROWS]
            users = part["label"] == "User"
            yield {"users": _pairs(part[users]), "entities": _pairs(part[~users])}

    def properties(self) -> dict[str, Any]:
        """Give the properties of the run's node."""
        return {
            "model": self.model,
            "config": json.dumps(dict(self.config), sort_keys=True, default=str),
            "split_id": self.dataset.split_id,
            "protocol": "honest",
            "seed": self.seed,
            "list_length": 0,
            "results_hash": self.content_hash(),
        }


def write_node_run(
    store: Store, found: NodeRun, write: Callable[[Lock], dict[str, int]], *, one_of_its_kind: bool = False
) -> NodeRunReport:
    """Write a run under the lock of its data set; one that was cut off is removed by the next, or by `runs prune`.

    Args:
        store: where the graph is.
        found: what is written.
        write: writes it and gives the counts.
        one_of_its_kind: remove the earlier runs of this model first.

    Raises:
        DatabaseError: the data set is another than the one that was read.
        DatasetLockedError: another process is writing to it.
    """
    began, name = time.perf_counter(), found.dataset.name
    with datasets.lock(store, name, found.model) as held:
        removed = runs.remove_interrupted(store, name)
        unchanged = runs.stands_already(store, name, found.id, found.content_hash())
        if unchanged and not removed:
            held.unchanged()
        if not unchanged:
            _require_unmoved(store, found.dataset)
            removed += _remove_of_its_kind(store, found) if one_of_its_kind else []
            store.write("write_back/run_start", dataset=name, run=found.id, properties=found.properties())
            counts = write(held)
            if not store.write("write_back/run_complete", dataset=name, run=found.id, counts=counts)[0]["changed"]:
                raise DatabaseError(f"run '{found.id}' vanished while it was written", hint="do it again")
            log.info("wrote a run", dataset=name, run=found.id, **counts)
    seconds = round(time.perf_counter() - began, 3)
    stands = dict(runs.show(store, name, found.id).counts)
    return NodeRunReport(found.id, name, stands, seconds, unchanged=unchanged, removed=tuple(removed))


def write_values(store: Store, held: Lock, found: NodeRun, statement: str) -> int:
    """Write the value of each node, batch by batch, and give their number.

    Raises:
        DatabaseError: a node was gone when its value came.
    """
    with progress(f"writing {found.model}", len(found.values)) as advance:
        for batch in found.batches():
            held.check()
            expected = len(batch["users"]) + len(batch["entities"])
            written = store.write(statement, dataset=found.dataset.name, run=found.id, **batch)[0]["written"]
            if written != expected:
                raise DatabaseError("nodes vanished while they were written to", where=statement, hint="do it again")
            advance(expected)
    return len(found.values)


def _pairs(part: pd.DataFrame) -> list[list[float]]:
    return [list(pair) for pair in zip(part["idx"].tolist(), part["value"].tolist(), strict=True)]


def _require_unmoved(store: Store, before: Dataset) -> None:
    """The lock is ours, so the version alone tells whether the split or the nodes may be others."""
    if datasets.get(store, before.name).version != before.version:
        raise DatabaseError("the data set changed while it was computed with", where=before.name, hint="do it again")


def _remove_of_its_kind(store: Store, found: NodeRun) -> list[str]:
    earlier = [run for run in runs.list_runs(store, found.dataset.name) if run.model == found.model]
    for run in earlier:
        runs.remove_parts(store, run)
    return [run.id for run in earlier]
