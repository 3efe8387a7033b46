"""One run of an agent: a chat model reads with tools until it gives its answer, or until a limit stops it.

What the library leaves open is closed here (llm.md §2.2-2.4): answers that do not validate are sent back a bounded
number of times; limits raise, so that a run without an answer is never taken for one with an empty answer; and before
the limits the tools are taken away, so that what was read already is not paid for in vain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelCallLimitMiddleware, ToolCallLimitMiddleware
from langchain.agents.middleware.model_call_limit import ModelCallLimitExceededError
from langchain.agents.middleware.tool_call_limit import ToolCallLimitExceededError
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain.agents.structured_output import ToolStrategy
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.errors import GraphRecursionError
from pydantic import BaseModel, ValidationError

Answer = TypeVar("Answer", bound=BaseModel)

Send = Callable[[Callable[[], AIMessage], str], AIMessage]
"""Makes one model call, given all words that it sends: waits, repeats, holds it against the budget and books it."""


@dataclass(frozen=True, slots=True)
class AgentLimits:
    """What a run may do at most.

    Attributes:
        model_calls: calls of the model.
        tool_calls: reads and answers together.
        sent_back: answers that may be sent back to the model to be mended.
    """

    model_calls: int = 8
    tool_calls: int = 12
    sent_back: int = 2


@dataclass(frozen=True, slots=True)
class AgentResult(Generic[Answer]):
    """What a run gave.

    Attributes:
        answer: validated; None where there is none.
        error: why there is none.
        last: the model's last message, if it gave any.
    """

    answer: Answer | None
    error: str = ""
    last: AIMessage | None = None


class RunStoppedError(Exception):
    """A run goes no further, and its text says why; `send` and validators of the answer may raise it too."""


_STOPPED = (RunStoppedError, ModelCallLimitExceededError, ToolCallLimitExceededError, GraphRecursionError)
_STEPS_A_CALL = 12
"""More than the graph takes for one model call and its tools: the library's own default is 9 999 steps."""


def run_agent(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    messages: tuple[str, str],
    answer: type[Answer],
    send: Send,
    limits: AgentLimits | None = None,
) -> AgentResult[Answer]:
    """Run an agent until it answers.

    Args:
        model: takes tools.
        tools: what it may read.
        messages: the system and the user message.
        answer: what it must give; an error of its validation is told to the model, but for `RunStoppedError`.
        send: makes each model call; what it raises ends the run and is raised on, but for `RunStoppedError`.
        limits: of this run.
    """
    limits = limits or AgentLimits()
    calls = _Calls(send, limits)
    middleware: list[AgentMiddleware[Any, Any, Any]] = [
        ModelCallLimitMiddleware(run_limit=limits.model_calls, exit_behavior="error"),
        ToolCallLimitMiddleware(run_limit=limits.tool_calls, exit_behavior="error"),
        calls,
    ]
    agent = create_agent(
        model,
        list(tools),
        system_prompt=messages[0],
        middleware=middleware,
        response_format=ToolStrategy(answer, handle_errors=calls.told, tool_message_content="Taken."),
    )
    try:
        state: dict[str, Any] = agent.invoke(
            {"messages": [HumanMessage(messages[1])]}, {"recursion_limit": _STEPS_A_CALL * (limits.model_calls + 1)}
        )
    except _STOPPED as error:
        return AgentResult(None, str(error), calls.last)
    given = state.get("structured_response")
    return AgentResult(given, "" if given else "the model ended without an answer", calls.last)


class _Calls(AgentMiddleware[Any, Any, Any]):
    """Makes the model calls of one run, and sees to it that the last one asks for the answer."""

    def __init__(self, send: Send, limits: AgentLimits) -> None:
        super().__init__()
        self.last: AIMessage | None = None
        self._send = send
        self._limits = limits
        self._model_calls = 0
        self._tool_calls = 0
        self._sent_back = 0
        self._wrong = ""
        self._is_final = False

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Make one model call through `send`."""
        asked = request.override(tools=[]) if self._is_last() else request
        responses: list[ModelResponse[Any]] = []

        def call() -> AIMessage:
            responses.append(handler(asked))
            return next(message for message in responses[-1].result if isinstance(message, AIMessage))

        self.last = self._send(call, _words(asked))
        self._model_calls += 1
        self._tool_calls += len(self.last.tool_calls)
        self._look_at(responses[-1])
        return responses[-1]

    def _is_last(self) -> bool:
        """Whether only the answer fits into the limits."""
        limits = self._limits
        return self._model_calls + 1 >= limits.model_calls or self._tool_calls + 2 >= limits.tool_calls

    def told(self, error: Exception) -> str:
        """Give what the model is told of an answer that cannot be taken."""
        invalid = getattr(getattr(error, "source", None), "__cause__", None)
        self._is_final = isinstance(invalid, RunStoppedError)
        self._wrong = _wrong(invalid) if isinstance(invalid, ValidationError) else str(invalid or error)
        return f"This answer cannot be taken: {self._wrong}. Answer again, once, with this mended."

    def _look_at(self, response: ModelResponse[Any]) -> None:
        """Stop the run where an answer is final, or was sent back too often."""
        if response.structured_response or not any(isinstance(message, ToolMessage) for message in response.result):
            return
        self._sent_back += 1
        if self._is_final or self._sent_back > self._limits.sent_back:
            raise RunStoppedError(self._wrong if self._is_final else f"no answer was valid: {self._wrong}")


def _words(request: ModelRequest[Any]) -> str:
    """Give all words of a request, those of the tools too."""
    messages = [*([request.system_message] if request.system_message else []), *request.messages]
    said = [f"{message.text} {getattr(message, 'tool_calls', '')}" for message in messages]
    return "\n".join([*said, *(str(convert_to_openai_tool(tool)) for tool in request.tools)])


def _wrong(invalid: ValidationError) -> str:
    named = ((".".join(map(str, part["loc"])) or "answer", part["msg"]) for part in invalid.errors())
    return "; ".join(f"{name}: {message.removeprefix('Value error, ').rstrip('.')}" for name, message in named)
