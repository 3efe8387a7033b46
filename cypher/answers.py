"""The graph's answers: what to recommend, what is similar, and why.

Users and items are named by key (`demo/movie/12`), by the end of the key (`movie/12`) or by their exact name.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cypher import dataset as datasets
from cypher import statements
from cypher.statements import Statement
from cypher.store import Store
from spikegraph.errors import NotFoundError, UsageError

HISTORY = 500
"""Items of a user's history that reasons are looked for among, the latest first."""

SUGGESTIONS = 5

_WHAT = {"users": "user", "items": "item"}


@dataclass(frozen=True)
class Named:
    """A node by its key and name; the name is the key where it has none."""

    key: str
    name: str


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
            **{**row, "name": row["name"] or row["item"], "reasons": tuple(map(_reason, row.get("reasons", ())))}
        )
        for row in rows
    ]


def explain(store: Store, dataset: str, user: str, item: str, *, limit: int = 10) -> list[Reason]:
    """Give the reasons why an item suits a user, the strongest first; none is an answer too.

    Raises:
        NotFoundError, UsageError: as `recommend`, of user and item.
    """
    user_key, item_key = find_user(store, dataset, user).key, find_item(store, dataset, item).key
    statement = for_dataset(store, statements.load("recommend/explain"), dataset)
    rows = store.read(statement, dataset=dataset, user=user_key, item=item_key, reasons=limit, history=HISTORY)
    return [_reason(row) for row in rows]


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


def find_user(store: Store, dataset: str, text: str) -> Named:
    """Give the one user that a text names.

    Raises:
        NotFoundError: there is none; the hint names near misses.
        UsageError: there are several; the hint names them.
    """
    return _find(store, dataset, text, "users")


def find_item(store: Store, dataset: str, text: str) -> Named:
    """Give the one item that a text names.

    Raises:
        NotFoundError: there is none; the hint names near misses.
        UsageError: there are several; the hint names them.
    """
    return _find(store, dataset, text, "items")


def for_dataset(store: Store, statement: Statement, dataset: str) -> Statement:
    """Put the relation types of a data set into a statement that wants them; give others as they are."""
    if statement.types is None:
        return statement
    return statement.with_types(relation["type"] for relation in datasets.relations(store, dataset))


def _find(store: Store, dataset: str, text: str, kind: Literal["users", "items"]) -> Named:
    found = [_named(row) for row in store.read(f"recommend/find_{kind}", dataset=dataset, text=text)]
    if len(found) == 1:
        return found[0]
    what = _WHAT[kind]
    if found:
        listed = ", ".join(node.key for node in found)
        raise UsageError(
            f"several {kind} have the name '{text}'", where=dataset, hint=f"give one of the keys: {listed}"
        )
    datasets.get(store, dataset)
    near = _nearest(text, [_named(row) for row in store.read(f"recommend/near_{kind}", dataset=dataset, text=text)])
    hint = (
        f"did you mean {' or '.join(_shown(node) for node in near)}?" if near else f"spikegraph datasets show {dataset}"
    )
    raise NotFoundError(f"there is no {what} '{text}'", where=f"data set '{dataset}'", hint=hint)


def _nearest(text: str, candidates: Sequence[Named]) -> list[Named]:
    """Give the candidates most like the text, by name or by the end of their key."""
    spellings = {
        spelling: node for node in reversed(candidates) for spelling in (node.key.partition("/")[2], node.name.lower())
    }
    words = difflib.get_close_matches(text.lower(), spellings, n=2 * SUGGESTIONS, cutoff=0.5)
    return list(dict.fromkeys(spellings[word] for word in words))[:SUGGESTIONS]


def _shown(node: Named) -> str:
    return node.key if node.name == node.key else f"'{node.name}' ({node.key})"


def _require_run(store: Store, dataset: str) -> None:
    if not any((row["run"].get("activation") or 0) > 0 for row in store.read("write_back/runs", dataset=dataset)):
        raise NotFoundError(
            "no run has been written back, so nothing is known to be similar",
            where=f"data set '{dataset}'",
            hint="spikegraph write-back RUN",
        )


def _named(row: Mapping[str, Any]) -> Named:
    return Named(row["key"], row["name"] or row["key"])


def _similar(row: Mapping[str, Any], what: str) -> Similar:
    return Similar(row["rank"], row[what], row["name"] or row[what], row["score"], row["source"])


def _reason(row: Mapping[str, Any]) -> Reason:
    return Reason(
        kind=row["kind"],
        text=row["text"],
        contribution=row["contribution"],
        liked=tuple(_named(node) for node in row["liked"]),
        entity=_named(row["entity"]) if row["entity"] else None,
        relation=row["relation"],
        support=row["support"],
    )
