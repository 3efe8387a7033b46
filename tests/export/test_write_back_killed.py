"""A write-back that is killed, anywhere: the old run answers on, and the rest can be cleaned away."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cypher import dataset as datasets
from cypher.answers.lists import recommend
from cypher.store import Store
from export import runs
from export.write_back import write_back
from tests.support.film_graph import LISTS, build, count_of_run, results_of
from tests.support.neo4j_server import Neo4jServer

REPOSITORY = Path(__file__).resolve().parents[2]

NEW_LISTS = {viewer: tuple(reversed(films)) for viewer, films in LISTS.items()}


def write_back_dying_at(server: Neo4jServer, dataset: str, run_id: str, statement: str, occurrence: int = 1) -> None:
    """Write back in a process that kills itself (-9) just before the n-th use of a statement is sent."""
    module = "tests.support.write_back_that_dies"
    command = [sys.executable, "-m", module, server.uri, dataset, run_id, statement, str(occurrence)]
    ended = subprocess.run(
        command, input=f"{server.password}\n", text=True, capture_output=True, cwd=REPOSITORY, timeout=120, check=False
    )
    assert ended.returncode == -9, ended.stderr


@pytest.mark.parametrize(
    ("statement", "occurrence"),
    [
        ("run_start", 1),
        ("recommended", 1),
        ("recommended", 3),
        ("similar_users", 1),
        ("item_embeddings", 1),
        ("vector_index", 2),
        ("counts", 2),
        ("run_activate", 1),
    ],
)
def test_killed_before_the_switch_the_old_run_answers_and_the_next_write_back_cleans_up(
    server: Neo4jServer, store: Store, dataset_name: str, statement: str, occurrence: int
) -> None:
    snapshot, old, new = build(store, dataset_name), f"{dataset_name}/old", f"{dataset_name}/new"
    write_back(store, snapshot, results_of(old, NEW_LISTS, vectors=False))

    write_back_dying_at(server, dataset_name, new, statement, occurrence)

    assert [row.name for row in recommend(store, dataset_name, "ann", k=3)] == list(NEW_LISTS["ann"])
    found = {run.id: (run.state, run.active) for run in runs.list_runs(store, dataset_name)}
    assert found.pop(old) == ("complete", True)
    assert found == ({} if statement == "run_start" else {new: ("writing", False)})
    # The lock of the dead process is taken over, what it left is removed, and the same run is written whole.
    report = write_back(store, snapshot, results_of(new))
    assert report.active
    assert report.removed == (() if statement == "run_start" else (new,))
    assert count_of_run(store, dataset_name, new) == {"edges": 11, "vectors": 10, "runs": 1}
    assert [row.name for row in recommend(store, dataset_name, "ann", k=3)] == list(LISTS["ann"])
    assert datasets.get(store, dataset_name).locked_by is None


@pytest.mark.parametrize("statement", ["run_retire", "run_remove_users", "run_remove_embeddings", "run_remove"])
def test_killed_while_old_runs_are_removed_the_new_one_answers_and_prune_finishes(
    server: Neo4jServer, store: Store, dataset_name: str, statement: str
) -> None:
    snapshot = build(store, dataset_name)
    for name in ("first", "second"):
        write_back(store, snapshot, results_of(f"{dataset_name}/{name}", NEW_LISTS, vectors=name == "first"))

    write_back_dying_at(server, dataset_name, f"{dataset_name}/third", statement)

    assert [row.name for row in recommend(store, dataset_name, "ann", k=3)] == list(LISTS["ann"])
    assert runs.prune(store, dataset_name) == [f"{dataset_name}/first"]
    assert count_of_run(store, dataset_name, f"{dataset_name}/first") == {"edges": 0, "vectors": 0, "runs": 0}
    assert count_of_run(store, dataset_name, f"{dataset_name}/third") == {"edges": 11, "vectors": 10, "runs": 1}
    assert runs.rollback(store, dataset_name).id == f"{dataset_name}/second"


def test_what_a_killed_one_left_can_be_removed_by_itself(server: Neo4jServer, store: Store, dataset_name: str) -> None:
    build(store, dataset_name)
    write_back_dying_at(server, dataset_name, f"{dataset_name}/new", "counts", 2)
    assert count_of_run(store, dataset_name, f"{dataset_name}/new") == {"edges": 11, "vectors": 10, "runs": 1}
    assert runs.remove_incomplete(store, dataset_name) == [f"{dataset_name}/new"]
    assert count_of_run(store, dataset_name, f"{dataset_name}/new") == {"edges": 0, "vectors": 0, "runs": 0}
    assert runs.remove_incomplete(store, dataset_name) == []


def test_a_reader_sees_the_old_lists_or_the_new_ones_and_nothing_else(store: Store, dataset_name: str) -> None:
    snapshot = build(store, dataset_name)
    write_back(store, snapshot, results_of(f"{dataset_name}/0"))
    allowed = {LISTS["ann"], NEW_LISTS["ann"]}
    seen: list[tuple[tuple[str, ...], frozenset[str]]] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                rows = recommend(store, dataset_name, "ann", k=3)
                seen.append((tuple(row.name for row in rows), frozenset(row.source for row in rows)))
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 9):
            lists = NEW_LISTS if number % 2 else LISTS
            write_back(store, snapshot, results_of(f"{dataset_name}/{number}", lists, vectors=False), batch_rows=1)
        for _ in range(20):
            runs.rollback(store, dataset_name)
    finally:
        done.set()
        for reader in readers:
            reader.join()

    assert not failures
    assert {names for names, _ in seen} == allowed
    assert all(len(sources) == 1 for _, sources in seen)
    assert len({source for _, sources in seen for source in sources}) >= 5
