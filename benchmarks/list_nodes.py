"""A list as relationships, as the graph has it, beside a node for each list that keeps keys and scores in arrays.

Both are written for every user of the synthetic graph, read by the same statements but for the step that finds the
list, and deleted again. What is written last of a run decides nothing: both hold the same items in the same order.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import LiteralString

import numpy as np

from benchmarks.big_graph import BigGraph
from benchmarks.big_graph_loading import NAME, item_keys, user_keys
from benchmarks.big_server import big_server, drawn
from benchmarks.latency import Seconds, milliseconds, one_client
from benchmarks.questions import K, Question, Questions
from benchmarks.result import Row
from benchmarks.write_back_rate import results_of, size_on_disk, snapshot_of
from cypher import statements
from cypher.statements import Statement
from cypher.store import Store
from export.list_writing import rounded
from export.write_back import write_back
from spikegraph import server
from spikegraph.settings import Settings

WARM_UP, ASKED = 500, 1_000
LISTS_AT_ONCE = 1_000

WRITE: LiteralString = """UNWIND $rows AS row
MATCH (user:User {key: row.user})
CREATE (user)-[:HAS_LIST]->(:List {run: $run, items: row.items, scores: row.scores})"""

DELETE: LiteralString = """MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
CALL (user) {
  MATCH (user)-[:HAS_LIST]->(list:List) WHERE list.run = $run
  DETACH DELETE list
} IN TRANSACTIONS OF 500 ROWS"""

STEP = re.compile(r"// step: list\nCALL .*?\n}\n", re.DOTALL)
STEP_OF_NODES = """CALL (user, active, seen) {
  MATCH (user)-[:HAS_LIST]->(kept:List) WHERE kept.run = active
  UNWIND range(0, size(kept.items) - 1) AS place
  MATCH (item:Item {key: kept.items[place]}) WHERE NOT item IN seen
  WITH active, kept, place, item ORDER BY place LIMIT $k
  RETURN collect({item: item, score: kept.scores[place], source: 'list of run ' + active}) AS list
}
"""


def run() -> list[Row]:
    """Load the graph and measure both."""
    graph = drawn()
    with big_server(lambda: graph) as settings:
        return measured(settings, graph)


def measured(settings: Settings, graph: BigGraph) -> list[Row]:
    """Write, read and delete both on a server that holds the graph."""
    sizes = [size_on_disk(settings)]
    with _connected(settings) as store:
        report = write_back(store, snapshot_of(graph), replace(results_of(graph), similar_items=None).named(NAME))
    sizes.append(size_on_disk(settings))
    with _connected(settings) as store:
        of_nodes = _seconds(lambda: _write_nodes(store, graph, report.run_id))
    sizes.append(size_on_disk(settings))
    relationships, nodes = (after - before for before, after in itertools.pairwise(sizes))
    lists, listed = int((graph.lists[:, 0] >= 0).sum()), report.counts["recommended"]
    with _connected(settings) as store:
        rows = _read_both(store)
        deleted = _seconds(lambda: _delete(store, statements.load("write_back/run_remove_users").text, report.run_id))
        nodes_deleted = _seconds(lambda: _delete(store, DELETE, report.run_id))
    return [
        *rows,
        _beside(f"writing {listed} places of {lists} lists, seconds", report.seconds["lists"], of_nodes),
        _beside("of it making nodes dense, for readers, seconds", report.seconds["dense"], 0.0),
        _beside("store growth, bytes a list", relationships / lists, nodes / lists),
        _beside("deleting a run's lists, seconds", deleted, nodes_deleted),
    ]


def _read_both(store: Store) -> list[Row]:
    questions = Questions.of(store, seed=4)
    rows = []
    for what, statement, extra in (
        ("list", questions.by_user.as_it_stands, {}),
        ("list with three reasons each", questions.with_reasons.as_it_stands, {"reasons": 3, "history": 100}),
    ):
        ours, theirs = _asked_in_turn(questions, statement, of_list_nodes(statement), extra)
        for percentile in (50, 99):
            figures = (milliseconds(taken, percentile) for taken in (ours, theirs))
            rows.append(_beside(f"{what}, k = {K}, p{percentile} in ms", *figures))
    return rows


def of_list_nodes(statement: Statement) -> Statement:
    """Give a statement that finds the user's list in a node, and is the same in all else."""
    text, replaced = STEP.subn(STEP_OF_NODES, statement.text)
    assert replaced == 1
    return replace(statement, text=text)


def _asked_in_turn(
    questions: Questions, one: Statement, other: Statement, extra: dict[str, int]
) -> tuple[Seconds, Seconds]:
    """Ask both statements for each of the drawn users, one after the other: seconds of each."""

    def draw(statement: Statement, user: str) -> Question:
        return lambda: questions.store.read(statement, dataset=NAME, user=user, k=K, **extra)

    users = [questions.user() for _ in range(WARM_UP + ASKED)]
    taken = one_client([draw(statement, user) for user in users for statement in (one, other)], 2 * WARM_UP)
    return taken[::2], taken[1::2]


def _write_nodes(store: Store, graph: BigGraph, run_id: str) -> None:
    users, items, lists = user_keys(graph), np.array(item_keys(graph), dtype=object), graph.lists[:, ::-1]
    with store.driver.session(database=store.database) as session:
        for first in range(0, len(lists), LISTS_AT_ONCE):
            scores = rounded(graph.list_scores[first : first + LISTS_AT_ONCE]).tolist()
            rows = [
                {"user": users[first + place], "items": items[listed[listed >= 0]].tolist(), "scores": scores[place]}
                for place, listed in enumerate(lists[first : first + LISTS_AT_ONCE])
                if (listed >= 0).any()
            ]
            session.run(WRITE, rows=rows, run=run_id).consume()


def _delete(store: Store, text: str, run_id: str) -> None:
    with store.driver.session(database=store.database) as session:
        session.run(text, dataset=NAME, run=run_id).consume()


def _connected(settings: Settings) -> Store:
    return Store.connect(*server.connection(settings.server))


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _beside(what: str, relationships: float, nodes: float) -> Row:
    return Row(what, relationships, nodes, nodes / relationships, None, holds=True)
