"""The items that are alike, as a graph of its own: the edges of the snapshot's similarity runs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from export.snapshot import IntArray, Snapshot
from model.kernels.sparse import Structure, multiply
from spikegraph.errors import DataError, UsageError


class SimilarityGraph(nn.Module):
    """The product D^-½ A D^-½ over items, A the symmetric adjacency of pairs that are alike in either direction."""

    normalised: Tensor

    def __init__(self, pairs: IntArray, num_items: int) -> None:
        """Make it of `pairs`, int64 [2, m]: rows of items; a pair that is there twice, or turned round, counts once."""
        super().__init__()
        both = np.concatenate([pairs, pairs[::-1]], axis=1)
        keys = torch.from_numpy(np.unique(both[0] * num_items + both[1]))
        self.structure = Structure(keys // num_items, keys % num_items, (num_items, num_items))
        scale = self.structure.offsets.diff().clamp(min=1).to(torch.get_default_dtype()).rsqrt()
        values = scale[self.structure.rows] * scale[self.structure.columns]
        self.register_buffer("normalised", values, persistent=False)

    def forward(self, items: Tensor) -> Tensor:
        """Give what each item [V, d] receives from those it is alike: [V, d]."""
        return multiply(self.structure, self.normalised, items)


def similarity_graph(snapshot: Snapshot) -> SimilarityGraph:
    """Take the similarity edges of a snapshot.

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
    return SimilarityGraph(pairs, snapshot.num_items)
