"""From the numbers of the graph (`idx`) to the rows of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cypher.store import Store
from export.columns import BLOCK, ranges
from export.snapshot import IntArray, Snapshot


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows by idx, -1 where the snapshot does not have the node.

    Attributes:
        users: int64, by idx of the user.
        entities: int64, by idx of the entity; those of items are below the number of items.
    """

    users: IntArray
    entities: IntArray


def rows_of(store: Store, snapshot: Snapshot) -> Rows:
    """Read the keys of the data set's nodes and find their rows."""
    dataset = snapshot.manifest.dataset
    common: dict[str, Any] = {"dataset": dataset, "profile_run": None}
    users = store.read("export/user_blocks", dataset=dataset, block=BLOCK)
    user_ranges = ranges((block["block"], block["nodes"], 0) for block in users)
    entities = store.read("export/entity_blocks", dataset=dataset, block=BLOCK)
    entity_ranges = ranges((block["block"], block["nodes"], 0) for block in entities)
    return Rows(
        _by_idx(store.columns("export/users", user_ranges, **common), snapshot.users["key"]),
        _by_idx(store.columns("export/entities", entity_ranges, **common, other_labels=[]), snapshot.entities["key"]),
    )


def by_rank(frame: pd.DataFrame, width: int) -> tuple[IntArray, pd.DataFrame]:
    """Put pairs in order: by start, best score first, equal scores by the row of the end.

    Args:
        frame: `start`, `end` (rows) and `score`.
        width: the most ends of a start.

    Returns:
        The place [n] of each pair in the list of its start, and the frame in that order.
    """
    order = np.lexsort([frame["end"], -frame["score"], frame["start"]])
    ordered = frame.iloc[order]
    places = np.asarray(ordered.groupby("start").cumcount(), dtype=np.int64)
    kept = places < width
    return places[kept], ordered[kept]


def _by_idx(parts: Iterator[Mapping[str, Sequence[Any]]], keys: Iterable[str]) -> IntArray:
    row_of = {key: row for row, key in enumerate(keys)}
    found = [
        (int(idx), row_of.get(key, -1)) for part in parts for idx, key in zip(part["idx"], part["key"], strict=True)
    ]
    rows = np.full(1 + max((idx for idx, _ in found), default=0), -1, dtype=np.int64)
    for idx, row in found:
        rows[idx] = row
    return rows
