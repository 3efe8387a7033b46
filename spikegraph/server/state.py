"""Which process is the server of a home: from the state file, checked, or else from the list of processes.

A process id alone proves nothing, as ids are used again. The server of a home is a process whose command line names
that home; the state file adds when it was created, so that nothing else is ever stopped.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import psutil

from spikegraph.server.configuration import HOST
from spikegraph.server.home import USERNAME, Home

ENTRY_POINT = "org.neo4j.server.CommunityEntryPoint"
CLOCK_TOLERANCE = 2.0
"""Seconds by which a process's creation time may differ between two readings."""


@dataclass(frozen=True)
class RunningServer:
    """A server that was started, as the state file of its home keeps it.

    Args:
        pid: its process.
        created: when the process was created, in seconds since 1970.
        bolt_port: where programs connect.
        http_port: where Browser is served.
        java: version and source of the Java it runs on.
        heap: largest heap, as set.
        pagecache: page cache, as set.
        already_running: whether this start found it running.
        username: of the one user.
    """

    pid: int
    created: float
    bolt_port: int
    http_port: int
    java: str = ""
    heap: str = ""
    pagecache: str = ""
    already_running: bool = False
    username: str = USERNAME

    @property
    def bolt_uri(self) -> str:
        """The address for drivers."""
        return f"bolt://{HOST}:{self.bolt_port}"

    @property
    def browser_url(self) -> str:
        """The address of Neo4j Browser, for a person."""
        return f"http://{HOST}:{self.http_port}/browser/"


def home_argument(home: Home) -> str:
    """The argument of the server's command line that says whose server it is."""
    return f"--home-dir={home.path}"


def write_state(home: Home, server: RunningServer) -> None:
    """Note the running server in its home."""
    fresh = home.state_file.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(server), indent=1) + "\n", encoding="utf-8")
    fresh.replace(home.state_file)


def forget_state(home: Home) -> None:
    """Note that no server runs in this home."""
    home.state_file.unlink(missing_ok=True)


def find_running(home: Home) -> RunningServer | None:
    """Give the server that runs in this home, or None; a state file that is out of date does not count.

    A server that the state file does not know (the file was lost, the clock was set) is found by its command line,
    and its ports are read from the configuration that it was started with.
    """
    noted = _read_state(home)
    if noted is not None and process_of(home, noted) is not None:
        return noted
    process = _search(home)
    return None if process is None else _adopt(home, process, noted)


def process_of(home: Home, server: RunningServer) -> psutil.Process | None:
    """Give the process of a noted server, or None where it has ended or its id belongs to another process now."""
    try:
        process = psutil.Process(server.pid)
        same = abs(process.create_time() - server.created) < CLOCK_TOLERANCE and _is_server(process, home)
    except psutil.Error:
        return None
    return process if same else None


def _is_server(process: psutil.Process, home: Home) -> bool:
    if process.status() == psutil.STATUS_ZOMBIE:
        return False
    line = process.cmdline()
    return ENTRY_POINT in line and home_argument(home) in line


def _search(home: Home) -> psutil.Process | None:
    for process in psutil.process_iter():
        try:
            if _is_server(process, home):
                return process
        except psutil.Error:
            continue
    return None


def _read_state(home: Home) -> RunningServer | None:
    try:
        return RunningServer(**json.loads(home.state_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _adopt(home: Home, process: psutil.Process, noted: RunningServer | None) -> RunningServer:
    bolt, http = (_configured_port(home, name) for name in ("bolt", "http"))
    java = noted.java if noted else ""
    return RunningServer(process.pid, process.create_time(), bolt, http, java)


def _configured_port(home: Home, connector: str) -> int:
    key = f"server.{connector}.listen_address="
    lines = home.configuration_file.read_text(encoding="utf-8").splitlines()
    return next((int(line.rpartition(":")[2]) for line in lines if line.startswith(key)), 0)
