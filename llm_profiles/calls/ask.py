"""Asking a chat model for one profile, up the whole ladder: send, check, one remedy of each sort, repair, give up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from llm_profiles.calls.answer import Answer
from llm_profiles.calls.budget import Budget
from llm_profiles.calls.check import RESPONSE_FORMAT, Check, Verdict
from llm_profiles.calls.ledger import Ledger, Mode
from llm_profiles.calls.outage import Outage
from llm_profiles.calls.request import Request
from llm_profiles.calls.send import Sender, UnansweredError
from llm_profiles.contract import Context

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from llm_profiles.prompts.requests import RequestMaker

Repair = Callable[[Context, Request, str], Answer | None]
"""Given a node, its request and what was wrong, gives a profile that an agent wrote; its calls are booked already."""

MOST_REMEDIES = 2
MORE_ROOM = 2
"""How many times the tokens of an answer that was cut off."""

_ROOM = ("max_tokens", "num_predict", "max_output_tokens", "max_new_tokens")
"""What providers' classes call the most tokens of an answer."""

_NAME_ONLY = "nothing but a name is known of it"


@dataclass(frozen=True, slots=True)
class Task:
    """A node that is to be asked for."""

    context: Context
    request: Request


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of it: the profile, or why there is none; the ledger says so too."""

    task: Task
    status: Literal["done", "dead"]
    text: str = ""
    model: str = ""


class Asker:
    """Asks for one node at a time; many threads may use it."""

    def __init__(
        self,
        sender: Sender,
        requests: RequestMaker,
        ledger: Ledger,
        budget: Budget,
        *,
        repair: Repair | None = None,
        leave_thin: bool = False,
    ) -> None:
        """Choose who is asked.

        Args:
            sender: sends to the chat model.
            requests: words of a second question.
            ledger: books answers.
            budget: counts nodes.
            repair: tries what cannot be used, and nodes of which nothing but a name is known.
            leave_thin: give such nodes up unasked, where there is no `repair`.
        """
        self.outage = Outage(ledger, sender.chat.address)
        self._sender, self._requests, self._ledger, self._budget = sender, requests, ledger, budget
        self._repair, self._leave_thin = repair, leave_thin
        self._check = Check(requests.sampling.answers)
        # As `response_format` itself, langchain-openai would parse the answer, raise where it does not parse, and lose
        # its text and tokens (llm.md §2.1); that also takes a third of a call's CPU.
        bound = {"extra_body": {"response_format": RESPONSE_FORMAT}} if self._takes_schema() else {}
        self._model = sender.chat.model.bind(**bound)
        self._roomy = _with_room(sender.chat.model, requests.sampling.max_output_tokens * MORE_ROOM).bind(**bound)

    def __call__(self, task: Task) -> Asked:
        """Ask for a node's profile and book what became of it.

        Raises:
            ProviderError: the model cannot be asked at all.
            LimitReachedError: the budget is spent.
            StoppedError: everything stops.
        """
        thin = self._requests.is_thin(task.context)
        if thin and self._leave_thin and self._repair is None:
            self._ledger.dead(task.request, _NAME_ONLY)
            return Asked(task, "dead")
        self._budget.admit()
        try:
            return self._mended(task, _NAME_ONLY) if thin and self._repair else self._asked(task)
        except UnansweredError as error:
            self.outage.unanswered(task.request, error.failure)
            return Asked(task, "dead")

    def _asked(self, task: Task) -> Asked:
        request, used = task.request, set[str]()
        messages: list[BaseMessage] = [SystemMessage(request.system), HumanMessage(request.user)]
        while True:
            answer = self._answer(request, messages, roomy="room" in used)
            verdict = self._verdict(request, answer)
            if verdict.outcome == "ok":
                return self._done(task, verdict, answer)
            if not verdict.remedy or verdict.remedy in used or len(used) == MOST_REMEDIES:
                return self._given_up(task, verdict, answer)
            self._book(request, verdict, answer)
            used.add(verdict.remedy)
            if verdict.remedy == "told":
                again = self._requests.again(request, verdict.error)
                messages = [*messages[:2], AIMessage(answer.text), HumanMessage(again)]

    def _answer(self, request: Request, messages: list[BaseMessage], *, roomy: bool) -> Answer:
        model, most = self._roomy if roomy else self._model, self._requests.sampling.max_output_tokens
        sent = "".join(str(message.content) for message in messages)
        answer = self._sender.send(request, lambda: model.invoke(messages), sent, most * (MORE_ROOM if roomy else 1))
        self.outage.answered()
        return answer

    def _verdict(self, request: Request, answer: Answer) -> Verdict:
        return self._check.of(
            request.kind,
            answer.text,
            finish_reason=answer.finish_reason,
            refusal=answer.refusal,
            prompt=f"{request.system}\n{request.user}",
        )

    def _done(self, task: Task, verdict: Verdict, answer: Answer, *, mode: Mode = "chain") -> Asked:
        about: dict[str, Any] = {"model": answer.model, "finish_reason": answer.finish_reason or "stop", "mode": mode}
        self._ledger.done(task.request, verdict.text, answer.booked_as("ok"), repaired=verdict.repaired, **about)
        return Asked(task, "done", verdict.text, answer.model)

    def _given_up(self, task: Task, verdict: Verdict, answer: Answer) -> Asked:
        """Let the repair agent try, but for refusals, which are final."""
        if self._repair and verdict.outcome not in ("refusal", "content_filter"):
            self._book(task.request, verdict, answer)
            return self._mended(task, verdict.error)
        attempt, error = answer.booked_as(verdict.outcome), f"{verdict.outcome}: {verdict.error}"
        self._ledger.dead(task.request, error, attempt, model=answer.model, finish_reason=answer.finish_reason)
        return Asked(task, "dead")

    def _mended(self, task: Task, error: str) -> Asked:
        answer = self._repair(task.context, task.request, error) if self._repair else None
        if answer is None:
            self._ledger.dead(task.request, error, mode="repair")
            return Asked(task, "dead")
        request = task.request
        verdict = self._check.text(request.kind, answer.text, f"{request.system}\n{request.user}")
        if verdict.outcome == "ok":
            return self._done(task, verdict, answer, mode="repair")
        attempt = answer.booked_as(verdict.outcome)
        self._ledger.dead(request, f"{verdict.outcome}: {verdict.error}", attempt, model=answer.model, mode="repair")
        return Asked(task, "dead")

    def _book(self, request: Request, verdict: Verdict, answer: Answer) -> None:
        attempt = answer.booked_as(verdict.outcome)
        if attempt:
            self._ledger.book(request, attempt)

    def _takes_schema(self) -> bool:
        return self._sender.chat.json_schema and self._requests.sampling.answers == "json"


def _with_room(model: BaseChatModel, tokens: int) -> BaseChatModel:
    """Give the model with more room for its answer; the same one where its class has no word for that."""
    name = next((name for name in _ROOM if name in type(model).model_fields), None)
    return model.model_copy(update={name: tokens}) if name else model
