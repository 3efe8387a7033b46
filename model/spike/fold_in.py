"""SPiKE over another graph than it was trained on: whose weights are whose, and what a new node begins as."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from export.snapshot import Snapshot
from model.fold_in import KnownRows, as_linked, as_users_alike, carried_over, places_of
from model.interactions import Interactions
from model.spike.config import SpikeConfig
from model.spike.encoder import SpikeEncoder
from spikegraph.errors import UsageError


def require_trained(config: SpikeConfig, snapshot: Snapshot, known: KnownRows, *, profiles: bool) -> None:
    """Refuse a graph of which the weights say nothing.

    Args:
        config: of the model.
        snapshot: the other graph.
        known: its rows in the one that was trained on.
        profiles: whether the model reads text vectors.

    Raises:
        UsageError: there is a new relation that would be attended to, or text vectors of another space.
    """
    where = str(snapshot.folder or "the newer snapshot")
    new = [name for name, row in zip(snapshot.manifest.relations, known.relations.tolist(), strict=True) if row < 0]
    if config.attends and new:
        raise UsageError(
            f"the model was not trained on the relation {new[0]}", where=where, hint="export with the same --relations"
        )
    if profiles and snapshot is not known.older and not _same_space(config, snapshot, known.older):
        raise UsageError(
            "the model reads profiles, and the text vectors here are of another space than those it was trained on",
            where=where,
            hint="train a preset without profiles (similarity), or with minilm vectors and profile_dimensions = null",
        )


def _same_space(config: SpikeConfig, newer: Snapshot, older: Snapshot) -> bool:
    """Tell whether text vectors mean the same: one embedding, and no principal components that depend on the nodes."""
    if newer.manifest.text_embedding != older.manifest.text_embedding or newer.user_profile is None:
        return False
    return config.profile_dimensions is None or config.profile_dimensions >= newer.user_profile.shape[1]


def weights_over(
    encoder: SpikeEncoder,
    kept: tuple[Tensor, Tensor],
    snapshot: Snapshot,
    interactions: Interactions,
    known: KnownRows,
) -> Mapping[str, Tensor]:
    """Give the encoder's weights that depend on the graph, for another one.

    A new entity begins as the mean of the known ones it is linked with, by triples or similarity; a new user as the
    mean of the known ones with most in common.

    Args:
        encoder: as trained.
        kept: the rows of entities that the model has, int64 each: in the trained snapshot, and in the other.
        snapshot: the other graph.
        interactions: the pairs that are heard in it.
        known: its rows in the one that was trained on.
    """
    own = encoder.embedding.detach().cpu()
    users = carried_over(own[: encoder.num_users], known.users)
    rows = places_of(known.entities[kept[1]], kept[0], known.older.num_entities)
    entities = carried_over(own[encoder.num_users :], rows)
    pairs = places_of(torch.from_numpy(np.array(snapshot.edge_index)), kept[1], snapshot.num_entities)
    entities = as_linked(entities, rows >= 0, pairs[:, (pairs >= 0).all(dim=0)])
    both = encoder.relation.detach().cpu().view(2, -1, encoder.relation.shape[1])
    relation = [carried_over(direction, known.relations) for direction in both] if snapshot.num_relations else [both[0]]
    return {
        "encoder.embedding": torch.cat([as_users_alike(users, known, interactions), entities]),
        "encoder.relation": torch.cat(relation),
    }
