"""How fast the neighbourhoods of Last.FM leave the graph, with the default plan of language models.

All items, auxiliary entities and users are read, twice: by a server that has not read them before, and again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.data import data_folder
from benchmarks.result import Row, at_least, at_most
from cypher import dataset as datasets
from cypher.statements import Statement
from cypher.store import Record, Store
from ingest.readers import read
from ingest.split import SplitRule
from ingest.write import ingest, remove
from llm_profiles.contract import KINDS, Kind
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
    """Measure the rates, and the statements of a batch: a bounded number shows that queries grow with batches.

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
    store.reads.clear()
    first = _seconds(neighbourhood, keys)
    statements = sum(store.reads.values()) / sum(-(-len(keys[kind]) // NODES_A_BATCH) for kind in KINDS)
    again = _seconds(Neighbourhood(store, NAME, neighbourhood.plan, nodes=NODES_A_BATCH), keys)
    nodes = sum(map(len, keys.values()))
    return [
        *(_plain(f"prefetch, first reading, {kind}, nodes/s", len(keys[kind]) / first[kind]) for kind in KINDS),
        at_least(f"prefetch of {nodes:,} nodes, first reading, nodes/s", nodes / sum(first.values()), NODES_A_SECOND),
        *(_plain(f"prefetch, again, {kind}, nodes/s", len(keys[kind]) / again[kind]) for kind in KINDS),
        at_least(f"prefetch of {nodes:,} nodes, again, nodes/s", nodes / sum(again.values()), NODES_A_SECOND),
        at_most("statements a batch", statements, STATEMENTS_A_BATCH),
    ]


def _seconds(neighbourhood: Neighbourhood, keys: Mapping[Kind, Sequence[str]]) -> dict[Kind, float]:
    seconds = {}
    for kind in KINDS:
        started = time.perf_counter()
        came = sum(map(len, neighbourhood.contexts(kind, keys[kind])))
        seconds[kind] = time.perf_counter() - started
        if came != len(keys[kind]):
            raise AssertionError(f"{len(keys[kind])} nodes were asked for, {came} came")
    return seconds


def _plain(what: str, value: float) -> Row:
    return Row(what, value, None, None, None, holds=True)


def _remove(store: Store) -> None:
    if datasets.find(store, NAME) is not None:
        remove(store, NAME)
