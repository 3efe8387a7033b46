"""One gate for all workers: a rate limit that one of them meets holds every one of them back (llm.md §3)."""

from __future__ import annotations

import threading
import time


class Gate:
    """Open until someone closes it for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opens = 0.0

    def close(self, seconds: float) -> None:
        """Keep everyone waiting for so long from now; a longer wait that was asked for before stays."""
        with self._lock:
            self._opens = max(self._opens, time.monotonic() + seconds)

    def wait(self, stop: threading.Event) -> None:
        """Wait until the gate is open, or until everything stops."""
        while not stop.is_set():
            left = self._opens - time.monotonic()
            if left <= 0:
                return
            stop.wait(left)  # it may be closed again meanwhile
