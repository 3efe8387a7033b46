"""What the reads of the graph give, made from the rows of their statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llm_profiles.contract import Review
from llm_profiles.plans.plan import RelationPlan


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the data set: its type, its name in words, and a sentence with `{head}` and `{tail}`."""

    type: str
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Node:
    """An item or auxiliary entity: its type label (empty where it has none) and its texts by property."""

    key: str
    name: str
    label: str
    is_item: bool
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Degree:
    """How many neighbours a node has by one relation and direction."""

    type: str
    outgoing: bool
    degree: int


@dataclass(frozen=True, slots=True)
class Near:
    """A neighbour; `weight` is the train popularity of an item, of others the number of relationships."""

    key: str
    name: str
    weight: int


@dataclass(frozen=True, slots=True)
class Group:
    """The first neighbours of a node by one relation and direction, items or others, and how many there are."""

    type: str
    outgoing: bool
    are_items: bool
    neighbours: tuple[Near, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Further:
    """What a neighbour leads to: `through` is the relation that leads to `via`."""

    through: str
    via: Near
    group: Group


@dataclass(frozen=True, slots=True)
class Taken:
    """What a user took: the first items (key, name), how many there are, and own reviews."""

    key: str
    name: str
    items: tuple[tuple[str, str], ...]
    total: int
    reviews: tuple[Review, ...]


def named(key: str, name: str) -> str:
    """Give the name of a node; without one it is called by its source id."""
    return name or key.rsplit("/", 1)[-1]


def node(row: Mapping[str, Any]) -> Node:
    """Give a row of `describe`."""
    name = named(row["key"], row["name"])
    return Node(row["key"], name, min(row["labels"], default=""), row["is_item"], dict(row["texts"]))


def near(rows: Iterable[Sequence[Any]]) -> tuple[Near, ...]:
    """Give neighbours."""
    return tuple(Near(key, named(key, name), weight) for key, name, weight in rows)


def group(row: Mapping[str, Any]) -> Group:
    """Give a group of `neighbours`."""
    return Group(row["type"], row["outgoing"], row["is_item"], near(row["neighbours"]), row["total"])


def hub_groups(plan: RelationPlan, row: Mapping[str, Any]) -> Iterator[Group]:
    """Give a row of `hub_neighbours`: the items and the others among the first neighbours, and how many there are."""
    for found in row["groups"]:
        total = row["items"] if found["is_item"] else row["total"] - row["items"]
        yield Group(plan.relation, plan.direction == "out", found["is_item"], near(found["neighbours"]), total)


def taken(row: Mapping[str, Any]) -> Taken:
    """Give a row of `users`."""
    items = tuple((key, named(key, name)) for key, name in row["items"])
    reviews = tuple(Review(about, text) for about, text in row["reviews"])
    return Taken(row["key"], named(row["key"], row["name"]), items, row["total"], reviews)
