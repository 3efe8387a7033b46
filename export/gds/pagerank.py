"""PageRank of users, items and entities, as a property of each node: `pagerank`, and `pagerank_run` that says whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from cypher.store import Store
from export.gds.client import named
from export.gds.node_run import NodeRun, NodeRunReport, write_node_run, write_values
from export.gds.projection import INTERACTED, projected
from export.gds.similarity import ONE_THREAD

if TYPE_CHECKING:
    from graphdatascience import GraphDataScience


class PageRankOptions(BaseModel):
    """How ranks are found.

    Attributes:
        relations: what is projected; interactions alone by default.
        damping: how often a walk goes on rather than beginning anew.
        iterations: the most there are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    relations: tuple[str, ...] = (INTERACTED,)
    damping: float = Field(default=0.85, gt=0, lt=1)
    iterations: int = Field(default=50, ge=1, le=1000)


def pagerank(store: Store, gds: GraphDataScience, dataset: str, options: PageRankOptions) -> NodeRunReport:
    """Find the PageRank of each node of a data set and write it as a run; the run before goes.

    Raises:
        DatabaseError: the data set changed, or the server has too little memory.
        LimitReachedError: the projection would take too much of the server's heap.
    """
    with projected(store, gds, dataset, options.relations) as projection:
        with named("gds.pageRank"):
            ranks = projection.gds.page_rank.stream(
                projection.graph,
                damping_factor=options.damping,
                max_iterations=options.iterations,
                concurrency=ONE_THREAD,
            )
        values = projection.nodes().merge(ranks.rename(columns={"nodeId": "node", "score": "value"}), on="node")
        record = projection.dataset
    found = NodeRun(record, "gds-pagerank", options.model_dump(mode="json"), 0, values[["label", "idx", "value"]])
    return write_node_run(
        store,
        found,
        lambda held: {"ranked": write_values(store, held, found, "write_back/pagerank")},
        one_of_its_kind=True,
    )
