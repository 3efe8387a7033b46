"""A server is ready when it answers itself, not when somebody answers at its port."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from spikegraph.errors import ServerError
from spikegraph.server.readiness import wait_until_ready
from spikegraph.server.state import RunningServer

LISTEN = """
import socket, sys
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in taken), flush=True)
sys.stdin.read()
"""


def test_another_process_at_the_port_is_waited_past_and_not_asked_for_its_password() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as stranger:
        assert stranger.stdout is not None
        bolt, http = map(int, stranger.stdout.readline().split())
        ours = RunningServer(os.getpid(), psutil.Process().create_time(), bolt, http)
        with pytest.raises(ServerError, match="not ready after"):
            wait_until_ready(ours, "password", 1.0, lambda: None)
        stranger.communicate()
