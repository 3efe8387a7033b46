"""Communities of users and items, as nodes of the graph that their members are linked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from cypher.dataset import Lock
from cypher.store import Store
from export.gds.client import named
from export.gds.node_run import NodeRun, NodeRunReport, write_node_run, write_values
from export.gds.projection import INTERACTED, Projection, projected
from export.gds.similarity import ONE_THREAD
from spikegraph.errors import DatabaseError

if TYPE_CHECKING:
    from graphdatascience import GraphDataScience

KINDS = {"User": "users", "Item": "items", "Other": "others"}
"""What the members of a community are counted as."""


class CommunityOptions(BaseModel):
    """How communities are found.

    Attributes:
        method: `leiden`, or its older kin `louvain`.
        relations: what is projected; interactions alone by default.
        resolution: of `leiden`: above 1 more and smaller communities, below 1 fewer and larger ones.
        seed: of `leiden`; `louvain` draws nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["leiden", "louvain"] = "leiden"
    relations: tuple[str, ...] = (INTERACTED,)
    resolution: float = Field(default=1.0, gt=0)
    seed: int = 0


def communities(store: Store, gds: GraphDataScience, dataset: str, options: CommunityOptions) -> NodeRunReport:
    """Find the communities of a data set and write them as a run.

    A run is `(:Run)-[:HAS_COMMUNITY]->(:Community {run, dataset, number, name, users, items, others})` with
    `(node)-[:IN_COMMUNITY {run}]->(community)`; runs and data sets stand side by side. Number 0 is the largest.

    Raises:
        DatabaseError: the data set changed, or the server has too little memory.
        LimitReachedError: the projection would take too much of the server's heap.
    """
    with projected(store, gds, dataset, options.relations) as projection:
        members = _numbered(projection.nodes().merge(_streamed(projection, options), on="node"))
        record = projection.dataset
    found = NodeRun(record, f"gds-{options.method}", options.model_dump(mode="json"), options.seed, members)
    return write_node_run(store, found, lambda held: _write(store, held, found))


def _streamed(projection: Projection, options: CommunityOptions) -> pd.DataFrame:
    """Give `node` and `community`, whose numbers mean nothing."""
    with named(f"gds.{options.method}"):
        if options.method == "louvain":
            found = projection.gds.louvain.stream(projection.graph, concurrency=ONE_THREAD)
        else:
            found = projection.gds.leiden.stream(
                projection.graph, gamma=options.resolution, random_seed=options.seed, concurrency=ONE_THREAD
            )
    return found.rename(columns={"nodeId": "node", "communityId": "community"})[["node", "community"]]


def _numbered(members: pd.DataFrame) -> pd.DataFrame:
    """Number communities from the largest; of equal ones the one whose first member comes first."""
    members["place"] = np.arange(len(members))
    order = (
        members.groupby("community")["place"].agg(["size", "min"]).sort_values(["size", "min"], ascending=[False, True])
    )
    number_of = pd.Series(np.arange(len(order)), index=order.index)
    members["value"] = number_of.loc[members["community"]].to_numpy(np.int64)
    return members[["label", "idx", "value"]]


def _write(store: Store, held: Lock, found: NodeRun) -> dict[str, int]:
    address: dict[str, Any] = {"dataset": found.dataset.name, "run": found.id}
    rows = _counted(found.values)
    written = store.write("write_back/communities", **address, communities=rows)
    if sum(row["written"] for row in written) != len(rows):
        raise DatabaseError("the communities could not be written", where=f"run '{found.id}'", hint="do it again")
    members = write_values(store, held, found, "write_back/community_members")
    store.write("write_back/community_names", **address)
    return {"communities": len(rows), "members": members}


def _counted(members: pd.DataFrame) -> list[dict[str, int]]:
    counts = pd.crosstab(members["value"], members["label"])
    counts = counts.reindex(columns=list(KINDS), fill_value=0).rename(columns=KINDS)
    return [
        {"number": int(number), **{str(kind): int(count) for kind, count in row.items()}}
        for number, row in zip(counts.index.to_numpy(), counts.to_dict("records"), strict=True)
    ]
