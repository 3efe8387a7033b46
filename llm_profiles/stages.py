"""The contexts of one kind with the profiles of the kinds below in them (spike.md §2.1: items, entities, users)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from llm_profiles.contract import Context, Kind, Neighbour
from llm_profiles.neighbourhood import Neighbourhood

Texts = Callable[[Collection[str]], Mapping[str, str]]
"""Gives the profiles of nodes by key; nodes without one are left out."""


def contexts_of(
    neighbourhood: Neighbourhood, kind: Kind, keys: Sequence[str], texts: Texts | None
) -> Iterator[Context]:
    """Give the contexts of nodes of one kind, in the order of the keys.

    Args:
        neighbourhood: reads them, a batch at a time.
        kind: of the nodes.
        keys: of the nodes.
        texts: the profiles that were written before; None for writers that read none.
    """
    users = neighbourhood.plan.users
    for contexts in neighbourhood.contexts(kind, keys):
        if texts is None or kind == "item":
            yield from contexts
            continue
        known = texts({near.key for context in contexts for near in read_by(context, users.item_profiles)})
        yield from (with_profiles(context, known, users.item_profiles) for context in contexts)


def read_by(context: Context, item_profiles: int) -> list[Neighbour]:
    """Give the neighbours whose profiles a context holds: an entity's items, a user's first items, an item's none."""
    if context.kind == "user":
        return list(context.items[:item_profiles])
    if context.kind == "entity":
        return [near for facts in context.facts if facts.are_items for near in facts.neighbours]
    return []


def with_profiles(context: Context, texts: Mapping[str, str], item_profiles: int) -> Context:
    """Give a context whose neighbours carry their profiles, where these are written."""
    read = {near.key for near in read_by(context, item_profiles)}

    def near(neighbours: Sequence[Neighbour]) -> tuple[Neighbour, ...]:
        return tuple(replace(n, profile=texts.get(n.key, "")) if n.key in read else n for n in neighbours)

    facts = tuple(replace(fact, neighbours=near(fact.neighbours)) for fact in context.facts)
    return replace(context, facts=facts, items=near(context.items))
