"""What is read of each node's neighbourhood: relations, hops, limits, order, and which texts.

A plan is a YAML file that a person can read, edit and commit. Every read is bounded by it.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from llm_profiles.contract import Kind

ANY = "*"
"""The plan of types that have none of their own."""

Direction = Literal["out", "in"]
Order = Literal["popular", "telling", "name"]


class Part(BaseModel):
    """A part of a plan; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hop(Part):
    """A second hop: what the graph says about a neighbour.

    Attributes:
        relation: a relation of the data set (`BIRTH_PLACE`).
        direction: `out` where the neighbour is the head.
        limit: the most neighbours of one neighbour.
    """

    relation: str
    direction: Direction = "out"
    limit: int = Field(default=2, ge=1, le=20)


class RelationPlan(Part):
    """One relation of a type of node.

    Attributes:
        relation: a relation of the data set (`DIRECTED_BY`).
        direction: `out` where the described node is the head.
        limit: the most neighbours.
        order: `popular`: items by train popularity, others by degree; `telling`: the same, but what is linked with
            a quarter as many nodes as there are items, or more, comes last; `name`: by name. Ties by key.
        then: second hops, read for the first few neighbours that are no items.
    """

    relation: str
    direction: Direction = "out"
    limit: int = Field(default=8, ge=1, le=100)
    order: Order = "popular"
    then: tuple[Hop, ...] = ()


class EntityPlan(Part):
    """A type of items or auxiliary entities.

    Attributes:
        relations: in the order in which they are told.
        texts: properties that hold a text, all that are there.
        text_characters: the most characters of each text.
        reviews: the most train reviews of an item; auxiliary entities have none.
        review_characters: the most characters of a review.
    """

    relations: tuple[RelationPlan, ...] = ()
    texts: tuple[str, ...] = ()
    text_characters: int = Field(default=1200, ge=1, le=20_000)
    reviews: int = Field(default=3, ge=0, le=50)
    review_characters: int = Field(default=300, ge=1, le=5000)


class UserPlan(Part):
    """Users.

    Attributes:
        items: the most train items that are named.
        order: `latest` where times are known, then popular; or `popular`.
        item_profiles: how many of the items, the first ones, come with their profile.
        shared: entities that several train items lead to.
        shared_from: train items from which these are counted.
        reviews: own reviews of train items.
        review_characters: the most characters of a review.
    """

    items: int = Field(default=20, ge=1, le=500)
    order: Literal["latest", "popular"] = "latest"
    item_profiles: int = Field(default=8, ge=0, le=100)
    shared: int = Field(default=12, ge=0, le=100)
    shared_from: int = Field(default=200, ge=1, le=1000)
    reviews: int = Field(default=3, ge=0, le=50)
    review_characters: int = Field(default=300, ge=1, le=5000)


class NeighbourhoodPlan(Part):
    """The plan of a data set: per type label of items and of auxiliary entities, and for users.

    Attributes:
        version: of this format.
        items: by type label (`MusicalArtist`), `*` for all others.
        entities: the same for auxiliary entities.
        users: for users.
    """

    version: Literal[1] = 1
    items: dict[str, EntityPlan]
    entities: dict[str, EntityPlan]
    users: UserPlan = UserPlan()

    def of(self, kind: Kind, label: str) -> EntityPlan:
        """Give the plan of a type of items or auxiliary entities; of a type that no plan names nothing is read."""
        plans = self.items if kind == "item" else self.entities
        return plans.get(label) or plans.get(ANY) or EntityPlan(reviews=0)

    def sha(self) -> str:
        """Name the plan: the first 12 hex digits of the SHA-256 of its content."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
