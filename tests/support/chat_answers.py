"""What the test server says: always the same for the same request, and well formed unless a fault is asked for."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

NAME = re.compile(r"(?<=[^\n.!?] )[A-Z][\w'’&-]+(?: [A-Z][\w'’&-]+){0,3}")
SENTENCES = (
    "{name} stands for a {one} and {other} manner that rewards patience as much as curiosity.",
    "Those who come for {name} usually stay for the {one} atmosphere and the {other} sense of detail.",
    "There is a {one} thread from {name} to much that was made later in the same vein.",
    "What sets it apart is how {name} brings together {one} ideas with a {other} touch.",
    "Listeners and readers alike would call {name} {one}, and many would add that it is {other}.",
    "It appeals to people who look for {one} work, and {name} is a good place to begin.",
    "Around {name} there is a {one} circle of names that share its {other} temper.",
    "The result is {one} without being {other}, which is rarer than it sounds for {name}.",
    "Anyone with a taste for the {one} side of things will find {name} close to home.",
)
SYLLABLES = "ba be bi bo da de di do fa fe fi fo ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro"
WORDS = (
    "bold calm careful dark direct dreamy earnest gentle grand inventive lively lyrical modern playful quiet raw rich"
)


def conversation(body: Mapping[str, Any]) -> str:
    """Name what is asked: a hash of the system and the first user message, the same when it is asked again."""
    asked = [[message.get("role"), message.get("content")] for message in body.get("messages", [])[:2]]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def completion(body: Mapping[str, Any], fault: str | None = None, arguments: Mapping[str, Any] | None = None) -> Any:
    """Answer a chat completion request (the `body` of a line of a batch file too).

    Args:
        body: of the request.
        fault: malformed_json, wrong_schema, empty, refusal, length or content_filter; others change nothing.
        arguments: by the name of a tool, what it is called with.
    """
    message, reason = _message(body, arguments or {}), "stop"
    if message.get("tool_calls"):
        reason = "tool_calls"
    elif fault:
        message, reason = _spoiled(message, fault, body)
    said = json.dumps(message.get("tool_calls") or message["content"] or "")
    tokens_in, tokens_out = len(json.dumps(body.get("messages", []))) // 4 + 1, len(said) // 4 + 1
    return {
        "id": f"chatcmpl-{conversation(body)[:12]}",
        "object": "chat.completion",
        "created": 0,
        "model": f"{body.get('model', 'test')}-served",
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out},
    }


def paragraph(body: Mapping[str, Any]) -> str:
    """Write 50 to 100 words that name things of the prompt; each sentence holds a word that no other answer has, twice.

    Answers stand in the prompts of the kinds above: without that word a sentence would now and then be a copy.
    """
    drawn = random.Random(conversation(body))
    asked = [str(message.get("content")) for message in body.get("messages", []) if message.get("role") == "user"]
    names = sorted(set(NAME.findall(asked[0] if asked else ""))) or ["This"]
    sentences = drawn.sample(SENTENCES, 4)
    words, own = WORDS.split(), "".join(drawn.sample(SYLLABLES.split(), 4))
    return " ".join(
        f"In the manner called {own}: " + sentence.format(name=f"{drawn.choice(names)} ({own})", one=one, other=other)
        for sentence in sentences
        for one, other in [drawn.sample(words, 2)]
    )


def embeddings(body: Mapping[str, Any]) -> Any:
    """Embed texts as bags of hashed words, so that like texts have like vectors."""
    given = body["input"]
    texts = [given] if isinstance(given, str) else given
    width = body.get("dimensions") or 32
    as_text = body.get("encoding_format") == "base64"
    vectors = [_vector(str(text), width) for text in texts]
    coded = [base64.b64encode(struct.pack(f"<{width}f", *v)).decode() if as_text else v for v in vectors]
    data = [{"object": "embedding", "index": index, "embedding": value} for index, value in enumerate(coded)]
    tokens = sum(len(str(text)) // 4 + 1 for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": body.get("model", "test"), "usage": usage}


def _message(body: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    call = _tool_call(body, arguments)
    if call:
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    text = paragraph(body)
    schema = _answer_schema(body)
    if schema is not None:
        text = json.dumps(instance(schema, schema, text))
    elif body.get("response_format") or _asks_for_json(body):
        text = json.dumps({"profile": text})
    return {"role": "assistant", "content": text}


def _answer_schema(body: Mapping[str, Any]) -> Any:
    asked = body.get("response_format") or {}
    return asked["json_schema"]["schema"] if asked.get("type") == "json_schema" else None


def _asks_for_json(body: Mapping[str, Any]) -> bool:
    return any('"profile"' in str(message.get("content")) for message in body.get("messages", []))


def _tool_call(body: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Call each tool once; where a tool must be called, the last one of the list is how the answer is given."""
    tools = [tool["function"] for tool in body.get("tools", [])]
    answer = tools.pop() if tools and body.get("tool_choice") in ("required", "any") else None
    called = [c["function"]["name"] for m in body.get("messages", []) for c in m.get("tool_calls") or []]
    chosen = next((tool for tool in tools if tool["name"] not in called), answer)
    if chosen is None:
        return None
    schema = chosen.get("parameters") or {}
    given = arguments.get(chosen["name"], instance(schema, schema, paragraph(body)))
    function = {"name": chosen["name"], "arguments": json.dumps(given)}
    return {"id": f"call_{len(called)}", "type": "function", "function": function}


def instance(schema: Mapping[str, Any], root: Mapping[str, Any], text: str) -> Any:
    """Fill a JSON schema: defaults and first values where it has any, `text` for what is called a profile."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return instance(root["$defs"][name], root, text)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return instance(schema["anyOf"][0], root, text)
    return _of_type(schema, root, text)


def _of_type(schema: Mapping[str, Any], root: Mapping[str, Any], text: str) -> Any:
    if schema.get("type") == "object" or "properties" in schema:
        parts, needed = schema.get("properties", {}), schema.get("required", [])
        return {name: instance(part, root, text) for name, part in parts.items() if name in needed}
    if schema.get("type") == "array":
        return [instance(schema["items"], root, text)] if schema.get("minItems") else []
    return {"integer": schema.get("minimum", 1), "number": 0.5, "boolean": True}.get(schema.get("type", ""), text)


def _spoiled(message: dict[str, Any], fault: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    text = str(message["content"])
    other_form = int(conversation(body)[:2], 16) % 2
    if fault == "malformed_json":
        # One form can be repaired (a comma and no closing brace), the other cannot.
        spoiled = "Here you are: it is all in the attachment {" if other_form else text.rstrip("}") + ","
        return message | {"content": spoiled}, "stop"
    if fault == "wrong_schema":
        return message | {"content": json.dumps({"summary": 3})}, "stop"
    if fault == "refusal":
        said = "I'm sorry, but I can't help with that."
        return message | ({"content": said} if other_form else {"content": None, "refusal": said}), "stop"
    cut = {
        "empty": ("", "stop"),
        "length": (text[: len(text) // 2], "length"),
        "content_filter": ("", "content_filter"),
    }
    content, reason = cut.get(fault, (text, "stop"))
    return message | {"content": content}, reason


def _vector(text: str, width: int) -> list[float]:
    counts = [1e-3] * width
    for word in re.findall(r"\w+", text.lower()):
        counts[int(hashlib.sha256(word.encode()).hexdigest()[:8], 16) % width] += 1.0
    return _unit(counts)


def _unit(values: Sequence[float]) -> list[float]:
    length = sum(value * value for value in values) ** 0.5
    return [value / length for value in values]
