"""Why an item suits a user: reasons as paths of the graph, the strongest first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cypher import statements
from cypher.answers.names import Named, find_item, find_user, named
from cypher.answers.phrases import Phrase, common_phrases
from cypher.answers.relation_types import for_dataset
from cypher.store import Store

HISTORY = 500
"""Items of a user's history that reasons are looked for among, the latest first."""

PHRASES = 3
"""The most reasons that are phrases."""
READ_PROFILES = 100
"""Items of the history whose profiles are read, the latest first."""
OTHER_PROFILES = 500
"""Profiles of other items that tell which phrases are common."""


@dataclass(frozen=True)
class Reason:
    """Why an item suits a user: a path in the graph.

    Attributes:
        kind: `similar item`, `linked item`, `shared entity` or `common phrase` (of profiles).
        text: the reason in words.
        contribution: 0..1, what it is ranked by: the similarity, or specificity x support / (support + 1).
            Among the reasons for one item it says which is told first, never how much of the score it makes.
        liked: up to three of the user's items (train) that the path goes through.
        entity: the entity shared with them, or None.
        relation: the relation between item and entity in words, or None.
        support: how many of the user's items the path goes through; of a phrase also his own profile.
    """

    kind: Literal["similar item", "linked item", "shared entity", "common phrase"]
    text: str
    contribution: float
    liked: tuple[Named, ...]
    entity: Named | None
    relation: str | None
    support: int


def explain(store: Store, dataset: str, user: str, item: str, *, limit: int = 10) -> list[Reason]:
    """Give the reasons why an item suits a user, the strongest first; none is an answer too.

    Raises:
        NotFoundError, UsageError: as `recommend`, of user and item.
    """
    user_key, item_key = find_user(store, dataset, user).key, find_item(store, dataset, item).key
    statement = for_dataset(store, statements.load("recommend/explain"), dataset)
    rows = store.read(statement, dataset=dataset, user=user_key, item=item_key, reasons=limit, history=HISTORY)
    found = [reason(row) for row in rows]
    told = {each.entity.name.lower() for each in found if each.entity}
    return _together(found, _phrases(store, dataset, user_key, item_key, told), limit)


def _together(paths: list[Reason], phrases: list[Reason], limit: int) -> list[Reason]:
    """Rank both kinds; the best phrase keeps the last place where paths alone would fill all."""
    ranked = sorted([*paths, *phrases], key=lambda each: -each.contribution)[:limit]
    if phrases and limit > 2 and phrases[0] not in ranked:
        ranked[-1] = phrases[0]
    return ranked


def _phrases(store: Store, dataset: str, user: str, item: str, told: Collection[str]) -> list[Reason]:
    """Give the rare phrases that the item's profile has in common with the user's and his items', but those told."""
    address = {"dataset": dataset, "user": user, "item": item}
    found = store.read("recommend/explain_texts", **address, history=READ_PROFILES, others=OTHER_PROFILES)
    if not found or not found[0]["profile"]:
        return []
    texts = found[0]
    liked = {node["key"]: node for node in texts["liked"]}
    profiles = {key: node["profile"] for key, node in liked.items()}
    if texts["user_profile"]:
        profiles[user] = texts["user_profile"]
    name = texts["name"] or item
    phrases = common_phrases(texts["profile"], profiles, texts["others"], PHRASES, own_name=name)
    return [_of_phrase(phrase, name, user, liked) for phrase in phrases if phrase.words.lower() not in told]


def _of_phrase(phrase: Phrase, item: str, user: str, nodes: Mapping[str, Mapping[str, Any]]) -> Reason:
    liked = tuple(named(nodes[key]) for key in phrase.holders if key != user)
    own = ["the user's"] if user in phrase.holders else []
    names = ", ".join([*own, *(f"{node.name}'s" for node in liked[:3])])
    more = f" and {len(liked) - 3} more" if len(liked) > 3 else ""
    text = f"the profile of {item} says '{phrase.words}', as do {names}{more}"
    return Reason("common phrase", text, round(phrase.contribution, 4), liked[:3], None, None, len(phrase.holders))


def reason(row: Mapping[str, Any]) -> Reason:
    """Read a reason of a record."""
    return Reason(
        kind=row["kind"],
        text=row["text"],
        contribution=row["contribution"],
        liked=tuple(named(node) for node in row["liked"]),
        entity=named(row["entity"]) if row["entity"] else None,
        relation=row["relation"],
        support=row["support"],
    )
