"""Reading a data set out of the graph: columns, range by range of idx, straight into arrays.

One record of lists costs a tenth of the same values as one record a row. A first, cheap walk counts nodes and
relationships per block of idx: it sizes the arrays and makes the parts even, and what is read is compared with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cypher.store import Store
from export.snapshot import IntArray, Split
from spikegraph.errors import DatabaseError
from spikegraph.logs import progress

BLOCK = 500
"""Values of idx that are counted together."""

NODES_A_READ = 20_000
LINKS_A_READ = 100_000
"""About the most relationships of one record: longer lists only cost the server memory."""

Range = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Graph:
    """A data set as it stands in the graph, in numbers of `idx` (gaps allowed), not yet in rows.

    Attributes:
        users: `idx key name profile_hash`, by idx.
        entities: `idx key name profile_hash is_item label`, by idx.
        triples: int64 [3, m]: number of the type, idx of the head, idx of the tail.
        interactions: per split int64 [2, n]: idx of the user, idx of the item.
    """

    users: pd.DataFrame
    entities: pd.DataFrame
    triples: IntArray
    interactions: Mapping[Split, IntArray]


@dataclass(eq=False)
class Buffer:
    """An array [rows, capacity] that is filled from the left."""

    rows: int
    capacity: int
    what: str
    filled: int = 0
    array: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.array = np.empty((self.rows, self.capacity), dtype=np.int64)

    def add(self, *columns: Sequence[int] | int) -> None:
        """Add columns of one length; a single number stands for a column of it."""
        length = max(len(column) for column in columns if not isinstance(column, int))
        if self.filled + length > self.capacity:
            raise moved(self.what)
        for row, column in zip(self.array, columns, strict=True):
            row[self.filled : self.filled + length] = column
        self.filled += length

    def full(self) -> IntArray:
        """Give the array where exactly as much was read as had been counted."""
        if self.filled != self.capacity:
            raise moved(self.what)
        return self.array


def moved(what: str) -> DatabaseError:
    """Give the error of a graph that changed while it was read."""
    return DatabaseError(f"the graph changed while it was read: the number of {what} differs", hint="export again")


def read_graph(
    store: Store, dataset: str, other_labels: Sequence[str], types: Sequence[str], profile_run: str | None
) -> Graph:
    """Read users, entities, interactions and the triples of the given types.

    Args:
        store: where the graph is.
        dataset: name of the data set.
        other_labels: labels that do not say what type of thing an entity is.
        types: relation types; their positions number the triples.
        profile_run: id of the profile run whose hashes are wanted.

    Raises:
        DatabaseError: nodes or relationships came or went between the counting and the reading.
    """
    with progress("reading the graph", None) as advance:
        user_blocks = store.read("export/user_blocks", dataset=dataset, block=BLOCK)
        user_ranges = ranges((b["block"], b["nodes"], b["train"] + b["held_out"]) for b in user_blocks)
        entity_blocks = store.read("export/entity_blocks", dataset=dataset, block=BLOCK)
        entity_ranges = ranges((b["block"], b["nodes"], b["outgoing"]) for b in entity_blocks)
        common: dict[str, Any] = {"dataset": dataset, "profile_run": profile_run}
        users = _frame(store.columns("export/users", user_ranges, **common), user_blocks, "users")
        entity_columns = store.columns("export/entities", entity_ranges, **common, other_labels=list(other_labels))
        entities = _frame(entity_columns, entity_blocks, "entities")
        entities["label"] = [min(labels, default="") for labels in entities.pop("labels")]
        advance(len(users) + len(entities))
        outgoing = sum(block["outgoing"] for block in entity_blocks)
        triples = _triples(store, dataset, entity_ranges, types, outgoing)
        interactions = _interactions(store, dataset, user_ranges, user_blocks)
    return Graph(users, entities, triples, interactions)


def read_similar_items(store: Store, dataset: str, run: str) -> IntArray:
    """Read the `SIMILAR_TO` edges of a run among items: int64 [2, m], numbers of idx."""
    blocks = store.read("export/entity_blocks", dataset=dataset, block=BLOCK)
    parts = ranges((b["block"], b["nodes"], b["outgoing"]) for b in blocks)
    buffer = Buffer(2, sum(block["outgoing"] for block in blocks), "similarity edges")
    for part in store.columns("export/similar_items", parts, dataset=dataset, run=run):
        buffer.add(part["heads"], part["tails"])
    return buffer.array[:, : buffer.filled]


def read_friends(store: Store, dataset: str) -> IntArray:
    """Read which users are friends: int64 [2, f], numbers of idx."""
    blocks = store.read("export/user_blocks", dataset=dataset, block=BLOCK)
    parts = ranges((b["block"], b["nodes"], b["train"]) for b in blocks)
    found = [
        np.array([part["users"], part["friends"]], dtype=np.int64)
        for part in store.columns("export/friends", parts, dataset=dataset)
    ]
    return np.hstack([np.zeros((2, 0), dtype=np.int64), *found])


def ranges(blocks: Iterable[tuple[int, int, int]]) -> list[Range]:
    """Join blocks (number, nodes, links), in order, to ranges of idx of about the same work."""
    found: list[Range] = []
    nodes = links = 0
    for number, more_nodes, more_links in blocks:
        nodes, links = nodes + more_nodes, links + more_links
        if found and nodes <= NODES_A_READ and links <= LINKS_A_READ:
            found[-1] = (found[-1][0], (number + 1) * BLOCK - 1)
        else:
            found.append((number * BLOCK, (number + 1) * BLOCK - 1))
            nodes, links = more_nodes, more_links
    return found


def _frame(parts: Iterator[dict[str, list[Any]]], blocks: Sequence[Mapping[str, int]], what: str) -> pd.DataFrame:
    columns: dict[str, list[Any]] = {}
    for part in parts:
        for name, values in part.items():
            columns.setdefault(name, []).extend(values)
    if len(columns.get("idx", ())) != sum(block["nodes"] for block in blocks):
        raise moved(what)
    names = columns or {"idx": [], "key": [], "name": [], "profile_hash": [], "is_item": [], "labels": []}
    return pd.DataFrame(names).sort_values("idx", ignore_index=True)


def _triples(store: Store, dataset: str, parts: Sequence[Range], types: Sequence[str], outgoing: int) -> IntArray:
    """Fill from the left; `outgoing` also counts relationships that are no triples, so it is only a bound."""
    buffer = Buffer(3, outgoing, "triples")
    numbers = {name: number for number, name in enumerate(types)}
    for part in store.columns("export/triples", parts if types else [], dataset=dataset, types=list(types)):
        for name, heads, tails in zip(part["type"], part["heads"], part["tails"], strict=True):
            buffer.add(numbers[name], heads, tails)
    return buffer.array[:, : buffer.filled]


def _interactions(
    store: Store, dataset: str, parts: Sequence[Range], blocks: Sequence[Mapping[str, int]]
) -> dict[Split, IntArray]:
    train = Buffer(2, sum(block["train"] for block in blocks), "train interactions")
    for part in store.columns("export/train", parts, dataset=dataset):
        train.add(part["users"], part["items"])
    held_out = Buffer(2, sum(block["held_out"] for block in blocks), "held-out interactions")
    ends = [0]
    for split in ("valid", "test"):
        for part in store.columns("export/held_out", parts, dataset=dataset, split=split):
            held_out.add(part["users"], part["items"])
        ends.append(held_out.filled)
    pairs = held_out.full()
    return {"train": train.full(), "valid": pairs[:, : ends[1]], "test": pairs[:, ends[1] :]}
