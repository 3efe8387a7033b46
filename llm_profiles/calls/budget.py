"""Hard limits of a profile set: money, tokens, nodes; counted from its ledger, so that they outlive a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from llm_profiles.calls.ledger import Attempt, Ledger
from spikegraph.errors import LimitReachedError

HINT = "raise the limit and ask for the same again: what was paid for is kept"


@dataclass(slots=True, eq=False)
class Spending:
    """What a call may take at most before it is sent, and what it took after its answer."""

    tokens: int
    cost: float
    taken: list[Attempt] = field(default_factory=list)


class Budget:
    """What may still be spent; used by many threads at once.

    A call is sent only where the most that it can take fits beside the most that all calls in flight can take. So a
    limit is not passed, as long as servers count no more tokens than are reserved.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        max_cost: float | None = None,
        max_tokens: int | None = None,
        max_nodes: int | None = None,
    ) -> None:
        """Set the limits of a set.

        Args:
            ledger: what earlier runs spent.
            max_cost: in US dollars.
            max_tokens: both ways.
            max_nodes: nodes that were asked for and have their answer, or were given up.
        """
        totals = ledger.totals()
        self.max_cost, self.max_tokens, self.max_nodes = max_cost, max_tokens, max_nodes
        self.cost, self.tokens = totals.cost, totals.tokens_in + totals.tokens_out
        self.nodes = totals.calls.get("done", 0) + totals.calls.get("dead", 0)
        self._reserved: list[Spending] = []
        self._changed = threading.Condition()

    def admit(self) -> None:
        """Count a node that is about to be asked for.

        Raises:
            LimitReachedError: it is one too many.
        """
        with self._changed:
            if self.max_nodes is not None and self.nodes >= self.max_nodes:
                raise LimitReachedError(f"the limit of {self.max_nodes} nodes is reached", hint=HINT)
            self.nodes += 1

    @contextmanager
    def reserve(self, tokens: int, cost: float | None) -> Iterator[Spending]:
        """Hold back the most that a call can take while it is in flight; add what it took to `taken`.

        Args:
            tokens: the most, both ways.
            cost: the most, in US dollars; None where no price is known.

        Raises:
            LimitReachedError: it would not fit, even when all calls in flight have ended.
        """
        spending = Spending(tokens, cost or 0.0)
        self._wait_for_room(spending, unpriced=cost is None)
        try:
            yield spending
        finally:
            with self._changed:
                self._reserved.remove(spending)
                self.tokens += sum(a.tokens_in + a.tokens_out for a in spending.taken)
                self.cost += sum(a.cost or 0.0 for a in spending.taken)
                self._changed.notify_all()

    def _wait_for_room(self, spending: Spending, *, unpriced: bool) -> None:
        with self._changed:
            if unpriced and self.max_cost is not None:
                hint = "name it in a file of your own: llm.prices; or use --max-tokens"
                raise LimitReachedError("the cost is limited, and the price of the model is not known", hint=hint)
            while (limit := self._passed_by(spending)) is not None:
                if not self._reserved:
                    raise LimitReachedError(f"the limit of {limit} is reached", hint=HINT)
                self._changed.wait()
            self._reserved.append(spending)

    def _passed_by(self, spending: Spending) -> str | None:
        """Name the limit that would be passed if all calls took the most that they can."""
        tokens = self.tokens + sum(held.tokens for held in self._reserved) + spending.tokens
        cost = self.cost + sum(held.cost for held in self._reserved) + spending.cost
        if self.max_tokens is not None and tokens > self.max_tokens:
            return f"{self.max_tokens} tokens"
        return f"{self.max_cost} US dollars" if self.max_cost is not None and cost > self.max_cost else None
