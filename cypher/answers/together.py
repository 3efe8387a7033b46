"""What the graph recommends without one user's name: to a session of some items, and to several users together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from cypher.answers.names import find_item, find_user
from cypher.answers.recommendation import Recommendation, recommendations
from cypher.store import Store
from spikegraph.errors import UsageError

By = Literal["mean", "least misery"]
"""How the members' shares of an item make its score: their mean, or the least of them."""


@dataclass(frozen=True)
class MemberRank:
    """An item's place in a member's own ranking.

    Attributes:
        user: the member's key.
        name: the member's name, or the key.
        rank: 1 is the best; None where the item is not in the ranking.
        source: `list` or `similar to the history`; None where the item is not in the ranking.
    """

    user: str
    name: str
    rank: int | None
    source: str | None


@dataclass(frozen=True)
class GroupRecommendation:
    """An item for several users.

    Attributes:
        recommendation: the item with its score, `mean` or `worst`; of a popular item its train users.
        mean: the mean of the members' shares, 0..1; None where it only is popular in train.
        worst: the least of them.
        members: each member's rank of it, in the order of the members.
    """

    recommendation: Recommendation
    mean: float | None
    worst: float | None
    members: tuple[MemberRank, ...]


def recommend_for_session(store: Store, dataset: str, items: Sequence[str], k: int = 10) -> list[Recommendation]:
    """Give k items for a session of which only some items are known.

    Args:
        store: where the graph is.
        dataset: the data set's name.
        items: each by key, end of the key, or exact name; the latest last.
        k: how many.

    Raises:
        NotFoundError: no such data set, or an item is not known; the hint names near misses.
        UsageError: no item is given, or several have this name; the hint names them.
    """
    if not items:
        raise UsageError("a session needs at least one item", where="recommend_for_session")
    keys = [find_item(store, dataset, item).key for item in items]
    return recommendations(store.read("recommend/by_items", dataset=dataset, items=keys, k=k))


def recommend_for_group(
    store: Store, dataset: str, users: Sequence[str], k: int = 10, *, by: By = "mean"
) -> list[GroupRecommendation]:
    """Give k items for several users together, none of which any of them has had.

    Args:
        store: where the graph is.
        dataset: the data set's name.
        users: each by key, end of the key, or exact name.
        k: how many.
        by: the score: the mean of the members' shares, or the least of them.

    Raises:
        NotFoundError, UsageError: as `recommend`, of each user; or none is given, or `by` is another word.
    """
    if not users or by not in get_args(By):
        raise UsageError(
            "a group needs at least one user" if not users else f"'{by}' is no way to make a group's score",
            where="recommend_for_group",
            hint=f"by: {' or '.join(get_args(By))}",
        )
    keys = list(dict.fromkeys(find_user(store, dataset, user).key for user in users))
    rows = store.read("recommend/group", dataset=dataset, users=keys, k=k, by=by)
    found = recommendations(rows)
    return [
        GroupRecommendation(item, row["mean"], row["worst"], tuple(map(_member, row["members"])))
        for item, row in zip(found, rows, strict=True)
    ]


def _member(row: Mapping[str, Any]) -> MemberRank:
    return MemberRank(row["user"], row["name"] or row["user"], row["rank"], row["source"])
