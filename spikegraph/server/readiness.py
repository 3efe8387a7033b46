"""Wait until a started server answers: Bolt, Browser's page, and every index online."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from spikegraph.errors import ServerError
from spikegraph.logs import get_logger
from spikegraph.server.ports import is_free
from spikegraph.server.state import RunningServer

PAUSE = 0.25
"""Seconds between two questions."""
OFFLINE_INDEXES = "SHOW INDEXES YIELD name, state WHERE state <> 'ONLINE' RETURN name, state"

log = get_logger(__name__)


def wait_until_ready(server: RunningServer, password: str, timeout: float, check_alive: Callable[[], None]) -> None:
    """Return when the server answers over Bolt and HTTP and no index is still being populated.

    Args:
        server: the process that was started.
        password: of its user.
        timeout: seconds.
        check_alive: raises when the process has ended.

    Raises:
        ServerError: the time is over, or the password is not the server's.
    """
    deadline = time.monotonic() + timeout
    answered = False
    while time.monotonic() < deadline:
        check_alive()
        answered = answered or all(_listens(server, port) for port in (server.bolt_port, server.http_port))
        if answered and _is_ready(server, password):
            return
        time.sleep(PAUSE)
    raise ServerError(f"the server was not ready after {timeout:.0f} seconds")


def _listens(server: RunningServer, port: int) -> bool:
    """Tell whether the process itself listens there: in a race another server may have taken the port."""
    try:
        connections = psutil.Process(server.pid).net_connections("tcp")
    except psutil.AccessDenied:  # a system that does not tell whose port it is
        return not is_free(port)
    except psutil.NoSuchProcess:
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)


def _is_ready(server: RunningServer, password: str) -> bool:
    from neo4j import GraphDatabase
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

    try:
        with GraphDatabase.driver(server.bolt_uri, auth=(server.username, password)) as driver:
            driver.execute_query("RETURN 1", database_="neo4j")
            indexes, _, _ = driver.execute_query(OFFLINE_INDEXES, database_="neo4j")
    except AuthError as error:
        hint = "put the right one into the file `password` of the server's home"
        raise ServerError("the server does not take the kept password", where=server.bolt_uri, hint=hint) from error
    except (DriverError, Neo4jError) as error:
        log.debug("not ready yet", reason=str(error))
        return False
    failed = [index["name"] for index in indexes if index["state"] == "FAILED"]
    if failed:
        log.warning("indexes have failed and will not come online: drop and make them again", indexes=failed)
    return len(indexes) == len(failed)
