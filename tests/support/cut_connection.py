"""A way to the server that can be cut while a statement is under way, as networks do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Way:
    """Passes bytes on, both ways, until it is cut.

    Attributes:
        uri: the address at which it listens.
        target: host and port of the server.
        cuts: how many connections were cut so far.
    """

    uri: str
    target: tuple[str, int]
    cuts: int = 0
    _armed: threading.Event = field(default_factory=threading.Event)

    def cut_next(self) -> None:
        """Let the next bytes that a client sends end its connection; later connections work."""
        self._armed.set()

    def join(self, client: socket.socket) -> None:
        """Pass on between a client and the server until either ends."""
        with client, socket.create_connection(self.target) as server:
            back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
            back.start()
            while (sent := _received(client)) and not self._armed.is_set():
                server.sendall(sent)
            self.cuts += self._armed.is_set()
            self._armed.clear()
            server.shutdown(socket.SHUT_RDWR)
            back.join()


@contextmanager
def way_to(uri: str) -> Iterator[Way]:
    """Listen at a free port for as long as the block runs."""
    address = urlsplit(uri)
    assert address.hostname is not None
    assert address.port is not None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        way = Way(f"bolt://127.0.0.1:{listener.getsockname()[1]}", (address.hostname, address.port))
        threading.Thread(target=_accept, args=(listener, way), daemon=True).start()
        yield way
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, way: Way) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=way.join, args=(client,), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    while received := _received(source):
        target.sendall(received)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""
