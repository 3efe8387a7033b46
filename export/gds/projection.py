"""A data set in the memory of the server, for as long as a block runs."""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import psutil

from cypher import dataset as datasets
from cypher.dataset import Dataset
from cypher.store import Store
from export.gds.client import MORE_HEAP, named
from spikegraph.errors import DataError, LimitReachedError, UsageError
from spikegraph.logs import get_logger

if TYPE_CHECKING:
    from graphdatascience import GraphDataScience
    from graphdatascience.graph.graph_api import Graph

INTERACTED = "INTERACTED"
"""The train part. No other type of interactions can be projected."""

MOST_OF_HEAP = 60.0
"""Per cent of the server's heap that a projection may take: algorithms and everybody else need the rest."""

PREFIX = "spikegraph "
"""How the names of our projections begin; data set, machine and process follow."""

log = get_logger(__name__)


@dataclass(frozen=True, eq=False)
class Projection:
    """A data set that is projected.

    Attributes:
        gds: the client.
        graph: the projected graph, without directions.
        dataset: the data set as it was when it was projected.
        types: the types of its relationships.
    """

    gds: GraphDataScience
    graph: Graph
    dataset: Dataset
    types: tuple[str, ...]

    def nodes(self, graph: Graph | None = None) -> pd.DataFrame:
        """Give `node` (id within the projection), `idx` and `label` (User, Item or Other), users first, by idx.

        Args:
            graph: a part of the projected graph; all of it by default.
        """
        with named("gds.graph.nodeProperties.stream"):
            found = self.gds.graph.node_properties.stream(graph or self.graph, "idx", list_node_labels=True)
        frame = pd.DataFrame(
            {
                "node": found["nodeId"],
                "idx": found["idx" if "idx" in found else "propertyValue"].astype("int64"),
                "label": [labels[0] for labels in found["nodeLabels"]],
            }
        )
        return frame.sort_values(["label", "idx"], ascending=[False, True], ignore_index=True)


@contextmanager
def projected(
    store: Store, gds: GraphDataScience, dataset: str, relations: Sequence[str] | None = None
) -> Iterator[Projection]:
    """Project a data set, and drop it whatever happens.

    Args:
        store: where the graph is.
        gds: the client.
        dataset: the data set; nothing of others is read.
        relations: `INTERACTED` and relations of the knowledge graph; all of both by default.

    Raises:
        UsageError: the data set has no such relation.
        LimitReachedError: the projection would take too much of the server's heap.
        DatasetLockedError: a process is writing to the data set.
        DataError: there is nothing to project.
    """
    record = datasets.require_unlocked(store, dataset)
    types = chosen_types(store, dataset, relations)
    _require_room(store, record, types)
    _drop_left_behind(store, gds)
    name = f"{PREFIX}{dataset} {platform.node()} {os.getpid()} {uuid.uuid4().hex[:8]}"
    try:
        found = store.read_one("gds/project", graph=name, dataset=dataset, types=list(types))
        if found is None or found["nodes"] is None:
            raise DataError(f"has no {', '.join(types)}", where=dataset, hint="other relations, or none named")
        datasets.require_unmoved(store, record, hint="try again")
        log.info("projected", dataset=dataset, nodes=found["nodes"], relationships=found["relationships"] // 2)
        yield Projection(gds, gds.graph.get(name), record, types)
    finally:
        gds.graph.drop(name, fail_if_missing=False)


def chosen_types(store: Store, dataset: str, relations: Sequence[str] | None) -> tuple[str, ...]:
    """Give the types to project, in the data set's own order; interactions come first."""
    known = (INTERACTED, *(relation["type"] for relation in datasets.relations(store, dataset)))
    if relations is None:
        return known
    unknown = sorted(set(relations) - set(known))
    if unknown or not relations:
        said = f"has no relation {', '.join(unknown)}" if unknown else "no relation is chosen"
        raise UsageError(said, where=dataset, hint=f"there are: {', '.join(known)}")
    return tuple(name for name in known if name in relations)


def _require_room(store: Store, record: Dataset, types: Sequence[str]) -> None:
    """Estimate first: a projection through Cypher is not guarded by the plugin.

    Undirected edges count twice, and each type has tables of its own for all nodes.
    """
    counts = record.counts
    edges = (counts.get("train", 0) if INTERACTED in types else 0) + counts.get("triples", 0) * (len(types) > 1)
    nodes = counts.get("users", 0) + counts.get("entities", 0)
    found = store.read_one("gds/estimate", nodes=max(nodes, 1), relationships=2 * edges // len(types))
    percent = found["percent_of_heap"] * len(types) if found else 0.0
    if found and percent > MOST_OF_HEAP:
        raise LimitReachedError(
            f"the projection would take {found['bytes'] * len(types) / 1e6:.0f} MB, {percent:.0f} % of the heap",
            where=record.name,
            hint=MORE_HEAP,
        )


def _drop_left_behind(store: Store, gds: GraphDataScience) -> None:
    """Drop what processes of this machine that were killed have left in the server's memory."""
    for record in store.read("gds/left_behind", prefix=PREFIX):
        host, pid = record["graph"].split(" ")[-3:-1]
        if host == platform.node() and not psutil.pid_exists(int(pid)):
            gds.graph.drop(record["graph"], fail_if_missing=False)
            log.info("dropped a projection of a process that is gone", graph=record["graph"])
