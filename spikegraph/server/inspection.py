"""Ask about the local server: does it run, where, with how much memory; its password, its log, how to connect."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spikegraph.errors import ServerError
from spikegraph.server.home import INSTALL_HINT, USERNAME, Home, read_password
from spikegraph.server.lifecycle import home_of
from spikegraph.server.state import find_running, process_of
from spikegraph.settings import ServerSettings


@dataclass(frozen=True)
class ServerStatus:
    """What can be said about the local server.

    Args:
        installed: whether the home is laid out.
        running: whether its process runs.
        home: the folder of the server.
        versions: of `server`, `browser`, `gds`, and of `java` where it runs; empty where nothing is installed.
        username: of the one user.
        pid: the process, or None.
        bolt_uri: the address for drivers, or None.
        browser_url: the address of Neo4j Browser, or None.
        started: when the process was created, in seconds since 1970, or None.
        memory: `heap` and `pagecache` as set, `resident_bytes` as the process has now; empty where it does not run.
    """

    installed: bool
    running: bool
    home: Path
    versions: dict[str, str]
    username: str
    pid: int | None
    bolt_uri: str | None
    browser_url: str | None
    started: float | None
    memory: dict[str, str | int]

    def as_dict(self) -> dict[str, Any]:
        """Give the status for a JSON document."""
        return {**asdict(self), "home": str(self.home)}


def status(server: ServerSettings) -> ServerStatus:
    """Tell whether the server is installed and runs, and where. Never fails, changes nothing."""
    home = home_of(server)
    versions = _versions(home)
    running = find_running(home) if versions else None
    process = process_of(home, running) if running else None
    if running is None or process is None:
        return ServerStatus(bool(versions), False, home.path, versions, USERNAME, None, None, None, None, {})
    memory: dict[str, str | int] = {"heap": running.heap, "pagecache": running.pagecache}
    memory["resident_bytes"] = process.memory_info().rss
    return ServerStatus(
        installed=True,
        running=True,
        home=home.path,
        versions={**versions, "java": running.java},
        username=running.username,
        pid=running.pid,
        bolt_uri=running.bolt_uri,
        browser_url=running.browser_url,
        started=running.created,
        memory=memory,
    )


def connection(server: ServerSettings) -> tuple[str, str, str]:
    """Give address, user name and password of the running server.

    Raises:
        ServerError: it does not run.
    """
    home = home_of(server)
    running = find_running(home) if home.is_ours else None
    if running is None:
        hint = "start it: spikegraph server start (or name another Neo4j in NEO4J_URI)"
        raise ServerError("the local Neo4j does not run", where=str(home.path), hint=hint)
    return running.bolt_uri, running.username, read_password(home)


def password(server: ServerSettings) -> str:
    """Give the password of the server.

    Raises:
        ServerError: there is none yet.
    """
    return read_password(home_of(server))


def logs(server: ServerSettings, lines: int = 50) -> list[str]:
    """Give the last lines of Neo4j's own log, or what the process said where it did not come so far.

    Raises:
        ServerError: the server has never been started.
    """
    home = home_of(server)
    for file in (home.server_log, home.console_log):
        if file.is_file() and file.stat().st_size:
            return file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    raise ServerError("there is no log yet", where=str(home.server_log), hint=f"{INSTALL_HINT}, then start it")


def _versions(home: Home) -> dict[str, str]:
    versions = home.installed().get("versions")
    return {str(name): str(version) for name, version in versions.items()} if isinstance(versions, dict) else {}
