"""Train neighbourhoods of many nodes at once, by the few fixed statements of `cypher/neighbourhood`.

Only `INTERACTED` and the relations of the knowledge graph are read. The number of queries grows with the
number of batches, never with the number of nodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from cypher import dataset as datasets
from cypher.store import Store
from llm_profiles.contract import Context, Facts, Kind, Neighbour, Review, Shared
from spikegraph.errors import DatabaseError

TEXT_FIELDS = ("description", "plot", "overview", "synopsis", "abstract", "summary")
"""Properties of an item that hold a text, the first found first."""

CACHED_ITEMS = 50_000
"""The most items whose facts are kept for the users that took them."""


@dataclass(frozen=True)
class Limits:
    """How much of a neighbourhood is read.

    Attributes:
        nodes: nodes of one query.
        neighbours: neighbours of a node by one relation and direction.
        items: train items of a user from which shared entities are counted.
        shared: shared entities of a user.
        reviews: reviews of a user.
        review_characters: characters of a review.
    """

    nodes: int = 2000
    neighbours: int = 20
    items: int = 200
    shared: int = 12
    reviews: int = 3
    review_characters: int = 300


class Neighbourhood:
    """Reads contexts of one data set."""

    def __init__(self, store: Store, dataset: str, limits: Limits | None = None) -> None:
        self.record = datasets.require_unlocked(store, dataset)
        self.limits = limits or Limits()
        self._store = store
        self._relations = {relation["type"]: relation for relation in datasets.relations(store, dataset)}
        self._other_labels = ["Entity", "Item", self.record.label]
        self._linked = _Linked()

    def keys(self) -> dict[Kind, list[str]]:
        """Give the keys of all nodes by kind, in the order of their idx."""
        found: dict[Kind, list[str]] = {"item": [], "entity": [], "user": []}
        for page in self._pages("neighbourhood/keys"):
            for key, is_item in zip(page["keys"], page["is_item"], strict=True):
                found["item" if is_item else "entity"].append(key)
        for page in self._pages("neighbourhood/user_keys"):
            found["user"] += page["keys"]
        return found

    def contexts(self, kind: Kind, keys: Sequence[str]) -> Iterator[list[Context]]:
        """Give the contexts of nodes of one kind, a batch at a time, in the order of the keys."""
        for start in range(0, len(keys), self.limits.nodes):
            batch = list(keys[start : start + self.limits.nodes])
            yield self._users(batch) if kind == "user" else self._entities(kind, batch)

    def _pages(self, statement: str) -> Iterator[dict[str, Any]]:
        after: int | None = -1
        while after is not None:
            page = self._store.read(statement, dataset=self.record.name, after=after, limit=20_000)[0]
            after = page["last"]
            yield page

    def _entities(self, kind: Kind, keys: Sequence[str]) -> list[Context]:
        records = self._read_entities(keys)
        contexts = [
            Context(
                kind=kind,
                key=record["key"],
                name=_name(record["key"], record["name"]),
                label=min(record["labels"], default=""),
                facts=self._facts(record["facts"]),
                texts=tuple(record["texts"]) if kind == "item" else (),
            )
            for record in records
        ]
        if kind == "item":
            self._linked.add({context.key: context.facts for context in contexts})
        return contexts

    def _read_entities(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        records = self._store.read(
            "neighbourhood/entities",
            keys=list(keys),
            types=list(self._relations),
            other_labels=self._other_labels,
            text_fields=list(TEXT_FIELDS),
            neighbours=self.limits.neighbours,
        )
        return _in_order(records, keys)

    def _facts(self, facts: Sequence[Mapping[str, Any]]) -> tuple[Facts, ...]:
        """Put facts into the order of the data set's relations, with their words."""
        order = list(self._relations)
        return tuple(
            Facts(
                type=fact["type"],
                words=self._relations[fact["type"]]["name"],
                sentence=self._relations[fact["type"]]["sentence"],
                outgoing=fact["outgoing"],
                are_items=fact["is_item"],
                neighbours=tuple(Neighbour(key, _name(key, name)) for key, name in fact["neighbours"]),
                total=fact["total"],
            )
            for fact in sorted(facts, key=lambda fact: order.index(fact["type"]))
        )

    def _users(self, keys: Sequence[str]) -> list[Context]:
        limits = self.limits
        records = self._store.read(
            "neighbourhood/users",
            keys=list(keys),
            items=limits.items,
            reviews=limits.reviews,
            review_characters=limits.review_characters,
        )
        items = {key for record in records for key, _ in record["items"]}
        missing = self._linked.missing(items)
        for start in range(0, len(missing), limits.nodes):
            batch = self._read_entities(missing[start : start + limits.nodes])
            self._linked.add({record["key"]: self._facts(record["facts"]) for record in batch})
        return [self._user(record) for record in _in_order(records, keys)]

    def _user(self, record: Mapping[str, Any]) -> Context:
        return Context(
            kind="user",
            key=record["key"],
            name=_name(record["key"], record["name"]),
            items=tuple(Neighbour(key, _name(key, name)) for key, name in record["items"]),
            num_items=record["total"],
            shared=self._linked.shared([key for key, _ in record["items"]], self.limits.shared),
            reviews=tuple(Review(about, text) for about, text in record["reviews"]),
        )


class _Linked:
    """The auxiliary entities that items lead to, kept while users who took these items are read."""

    def __init__(self) -> None:
        self._entities: list[tuple[str, str]] = []
        self._number_of: dict[tuple[str, str], int] = {}
        self._of_item: dict[str, list[int]] = {}

    def missing(self, items: set[str]) -> list[str]:
        """Give the items that are not known; where too many would be, all others are forgotten."""
        if len(self._of_item.keys() | items) > CACHED_ITEMS:
            self._of_item.clear()
        return sorted(items - self._of_item.keys())

    def add(self, facts_of: Mapping[str, tuple[Facts, ...]]) -> None:
        """Keep what items lead to. Entities get numbers, because numbers are counted fastest."""
        for item, all_facts in facts_of.items():
            near = [(f.words, n) for f in all_facts if not f.are_items for n in f.neighbours]
            self._of_item[item] = [self._number(words, neighbour) for words, neighbour in near]

    def shared(self, items: Sequence[str], most: int) -> tuple[Shared, ...]:
        """Give the entities that two or more of the items lead to, most frequent first, ties by name."""
        counts = Counter(chain.from_iterable(self._of_item[item] for item in items))
        often = ((count, self._entities[number]) for number, count in counts.items() if count > 1)
        ordered = sorted(often, key=lambda entry: (-entry[0], entry[1]))
        return tuple(Shared(words, name, count) for count, (words, name) in ordered[:most])

    def _number(self, words: str, neighbour: Neighbour) -> int:
        number = self._number_of.setdefault((words, neighbour.key), len(self._entities))
        if number == len(self._entities):
            self._entities.append((words, neighbour.name))
        return number


def _name(key: str, name: str) -> str:
    """A node without a name is called by its source id."""
    return name or key.rsplit("/", 1)[-1]


def _in_order(records: Sequence[dict[str, Any]], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Order records by their keys; a node that is gone means that the graph changed."""
    by_key = {record["key"]: record for record in records}
    gone = next((key for key in keys if key not in by_key), None)
    if gone is not None:
        raise DatabaseError("the node went while the graph was read", where=gone, hint="write the profiles again")
    return [by_key[key] for key in keys]
