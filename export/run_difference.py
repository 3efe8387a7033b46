"""How two runs of a data set differ: their metrics beside each other, and what their lists recommend.

The lists are compared in the graph: what comes back is one row of sums and the first rows of each table, however
many users there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cypher.store import Store
from export.runs import Run, show
from spikegraph.errors import UsageError


@dataclass(frozen=True)
class ItemChange:
    """In how many lists an item stands by each run; `difference` is lists minus lists of the other run."""

    key: str
    name: str
    lists: int
    lists_other: int
    difference: int


@dataclass(frozen=True)
class UserChange:
    """How many places of a user's list both runs fill alike: `shared` of `length`, of which `overlap` is the share."""

    key: str
    name: str
    shared: int
    length: int
    overlap: float


@dataclass(frozen=True)
class RunDifference:
    """How two runs differ.

    Attributes:
        run: the one run.
        other: the run it is compared with.
        k: how many places of each list were compared.
        users: users with a list in either run.
        users_only: users with a list in the one run only, and in the other only.
        overlap: mean over users with both lists of the share of places that hold the same items; None without any.
        users_with_the_same_items: whose two lists hold the same items.
        items: how many items each run recommends to anybody.
        items_only: how many items only the one run recommends, and only the other.
        metrics: by metric (`valid recall@20`) the value of each run; None where one was not measured.
        items_changed: the items whose number of lists differs most.
        users_changed: the users whose lists differ most.
    """

    run: Run
    other: Run
    k: int
    users: int
    users_only: tuple[int, int]
    overlap: float | None
    users_with_the_same_items: int
    items: tuple[int, int]
    items_only: tuple[int, int]
    metrics: Mapping[str, tuple[float | None, float | None]]
    items_changed: tuple[ItemChange, ...]
    users_changed: tuple[UserChange, ...]


def diff(store: Store, dataset: str, run: str, other: str, *, k: int = 10, most: int = 10) -> RunDifference:
    """Compare the lists and metrics of two runs.

    Args:
        store: where the graph is.
        dataset: the data set's name.
        run: the id of the one run.
        other: the id of the run it is compared with.
        k: how many places of each list are compared.
        most: the most items and users to give.

    Raises:
        NotFoundError: the data set has no such run; the hint names those it has.
        UsageError: both are the same run, or one of them holds no lists.
    """
    first, second = _with_lists(show(store, dataset, run)), _with_lists(show(store, dataset, other))
    if first.id == second.id:
        raise UsageError("a run does not differ from itself", where=f"run '{first.id}'", hint="name two runs")
    asked = {"dataset": dataset, "run": first.id, "other": second.id, "k": k}
    sums = store.read("explore/runs/difference", **asked)[0]
    return RunDifference(
        run=first,
        other=second,
        k=k,
        users=sums["users"],
        users_only=(sums["users_only_here"], sums["users_only_there"]),
        overlap=sums["overlap"],
        users_with_the_same_items=sums["users_with_the_same_items"],
        items=(sums["items_here"], sums["items_there"]),
        items_only=(sums["items_only_here"], sums["items_only_there"]),
        metrics=metrics_beside(first, second),
        items_changed=tuple(map(_item, store.read("explore/runs/items_changed", **asked, most=most))),
        users_changed=tuple(map(_user, store.read("explore/runs/users_changed", **asked, most=most))),
    )


def metrics_beside(run: Run, other: Run) -> dict[str, tuple[float | None, float | None]]:
    """Give every metric that either run has, by split and name, with the value of each."""
    values = [
        {f"{split} {metric}": value for split, found in each.metrics.items() for metric, value in found.items()}
        for each in (run, other)
    ]
    return {name: (values[0].get(name), values[1].get(name)) for name in dict.fromkeys([*values[0], *values[1]])}


def _with_lists(run: Run) -> Run:
    if run.state != "complete" or not run.counts.get("recommended"):
        raise UsageError(
            f"run '{run.id}' holds no lists to compare", where=f"data set '{run.dataset}'", hint="spikegraph runs list"
        )
    return run


def _item(row: Mapping[str, Any]) -> ItemChange:
    name = row["name"] or row["key"]
    return ItemChange(row["key"], name, row["lists_here"], row["lists_there"], row["difference"])


def _user(row: Mapping[str, Any]) -> UserChange:
    return UserChange(row["key"], row["name"] or row["key"], row["shared"], row["length"], row["overlap"])
