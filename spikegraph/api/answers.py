"""What the graph answers: lists, similar items, reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spikegraph.api.connection import connect
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.answers.lists import Recommendation, Similar
    from cypher.answers.reasons import Reason


def recommend(settings: Settings, name: str, user: str, *, k: int = 10, reasons: int = 3) -> list[Recommendation]:
    """Give a user's list from the active run, each item with up to `reasons` reasons."""
    from cypher.answers import lists

    with connect(settings) as store:
        return lists.recommend(store, name, user, k, reasons=reasons)


def similar(settings: Settings, name: str, item: str, *, k: int = 10) -> list[Similar]:
    """Give the items that the active run holds most similar to an item."""
    from cypher.answers import lists

    with connect(settings) as store:
        return lists.similar_items(store, name, item, k)


def explain(settings: Settings, name: str, user: str, item: str, *, limit: int = 10) -> list[Reason]:
    """Give the reasons why an item suits a user, as paths of the graph, the strongest first."""
    from cypher.answers import reasons

    with connect(settings) as store:
        return reasons.explain(store, name, user, item, limit=limit)
