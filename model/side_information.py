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

from export.snapshot import FloatArray, Snapshot
from model.retrieval import nearest, row_blocks
from model.types import Ranking
from spikegraph.errors import UsageError
from spikegraph.logs import get_logger

PROFILES = "profiles"
RELATIONS = "relations"


class SideInformation:
    """The items of a snapshot by weighted sources, as rows of length 1 in each.

    Args:
        snapshot: the graph and the profiles.
        sources: weight of each source; sources with weight 0 are left out.

    Without text vectors in the snapshot the profiles are done without, and the log says so.

    Raises:
        UsageError: a source that is no relation of the snapshot.
    """

    def __init__(self, snapshot: Snapshot, sources: Mapping[str, float]) -> None:
        wanted = _wanted(snapshot, sources)
        own = [name for name in wanted if name not in (PROFILES, RELATIONS)]
        self.num_items = snapshot.num_items
        self.parts: list[tuple[float, FloatArray | sp.csr_array]] = []
        for source, weight in wanted.items():
            if source == PROFILES:
                assert snapshot.entity_profile is not None
                self.parts.append((weight, normalize(np.asarray(snapshot.entity_profile[: self.num_items]))))
                continue
            others = [name for name in knowledge_relations(snapshot) if name not in own]
            self.parts.append((weight, _linked_entities(snapshot, others if source == RELATIONS else [source])))

    def similarities(self, start: int, stop: int) -> Tensor:
        """Give the weighted sum of cosines of the items start..stop-1 with all items: float32 [stop - start, V]."""
        total = np.zeros((stop - start, self.num_items), dtype=np.float32)
        for weight, rows in self.parts:
            cosines = rows[start:stop] @ rows.T
            total += weight * (cosines if isinstance(cosines, np.ndarray) else cosines.toarray())
        return torch.from_numpy(total)

    def neighbours(self, k: int) -> Ranking:
        """Give each item the k others that are most alike, and how much; none that share nothing with it.

        Returns:
            rows int64 [V, k] and scores float32 [V, k].
        """
        return nearest(self.similarities, self.num_items, k)

    def add_to(self, matrix: Tensor) -> None:
        """Add all similarities to a matrix [V, V], in blocks of rows."""
        for start, stop in row_blocks(self.num_items, 4 * self.num_items):
            matrix[start:stop] += self.similarities(start, stop).to(matrix)


def knowledge_relations(snapshot: Snapshot) -> tuple[str, ...]:
    """Name the relations of the knowledge graph, those from similarity runs left out."""
    return snapshot.manifest.relations[: snapshot.num_knowledge_relations]


def _wanted(snapshot: Snapshot, sources: Mapping[str, float]) -> dict[str, float]:
    """Give the sources that are to be used: known ones with a weight, of which the snapshot has something."""
    known = (PROFILES, RELATIONS, *knowledge_relations(snapshot))
    unknown = [source for source in sources if source not in known]
    if unknown:
        raise UsageError(f"there is no source '{unknown[0]}'", where="sources", hint=f"there are: {', '.join(known)}")
    wanted = {source: weight for source, weight in sources.items() if weight}
    if PROFILES in wanted and snapshot.entity_profile is None:
        del wanted[PROFILES]
        hint = "spikegraph export NAME --embedding lsa"
        get_logger(__name__).warning("the snapshot has no text vectors: items are compared without profiles", hint=hint)
    return wanted


def _linked_entities(snapshot: Snapshot, relations: Sequence[str]) -> sp.csr_array:
    """Give the entities an item is linked with, rare ones weighing more (1 + ln V/n), whichever end the item is."""
    numbers = [snapshot.manifest.relations.index(name) for name in relations]
    edges, types = snapshot.both_directions()
    chosen = np.isin(types % max(snapshot.num_relations, 1), numbers) & (edges[0] < snapshot.num_items)
    items, entities = edges[:, chosen]
    shape = (snapshot.num_items, snapshot.num_entities)
    linked = sp.csr_array((np.ones(len(items), dtype=np.float32), (items, entities)), shape=shape)
    linked.data[:] = 1
    carriers = np.bincount(linked.indices, minlength=snapshot.num_entities)
    weights = 1 + np.log(snapshot.num_items / np.maximum(carriers, 1))
    linked.data *= weights.astype(np.float32)[linked.indices]
    return sp.csr_array(normalize(linked))
