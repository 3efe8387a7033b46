"""A real Neo4j for the tests: its own temporary home, ports of its own, gone at the end whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from spikegraph.server import RunningServer, connection, remove, start
from spikegraph.settings import ServerSettings

URI_VARIABLE = "SPIKEGRAPH_TEST_NEO4J_URI"
PASSWORD_VARIABLE = "SPIKEGRAPH_TEST_NEO4J_PASSWORD"
TEST_VARIABLES = {URI_VARIABLE, PASSWORD_VARIABLE}

QUICK_START = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}
"""Lets the Java machine compile less: half the processor time of a start, which is what short tests spend."""

STOP_WHEN_ALONE = """
import sys
from pathlib import Path
from spikegraph.server import stop
from spikegraph.settings import ServerSettings
sys.stdin.read()
stop(ServerSettings(home=Path(sys.argv[1])))
"""


@dataclass(frozen=True)
class Neo4jServer:
    """How to reach the server; `settings` is None where it is not ours to stop."""

    uri: str
    username: str
    password: str
    settings: ServerSettings | None


def temporary_settings(folder: Path) -> ServerSettings:
    """Give a home below a temporary folder; the jars come from the cache that all homes share."""
    return ServerSettings(home=folder / "neo4j", heap="1g", pagecache="128m")


@contextmanager
def temporary_server(folder: Path) -> Iterator[Neo4jServer]:
    """Run a server for as long as the block runs; a guard stops it even when this process is killed."""
    settings = temporary_settings(folder)
    with guarded(settings.home):
        try:
            quick_start(settings)
            yield Neo4jServer(*connection(settings), settings=settings)
        finally:
            if settings.home.exists():
                remove(settings, force=True)


def quick_start(settings: ServerSettings) -> RunningServer:
    """Start a server that begins quickly and works slowly."""
    with patch.dict(os.environ, QUICK_START):
        return start(settings)


@contextmanager
def guarded(home: Path) -> Iterator[None]:
    """Keep a process that stops the server of a home when this one ends, by whatever means."""
    command = [sys.executable, "-c", STOP_WHEN_ALONE, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as guard:
        yield
        guard.communicate()


def server_of_environment() -> Neo4jServer | None:
    """Give the server that the environment names, for quick runs while developing."""
    uri = os.environ.get(URI_VARIABLE)
    return Neo4jServer(uri, "neo4j", os.environ[PASSWORD_VARIABLE], settings=None) if uri else None
