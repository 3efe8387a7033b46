"""What the graph answers: lists, similar items, reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spikegraph.api.connection import connect
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.answers.reasons import Reason
    from cypher.answers.recommendation import Recommendation
    from cypher.answers.similar import Because, Similar
    from cypher.answers.together import By, GroupRecommendation


def recommend(settings: Settings, name: str, user: str, *, k: int = 10, reasons: int = 3) -> list[Recommendation]:
    """Give a user's list from the active run, each item with up to `reasons` reasons and its source."""
    from cypher.answers import lists

    with connect(settings) as store:
        return lists.recommend(store, name, user, k, reasons=reasons)


def recommend_linked(
    settings: Settings, name: str, user: str, entities: Sequence[str], *, k: int = 10
) -> list[Recommendation]:
    """Give a user k items that facts link with all of some entities: a genre, a year, a maker."""
    from cypher.answers import lists

    with connect(settings) as store:
        return lists.recommend_linked(store, name, user, entities, k)


def recommend_diverse(
    settings: Settings, name: str, user: str, *, k: int = 10, relations: Sequence[str] = (), cap: int = 2
) -> list[Recommendation]:
    """Give a user's list re-ranked: at most `cap` items for each entity of the relations (none stands for all)."""
    from cypher.answers import lists

    with connect(settings) as store:
        return lists.recommend_diverse(store, name, user, k, relations=relations, cap=cap)


def recommend_live(
    settings: Settings, name: str, user: str, *, k: int = 10, cap: int | None = None
) -> list[Recommendation]:
    """Give a user what those have who have what the user has; no run is needed."""
    from cypher.answers import lists

    with connect(settings) as store:
        return lists.recommend_live(store, name, user, k, cap=lists.LIVE_CAP if cap is None else cap)


def recommend_for_session(settings: Settings, name: str, items: Sequence[str], *, k: int = 10) -> list[Recommendation]:
    """Give k items for a session of which only some items are known, the latest last."""
    from cypher.answers import together

    with connect(settings) as store:
        return together.recommend_for_session(store, name, items, k)


def recommend_for_group(
    settings: Settings, name: str, users: Sequence[str], *, k: int = 10, by: By = "mean"
) -> list[GroupRecommendation]:
    """Give k items for several users together, with each one's rank."""
    from cypher.answers import together

    with connect(settings) as store:
        return together.recommend_for_group(store, name, users, k, by=by)


def because_of(
    settings: Settings, name: str, user: str, items: Sequence[str] = (), *, latest: int = 3, k: int = 10
) -> list[Because]:
    """Give, for some of a user's items (or the latest), what the active run holds similar to them."""
    from cypher.answers import similar

    with connect(settings) as store:
        return similar.because_of(store, name, user, items, latest=latest, k=k)


def similar(settings: Settings, name: str, item: str, *, k: int = 10, run: str | None = None) -> list[Similar]:
    """Give the items that the active run, or the named one, holds most similar to an item."""
    from cypher.answers import similar

    with connect(settings) as store:
        return similar.similar_items(store, name, item, k, run)


def explain(settings: Settings, name: str, user: str, item: str, *, limit: int = 10) -> list[Reason]:
    """Give the reasons why an item suits a user, as paths of the graph, the strongest first."""
    from cypher.answers import reasons

    with connect(settings) as store:
        return reasons.explain(store, name, user, item, limit=limit)
