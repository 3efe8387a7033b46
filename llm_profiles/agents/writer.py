"""The writer that lets an agent write every node: dearer than the chain, with the same ledger, budget and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_profiles.agents.node import NodeAgent, Reads
from llm_profiles.agents.run import AgentLimits
from llm_profiles.calls.answer import Answer
from llm_profiles.calls.ask import Asked, Asker, Task
from llm_profiles.calls.budget import Budget
from llm_profiles.calls.check import Check
from llm_profiles.calls.ledger import Ledger
from llm_profiles.calls.send import UnansweredError
from llm_profiles.contract import ProfileWriter
from llm_profiles.terms import Refresh
from llm_profiles.writers.chat import ChatWriter
from spikegraph.settings import LlmSettings

if TYPE_CHECKING:
    from llm_profiles.chat.model import Chat
    from llm_profiles.prompts.requests import RequestMaker


class AgentWriter(ChatWriter):
    """Writes profiles by agents, many nodes at once; all else is as in `ChatWriter`."""

    name = "llm-agent"

    def __init__(
        self,
        chat: Chat,
        requests: RequestMaker,
        ledger: Ledger,
        budget: Budget,
        settings: LlmSettings,
        reads: Reads,
        *,
        refresh: Refresh = "missing",
        fallback: ProfileWriter | None = None,
        limits: AgentLimits | None = None,
    ) -> None:
        """Choose who writes what.

        Args:
            chat: the model; it takes tools.
            requests: of the mode `agent`, with prompts from `words.with_tools`.
            ledger: of the profile set.
            budget: hard limits.
            settings: `concurrency` and `attempts`.
            reads: gives what the tools of a node read (`node.reads_of`).
            refresh: as in `ChatWriter`.
            fallback: as in `ChatWriter`.
            limits: of each run.
        """
        super().__init__(chat, requests, ledger, budget, settings, refresh=refresh, fallback=fallback)
        salt, limits = ledger.about()["salt"], limits or AgentLimits()
        agent = NodeAgent(self.sender, reads, salt, Check(requests.sampling.answers), "agent", limits)
        self._asker = AgentAsker(agent, requests, ledger, budget)


class AgentAsker(Asker):
    """Lets an agent write one node at a time; many threads may use it."""

    def __init__(self, agent: NodeAgent, requests: RequestMaker, ledger: Ledger, budget: Budget) -> None:
        super().__init__(agent.sender, requests, ledger, budget)
        self._agent = agent

    def __call__(self, task: Task) -> Asked:
        """Write a node's profile and book what became of it.

        Raises:
            ProviderError: the model cannot be asked at all.
            LimitReachedError: the budget is spent.
            StoppedError: everything stops.
        """
        self._budget.admit()
        request = task.request
        try:
            answer, error = self._agent.write(task.context, request, (request.system, request.user))
        except UnansweredError as unanswered:
            self.outage.unanswered(request, unanswered.failure)
            return Asked(task, "dead")
        self.outage.answered()
        if not answer.text:
            self._ledger.dead(request, f"agent: {error}", mode="agent", **_about(answer))
            return Asked(task, "dead")
        self._ledger.done(request, answer.text, mode="agent", **_about(answer))
        return Asked(task, "done", answer.text, answer.model)


def _about(answer: Answer) -> dict[str, Any]:
    return {"model": answer.model, "finish_reason": answer.finish_reason}
