"""The client of the Graph Data Science library: the one place that imports it, and its errors in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from neo4j import Query
from neo4j import exceptions as driver_errors

from cypher.failures import translated
from cypher.store import Store
from spikegraph.errors import DatabaseError, MissingExtraError

if TYPE_CHECKING:
    from graphdatascience import GraphDataScience
    from graphdatascience.query_runner import QueryRunner

FUNCTION = "gds.version"
"""What every server with the plugin has."""

BLOCKED = re.compile(r"exceeds (available|current free) memory")
"""Part of what the plugin says where its own estimate does not fit."""

MORE_HEAP = "more memory (--set server.heap=4g, then start the server again), or fewer relations"


def available(store: Store) -> bool:
    """Tell whether the server has the plugin."""
    found = store.read_one("gds/available", function=FUNCTION)
    return bool(found and found["available"])


def connect(store: Store, *, show_progress: bool = False) -> GraphDataScience:
    """Open the client over the connection of the store.

    Args:
        store: where the graph is; it stays the owner of the connection.
        show_progress: bars on stderr.

    Raises:
        MissingExtraError: the package is not installed.
        DatabaseError: the server has no plugin.
    """
    try:
        from graphdatascience import GraphDataScience
    except ImportError as error:
        raise MissingExtraError("graphdatascience", "gds") from error
    if not available(store):
        raise DatabaseError(
            "the server has no Graph Data Science plugin",
            where=store.where,
            hint="the local server and compose.yaml bring it; elsewhere put it into plugins/, and gds.* into "
            "dbms.security.procedures.unrestricted",
        )
    return GraphDataScience(_runner(store), arrow=False, show_progress=show_progress)


def _runner(store: Store) -> QueryRunner:
    """Give what sends the client's queries. Its own set no time limit: the server's minute would hold."""
    from graphdatascience.query_runner.neo4j_query_runner import Neo4jQueryRunner
    from graphdatascience.query_runner.query_type import QueryType

    class Patient(Neo4jQueryRunner):
        def _wrap_query(self, query: str, query_type: QueryType) -> Query:
            wrapped = super()._wrap_query(query, query_type)
            wrapped.timeout = store.timeouts.long
            return wrapped

    protocol = "neo4j+s" if store.driver.encrypted else "bolt"
    return Patient(store.driver, protocol, auto_close=False, database=store.database)


@contextmanager
def named(what: str) -> Iterator[None]:
    """Turn what the server says while an algorithm runs into an error of ours; too little memory is named as such."""
    try:
        with translated(what):
            yield
    except DatabaseError as error:
        cause = error.__cause__
        if isinstance(cause, driver_errors.Neo4jError) and BLOCKED.search(cause.message or ""):
            raise DatabaseError("the server has too little free memory for this", where=what, hint=MORE_HEAP) from error
        raise
