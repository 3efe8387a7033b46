"""The synthetic graph into a server: nodes and relationships by the offline import, its records by statements."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.big_graph import KINDS, BigGraph, listed_pairs
from cypher.store import Store
from export.list_writing import rounded
from ingest.import_files import Nodes, Relationships, write_import_files
from spikegraph import server
from spikegraph.settings import Settings

NAME, LABEL = "synthetic", "Synthetic"
RUN = "synthetic-hybrid-5c1f0e7a92"
"""As long as the ids that `Results.named` gives: the store keeps it with every relationship."""


def load(settings: Settings, graph: BigGraph) -> server.ImportReport:
    """Import the graph into the empty home of the settings and write its records; the server runs afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        report = server.import_graph(settings.server, write_import_files(Path(folder), parts(graph)))
    with Store.connect(*server.connection(settings.server)) as store:
        store.ensure_schema()
        _write_records(store, graph)
    return report


def user_keys(graph: BigGraph) -> list[str]:
    """Give the keys of the users in the order of their rows."""
    return [f"{NAME}/user/{number}" for number in range(graph.size.users)]


def item_keys(graph: BigGraph) -> list[str]:
    """Give the keys of the items in the order of their rows."""
    return [f"{NAME}/film/{number}" for number in range(graph.size.items)]


def entity_keys(graph: BigGraph) -> list[str]:
    """Give the keys of the entities that are no items: `synthetic/genre/3`."""
    return [f"{NAME}/{KINDS[kind].label.lower()}/{place}" for place, kind in enumerate(graph.kinds.tolist())]


def parts(graph: BigGraph) -> Iterator[Nodes | Relationships]:
    """Give all nodes of users and entities and all relationships between them."""
    size = graph.size
    yield _nodes(("User",), "User", user_keys(graph), 0, "Viewer")
    yield _nodes(("Entity", "Item", "Film"), "Entity", item_keys(graph), 0, "Film")
    keys = np.array(entity_keys(graph))
    for number, kind in enumerate(KINDS):
        places = np.flatnonzero(graph.kinds == number)
        yield _nodes(("Entity", kind.label), "Entity", keys[places].tolist(), size.items + int(places[0]), kind.label)
    seen = pd.DataFrame({"start": graph.users, "end": graph.items, "at": graph.times})
    yield Relationships("INTERACTED", "User", "Entity", seen)
    for kind, facts in zip(KINDS, graph.facts, strict=True):
        ends = pd.DataFrame({"start": facts[0], "end": size.items + facts[1]})
        yield Relationships(kind.relation, "Entity", "Entity", ends)
    yield _listed("SIMILAR_TO", "Entity", listed_pairs(graph.similar, graph.similar_scores))
    yield _listed("RECOMMENDED", "User", listed_pairs(graph.lists, graph.list_scores))


def _nodes(labels: tuple[str, ...], space: str, keys: list[str], first: int, called: str) -> Nodes:
    idx = np.arange(first, first + len(keys))
    names = [f"{called} {number}" for number in idx.tolist()]
    frame = pd.DataFrame({"id": idx, "idx": idx, "dataset": NAME, "key": keys, "name": names})
    return Nodes((*labels, LABEL), space, frame)


def _listed(kind: str, space: str, pairs: Iterator[np.ndarray]) -> Relationships:
    start, end, rank, score = pairs
    frame = pd.DataFrame({"start": start, "end": end, "run": RUN, "score": rounded(score), "rank": rank})
    return Relationships(kind, space, "Entity", frame)


def _write_records(store: Store, graph: BigGraph) -> None:
    """Write the data set's node, its relations and its active run as ingest and write-back write them."""
    size, facts = graph.size, sum(pairs.shape[1] for pairs in graph.facts)
    store.write("dataset/create", dataset=NAME)
    words = {"label": LABEL, "source": "a synthetic graph of the benchmarks", "split_id": "synthetic", "version": 1}
    store.write("ingest/begin", dataset=NAME, properties=words)
    store.write_rows("ingest/relations", _relations(), dataset=NAME)
    store.run_in_transactions("ingest/count_train_users", dataset=NAME)
    counts = {"users": size.users, "items": size.items, "entities": size.items + size.entities, "triples": facts}
    store.write("ingest/finish", dataset=NAME, counts={**counts, "train": len(graph.users), "valid": 0, "test": 0})
    run = {"dataset": NAME, "run": RUN}
    store.write("write_back/run_start", **run, properties={"model": "synthetic", "list_length": size.listed})
    written = {"recommended": int((graph.lists >= 0).sum()), "similar_items": graph.similar.size}
    store.write("write_back/run_complete", **run, counts={**written, "similar_users": 0, "embeddings": 0})
    store.write("write_back/run_activate", **run)


def _relations() -> pd.DataFrame:
    rows = [(kind.relation, kind.words, f"{{head}} has the {kind.words} {{tail}}") for kind in KINDS]
    return pd.DataFrame(rows, columns=["type", "name", "sentence"]).assign(idx=range(len(rows)))
