"""Two runs of the handmade graph beside each other; every number can be worked out from the lists below."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cypher.store import Store
from export.run_difference import ItemChange, UserChange, diff
from export.write_back import write_back
from spikegraph.errors import NotFoundError, UsageError
from tests.support.film_graph import build, results_of

# The run's own lists: ann Gamma, Delta, Epsilon; bob Beta, Delta; cem Alpha.
OTHER_LISTS = {"ann": ("Delta", "Gamma", "Zeta"), "bob": ("Beta", "Delta"), "dora": ("Alpha",)}


@pytest.fixture
def two_runs(store: Store, dataset_name: str) -> tuple[str, str, str]:
    """Give the names of a data set and of its two runs, the active one first."""
    snapshot, (run, other) = build(store, dataset_name), (f"{dataset_name}/run", f"{dataset_name}/other")
    measured = {"valid": {"recall@20": 0.5}, "test": {"recall@20": 0.4}}
    write_back(store, snapshot, replace(results_of(other, OTHER_LISTS, vectors=False), metrics=measured))
    write_back(store, snapshot, results_of(run, vectors=False))
    return dataset_name, run, other


def test_lists_metrics_and_coverage(store: Store, two_runs: tuple[str, str, str]) -> None:
    found = diff(store, *two_runs)
    assert (found.run.id, found.other.id, found.users, found.users_only) == (*two_runs[1:], 4, (1, 1))
    assert found.overlap == pytest.approx((2 / 3 + 1) / 2), "of ann and bob; the others have one list only"
    assert found.users_with_the_same_items == 1
    assert (found.items, found.items_only) == ((5, 5), (1, 1)), "Epsilon only here, Zeta only there"
    assert found.metrics == {"valid recall@20": (0.25, 0.5), "test recall@20": (None, 0.4)}


def test_who_and_what_differs_most(store: Store, two_runs: tuple[str, str, str]) -> None:
    found = diff(store, *two_runs, most=2)
    name = two_runs[0]
    assert found.users_changed == (
        UserChange(f"{name}/user/ann", "ann", 2, 3, 0.667),
        UserChange(f"{name}/user/bob", "bob", 2, 2, 1.0),
    )
    assert found.items_changed == (
        ItemChange(f"{name}/film/epsilon", "Epsilon", 1, 0, 1),
        ItemChange(f"{name}/film/zeta", "Zeta", 0, 1, -1),
    )


def test_fewer_places_are_compared(store: Store, two_runs: tuple[str, str, str]) -> None:
    found = diff(store, *two_runs, k=1)
    assert found.overlap == pytest.approx((0 + 1) / 2), "ann's first places are Gamma and Delta, bob's both Beta"
    assert found.items == (3, 3)


def test_runs_that_cannot_be_compared(store: Store, two_runs: tuple[str, str, str]) -> None:
    name, run, other = two_runs
    with pytest.raises(UsageError, match="does not differ from itself"):
        diff(store, name, run, run)
    with pytest.raises(NotFoundError) as missing:
        diff(store, name, run, "nothing")
    assert other in str(missing.value.hint)
