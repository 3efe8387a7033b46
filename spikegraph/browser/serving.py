"""A small server on the loopback that Neo4j Browser fetches a guide and its style from.

Browser takes guides from hosts of its allow-list only. `localhost` is on it by default, with any port, so nothing is
to be set on the Neo4j server. The files are given to pages of the named Browser only: they hold keys and names of
the data set, and any page that a person has open could ask for them otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from spikegraph.errors import UsageError

HOST = "127.0.0.1"
NAME = "localhost"
PORT = 7600
"""The port that is tried first: beside those of Neo4j's own."""

TYPES = {"html": "text/html; charset=utf-8", "grass": "text/plain; charset=utf-8"}


@dataclass(frozen=True)
class Serving:
    """Files that are being served at an address; `wait` returns when the server is stopped."""

    address: str
    _thread: threading.Thread

    def url(self, file: str) -> str:
        """Give the address of a file."""
        return f"{self.address}/{file}"

    def wait(self) -> None:
        """Wait until the server is stopped, or the person presses Ctrl-C."""
        while self._thread.is_alive():
            self._thread.join(timeout=0.5)


@contextmanager
def serving(files: Mapping[str, str], browser: str, port: int | None = None) -> Iterator[Serving]:
    """Serve texts by their file names for as long as the block runs.

    Args:
        files: text by file name (`demo.html`); more can be put in while it runs.
        browser: the address of the Browser that may fetch them.
        port: where to listen; None takes the usual port, or a free one where that is taken.

    Raises:
        UsageError: the port that was asked for is taken.
    """
    server = _listen(port, _handler(files, _origins(browser)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Serving(f"http://{NAME}:{server.server_address[1]}", thread)
    finally:
        server.shutdown()
        server.server_close()


def _listen(port: int | None, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    for tried in (PORT, 0) if port is None else (port,):
        try:
            return ThreadingHTTPServer((HOST, tried), handler)
        except OSError as error:
            taken = error
    raise UsageError(f"cannot listen on port {port}: {taken.strerror}", where="--port", hint="leave --port out")


def _origins(browser: str) -> set[str]:
    """Give the origins of a Browser: pages of 127.0.0.1 and localhost are the same to a person."""
    parts = urlsplit(browser)
    origin = f"{parts.scheme}://{parts.netloc}"
    return {origin, origin.replace(HOST, NAME), origin.replace(NAME, HOST)}


def _handler(files: Mapping[str, str], origins: set[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = files.get(urlsplit(self.path).path.lstrip("/")) if self._is_asked_here() else None
            body = (text or "").encode()
            self._head(200 if text is not None else 404, len(body))
            self.wfile.write(body)

        def do_OPTIONS(self) -> None:
            """Browser asks with headers of its own (`pragma`, `sentry-trace`), so it has to ask for leave first."""
            self._head(204, 0)

        def _is_asked_here(self) -> bool:
            """Refuse names that only lead here: a page of another site could have its own name point to us."""
            return str(self.headers.get("Host", "")).partition(":")[0] in {HOST, NAME}

        def _head(self, status: int, length: int) -> None:
            self.send_response(status)
            self.send_header("Content-Type", TYPES.get(self.path.rpartition(".")[2], "text/plain; charset=utf-8"))
            self.send_header("Content-Length", str(length))
            self.send_header("Cache-Control", "no-store")
            if self.headers.get("Origin") in origins:
                self.send_header("Access-Control-Allow-Origin", str(self.headers["Origin"]))
                asked = self.headers.get("Access-Control-Request-Headers", "pragma, cache-control")
                self.send_header("Access-Control-Allow-Headers", asked)
                self.send_header("Access-Control-Allow-Private-Network", "true")
            self.end_headers()

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002
            """Say nothing: requests are no news."""

    return Handler
