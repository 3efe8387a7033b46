"""Results into the graph: a new run beside the old one, switched in one transaction, the oldest removed.

A process that dies at any point leaves the old run active. What it had written belongs to a run in the
state 'writing', which no reader looks at and which the next write-back (or `runs prune`) removes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pandas as pd

from cypher import dataset as datasets
from cypher.dataset import Lock
from cypher.store import Store
from export import runs
from export.list_writing import write_lists
from export.results import Ranked, Results, check, run_properties
from export.runs import KEEP
from export.snapshot import FloatArray, Snapshot
from export.vector_writing import Kind, write_vectors
from spikegraph.errors import DatabaseError, UsageError
from spikegraph.logs import Advance, get_logger, progress

__all__ = ["KEEP", "Ranked", "Results", "WriteBackReport", "write_back"]

BATCH_ROWS = 5_000
"""Relationships of one transaction: 20 000 are no quicker, and all of them live through the server's collections."""

CHECKED_KEYS = 20_000
"""Keys that one statement looks up."""

log = get_logger(__name__)


@dataclass(frozen=True)
class WriteBackReport:
    """What a write-back did.

    Attributes:
        run_id: the run.
        dataset: the data set.
        counts: `recommended`, `similar_items`, `similar_users`, `embeddings` as counted in the graph.
        seconds: what each part took: `check`, `lists`, `embeddings`, `verify`, `dense`, `switch`, `remove`, `total`.
        active: whether readers see the run now.
        unchanged: whether the run stood in the graph already, so that nothing was written.
        removed: the runs that went.
    """

    run_id: str
    dataset: str
    counts: dict[str, int]
    seconds: dict[str, float]
    active: bool
    unchanged: bool = False
    removed: tuple[str, ...] = ()


@dataclass
class _Clock:
    """Seconds by part."""

    began: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, part: str) -> None:
        """Book the time since the last call to a part."""
        now = time.perf_counter()
        self.seconds[part] = round(self.seconds.get(part, 0.0) + now - self._last, 3)
        self._last = now

    def total(self) -> dict[str, float]:
        """Give the parts and their total."""
        return {**self.seconds, "total": round(time.perf_counter() - self.began, 3)}


def write_back(
    store: Store,
    snapshot: Snapshot,
    results: Results,
    *,
    keep: int = KEEP,
    activate: bool = True,
    batch_rows: int = BATCH_ROWS,
) -> WriteBackReport:
    """Write the results of a run and make it the active one.

    A run that already stands in the graph with the same content is only made active.

    Args:
        store: where the graph is.
        snapshot: the snapshot that the run was trained on; it leads from rows to keys.
        results: the lists, similarities and vectors. Without lists the run is not made active.
        keep: runs that were active and stay, the new one among them.
        activate: whether readers see the run from now on. One that never was active stays until it is removed by name.
        batch_rows: relationships of one transaction.

    Raises:
        DataError: results and snapshot do not belong together.
        UsageError: `keep` is less than 2, or another run has this id.
        DatabaseError: the graph has another split now, or lost users or items of the snapshot.
        DatasetLockedError: another process is writing to the data set.
    """
    if keep < 2:
        raise UsageError("write-back keeps the run before, for rollback", where="keep", hint="--keep 2, or more")
    check(results, snapshot)
    dataset, clock = snapshot.manifest.dataset, _Clock()
    with datasets.lock(store, dataset, "write-back") as held:
        _require_same_split(store, snapshot)
        removed = runs.remove_interrupted(store, dataset)
        unchanged = runs.stands_already(store, dataset, results.run_id, results.content_hash())
        if unchanged:
            switched = activate and _has_lists(results) and runs.switch(store, dataset, results.run_id)
            if not switched and not removed:
                held.unchanged()
        else:
            _require_keys(store, snapshot)
            clock.lap("check")
            expected = _write(store, held, snapshot, results, batch_rows, clock)
            _complete(store, dataset, results, expected, activate=activate and _has_lists(results))
            clock.lap("switch")
            removed += runs.remove_older(store, dataset, keep)
            clock.lap("remove")
    run = runs.show(store, dataset, results.run_id)
    return WriteBackReport(
        run.id, dataset, dict(run.counts), clock.total(), active=run.active, unchanged=unchanged, removed=tuple(removed)
    )


def _require_same_split(store: Store, snapshot: Snapshot) -> None:
    manifest = snapshot.manifest
    graph = datasets.get(store, manifest.dataset)
    if graph.split_id != manifest.split_id:
        raise DatabaseError(
            f"the graph's split is {graph.split_id[:12]}, the snapshot's {manifest.split_id[:12]}: "
            "it was exported from other interactions",
            where=f"data set '{manifest.dataset}'",
            hint=f"spikegraph export {manifest.dataset} --to DIR, then train again",
        )


