"""The schema: applied once, recorded, waited for; a schema of another version is refused."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cypher import migrations
from cypher.statements import Statement, parse
from cypher.store import Store
from spikegraph.errors import DatabaseError
from tests.support.graph import run

KEYS = {
    ("User", ("key",)),
    ("Entity", ("key",)),
    ("Item", ("key",)),
    ("User", ("dataset", "idx")),
    ("Entity", ("dataset", "idx")),
    ("Dataset", ("name",)),
    ("Relation", ("dataset", "type")),
    ("Run", ("id",)),
    ("ProfileRun", ("id",)),
    ("Migration", ("version",)),
}


def test_the_graph_has_its_keys_and_they_are_online(store: Store) -> None:
    rows = run(store, "SHOW CONSTRAINTS YIELD type, labelsOrTypes, properties WHERE type = 'UNIQUENESS' RETURN *")
    assert {(row["labelsOrTypes"][0], tuple(row["properties"])) for row in rows} >= KEYS
    store.await_indexes()
    assert run(store, "SHOW INDEXES YIELD state WHERE state <> 'ONLINE' RETURN state") == []


def test_a_second_time_nothing_is_done(store: Store) -> None:
    before = store.read("schema/applied")
    store.ensure_schema()
    assert store.read("schema/applied") == before
    assert [row["version"] for row in before] == [migrations.version(m) for m in migrations.migrations()]


def test_migrations_are_numbered_without_a_gap_and_may_be_applied_again() -> None:
    found = migrations.migrations()
    assert [migrations.version(m) for m in found] == [f"V{n + 1:03d}" for n in range(len(found))]
    for migration in found:
        again = ("IF NOT EXISTS", "IF EXISTS", "IS NULL", "CALL db.create")
        assert all(any(words in part for words in again) for part in migration.parts)


def test_the_checksum_is_that_of_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    header = "// kind: schema\n// work: long\n\nCREATE INDEX a IF NOT EXISTS FOR (n:A) ON n.b;"
    first, second = (parse("schema/V001__a", f"// {title}\n{header}") for title in ("One.", "Two."))
    assert migrations.checksum(first) == migrations.checksum(second)


@pytest.mark.parametrize("text", [None, "CREATE INDEX a IF NOT EXISTS FOR (n:A) ON n.b;"])
def test_a_schema_of_another_version_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    header = "// Other.\n// kind: schema\n// work: long\n\n"
    known: list[Statement] = [parse("schema/V001__keys", header + text)] if text else []
    monkeypatch.setattr(migrations, "migrations", lambda: known)
    with pytest.raises(DatabaseError, match="another version"):
        store.ensure_schema()


class Pending:
    """Stands in for a store whose indexes never come online."""

    where = "here"

    def __init__(self, state: str) -> None:
        self.state = state

    def read(self, name: str) -> list[dict[str, Any]]:
        assert name == "schema/indexes_not_online"
        return [{"name": "film_vectors", "state": self.state, "percent": 99.8}]


@pytest.mark.parametrize(("state", "words"), [("FAILED", "film_vectors"), ("POPULATING", "99.8 %")])
def test_an_index_that_does_not_come_online(state: str, words: str) -> None:
    with pytest.raises(DatabaseError, match=words):
        migrations.await_indexes(cast("Store", Pending(state)), seconds=0)
