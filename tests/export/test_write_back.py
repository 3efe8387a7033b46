"""Results in the graph: what stands there afterwards, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cypher import dataset as datasets
from cypher.answers.lists import recommend
from cypher.statements import Statement
from cypher.store import Record, Store
from export import runs
from export.list_writing import batches, rounded
from export.results import Ranked
from export.vector_writing import vector_names, write_vectors
from export.write_back import write_back
from spikegraph.errors import DatabaseError, DataError, UsageError
from tests.support.film_graph import LISTS, build, count_of_run, ranked, results_of, snapshot_of


def test_a_run_stands_in_the_graph_as_it_was_given(store: Store, dataset_name: str) -> None:
    snapshot = build(store, dataset_name)
    report = write_back(store, snapshot, results_of(f"{dataset_name}/one"))

    assert report.active
    assert report.counts == {"recommended": 6, "similar_items": 3, "similar_users": 2, "embeddings": 10}
    assert count_of_run(store, dataset_name, f"{dataset_name}/one") == {"edges": 11, "vectors": 10, "runs": 1}
    run = runs.show(store, dataset_name, f"{dataset_name}/one")
    assert (run.model, run.seed, run.protocol, run.state, run.active) == ("by-hand", 3, "honest", "complete", True)
    assert run.metrics == {"valid": {"recall@20": 0.25}}
    assert run.config == {"length": 3}
    for viewer, films in LISTS.items():
        found = recommend(store, dataset_name, viewer, k=len(films))
        assert [row.name for row in found] == list(films)
        assert [row.rank for row in found] == list(range(1, len(films) + 1))
        assert [row.score for row in found] == pytest.approx([0.9 - n / 10 for n in range(len(films))])


def test_metrics_are_properties_that_a_query_can_sort_by(store: Store, dataset_name: str) -> None:
    write_back(store, build(store, dataset_name), results_of(f"{dataset_name}/one"))
    rows = store.read("explore/runs/metrics", dataset=dataset_name)
    assert [row["valid_recall_20"] for row in rows] == [0.25]


def test_vectors_answer_through_an_index_of_their_own(store: Store, dataset_name: str) -> None:
    snapshot, results = build(store, dataset_name), results_of(f"{dataset_name}/one")
    other = build(store, f"{dataset_name[:50]}-other")
    write_back(store, snapshot, results)
    write_back(store, other, replace(results, run_id=f"{dataset_name}/elsewhere"))
    assert results.item_vectors is not None
    text = """CALL db.index.vector.queryNodes($index, 10, $vector) YIELD node
    MATCH (item)-[:HAS_EMBEDDING]->(node) RETURN item.key AS key"""
    with store.driver.session(database=store.database) as session:
        index = vector_names(f"{dataset_name}/one", "item").index
        keys = session.run(text, index=index, vector=results.item_vectors[2].tolist()).value("key")
    assert keys[0] == f"{dataset_name}/film/gamma"
    assert len(keys) == 6
    assert all(key.startswith(f"{dataset_name}/film/") for key in keys)


def test_writing_the_same_run_again_changes_nothing(store: Store, dataset_name: str) -> None:
    snapshot, results = build(store, dataset_name), results_of(f"{dataset_name}/one")
    write_back(store, snapshot, results)
    version = datasets.get(store, dataset_name).version
    again = write_back(store, snapshot, results)
    assert again.unchanged
    assert again.active
    assert again.counts["recommended"] == 6
    assert datasets.get(store, dataset_name).version == version
    assert count_of_run(store, dataset_name, results.run_id) == {"edges": 11, "vectors": 10, "runs": 1}


def test_another_run_of_the_same_id_is_refused(store: Store, dataset_name: str) -> None:
    snapshot = build(store, dataset_name)
    write_back(store, snapshot, results_of(f"{dataset_name}/one"))
    with pytest.raises(UsageError, match="another run with the id"):
        write_back(store, snapshot, results_of(f"{dataset_name}/one", {"ann": ("Zeta",)}))
    assert [row.name for row in recommend(store, dataset_name, "ann", k=3)] == list(LISTS["ann"])


def test_a_snapshot_of_another_split_is_refused(store: Store, dataset_name: str) -> None:
    build(store, dataset_name)
    with pytest.raises(DatabaseError, match="split") as refusal:
        write_back(store, snapshot_of(dataset_name, "split-2"), results_of(f"{dataset_name}/one"))
    assert "spikegraph export" in str(refusal.value.hint)
    assert runs.list_runs(store, dataset_name) == []


def test_a_graph_that_lost_an_item_is_refused(store: Store, dataset_name: str) -> None:
    snapshot = build(store, dataset_name)
    with store.driver.session(database=store.database) as session:
        session.run("MATCH (n:Item {key: $key}) DETACH DELETE n", key=f"{dataset_name}/film/zeta").consume()
    with pytest.raises(DatabaseError, match="film/zeta"):
        write_back(store, snapshot, results_of(f"{dataset_name}/one"))
    assert runs.list_runs(store, dataset_name) == []
    assert datasets.get(store, dataset_name).locked_by is None


def test_results_of_another_snapshot_are_refused(store: Store, dataset_name: str) -> None:
    results = replace(results_of(f"{dataset_name}/one"), snapshot_hash="another")
    with pytest.raises(DataError, match="another snapshot"):
        write_back(store, snapshot_of(dataset_name), results)


def test_write_back_never_removes_the_run_before(store: Store, dataset_name: str) -> None:
    with pytest.raises(UsageError, match="run before"):
        write_back(store, snapshot_of(dataset_name), results_of("one"), keep=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": [[0, 6, -1]]}, "outside"),
        ({"rows": [[0, -2, -1]]}, "outside"),
        ({"rows": [[1, 1, -1]]}, "twice"),
        ({"scores": [[0.5, float("nan"), 0.0]]}, "finite"),
        ({"rows": [[0, 1]]}, "shapes"),
    ],
)
def test_lists_that_cannot_be_are_refused(
    store: Store, dataset_name: str, change: dict[str, list[list[float]]], message: str
) -> None:
    rows = np.tile(np.array(change.get("rows", [[0, 1, -1]]), np.int64), (4, 1))
    scores = np.tile(np.array(change.get("scores", [[0.5, 0.4, 0.0]]), np.float32), (4, 1))
    results = replace(results_of(f"{dataset_name}/one"), recommendations=Ranked(rows, scores))
    with pytest.raises(DataError, match=message):
        write_back(store, snapshot_of(dataset_name), results)


def test_nothing_is_similar_to_itself(store: Store, dataset_name: str) -> None:
    results = results_of(f"{dataset_name}/one", similar_films={"Alpha": {"Alpha": 1.0}})
    with pytest.raises(DataError, match="itself"):
        write_back(store, snapshot_of(dataset_name), results)


def test_a_similarity_alone_is_complete_but_answers_nobody(store: Store, dataset_name: str) -> None:
    snapshot = build(store, dataset_name)
    write_back(store, snapshot, results_of(f"{dataset_name}/lists"))
    alone = replace(results_of(f"{dataset_name}/similarity"), recommendations=None)
    report = write_back(store, snapshot, alone)
    assert not report.active
    by_id = {run.id: run for run in runs.list_runs(store, dataset_name)}
    assert by_id[f"{dataset_name}/lists"].active
    assert by_id[f"{dataset_name}/similarity"].state == "complete"
    with pytest.raises(UsageError, match="no lists"):
        runs.activate(store, dataset_name, f"{dataset_name}/similarity")
    runs.prune(store, dataset_name, keep=1)
    assert len(runs.list_runs(store, dataset_name)) == 2


def test_vectors_too_wide_for_an_index_and_vectors_without_direction_are_left_out(
    store: Store, dataset_name: str
) -> None:
    snapshot = build(store, dataset_name)
    one_is_zero = np.eye(6, 8, dtype=np.float32)
    one_is_zero[3] = 0
    wide = np.ones((4, 4097), np.float32)
    results = replace(results_of(f"{dataset_name}/one"), user_vectors=wide, item_vectors=one_is_zero)
    assert write_back(store, snapshot, results).counts["embeddings"] == 5


def test_a_batch_that_was_written_twice_is_an_error(
    store: Store, dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the answer to a commit is lost and the driver does the work again."""
    write = Store.write

    def twice(own: Store, statement: str | Statement, **parameters: Any) -> list[Record]:
        if statement == "write_back/recommended":
            write(own, statement, **parameters)
        return write(own, statement, **parameters)

    snapshot = build(store, dataset_name)
    monkeypatch.setattr(Store, "write", twice)
    with pytest.raises(DatabaseError, match="more than before"):
        write_back(store, snapshot, results_of(f"{dataset_name}/run"))
    assert not runs.list_runs(store, dataset_name)[0].active
    monkeypatch.undo()
    assert write_back(store, snapshot, results_of(f"{dataset_name}/run")).active


