"""The graph as the release holds it: one list of edges in both directions, weighted user-item pairs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from export.snapshot import Snapshot
from model.interactions import Interactions


@dataclass(frozen=True)
class Settings:
    """What the release is configured with."""

    dimensions: int = 64
    layers: int = 2
    heads: int = 2
    profile_weight: float = 0.25
    matching_weight: float = 5.0
    match_ratio: float = 0.1
    match_repeats: int = 8
    rationale_edges: int = 256
    """Edges with the highest noisy rationale score that are left out of a step, and as many random ones; 0: none."""
    graph_dropout: float = 0.5
    message_dropout: float = 0.1
    profile_dropout: float = 0.1
    learning_rate: float = 1e-4
    batch_size: int = 1024

    @classmethod
    def without_noise(cls) -> Settings:
        """Leave out everything that is drawn, but for the samples of the matching."""
        return cls(rationale_edges=0, graph_dropout=0.0, message_dropout=0.0, profile_dropout=0.0)


@dataclass(frozen=True, eq=False)
class Data:
    """All constants of a training.

    Attributes:
        num_users: U.
        num_items: V.
        num_entities: E, items first.
        edges: int64 [2, m], heads (receivers) and tails.
        edge_types: int64 [m] in 0..2R-1.
        num_types: 2R.
        pairs: int64 [2, n], users and items.
        pair_weights: [n], 1 / degree of the user.
        user_texts: [U, D].
        entity_texts: [E, D].
    """

    num_users: int
    num_items: int
    num_entities: int
    edges: Tensor
    edge_types: Tensor
    num_types: int
    pairs: Tensor
    pair_weights: Tensor
    user_texts: Tensor
    entity_texts: Tensor

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot, interactions: Interactions) -> Data:
        """Take a snapshot that has text vectors, with the pairs to learn from."""
        assert snapshot.user_profile is not None
        assert snapshot.entity_profile is not None
        edges, types = snapshot.both_directions()
        pairs = torch.stack([interactions.users, interactions.items])
        return cls(
            num_users=snapshot.num_users,
            num_items=snapshot.num_items,
            num_entities=snapshot.num_entities,
            edges=torch.from_numpy(edges.copy()),
            edge_types=torch.from_numpy(types.copy()),
            num_types=2 * snapshot.num_relations,
            pairs=pairs,
            pair_weights=1 / interactions.user_degrees[pairs[0]].to(torch.get_default_dtype()),
            user_texts=torch.tensor(snapshot.user_profile),
            entity_texts=torch.tensor(snapshot.entity_profile),
        )
