"""The record of a data set: its node in the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cypher.lock import STALE_SECONDS, Lock, dead, describe, lock
from cypher.store import Store
from spikegraph.errors import DatabaseError, DatasetLockedError, NotFoundError

__all__ = [
    "Dataset",
    "Lock",
    "find",
    "get",
    "list_datasets",
    "lock",
    "relations",
    "require_unlocked",
    "require_unmoved",
]

State = Literal["ready", "ingesting"]

COUNTS = ("users", "items", "entities", "triples", "train", "valid", "test", "friends")
"""What is counted of a data set; each is a property of its node. `entities` includes the items."""


@dataclass(frozen=True)
class Dataset:
    """A data set of the graph.

    Attributes:
        name: its name, which opens every key (`lastfm`).
        label: the label that all its nodes carry (`LastFm`).
        version: goes up with every write of ours to it.
        source: where it came from, in words.
        reader: the name of the reader that read it.
        sha256: of its tables and split.
        split_id: hash of the split.
        split_rule: how the split was made, in words.
        positive_rule: what made a rating a positive interaction, in words.
        counts: rows by what they are (see `COUNTS`).
        state: `ready`, or `ingesting` where a write was begun and has not ended.
        active_run: the id of the run whose results are shown, or None.
        locked_by: who is writing to it now, or None.
    """

    name: str
    label: str = ""
    version: int = 0
    source: str = ""
    reader: str = ""
    sha256: str = ""
    split_id: str = ""
    split_rule: str = ""
    positive_rule: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    state: State = "ingesting"
    active_run: str | None = None
    locked_by: str | None = None


_PROPERTIES = Dataset.__dataclass_fields__.keys() - {"counts", "active_run", "locked_by"}
"""The fields of the record that are properties of the node under the same names."""


def find(store: Store, name: str) -> Dataset | None:
    """Give the record of a data set in whatever state, or None."""
    record = store.read_one("dataset/get", dataset=name)
    return _dataset(record) if record else None


def get(store: Store, name: str, *, require_ready: bool = True) -> Dataset:
    """Give the record of a data set.

    Raises:
        NotFoundError: there is no data set of this name.
        DatabaseError: its ingest has not ended (and `require_ready`).
    """
    found = find(store, name)
    if found is None:
        names = ", ".join(dataset.name for dataset in list_datasets(store)) or "none"
        raise NotFoundError(f"there is no data set '{name}'", where=store.where, hint=f"there are: {names}")
    if require_ready and found.state != "ready":
        raise DatabaseError(
            f"the data set '{name}' is half written: its ingest runs now or was interrupted",
            where=store.where,
            hint=f"wait for it, or give the same ingest again: it finishes '{name}'",
        )
    return found


def list_datasets(store: Store) -> list[Dataset]:
    """Give the records of all data sets, by name."""
    return [_dataset(record) for record in store.read("dataset/list")]


def require_unlocked(store: Store, name: str) -> Dataset:
    """Give the record of a data set that is ready and that no living process is writing to.

    Readers of a whole data set call it before, and `require_unmoved` after.

    Raises:
        NotFoundError, DatabaseError: as `get`.
        DatasetLockedError: a process is writing to it.
    """
    found = get(store, name)
    if found.locked_by is not None:
        raise DatasetLockedError(
            f"{found.locked_by} is writing to this data set", where=name, hint="wait until it ends"
        )
    return found


def require_unmoved(store: Store, before: Dataset, *, hint: str) -> None:
    """Require that a data set still is what it was when `before` was read, and that nobody is writing to it.

    Args:
        store: where the graph is.
        before: its record before the reading began.
        hint: what to do where it has changed.

    Raises:
        NotFoundError, DatabaseError, DatasetLockedError: as `require_unlocked`; DatabaseError also where
            its version is another.
    """
    after = require_unlocked(store, before.name)
    if after.version != before.version:
        raise DatabaseError(
            f"the data set changed while it was read: version {before.version} is now {after.version}",
            where=before.name,
            hint=hint,
        )


def relations(store: Store, name: str) -> list[dict[str, Any]]:
    """Give the relations of a data set (`type`, `name`, `sentence`, `idx`) in the order of their `idx`."""
    return store.read("dataset/relations", dataset=name)


def _dataset(record: Mapping[str, Any]) -> Dataset:
    node = record["dataset"]
    plain = {name: node[name] for name in _PROPERTIES if name in node}
    counts = {name: node[name] for name in COUNTS if name in node}
    return Dataset(**plain, counts=counts, active_run=record["active_run"], locked_by=_holder(node, record["lock_age"]))


def _holder(node: Mapping[str, Any], age: float | None) -> str | None:
    """Name the living holder of the lock; one that died or fell silent holds nothing."""
    if "lock_token" not in node or age is None or age > STALE_SECONDS:
        return None
    if dead(node["lock_host"], node["lock_pid"], node["lock_started"]):
        return None
    return describe(node["lock_owner"], node["lock_pid"], node["lock_host"], age)
