"""Seeded snapshots of any size, with the skewed degrees of real data; they measure time and memory, never quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from export.snapshot import FloatArray, IntArray, Manifest, Snapshot


@dataclass(frozen=True)
class Shape:
    """How large a snapshot is; `triples` and `interactions` are reached exactly, without duplicates."""

    users: int
    items: int
    entities: int
    relations: int
    triples: int
    interactions: int
    text_dimensions: int | None
    valid_per_user: int = 0


def synthetic(shape: Shape, seed: int = 0) -> Snapshot:
    """Give a snapshot of this shape."""
    generator = np.random.default_rng(seed)
    pairs = _distinct(generator, (shape.users, shape.items), shape.interactions)
    valid = _distinct(generator, (shape.users, shape.items), shape.valid_per_user * shape.users)
    edges = _distinct(generator, (shape.entities, shape.entities), shape.triples)
    counts = {"users": shape.users, "items": shape.items, "entities": shape.entities, "triples": shape.triples}
    relations = tuple(f"RELATION_{number}" for number in range(shape.relations))
    nowhere = np.zeros((2, 0), dtype=np.int64)
    counts |= {"train": pairs.shape[1], "valid": valid.shape[1], "test": 0}
    return Snapshot(
        manifest=Manifest(dataset="synthetic", dataset_version=1, split_id="-", relations=relations, counts=counts),
        interactions={"train": pairs, "valid": valid, "test": nowhere},
        edge_index=edges,
        edge_type=np.minimum(generator.geometric(0.3, size=shape.triples) - 1, shape.relations - 1),
        users=_frame("user", shape.users),
        entities=_frame("entity", shape.entities).assign(label="Entity"),
        num_items=shape.items,
        user_profile=_texts(generator, shape.users, shape.text_dimensions),
        entity_profile=_texts(generator, shape.entities, shape.text_dimensions),
    )


def _distinct(generator: np.random.Generator, sizes: tuple[int, int], count: int) -> IntArray:
    """Draw distinct pairs, the second end skewed (rank^-1/2), sorted: int64 [2, count]."""
    cells = np.zeros(0, dtype=np.int64)
    while len(cells) < count:
        more = 2 * (count - len(cells)) + 100
        first = generator.integers(sizes[0], size=more)
        second = (generator.random(more) ** 2 * sizes[1]).astype(np.int64)
        cells = np.unique(np.concatenate([cells, first * sizes[1] + second]))
    cells = np.sort(generator.choice(cells, size=count, replace=False))
    return np.stack([cells // sizes[1], cells % sizes[1]])


def _texts(generator: np.random.Generator, rows: int, dimensions: int | None) -> FloatArray | None:
    if dimensions is None:
        return None
    return generator.standard_normal((rows, dimensions), dtype=np.float32) / np.float32(dimensions**0.5)


def _frame(kind: str, count: int) -> pd.DataFrame:
    keys = [f"synthetic/{kind}/{number}" for number in range(count)]
    return pd.DataFrame({"key": keys, "name": keys})
