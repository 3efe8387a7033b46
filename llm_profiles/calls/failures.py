"""What it means that a model call raised: whether it may be repeated, when, and what it cost.

LangChain says so by `ModelError.is_retryable`; providers' packages that do not yet are read by their HTTP status.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from langchain_core import exceptions as langchain

Next = Literal["repeat", "give_up", "stop"]
"""Send the request again; give this one up; stop the run, for every other would fare the same."""

_OUTCOMES: tuple[tuple[type[Exception], str, Next], ...] = (
    (langchain.ModelRateLimitError, "rate_limit", "repeat"),
    (langchain.ModelTimeoutError, "timeout", "repeat"),
    (langchain.ModelConnectionError, "connection", "repeat"),
    (langchain.ModelAPIError, "server_error", "repeat"),
    (langchain.ModelAuthenticationError, "unauthorized", "stop"),
    (langchain.ModelPermissionDeniedError, "forbidden", "stop"),
    (langchain.ModelNotFoundError, "not_found", "stop"),
    (langchain.ContextOverflowError, "context_length", "give_up"),
    (langchain.ModelInvalidRequestError, "bad_request", "give_up"),
    (TimeoutError, "timeout", "repeat"),
    (OSError, "connection", "repeat"),
)
_STATUS: dict[int, tuple[str, Next]] = {
    401: ("unauthorized", "stop"),
    403: ("forbidden", "stop"),
    404: ("not_found", "stop"),
    408: ("timeout", "repeat"),
    409: ("server_error", "repeat"),
    425: ("server_error", "repeat"),
    429: ("rate_limit", "repeat"),
}
_BROKEN_BODY = (ValueError, KeyError, TypeError)
"""What LangChain raises where a server's answer is no completion."""
_SPENT = ("insufficient_quota", "billing_hard_limit_reached")


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that raised.

    Attributes:
        outcome: as the ledger names it.
        next: what to do.
        message: of the error, one line.
        retry_after: seconds that the server asks to wait, or None.
    """

    outcome: str
    next: Next
    message: str
    retry_after: float | None = None


def failure_of(error: Exception) -> Failure | None:
    """Read an error of a model call; None where it is none that servers cause, but a fault of this program."""
    message = " ".join(str(error).split())[:300] or type(error).__name__
    response = getattr(error, "response", None)
    retry_after = _retry_after(getattr(response, "headers", None) or {})
    if any(code in str(getattr(error, "code", "")) + message for code in _SPENT):
        return Failure("rate_limit", "stop", message)
    outcome, following = _by_class(error) or _by_status(error, response) or _by_kind(error)
    return Failure(outcome, following, message, retry_after) if outcome else None


def _by_class(error: Exception) -> tuple[str, Next] | None:
    found = next(((name, following) for kind, name, following in _OUTCOMES if isinstance(error, kind)), None)
    if found is None and isinstance(error, langchain.ModelError):
        return ("server_error", "repeat") if error.is_retryable else ("bad_request", "give_up")
    return found


def _by_status(error: Exception, response: Any) -> tuple[str, Next] | None:
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    if not isinstance(status, int) or status < 400:
        return None
    return _STATUS.get(status) or (("server_error", "repeat") if status >= 500 else ("bad_request", "give_up"))


def _by_kind(error: Exception) -> tuple[str, Next]:
    if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2"):
        return ("timeout" if "Timeout" in type(error).__name__ else "connection", "repeat")
    return ("broken_answer", "repeat") if isinstance(error, _BROKEN_BODY) else ("", "stop")


def _retry_after(headers: Any) -> float | None:
    """Read `Retry-After`, which is a number of seconds or a date, or OpenAI's `retry-after-ms`."""
    milliseconds, given = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds:
            return max(0.0, float(milliseconds) / 1000)
        return max(0.0, float(given)) if given else None
    except ValueError:
        return _seconds_until(given)


def _seconds_until(given: str | None) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(given or "").timestamp() - time.time())
    except ValueError:
        return None
