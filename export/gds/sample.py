"""A part of a data set that looks like the whole: what random walks with restarts reach, as a snapshot."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from cypher.store import Store
from export.gds.client import named
from export.gds.projection import PREFIX, projected
from export.gds.rows import rows_of
from export.gds.similarity import ONE_THREAD
from export.snapshot import SPLITS, IntArray, Manifest, Snapshot
from spikegraph.errors import DatabaseError, DataError

if TYPE_CHECKING:
    from graphdatascience import GraphDataScience

Mask = npt.NDArray[np.bool_]


class SampleOptions(BaseModel):
    """What part is taken.

    Attributes:
        ratio: share of the nodes.
        restart: how often a walk begins anew; more often keeps the part closer together.
        relations: what is walked on; interactions and all of the knowledge graph by default.
        seed: of the walks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ratio: float = Field(default=0.2, gt=0, lt=1)
    restart: float = Field(default=0.1, gt=0, lt=1)
    relations: tuple[str, ...] | None = None
    seed: int = 0

    def __str__(self) -> str:
        over = f" over {', '.join(self.relations)}" if self.relations is not None else ""
        return f"sampled by random walks{over}: ratio {self.ratio:g}, restart {self.restart:g}, seed {self.seed}"


def sample(store: Store, gds: GraphDataScience, snapshot: Snapshot, options: SampleOptions) -> Snapshot:
    """Give the part of a snapshot that random walks in the graph reach; what is held out is not walked on.

    The part has a split id of its own: its numbers never stand beside those of the whole.

    Args:
        store: where the graph is.
        gds: the client.
        snapshot: of the whole data set.
        options: what part is taken.

    Raises:
        DataError: nobody in the part has an interaction there.
        DatabaseError: the data set changed, or the server has too little memory.
    """
    rows = rows_of(store, snapshot)
    with projected(store, gds, snapshot.manifest.dataset, options.relations) as projection:
        if projection.dataset.version != snapshot.manifest.dataset_version:
            raise DatabaseError("the data set changed while it was read", where=projection.dataset.name)
        name = projection.graph.name().replace(PREFIX, f"{PREFIX}sample ", 1)
        with (
            named("gds.graph.sample.rwr"),
            gds.graph.sample.rwr(
                projection.graph,
                name,
                sampling_ratio=options.ratio,
                restart_probability=options.restart,
                random_seed=options.seed,
                concurrency=ONE_THREAD,
            ) as reached,
        ):
            nodes = projection.nodes(reached)
    is_user = nodes["label"] == "User"
    users = _mask(rows.users[nodes.loc[is_user, "idx"]], snapshot.num_users)
    entities = _mask(rows.entities[nodes.loc[~is_user, "idx"]], snapshot.num_entities)
    return part_of(snapshot, users, entities, str(options))


def part_of(snapshot: Snapshot, users: Mask, entities: Mask, rule: str) -> Snapshot:
    """Cut a snapshot down to some of its users and entities, and what links them.

    Args:
        snapshot: the whole.
        users: bool [U]; those without a train interaction in the part are left out all the same.
        entities: bool [E], items first.
        rule: how they were chosen, in words, for the manifest.

    Raises:
        DataError: there is no train interaction in the part.
    """
    train = snapshot.interactions["train"]
    users = users & _mask(train[0, entities[train[1]]], snapshot.num_users)
    if not users.any():
        raise DataError("no user of the part has an interaction there", where=rule, hint="a larger ratio")
    interactions = {split: _cut(snapshot.interactions[split], users, entities) for split in SPLITS}
    edges = snapshot.edge_index
    kept = entities[edges].all(axis=0)
    part = replace(
        snapshot,
        interactions=interactions,
        edge_index=_cut(edges, entities, entities),
        edge_type=np.ascontiguousarray(snapshot.edge_type[kept]),
        users=snapshot.users[users].reset_index(drop=True),
        entities=snapshot.entities[entities].reset_index(drop=True),
        num_items=int(entities[: snapshot.num_items].sum()),
        user_profile=None if snapshot.user_profile is None else snapshot.user_profile[users],
        entity_profile=None if snapshot.entity_profile is None else snapshot.entity_profile[entities],
        friends=None if snapshot.friends is None else _cut(snapshot.friends, users, users),
        folder=None,
    )
    return replace(part, manifest=_manifest(snapshot, part, rule))


def _manifest(whole: Snapshot, part: Snapshot, rule: str) -> Manifest:
    found = whole.manifest
    counts = {"users": part.num_users, "items": part.num_items, "entities": part.num_entities}
    counts |= {"triples": len(part.edge_type)} | {split: part.interactions[split].shape[1] for split in SPLITS}
    if part.friends is not None:
        counts["friends"] = part.friends.shape[1]
    if part.user_profile is not None and part.entity_profile is not None:
        counts["without_profile"] = sum(int((~m.any(axis=1)).sum()) for m in (part.user_profile, part.entity_profile))
    return found.model_copy(
        update={
            "counts": counts,
            "split_id": hashlib.sha256(f"{found.split_id} {rule}".encode()).hexdigest()[:16],
            "split_rule": f"{found.split_rule}; {rule}",
        }
    )


def _cut(pairs: IntArray, starts: Mask, ends: Mask) -> IntArray:
    """Keep the columns whose ends both stay, in the numbers of the part."""
    kept = starts[pairs[0]] & ends[pairs[1]]
    cut = [(np.cumsum(mask) - 1)[row[kept]] for mask, row in zip((starts, ends), pairs, strict=True)]
    return np.ascontiguousarray(np.stack(cut), dtype=np.int64)


def _mask(rows: IntArray, count: int) -> Mask:
    mask = np.zeros(count, dtype=np.bool_)
    mask[rows[rows >= 0]] = True
    return mask
