"""What the active run holds similar: items to an item, users to a user, items to those a user liked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cypher.answers.names import Named, find_item, find_user
from cypher.answers.recommendation import Recommendation, recommendations
from cypher.store import Store
from spikegraph.errors import NotFoundError, UsageError


@dataclass(frozen=True)
class Similar:
    """Something similar by the active run: `rank` 1 is the most similar."""

    rank: int
    key: str
    name: str
    score: float
    source: str


@dataclass(frozen=True)
class Because:
    """Because you liked an item: those similar to it that the user has not had.

    Attributes:
        liked: the user's item.
        items: what is similar to it, best first; none is an answer too.
    """

    liked: Named
    items: tuple[Recommendation, ...]


def similar_items(store: Store, dataset: str, item: str, k: int = 10, run: str | None = None) -> list[Similar]:
    """Give the items that the active run, or the named one, holds most similar to an item.

    Raises:
        NotFoundError, UsageError: as `recommend`, of the item; or the data set has no active run, or not this one.
    """
    key = find_item(store, dataset, item).key
    if run is None:
        _require_run(store, dataset)
        rows = store.read("recommend/similar_items", dataset=dataset, item=key, k=k)
    else:
        _require_named(store, dataset, run)
        rows = store.read("recommend/similar_items_of_run", dataset=dataset, item=key, run=run, k=k)
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


def because_of(
    store: Store, dataset: str, user: str, items: Sequence[str] = (), *, latest: int = 3, k: int = 10
) -> list[Because]:
    """Give, for some of a user's items, what is similar to them; each item stands with the one it is most similar to.

    Args:
        store: where the graph is.
        dataset: the data set's name.
        user: as in `recommend`.
        items: items of the user's history (train), each by key, end of the key, or exact name.
        latest: where no items are given, this many of the latest.
        k: the most items for each.

    Raises:
        NotFoundError, UsageError: as `recommend`, of the user and the items; the user has not had one of them; or
            the data set has no active run.
    """
    key = find_user(store, dataset, user).key
    chosen = list(dict.fromkeys(find_item(store, dataset, item).key for item in items))
    _require_run(store, dataset)
    rows = store.read("recommend/because_of", dataset=dataset, user=key, items=chosen, latest=latest, k=k)
    missing = [item for item in chosen if item not in {row["liked"] for row in rows}]
    if missing:
        raise UsageError(
            f"'{user}' has not had {', '.join(missing)} in train",
            where=f"data set '{dataset}'",
            hint=f"spikegraph similar {dataset} {missing[0]}",
        )
    return [_because(row) for row in rows]


def _require_run(store: Store, dataset: str) -> None:
    if not any((row["run"].get("activation") or 0) > 0 for row in store.read("write_back/runs", dataset=dataset)):
        raise NotFoundError(
            "no run has been written back, so nothing is known to be similar",
            where=f"data set '{dataset}'",
            hint="spikegraph write-back RUN",
        )


def _require_named(store: Store, dataset: str, run: str) -> None:
    known = [record["run"]["id"] for record in store.read("write_back/runs", dataset=dataset)]
    if run not in known:
        hint = f"there are: {', '.join(known) or 'none'}"
        raise NotFoundError(f"there is no run '{run}'", where=f"data set '{dataset}'", hint=hint)


def _similar(row: Mapping[str, Any], what: str) -> Similar:
    return Similar(row["rank"], row[what], row["name"] or row[what], row["score"], row["source"])


def _because(row: Mapping[str, Any]) -> Because:
    items = recommendations({**item, "source": row["source"]} for item in row["items"])
    return Because(Named(row["liked"], row["name"] or row["liked"]), tuple(items))