def test_vectors_of_nodes_that_vanished_are_an_error(store: Store, dataset_name: str) -> None:
    build(store, dataset_name)
    keys = [f"{dataset_name}/film/alpha", f"{dataset_name}/film/nowhere"]
    with (
        datasets.lock(store, dataset_name, "test") as held,
        pytest.raises(DatabaseError, match="vanished"),
    ):
        write_vectors(
            store,
            held,
            "item",
            np.ones((2, 8), np.float32),
            dataset=dataset_name,
            run_id=f"{dataset_name}/one",
            keys=keys,
            advance=lambda _: None,
        )


def test_batches_hold_whole_lists_and_each_end_once() -> None:
    lists = {"a": {"x": 0.9, "y": 0.8}, "b": {}, "c": {"y": 0.7}, "d": {"z": 0.6}}
    found = list(batches(ranked("abcd", "xyz", lists), "abcd", ["kx", "ky", "kz"], batch_rows=9))
    assert found == [
        {
            "ends": ["kx", "ky"],
            "rows": [
                {"start": "a", "ends": [0, 1], "scores": [0.9, 0.8]},
                {"start": "c", "ends": [1], "scores": [0.7]},
            ],
        },
        {"ends": ["kz"], "rows": [{"start": "d", "ends": [0], "scores": [0.6]}]},
    ]


def test_scores_are_written_as_people_write_them() -> None:
    scores = np.array([0.1, -12.345678, 0.0, 1e-9, 3e30, 1234567.0], np.float32)
    assert rounded(scores).tolist() == pytest.approx([0.1, -12.34568, 0.0, 1e-9, 3e30, 1234567.0], rel=1e-6)
    assert rounded(scores)[:3].tolist() == [0.1, -12.34568, 0.0]
