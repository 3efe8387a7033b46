"""What the snapshot says of the users who are measured and of all items, and the lists of runs in its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from export.snapshot import IntArray, Snapshot, Split, load_snapshot
from model.compare.buckets import HeldOut
from model.compare.runs import Run
from spikegraph.errors import DataError, UsageError


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Known interactions (of the splits that the weights saw) and held-out ones.

    Attributes:
        user_keys: of the n users who are measured, in the order of their values.
        item_keys: of all V items.
        user_degrees: int64 [n], known items of each measured user.
        item_degrees: int64 [V], known users of each item.
        num_users: U, all users of the snapshot.
        held_out: the pairs that lists are measured on.
        seen: the splits that are known.
    """

    user_keys: pd.Index
    item_keys: pd.Index
    user_degrees: IntArray
    item_degrees: IntArray
    num_users: int
    held_out: HeldOut
    seen: tuple[Split, ...]

    def hits(self, items: IntArray) -> npt.NDArray[np.bool_]:
        """Mark the held-out ones among the items [n, k] of the measured users' lists."""
        keys = np.arange(len(items))[:, None] * len(self.item_keys) + items
        held_out = self.held_out.lists * len(self.item_keys) + self.held_out.items
        return np.isin(keys, held_out) & (items >= 0)


def read_catalogue(snapshot: Snapshot, user_keys: pd.Index, part: Split, seen: tuple[Split, ...]) -> Catalogue:
    """Count what is known of these users and of all items."""
    known = np.concatenate([snapshot.interactions[split] for split in seen], axis=1)
    rows = pd.Index(snapshot.users["key"]).get_indexer(user_keys)
    position = np.full(snapshot.num_users, -1)
    position[rows] = np.arange(len(rows))
    users, items = snapshot.interactions[part]
    measured = position[users] >= 0
    return Catalogue(
        user_keys=user_keys,
        item_keys=pd.Index(snapshot.entities["key"].iloc[: snapshot.num_items]),
        user_degrees=np.bincount(known[0], minlength=snapshot.num_users)[rows],
        item_degrees=np.bincount(known[1], minlength=snapshot.num_items),
        num_users=snapshot.num_users,
        held_out=HeldOut(position[users][measured], np.asarray(items)[measured], len(user_keys)),
        seen=seen,
    )


def lists_in(catalogue: Catalogue, run: Run, snapshot: Snapshot, part: Split) -> IntArray | None:
    """Give a run's lists in the rows of the catalogue: items [n, k], or None where the run keeps none.

    Raises:
        UsageError: it ranks other items.
    """
    arrays = run.folder.lists(part)
    if arrays is None:
        return None
    keys = pd.Index(snapshot.entities["key"].iloc[: snapshot.num_items])
    row_of = catalogue.item_keys.get_indexer(keys)
    if len(keys) != len(catalogue.item_keys) or (row_of < 0).any():
        raise UsageError("ranks other items than the first run", where=str(run.path))
    users, items = (array.astype(np.int64) for array in arrays)
    lines = pd.Index(snapshot.users["key"].to_numpy()[users]).get_indexer(catalogue.user_keys)
    if (lines < 0).any():
        raise DataError("its lists are not those its metrics were measured on", where=str(run.path))
    ranked: IntArray = np.where(items >= 0, row_of[items], -1)[lines]
    return ranked


class Snapshots:
    """The snapshots that runs were trained on, found where they were or among those given."""

    def __init__(self, given: Sequence[Path] = ()) -> None:
        self.given = given
        self.opened: dict[str, Snapshot | None] = {}

    def of(self, run: Run) -> Snapshot | None:
        """Give a run's snapshot, or None where it is not to be found."""
        wanted = run.record.identity.snapshot
        if wanted not in self.opened:
            self.opened[wanted] = self._find(wanted, run.record.snapshot_folder)
        return self.opened[wanted]

    def _find(self, wanted: str, folder: str | None) -> Snapshot | None:
        was = [Path(folder)] if folder else []
        for place in (*self.given, *was):
            try:
                snapshot = load_snapshot(place, verify=False)
            except DataError:
                if place in self.given:
                    raise
                continue
            if snapshot.manifest.content_hash == wanted:
                return snapshot
        return None
