"""What a recommendation hangs on, by the similar items of the active run: an approximation that needs no model.

`spikegraph explain --run` asks the model itself (`model.counterfactual`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cypher.answers.names import Named, find_item, find_user
from cypher.store import Store
from spikegraph.errors import UsageError

HISTORY = 500
"""Items of a user's history that are looked at, the latest first."""

Change = Literal["stays", "leaves", "comes in"]


@dataclass(frozen=True)
class Changed:
    """An item of a user's list, and what becomes of it without an interaction.

    Attributes:
        item: its key.
        name: its name, or the key.
        rank: as the list stands; 1 is the best.
        score: likewise.
        rank_without: among the items that were ranked, the interaction gone.
        score_without: likewise.
        change: whether it stays among the first k, leaves, or comes in.
    """

    item: str
    name: str
    rank: int
    score: float
    rank_without: int
    score_without: float
    change: Change


@dataclass(frozen=True)
class HangsOn:
    """An item of a user's history, and what becomes of a recommended item without it.

    Attributes:
        liked: the item of the history.
        name: its name, or the key.
        share: of the recommended item's score that is gone with it; more than 0 speaks for it.
        rank: of the recommended item as the list stands, None where it is not listed.
        rank_without: likewise, the interaction gone.
    """

    liked: str
    name: str
    share: float
    rank: int | None
    rank_without: int | None


def without(store: Store, dataset: str, user: str, gone: str, k: int = 10) -> list[Changed]:
    """Tell what would leave a user's first k items, and what would come in, without one interaction.

    Args:
        store: where the graph is.
        dataset: the data set's name.
        user: key, end of the key, or exact name.
        gone: the item of the interaction, likewise.
        k: length of the list.

    Raises:
        NotFoundError: there is no such user or item.
        UsageError: the user has no such interaction in train, or no list in the active run.
    """
    user_key, gone_key = find_user(store, dataset, user).key, find_item(store, dataset, gone).key
    address = {"dataset": dataset, "user": user_key, "without": gone_key}
    rows = store.read("recommend/counterfactual", **address, k=k, history=HISTORY)
    if not rows:
        raise nothing_to_leave_out(dataset, user_key, gone_key)
    wanted = ("item", "rank", "score", "rank_without", "score_without", "change")
    return [Changed(name=row["name"] or row["item"], **{key: row[key] for key in wanted}) for row in rows]


def hangs_on(store: Store, dataset: str, user: str, item: str, limit: int = 10) -> list[HangsOn]:
    """Tell how much of an item's score hangs on each item of a user's history, the most first.

    Raises:
        NotFoundError: there is no such user or item.
    """
    keys: Mapping[str, Named] = {"user": find_user(store, dataset, user), "item": find_item(store, dataset, item)}
    address: dict[str, Any] = {name: node.key for name, node in keys.items()}
    rows = store.read("recommend/leave_one_out", dataset=dataset, **address, k=limit, history=HISTORY)
    wanted = ("liked", "share", "rank", "rank_without")
    return [HangsOn(name=row["name"] or row["liked"], **{key: row[key] for key in wanted}) for row in rows]


def nothing_to_leave_out(dataset: str, user: str, gone: str) -> UsageError:
    """Say that there is no interaction of theirs, or no list."""
    return UsageError(
        f"{user} has no interaction with {gone} in train, or no list in the active run",
        where="--without",
        hint=f"spikegraph query explore/user/history --param dataset={dataset} --param user={user}",
    )
