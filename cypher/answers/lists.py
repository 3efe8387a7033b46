"""What the graph recommends to one user: the list, and the list filtered, re-ranked, or found without any run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cypher import dataset as datasets
from cypher import statements
from cypher.answers.names import find_entity, find_user
from cypher.answers.recommendation import Recommendation, recommendations
from cypher.answers.relation_types import for_dataset
from cypher.statements import Statement
from cypher.store import Record, Store
from spikegraph.errors import UsageError

HISTORY = 100
"""Items of a user's history that the reasons of a list are looked for among, the latest first."""

LIVE_CAP = 15
"""Users asked of each item by live collaborative filtering: keeps 95 % of the recall (`benchmarks.live_cap`)."""


@dataclass(frozen=True)
class ListStatement:
    """A statement that gives a list, asked for in two ways: as the list stands first, which most users' lists do.

    What fills up is most of the text, and driver and server take time for every character.

    Attributes:
        as_it_stands: without what fills up.
        whole: with all of it.
    """

    as_it_stands: Statement
    whole: Statement

    @classmethod
    def of(cls, statement: Statement) -> ListStatement:
        """Give both forms of a statement that marks its `fall-back`."""
        return cls(statement.without_step("fall-back"), statement)

    def read_standing(self, store: Store, k: int, **parameters: Any) -> list[Record] | None:
        """Give the k records of the list as it stands, or None where it has fewer."""
        rows = store.read(self.as_it_stands, k=k, **parameters)
        return rows if len(rows) == k else None

    def read(self, store: Store, k: int, **parameters: Any) -> list[Record]:
        """Give the records of the list, filled up where it has fewer than k items."""
        standing = self.read_standing(store, k, **parameters)
        return store.read(self.whole, k=k, **parameters) if standing is None else standing


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
    if reasons < 1:
        return recommendations(_of_user(store, _by_user(), dataset, user, k))
    explained = ListStatement.of(for_dataset(store, statements.load("recommend/with_reasons"), dataset))
    return recommendations(_of_user(store, explained, dataset, user, k, reasons=reasons, history=HISTORY))


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


@cache
def _by_user() -> ListStatement:
    return ListStatement.of(statements.load("recommend/by_user"))


def _of_user(
    store: Store, statement: ListStatement, dataset: str, user: str, k: int, **parameters: Any
) -> list[Record]:
    """Ask for a user's list; who is named by a whole key and has k items is not looked up before."""
    if not user.startswith(f"{dataset}/"):
        return statement.read(store, k, dataset=dataset, user=find_user(store, dataset, user).key, **parameters)
    standing = statement.read_standing(store, k, dataset=dataset, user=user, **parameters)
    if standing:
        return standing
    return store.read(statement.whole, k=k, dataset=dataset, user=find_user(store, dataset, user).key, **parameters)


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
