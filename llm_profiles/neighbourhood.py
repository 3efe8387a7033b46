"""Train neighbourhoods of many nodes at once, as a plan asks for them.

The number of queries grows with the number of batches, never with the number of nodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import chain

from cypher.store import Store
from llm_profiles.contract import Context, Facts, Kind, Neighbour, Review, Shared, Split, TwoHop
from llm_profiles.graph_records import Further, Group, Near, Node, Taken
from llm_profiles.graph_tools import GraphTools
from llm_profiles.plans.default import whole_plan
from llm_profiles.plans.plan import EntityPlan, NeighbourhoodPlan, RelationPlan

CACHED_ITEMS = 50_000
"""The most items whose facts are kept for the users that took them."""


class Neighbourhood:
    """Reads contexts of one data set.

    Args:
        store: where the graph is.
        dataset: its name.
        plan: what is read around each node; all relations by default (`whole_plan`).
        splits: `train`, or `train` and `valid`.
        nodes: nodes of a batch.

    Raises:
        NotFoundError, DatabaseError, DatasetLockedError: there is no such data set, or it is being written.
        UsageError: other splits.
    """

    def __init__(
        self,
        store: Store,
        dataset: str,
        plan: NeighbourhoodPlan | None = None,
        *,
        splits: Sequence[Split] = ("train",),
        nodes: int = 500,
    ) -> None:
        self.tools = GraphTools(store, dataset, splits=splits)
        self.record = self.tools.record
        self.plan = plan or whole_plan(self.tools)
        self._nodes = nodes
        self._linked = _Linked()

    def keys(self) -> dict[Kind, list[str]]:
        """Give the keys of all nodes by kind, in the order of their idx."""
        return self.tools.keys()

    def contexts(self, kind: Kind, keys: Sequence[str]) -> Iterator[list[Context]]:
        """Give the contexts of nodes of one kind, a batch at a time, in the order of the keys.

        Raises:
            DatabaseError: a node went while the graph was read.
        """
        for batch in _batches(keys, self._nodes):
            yield self._users(batch) if kind == "user" else self._entities(kind, batch)

    def _entities(self, kind: Kind, keys: Sequence[str]) -> list[Context]:
        nodes = self._described(kind, keys)
        plans = {key: self.plan.of(kind, node.label) for key, node in nodes.items()}
        near, asked = self._near(plans)
        further = self.tools.two_hop(asked, near)
        reviews = self._reviews(plans) if kind == "item" else {}
        found = [
            Context(
                kind=kind,
                key=key,
                name=nodes[key].name,
                label=nodes[key].label,
                facts=self._facts(near[key]),
                two_hop=tuple(map(self._two_hop, further[key])),
                texts=_texts(plans[key], nodes[key]),
                reviews=reviews.get(key, ()),
            )
            for key in keys
        ]
        if kind == "item":
            self._linked.add({context.key: context.facts for context in found})
        return found

    def _described(self, kind: Kind, keys: Sequence[str]) -> dict[str, Node]:
        plans = (self.plan.items if kind == "item" else self.plan.entities).values()
        fields = dict.fromkeys(field for plan in plans for field in plan.texts)
        return self.tools.describe(keys, tuple(fields), max((plan.text_characters for plan in plans), default=1))

    def _near(
        self, plans: Mapping[str, EntityPlan]
    ) -> tuple[dict[str, list[Group]], dict[str, tuple[RelationPlan, ...]]]:
        asked = {key: plan.relations for key, plan in plans.items()}
        return self.tools.neighbours(asked), asked

    def _reviews(self, plans: Mapping[str, EntityPlan]) -> dict[str, tuple[Review, ...]]:
        """Read reviews of items; plans that ask for the same are read together."""
        wanted: dict[tuple[int, int], list[str]] = {}
        for key, plan in plans.items():
            if plan.reviews:
                wanted.setdefault((plan.reviews, plan.review_characters), []).append(key)
        read = [self.tools.reviews(keys, limit, characters) for (limit, characters), keys in wanted.items()]
        return {key: tuple(Review("", text) for text in texts) for part in read for key, texts in part.items()}

    def _facts(self, groups: Sequence[Group]) -> tuple[Facts, ...]:
        return tuple(map(self._fact, groups))

    def _fact(self, group: Group) -> Facts:
        relation = self.tools.relations[group.type]
        neighbours = tuple(map(_neighbour, group.neighbours))
        return Facts(
            group.type, relation.name, relation.sentence, group.outgoing, group.are_items, neighbours, group.total
        )

    def _two_hop(self, further: Further) -> TwoHop:
        return TwoHop(further.through, _neighbour(further.via), self._fact(further.group))

    def _users(self, keys: Sequence[str]) -> list[Context]:
        plan = self.plan.users
        taken = self.tools.history(
            keys,
            items=max(plan.items, plan.shared_from),
            reviews=plan.reviews,
            characters=plan.review_characters,
            latest=plan.order == "latest",
        )
        if plan.shared:
            self._link({key for user in taken.values() for key, _ in user.items[: plan.shared_from]})
        return [self._user(taken[key]) for key in keys]

    def _link(self, items: set[str]) -> None:
        """Read the facts of items that users took and that are not known yet."""
        for batch in _batches(self._linked.missing(items), self._nodes):
            nodes = self.tools.describe(batch)
            near, _ = self._near({key: self.plan.of("item", node.label) for key, node in nodes.items()})
            self._linked.add({key: self._facts(groups) for key, groups in near.items()})

    def _user(self, taken: Taken) -> Context:
        plan = self.plan.users
        items = [key for key, _ in taken.items[: plan.shared_from]]
        return Context(
            kind="user",
            key=taken.key,
            name=taken.name,
            items=tuple(Neighbour(key, name) for key, name in taken.items[: plan.items]),
            num_items=taken.total,
            shared=self._linked.shared(items, plan.shared) if plan.shared else (),
            reviews=taken.reviews,
        )


class _Linked:
    """The auxiliary entities that items lead to, kept while users who took these items are read."""

    def __init__(self) -> None:
        self._entities: list[tuple[str, str]] = []
        self._number_of: dict[tuple[str, str], int] = {}
        self._of_item: dict[str, list[int]] = {}

    def missing(self, items: set[str]) -> list[str]:
        """Give the items that are not known; where too many would be, all others are forgotten."""
        if len(self._of_item.keys() | items) > CACHED_ITEMS:
            self._of_item.clear()
        return sorted(items - self._of_item.keys())

    def add(self, facts_of: Mapping[str, tuple[Facts, ...]]) -> None:
        """Keep what items lead to. Entities get numbers, because numbers are counted fastest."""
        for item, all_facts in facts_of.items():
            near = [(f.words, n) for f in all_facts if not f.are_items for n in f.neighbours]
            self._of_item[item] = [self._number(words, neighbour) for words, neighbour in near]

    def shared(self, items: Sequence[str], most: int) -> tuple[Shared, ...]:
        """Give the entities that two or more of the items lead to, most frequent first, ties by name."""
        counts = Counter(chain.from_iterable(self._of_item[item] for item in items))
        often = ((count, self._entities[number]) for number, count in counts.items() if count > 1)
        first = nsmallest(most, often, key=lambda entry: (-entry[0], entry[1]))
        return tuple(Shared(words, name, count) for count, (words, name) in first)

    def _number(self, words: str, neighbour: Neighbour) -> int:
        number = self._number_of.setdefault((words, neighbour.key), len(self._entities))
        if number == len(self._entities):
            self._entities.append((words, neighbour.name))
        return number


def _batches(keys: Sequence[str], size: int) -> Iterator[list[str]]:
    return (list(keys[start : start + size]) for start in range(0, len(keys), size))


def _neighbour(near: Near) -> Neighbour:
    return Neighbour(near.key, near.name)


def _texts(plan: EntityPlan, node: Node) -> tuple[str, ...]:
    return tuple(node.texts[field][: plan.text_characters] for field in plan.texts if field in node.texts)
