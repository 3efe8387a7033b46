"""Runs in the graph: activate, roll back, prune."""

from __future__ import annotations

import pytest

from cypher import dataset as datasets
from cypher.answers.lists import recommend
from cypher.store import Store
from export import runs
from export.write_back import write_back
from spikegraph.errors import DatasetLockedError, NotFoundError, UsageError
from tests.support.film_graph import build, count_of_run, results_of


def write_runs(store: Store, dataset: str, *films: str, keep: int = 9) -> None:
    """Write one run for each film: it recommends ann that film, and is named after it."""
    snapshot = build(store, dataset)
    for film in films:
        write_back(store, snapshot, results_of(f"{dataset}/{film}", {"ann": (film,)}), keep=keep)


def ids(store: Store, dataset: str) -> list[str]:
    return [run.id.removeprefix(f"{dataset}/") for run in runs.list_runs(store, dataset)]


def test_runs_are_listed_with_the_active_one_first(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma", "Delta", "Zeta")
    assert ids(store, dataset_name) == ["Zeta", "Delta", "Gamma"]
    assert [run.active for run in runs.list_runs(store, dataset_name)] == [True, False, False]
    assert datasets.get(store, dataset_name).active_run == f"{dataset_name}/Zeta"


def test_activate_lets_another_run_answer(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma", "Delta")
    assert runs.activate(store, dataset_name, f"{dataset_name}/Gamma").active
    assert [row.name for row in recommend(store, dataset_name, "ann", k=1)] == ["Gamma"]
    assert datasets.get(store, dataset_name).active_run == f"{dataset_name}/Gamma"


def test_activating_the_active_run_changes_nothing(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma")
    before = datasets.get(store, dataset_name).version
    runs.activate(store, dataset_name, f"{dataset_name}/Gamma")
    assert datasets.get(store, dataset_name).version == before


def test_rollback_goes_back_and_a_second_one_forth(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma", "Delta")
    version = datasets.get(store, dataset_name).version
    assert runs.rollback(store, dataset_name).id == f"{dataset_name}/Gamma"
    assert datasets.get(store, dataset_name).version == version + 1
    assert runs.rollback(store, dataset_name).id == f"{dataset_name}/Delta"
    assert [row.name for row in recommend(store, dataset_name, "ann", k=1)] == ["Delta"]


def test_there_is_nothing_to_roll_back_to_after_the_first_run(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma")
    with pytest.raises(NotFoundError, match="no run to roll back to"):
        runs.rollback(store, dataset_name)


def test_write_back_keeps_two_runs_and_removes_the_rest_whole(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma", "Delta", "Zeta", keep=2)
    assert ids(store, dataset_name) == ["Zeta", "Delta"]
    assert count_of_run(store, dataset_name, f"{dataset_name}/Gamma") == {"edges": 0, "vectors": 0, "runs": 0}
    assert count_of_run(store, dataset_name, f"{dataset_name}/Delta")["runs"] == 1
    with store.driver.session(database=store.database) as session:
        text = "SHOW VECTOR INDEXES YIELD labelsOrTypes RETURN collect(labelsOrTypes[0]) AS labels"
        labels = session.run(text).single(strict=True)["labels"]
    names = [runs.vector_names(f"{dataset_name}/{film}", "user").label for film in ("Gamma", "Delta", "Zeta")]
    assert [name in labels for name in names] == [False, True, True]


def test_prune_keeps_the_active_run_whichever_it_is(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma", "Delta", "Zeta")
    runs.activate(store, dataset_name, f"{dataset_name}/Gamma")
    assert sorted(runs.prune(store, dataset_name, keep=1)) == [f"{dataset_name}/Delta", f"{dataset_name}/Zeta"]
    assert ids(store, dataset_name) == ["Gamma"]
    assert [row.name for row in recommend(store, dataset_name, "ann", k=1)] == ["Gamma"]
    assert runs.prune(store, dataset_name, keep=1) == []
    with pytest.raises(UsageError):
        runs.prune(store, dataset_name, keep=0)


def test_the_active_run_cannot_be_removed(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma", "Delta")
    with pytest.raises(UsageError, match="active"):
        runs.remove(store, dataset_name, f"{dataset_name}/Delta")
    runs.remove(store, dataset_name, f"{dataset_name}/Gamma")
    assert ids(store, dataset_name) == ["Delta"]


def test_an_unknown_run_is_named_with_those_that_are(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma")
    with pytest.raises(NotFoundError, match="no run 'nothing'") as refusal:
        runs.activate(store, dataset_name, "nothing")
    assert f"{dataset_name}/Gamma" in str(refusal.value.hint)


def test_runs_of_another_data_set_are_not_touched(store: Store, dataset_name: str) -> None:
    other = f"{dataset_name[:50]}-other"
    write_runs(store, dataset_name, "Gamma", "Delta")
    write_runs(store, other, "Zeta")
    assert ids(store, other) == ["Zeta"]
    with pytest.raises(NotFoundError):
        runs.activate(store, other, f"{dataset_name}/Gamma")
    runs.prune(store, other, keep=1)
    assert ids(store, dataset_name) == ["Delta", "Gamma"]


def test_a_locked_data_set_is_not_written_to(store: Store, dataset_name: str) -> None:
    write_runs(store, dataset_name, "Gamma", "Delta")
    with datasets.lock(store, dataset_name, "ingest"), pytest.raises(DatasetLockedError, match="ingest"):
        runs.rollback(store, dataset_name)
    assert ids(store, dataset_name) == ["Delta", "Gamma"]


def test_a_run_may_be_written_without_readers_seeing_it(store: Store, dataset_name: str) -> None:
    snapshot, (run, other) = build(store, dataset_name), (f"{dataset_name}/run", f"{dataset_name}/other")
    write_back(store, snapshot, results_of(run, vectors=False))
    beside = results_of(other, {"ann": ("Delta", "Zeta")}, vectors=False)
    for _ in range(2):
        assert not write_back(store, snapshot, beside, activate=False).active
        assert [(found.id, found.active) for found in runs.list_runs(store, dataset_name)] == [
            (run, True),
            (other, False),
        ]
    assert runs.activate(store, dataset_name, other).active
