"""The store against a real server: sessions that read cannot write, bounds, timeouts, errors with hints."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator

import pandas as pd
import pytest

from cypher.statements import Statement, parse
from cypher.store import Store, Timeouts
from spikegraph.errors import DatabaseError, UsageError
from tests.support.cut_connection import way_to
from tests.support.graph import run
from tests.support.neo4j_server import Neo4jServer


def statement(kind: str, text: str, *parameters: str) -> Statement:
    lines = "".join(f":param {name} => null;\n" for name in parameters)
    return parse("test/statement", f"// A test.\n// kind: {kind}\n// work: query\n{lines}\n{text};")


ENDLESS = statement("read", "UNWIND range(1, 2000000000) AS n WITH n WHERE n % 7 = 8 RETURN count(n) AS n")
CREATE = statement("write", "UNWIND $rows AS row CREATE (n:User {dataset: $dataset}) SET n += row", "dataset", "rows")
GROUPED = statement(
    "write",
    "UNWIND $rows AS group UNWIND group.rows AS row CREATE (n:User {dataset: $dataset, key: row.key, idx: row.idx})",
    "dataset",
    "rows",
)
COUNT = statement("read", "MATCH (n:User {dataset: $dataset}) RETURN count(n) AS n", "dataset")
RANGE = statement(
    "read",
    "MATCH (n:User) WHERE n.dataset = $dataset AND $first <= n.idx <= $last WITH n ORDER BY n.idx "
    "RETURN collect(n.idx) AS idx, collect(n.key) AS key",
    "dataset",
    "first",
    "last",
)


@pytest.fixture
def scratch(store: Store, dataset_name: str) -> Iterator[str]:
    yield dataset_name
    run(store, "MATCH (n {dataset: $name}) DETACH DELETE n", name=dataset_name)


def users(name: str, number: int) -> pd.DataFrame:
    return pd.DataFrame({"key": [f"{name}/user/{n}" for n in range(number)], "idx": range(number)})


def count(store: Store, name: str) -> int:
    return int(store.read(COUNT, dataset=name)[0]["n"])


def test_it_knows_the_server(store: Store) -> None:
    assert store.version.number >= (5, 26)
    assert store.version.text
    assert store.version.edition


def test_a_read_cannot_write(store: Store, dataset_name: str) -> None:
    sly = statement("read", "CREATE (n:User {dataset: $dataset}) RETURN n.dataset AS name", "dataset")
    with pytest.raises(DatabaseError, match="only reads tried to write"):
        store.read(sly, dataset=dataset_name)
    assert count(store, dataset_name) == 0


def test_a_statement_is_used_for_what_it_is(store: Store) -> None:
    with pytest.raises(UsageError, match="kind 'read'"):
        store.write("dataset/list")
    with pytest.raises(UsageError, match="kind 'write'"):
        store.read("dataset/create", dataset="x")


def test_parameters_are_checked_before_anything_is_sent(store: Store) -> None:
    with pytest.raises(UsageError, match="lacks 'dataset', knows no 'datset'") as raised:
        store.read("dataset/get", datset="x")
    assert raised.value.hint == "--param dataset='lastfm'"


def test_an_identifier_must_be_given(store: Store) -> None:
    text = "// A.\n// kind: read\n// work: query\n// identifier: Example\n\nMATCH (n:Example) RETURN count(n) AS n;"
    with pytest.raises(UsageError, match="Example"):
        store.read(parse("a/b", text))
    assert store.read(parse("a/b", text).with_identifier("Example", "NobodyHasThis")) == [{"n": 0}]


def test_a_statement_that_takes_too_long_is_stopped(server: Neo4jServer) -> None:
    quick = Timeouts(query=1.0)
    with Store.connect(server.uri, server.username, server.password, timeouts=quick) as store:
        started = time.monotonic()
        with pytest.raises(DatabaseError, match="longer than it may") as raised:
            store.read(ENDLESS)
        assert time.monotonic() - started < 20
        assert raised.value.where == "test/statement"
        with pytest.raises(DatabaseError, match="longer than it may"), store.transaction("query") as transaction:
            transaction.run(ENDLESS)


@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
def test_rows_are_written_in_batches(store: Store, scratch: str, batch_rows: int) -> None:
    steps: list[int] = []
    rows = users(scratch, 20)
    sent = store.write_rows(CREATE, rows, batch_rows=batch_rows, advance=steps.append, dataset=scratch)
    assert sent == sum(steps) == count(store, scratch) == 20
    assert max(steps) <= batch_rows


def test_rows_may_be_dictionaries_and_grouped(store: Store, scratch: str) -> None:
    rows = users(scratch, 12).assign(part=[n // 5 for n in range(12)]).to_dict("records")
    store.write_rows(GROUPED, rows, batch_rows=4, group_by="part", dataset=scratch)
    assert count(store, scratch) == 12


def test_no_rows_write_nothing(store: Store, scratch: str) -> None:
    assert store.write_rows(CREATE, [], dataset=scratch) == 0
    assert store.write_rows(CREATE, users(scratch, 0), dataset=scratch) == 0


def test_a_key_that_is_there_already(store: Store, scratch: str) -> None:
    store.write_rows(CREATE, users(scratch, 3), dataset=scratch)
    with pytest.raises(DatabaseError, match="must be unique"):
        store.write_rows(CREATE, users(scratch, 5), dataset=scratch)
    assert count(store, scratch) == 3


def test_columns_come_range_by_range(store: Store, scratch: str) -> None:
    store.write_rows(CREATE, users(scratch, 10), dataset=scratch)
    found = list(store.columns(RANGE, [(0, 3), (4, 8), (9, 20)], dataset=scratch))
    assert [part["idx"] for part in found] == [[0, 1, 2, 3], [4, 5, 6, 7, 8], [9]]
    assert found[2]["key"] == [f"{scratch}/user/9"]


def test_a_transaction_is_whole_or_nothing(store: Store, scratch: str) -> None:
    rows = [{"key": f"{scratch}/user/0", "idx": 0}]

    def fail_after_writing() -> None:
        with store.transaction() as transaction:
            transaction.run(CREATE, dataset=scratch, rows=rows)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_writing()
    assert count(store, scratch) == 0
    with store.transaction() as transaction:
        transaction.run(CREATE, dataset=scratch, rows=rows)
        assert count(store, scratch) == 0, "nobody else sees it yet"
    assert count(store, scratch) == 1


def test_in_transactions_commits_as_it_goes(store: Store, scratch: str) -> None:
    text = (
        "UNWIND range(0, 9) AS n "
        "CALL (n) { CREATE (:User {dataset: $dataset, idx: 10 * n + 1 / (8 - n)}) } IN TRANSACTIONS OF 2 ROWS"
    )
    with pytest.raises(DatabaseError):
        store.run_in_transactions(statement("write", text, "dataset"), dataset=scratch)
    assert 0 < count(store, scratch) < 9


def test_times_come_back_as_pythons_own(store: Store) -> None:
    record = store.read_one(statement("read", "RETURN datetime('2026-01-02T03:04:05Z') AS at, 1 AS one"))
    assert record is not None
    assert record["at"].isoformat() == "2026-01-02T03:04:05+00:00"


def test_the_drivers_log_holds_lengths_instead_of_texts_and_lists(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="neo4j.io"):
        assert store.read(statement("read", "RETURN size($all) AS n", "all"), all=list(range(7))) == [{"n": 7}]
    (sent,) = [record.getMessage() for record in caplog.records if " RUN " in record.getMessage()]
    assert "characters of Cypher" in sent
    assert "[7 values]" in sent
    assert "size" not in sent


def test_read_one_of_nothing(store: Store, dataset_name: str) -> None:
    assert store.read_one("dataset/get", dataset=dataset_name) is None


def test_a_read_is_repeated_when_its_connection_breaks(server: Neo4jServer) -> None:
    with way_to(server.uri) as way, Store.connect(way.uri, server.username, server.password) as store:
        way.cut_next()
        assert store.read("schema/server_version")
        assert way.cuts == 1


def test_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        uri = f"bolt://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(DatabaseError, match="cannot be reached") as raised:
        Store.connect(uri, "neo4j", "secret-of-mine")
    assert "server start" in str(raised.value.hint)
    assert raised.value.where == uri
    assert "secret-of-mine" not in str(raised.value)


@pytest.mark.parametrize("uri", ["nonsense", "http://localhost:7474", "bolt://", "bolt://localhost:notaport", ""])
def test_what_is_no_address(uri: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        Store.connect(uri, "neo4j", "secret-of-mine")
    assert raised.value.hint
    assert "secret-of-mine" not in str(raised.value)


def test_a_wrong_password(server: Neo4jServer) -> None:
    with pytest.raises(DatabaseError, match="refused the user name or the password") as raised:
        Store.connect(server.uri, "nobody-of-this-name", "secret-of-mine")
    assert raised.value.hint
    assert "secret-of-mine" not in str(raised.value)


def test_a_database_that_is_not_there(server: Neo4jServer) -> None:
    with pytest.raises(DatabaseError, match="no such database"):
        Store.connect(server.uri, server.username, server.password, database="elsewhere")


def test_reads_leave_no_bookmark_that_the_next_read_would_wait_for(store: Store, dataset_name: str) -> None:
    written = store.driver.execute_query_bookmark_manager
    before = written.get_bookmarks()
    store.read("dataset/get", dataset=dataset_name)
    assert written.get_bookmarks() == before
    store.write("dataset/create", dataset=dataset_name)
    assert written.get_bookmarks() != before
    assert store.read_one("dataset/get", dataset=dataset_name)
    store.write("dataset/remove", dataset=dataset_name)
