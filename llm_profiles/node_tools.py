"""The reads of one node as plain text, for agents: which node, data set and splits are closed over, never arguments.

Wrong arguments give a sentence that says what there is, never an exception: a model can mend its next call by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from llm_profiles.contract import Facts, Kind, Neighbour
from llm_profiles.graph_records import Group, Taken
from llm_profiles.graph_schema import TEXT_FIELDS
from llm_profiles.graph_tools import GraphTools
from llm_profiles.plans.plan import Direction, Hop, Order, RelationPlan
from llm_profiles.sentences import clean, sentence_about

TAKEN = "INTERACTED"
"""The relation of users: from a user to train items."""

MOST_NEIGHBOURS = 30
MOST_REVIEWS = 10
MOST_REVIEW_CHARACTERS = 1000
TEXT_CHARACTERS = 1200
_SELF = {"item": "this item", "entity": "this entity", "user": "this user"}


class NodeTools:
    """Reads around one node.

    Args:
        tools: reads the data set.
        kind: what the node is.
        key: its key.
        profiles: of nodes, by key, as far as they are written.
        characters: the most of each answer.
    """

    def __init__(
        self, tools: GraphTools, kind: Kind, key: str, profiles: Mapping[str, str], characters: int = 4000
    ) -> None:
        self._tools = tools
        self._kind = kind
        self._key = key
        self._profiles = profiles
        self._characters = characters

    def describe(self) -> str:
        """Give its name, type and own texts; of a user only how many items were taken."""
        if self._kind == "user":
            return self._cut([f"A user with {self._taken(1).total} train items."])
        node = self._tools.describe([self._key], self._text_fields(), TEXT_CHARACTERS)[self._key]
        lines = [f"name: {clean(node.name)}", f"type: {node.label or self._kind}"]
        return self._cut([*lines, *(f"{field}: {clean(text)}" for field, text in node.texts.items())])

    def relations(self) -> str:
        """Give its relations, with directions and numbers of neighbours."""
        if self._kind == "user":
            return f"{TAKEN} out: {self._taken(1).total} train items"
        degrees = self._tools.relations_of([self._key])[self._key]
        lines = [f"{d.type} {'out' if d.outgoing else 'in'}: {d.degree}" for d in degrees]
        return self._cut(lines or [f"There are no relations of {_SELF[self._kind]}."])

    def neighbours(self, relation: str, direction: Direction = "out", limit: int = 8, order: Order = "popular") -> str:
        """Give its neighbours by one relation and direction.

        Args:
            relation: as `relations` gives it.
            direction: `out` where the node is the head.
            limit: the most neighbours, up to 30.
            order: `popular`, `telling` or `name`.
        """
        if direction not in get_args(Direction) or order not in get_args(Order):
            return f"The direction is one of {get_args(Direction)}, the order one of {get_args(Order)}."
        limit = _within(limit, 8, MOST_NEIGHBOURS)
        if self._kind == "user":
            return self._items(relation, limit)
        name = self._relation(relation)
        if name is None:
            return self._unknown(relation)
        plan = RelationPlan(relation=name, direction=direction, limit=limit, order=order)
        groups = self._tools.neighbours({self._key: (plan,)})[self._key]
        return self._cut(map(self._sentence, groups)) if groups else self._nothing(f"{name} {direction}")

    def two_hop(self, relation: str, then: str, limit: int = 8) -> str:
        """Give what its neighbours by one relation lead to by another, in whatever directions there are.

        Only neighbours that are no items and no hubs are gone through, and only to entities that are no items.
        """
        first, second = self._relation(relation), self._relation(then)
        if self._kind == "user" or first is None or second is None:
            return self._unknown(then if first else relation)
        limit = _within(limit, 8, 20)
        hops = (Hop(relation=second, direction="out", limit=limit), Hop(relation=second, direction="in", limit=limit))
        plans = tuple(RelationPlan(relation=first, direction=d, limit=limit, then=hops) for d in _BOTH)
        near = self._tools.neighbours({self._key: plans})
        further = self._tools.two_hop({self._key: plans}, near)[self._key]
        lines = [sentence_about(clean(f.via.name), self._facts(f.group)) for f in further]
        return self._cut(dict.fromkeys(lines)) if lines else self._nothing(f"{first} and then {second}")

    def reviews(self, limit: int = 3, max_chars: int = 300) -> str:
        """Give reviews of an item, or a user's own."""
        limit = _within(limit, 3, MOST_REVIEWS)
        characters = _within(max_chars, 300, MOST_REVIEW_CHARACTERS)
        if self._kind == "user":
            own = self._tools.history([self._key], items=1, reviews=limit, characters=characters)[self._key].reviews
            lines = [f'About {clean(review.about)}: "{clean(review.text)}"' for review in own]
        elif self._kind == "item":
            lines = [f'"{clean(text)}"' for text in self._tools.reviews([self._key], limit, characters)[self._key]]
        else:
            lines = []
        return self._cut(lines) if lines else f"There are no reviews of {_SELF[self._kind]}."

    def neighbour_profiles(self, relation: str, limit: int = 4) -> str:
        """Give the profiles of neighbours, where they are written already."""
        limit = _within(limit, 4, MOST_REVIEWS)
        if self._kind == "user":
            found = [Neighbour(key, name) for key, name in self._taken(MOST_NEIGHBOURS).items]
        else:
            name = self._relation(relation)
            if name is None:
                return self._unknown(relation)
            plans = tuple(RelationPlan(relation=name, direction=d, limit=MOST_NEIGHBOURS) for d in _BOTH)
            groups = self._tools.neighbours({self._key: plans})[self._key]
            found = [Neighbour(near.key, near.name) for group in groups for near in group.neighbours]
        lines = [f"{clean(n.name)}: {clean(self._profiles[n.key])}" for n in found if self._profiles.get(n.key)]
        return self._cut(lines[:limit]) if lines else "No profile of these neighbours is written."

    def _items(self, relation: str, limit: int) -> str:
        if _spelt(relation) != TAKEN:
            return self._unknown(relation)
        taken = self._taken(limit)
        return self._cut([f"{taken.total} train items, the first of them:", *(clean(name) for _, name in taken.items)])

    def _taken(self, items: int) -> Taken:
        return self._tools.history([self._key], items=items, reviews=0)[self._key]

    def _text_fields(self) -> Sequence[str]:
        found = {field: None for part in self._tools.schema() if part.kind == self._kind for field in part.texts}
        return tuple(found) or TEXT_FIELDS

    def _relation(self, name: str) -> str | None:
        return _spelt(name) if _spelt(name) in self._tools.relations else None

    def _unknown(self, relation: str) -> str:
        return self._cut([f"There is no relation '{clean(str(relation))[:60]}'. There are:", self.relations()])

    def _nothing(self, asked: str) -> str:
        return self._cut([f"Nothing by {asked}. There are:", self.relations()])

    def _facts(self, group: Group) -> Facts:
        relation = self._tools.relations[group.type]
        near = tuple(Neighbour(n.key, n.name) for n in group.neighbours)
        return Facts(group.type, relation.name, relation.sentence, group.outgoing, group.are_items, near, group.total)

    def _sentence(self, group: Group) -> str:
        name = self._tools.describe([self._key])[self._key].name
        return sentence_about(clean(name), self._facts(group))

    def _cut(self, lines: Iterable[str]) -> str:
        text = "\n".join(lines)
        return text if len(text) <= self._characters else text[: self._characters - 1] + "…"


_BOTH: tuple[Direction, Direction] = ("out", "in")


def _spelt(relation: object) -> str:
    return "_".join(str(relation).upper().split())


def _within(value: object, default: int, most: int) -> int:
    """Give a number from 1 to `most`; what is no number counts as the default."""
    try:
        return max(1, min(most, int(value)))  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return default
