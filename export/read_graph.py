"""From the graph to a snapshot: read, choose the subgraph, number the rows, look the text vectors up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from cypher import dataset as datasets
from cypher.dataset import Dataset
from cypher.store import Store
from export.columns import Graph, moved, read_friends, read_graph, read_similar_items
from export.snapshot import SPLITS, FloatArray, IntArray, Manifest, Selection, Snapshot
from export.subgraph import choose
from spikegraph.errors import DataError, NotFoundError, UsageError
from spikegraph.logs import get_logger

VectorLookup = Callable[[Sequence[str]], FloatArray]
"""Gives the text vectors float32 [n, D] of n profile hashes; [0, D] for none."""

log = get_logger(__name__)


@dataclass(frozen=True)
class ProfileSet:
    """A profile set as export sees it.

    Attributes:
        run: id of the profile run.
        exposed_to: the splits that its texts may have seen.
        hashes: profile hash by full key, or None where the hashes are read from the nodes.
    """

    run: str
    exposed_to: tuple[str, ...] = ()
    hashes: Mapping[str, str] | None = None


def export_snapshot(
    store: Store,
    dataset: str,
    folder: Path,
    selection: Selection | None = None,
    vectors: VectorLookup | None = None,
    text_embedding: str | None = None,
    profile_set: ProfileSet | None = None,
) -> Snapshot:
    """Write a data set, or a chosen subgraph of it, as a snapshot.

    Args:
        store: where the graph is.
        dataset: name of the data set.
        folder: where the snapshot goes; a snapshot that is there is replaced.
        selection: the subgraph; everything by default.
        vectors: text vectors by profile hash; without it the snapshot has none.
        text_embedding: name of the embedding that made the vectors, for the manifest.
        profile_set: the set that `selection.profile_set` names; without it the one active on the graph.

    Raises:
        NotFoundError: no such data set or run, or friends are asked for and there are none.
        UsageError: a relation that the data set does not have.
        DatasetLockedError: a process is writing to the data set.
        DatabaseError: the data set is half written, or changed while it was read.
        DataError: vectors are asked for and no profile set is active, or `folder` holds something else.
    """
    chosen = selection or Selection()
    if chosen.profile_set is not None and vectors is not None and profile_set is None:
        raise UsageError("the profile set is named but not given", where=chosen.profile_set)
    record = datasets.require_unlocked(store, dataset)
    profiles = profile_set or (_active_profiles(store, dataset) if vectors is not None else None)
    types = _types(store, dataset, chosen)
    other_labels = ["Entity", "Item", record.label]
    graph = read_graph(store, dataset, other_labels, types, profiles.run if profiles else None)
    similar = [_similar(store, dataset, run) for run in chosen.similarity_runs]
    friends = _friends(store, dataset) if chosen.friends else None
    datasets.require_unmoved(store, record, hint="export again")
    snapshot = _assembled(record, graph, types, similar, chosen)
    if friends is not None:
        snapshot = _with_friends(snapshot, graph, friends)
    if vectors is not None and profiles is not None:
        snapshot = _with_vectors(snapshot, graph, profiles, vectors, text_embedding)
    return snapshot.save(folder)


def _active_profiles(store: Store, dataset: str) -> ProfileSet:
    found = store.read_one("profiles/active", dataset=dataset)
    if found is None:
        hint = f"spikegraph profile template {dataset}"
        raise DataError("text vectors are asked for, but no profile set is active", where=dataset, hint=hint)
    return ProfileSet(found["run"]["id"], tuple(found["run"]["exposed_to"]))


def _types(store: Store, dataset: str, selection: Selection) -> tuple[str, ...]:
    """Give the chosen relation types in the data set's own order."""
    types = tuple(relation["type"] for relation in datasets.relations(store, dataset))
    if selection.relations is None:
        return types
    unknown = sorted(set(selection.relations) - set(types))
    if unknown:
        raise UsageError(f"has no relation {', '.join(unknown)}", where=dataset, hint=f"there are: {', '.join(types)}")
    return tuple(name for name in types if name in selection.relations)


def _similar(store: Store, dataset: str, run: str) -> IntArray:
    edges = read_similar_items(store, dataset, run)
    if not edges.shape[1]:
        raise NotFoundError(f"no items are similar by the run '{run}'", where=dataset, hint="spikegraph runs list")
    return edges


def _friends(store: Store, dataset: str) -> IntArray:
    pairs = read_friends(store, dataset)
    if not pairs.shape[1]:
        raise NotFoundError("the data set knows of no friends", where=dataset, hint="export without friends")
    return pairs


