"""The store: the one place that talks to the database, and only in statements of the library.

Reads run in READ sessions, which the server enforces. A single statement is repeated by the driver after a failure
that passes (a managed unit of work), so each must be safe to run twice. A read is first tried without a transaction
around it: one round trip instead of three (decisions/0051).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, cast

import neo4j.time
from neo4j import READ_ACCESS, WRITE_ACCESS, Bookmarks, Driver, ManagedTransaction, Query, Session, unit_of_work
from neo4j import Transaction as DriverTransaction
from neo4j import exceptions as driver_errors

from cypher import rows as row_batches
from cypher.connection import ServerVersion, gate, open_driver, without_credentials
from cypher.failures import translated
from cypher.statements import Kind, Statement, Work, load
from cypher.wire import wire
from spikegraph.errors import UsageError
from spikegraph.logs import Advance

Record = dict[str, Any]

_TIMES = (neo4j.time.DateTime, neo4j.time.Date)


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a unit of work may take, by the kind of its work."""

    query: float = 10.0
    batch: float = 60.0
    long: float = 3600.0

    def seconds(self, work: Work) -> float:
        """Give the seconds of one kind of work."""
        return cast("float", getattr(self, work))


class _Values(list[Any]):
    """A list among the parameters, as the driver writes it down for its debug log.

    It makes that text of every parameter, whether anybody reads it or not: a batch of 5 000 rows took 10 ms of 260.
    """

    def __repr__(self) -> str:
        return f"[{len(self)} values]"


class _Text(str):
    """A statement's text, as the driver writes it down for its debug log: escaping 5 000 characters took .08 ms."""

    __slots__ = ()

    def __str__(self) -> str:
        return self  # else the driver's own `str(query)` makes a plain string of it

    def __repr__(self) -> str:
        return f"<{len(self)} characters of Cypher>"


class Transaction:
    """A few statements that become visible together, or not at all."""

    def __init__(self, transaction: DriverTransaction) -> None:
        self._transaction = transaction

    def run(self, statement: str | Statement, **parameters: Any) -> list[Record]:
        """Run a statement of the library and give its records."""
        found = _statement(statement, parameters)
        with translated(found.name):
            return [_record(record) for record in self._transaction.run(_Text(found.text), _sent(parameters))]


