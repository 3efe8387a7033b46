"""The items that are alike, as a graph of its own: the edges of the snapshot's similarity runs."""

from __future__ import annotations

import numpy as np
import torch

from export.snapshot import Snapshot
from model.kernels.adjacency import SymmetricAdjacency
from spikegraph.errors import DataError, UsageError


def similarity_graph(snapshot: Snapshot) -> SymmetricAdjacency:
    """Take the similarity edges of a snapshot, as a graph of its items.

    Raises:
        UsageError: it was exported without any.
        DataError: one of them leads to something that is no item.
    """
    if not snapshot.manifest.selection.similarity_runs:
        name = snapshot.manifest.dataset
        raise UsageError(
            "the snapshot holds no similarity of items, which model.similar_items = heard asks for",
            where=str(snapshot.folder or name),
            hint=f"spikegraph similarity {name}, then spikegraph export {name} --similarity RUN",
        )
    pairs = np.asarray(snapshot.edge_index[:, snapshot.edge_type >= snapshot.num_knowledge_relations])
    if pairs.size and pairs.max() >= snapshot.num_items:
        raise DataError("a similarity leads to something that is no item", where=str(snapshot.folder or "snapshot"))
    return SymmetricAdjacency(torch.from_numpy(pairs), snapshot.num_items)
