"""An agent that writes the profile of one node: what the chain is told, and tools to read more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, create_model

from llm_profiles.agents.run import AgentLimits, AgentResult, RunStoppedError, run_agent
from llm_profiles.agents.sending import BookedSend
from llm_profiles.agents.tools import NodeReads, node_tools
from llm_profiles.agents.words import marked
from llm_profiles.calls.answer import Answer, answer_of
from llm_profiles.calls.check import Check
from llm_profiles.calls.ledger import Mode
from llm_profiles.calls.request import Request
from llm_profiles.calls.send import Sender
from llm_profiles.contract import Context

Reads = Callable[[Context], NodeReads]
"""Gives the reads of a node, with nothing else in their reach (`agents.reads`)."""


class Written(BaseModel):
    """The finished profile."""

    profile: str


@dataclass(frozen=True, slots=True)
class NodeAgent:
    """Writes profiles of single nodes; many threads may use it.

    Attributes:
        sender: sends and books the model's calls.
        reads: what the tools of a node read.
        salt: of the ledger; makes the marks around what tools answer.
        check: of the profiles.
        mode: how the calls are booked.
        limits: of each run.
    """

    sender: Sender
    reads: Reads
    salt: str
    check: Check = field(default_factory=Check)
    mode: Mode = "agent"
    limits: AgentLimits = field(default_factory=AgentLimits)

    def write(self, context: Context, request: Request, messages: tuple[str, str]) -> tuple[Answer, str]:
        """Give the profile, checked, as an answer whose calls are booked; or an empty one, and why.

        Raises:
            UnansweredError: the model does not answer; and what else `Sender.send` raises.
        """

        def good(text: str) -> str:
            verdict = self.check.text(context.kind, text, "\n".join(messages))
            if verdict.outcome == "refusal":
                raise RunStoppedError(f"refusal: {verdict.error}")
            if verdict.outcome != "ok":
                raise ValueError(verdict.error)
            return verdict.text

        send = BookedSend(self.sender, request, self.mode)
        tools = node_tools(self.reads(context), marked(self.salt))
        result = run_agent(self.sender.chat.model, tools, messages, _checked(good), send, self.limits)
        text = result.answer.profile if result.answer else _as_text(result, good)
        return _answer(result, text), "" if text else result.error


def _checked(check: Callable[[str], str]) -> type[Written]:
    told = Field(description="the finished profile: the bare paragraph, without JSON or a title")
    checked = Annotated[str, AfterValidator(check)]
    return create_model("Profile", __base__=Written, __doc__=Written.__doc__, profile=(checked, told))


def _as_text(result: AgentResult[Written], check: Callable[[str], str]) -> str:
    """Some models answer in words where they should call the tool: such a text counts where it is good."""
    if result.last is None or result.last.tool_calls:
        return ""
    try:
        return check(result.last.text)
    except (ValueError, RunStoppedError):
        return ""


def _answer(result: AgentResult[Written], text: str) -> Answer:
    if result.last is None:
        return Answer(text)
    last = answer_of(result.last, None, 0.0, 0)
    return Answer(text, last.finish_reason, last.refusal, last.model)
