"""How fast `ingest` writes, beside a bare driver loop that does the same UNWIND and CREATE.

The loop is given everything for free that ingest works out itself: rows as dictionaries with the
numbers of their nodes, made before the clock starts. It checks nothing, splits nothing, hashes
nothing, takes no lock and counts nothing afterwards; its labels are literal.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, LiteralString

import numpy as np
import pandas as pd
from neo4j import ManagedTransaction, Session

from benchmarks.result import Row, more_is_better
from cypher.rows import BATCH_ROWS
from cypher.store import Store
from ingest.split import SplitRule
from ingest.tables import Tables
from ingest.write import ingest, remove

USERS, ITEMS, TAGS, INTERACTIONS = 5_000, 12_000, 3_000, 300_000
TRIPLES_OF_AN_ITEM = 3
REPETITIONS = 5
NAME = "benchmark-ingest"

_USERS: LiteralString = "UNWIND $rows AS row CREATE (n:User:Benchmark) SET n = row"
_ITEMS: LiteralString = "UNWIND $rows AS row CREATE (n:Entity:Item:Film:Benchmark) SET n = row"
_TAGS: LiteralString = "UNWIND $rows AS row CREATE (n:Entity:Tag:Benchmark) SET n = row"
_INTERACTED: LiteralString = """UNWIND $rows AS row
MATCH (user:User {dataset: $dataset, idx: row.user})
MATCH (item:Entity {dataset: $dataset, idx: row.item})
CREATE (user)-[:INTERACTED {rating: row.rating, at: row.at}]->(item)"""
_TRIPLES: LiteralString = """UNWIND $rows AS row
MATCH (head:Entity {dataset: $dataset, idx: row.head})
MATCH (tail:Entity {dataset: $dataset, idx: row.tail})
CREATE (head)-[:HAS_TAG]->(tail)"""

Work = list[tuple[LiteralString, list[dict[str, Any]]]]


def run(store: Store) -> list[Row]:
    """Measure both in turn, one order and then the other, and compare the medians.

    Args:
        store: a store whose schema is in place; the data set `benchmark-ingest` in it is removed.
    """
    tables = synthetic(np.random.default_rng(0))
    work = bare_work(tables)
    rows = len(tables.users) + len(tables.entities) + len(tables.interactions) + len(tables.triples)
    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    _remove(store)
    for repetition in range(REPETITIONS + 1):
        for who in ("ours", "bare") if repetition % 2 else ("bare", "ours"):
            took = _ours(store, tables) if who == "ours" else _bare(store, work)
            _remove(store)
            if repetition:  # the first round warms the server up
                seconds[who].append(took)
    ours, bare = (rows / statistics.median(seconds[who]) for who in ("ours", "bare"))
    what = f"ingest of {rows} nodes and relationships, rows a second (median of {REPETITIONS})"
    return [more_is_better(what, ours, bare, at_least=0.8)]


def synthetic(generator: np.random.Generator) -> Tables:
    """Make a data set of 20 000 nodes with popular and rare items, ratings and times."""
    weights = 1 / np.arange(1, ITEMS + 1) ** 0.8
    pairs = np.stack(
        [
            generator.integers(0, USERS, 2 * INTERACTIONS),
            generator.choice(ITEMS, 2 * INTERACTIONS, p=weights / weights.sum()),
        ]
    )
    users, items = np.unique(pairs, axis=1)[:, generator.permutation(np.unique(pairs, axis=1).shape[1])[:INTERACTIONS]]
    tags = np.unique(np.stack([np.repeat(np.arange(ITEMS), TRIPLES_OF_AN_ITEM), _tags(generator)]), axis=1)
    return Tables(
        users=pd.DataFrame({"key": _keys("user", np.arange(USERS)), "name": _keys("User", np.arange(USERS))}),
        entities=pd.DataFrame(
            {
                "key": _keys("film", np.arange(ITEMS)) + _keys("tag", np.arange(TAGS)),
                "name": _keys("Film", np.arange(ITEMS)) + _keys("Tag", np.arange(TAGS)),
                "label": ["Film"] * ITEMS + ["Tag"] * TAGS,
                "is_item": [True] * ITEMS + [False] * TAGS,
            }
        ),
        triples=pd.DataFrame({"head": _keys("film", tags[0]), "relation": "HAS_TAG", "tail": _keys("tag", tags[1])}),
        relations=pd.DataFrame({"type": ["HAS_TAG"], "name": ["tag"], "sentence": ["{head} is tagged {tail}."]}),
        interactions=pd.DataFrame(
            {
                "user": _keys("user", users),
                "item": _keys("film", items),
                "split": "train",
                "rating": generator.integers(1, 6, len(users)).astype(float),
                "at": generator.integers(10**9, 2 * 10**9, len(users)),
            }
        ),
        label="Benchmark",
        source="a synthetic data set of the benchmarks",
    )


def bare_work(tables: Tables) -> Work:
    """Give the loop its statements with rows that are ready to be sent."""
    users = _nodes(tables.users)
    entities = _nodes(tables.entities.drop(columns=["label", "is_item"]))
    number = {row["key"].removeprefix(f"{NAME}/"): row["idx"] for row in [*users, *entities]}
    interactions, triples = tables.interactions.drop(columns="split"), tables.triples.drop(columns="relation")
    return [
        (_USERS, users),
        (_ITEMS, entities[:ITEMS]),
        (_TAGS, entities[ITEMS:]),
        (_INTERACTED, _numbered(interactions, number, "user", "item")),
        (_TRIPLES, _numbered(triples, number, "head", "tail")),
    ]


def _ours(store: Store, tables: Tables) -> float:
    started = time.perf_counter()
    ingest(store, NAME, tables, split=SplitRule("given", valid=0.0))
    return time.perf_counter() - started


def _bare(store: Store, work: Work) -> float:
    started = time.perf_counter()
    with store.driver.session(database=store.database) as session:
        for text, rows in work:
            for start in range(0, len(rows), BATCH_ROWS):
                _send(session, text, rows[start : start + BATCH_ROWS])
    seconds = time.perf_counter() - started
    store.write("dataset/create", dataset=NAME)
    return seconds


def _send(session: Session, text: LiteralString, rows: list[dict[str, Any]]) -> None:
    def work(transaction: ManagedTransaction) -> None:
        transaction.run(text, rows=rows, dataset=NAME).consume()

    session.execute_write(work)


def _remove(store: Store) -> None:
    store.write("dataset/create", dataset=NAME)
    remove(store, NAME)


def _nodes(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.assign(key=f"{NAME}/" + frame["key"], dataset=NAME, idx=np.arange(len(frame)))
    return _dictionaries(rows)


def _numbered(frame: pd.DataFrame, number: dict[str, int], start: str, end: str) -> list[dict[str, Any]]:
    rows = frame.assign(**{start: frame[start].map(number), end: frame[end].map(number)})
    return _dictionaries(rows.sort_values([start, end]))


def _dictionaries(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _keys(namespace: str, numbers: np.ndarray[Any, np.dtype[np.int64]]) -> list[str]:
    return [f"{namespace}/{number}" for number in numbers]


def _tags(generator: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    return generator.integers(0, TAGS, ITEMS * TRIPLES_OF_AN_ITEM)
