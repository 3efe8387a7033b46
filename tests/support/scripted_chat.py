"""A chat server over HTTP whose every answer is a function of the request body: for what an agent must survive."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Script = Callable[[Body], list[tuple[str, dict[str, Any]]] | str]
"""Gives tool calls (name and arguments), or a text, for a request body."""

TOKENS = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


class ScriptedChat:
    """What was asked, and where."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: list[Body] = []


@contextmanager
def scripted_chat(script: Script) -> Iterator[ScriptedChat]:
    """Serve the script at `url` until the block ends; each answer counts 100 tokens in and 10 out."""
    numbers = itertools.count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            chat.bodies.append(body)
            self._send({"id": "x", "object": "chat.completion", "created": 0, "model": "scripted-1", "usage": TOKENS,
                        "choices": [{"index": 0, **_choice(script(body), numbers)}]})  # fmt: skip

        def _send(self, answer: Body) -> None:
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat = ScriptedChat(f"http://127.0.0.1:{server.server_port}/v1")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()


def _choice(given: list[tuple[str, dict[str, Any]]] | str, numbers: Iterator[int]) -> Body:
    if isinstance(given, str):
        return {"message": {"role": "assistant", "content": given}, "finish_reason": "stop"}
    calls = [
        {"id": f"c{next(numbers)}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for name, arguments in given
    ]
    return {"message": {"role": "assistant", "content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}


def tools_of(body: Body) -> list[str]:
    """Give the names of the tools that a request offers."""
    return [tool["function"]["name"] for tool in body.get("tools", [])]


def told(body: Body) -> list[str]:
    """Give what tools answered, as a request carries it."""
    return [message["content"] for message in body["messages"] if message["role"] == "tool"]
