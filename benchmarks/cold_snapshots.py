"""Snapshots for the measurement of items that nobody has yet: with them, without them, with similar items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from export.snapshot import IntArray, Selection, Snapshot
from model.side_information import SideInformation

SOURCES: Mapping[str, float] = {"profiles": 1.0, "relations": 1.0}
"""What items are alike by."""
NEIGHBOURS = 20


def with_similar_items(snapshot: Snapshot) -> Snapshot:
    """Give the snapshot with the edges that `spikegraph similarity` writes and `export --similarity` takes along."""
    near = SideInformation(snapshot, SOURCES).neighbours(NEIGHBOURS).rows
    items, places = np.nonzero(near >= 0)
    edges = np.stack([items, near[items, places]])
    manifest = snapshot.manifest
    update = {
        "relations": (*manifest.relations, "SIMILAR_TO"),
        "selection": Selection(similarity_runs=("benchmark",)),
        "counts": manifest.counts | {"triples": len(snapshot.edge_type) + edges.shape[1]},
    }
    return replace(
        snapshot,
        manifest=manifest.model_copy(update=update),
        edge_index=np.concatenate([snapshot.edge_index, edges], axis=1),
        edge_type=np.concatenate([snapshot.edge_type, np.full(edges.shape[1], snapshot.num_relations)]),
    )


def without_items(snapshot: Snapshot, hidden: IntArray) -> Snapshot:
    """Give the snapshot as if these items were not in the data set: their rows, facts and interactions are gone."""
    kept = np.ones(snapshot.num_entities, dtype=np.bool_)
    kept[hidden] = False
    rows = np.cumsum(kept) - 1
    edges = kept[snapshot.edge_index].all(axis=0)
    pairs = {
        split: np.stack([part[0], rows[part[1]]])[:, kept[part[1]]] for split, part in snapshot.interactions.items()
    }
    counts = {"items": int(kept[: snapshot.num_items].sum()), "entities": int(kept.sum()), "triples": int(edges.sum())}
    counts |= {str(split): part.shape[1] for split, part in pairs.items()}
    return replace(
        snapshot,
        manifest=snapshot.manifest.model_copy(update={"counts": snapshot.manifest.counts | counts}),
        interactions=pairs,
        edge_index=rows[snapshot.edge_index[:, edges]],
        edge_type=np.asarray(snapshot.edge_type)[edges],
        entities=snapshot.entities[kept].reset_index(drop=True),
        num_items=counts["items"],
        entity_profile=_rows(snapshot.entity_profile, kept),
    )


def _rows(matrix: npt.NDArray[np.float32] | None, kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32] | None:
    return None if matrix is None else np.asarray(matrix)[kept]
