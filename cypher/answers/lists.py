"""What the graph recommends to one user: the list, and the list filtered, re-ranked, or found without any run."""

from __future__ import annotations

from collections.abc import Sequence

from cypher import dataset as datasets
from cypher import statements
from cypher.answers.names import find_entity, find_user
from cypher.answers.recommendation import Recommendation, recommendations
from cypher.answers.relation_types import for_dataset
from cypher.store import Record, Store
from spikegraph.errors import UsageError

HISTORY = 100
"""Items of a user's history that the reasons of a list are looked for among, the latest first."""

LIVE_CAP = 15
"""Users asked of each item by live collaborative filtering: keeps 95 % of the recall (`benchmarks.live_cap`)."""


def recommend(store: Store, dataset: str, user: str, k: int = 10, *, reasons: int = 0) -> list[Recommendation]:
    """Give a user's list from the active run; where it does not give k items others fill up (`source` says which).

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
        return recommendations(store.read("recommend/by_user", dataset=dataset, user=key, k=k))
    rows = _ask(store, "recommend/with_reasons", dataset, user=key, k=k, reasons=reasons, history=HISTORY)
    return recommendations(rows)


def recommend_linked(
    store: Store, dataset: str, user: str, entities: Sequence[str], k: int = 10
) -> list[Recommendation]:
    """Give a user k items that facts link with all of some entities: a genre, a year, a maker.

    Args:
        store: where the graph is.
        dataset: the data set's name.
        user: as in `recommend`.
        entities: each by key, end of the key, or exact name.
        k: how many; fewer come only where the graph holds no more.

    Raises:
        NotFoundError, UsageError: as `recommend`, of the user and of each entity; or no entity is given.
    """
    if not entities:
        raise UsageError("no entity is given that the items must be linked with", where="recommend_linked")
    key = find_user(store, dataset, user).key
    keys = list(dict.fromkeys(find_entity(store, dataset, entity).key for entity in entities))
    return recommendations(_ask(store, "recommend/filtered", dataset, user=key, k=k, entities=keys))


def recommend_diverse(
    store: Store, dataset: str, user: str, k: int = 10, *, relations: Sequence[str] = (), cap: int = 2
) -> list[Recommendation]:
    """Give a user's list re-ranked: at most `cap` items for each entity.

    Args:
        store: where the graph is.
        dataset: the data set's name.
        user: as in `recommend`.
        k: how many.
        relations: types of the facts whose entities count (`DIRECTED_BY`); none stands for all.
        cap: items for each entity.

    Raises:
        NotFoundError, UsageError: as `recommend`; or the data set has no such relation.
    """
    key = find_user(store, dataset, user).key
    _require_relations(store, dataset, relations)
    rows = _ask(store, "recommend/diverse", dataset, user=key, k=k, relations=list(relations), cap=cap)
    return recommendations(rows)


def recommend_live(store: Store, dataset: str, user: str, k: int = 10, *, cap: int = LIVE_CAP) -> list[Recommendation]:
    """Give a user what those have who have what the user has, computed now from train; no run is needed.

    Args:
        store: where the graph is.
        dataset: the data set's name.
        user: as in `recommend`.
        k: how many.
        cap: users asked of each item.

    Raises:
        NotFoundError, UsageError: as `recommend`.
    """
    key = find_user(store, dataset, user).key
    return recommendations(store.read("recommend/live", dataset=dataset, user=key, k=k, cap=cap))


def _ask(store: Store, name: str, dataset: str, **parameters: object) -> list[Record]:
    """Run a statement in whose text the relation types of the data set stand."""
    return store.read(for_dataset(store, statements.load(name), dataset), dataset=dataset, **parameters)


def _require_relations(store: Store, dataset: str, relations: Sequence[str]) -> None:
    known = [relation["type"] for relation in datasets.relations(store, dataset)]
    unknown = [relation for relation in relations if relation not in known]
    if unknown:
        raise UsageError(
            f"the data set has no relation {', '.join(unknown)}", where=dataset, hint=f"there are: {', '.join(known)}"
        )
