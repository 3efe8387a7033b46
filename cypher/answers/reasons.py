"""Why an item suits a user: reasons as paths of the graph, the strongest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cypher import statements
from cypher.answers.names import Named, find_item, find_user, named
from cypher.answers.relation_types import for_dataset
from cypher.store import Store

HISTORY = 500
"""Items of a user's history that reasons are looked for among, the latest first."""


@dataclass(frozen=True)
class Reason:
    """Why an item suits a user: a path in the graph.

    Attributes:
        kind: `similar item`, `linked item` or `shared entity`.
        text: the reason in words.
        contribution: 0..1, what it is ranked by: the similarity, or specificity x support / (support + 1).
        liked: up to three of the user's items (train) that the path goes through.
        entity: the entity shared with them, or None.
        relation: the relation between item and entity in words, or None.
        support: how many of the user's items the path goes through.
    """

    kind: Literal["similar item", "linked item", "shared entity"]
    text: str
    contribution: float
    liked: tuple[Named, ...]
    entity: Named | None
    relation: str | None
    support: int


def explain(store: Store, dataset: str, user: str, item: str, *, limit: int = 10) -> list[Reason]:
    """Give the reasons why an item suits a user, the strongest first; none is an answer too.

    Raises:
        NotFoundError, UsageError: as `recommend`, of user and item.
    """
    user_key, item_key = find_user(store, dataset, user).key, find_item(store, dataset, item).key
    statement = for_dataset(store, statements.load("recommend/explain"), dataset)
    rows = store.read(statement, dataset=dataset, user=user_key, item=item_key, reasons=limit, history=HISTORY)
    return [reason(row) for row in rows]


def reason(row: Mapping[str, Any]) -> Reason:
    """Read a reason of a record."""
    return Reason(
        kind=row["kind"],
        text=row["text"],
        contribution=row["contribution"],
        liked=tuple(named(node) for node in row["liked"]),
        entity=named(row["entity"]) if row["entity"] else None,
        relation=row["relation"],
        support=row["support"],
    )
