"""From the snapshot to the knowledge graph that a model trains on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from export.snapshot import IntArray, Snapshot
from model.kernels.sampling import sample_per_group
from model.kernels.sparse import Structure, offsets_of


@dataclass(frozen=True, eq=False)
class Triples:
    """The triples of a model in both directions, over the entities that it keeps.

    Attributes:
        heads: int64 [m], the receiving ends, rows of `entities`.
        tails: int64 [m].
        types: int64 [m] in 0..2R-1; the inverse of r is r + R.
        entities: int64 [E'], the snapshot's entity row of every kept one, items first.
        num_types: 2R.
    """

    heads: IntArray
    tails: IntArray
    types: IntArray
    entities: IntArray
    num_types: int

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot, min_degree: int = 1, *, similarities: bool = True) -> Triples:
        """Take all triples, leaving out auxiliary entities with fewer than `min_degree` of them.

        Args:
            snapshot: the graph.
            min_degree: of an auxiliary entity.
            similarities: whether the edges of similarity runs are taken as triples.
        """
        edge_index, edge_type = snapshot.both_directions()
        if not similarities:
            known = edge_type % max(snapshot.num_relations, 1) < snapshot.num_knowledge_relations
            edge_index, edge_type = edge_index[:, known], edge_type[known]
        kept = np.bincount(edge_index[0], minlength=snapshot.num_entities) >= min_degree
        kept[: snapshot.num_items] = True
        edges = kept[edge_index].all(axis=0)
        renumbered = (np.cumsum(kept) - 1)[edge_index[:, edges]]
        return cls(
            renumbered[0], renumbered[1], edge_type[edges], np.flatnonzero(kept), max(2 * snapshot.num_relations, 1)
        )

    @classmethod
    def of_items(cls, snapshot: Snapshot) -> Triples:
        """Keep the items and no triple."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, none, np.arange(snapshot.num_items), max(2 * snapshot.num_relations, 1))


class KnowledgeGraph(nn.Module):
    """The triples sorted by head, messages told apart by (tail, type).

    A message depends on its tail and its type alone, so that there are fewer distinct messages P than
    edges m (an artist's tags, say, share one message a tag). Attention is then a sparse [E, P] matrix.
    """

    message_tails: Tensor
    """int64 [P]"""
    message_types: Tensor
    """int64 [P]"""
    tail_offsets: Tensor
    """int64 [E + 1]: the messages of a tail."""
    by_type: Tensor
    """int64 [m]: the edges in the order of their types."""

    def __init__(self, triples: Triples) -> None:
        super().__init__()
        order = np.lexsort((triples.types, triples.tails, triples.heads))
        heads, tails, types = (torch.from_numpy(part[order]) for part in (triples.heads, triples.tails, triples.types))
        messages, message = torch.unique(tails * triples.num_types + types, return_inverse=True)
        self.structure = Structure(heads, message, (len(triples.entities), len(messages)))
        self.type_sizes = torch.bincount(types, minlength=triples.num_types).tolist()
        buffers = {
            "message_tails": messages // triples.num_types,
            "message_types": messages % triples.num_types,
            "tail_offsets": offsets_of(messages // triples.num_types, len(triples.entities)),
            "by_type": torch.argsort(types, stable=True),
        }
        for name, tensor in buffers.items():
            self.register_buffer(name, tensor, persistent=False)

    def __len__(self) -> int:
        return len(self.structure)

    def sample(
        self, rate: float, generator: torch.Generator, *, at_least: int = 1, never: Sequence[int] = ()
    ) -> Structure:
        """Keep ⌊rate · n⌋ edges of every type, but no fewer than `at_least`, uniformly without replacement.

        Args:
            rate: share to keep.
            generator: on the graph's device.
            at_least: of a type that has so many.
            never: types of which none is kept.
        """
        counts = [
            0 if kind in never else min(size, max(at_least, int(rate * size)))
            for kind, size in enumerate(self.type_sizes)
        ]
        kept = torch.empty_like(self.by_type, dtype=torch.bool)
        kept[self.by_type] = sample_per_group(self.type_sizes, counts, generator)
        return self.structure.subset(kept, sum(counts))
