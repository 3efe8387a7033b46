"""What the graph recommends, and what it holds similar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cypher import statements
from cypher.answers.names import find_item, find_user
from cypher.answers.reasons import HISTORY, Reason, reason
from cypher.answers.relation_types import for_dataset
from cypher.store import Store
from spikegraph.errors import NotFoundError


@dataclass(frozen=True)
class Recommendation:
    """An item of a user's list.

    Attributes:
        rank: 1 is the best.
        item: its key.
        name: its name, or the key where it has none.
        score: the run's score; the number of train users where `source` is popularity.
        source: `list of run …`, or `popular in train` where the user has no list.
        reasons: the best reasons, where they were asked for.
    """

    rank: int
    item: str
    name: str
    score: float
    source: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Similar:
    """Something similar by the active run: `rank` 1 is the most similar."""

    rank: int
    key: str
    name: str
    score: float
    source: str


def recommend(store: Store, dataset: str, user: str, k: int = 10, *, reasons: int = 0) -> list[Recommendation]:
    """Give a user's list from the active run, or popular items where there is none (`source` says which).

    Args:
        store: where the graph is.
        dataset: the data set's name.
        user: key, end of the key, or exact name.
        k: how many.
        reasons: the most reasons for each item; 0 asks for none and is quicker.

    Raises:
        NotFoundError: no such data set or user; the hint names near misses.
        UsageError: several users have this name; the hint names them.
    """
    key = find_user(store, dataset, user).key
    if reasons < 1:
        rows = store.read("recommend/by_user", dataset=dataset, user=key, k=k)
    else:
        statement = for_dataset(store, statements.load("recommend/with_reasons"), dataset)
        rows = store.read(statement, dataset=dataset, user=key, k=k, reasons=reasons, history=HISTORY)
    return [
        Recommendation(
            **{**row, "name": row["name"] or row["item"], "reasons": tuple(map(reason, row.get("reasons", ())))}
        )
        for row in rows
    ]


def similar_items(store: Store, dataset: str, item: str, k: int = 10) -> list[Similar]:
    """Give the items that the active run holds most similar to an item.

    Raises:
        NotFoundError, UsageError: as `recommend`, of the item; or the data set has no active run.
    """
    key = find_item(store, dataset, item).key
    _require_run(store, dataset)
    rows = store.read("recommend/similar_items", dataset=dataset, item=key, k=k)
    return [_similar(row, "item") for row in rows]


def similar_users(store: Store, dataset: str, user: str, k: int = 10) -> list[Similar]:
    """Give the users that the active run holds most similar to a user.

    Raises:
        NotFoundError, UsageError: as `recommend`; or the data set has no active run.
    """
    key = find_user(store, dataset, user).key
    _require_run(store, dataset)
    rows = store.read("recommend/similar_users", dataset=dataset, user=key, k=k)
    return [_similar(row, "user") for row in rows]


def _require_run(store: Store, dataset: str) -> None:
    if not any((row["run"].get("activation") or 0) > 0 for row in store.read("write_back/runs", dataset=dataset)):
        raise NotFoundError(
            "no run has been written back, so nothing is known to be similar",
            where=f"data set '{dataset}'",
            hint="spikegraph write-back RUN",
        )


def _similar(row: Mapping[str, Any], what: str) -> Similar:
    return Similar(row["rank"], row[what], row["name"] or row[what], row["score"], row["source"])
