"""The lines of batch files: OpenAI's Batch API reads and writes them, and so does `vllm run-batch`.

A request is `{custom_id, method, url, body}`. An answer is `{custom_id, response: {status_code, body}, error}`; what
failed has a status other than 200, or no response and an error with a code (`batch_expired`). vLLM's error is a bare
text, or an object with a message.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from llm_profiles.calls.request import Request, Sampling

URL = "/v1/chat/completions"
MAX_REQUESTS = 50_000
"""The most requests of a file at OpenAI."""
MAX_BYTES = 200_000_000
"""The most bytes of a file at OpenAI."""

_TRANSIENT = {"batch_expired": "expired", "batch_cancelled": "cancelled", "request_timeout": "timeout"}
"""Codes of requests that were never answered, and what an attempt's outcome is called then."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A line with an answer; tokens as the server counted them."""

    custom_id: str
    text: str
    refusal: str
    finish_reason: str
    model: str
    tokens_in: int
    tokens_out: int
    tokens_cached: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A line without one.

    Attributes:
        custom_id: of the request.
        outcome: in a word (`expired`, `server_error`, `bad_request`).
        message: what the server said.
        transient: whether the same request may be answered another time.
    """

    custom_id: str
    outcome: str
    message: str
    transient: bool


class BrokenLineError(ValueError):
    """A line that is no answer of a batch."""


def request_line(request: Request, model: str, sampling: Sampling, schema: dict[str, Any] | None) -> bytes:
    """Give the line of a request, with its newline.

    Args:
        request: what is asked.
        model: as the server names it (`gpt-4o-mini`).
        sampling: how the answer is drawn.
        schema: the `response_format`, or None for servers that take none.
    """
    messages = [{"role": "system", "content": request.system}, {"role": "user", "content": request.user}]
    body: dict[str, Any] = {"model": model, "messages": messages, "max_completion_tokens": sampling.max_output_tokens}
    optional: dict[str, Any] = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    optional |= {"reasoning_effort": sampling.reasoning_effort, "response_format": schema}
    body |= {name: value for name, value in optional.items() if value is not None}
    line = {"custom_id": request.custom_id, "method": "POST", "url": URL, "body": body}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def read_line(line: bytes) -> Answered | Failed:
    """Read a line of an output or error file.

    Raises:
        BrokenLineError: it is none; with the reason.
    """
    try:
        found = _Line.model_validate_json(line)
        if found.error is not None or found.response is None or found.response.status_code != 200:
            return _failed(found)
        return _answered(found.custom_id, _Body.model_validate(found.response.body))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BrokenLineError(f"{where}: {first['msg']}" if where else str(first["msg"])) from error


class _Response(BaseModel):
    status_code: int = 200
    body: Any = None


class _Line(BaseModel):
    custom_id: str
    response: _Response | None = None
    error: Any = None


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Cached(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: _Cached | None = None


class _Body(BaseModel):
    model: str = ""
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def _answered(custom_id: str, body: _Body) -> Answered:
    choice, usage = body.choices[0], body.usage or _Usage()
    return Answered(
        custom_id=custom_id,
        text=choice.message.content or "",
        refusal=choice.message.refusal or "",
        finish_reason=choice.finish_reason or "",
        model=body.model,
        tokens_in=usage.prompt_tokens,
        tokens_out=usage.completion_tokens or 0,
        tokens_cached=(usage.prompt_tokens_details or _Cached()).cached_tokens or 0,
    )


def _failed(line: _Line) -> Failed:
    response = line.response or _Response(status_code=0)
    code, message = _code_and_message(line.error if line.error is not None else response.body)
    if code in _TRANSIENT:
        return Failed(line.custom_id, _TRANSIENT[code], message, transient=True)
    status = response.status_code
    transient = status in (0, 408, 409, 429) or status >= 500
    outcome = "rate_limit" if status == 429 else "server_error" if transient else "bad_request"
    return Failed(line.custom_id, outcome, message or f"status {status}", transient)


def _code_and_message(error: Any) -> tuple[str, str]:
    """Read an error in any of its forms: a text, `{code, message}`, or one of these in `{error: …}`."""
    if isinstance(error, dict) and "error" in error:
        error = error["error"]
    if isinstance(error, dict):
        return str(error.get("code") or error.get("type") or ""), str(error.get("message") or "")
    return "", "" if error is None else str(error)
