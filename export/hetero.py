"""A snapshot as PyG `HeteroData`, for people who bring their own graph network.

Two node types: `user`, and `entity` with the items first, because an item is an entity of the knowledge
graph and one relation may lead to items and to other entities alike. Rows are those of the snapshot.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from export.snapshot import FloatArray, IntArray, Snapshot

INTERACTS = "interacts"


def to_hetero(snapshot: Snapshot) -> HeteroData:
    """Give users, entities, train interactions and triples, each edge type with its reverse (`rev_…`).

    The node types hold `x` float32 [n, D] where the snapshot has text vectors, and `num_nodes`; `entity`
    also `item_mask` bool [E]. Edge types are `(user, interacts, entity)` from train only, and
    `(entity, TYPE, entity)` per relation, `(user, friend_of, user)` where friends came along, all with
    `edge_index` int64 [2, m]. Held-out pairs are no edges, so that no message can pass along them: they are
    `valid_label_index` and `test_label_index` of
    `(user, interacts, entity)`.
    """
    data = HeteroData()
    _add_nodes(data, "user", snapshot.num_users, snapshot.user_profile)
    _add_nodes(data, "entity", snapshot.num_entities, snapshot.entity_profile)
    data["entity"].item_mask = torch.arange(snapshot.num_entities) < snapshot.num_items
    _add_edges(data, ("user", INTERACTS, "entity"), snapshot.interactions["train"])
    for split in ("valid", "test"):
        data["user", INTERACTS, "entity"][f"{split}_label_index"] = _tensor(snapshot.interactions[split])
    for number, relation in enumerate(snapshot.manifest.relations):
        chosen = snapshot.edge_index[:, np.asarray(snapshot.edge_type) == number]
        _add_edges(data, ("entity", relation, "entity"), chosen)
    if snapshot.friends is not None:
        _add_edges(data, ("user", "friend_of", "user"), snapshot.friends)
    return data


def _add_nodes(data: HeteroData, kind: str, count: int, vectors: FloatArray | None) -> None:
    data[kind].num_nodes = count
    if vectors is not None:
        data[kind].x = torch.from_numpy(np.array(vectors))


def _add_edges(data: HeteroData, edge: tuple[str, str, str], pairs: IntArray) -> None:
    source, relation, target = edge
    edge_index = _tensor(pairs)
    data[edge].edge_index = edge_index
    data[target, f"rev_{relation}", source].edge_index = edge_index.flip(0)


def _tensor(pairs: IntArray) -> Tensor:
    """Copy, because a mapped array is read-only."""
    return torch.from_numpy(np.array(pairs))
