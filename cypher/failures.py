"""What the driver raises, in words that say what to do next. A password never gets in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from neo4j import exceptions as driver_errors

from spikegraph.errors import DatabaseError

_START = "spikegraph server start, or set NEO4J_URI to a Neo4j of your own; spikegraph doctor tells more"
_PASSWORD = "set NEO4J_USERNAME and NEO4J_PASSWORD; spikegraph server password shows that of the local server"  # noqa: S105

_BY_CODE = {
    "Neo.ClientError.Schema.ConstraintValidationFailed": (
        "a key that must be unique is there twice",
        "another process may have written the same data set: look at spikegraph datasets list",
    ),
    "Neo.ClientError.Database.DatabaseNotFound": (
        "there is no such database on this server",
        "set NEO4J_DATABASE to one that exists; the community edition has only 'neo4j'",
    ),
    "Neo.TransientError.Transaction.LockAcquisitionTimeout": (
        "another transaction holds what this one must change, for longer than the server waits",
        "wait until the other write is done, then do it again",
    ),
    "Neo.ClientError.Statement.AccessMode": ("a statement that only reads tried to write", None),
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError": (
        "the server has not enough memory for this transaction",
        "smaller batches (--set ingest.batch_rows=5000), or more memory (--set server.heap=2g)",
    ),
    "Neo.TransientError.General.TransactionMemoryLimit": (
        "the transaction reached the server's memory limit",
        "smaller batches (--set ingest.batch_rows=5000), or more memory (--set server.heap=2g)",
    ),
}
"""Message and hint by the server's error code."""


@contextmanager
def translated(where: str | None) -> Iterator[None]:
    """Turn whatever the driver raises in the block into a `DatabaseError` that names `where`."""
    try:
        yield
    except (driver_errors.Neo4jError, driver_errors.DriverError) as error:
        raise translate(error, where) from error


def translate(error: driver_errors.Neo4jError | driver_errors.DriverError, where: str | None) -> DatabaseError:
    """Give the error of ours that stands for one of the driver's."""
    if isinstance(error, driver_errors.Neo4jError):
        message, hint = _server_said(error)
    else:
        message, hint = _driver_said(error)
    return DatabaseError(message, where=where, hint=hint)


def _server_said(error: driver_errors.Neo4jError) -> tuple[str, str | None]:
    code, text = error.code or "", error.message or ""
    if isinstance(error, driver_errors.AuthError) or "AuthenticationRateLimit" in code:
        return "the server refused the user name or the password", _PASSWORD
    if code in _BY_CODE:
        return _BY_CODE[code]
    if "TimedOut" in code:
        return "the server stopped the statement: it took longer than it may", "ask for less, or allow more time"
    if "no space left" in text.lower():
        return "the server's disk is full", "free some space, then do it again"
    return f"the server refused the statement: {text} ({code})", None


def _driver_said(error: driver_errors.DriverError) -> tuple[str, str | None]:
    if isinstance(error, driver_errors.IncompleteCommit):
        return "the connection was lost while the server committed", "look at the data set, then do it again"
    if isinstance(error, driver_errors.ConfigurationError):
        return f"the address or its settings are wrong: {error}", "an address looks like bolt://localhost:7687"
    if isinstance(error, driver_errors.ServiceUnavailable | driver_errors.SessionExpired):
        return "the server cannot be reached", _START
    return f"the database driver failed: {error}", None