def _assembled(
    record: Dataset, graph: Graph, types: tuple[str, ...], similar: Sequence[IntArray], selection: Selection
) -> Snapshot:
    """Number the rows, items first, and put every edge into the numbers of rows."""
    entities = graph.entities.sort_values(["is_item", "idx"], ascending=[False, True], ignore_index=True)
    num_items = int(entities["is_item"].sum())
    rows = _Rows(entities["idx"].to_numpy(np.int64), "entities")
    edge_index = rows(graph.triples[1:])
    keep, triples = choose(edge_index, num_items, len(entities), selection)
    renumbered = np.cumsum(keep) - 1
    edges = [np.vstack([graph.triples[:1, triples], renumbered[edge_index[:, triples]]])]
    for number, pairs in enumerate(similar, start=len(types)):
        edges.append(np.vstack([np.full((1, pairs.shape[1]), number), rows(pairs)]))
    by_type = _sorted(np.hstack(edges))
    user_rows = _Rows(graph.users["idx"].to_numpy(np.int64), "users")
    interactions = {
        split: _sorted(np.vstack([user_rows(pairs[0]), rows(pairs[1])])) for split, pairs in graph.interactions.items()
    }
    kept = entities[keep].reset_index(drop=True)
    counts = {"users": len(graph.users), "items": num_items, "entities": len(kept), "triples": by_type.shape[1]}
    manifest = Manifest(
        dataset=record.name,
        dataset_version=record.version,
        split_id=record.split_id,
        split_rule=record.split_rule,
        selection=selection,
        relations=types + _similarity_names(len(similar)),
        counts=counts | {split: interactions[split].shape[1] for split in SPLITS},
        made_with=f"spikegraph {version('spikegraph')}",
    )
    return Snapshot(
        manifest=manifest,
        interactions=interactions,
        edge_index=by_type[1:],
        edge_type=by_type[0],
        users=graph.users[["key", "name"]],
        entities=kept[["key", "name", "label"]],
        num_items=num_items,
    )


def _with_friends(snapshot: Snapshot, graph: Graph, friends: IntArray) -> Snapshot:
    pairs = _sorted(_Rows(graph.users["idx"].to_numpy(np.int64), "users")(friends))
    counts = snapshot.manifest.counts | {"friends": pairs.shape[1]}
    return replace(snapshot, manifest=snapshot.manifest.model_copy(update={"counts": counts}), friends=pairs)


def _similarity_names(count: int) -> tuple[str, ...]:
    return ("SIMILAR_TO",) if count == 1 else tuple(f"SIMILAR_TO_{number + 1}" for number in range(count))


@dataclass(frozen=True, eq=False)
class _Rows:
    """The row of each idx, by its place in `idx`."""

    idx: IntArray
    what: str

    def __call__(self, numbers: IntArray) -> IntArray:
        order = np.argsort(self.idx, kind="stable")
        known = self.idx[order]
        places = np.searchsorted(known, numbers)
        if numbers.size and (places.max() >= len(known) or (known[places] != numbers).any()):
            raise moved(self.what)
        rows: IntArray = order[places]
        return rows


def _sorted(columns: IntArray) -> IntArray:
    """Order columns by the first row, then the next; a relationship that stands there twice counts once."""
    ordered = columns[:, np.lexsort(columns[::-1])]
    fresh = np.ones(ordered.shape[1], dtype=np.bool_)
    fresh[1:] = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
    return np.ascontiguousarray(ordered[:, fresh])


def _with_vectors(
    snapshot: Snapshot, graph: Graph, profiles: ProfileSet, lookup: VectorLookup, text_embedding: str | None
) -> Snapshot:
    hashes = profiles.hashes
    if hashes is None:
        frames = (graph.users, graph.entities)
        hashes = {
            key: found for frame in frames for key, found in zip(frame["key"], frame["profile_hash"], strict=True)
        }
    user_profile, users_without = _vectors(snapshot.users["key"], hashes, lookup)
    entity_profile, entities_without = _vectors(snapshot.entities["key"], hashes, lookup)
    without = users_without + entities_without
    if without:
        log.warning("nodes without a profile have a zero vector", dataset=snapshot.manifest.dataset, nodes=without)
    update = {
        "counts": snapshot.manifest.counts | {"without_profile": without},
        "profile_run": profiles.run,
        "profile_exposed_to": profiles.exposed_to,
        "text_embedding": text_embedding,
    }
    manifest = snapshot.manifest.model_copy(update=update)
    return replace(snapshot, manifest=manifest, user_profile=user_profile, entity_profile=entity_profile)


def _vectors(keys: pd.Series[str], hashes: Mapping[str, str], lookup: VectorLookup) -> tuple[FloatArray, int]:
    """Give the text vectors [n, D] of nodes, zero where there is no profile, and the number of these."""
    of_node = [hashes.get(key, "") for key in keys]
    distinct = sorted({found for found in of_node if found})
    found = lookup(distinct)
    row_of = {name: row for row, name in enumerate(distinct)}
    rows = np.array([row_of.get(name, -1) for name in of_node], dtype=np.int64)
    matrix = np.zeros((len(of_node), found.shape[1]), dtype=np.float32)
    matrix[rows >= 0] = found[rows[rows >= 0]]
    return matrix, int((rows < 0).sum())
