"""The log's own last error, from what a real Neo4j 5.26.24 says when it cannot start."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikegraph.server.diagnosis import last_error, start_failed, taken_port
from spikegraph.server.home import Home

BAD_SETTING = """\
Exception in thread "main" java.lang.IllegalArgumentException: Unrecognized setting. No declared setting with name: \
server.nonsense. Cleanup the config or disable 'server.config.strict_validation.enabled' to continue.
\tat org.neo4j.configuration.Config.getActiveSettings(Config.java:762)
2026-11-21 10:02:43.109+0000 INFO  [o.n.s.CommunityBootstrapper] Neo4j Server shutdown initiated by request
2026-11-21 10:02:43.120+0000 INFO  [o.n.s.CommunityBootstrapper] Stopped.
"""
BAD_HEAP = """\
Invalid maximum heap size: -Xmx5x
Error: Could not create the Java Virtual Machine.
Error: A fatal exception has occurred. Program will exit.
"""
BOLT_TAKEN = """\
2026-11-21 10:03:20.187+0000 ERROR Failed to start Neo4j on 127.0.0.1:27474.
java.lang.RuntimeException: Error starting Neo4j database server at /home/x/data/databases
\tat org.neo4j.graphdb.facade.DatabaseManagementServiceFactory.build(DatabaseManagementServiceFactory.java:223)
Caused by: org.neo4j.configuration.helpers.PortBindException: An error occurred while trying to bind to the socket \
/127.0.0.1:17687
\t... 10 more
Caused by: io.netty.channel.unix.Errors$NativeIoException: bind(..) failed with error(-98): Address already in use
2026-11-21 10:03:20.197+0000 INFO  Stopped.
"""
HTTP_TAKEN = """\
2026-11-21 10:03:43.187+0000 ERROR Failed to start Neo4j on 127.0.0.1:17474.
Caused by: org.neo4j.configuration.helpers.PortBindException: Address 127.0.0.1:17474 is already in use, cannot bind \
to it.
\tat org.eclipse.jetty.server.ServerConnector.openAcceptChannel(ServerConnector.java:349)
"""
STARTED = "2026-11-21 09:59:04.407+0000 INFO  Started.\n"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (BAD_HEAP, "Invalid maximum heap size: -Xmx5x"),
        (BOLT_TAKEN, "bind(..) failed with error(-98): Address already in use"),
        (HTTP_TAKEN, "Address 127.0.0.1:17474 is already in use, cannot bind to it."),
        ("2026-11-21 10:03:20.187+0000 ERROR The store is of another version\n", "The store is of another version"),
        (STARTED, None),
        ("", None),
    ],
)
def test_the_last_error_without_class_names_and_times(text: str, error: str | None) -> None:
    assert last_error(text) == error


def test_the_port_that_was_taken() -> None:
    assert taken_port(BOLT_TAKEN) == 17687
    assert taken_port(HTTP_TAKEN) == 17474
    assert taken_port(BAD_SETTING) is None


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        (BAD_SETTING, "No declared setting with name: server.nonsense", "own.conf"),
        (BAD_HEAP, "Invalid maximum heap size", "server.heap"),
        ("ERROR java.io.IOException: No space left on device", "the disk is full", "make room"),
        ("Caused by: a.b.FileLockException: locked by another process: x", "in use by another process", "server.home"),
        ("", "the server ended with code 1", "spikegraph server logs"),
    ],
)
def test_a_failed_start_says_what_and_what_to_do(tmp_path: Path, text: str, words: str, hint: str) -> None:
    home = Home(tmp_path)
    home.console_log.parent.mkdir()
    home.console_log.write_text(text, encoding="utf-8")
    error = start_failed(home, "the server ended with code 1")
    assert words in error.message
    assert hint in (error.hint or "")
    assert error.where == str(tmp_path)
