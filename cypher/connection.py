"""Opening the driver, and the gate that old servers do not pass."""

from __future__ import annotations

import re
from dataclasses import dataclass

from neo4j import Driver, GraphDatabase, NotificationMinimumSeverity

from cypher.failures import translated
from spikegraph.errors import DatabaseError

OLDEST = (5, 26)
"""The oldest server that has dynamic labels and types, and `CALL (n) {…}`."""

_ADDRESS = re.compile(r"(bolt|neo4j)(\+s|\+ssc)?://[^/]")
"""The schemes of Bolt; the driver's HTTP is in preview and knows no transaction timeouts."""

_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True)
class ServerVersion:
    """What answers at the address: `text` as the server writes it, `number` its first two parts."""

    text: str
    number: tuple[int, int]
    edition: str


def open_driver(uri: str, username: str, password: str) -> Driver:
    """Open a driver and see that the server answers.

    Raises:
        DatabaseError: nothing answers there, or it refuses the user name or the password.
    """
    where = without_credentials(uri)
    if not _ADDRESS.match(uri):
        raise _no_address(where)
    try:
        driver = _driver(uri, username, password)
    except ValueError as error:
        raise _no_address(where) from error
    try:
        with translated(where):
            driver.verify_connectivity()
    except ValueError as error:
        driver.close()
        raise _no_address(where) from error
    except BaseException:
        driver.close()
        raise
    return driver


def gate(version: str, edition: str, where: str) -> ServerVersion:
    """Let a server of version 5.26 or later through (also `2025.10.1` and `5.27-aura`).

    Raises:
        DatabaseError: the server is older, or its version cannot be read.
    """
    found = _VERSION.match(version)
    number = (int(found[1]), int(found[2])) if found else (0, 0)
    if number < OLDEST:
        raise DatabaseError(
            f"the server is Neo4j {version}; 5.26 or later is needed",
            where=where,
            hint="spikegraph server install && spikegraph server start gives one that fits",
        )
    return ServerVersion(version, number, edition)


def without_credentials(uri: str) -> str:
    """Give the address without a user name or password that somebody put into it."""
    return re.sub(r"//[^/]*@", "//", uri)


def _no_address(where: str) -> DatabaseError:
    return DatabaseError(
        "the address is not one of a Neo4j server", where=where, hint="an address looks like bolt://localhost:7687"
    )


def _driver(uri: str, username: str, password: str) -> Driver:
    with translated(without_credentials(uri)):
        return GraphDatabase.driver(
            uri,
            auth=(username, password),
            connection_timeout=10.0,
            max_transaction_retry_time=30.0,
            notifications_min_severity=NotificationMinimumSeverity.OFF,
            telemetry_disabled=True,
            user_agent="spikegraph",
        )