def _require_keys(store: Store, snapshot: Snapshot) -> None:
    keys = {"users": _keys(snapshot.users), "items": _keys(snapshot.entities)[: snapshot.num_items]}
    for kind, all_keys in keys.items():
        for first in range(0, len(all_keys), CHECKED_KEYS):
            missing = store.read(f"write_back/missing_{kind}", keys=all_keys[first : first + CHECKED_KEYS])
            if missing:
                raise DatabaseError(
                    f"the graph no longer holds {kind} of the snapshot: {', '.join(row['key'] for row in missing)} …",
                    where=f"data set '{snapshot.manifest.dataset}'",
                    hint=f"spikegraph export {snapshot.manifest.dataset} --to DIR, then train again",
                )


def _write(
    store: Store, held: Lock, snapshot: Snapshot, results: Results, batch_rows: int, clock: _Clock
) -> dict[str, int]:
    """Write all parts under a run in the state 'writing', count them in the graph, and give the counts."""
    dataset = snapshot.manifest.dataset
    address = {"dataset": dataset, "run": results.run_id}
    before = store.read("write_back/counts", dataset=dataset)[0]
    store.write("write_back/run_start", **address, properties=run_properties(results, snapshot))
    with progress("writing lists", _total_pairs(results)) as advance:
        expected = _write_lists(store, held, snapshot, results, batch_rows, advance)
    clock.lap("lists")
    expected["embeddings"] = _write_vectors(store, held, snapshot, results)
    clock.lap("embeddings")
    after = store.read("write_back/counts", dataset=dataset)[0]
    counted = {kind: number - before[kind] for kind, number in after.items()}
    clock.lap("verify")
    if counted != expected:
        raise DatabaseError(
            f"the graph holds {counted} more than before, but {expected} were written",
            where=f"run '{results.run_id}'",
            hint="try again",
        )
    store.run_in_transactions("write_back/make_dense", **address)
    store.run_in_transactions("write_back/made_dense", run=results.run_id)
    clock.lap("dense")
    return expected


def _write_lists(
    store: Store, held: Lock, snapshot: Snapshot, results: Results, batch_rows: int, advance: Advance
) -> dict[str, int]:
    users, items = _keys(snapshot.users), _keys(snapshot.entities)[: snapshot.num_items]
    parts = {
        "recommended": (results.recommendations, users, items),
        "similar_items": (results.similar_items, items, items),
        "similar_users": (results.similar_users, users, users),
    }
    return {
        name: 0
        if ranked is None
        else write_lists(
            store,
            held,
            f"write_back/{name}",
            ranked,
            run_id=results.run_id,
            starts=starts,
            ends=ends,
            batch_rows=batch_rows,
            advance=advance,
        )
        for name, (ranked, starts, ends) in parts.items()
    }


def _write_vectors(store: Store, held: Lock, snapshot: Snapshot, results: Results) -> int:
    users, items = _keys(snapshot.users), _keys(snapshot.entities)[: snapshot.num_items]
    parts: dict[Kind, tuple[FloatArray | None, list[str]]] = {
        "user": (results.user_vectors, users),
        "item": (results.item_vectors, items),
    }
    address = {"dataset": snapshot.manifest.dataset, "run_id": results.run_id}
    written = 0
    for kind, (vectors, keys) in parts.items():
        if vectors is not None:
            with progress(f"writing {kind} vectors", len(keys)) as advance:
                written += write_vectors(store, held, kind, vectors, keys=keys, advance=advance, **address)
    store.await_indexes()
    return written


def _complete(store: Store, dataset: str, results: Results, counts: dict[str, int], *, activate: bool) -> None:
    """Declare the run complete and, if it is to be, the active one: together or not at all."""
    with store.transaction() as transaction:
        done = transaction.run("write_back/run_complete", dataset=dataset, run=results.run_id, counts=counts)
        if done[0]["changed"] != 1:
            raise DatabaseError(f"run '{results.run_id}' vanished while it was written", hint="write it back again")
        if activate:
            transaction.run("write_back/run_activate", dataset=dataset, run=results.run_id)
    log.info("wrote a run back", dataset=dataset, run=results.run_id, active=activate, **counts)


def _has_lists(results: Results) -> bool:
    return results.recommendations is not None and results.recommendations.total > 0


def _total_pairs(results: Results) -> int:
    ranked = (results.recommendations, results.similar_items, results.similar_users)
    return sum(lists.total for lists in ranked if lists is not None)


def _keys(frame: pd.DataFrame) -> list[str]:
    return [str(key) for key in frame["key"].tolist()]
