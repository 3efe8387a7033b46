"""Similar items (and users) by the Graph Data Science library, as the results of a run that is a similarity only.

`fastrp`: vectors of the whole projection by fast random projections, and the nearest by cosine.
`jaccard`, `overlap`, `cosine`: how far two items have the same users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from cypher.store import Store
from export.gds.client import named
from export.gds.projection import INTERACTED, Projection, projected
from export.gds.rows import Rows, by_rank, rows_of
from export.results import Ranked, Results
from export.snapshot import IntArray, Snapshot
from spikegraph.errors import DatabaseError

if TYPE_CHECKING:
    from graphdatascience import GraphDataScience

Method = Literal["fastrp", "jaccard", "overlap", "cosine"]
Label = Literal["Item", "User"]

VECTOR = "vector"
"""Name of the vectors in the projection."""

ONE_THREAD = 1
"""More than one would make equal seeds give different results."""


class SimilarityOptions(BaseModel):
    """What is compared, and how.

    Attributes:
        method: `fastrp`, or the share of users that two items have in common: `jaccard`, `overlap`, `cosine`.
        neighbours: edges of each item.
        relations: what is projected for `fastrp`; None takes interactions and all of the knowledge graph. The other
            methods take interactions alone.
        users: whether users are compared too.
        dimensions: of the vectors of `fastrp`.
        iteration_weights: of the first, second, … step away from a node, for `fastrp`.
        normalization_strength: below 0 hubs count less for `fastrp`, above 0 more.
        fewest: items (users) with fewer interactions are left out of `jaccard`, `overlap`, `cosine`.
        most: those with more are left out as well; hubs are what takes the time.
        seed: of the random projection and of the search for neighbours.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method = "fastrp"
    neighbours: int = Field(default=20, ge=1, le=1000)
    relations: tuple[str, ...] | None = None
    users: bool = False
    dimensions: int = Field(default=256, ge=2, le=4096)
    iteration_weights: tuple[float, ...] = (0.0, 1.0)
    normalization_strength: float = Field(default=-0.5, ge=-5, le=5)
    fewest: int = Field(default=1, ge=1)
    most: int | None = Field(default=None, ge=1)
    seed: int = 0


def similarity(store: Store, gds: GraphDataScience, snapshot: Snapshot, options: SimilarityOptions) -> Results:
    """Find the most similar items in the graph; what is held out is not seen.

    Args:
        store: where the graph is.
        gds: the client.
        snapshot: of the whole data set, for the rows.
        options: what is compared, and how.

    Raises:
        DatabaseError: the data set changed, or the server has too little memory.
        LimitReachedError: the projection would take too much of the server's heap.
    """
    dataset, rows = snapshot.manifest.dataset, rows_of(store, snapshot)
    relations = options.relations if options.method == "fastrp" else (INTERACTED,)
    with projected(store, gds, dataset, relations) as projection:
        if projection.dataset.version != snapshot.manifest.dataset_version:
            raise DatabaseError("the data set changed while it was read", where=dataset, hint="try again")
        if options.method == "fastrp":
            _vectors(projection, options)
        items = _ranked(projection, "Item", rows, options, snapshot.num_items)
        users = _ranked(projection, "User", rows, options, snapshot.num_users) if options.users else None
    return Results(
        run_id="unnamed",
        model=f"gds-{options.method}",
        config=options.model_dump(mode="json") | {"types": list(projection.types)},
        metrics={},
        snapshot_hash=snapshot.manifest.content_hash,
        protocol="honest",
        seed=options.seed,
        recommendations=None,
        similar_items=items,
        similar_users=users,
    ).named(dataset)


def _vectors(projection: Projection, options: SimilarityOptions) -> None:
    with named("gds.fastRP"):
        projection.gds.fast_rp.mutate(
            projection.graph,
            mutate_property=VECTOR,
            embedding_dimension=options.dimensions,
            iteration_weights=list(options.iteration_weights),
            normalization_strength=options.normalization_strength,
            random_seed=options.seed,
            concurrency=ONE_THREAD,
        )


def _ranked(projection: Projection, label: Label, rows: Rows, options: SimilarityOptions, count: int) -> Ranked:
    pairs = _nearest(projection, label, options) if options.method == "fastrp" else _alike(projection, label, options)
    nodes = projection.nodes()
    nodes = nodes[nodes["label"] == label]
    row_of_idx = rows.users if label == "User" else rows.entities
    row_of_node = pd.Series(row_of_idx[nodes["idx"].to_numpy()], index=nodes["node"])
    frame = pd.DataFrame(
        {
            "start": row_of_node.loc[pairs["node1"]].to_numpy(),
            "end": row_of_node.loc[pairs["node2"]].to_numpy(),
            "score": pairs["similarity"].to_numpy(np.float32),
        }
    )
    return _table(frame, count, options.neighbours)


def _nearest(projection: Projection, label: Label, options: SimilarityOptions) -> pd.DataFrame:
    """Give the nearest by cosine, where it is above 0; the search goes on until it finds none that is nearer."""
    with named("gds.knn"):
        found = projection.gds.knn.stream(
            projection.graph,
            node_properties=VECTOR,
            top_k=options.neighbours,
            node_labels=[label],
            sample_rate=1.0,
            delta_threshold=0.0,
            similarity_cutoff=0.5,
            random_seed=options.seed,
            concurrency=ONE_THREAD,
        )
    return found.assign(similarity=2 * found["similarity"] - 1)  # the plugin gives (1 + cosine) / 2


def _alike(projection: Projection, label: Label, options: SimilarityOptions) -> pd.DataFrame:
    bounds: dict[str, Any] = {"degree_cutoff": options.fewest}
    if options.most is not None:
        bounds["upper_degree_cutoff"] = options.most
    with named("gds.nodeSimilarity"):
        return projection.gds.node_similarity.filtered.stream(
            projection.graph,
            source_node_filter=label,
            target_node_filter=label,
            relationship_types=[INTERACTED],
            node_labels=["User", "Item"],
            similarity_metric=options.method.upper(),
            top_k=options.neighbours,
            concurrency=ONE_THREAD,
            **bounds,
        )


def _table(frame: pd.DataFrame, count: int, width: int) -> Ranked:
    places, ordered = by_rank(frame, width)
    rows = np.full((count, width), -1, dtype=np.int64)
    scores = np.zeros((count, width), dtype=np.float32)
    starts: IntArray = ordered["start"].to_numpy(np.int64)
    rows[starts, places] = ordered["end"]
    scores[starts, places] = ordered["score"]
    return Ranked(rows, scores)
