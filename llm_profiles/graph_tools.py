"""The reads of this room: fixed statements of `cypher/neighbourhood` in READ sessions, for many nodes at once.

The bulk chain and the agents read through the same tools. Every read is bounded, ordered with the key as the last
tie-break, and sees train interactions alone, or those held out for validation too; never the test part.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cypher import dataset as datasets
from cypher.statements import load
from cypher.store import Store
from llm_profiles import graph_records as records
from llm_profiles.contract import Kind, Split
from llm_profiles.graph_records import Degree, Further, Group, Near, Node, Relation, Taken
from llm_profiles.graph_schema import TypeSchema, read_schema
from llm_profiles.plans.plan import RelationPlan
from spikegraph.errors import DatabaseError, UsageError

HUB = 10_000
"""Of a node with more relationships, only so many by each relation and direction are looked at."""

TWO_HOP_HUB = 1000
"""A second hop leads through no neighbour with more relationships: what it leads to says little."""

VIAS = 3
"""The first neighbours of a relation from which a second hop goes on."""

COMMON = 0.25
"""What is linked with as many nodes as this share of the items, or more, tells little about one of them."""

PAGE = 20_000


class GraphTools:
    """Reads the graph of one data set.

    Args:
        store: where the graph is.
        dataset: its name.
        splits: what is seen: `train`, or `train` and `valid`.

    Raises:
        NotFoundError, DatabaseError, DatasetLockedError: there is no such data set, or it is being written.
        UsageError: other splits.
    """

    def __init__(self, store: Store, dataset: str, *, splits: Sequence[Split] = ("train",)) -> None:
        if set(splits) not in ({"train"}, {"train", "valid"}):
            raise UsageError(f"profiles cannot be written from {list(splits)}", hint="train, or train and valid")
        self.record = datasets.require_unlocked(store, dataset)
        self.relations = {
            row["type"]: Relation(row["type"], row["name"], row["sentence"])
            for row in datasets.relations(store, dataset)
        }
        self.splits = tuple(splits)
        self._store = store
        self._validation = "valid" in splits
        self._other_labels = ["Entity", "Item", self.record.label]
        self._common = max(2, math.ceil(COMMON * self.record.counts.get("items", 0)))

    def keys(self) -> dict[Kind, list[str]]:
        """Give the keys of all nodes by kind, in the order of their idx."""
        found: dict[Kind, list[str]] = {"item": [], "entity": [], "user": []}
        for kind, _, key in self._labelled():
            found[kind].append(key)
        for page in self._pages("neighbourhood/user_keys"):
            found["user"] += page["keys"]
        return found

    def linked_entities(self) -> list[str]:
        """Give the keys of the auxiliary entities that an item is linked with, in the order of their idx."""
        return [key for page in self._pages("neighbourhood/linked_entities") for key in page["keys"]]

    def keys_by_type(self) -> dict[tuple[Kind, str], list[str]]:
        """Give the keys of items and auxiliary entities by kind and type label, in the order of their idx."""
        found: dict[tuple[Kind, str], list[str]] = {}
        for kind, label, key in self._labelled():
            found.setdefault((kind, label), []).append(key)
        return found

    def describe(self, keys: Sequence[str], texts: Sequence[str] = (), characters: int = 1200) -> dict[str, Node]:
        """Give what entities are.

        Args:
            keys: of items or auxiliary entities.
            texts: properties that hold a text.
            characters: the most of each text.

        Raises:
            DatabaseError: one of the nodes is not there.
        """
        rows = self._store.read(
            "neighbourhood/describe",
            keys=list(keys),
            other_labels=self._other_labels,
            fields=list(texts),
            characters=characters,
        )
        found = {row["key"]: records.node(row) for row in rows}
        require_all(keys, found)
        return found

    def relations_of(self, keys: Sequence[str]) -> dict[str, list[Degree]]:
        """Give how many neighbours entities have by each relation, in the order of the data set's relations."""
        rows = self._read("neighbourhood/degrees", self.relations, keys=list(keys), hub=HUB)
        found = {row["key"]: [Degree(d["type"], d["outgoing"], d["degree"]) for d in row["degrees"]] for row in rows}
        hubs = [row["key"] for row in rows if row["is_hub"]]
        for relation in self.relations if hubs else ():
            for row in self._read("neighbourhood/hub_degrees", [relation], keys=hubs):
                both = ((True, row["outgoing"]), (False, row["incoming"]))
                found[row["key"]] += [Degree(relation, outgoing, degree) for outgoing, degree in both if degree]
        order = {relation: place for place, relation in enumerate(self.relations)}
        return {key: sorted(degrees, key=lambda d: order[d.type]) for key, degrees in found.items()}

    def neighbours(self, asked: Mapping[str, Sequence[RelationPlan]]) -> dict[str, list[Group]]:
        """Give the neighbours of entities, in the order in which they are asked for, items before others.

        Args:
            asked: by key of the entity; relations that the data set does not have lead nowhere.
        """
        distinct = {id(plans): plans for plans in asked.values()}  # nodes of a type share their plans
        known = {name: self._known(plans) for name, plans in distinct.items()}
        place = {name: number for number, name in enumerate(known)}
        types = {plan.relation for plans in known.values() for plan in plans}
        found: dict[str, list[Group]] = {key: [] for key in asked}
        if not types:
            return found
        rows = self._read(
            "neighbourhood/neighbours",
            types,
            nodes=[{"key": key, "asked": place[id(plans)]} for key, plans in asked.items()],
            asked=[{_name(p): {"limit": p.limit, "order": p.order} for p in plans} for plans in known.values()],
            common=self._common,
            hub=HUB,
        )
        for row in rows:
            found[row["key"]] = [records.group(group) for group in row["groups"]]
        self._add_hubs(found, {row["key"]: known[id(asked[row["key"]])] for row in rows if row["is_hub"]})
        orders = {name: _order(plans) for name, plans in known.items()}
        return {key: _sorted(groups, orders[id(asked[key])]) for key, groups in found.items()}

    def two_hop(
        self, asked: Mapping[str, Sequence[RelationPlan]], near: Mapping[str, Sequence[Group]]
    ) -> dict[str, list[Further]]:
        """Give what the first neighbours lead to, by the second hops of the plans.

        Only neighbours that are no items are gone through, none with more than `TWO_HOP_HUB` relationships, and only
        to entities that are no items: no path leads over what users took.

        Args:
            asked: by key of the entity, relations with their second hops.
            near: what `neighbours` gave for the same.
        """
        ways = [way for key, plans in asked.items() for way in _ways(key, plans, near.get(key, ()))]
        hops: dict[str, dict[RelationPlan, None]] = {}
        for way in ways:
            hops.setdefault(way.via.key, {}).update(dict.fromkeys(way.hops))
        read = self.neighbours({via: tuple(plans) for via, plans in hops.items()})
        found: dict[str, list[Further]] = {key: [] for key in asked}
        for way in ways:
            found[way.key] += [Further(way.through, way.via, group) for group in _led_to(way, read[way.via.key])]
        return found

    def reviews(self, keys: Sequence[str], limit: int = 3, characters: int = 300) -> dict[str, tuple[str, ...]]:
        """Give reviews of items, the latest first."""
        rows = self._store.read(
            "neighbourhood/reviews",
            keys=list(keys),
            validation=self._validation,
            limit=limit,
            characters=characters,
            hub=HUB,
        )
        return {row["key"]: tuple(row["reviews"]) for row in rows}

    def history(
        self, keys: Sequence[str], *, items: int, reviews: int = 3, characters: int = 300, latest: bool = True
    ) -> dict[str, Taken]:
        """Give what users took: the latest first where times are known and asked for, then the most popular.

        Args:
            keys: of users.
            items: the most items of a user.
            reviews: the most own reviews.
            characters: the most of each review.
            latest: the latest first; else the most popular.

        Raises:
            DatabaseError: one of the users is not there.
        """
        rows = self._store.read(
            "neighbourhood/users",
            keys=list(keys),
            validation=self._validation,
            latest=latest,
            items=items,
            reviews=reviews,
            characters=characters,
            hub=HUB,
        )
        found = {row["key"]: records.taken(row) for row in rows}
        require_all(keys, found)
        return found

    def schema(self) -> tuple[TypeSchema, ...]:
        """Give what the types of the data set have, found from a sample of each (see `TypeSchema`)."""
        return self._schema

    @cached_property
    def has_reviews(self) -> bool:
        """Whether any train interaction carries a review."""
        return bool(self._store.read("neighbourhood/has_reviews", dataset=self.record.name)[0]["reviews"])

    @cached_property
    def _schema(self) -> tuple[TypeSchema, ...]:
        return read_schema(self._store, self.keys_by_type(), tuple(self.relations), self._other_labels)

    def _labelled(self) -> Iterator[tuple[Kind, str, str]]:
        for page in self._pages("neighbourhood/keys", other_labels=self._other_labels):
            for key, is_item, label in zip(page["keys"], page["is_item"], page["labels"], strict=True):
                yield "item" if is_item else "entity", label, key

    def _pages(self, statement: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        after: int | None = -1
        while after is not None:
            page = self._store.read(statement, dataset=self.record.name, after=after, limit=PAGE, **parameters)[0]
            after = page["last"]
            yield page

    def _read(self, statement: str, types: Iterable[str], **parameters: Any) -> list[dict[str, Any]]:
        """Read by relations, which stand in the text: as parameters the server would filter by them, not seek."""
        return self._store.read(load(statement).with_types(types), **parameters)

    def _known(self, plans: Sequence[RelationPlan]) -> tuple[RelationPlan, ...]:
        """A relation that the data set does not have leads nowhere; asked for twice, it counts once."""
        first: dict[str, RelationPlan] = {}
        for plan in plans:
            if plan.relation in self.relations:
                first.setdefault(_name(plan), plan)
        return tuple(first.values())

    def _add_hubs(self, found: dict[str, list[Group]], hubs: Mapping[str, Sequence[RelationPlan]]) -> None:
        """Read the neighbours of hubs, one relation and direction at a time."""
        wanted: dict[RelationPlan, list[str]] = {}
        for key, plans in hubs.items():
            for plan in plans:
                wanted.setdefault(plan, []).append(key)
        for plan, keys in wanted.items():
            rows = self._read(
                "neighbourhood/hub_neighbours",
                [plan.relation],
                keys=keys,
                outgoing=plan.direction == "out",
                order=plan.order,
                common=self._common,
                limit=plan.limit,
                hub=HUB,
            )
            for row in rows:
                found[row["key"]] += records.hub_groups(plan, row)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way from a node over a neighbour: by which relation, and how it goes on."""

    key: str
    through: str
    via: Near
    hops: tuple[RelationPlan, ...]


def require_all(keys: Iterable[str], found: Collection[str]) -> None:
    """Require that all nodes were found; one that is gone means that the graph changed."""
    gone = next((key for key in keys if key not in found), None)
    if gone is not None:
        raise DatabaseError("the node went while the graph was read", where=gone, hint="write the profiles again")


def _ways(key: str, plans: Sequence[RelationPlan], groups: Sequence[Group]) -> Iterator[_Way]:
    for plan in (plan for plan in plans if plan.then):
        hops = tuple(RelationPlan(**hop.model_dump()) for hop in plan.then)
        for group in groups:
            if (group.type, group.outgoing) == (plan.relation, plan.direction == "out") and not group.are_items:
                few = [via for via in group.neighbours[:VIAS] if via.weight <= TWO_HOP_HUB]
                yield from (_Way(key, plan.relation, via, hops) for via in few)


def _led_to(way: _Way, groups: Sequence[Group]) -> Iterator[Group]:
    """Give what a way leads to but for where it came from: a via may be asked by other nodes for other hops."""
    limits = {(hop.relation, hop.direction == "out"): hop.limit for hop in reversed(way.hops)}
    for group in groups:
        limit = limits.get((group.type, group.outgoing))
        if limit is None or group.are_items:
            continue
        others = tuple(near for near in group.neighbours if near.key != way.key)
        total = group.total - (len(others) < len(group.neighbours))
        if others:
            yield Group(group.type, group.outgoing, False, others[:limit], total)


def _name(plan: RelationPlan) -> str:
    return f"{plan.relation} {plan.direction}"


def _order(plans: Sequence[RelationPlan]) -> dict[tuple[str, bool], int]:
    return {(plan.relation, plan.direction == "out"): place for place, plan in enumerate(plans)}


def _sorted(groups: Iterable[Group], order: Mapping[tuple[str, bool], int]) -> list[Group]:
    return sorted(groups, key=lambda group: (order[group.type, group.outgoing], not group.are_items))
