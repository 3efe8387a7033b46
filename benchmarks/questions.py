"""What an application asks the synthetic graph: users, sessions and genres drawn by chance, and the statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString

import numpy as np
from neo4j import READ_ACCESS

from benchmarks.big_graph import KINDS, Size
from benchmarks.big_graph_loading import NAME
from cypher import statements
from cypher.answers.lists import HISTORY, LIVE_CAP, ListStatement
from cypher.answers.relation_types import for_dataset
from cypher.statements import Statement
from cypher.store import Store

K = 10
REASONS = 3
SESSION = 5
CAP = LIVE_CAP
"""Users that the live rival asks of each item: what keeps 95 % of its recall on Last.FM (`benchmarks.live_cap`)."""

NO_CAP = 1_000_000

_LATEST: LiteralString = """MATCH (:User {key: $user})-[seen:INTERACTED]->(item)
WITH item ORDER BY seen.at DESC LIMIT $items
RETURN item.key AS item"""

Question = Callable[[], list[dict[str, Any]]]


@dataclass(frozen=True)
class Questions:
    """Draws questions; each is a call that asks one of them.

    Attributes:
        store: whom they are asked.
        generator: what draws.
        size: of the graph.
        by_user: `recommend/by_user`.
        with_reasons: `recommend/with_reasons` with the relation types of the graph.
        filtered: `recommend/filtered`, so too.
    """

    store: Store
    generator: np.random.Generator
    size: Size
    by_user: ListStatement
    with_reasons: ListStatement
    filtered: Statement

    @classmethod
    def of(cls, store: Store, seed: int, size: Size | None = None) -> Questions:
        """Give questions to the graph of a store."""
        loaded = (statements.load(f"recommend/{name}") for name in ("by_user", "with_reasons", "filtered"))
        by_user, with_reasons, filtered = (for_dataset(store, statement, NAME) for statement in loaded)
        lists = ListStatement.of(by_user), ListStatement.of(with_reasons)
        return cls(store, np.random.default_rng(seed), size or Size(), *lists, filtered)

    def round_trip(self) -> Question:
        """Ask for nothing: what driver, network and server cost whatever is asked."""
        return lambda: self._ask("RETURN 1 AS one")

    def listed(self) -> Question:
        """Ask for a user's list."""
        user = self.user()
        return lambda: self.by_user.read(self.store, K, dataset=NAME, user=user)

    def reasoned(self) -> Question:
        """Ask for a user's list with reasons."""
        user = self.user()
        return lambda: self.with_reasons.read(self.store, K, dataset=NAME, user=user, reasons=REASONS, history=HISTORY)

    def of_a_genre(self) -> Question:
        """Ask for a user's items of one genre."""
        user, genre = self.user(), int(self.generator.integers(0, round(KINDS[0].share * self.size.entities)))
        entities = [f"{NAME}/genre/{genre}"]
        return lambda: self.store.read(self.filtered, dataset=NAME, user=user, k=K, entities=entities)

    def session(self) -> Question:
        """Ask what goes with the latest items of somebody."""
        items = self.latest(self.user())
        return lambda: self.store.read("recommend/by_items", dataset=NAME, items=items, k=K)

    def live(self, cap: int = CAP) -> Question:
        """Ask the rival: collaborative filtering by two hops over interactions."""
        user = self.user()
        return lambda: self.store.read("recommend/live", dataset=NAME, user=user, k=K, cap=cap)

    def mixed(self) -> Question:
        """Ask as a shop does: 70 % lists with reasons, 20 % filtered, 10 % sessions."""
        share = self.generator.random()
        return self.reasoned() if share < 0.7 else self.of_a_genre() if share < 0.9 else self.session()

    def latest(self, user: str) -> list[str]:
        """Give the keys of a user's latest items, the latest last."""
        return [row["item"] for row in reversed(self._ask(_LATEST, user=user, items=SESSION))]

    def user(self) -> str:
        """Draw a user's key."""
        return f"{NAME}/user/{self.generator.integers(0, self.size.users)}"

    def _ask(self, text: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        """Ask what no statement of the library answers, in the same way."""
        with self.store.driver.session(database=self.store.database, default_access_mode=READ_ACCESS) as session:
            return session.run(text, parameters).data()
