"""What the planner proposes for one type of node, and what is checked before it counts: it must exist in the graph."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from llm_profiles.plans.plan import Direction, EntityPlan, Hop, Order, RelationPlan, UserPlan
from llm_profiles.prompts.untrusted import plain

REASON_CHARACTERS = 300
MOST_NEIGHBOURS = 60
"""The most neighbours of a node that a proposed plan may name: each costs tokens for every node of the type."""


def _reason(text: str) -> str:
    return plain(text.encode("utf-8", "ignore").decode(), REASON_CHARACTERS)


Reason = Annotated[str, AfterValidator(_reason), Field(description="one sentence for the person who reads the plan")]


class _Proposed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChosenRelation(_Proposed):
    """A relation that tells something about nodes of this type."""

    relation: str
    direction: Direction
    limit: int = Field(default=8, ge=1, le=30)
    order: Order = "popular"
    then: list[Hop] = Field(default=[], max_length=3, description="what is told of its first neighbours")
    reason: Reason

    def plan(self) -> RelationPlan:
        """Give it as the part of a plan."""
        return RelationPlan(**self.model_dump(exclude={"reason"}))


class EntityProposal(_Proposed):
    """The plan of this type of node: its relations in the order in which they are told."""

    relations: list[ChosenRelation]
    texts: list[str] = Field(default=[], description="properties that hold a text")
    text_characters: int = Field(default=1200, ge=100, le=4000)
    reviews: int = Field(default=3, ge=0, le=10)
    review_characters: int = Field(default=300, ge=50, le=1000)
    reason: Reason

    def plan(self) -> EntityPlan:
        """Give it as the part of a plan."""
        relations = tuple(chosen.plan() for chosen in self.relations)
        return EntityPlan(relations=relations, **self.model_dump(exclude={"relations", "reason"}))


class UserProposal(_Proposed):
    """The plan of users."""

    items: int = Field(default=20, ge=1, le=60)
    item_profiles: int = Field(default=8, ge=0, le=20)
    shared: int = Field(default=12, ge=0, le=30)
    reviews: int = Field(default=3, ge=0, le=10)
    review_characters: int = Field(default=300, ge=50, le=1000)
    reason: Reason

    def plan(self) -> UserPlan:
        """Give it as the part of a plan."""
        return UserPlan(**self.model_dump(exclude={"reason"}))


@dataclass(frozen=True, slots=True)
class Known:
    """What there is for a type of node.

    Attributes:
        relations: relation and direction, as nodes of the type have them.
        hops: relation and direction, as any node of the data set has them.
        texts: properties that hold a text.
    """

    relations: Collection[tuple[str, Direction]]
    hops: Collection[tuple[str, Direction]]
    texts: Collection[str]

    def check(self, proposal: EntityProposal) -> None:
        """Refuse what is not there, twice there, or too much.

        Raises:
            ValueError: with what there is, for the model to mend it.
        """
        chosen = [(part.relation, part.direction) for part in proposal.relations]
        hops = [(hop.relation, hop.direction) for part in proposal.relations for hop in part.then]
        _require_all(chosen, self.relations, "this type has no relation")
        _require_all(hops, self.hops, "the data set has no relation")
        _require_all(proposal.texts, self.texts, "there is no text")
        twice = sorted({_words(name) for name in chosen if chosen.count(name) > 1})
        if twice:
            raise ValueError(f"chosen twice: {', '.join(twice)}")
        if not chosen and self.relations:
            raise ValueError("choose at least one relation")
        named = sum(part.limit for part in proposal.relations)
        if named > MOST_NEIGHBOURS:
            raise ValueError(f"the limits add up to {named} neighbours, the most is {MOST_NEIGHBOURS}")


Name = TypeVar("Name", str, tuple[str, Direction])


def _require_all(chosen: Collection[Name], known: Collection[Name], wrong: str) -> None:
    missing = sorted({_words(name) for name in chosen if name not in known})
    if missing:
        there = ", ".join(sorted(map(_words, known))[:60]) or "none"
        raise ValueError(f"{wrong} {', '.join(missing)}; there are: {there}")


def _words(name: str | tuple[str, Direction]) -> str:
    return name if isinstance(name, str) else " ".join(name)


def checked(known: Known) -> type[EntityProposal]:
    """Give the proposal of a type of node as a class whose validation knows what there is."""

    def exists(proposal: EntityProposal) -> EntityProposal:
        known.check(proposal)
        return proposal

    # pydantic's own type of `__validators__` names plain functions, and takes what the decorators give
    validators: dict[str, Any] = {"exists": model_validator(mode="after")(exists)}
    return create_model("Plan", __base__=EntityProposal, __doc__=EntityProposal.__doc__, __validators__=validators)
