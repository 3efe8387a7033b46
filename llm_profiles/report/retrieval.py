"""Whether profiles find each other: alike items beside each other, a user's own items above others.

The texts are embedded by `lsa`, which needs no model. The template's texts of the same nodes are the floor: a language
model's profiles that stay below it have lost what the graph says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from llm_profiles.contract import Context
from llm_profiles.embeddings import lsa
from llm_profiles.vector_store import FloatArray
from spikegraph.errors import DataError

DIMENSIONS = 64
NEIGHBOURS = 10
HUB = 0.2
"""An entity that more of the items are linked to says nothing of any two of them (rock, drama, English)."""

OTHERS = 50
"""Items that a user did not take, against which each of the own items is held."""

Texts = Mapping[str, str]
"""Profiles by the key of their node."""


class Neighbours(BaseModel):
    """Items and the items whose profiles are nearest.

    Attributes:
        share: of the nearest that are linked to an entity that the item is linked to as well, and few others.
        chance: the same of items drawn blindly.
        floor: `share` by the template's texts.
        items: how many were compared.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float
    chance: float
    floor: float
    items: int


class Ranking(BaseModel):
    """Users and their train items.

    Attributes:
        auc: how often a user's profile is nearer to an own item's than to another's; 0.5 is chance.
        floor: the same by the template's texts.
        users: how many were asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    auc: float
    floor: float
    users: int


def neighbours(contexts: Sequence[Context], texts: Texts, template: Texts) -> Neighbours | None:
    """Compare items; None where there are too few, or none with a link."""
    linked = [context for context in contexts if context.key in texts and _entities(context)]
    if len(linked) <= NEIGHBOURS:
        return None
    common = _common(linked)
    count = len(linked)
    chance = float((common.sum() - np.trace(common)) / (count * (count - 1)))
    shares = [_share([written[context.key] for context in linked], common) for written in (texts, template)]
    if shares[0] is None or shares[1] is None:
        return None
    return Neighbours(share=shares[0], chance=chance, floor=shares[1], items=count)


def ranking(
    users: Sequence[Context], own: Mapping[str, Sequence[str]], texts: Texts, template: Texts, rng: np.random.Generator
) -> Ranking | None:
    """Rank items for users; None where there is nobody to ask.

    Args:
        users: contexts of users; all items that they name are known as their own.
        own: per user the train items to find.
        texts: profiles of the users and of items.
        template: the template's texts of the same nodes.
        rng: draws the other items.
    """
    asked = [user for user in users if user.key in texts and any(item in texts for item in own[user.key])]
    items = sorted({item for user in users for item in own[user.key] if item in texts})
    if not asked or len(items) < 2:
        return None
    pairs = [_pairs(user, own[user.key], items, rng) for user in asked]
    pairs_of = {user.key: pair for user, pair in zip(asked, pairs, strict=True) if pair[1]}
    scores = [_auc(written, items, pairs_of) for written in (texts, template)]
    if scores[0] is None or scores[1] is None:
        return None
    return Ranking(auc=scores[0], floor=scores[1], users=len(pairs_of))


def _entities(context: Context) -> frozenset[str]:
    return frozenset(near.key for fact in context.facts if not fact.are_items for near in fact.neighbours)


def _common(contexts: Sequence[Context]) -> npt.NDArray[np.bool_]:
    """Say of each pair of items whether both are linked to one entity that is no hub."""
    of_entity: dict[str, list[int]] = {}
    for row, context in enumerate(contexts):
        for entity in _entities(context):
            of_entity.setdefault(entity, []).append(row)
    common = np.zeros((len(contexts), len(contexts)), dtype=np.bool_)
    for rows in (rows for rows in of_entity.values() if len(rows) <= HUB * len(contexts)):
        common[np.ix_(rows, rows)] = True
    return common


def _share(texts: Sequence[str], common: npt.NDArray[np.bool_]) -> float | None:
    vectors = _embedded(texts)
    if vectors is None:
        return None
    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    nearest = np.argpartition(-near, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    return float(np.take_along_axis(common, nearest, axis=1).mean())


def _pairs(
    user: Context, own: Sequence[str], items: Sequence[str], rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    """Give a user's own items and drawn others, both among the items."""
    known = {item.key for item in user.items}
    drawn = [items[row] for row in rng.integers(len(items), size=OTHERS)]
    there = set(items)
    return [item for item in own if item in there], [item for item in drawn if item not in known]


def _auc(texts: Texts, items: Sequence[str], pairs_of: Mapping[str, tuple[list[str], list[str]]]) -> float | None:
    keys = [*pairs_of, *items]
    vectors = _embedded([texts[key] for key in keys])
    if vectors is None or not pairs_of:
        return None
    row = {key: number for number, key in enumerate(keys)}
    return float(np.mean([_above(vectors, row, user, *pair) for user, pair in pairs_of.items()]))


def _above(vectors: FloatArray, row: Mapping[str, int], user: str, own: Sequence[str], others: Sequence[str]) -> float:
    """Give how often an own item is nearer than another; equally near counts half."""
    near = vectors[[row[item] for item in own]] @ vectors[row[user]]
    far = vectors[[row[item] for item in others]] @ vectors[row[user]]
    difference = near[:, None] - far[None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def _embedded(texts: Sequence[str]) -> FloatArray | None:
    try:
        return lsa.embed(texts, DIMENSIONS)
    except DataError:  # texts without words cannot find each other
        return None
