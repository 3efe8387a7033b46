"""What came back from a model, in one form for all providers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llm_profiles.calls.ledger import Attempt

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

    from llm_profiles.chat.prices import Price


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a model.

    Attributes:
        text: its words.
        finish_reason: as the provider gave it.
        refusal: what the provider says in an answer's place.
        model: as the server named it.
        attempt: what it took; None where that is booked already (an agent books each of its calls).
        message: LangChain's message; None where the library raised instead of giving one.
    """

    text: str
    finish_reason: str = ""
    refusal: str = ""
    model: str = ""
    attempt: Attempt | None = None
    message: AIMessage | None = None

    def booked_as(self, outcome: str) -> Attempt | None:
        """Give what it took, with what it was worth."""
        return replace(self.attempt, outcome=outcome) if self.attempt else None


def answer_of(message: AIMessage, prices: Price | None, seconds: float, characters: int) -> Answer:
    """Read a message; tokens that a server does not count are estimated, for limits go by them.

    Args:
        message: of the model.
        prices: what its tokens cost.
        seconds: that it took.
        characters: of what was sent.
    """
    about: dict[str, Any] = message.response_metadata
    usage = message.usage_metadata
    tokens_in = usage["input_tokens"] if usage else characters // 4 + 1
    tokens_out = usage["output_tokens"] if usage else len(message.text) // 4 + 1
    cached = usage.get("input_token_details", {}).get("cache_read") or 0 if usage else 0
    reason = next((about[name] for name in ("finish_reason", "stop_reason", "done_reason") if about.get(name)), "")
    return Answer(
        text=str(message.text),
        finish_reason=str(reason),
        refusal=str(message.additional_kwargs.get("refusal") or ""),
        model=str(about.get("model_name") or about.get("model") or ""),
        attempt=_attempt(prices, tokens_in, tokens_out, cached, seconds),
        message=message,
    )


def answer_in(error: Exception, prices: Price | None, seconds: float) -> Answer | None:
    """Read the answer that `openai` keeps in an error: one that is cut off or filtered is paid for too (llm.md §2.1).

    Args:
        error: of a call; None is given where it holds no answer.
        prices: what its tokens cost.
        seconds: that it took.
    """
    completion: Any = getattr(error, "completion", None)
    if completion is None or not getattr(completion, "choices", None):
        return None
    choice, usage = completion.choices[0], completion.usage
    details = getattr(usage, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None) or 0
    tokens_in, tokens_out = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
    attempt = _attempt(prices, tokens_in, tokens_out, cached, seconds)
    return Answer(choice.message.content or "", choice.finish_reason, model=completion.model, attempt=attempt)


def _attempt(prices: Price | None, tokens_in: int, tokens_out: int, cached: int, seconds: float) -> Attempt:
    cost = prices.cost(tokens_in, tokens_out, cached) if prices else None
    return Attempt("ok", tokens_in, tokens_out, cached, cost, seconds)
