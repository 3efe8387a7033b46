"""How fast a million relationships leave the graph, beside reading them record by record.

Ours is the whole export: counting, users and entities with their names, every relationship, sorting, hashing,
the snapshot on disk. The rival only reads the relationships, one record each, into arrays of numbers.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import LiteralString

import numpy as np
from neo4j import Session

from benchmarks.result import Row, more_is_better
from cypher import dataset as datasets
from cypher.store import Store
from export.read_graph import export_snapshot
from export.snapshot import Snapshot
from ingest.write import remove

USERS, ITEMS, ENTITIES = 10_000, 20_000, 40_000
INTERACTIONS_OF_A_USER, TRIPLES_OF_AN_ENTITY = 20, 20
RELATIONSHIPS = USERS * INTERACTIONS_OF_A_USER + ENTITIES * TRIPLES_OF_AN_ENTITY
REPETITIONS = 3
NODES_A_BATCH = 1_000
NAME = "benchmark-export"
TYPES = ("BENCH_A", "BENCH_B", "BENCH_C", "BENCH_D")

_DATASET: LiteralString = """
MERGE (d:Dataset {name: $dataset})
SET d.label = 'Benchmark', d.state = 'ready', d.version = 1, d.split_id = 'none'
WITH d UNWIND range(0, size($types) - 1) AS number
MERGE (r:Relation {dataset: $dataset, type: $types[number]})
SET r.idx = number, r.name = $types[number], r.sentence = '{head} goes with {tail}.'
MERGE (d)-[:HAS_RELATION]->(r)"""
_USERS: LiteralString = """
UNWIND range($first, $last) AS idx
CREATE (:User:Benchmark {dataset: $dataset, idx: idx, key: $dataset + '/user/' + idx, name: 'user ' + idx})"""
_ENTITIES: LiteralString = """
UNWIND range($first, $last) AS idx
CREATE (n:Entity:Film:Benchmark {dataset: $dataset, idx: idx, key: $dataset + '/film/' + idx, name: 'film ' + idx})
FOREACH (_ IN CASE WHEN idx < $items THEN [1] ELSE [] END | SET n:Item)"""
_INTERACTED: LiteralString = """
UNWIND range($first, $last) AS idx
MATCH (user:User {dataset: $dataset, idx: idx})
UNWIND range(1, $each) AS step
MATCH (item:Entity {dataset: $dataset, idx: (idx * 7919 + step * 104729) % $items})
CREATE (user)-[:INTERACTED]->(item)"""
_TRIPLES: LiteralString = """
UNWIND range($first, $last) AS idx
MATCH (head:Entity {dataset: $dataset, idx: idx})
UNWIND range(1, $each) AS step
MATCH (tail:Entity {dataset: $dataset, idx: (idx * 6841 + step * 7907) % $entities})
CREATE (head)-[:$($types[step % size($types)])]->(tail)"""

_READ: tuple[LiteralString, ...] = (
    "MATCH (h:User)-[:INTERACTED]->(t:Item) WHERE h.dataset = $dataset AND h.idx >= 0 RETURN h.idx AS h, t.idx AS t",
    "MATCH (h:Entity)-[:BENCH_A]->(t:Entity) WHERE h.dataset = $dataset AND h.idx >= 0 RETURN h.idx AS h, t.idx AS t",
    "MATCH (h:Entity)-[:BENCH_B]->(t:Entity) WHERE h.dataset = $dataset AND h.idx >= 0 RETURN h.idx AS h, t.idx AS t",
    "MATCH (h:Entity)-[:BENCH_C]->(t:Entity) WHERE h.dataset = $dataset AND h.idx >= 0 RETURN h.idx AS h, t.idx AS t",
    "MATCH (h:Entity)-[:BENCH_D]->(t:Entity) WHERE h.dataset = $dataset AND h.idx >= 0 RETURN h.idx AS h, t.idx AS t",
)


def run(store: Store) -> list[Row]:
    """Measure both in turn and compare the medians.

    Args:
        store: a store whose schema is in place; the data set `benchmark-export` in it is removed.
    """
    _remove(store)
    try:
        _load(store)
        ours, rival = [], []
        with tempfile.TemporaryDirectory() as folder:
            for repetition in range(REPETITIONS + 1):
                by_record, pairs = _by_record(store)
                by_export, snapshot = _by_export(store, Path(folder) / "snapshot")
                _require_equal(snapshot, pairs)
                if repetition:  # the first round warms the server up
                    rival.append(RELATIONSHIPS / by_record)
                    ours.append(RELATIONSHIPS / by_export)
    finally:
        _remove(store)
    what = f"export of {RELATIONSHIPS:,} relationships, relationships/s"
    return [more_is_better(what, statistics.median(ours), statistics.median(rival), at_least=6.0)]


def _by_export(store: Store, folder: Path) -> tuple[float, Snapshot]:
    started = time.perf_counter()
    snapshot = export_snapshot(store, NAME, folder)
    return time.perf_counter() - started, snapshot


def _by_record(store: Store) -> tuple[float, np.ndarray]:
    started = time.perf_counter()
    pairs: list[tuple[int, int]] = []
    with store.driver.session(database=store.database, default_access_mode="READ") as session:
        for statement in _READ:
            pairs += [(record["h"], record["t"]) for record in session.run(statement, dataset=NAME)]
    array = np.array(pairs, dtype=np.int64)
    return time.perf_counter() - started, array


def _require_equal(snapshot: Snapshot, pairs: np.ndarray) -> None:
    """Both must have read the same: here rows are numbers of idx, for there are no gaps."""
    edges = np.hstack([snapshot.interactions["train"], snapshot.edge_index]).T
    same = np.array_equal(edges[np.lexsort(edges.T)], pairs[np.lexsort(pairs.T)])
    if len(pairs) != RELATIONSHIPS or not same:
        raise AssertionError("the export and the reading record by record differ")


def _load(store: Store) -> None:
    with store.driver.session(database=store.database) as session:
        session.run(_DATASET, dataset=NAME, types=list(TYPES)).consume()
        _in_batches(session, _USERS, USERS)
        _in_batches(session, _ENTITIES, ENTITIES, items=ITEMS)
        _in_batches(session, _INTERACTED, USERS, items=ITEMS, each=INTERACTIONS_OF_A_USER)
        _in_batches(session, _TRIPLES, ENTITIES, entities=ENTITIES, types=list(TYPES), each=TRIPLES_OF_AN_ENTITY)


def _in_batches(session: Session, statement: LiteralString, count: int, **parameters: int | list[str]) -> None:
    for first in range(0, count, NODES_A_BATCH):
        last = min(first + NODES_A_BATCH, count) - 1
        session.run(statement, parameters, dataset=NAME, first=first, last=last).consume()


def _remove(store: Store) -> None:
    if datasets.find(store, NAME) is not None:
        remove(store, NAME)
