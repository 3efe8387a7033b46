"""The agent that is tried where one call did not do: answers that cannot be used, nodes with nothing but a name."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from llm_profiles.agents.node import NodeAgent, Reads
from llm_profiles.agents.run import AgentLimits
from llm_profiles.agents.sending import STEP
from llm_profiles.calls.answer import Answer
from llm_profiles.calls.request import Request
from llm_profiles.calls.send import Sender
from llm_profiles.contract import Context
from llm_profiles.prompts.prompt import Prompt
from llm_profiles.prompts.untrusted import plain
from spikegraph.logs import get_logger

log = get_logger(__name__)

ALWAYS = 24
"""Calls that the repair agent may make in any set: a share of nothing would never let it begin."""

COUNTED_SECONDS = 5.0
"""How old a count of the ledger's calls may be: counting a large one takes as long as some calls."""

_ERROR_CHARACTERS = 400


@dataclass
class Repair:
    """Writes what the chain could not, within a share of all calls of the set.

    Attributes:
        sender: the writer's own, so that a rate limit holds both back.
        reads: gives what the tools of a node read.
        prompt: `repair`, whose words come after those of the request.
        share: the most of all calls of the set that may be the agent's, earlier runs counted.
        limits: of each run.
    """

    sender: Sender
    reads: Reads
    prompt: Prompt
    share: float = 0.1
    limits: AgentLimits = field(default_factory=AgentLimits)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _outcomes: Mapping[str, int] = field(default_factory=dict)
    _counted_at: float = -math.inf
    _open: int = 0
    _ended: int = 0

    def __call__(self, context: Context, request: Request, error: str) -> Answer | None:
        """Give a profile whose calls are booked, or None.

        Args:
            context: of the node.
            request: in whose name calls are booked.
            error: what went wrong before.
        """
        if not self._may_begin():
            log.info("the repair agent has had its share of the calls", share=self.share)
            return None
        try:
            return self._written(context, request, error)
        finally:
            self._end()

    def _written(self, context: Context, request: Request, error: str) -> Answer | None:
        told = plain(error, _ERROR_CHARACTERS)
        messages = (
            f"{request.system}\n\n{self.prompt.render('system')}",
            f"{request.user}\n\n{self.prompt.render('user', error=told)}",
        )
        answer, why = self._agent.write(context, request, messages)
        if not answer.text:
            log.info("the repair agent gave no profile", node=context.key, why=why)
        return answer if answer.text else None

    @cached_property
    def _agent(self) -> NodeAgent:
        salt = self.sender.ledger.about()["salt"]
        return NodeAgent(self.sender, self.reads, salt, mode="repair", limits=self.limits)

    def _may_begin(self) -> bool:
        """Hold back the most that a run can take, also for the runs in flight."""
        with self._lock:
            if time.monotonic() >= self._counted_at + COUNTED_SECONDS:
                self._outcomes, self._counted_at = self.sender.ledger.totals().outcomes, time.monotonic()
                self._ended = 0
            own = self._outcomes.get(f"repair{STEP}", 0) + self.limits.model_calls * (self._open + self._ended + 1)
            may = own <= max(ALWAYS, self.share * sum(self._outcomes.values()))
            self._open += may
            return may

    def _end(self) -> None:
        with self._lock:
            self._open -= 1
            self._ended += 1
