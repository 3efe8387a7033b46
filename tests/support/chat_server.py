"""An OpenAI-compatible server for tests: answers without a model, faults by name, and a record of what it was asked.

with ChatServer(script=["rate_limit", None]) as server: ChatOpenAI(base_url=server.url, api_key="test", …)
python -m tests.support.chat_server --port 0 --delay 1 --faults 0.2 --seed 7     (prints its address)
"""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.request import urlopen

from tests.support.chat_answers import completion, conversation, embeddings

FAULTS = (
    "rate_limit",
    "server_error",
    "unavailable",
    "delay",
    "disconnect",
    "truncated",
    "malformed_json",
    "wrong_schema",
    "empty",
    "refusal",
    "length",
    "content_filter",
)
"""The faults that are drawn; `context_length` (400) and `unauthorized` (401) are there by name only."""

REFUSED = {
    "rate_limit": (429, "rate_limit_exceeded", "Rate limit reached"),
    "server_error": (500, "server_error", "The server had an error"),
    "unavailable": (503, "unavailable", "The server is overloaded"),
    "context_length": (400, "context_length_exceeded", "Input tokens exceed the configured limit (context_length)"),
    "unauthorized": (401, "invalid_api_key", "Incorrect API key provided"),
}

Fault = Callable[[Mapping[str, Any], int], str | None]
"""Chooses the fault of a request, given its body and how often its conversation was asked before."""


@dataclass(frozen=True)
class Asked:
    """One chat request: what, when (seconds of `time.monotonic`), and what became of it (`ok` or the fault)."""

    body: Mapping[str, Any]
    authorization: str
    conversation: str
    started: float
    ended: float
    outcome: str


@dataclass
class Record:
    """What the server was asked; `answered` counts whole, good answers by conversation: what is paid for."""

    requests: int = 0
    open: int = 0
    peak: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    asked: list[Asked] = field(default_factory=list)
    embedded: list[Mapping[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Give the counts, for `GET /stats`."""
        counts = {"requests": self.requests, "open": self.open, "peak": self.peak}
        return counts | {"outcomes": dict(self.outcomes), "answered": dict(self.answered)}


class ChatServer:
    """Serves on a port of its own until it is left."""

    def __init__(
        self,
        *,
        port: int = 0,
        delay: float = 0.0,
        script: Sequence[str | None] = (),
        fault: Fault | None = None,
        faults: float = 0.0,
        kinds: Sequence[str] = FAULTS,
        seed: int = 0,
        retry_after: float = 0.1,
        slow: float = 1.0,
        arguments: Mapping[str, Any] | None = None,
        keep: bool = True,
    ) -> None:
        """Choose what it does.

        Args:
            port: 0 for a free one.
            delay: seconds before each answer.
            script: faults of the first requests, in the order in which they come; None answers well.
            fault: chooses the faults of the others.
            faults: the share of faults among the others, where `fault` is not given.
            kinds: which are drawn.
            seed: of the draw, which goes by the conversation and how often it was asked, not by the order.
            retry_after: seconds in the header of a 429.
            slow: seconds of the fault `delay`.
            arguments: by the name of a tool, what it is called with.
            keep: whether requests are kept; counts always are.
        """
        self.record = Record()
        self.delay, self.slow, self.retry_after, self.keep = delay, slow, retry_after, keep
        self.arguments = arguments or {}
        self._script = list(script)
        self._fault = fault or _drawn(faults, kinds, seed)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.chat = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """The base URL of its clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def asked(self) -> list[Asked]:
        """The chat requests, in the order in which they ended."""
        return self.record.asked

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        """Serve until the process ends."""
        self._server.serve_forever()

    def begin(self, body: Mapping[str, Any]) -> str | None:
        """Count a request that came, and choose its fault."""
        name = conversation(body)
        with self._lock:
            record = self.record
            record.requests += 1
            record.open += 1
            record.peak = max(record.peak, record.open)
            before = record.seen[name]
            record.seen[name] += 1
            return self._script.pop(0) if self._script else self._fault(body, before)

    def end(self, asked: Asked) -> None:
        """Count its end; called before the answer leaves, so that whoever has an answer finds it counted."""
        with self._lock:
            self.record.open -= 1
            self.record.outcomes[asked.outcome] += 1
            if asked.outcome in ("ok", "delay"):
                self.record.answered[asked.conversation] += 1
            if self.keep:
                self.record.asked.append(asked)


def stats(url: str) -> dict[str, Any]:
    """Read the counts of a server in another process, by its base URL."""
    with urlopen(url.removesuffix("/v1") + "/stats", timeout=30) as answer:
        return cast("dict[str, Any]", json.load(answer))


class _Server(ThreadingHTTPServer):
    chat: ChatServer
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Give the counts or the models."""
        chat = cast("_Server", self.server).chat
        models = {"object": "list", "data": [{"id": "test", "object": "model", "created": 0, "owned_by": "tests"}]}
        self._send(200, chat.record.as_dict() if self.path == "/stats" else models)

    def do_POST(self) -> None:
        """Answer a chat completion or embed texts."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            cast("_Server", self.server).chat.record.embedded.append(body)
            self._send(200, embeddings(body))
        elif self.path.endswith("/chat/completions"):
            self._chat(body)
        else:
            self._send(404, {"error": {"message": f"no {self.path}", "code": "not_found"}})

    def _chat(self, body: Mapping[str, Any]) -> None:
        chat = cast("_Server", self.server).chat
        started = time.monotonic()
        fault = chat.begin(body)
        time.sleep(chat.delay + (chat.slow if fault == "delay" else 0.0))
        authorization = self.headers.get("Authorization", "")
        chat.end(Asked(body, authorization, conversation(body), started, time.monotonic(), fault or "ok"))
        if fault == "disconnect":
            self.close_connection = True
        elif fault in REFUSED:
            self._refuse(*REFUSED[fault])
        else:
            self._send(200, completion(body, fault, chat.arguments), whole=fault != "truncated")

    def _refuse(self, status: int, code: str, message: str) -> None:
        chat = cast("_Server", self.server).chat
        headers = {"Retry-After": f"{chat.retry_after:g}"} if status == 429 else {}
        self._send(status, {"error": {"message": message, "type": code, "code": code}}, headers)

    def _send(self, status: int, content: Any, headers: Mapping[str, str] | None = None, *, whole: bool = True) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if whole else body[: len(body) // 2])
        self.close_connection = self.close_connection or not whole


def _drawn(share: float, kinds: Sequence[str], seed: int) -> Fault:
    def fault(body: Mapping[str, Any], before: int) -> str | None:
        if not share:
            return None
        drawn = random.Random(f"{seed} {conversation(body)} {before}")
        return drawn.choice(list(kinds)) if drawn.random() < share else None

    return fault


def main() -> None:
    """Serve in a process of its own; the first line of stdout is the base URL."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("port", 0), ("delay", 0.0), ("faults", 0.0), ("seed", 0), ("retry-after", 0.1)):
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--slow", type=float, default=1.0)
    parser.add_argument("--kinds", default=",".join(FAULTS))
    words = vars(parser.parse_args())
    server = ChatServer(**words | {"kinds": words["kinds"].split(",")}, keep=False)
    print(server.url, flush=True)  # noqa: T201
    server.serve()


if __name__ == "__main__":
    main()