@dataclass(frozen=True)
class Store:
    """A connection to one database. Use it as a context manager, or call `close`.

    A statement is given by its name (`recommend/by_user`) or as a `Statement`, where an identifier
    had to be put in its place first.
    """

    driver: Driver
    version: ServerVersion
    where: str
    database: str = "neo4j"
    timeouts: Timeouts = field(default_factory=Timeouts)

    @classmethod
    def connect(
        cls, uri: str, username: str, password: str, database: str = "neo4j", timeouts: Timeouts | None = None
    ) -> Store:
        """Connect to a server of version 5.26 or later.

        Raises:
            DatabaseError: nothing answers, the password is wrong, there is no such database, or the
                server is too old; with a hint.
        """
        driver = open_driver(uri, username, password)
        where = without_credentials(uri)
        store = cls(driver, ServerVersion("", (0, 0), ""), where, database, timeouts or Timeouts())
        try:
            components = store.read("schema/server_version")[0]
            version = gate(components["version"], components["edition"], where)
        except BaseException:
            driver.close()
            raise
        return cls(driver, version, where, database, store.timeouts)

    def close(self) -> None:
        """Close every connection."""
        self.driver.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def read(self, statement: str | Statement, **parameters: Any) -> list[Record]:
        """Run a statement that only reads and give its records.

        Raises:
            UsageError: no such statement, or not its parameters.
            DatabaseError: the server refused it, stopped it after its time, or cannot be reached.
        """
        found = _statement(statement, parameters, "read")
        sent = wire(found.text, one_record=found.work == "query")
        shorter = replace(found, text=sent.text)
        with translated(found.name), self._session(READ_ACCESS) as session:
            try:
                records = self._at_once(session, shorter, parameters)
            except (driver_errors.Neo4jError, driver_errors.DriverError) as error:
                if not error.is_retryable():
                    raise
                records = session.execute_read(self._work(shorter, parameters))
        return [_record(row) for row in sent.rows(records)]

    def read_one(self, statement: str | Statement, **parameters: Any) -> Record | None:
        """Run a statement that only reads and give its first record, or None."""
        records = self.read(statement, **parameters)
        return records[0] if records else None

    def write(self, statement: str | Statement, **parameters: Any) -> list[Record]:
        """Run a statement that writes (or changes the schema), as a transaction of its own."""
        found = _statement(statement, parameters, "write", "schema")
        with translated(found.name), self._session(WRITE_ACCESS) as session:
            return session.execute_write(self._work(found, parameters))

    def write_rows(
        self,
        statement: str | Statement,
        rows: row_batches.Rows,
        *,
        batch_rows: int = row_batches.BATCH_ROWS,
        batch_bytes: int = row_batches.BATCH_BYTES,
        group_by: str | None = None,
        advance: Advance | None = None,
        **parameters: Any,
    ) -> int:
        """Run a statement over rows (`$rows`), one transaction a batch.

        Args:
            statement: a statement that writes and unwinds `$rows`.
            rows: a frame (missing values are sent as null) or dictionaries of plain values.
            batch_rows: the most rows of a transaction.
            batch_bytes: about the most bytes of a transaction's parameters.
            group_by: a column by which the rows are sorted: `$rows` is then one `{column: value, rows: [...]}`
                for each value, so that the statement looks its node up once.
            advance: called with the rows of each batch once it is committed.
            parameters: further parameters, the same for every batch.

        Returns:
            The number of rows that were sent.
        """
        found = _statement(statement, {**parameters, "rows": None}, "write")
        sent = 0
        with translated(found.name), self._session(WRITE_ACCESS) as session:
            for batch in row_batches.batches(rows, batch_rows, batch_bytes):
                sendable = row_batches.grouped(batch, group_by) if group_by else batch
                session.execute_write(self._work(found, {**parameters, "rows": sendable}))
                sent += len(batch)
                if advance:
                    advance(len(batch))
        return sent

    def run_in_transactions(self, statement: str | Statement, **parameters: Any) -> list[Record]:
        """Run a `CALL {…} IN TRANSACTIONS`, which commits as it goes and is never repeated by the driver."""
        found = _statement(statement, parameters, "write")
        query = Query(_Text(found.text), timeout=self.timeouts.seconds(found.work))
        with translated(found.name), self._session(WRITE_ACCESS) as session:
            return [_record(record) for record in session.run(query, _sent(parameters))]

    def columns(
        self, statement: str | Statement, ranges: Iterable[tuple[int, int]], **parameters: Any
    ) -> Iterator[dict[str, list[Any]]]:
        """Read columns range by range: one record of lists for each range of `idx`.

        Args:
            statement: a statement that gives one record of lists for `$first <= idx <= $last`.
            ranges: the first and last `idx` of each range.
            parameters: further parameters, the same for every range.
        """
        found = _statement(statement, {**parameters, "first": 0, "last": 0}, "read")
        with translated(found.name), self._session(READ_ACCESS) as session:
            for first, last in ranges:
                bounds = {**parameters, "first": int(first), "last": int(last)}
                yield from session.execute_read(self._work(found, bounds))

    @contextmanager
    def transaction(self, work: Work = "batch") -> Iterator[Transaction]:
        """Open one write transaction for a few statements; it is committed when the block ends well."""
        seconds = self.timeouts.seconds(work)
        with (
            translated(self.where),
            self._session(WRITE_ACCESS) as session,
            session.begin_transaction(timeout=seconds) as transaction,
        ):
            yield Transaction(transaction)

    def ensure_schema(self) -> None:
        """Bring constraints and indexes up to date and wait until all are ONLINE (`cypher.migrations`)."""
        from cypher.migrations import ensure_schema

        ensure_schema(self)

    def await_indexes(self, seconds: int = 600) -> None:
        """Wait until every index is ONLINE (`cypher.migrations`)."""
        from cypher.migrations import await_indexes

        await_indexes(self, seconds)

    def _session(self, access: str) -> Session:
        """Open a session in which all is seen that this store has written.

        A read leaves no bookmark behind: the next one would wait for whatever another process was committing just then,
        which doubled the slowest reads beside a write-back.
        """
        written = self.driver.execute_query_bookmark_manager
        reads = access == READ_ACCESS
        return self.driver.session(
            database=self.database,
            default_access_mode=access,
            fetch_size=1000,
            bookmarks=Bookmarks.from_raw_values(written.get_bookmarks()) if reads else None,
            bookmark_manager=None if reads else written,
        )

    def _at_once(self, session: Session, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        query = Query(_Text(statement.text), {"statement": statement.name}, self.timeouts.seconds(statement.work))
        return [_record(record) for record in session.run(query, _sent(parameters))]

    def _work(
        self, statement: Statement, parameters: Mapping[str, Any]
    ) -> Callable[[ManagedTransaction], list[Record]]:
        @unit_of_work(timeout=self.timeouts.seconds(statement.work), metadata={"statement": statement.name})
        def work(transaction: ManagedTransaction) -> list[Record]:
            return [_record(record) for record in transaction.run(_Text(statement.text), _sent(parameters))]

        return work


connect = Store.connect


def _statement(statement: str | Statement, parameters: Mapping[str, Any], *kinds: Kind) -> Statement:
    """Find the statement and check its kind and parameters before anything is sent."""
    found = load(statement) if isinstance(statement, str) else statement
    if kinds and found.kind not in kinds:
        raise UsageError(f"the statement is of the kind '{found.kind}', not '{kinds[0]}'", where=found.name)
    missing, unknown = found.parameters.keys() - parameters.keys(), parameters.keys() - found.parameters.keys()
    if missing or unknown:
        wrong = [f"lacks '{name}'" for name in sorted(missing)] + [f"knows no '{name}'" for name in sorted(unknown)]
        examples = [f"--param {name}={example}" for name, example in found.parameters.items()]
        raise UsageError(f"the statement {', '.join(wrong)}", where=found.name, hint=" ".join(examples) or None)
    if found.identifier is not None:
        raise UsageError(f"the identifier '{found.identifier}' was not given", where=found.name)
    if found.types is not None:
        raise UsageError("the relation types of the data set were not given", where=found.name)
    return found


def _sent(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _Values(value) if isinstance(value, list) else value for name, value in parameters.items()}


def _record(record: Any) -> Record:
    return {name: _native(value) for name, value in record.items()}


def _native(value: Any) -> Any:
    return value.to_native() if isinstance(value, _TIMES) else value
