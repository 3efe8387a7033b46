"""Tells a request that a server cannot answer from a server that answers nobody."""

from __future__ import annotations

import threading

from llm_profiles.calls.failures import Failure
from llm_profiles.calls.ledger import Ledger
from llm_profiles.calls.request import Request
from spikegraph.errors import ProviderError

MOST_IN_A_ROW = 20
"""Requests without an answer, one after the other, after which the run stops."""


class Outage:
    """Keeps requests without an answer until the server answers another: only then were they the ones at fault.

    Where it never does, they are not booked as dead, so that the next run asks for them again by itself.
    """

    def __init__(self, ledger: Ledger, address: str) -> None:
        self._ledger, self._address = ledger, address
        self._lock = threading.Lock()
        self._held: list[tuple[Request, Failure]] = []
        self._in_a_row = 0
        self._ever_answered = False

    def answered(self) -> None:
        """Note that the server answers."""
        with self._lock:
            self._in_a_row, self._ever_answered = 0, True
            self._book()

    def unanswered(self, request: Request, failure: Failure) -> None:
        """Note a request without an answer.

        Raises:
            ProviderError: there were too many in a row.
        """
        with self._lock:
            self._in_a_row += 1
            if failure.next == "give_up":  # the server does answer: that it will not take this one
                self._dead(request, failure)
            else:
                self._held.append((request, failure))
            if self._in_a_row >= MOST_IN_A_ROW:
                self._held.clear()
                raise self._error(failure)

    def finish(self) -> None:
        """Book what is left at the end of a run.

        Raises:
            ProviderError: the server answered nothing at all.
        """
        with self._lock:
            if self._held and not self._ever_answered:
                raise self._error(self._held[-1][1])
            self._book()

    def _book(self) -> None:
        for request, failure in self._held:
            self._dead(request, failure)
        self._held.clear()

    def _dead(self, request: Request, failure: Failure) -> None:
        self._ledger.dead(request, f"{failure.outcome}: {failure.message}")

    def _error(self, failure: Failure) -> ProviderError:
        text = f"{self._in_a_row} requests in a row had no answer; the last: {failure.outcome}: {failure.message}"
        return ProviderError(text, where=self._address, hint="when it answers again, ask for the same: it goes on")
