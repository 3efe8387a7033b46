"""The model calls of an agent, sent and booked like all others: one retry layer, one budget, one ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from langchain_core.messages import AIMessage

from llm_profiles.agents.run import RunStoppedError
from llm_profiles.calls.ledger import Mode
from llm_profiles.calls.request import Request
from llm_profiles.calls.send import Sender

STEP = "_step"
"""Ends the outcome of a call that an agent made: `agent_step`, `repair_step`."""


@dataclass(frozen=True, slots=True)
class BookedSend:
    """Sends the calls of one run; each is in the ledger before the next one begins.

    Attributes:
        sender: shared by all threads.
        request: in whose name they are booked.
        mode: `agent` or `repair`.
        tokens_out: the most tokens of one answer.
    """

    sender: Sender
    request: Request
    mode: Mode = "agent"
    tokens_out: int | None = None

    def __call__(self, call: Callable[[], AIMessage], sent: str) -> AIMessage:
        """Make one call.

        Raises:
            RunStoppedError: what came back is no message.
            UnansweredError: it gets no answer; what else `Sender.send` raises.
        """
        most = self.tokens_out or self.sender.settings.max_output_tokens
        answer = self.sender.send(self.request, call, sent, most)
        attempt = answer.booked_as(f"{self.mode}{STEP}")
        if attempt:
            self.sender.ledger.book(self.request, attempt)
        if answer.message is None:
            raise RunStoppedError(f"the answer ended with '{answer.finish_reason}'")
        return answer.message
