"""The synthetic graph is what the benchmarks say it is, and their clients count what they should."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks import mixed_load
from benchmarks.big_graph import KINDS, BigGraph, Size, big_graph, popularity_weights
from benchmarks.big_graph_loading import entity_keys, item_keys, parts, user_keys
from benchmarks.latency import milliseconds, one_client
from benchmarks.list_nodes import of_list_nodes
from benchmarks.write_back_rate import results_of, snapshot_of
from cypher import statements
from export.results import check
from ingest.import_files import write_import_files

SIZE = Size(users=300, items=400, entities=200, interactions=9_000, clusters=5, listed=8)


@pytest.fixture(scope="module")
def graph() -> BigGraph:
    return big_graph(SIZE, np.random.default_rng(0))


def test_the_same_generator_gives_the_same_graph(graph: BigGraph) -> None:
    again = big_graph(SIZE, np.random.default_rng(0))
    for name in ("users", "items", "times", "similar", "similar_scores", "lists", "list_scores"):
        np.testing.assert_array_equal(getattr(graph, name), getattr(again, name))


def test_pairs_are_distinct_and_popularity_has_hubs(graph: BigGraph) -> None:
    assert len(np.unique(graph.users * SIZE.items + graph.items)) == len(graph.users) == SIZE.interactions
    degrees = np.sort(np.bincount(graph.items, minlength=SIZE.items))[::-1]
    assert degrees[0] > 4 * np.median(degrees)
    assert np.bincount(graph.users, minlength=SIZE.users).min() >= 5
    weights = popularity_weights(50_000)
    assert weights.sum() == pytest.approx(1)
    assert 5_000_000 * weights[0] == pytest.approx(21_000, rel=0.1)


def test_lists_hold_what_is_near_the_history_and_not_in_it(graph: BigGraph) -> None:
    for user in range(0, SIZE.users, 17):
        history = set(graph.items[graph.users == user].tolist())
        listed = [item for item in graph.lists[user].tolist() if item >= 0]
        assert len(listed) == len(set(listed)) >= 5
        assert not history & set(listed)
        near = {item for liked in history for item in graph.similar[liked].tolist()}
        assert set(listed) <= near


def test_facts_lead_from_items_to_entities_of_their_kind(graph: BigGraph) -> None:
    for number, (kind, facts) in enumerate(zip(KINDS, graph.facts, strict=True)):
        assert set(graph.kinds[facts[1]].tolist()) <= {number}, kind.label
        assert set(facts[0].tolist()) == set(range(SIZE.items))


def test_a_run_of_the_graph_can_be_written_back(graph: BigGraph) -> None:
    check(results_of(graph), snapshot_of(graph))


def test_the_import_files_hold_all_of_it(graph: BigGraph, tmp_path: Path) -> None:
    files = write_import_files(tmp_path, parts(graph))
    assert files.nodes == SIZE.users + SIZE.items + SIZE.entities
    facts = sum(pairs.shape[1] for pairs in graph.facts)
    assert files.relationships == SIZE.interactions + facts + (graph.lists >= 0).sum() + graph.similar.size
    keys = [*user_keys(graph), *item_keys(graph), *entity_keys(graph)]
    assert len(set(keys)) == files.nodes


@pytest.mark.parametrize("name", ["by_user", "with_reasons"])
def test_the_list_node_variant_changes_the_step_of_the_list_only(name: str) -> None:
    statement = statements.load(f"recommend/{name}")
    changed = of_list_nodes(statement).text
    assert "HAS_LIST" in changed
    assert "-[listed:RECOMMENDED]->" not in changed
    assert changed.endswith(statement.text[-1000:])


def test_warming_up_is_asked_and_not_counted() -> None:
    asked: list[float] = []
    taken = one_client([lambda: asked.append(time.sleep(0.002) or 0.0)] * 5, warm_up=2)
    assert len(asked) == 5
    assert len(taken) == 3
    assert milliseconds(taken, 50) >= 2


def test_a_question_that_had_to_wait_counts_from_when_it_was_due() -> None:
    """Three questions of 20 ms that are due at once, one client: the last has waited for two."""
    now = time.perf_counter()
    asked = iter([(now, lambda: time.sleep(0.02) or [])] * 3)
    taken = mixed_load._one_client(asked, threading.Lock())
    assert (np.diff(taken) > 0.015).all()
    assert taken[2] >= 0.06


def test_questions_fall_due_at_the_rate() -> None:
    work = mixed_load.Work(("", "", ""), seed=0, seconds=10.0, rate=200.0)
    due = [at for at, _ in mixed_load._due(work, [list])]
    assert len(due) == 2_000
    assert due[-1] - due[0] == pytest.approx(10, rel=0.1)
