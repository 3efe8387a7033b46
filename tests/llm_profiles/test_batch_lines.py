from __future__ import annotations

import json
from typing import Any

import pytest

from llm_profiles.batch.lines import Answered, BrokenLineError, Failed, read_line, request_line
from llm_profiles.calls.check import RESPONSE_FORMAT
from llm_profiles.calls.request import Request, Sampling

REQUEST = Request("item", "d/film/0", "Ünder {braces}", 'Line\n"quoted"', "item/1", "a" * 64)


def line(**given: Any) -> bytes:
    return json.dumps({"id": "batch_req_1", "custom_id": "c", "response": None, "error": None} | given).encode()


def response(body: Any, status: int = 200) -> dict[str, Any]:
    return {"status_code": status, "request_id": "r", "body": body}


def test_a_request_is_one_line_as_openai_and_vllm_read_it() -> None:
    written = request_line(REQUEST, "gpt-4o-mini", Sampling(0.5, 0.9, 300), RESPONSE_FORMAT)
    assert written.endswith(b"\n")
    assert written.count(b"\n") == 1
    assert json.loads(written) == {
        "custom_id": "a" * 48,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {
            "model": "gpt-4o-mini",
            "messages": [
                {"role": "system", "content": "Ünder {braces}"},
                {"role": "user", "content": 'Line\n"quoted"'},
            ],
            "max_completion_tokens": 300,
            "temperature": 0.5,
            "top_p": 0.9,
            "response_format": RESPONSE_FORMAT,
        },
    }


def test_what_a_model_does_not_take_is_not_in_the_line() -> None:
    body = json.loads(request_line(REQUEST, "m", Sampling(temperature=None), None))["body"]
    assert body.keys() == {"model", "messages", "max_completion_tokens"}
    assert json.loads(request_line(REQUEST, "m", Sampling(temperature=0.0), None))["body"]["temperature"] == 0.0


def test_an_answer_of_openai() -> None:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1711475054,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Text.", "refusal": None}, "finish_reason": "stop"}
        ],
        "usage": {
            "prompt_tokens": 24,
            "completion_tokens": 15,
            "total_tokens": 39,
            "prompt_tokens_details": {"cached_tokens": 20, "audio_tokens": 0},
        },
        "system_fingerprint": None,
    }
    expected = Answered("c", "Text.", "", "stop", "gpt-4o-mini-2024-07-18", 24, 15, 20)
    assert read_line(line(response=response(body))) == expected


def test_an_answer_of_vllm_with_its_nulls() -> None:
    message = {"role": "assistant", "content": "Text.", "refusal": None, "tool_calls": [], "reasoning_content": None}
    body = {
        "id": "vllm-1",
        "model": "Qwen/Qwen3-8B",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "length", "stop_reason": None}],
        "usage": {"prompt_tokens": 5, "total_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": None},
        "prompt_logprobs": None,
    }
    assert read_line(line(response=response(body))) == Answered("c", "Text.", "", "length", "Qwen/Qwen3-8B", 5, 2, 0)


def test_a_refusal_stands_beside_the_content() -> None:
    body = {"choices": [{"message": {"content": None, "refusal": "I cannot."}, "finish_reason": "stop"}]}
    found = read_line(line(response=response(body)))
    assert isinstance(found, Answered)
    assert (found.text, found.refusal, found.tokens_in) == ("", "I cannot.", 0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"error": {"code": "batch_expired", "message": "too late"}}, Failed("c", "expired", "too late", True)),
        ({"error": {"code": "batch_cancelled", "message": "gone"}}, Failed("c", "cancelled", "gone", True)),
        ({"error": {"code": "request_timeout", "message": "slow"}}, Failed("c", "timeout", "slow", True)),
        (
            {"response": response({"error": {"message": "bad", "type": "invalid_request_error", "code": None}}, 400)},
            Failed("c", "bad_request", "bad", False),
        ),
        ({"response": response({"error": {"message": "later"}}, 429)}, Failed("c", "rate_limit", "later", True)),
        ({"response": response(None, 500)}, Failed("c", "server_error", "status 500", True)),
        # vLLM: a bare text, and its error object, both with an empty body
        ({"response": response(None, 400), "error": "streamed"}, Failed("c", "bad_request", "streamed", False)),
        (
            {"response": response(None, 400), "error": {"error": {"message": "too long", "code": 400}}},
            Failed("c", "bad_request", "too long", False),
        ),
        (
            {"response": response(None, 400), "error": {"object": "error", "message": "too long", "code": 400}},
            Failed("c", "bad_request", "too long", False),
        ),
    ],
)  # fmt: skip
def test_failures_of_openai_and_vllm(given: dict[str, Any], expected: Failed) -> None:
    assert read_line(line(**given)) == expected


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"not JSON",
        b'{"custom_id": "c", "response": {"status_co',
        b"[]",
        b'{"response": null}',
        b'{"custom_id": 7}',
        b"\xff\xfe",
        line(response=response({"choices": []})),
        line(response=response({"choices": [{"message": "text"}]})),
        line(response=response(None)),
        line(response=response("text")),
    ],
)
def test_a_broken_line_says_what_is_wrong(broken: bytes) -> None:
    with pytest.raises(BrokenLineError, match=r"\w"):
        read_line(broken)
