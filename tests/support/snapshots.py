"""Small seeded snapshots: users and items in groups, so that a model has something to learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from export.snapshot import SPLITS, FloatArray, IntArray, Manifest, Selection, Snapshot, Split
from model.side_information import SideInformation

NUM_GROUPS = 4


def random_snapshot(
    seed: int = 0,
    num_users: int = 30,
    num_items: int = 40,
    num_entities: int = 70,
    num_relations: int = 3,
    profile_dim: int | None = 8,
    per_user: int = 8,
) -> Snapshot:
    """Give a snapshot of simulated users who mostly take the items of their own group.

    Args:
        seed: of everything that is drawn.
        num_users: U.
        num_items: V, the first rows of the entities.
        num_entities: E, items included.
        num_relations: R canonical relations.
        profile_dim: D of the text vectors; None gives a snapshot without them.
        per_user: items of a user; one each goes to valid and test where there are three or more.
    """
    generator = np.random.default_rng(seed)
    interactions = _interactions(generator, num_users, num_items, min(per_user, num_items))
    edge_index, edge_type = _triples(generator, num_items, num_entities, num_relations)
    relations = tuple(f"RELATION_{number}" for number in range(num_relations))
    counts = {"users": num_users, "items": num_items, "entities": num_entities, "triples": len(edge_type)}
    counts |= {split: interactions[split].shape[1] for split in SPLITS}
    manifest = Manifest(
        dataset="random", dataset_version=1, split_id=f"seed-{seed}", relations=relations, counts=counts
    )
    return Snapshot(
        manifest=manifest,
        interactions=interactions,
        edge_index=edge_index,
        edge_type=edge_type,
        users=pd.DataFrame({"key": _keys("user", num_users), "name": _names("user", num_users)}),
        entities=_entities(num_items, num_entities),
        num_items=num_items,
        user_profile=_profiles(generator, num_users, profile_dim),
        entity_profile=_profiles(generator, num_entities, profile_dim),
    )


def _interactions(
    generator: np.random.Generator, num_users: int, num_items: int, per_user: int
) -> dict[Split, IntArray]:
    pairs: dict[Split, list[tuple[int, int]]] = {split: [] for split in SPLITS}
    groups = np.arange(num_items) % NUM_GROUPS
    for user in range(num_users):
        weights = np.where(groups == user % NUM_GROUPS, 8.0, 1.0)
        items = generator.choice(num_items, size=per_user, replace=False, p=weights / weights.sum())
        parts: list[Split] = ["train"] * per_user
        if per_user >= 3:
            parts[:2] = ["valid", "test"]
        for split, item in zip(parts, items, strict=True):
            pairs[split].append((user, int(item)))
    return {split: np.array(sorted(rows), dtype=np.int64).reshape(-1, 2).T.copy() for split, rows in pairs.items()}


def _triples(
    generator: np.random.Generator, num_items: int, num_entities: int, num_relations: int
) -> tuple[IntArray, IntArray]:
    """Link every item to two auxiliary entities of its group, each by a random relation."""
    auxiliary = np.arange(num_items, num_entities)
    if not len(auxiliary) or not num_relations:
        return np.zeros((2, 0), dtype=np.int64), np.zeros(0, dtype=np.int64)
    triples = set()
    for item in range(num_items):
        near = auxiliary[auxiliary % NUM_GROUPS == item % NUM_GROUPS]
        for tail in generator.choice(near if len(near) else auxiliary, size=2):
            triples.add((int(generator.integers(num_relations)), item, int(tail)))
    rows = np.array(sorted(triples), dtype=np.int64)
    return rows[:, 1:].T.copy(), rows[:, 0].copy()


def _profiles(generator: np.random.Generator, rows: int, dimensions: int | None) -> FloatArray | None:
    if dimensions is None:
        return None
    centres = np.random.default_rng(1).normal(size=(NUM_GROUPS, dimensions))
    noise = generator.normal(scale=0.3, size=(rows, dimensions))
    return (centres[np.arange(rows) % NUM_GROUPS] + noise).astype(np.float32)


def _entities(num_items: int, num_entities: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "key": _keys("entity", num_entities),
            "name": _names("entity", num_entities),
            "label": ["Film"] * num_items + ["Person"] * (num_entities - num_items),
        }
    )


def _keys(kind: str, count: int) -> list[str]:
    return [f"random/{kind}/{number}" for number in range(count)]


def _names(kind: str, count: int) -> list[str]:
    return [f"{kind} {number}" for number in range(count)]


def with_friends(snapshot: Snapshot, pairs: Sequence[tuple[int, int]]) -> Snapshot:
    """Give the snapshot as an export with these friends has it."""
    friends = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    manifest = snapshot.manifest.model_copy(
        update={
            "selection": Selection(friends=True),
            "counts": snapshot.manifest.counts | {"friends": friends.shape[1]},
        }
    )
    return replace(snapshot, manifest=manifest, friends=friends)


def with_similarity(snapshot: Snapshot, neighbours: int) -> Snapshot:
    """Give the snapshot as an export with one similarity run has it: edges to the nearest items by profile."""
    near = SideInformation(snapshot, {"profiles": 1.0}).neighbours(neighbours).rows
    items, places = np.nonzero(near >= 0)
    edges = np.stack([items, near[items, places]])
    manifest = snapshot.manifest.model_copy(
        update={
            "relations": (*snapshot.manifest.relations, "SIMILAR_TO"),
            "selection": Selection(similarity_runs=("test",)),
            "counts": snapshot.manifest.counts | {"triples": len(snapshot.edge_type) + edges.shape[1]},
        }
    )
    return replace(
        snapshot,
        manifest=manifest,
        edge_index=np.concatenate([snapshot.edge_index, edges], axis=1),
        edge_type=np.concatenate([snapshot.edge_type, np.full(edges.shape[1], snapshot.num_relations)]),
    )
