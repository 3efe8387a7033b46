"""How fast the neighbourhoods of Last.FM leave the graph, with the default plan of language models.

All items, auxiliary entities and users are read. What is counted are the statements that were sent.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.data import data_folder
from benchmarks.result import Row, at_least
from cypher import dataset as datasets
from cypher.statements import Statement
from cypher.store import Record, Store
from ingest.readers import read
from ingest.split import SplitRule
from ingest.write import ingest, remove
from llm_profiles.contract import KINDS
from llm_profiles.graph_tools import GraphTools
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.plans.default import default_plan

NAME = "benchmark-prefetch"
NODES_A_SECOND = 1000.0
NODES_A_BATCH = 500
STATEMENTS_A_BATCH = 4.0


@dataclass(frozen=True)
class CountingStore(Store):
    """A store that counts what it reads."""

    reads: Counter[str] = field(default_factory=Counter)

    def read(self, statement: str | Statement, **parameters: Any) -> list[Record]:
        """Run a statement that only reads, and count it."""
        self.reads[statement if isinstance(statement, str) else statement.name] += 1
        return super().read(statement, **parameters)


def run(store: Store) -> list[Row]:
    """Measure the rate by kind, and the statements of a batch.

    Args:
        store: a store whose schema is in place; the data set `benchmark-prefetch` in it is removed.
    """
    _remove(store)
    try:
        ingest(store, NAME, read("lastfm", data_folder("lastfm-llm")), split=SplitRule("given"))
        return _measured(CountingStore(store.driver, store.version, store.where, store.database))
    finally:
        _remove(store)


def _measured(store: CountingStore) -> list[Row]:
    neighbourhood = Neighbourhood(store, NAME, default_plan(GraphTools(store, NAME)), nodes=NODES_A_BATCH)
    keys = neighbourhood.keys()
    for kind in KINDS:  # warms the server up
        next(neighbourhood.contexts(kind, keys[kind]))
    store.reads.clear()
    seconds = {}
    for kind in KINDS:
        started = time.perf_counter()
        read_nodes = sum(map(len, neighbourhood.contexts(kind, keys[kind])))
        seconds[kind] = time.perf_counter() - started
        if read_nodes != len(keys[kind]):
            raise AssertionError(f"{len(keys[kind])} nodes were asked for, {read_nodes} came")
    nodes = sum(map(len, keys.values()))
    batches = sum(-(-len(keys[kind]) // NODES_A_BATCH) for kind in KINDS)
    statements = sum(store.reads.values()) / batches
    return [
        *(at_least(f"prefetch, {kind}, nodes/s", len(keys[kind]) / seconds[kind], NODES_A_SECOND) for kind in KINDS),
        at_least(f"prefetch of {nodes:,} nodes, nodes/s", nodes / sum(seconds.values()), NODES_A_SECOND),
        Row("statements a batch", statements, None, None, STATEMENTS_A_BATCH, holds=statements <= STATEMENTS_A_BATCH),
    ]


def _remove(store: Store) -> None:
    if datasets.find(store, NAME) is not None:
        remove(store, NAME)
