"""What the types of a data set have, found from a sample of each: what default plans are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cypher.identifiers import RESERVED_PROPERTIES
from cypher.statements import load
from cypher.store import Store
from llm_profiles.contract import Kind

SAMPLE = 300
"""The most nodes of a type that are looked at."""

HUB = 1000
"""The most relationships of a node that are looked at."""

TEXT_FIELDS = ("description", "plot", "overview", "synopsis", "abstract", "summary")
"""Properties of an item that hold a text, wherever they occur; in the order in which they are told."""

TEXT_CHARACTERS = 80
"""Other properties count as texts where they have as many characters in the mean."""

NAME = r".*\p{L}{2,}.*|(1[0-9]|20)[0-9]{2}s?"
"""A name in words, or a year or decade; other numbers are ids."""

ID = r"/?[mg][./]0\w*|Q[0-9]+"
"""Ids of Freebase and Wikidata that stand where a name should."""


@dataclass(frozen=True, slots=True)
class RelationSchema:
    """A relation of a type, in one direction, to items or to others.

    Attributes:
        type: the relation.
        outgoing: whether nodes of the type are the heads.
        are_items: whether the neighbours are items.
        share: of the nodes that have it, 0 to 1.
        degree: mean number of neighbours of those that have it.
        neighbours: how many different neighbours the sample has.
        common: share of the nodes that have it which lead to the neighbour that most lead to.
        named: share of the neighbours whose name is more than an id.
        labels: types of the neighbours.
    """

    type: str
    outgoing: bool
    are_items: bool
    share: float
    degree: float
    neighbours: int
    common: float
    named: float
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TypeSchema:
    """A type of items or auxiliary entities.

    Attributes:
        kind: items or auxiliary entities.
        label: of the type; empty where nodes have none.
        nodes: how many there are.
        sampled: how many were looked at, spread evenly over them.
        relations: what they have.
        texts: properties that hold a text.
    """

    kind: Kind
    label: str
    nodes: int
    sampled: int
    relations: tuple[RelationSchema, ...]
    texts: tuple[str, ...]


def read_schema(
    store: Store, keys: Mapping[tuple[Kind, str], Sequence[str]], relations: Sequence[str], other_labels: Sequence[str]
) -> tuple[TypeSchema, ...]:
    """Give the types of a data set, items first, those of most nodes first.

    Args:
        store: where the graph is.
        keys: by kind and type label.
        relations: of the data set.
        other_labels: labels that are no type.
    """
    found = []
    for (kind, label), nodes in keys.items():
        sample = [nodes[place * len(nodes) // min(SAMPLE, len(nodes))] for place in range(min(SAMPLE, len(nodes)))]
        statement = load("neighbourhood/schema").with_types(relations)
        rows = store.read(statement, keys=sample, other_labels=list(other_labels), hub=HUB, name=NAME, id=ID)
        parts = tuple(_relation(row, len(sample)) for row in rows)
        found.append(TypeSchema(kind, label, len(nodes), len(sample), parts, _texts(store, sample)))
    return tuple(sorted(found, key=lambda part: (part.kind != "item", -part.nodes, part.label)))


def _relation(row: Mapping[str, Any], sampled: int) -> RelationSchema:
    return RelationSchema(
        type=row["type"],
        outgoing=row["outgoing"],
        are_items=row["is_item"],
        share=row["nodes"] / sampled,
        degree=row["edges"] / row["nodes"],
        neighbours=row["others"],
        common=row["most"] / row["nodes"],
        named=row["named"] / row["edges"],
        labels=tuple(sorted(set(row["labels"]))),
    )


def _texts(store: Store, sample: Sequence[str]) -> tuple[str, ...]:
    rows = store.read("neighbourhood/texts", keys=list(sample), not_fields=sorted(RESERVED_PROPERTIES))
    fields = [row["field"] for row in rows if row["field"] in TEXT_FIELDS or row["characters"] >= TEXT_CHARACTERS]
    known = {field: place for place, field in enumerate(TEXT_FIELDS)}
    return tuple(sorted(fields, key=lambda field: (known.get(field, len(known)), field)))
