"""What is known of items beside who has them: their profiles' texts and the entities they are linked with.

A source is `profiles` (the text vectors), a relation by its name, or `relations`, all relations that are not named
on their own. Items are alike by a source as the cosine of their vectors in it; sources are added with weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.preprocessing import normalize
from torch import Tensor

from export.snapshot import Snapshot
from model.retrieval import best
from model.types import Ranking
from spikegraph.errors import DataError, UsageError

PROFILES = "profiles"
RELATIONS = "relations"

BLOCK_BYTES = 64 * 2**20


class SideInformation:
    """The items of a snapshot by weighted sources, as rows of length 1 in each.

    Args:
        snapshot: the graph and the profiles.
        sources: weight of each source; sources with weight 0 are left out.

    Raises:
        UsageError: a source that is no relation of the snapshot.
        DataError: profiles are wanted and the snapshot has no text vectors.
    """

    def __init__(self, snapshot: Snapshot, sources: Mapping[str, float]) -> None:
        wanted = {source: weight for source, weight in sources.items() if weight}
        _require_known(snapshot, wanted)
        own = [name for name in wanted if name not in (PROFILES, RELATIONS)]
        self.num_items = snapshot.num_items
        self.parts: list[tuple[float, sp.csr_array]] = []
        for source, weight in wanted.items():
            if source == PROFILES:
                rows = _profile_rows(snapshot)
            elif source == RELATIONS:
                rows = _linked_entities(snapshot, [name for name in knowledge_relations(snapshot) if name not in own])
            else:
                rows = _linked_entities(snapshot, [source])
            self.parts.append((weight, rows))

    def similarities(self, start: int, stop: int) -> Tensor:
        """Give the weighted sum of cosines of the items start..stop-1 with all items: float32 [stop - start, V]."""
        total = np.zeros((stop - start, self.num_items), dtype=np.float32)
        for weight, rows in self.parts:
            total += weight * (rows[start:stop] @ rows.T).toarray()
        return torch.from_numpy(total)

    def neighbours(self, k: int) -> Ranking:
        """Give each item the k others that are most alike, and how much; none that share nothing with it.

        Returns:
            rows int64 [V, k] and scores float32 [V, k].
        """
        step = max(1, BLOCK_BYTES // (4 * max(self.num_items, 1)))
        found = []
        for start in range(0, self.num_items, step):
            block = self.similarities(start, min(start + step, self.num_items))
            own = torch.arange(len(block))
            block[own, own + start] = -torch.inf
            found.append(best(block.masked_fill_(block <= 0, -torch.inf), k))
        rows, scores = (torch.cat(parts).numpy() for parts in zip(*found, strict=True))
        return Ranking(rows, scores)


def knowledge_relations(snapshot: Snapshot) -> tuple[str, ...]:
    """Name the relations of the knowledge graph, those from similarity runs left out."""
    return snapshot.manifest.relations[: snapshot.num_knowledge_relations]


def _require_known(snapshot: Snapshot, sources: Mapping[str, float]) -> None:
    known = (PROFILES, RELATIONS, *knowledge_relations(snapshot))
    unknown = [source for source in sources if source not in known]
    if unknown:
        raise UsageError(f"there is no source '{unknown[0]}'", where="sources", hint=f"there are: {', '.join(known)}")
    if PROFILES in sources and snapshot.entity_profile is None:
        raise DataError(
            "has no text vectors, which the source 'profiles' needs",
            where=str(snapshot.folder or snapshot.manifest.dataset),
            hint="spikegraph export NAME --embedding lsa, or sources without profiles",
        )


def _profile_rows(snapshot: Snapshot) -> sp.csr_array:
    assert snapshot.entity_profile is not None
    return sp.csr_array(normalize(np.asarray(snapshot.entity_profile[: snapshot.num_items])))


def _linked_entities(snapshot: Snapshot, relations: Sequence[str]) -> sp.csr_array:
    """Give the entities an item is linked with, rare ones weighing more (idf), whichever end the item is."""
    numbers = [snapshot.manifest.relations.index(name) for name in relations]
    edges, types = snapshot.both_directions()
    chosen = np.isin(types % max(snapshot.num_relations, 1), numbers) & (edges[0] < snapshot.num_items)
    items, entities = edges[:, chosen]
    shape = (snapshot.num_items, snapshot.num_entities)
    linked = sp.csr_array((np.ones(len(items), dtype=np.float32), (items, entities)), shape=shape)
    linked.data[:] = 1
    carriers = np.bincount(linked.indices, minlength=snapshot.num_entities)
    linked.data *= np.log(snapshot.num_items / np.maximum(carriers, 1)).astype(np.float32)[linked.indices]
    return sp.csr_array(normalize(linked))
