"""Plans that nobody wrote: of the whole graph, and by what the graph's own schema shows to tell nodes apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from llm_profiles.contract import Kind
from llm_profiles.graph_schema import TEXT_FIELDS, RelationSchema, TypeSchema
from llm_profiles.plans.plan import ANY, Direction, EntityPlan, Hop, NeighbourhoodPlan, RelationPlan, UserPlan

if TYPE_CHECKING:
    from llm_profiles.graph_tools import GraphTools

WHOLE_NEIGHBOURS = 20
WHOLE_ITEMS = 200
"""Items of a user from which shared entities are counted, in the plan of the whole graph."""

MOST_RELATIONS = 12
MOST_NEIGHBOURS = 40
"""Neighbours that a node has named in the mean, all relations together: a paragraph cannot use more."""

MOST_LIMIT = 12
"""Neighbours by one relation."""

MOST_ITEMS = 8
"""Items of an auxiliary entity by one relation: each comes with its profile."""

FEWEST: dict[Kind, float] = {"item": 0.02, "entity": 0.05}
"""A relation that a smaller share of the nodes has is left out."""

COMMON = 0.95
"""A relation by which a larger share of the nodes leads to the same neighbour tells none of them apart."""

NAMED = 0.5
"""A relation whose neighbours have names with letters in a smaller share is left out, where others are named."""

MOST_HOPS = 4
HOP_DEGREE = 4.0
"""Second hops go over relations of few neighbours, and tell what few things these lead to."""


def whole_plan(tools: GraphTools) -> NeighbourhoodPlan:
    """Give the plan of the template: all relations in both directions, the items' texts, no reviews of items."""
    both: list[tuple[str, Direction]] = [(name, end) for name in tools.relations for end in _BOTH]
    relations = tuple(RelationPlan(relation=name, direction=end, limit=WHOLE_NEIGHBOURS) for name, end in both)
    return NeighbourhoodPlan(
        items={ANY: EntityPlan(relations=relations, texts=TEXT_FIELDS, text_characters=20_000, reviews=0)},
        entities={ANY: EntityPlan(relations=relations, reviews=0)},
        users=UserPlan(items=WHOLE_ITEMS, shared_from=WHOLE_ITEMS),
    )


def default_plan(tools: GraphTools) -> NeighbourhoodPlan:
    """Give the plan for language models where nobody chose one, derived from the graph's own schema.

    Each type gets the relations that tell its nodes apart: those that enough of its nodes have, that do not lead to
    the same neighbour nearly everywhere, and whose neighbours have names, if any have.
    """
    types = {(part.kind, part.label): part for part in tools.schema()}
    reviews = 3 if tools.has_reviews else 0
    plans: dict[Kind, dict[str, EntityPlan]] = {"item": {}, "entity": {}}
    for (kind, label), part in types.items():
        plans[kind][label or ANY] = _entity_plan(part, types.values(), reviews if kind == "item" else 0)
    return NeighbourhoodPlan(items=plans["item"], entities=plans["entity"], users=UserPlan(reviews=reviews))


_BOTH: tuple[Direction, Direction] = ("out", "in")


def _entity_plan(part: TypeSchema, types: Iterable[TypeSchema], reviews: int) -> EntityPlan:
    chosen = _chosen(part)
    limits = _limits(part, chosen)
    relations = []
    hops_left = MOST_HOPS if part.kind == "item" else 0
    for relation, limit in zip(chosen, limits, strict=True):
        then = _hops(relation, types)[:hops_left]
        hops_left -= len(then)
        relations.append(
            RelationPlan(
                relation=relation.type,
                direction=_direction(relation),
                limit=limit,
                order="popular" if relation.are_items else "telling",
                then=tuple(then),
            )
        )
    return EntityPlan(relations=tuple(relations), texts=part.texts, reviews=reviews)


def _chosen(part: TypeSchema) -> list[RelationSchema]:
    """Give the relations that tell most, first; each direction once, though it may lead to items and to others."""
    telling = [relation for relation in part.relations if _tells(relation, part)]
    if any(relation.named >= NAMED for relation in telling):
        telling = [relation for relation in telling if relation.named >= NAMED]
    telling.sort(key=lambda relation: (-_worth(relation), relation.type))
    once = {(relation.type, relation.outgoing): relation for relation in reversed(telling)}
    return [relation for relation in telling if once[relation.type, relation.outgoing] is relation][:MOST_RELATIONS]


def _tells(relation: RelationSchema, part: TypeSchema) -> bool:
    alike = relation.common > COMMON and part.sampled > 10 and relation.neighbours * relation.degree < part.sampled
    return relation.share >= FEWEST[part.kind] and not alike


def _worth(relation: RelationSchema) -> float:
    """How many nodes it says something about, how different that is, and how much of it can be named.

    As it is written rather than turned round, where both say the same.
    """
    named = min(1.0, MOST_LIMIT / relation.degree)
    return relation.share * (1.0 - relation.common / 2) * named * (1.1 if relation.outgoing else 1.0)


def _limits(part: TypeSchema, chosen: Sequence[RelationSchema]) -> list[int]:
    """Half as many again as a node has in the mean, from 3 up; less where all together would be too many."""
    wanted = [min(_most(part, relation), max(3, math.ceil(1.5 * relation.degree))) for relation in chosen]
    named = sum(relation.share * limit for relation, limit in zip(chosen, wanted, strict=True))
    return [max(2, math.floor(limit * min(1.0, MOST_NEIGHBOURS / max(named, 1.0)))) for limit in wanted]


def _most(part: TypeSchema, relation: RelationSchema) -> int:
    return MOST_ITEMS if part.kind == "entity" and relation.are_items else MOST_LIMIT


def _hops(relation: RelationSchema, types: Iterable[TypeSchema]) -> list[Hop]:
    """Give what is told of neighbours: what is known of most of them and is not the same for all."""
    if relation.are_items or relation.degree > HOP_DEGREE:
        return []
    via = [part for part in types if part.kind == "entity" and part.label in relation.labels]
    further = [
        (_worth(hop) * part.nodes, hop)
        for part in via
        for hop in part.relations
        if not hop.are_items
        and (hop.type, hop.outgoing) != (relation.type, not relation.outgoing)
        and hop.degree <= HOP_DEGREE
        and hop.share >= 0.2
        and hop.named >= NAMED
        and _tells(hop, part)
    ]
    best: dict[tuple[str, Direction], None] = {}
    for _, hop in sorted(further, key=lambda pair: (-pair[0], pair[1].type)):
        best.setdefault((hop.type, _direction(hop)))
    return [Hop(relation=name, direction=direction) for name, direction in list(best)[:2]]


def _direction(relation: RelationSchema) -> Direction:
    return "out" if relation.outgoing else "in"
