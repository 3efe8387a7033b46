"""Install, start, stop and remove the local server."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from spikegraph.errors import ServerError
from spikegraph.logs import get_logger
from spikegraph.server import configuration, diagnosis
from spikegraph.server.fetch import Fetch, disk_errors, fetch_with_jgo, fill_cache, link_jars
from spikegraph.server.home import (
    Home,
    create_folders,
    ensure_password,
    exclusively,
    forget_lock,
    read_password,
    record_installed,
    remove_folder,
)
from spikegraph.server.interrupted import clear_interrupted
from spikegraph.server.jars import LockFile, read_lock
from spikegraph.server.java import Java, find_java
from spikegraph.server.ports import Ports, choose_ports, is_free, may_choose, port_taken
from spikegraph.server.readiness import wait_until_ready
from spikegraph.server.state import (
    ENTRY_POINT,
    RunningServer,
    find_running,
    forget_state,
    home_argument,
    process_of,
    write_state,
)
from spikegraph.settings import ServerSettings

START_TIMEOUT = 180.0
STOP_TIMEOUT = 60.0
PORT_ATTEMPTS = 3
"""Starts in a row when somebody else takes a port between our look and the server's."""

log = get_logger(__name__)

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Servers that this process has started; kept so that one that ended can be told from one that runs."""


@dataclass(frozen=True)
class InstallReport:
    """What an install did.

    Args:
        home: the folder of the server.
        versions: of `server`, `browser` and `gds`.
        jars: how many the server consists of.
        fetched: how many of them were downloaded now.
        megabytes: of all jars.
        java: version and source of the Java that will run it.
        seconds: that it took.
    """

    home: Path
    versions: dict[str, str]
    jars: int
    fetched: int
    megabytes: float
    java: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Give the report for a JSON document."""
        return {**asdict(self), "home": str(self.home)}


def home_of(server: ServerSettings) -> Home:
    """Give the home that the settings name."""
    return Home(server.home.expanduser().resolve())


def cache_of(server: ServerSettings, lock: LockFile) -> Path:
    """Give the folder of the shared jars of this version."""
    return server.cache.expanduser().resolve() / f"neo4j-{lock.versions['server']}"


def install(server: ServerSettings, *, fetch: Fetch = fetch_with_jgo, lock: LockFile | None = None) -> InstallReport:
    """Fetch what is missing of the server into the shared cache, and lay out the home. Twice is the same as once.

    Args:
        server: home and cache.
        fetch: how a jar is downloaded.
        lock: stands in for the lock file of the package.

    Raises:
        ServerError: a download was cut (install again: it goes on), a hash is wrong, the disk is full, the folder is
            not ours, there is no Java 17 or 21, or a server of another version runs in the home.
    """
    home = home_of(server)
    with exclusively(home, START_TIMEOUT):
        return _install(home, server, lock or read_lock(), fetch)


def start(server: ServerSettings, *, timeout: float = START_TIMEOUT) -> RunningServer:
    """Start the server as a process of its own and wait until it answers; install it first where it is not there.

    Args:
        server: home, ports, memory.
        timeout: seconds to become ready; recovery after a kill is part of it.

    Returns:
        the running server; with `already_running` where it ran before.

    Raises:
        ServerError: with the log's own last error and what to do.
        UsageError: a size of memory that is none.
    """
    home, lock = home_of(server), read_lock()
    with exclusively(home, timeout):
        running = find_running(home)
        if running is not None:
            write_state(home, running)
            return replace(running, already_running=True)
        if not home.holds(lock):
            _install(home, server, lock, fetch_with_jgo)
        java = find_java()
        with disk_errors(home.path):
            clear_interrupted(home)
            ensure_password(home, java)
            return _start_on_free_ports(home, server, java, timeout)


def stop(server: ServerSettings, *, timeout: float = STOP_TIMEOUT) -> bool:
    """Stop the server cleanly.

    Args:
        server: home.
        timeout: seconds to write everything down and end.

    Returns:
        whether one was running.

    Raises:
        ServerError: it has not ended in time.
    """
    home = home_of(server)
    if not home.is_ours:
        return False
    with exclusively(home, timeout):
        running = find_running(home)
        if running is not None:
            _end(home, running, timeout)
        forget_state(home)
        return running is not None


def remove(server: ServerSettings, *, force: bool = False, cache: bool = False) -> None:
    """Remove the home with all its data, and with `cache` the shared jars of this version too.

    Raises:
        ServerError: the folder is not ours, or the server runs and `force` was not given (with it, it is stopped).
    """
    home = home_of(server)
    with exclusively(home, STOP_TIMEOUT):
        running = find_running(home) if home.is_ours else None
        if running is not None and not force:
            hint = "stop it first: spikegraph server stop (or remove with --force)"
            raise ServerError(f"the server runs (process {running.pid})", where=str(home.path), hint=hint)
        if running is not None:
            _end(home, running, STOP_TIMEOUT)
        if home.path.exists():
            remove_folder(home)
    forget_lock(home)
    if cache:
        shutil.rmtree(cache_of(server, read_lock()), ignore_errors=True)


