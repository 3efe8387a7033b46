"""Sending a request until there is an answer: the one retry layer there is (llm.md §2.6, §3).

LangChain's and the providers' own retries are off. Every attempt is booked, whatever came of it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llm_profiles.calls.answer import Answer, answer_in, answer_of
from llm_profiles.calls.budget import Budget, Spending
from llm_profiles.calls.failures import Failure, failure_of
from llm_profiles.calls.gate import Gate
from llm_profiles.calls.ledger import Attempt, Ledger
from llm_profiles.calls.pool import StoppedError
from llm_profiles.calls.request import Request
from spikegraph.errors import ProviderError
from spikegraph.settings import LlmSettings

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

    from llm_profiles.chat.model import Chat

LONGEST_WAIT = 900.0
"""A server that asks for more seconds than this has a quota for the day, not a rate."""

MOST_BACKOFF = 60.0
RATE_LIMITED = 10
"""How many times as often a request may meet the rate limit as it may fail: that is no fault of its own."""

OTHER_TOKENS = 50
"""What the form of a chat adds to the tokens of its words, at most."""


class UnansweredError(Exception):
    """A request that was tried as often as allowed, or that the server will never take.

    Attributes:
        failure: of the last attempt.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.outcome}: {failure.message}")
        self.failure = failure


@dataclass(slots=True)
class _Tries:
    failed: int = 0
    rate_limited: int = 0

    def count(self, failure: Failure) -> int:
        """Count a failure, and give how many there were of its sort."""
        if failure.outcome == "rate_limit":
            self.rate_limited += 1
            return self.rate_limited
        self.failed += 1
        return self.failed


@dataclass
class Sender:
    """Sends for many threads; what one of them learns about the rate limit holds for all.

    Attributes:
        chat: the model that is asked.
        ledger: books every attempt that fails; the answer is booked by who judges it.
        budget: each attempt is held against it.
        settings: `attempts`.
        rng: of the random part of waits; given, so that nothing draws from a global one.
        backoff: seconds; the first wait is a random part of it, each further one of twice as much.
        stop: set to begin no further attempt.
    """

    chat: Chat
    ledger: Ledger
    budget: Budget
    settings: LlmSettings
    rng: random.Random = field(default_factory=random.Random)
    backoff: float = 1.0
    stop: threading.Event = field(default_factory=threading.Event)
    gate: Gate = field(default_factory=Gate)

    def send(self, request: Request, call: Callable[[], AIMessage], sent: str, tokens_out: int) -> Answer:
        """Send until there is an answer, good or bad.

        Args:
            request: in whose name attempts are booked.
            call: makes the call, once.
            sent: all words that it sends.
            tokens_out: the most tokens of the answer.

        Raises:
            UnansweredError: this request gets no answer.
            ProviderError: none would.
            LimitReachedError: the budget is spent.
            StoppedError: everything stops.
        """
        tries = _Tries()
        while True:
            with self._reserved(sent, tokens_out) as spending:
                # The last thing before the call: while others' calls were waited for, the gate may have closed.
                self.gate.wait(self.stop)
                if self.stop.is_set():
                    raise StoppedError
                result = self._attempt(request, call, len(sent), spending)
            if isinstance(result, Answer):
                return result
            self._wait_after(result, tries)

    def _reserved(self, sent: str, tokens_out: int) -> AbstractContextManager[Spending]:
        # Three bytes a token is less than English has, and about what other scripts have.
        tokens_in = len(sent.encode()) // 3 + OTHER_TOKENS
        prices = self.chat.prices
        return self.budget.reserve(tokens_in + tokens_out, prices.cost(tokens_in, tokens_out) if prices else None)

    def _attempt(
        self, request: Request, call: Callable[[], AIMessage], characters: int, spending: Spending
    ) -> Answer | Failure:
        started = time.perf_counter()
        try:
            answer = answer_of(call(), self.chat.prices, time.perf_counter() - started, characters)
        except Exception as error:
            seconds = time.perf_counter() - started
            found = answer_in(error, self.chat.prices, seconds) or failure_of(error)
            if found is None:
                raise
            if isinstance(found, Failure):
                self.ledger.book(request, Attempt(found.outcome, seconds=seconds))
                self._heed(found, error)
                return found
            answer = found
        if answer.attempt:
            spending.taken.append(answer.attempt)
        return answer

    def _heed(self, failure: Failure, error: Exception) -> None:
        """Hold everyone back where the server asks for it, and stop everyone where nothing else helps."""
        if failure.next == "stop":
            hint = "see the key, the model's name and the account; what was paid for is kept"
            raise ProviderError(f"{failure.outcome}: {failure.message}", where=self.chat.address, hint=hint) from error
        if failure.retry_after is not None and failure.next == "repeat":
            if failure.retry_after > LONGEST_WAIT:
                text = f"asks to be left alone for {failure.retry_after / 60:.0f} minutes: {failure.message}"
                raise ProviderError(text, where=self.chat.address, hint="ask for the same again then") from error
            self.gate.close(failure.retry_after)

    def _wait_after(self, failure: Failure, tries: _Tries) -> None:
        """Wait a random part of a time that doubles (full jitter), or give the request up."""
        count, rate_limited = tries.count(failure), failure.outcome == "rate_limit"
        most = self.settings.attempts * (RATE_LIMITED if rate_limited else 1)
        if failure.next == "give_up" or count >= most:
            raise UnansweredError(failure)
        if failure.retry_after is not None:
            return  # the gate holds everyone back
        longest = min(MOST_BACKOFF, self.backoff * 2 ** (count - 1))
        if rate_limited:
            self.gate.close(longest * self.rng.uniform(0.5, 1.0))
        else:
            self.stop.wait(self.rng.uniform(0.0, longest))