def _install(home: Home, server: ServerSettings, lock: LockFile, fetch: Fetch) -> InstallReport:
    begun = time.monotonic()
    java = find_java()
    if not home.holds(lock) and home.is_ours and find_running(home) is not None:
        raise ServerError("the server runs", where=str(home.path), hint="stop it first: spikegraph server stop")
    with disk_errors(home.path):
        create_folders(home)
    fetched = fill_cache(lock, cache_of(server, lock), fetch=fetch)
    link_jars(lock, cache_of(server, lock), home.path)
    record_installed(home, lock)
    seconds = time.monotonic() - begun
    named = f"{java.version} ({java.source})"
    return InstallReport(home.path, lock.versions, len(lock.jars), fetched, lock.size / 1e6, named, seconds)


def _start_on_free_ports(home: Home, server: ServerSettings, java: Java, timeout: float) -> RunningServer:
    for attempt in range(1, PORT_ATTEMPTS + 1):
        ports = choose_ports(server)
        try:
            return _start(home, server, ports, java, timeout)
        except ServerError:
            port = diagnosis.taken_port(diagnosis.console_text(home))
            if port is None:
                raise
            if attempt == PORT_ATTEMPTS or not may_choose(server):
                raise port_taken(port, "bolt_port" if port == ports.bolt else "http_port") from None
            log.info("a port was taken meanwhile, trying others", port=port, free=is_free(port))
    raise AssertionError("the last attempt returns or raises")


def _start(home: Home, server: ServerSettings, ports: Ports, java: Java, timeout: float) -> RunningServer:
    own = configuration.read_own_settings(home.own_configuration_file)
    ours = configuration.server_settings(
        bolt_port=ports.bolt, http_port=ports.http, heap=server.heap, pagecache=server.pagecache
    )
    home.configuration_file.write_text(configuration.configuration_text({**ours, **own}), encoding="utf-8")
    process = _launch(home, [*configuration.heap_flags(server.heap), *configuration.JVM_FLAGS, *java.flags], java)
    try:
        running = _describe(process, server, ports, java)
        write_state(home, running)
        wait_until_ready(running, read_password(home), timeout, lambda: _check_alive(process))
    except BaseException as error:
        _give_up(home, process)
        if isinstance(error, ServerError) and error.where is None:
            raise diagnosis.start_failed(home, error.message) from None
        raise
    log.info("Neo4j runs", bolt=running.bolt_uri, browser=running.browser_url, process=running.pid)
    return running


def _launch(home: Home, flags: list[str], java: Java) -> subprocess.Popen[bytes]:
    """Start the one process, detached: it outlives this program and does not see its Ctrl-C."""
    command = [str(java.executable), *flags, "-cp", home.class_path("plugins", "conf", "lib"), ENTRY_POINT]
    command += [home_argument(home), f"--config-dir={home.path / 'conf'}", "--console-mode"]
    detached: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        detached = {"creationflags": getattr(subprocess, "DETACHED_PROCESS", 0) | 0x200}
    with home.console_log.open("wb") as console:
        process = subprocess.Popen(  # noqa: S603 - the Java that was found, with our own arguments
            command, cwd=home.path, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT, **detached
        )
    _children[process.pid] = process
    return process


def _describe(process: subprocess.Popen[bytes], server: ServerSettings, ports: Ports, java: Java) -> RunningServer:
    try:
        created = psutil.Process(process.pid).create_time()
    except psutil.Error:
        created = time.time()
    named = f"{java.version} ({java.source})"
    return RunningServer(process.pid, created, ports.bolt, ports.http, named, server.heap, server.pagecache)


def _check_alive(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise ServerError(f"the server ended with code {process.returncode}")


def _give_up(home: Home, process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    forget_state(home)


def _end(home: Home, running: RunningServer, timeout: float) -> None:
    process = process_of(home, running)
    if process is None:
        return
    process.terminate()
    try:
        process.wait(timeout)
    except psutil.TimeoutExpired as error:
        hint = f"wait and stop again; as a last resort `kill -9 {running.pid}` (the next start recovers)"
        raise ServerError(
            f"the server has not ended in {timeout:.0f} seconds", where=str(home.path), hint=hint
        ) from error
    child = _children.pop(running.pid, None)
    if child is not None:
        child.wait()
    log.info("Neo4j has stopped", process=running.pid)
