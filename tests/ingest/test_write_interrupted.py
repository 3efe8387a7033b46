"""An ingest that is killed at any point: the next one of that name finishes it, others refuse what is half there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cypher import dataset as datasets
from cypher.store import Store
from ingest.split import SplitRule
from ingest.write import ingest, remove
from spikegraph.errors import DatabaseError
from tests.support.graph import dump, run
from tests.support.neo4j_server import Neo4jServer
from tests.support.random_tables import random_tables
from tests.support.tables import tiny_tables

ROOT = Path(__file__).resolve().parents[2]
GIVEN = SplitRule("given")
POINTS = [("ingest/users", 1), ("ingest/interacted", 2), ("ingest/triples", 1), ("ingest/relations", 1)]


@pytest.fixture(scope="module")
def wanted(store: Store) -> Iterator[dict[str, list[str]]]:
    """The graph of an ingest that nothing disturbed."""
    name = f"t-undisturbed-{os.getpid()}"
    ingest(store, name, random_tables(), split=GIVEN)
    yield dump(store, name)
    remove(store, name)


@pytest.fixture
def name(store: Store, dataset_name: str) -> Iterator[str]:
    yield dataset_name
    if datasets.find(store, dataset_name):
        remove(store, dataset_name)


def killed_ingest(server: Neo4jServer, name: str, statement: str, batches: int) -> None:
    """Start an ingest in a process of its own, wait until it is at the point, and kill it there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.ingest_that_dies", name, statement, str(batches)],
        cwd=ROOT,
        env={**os.environ, "T_URI": server.uri, "T_USER": server.username, "T_PASSWORD": server.password},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert "here\n" in iter(process.stdout.readline, "")
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("statement", "batches"), POINTS)
def test_the_next_ingest_finishes_what_was_killed(
    server: Neo4jServer, store: Store, name: str, wanted: dict[str, list[str]], statement: str, batches: int
) -> None:
    killed_ingest(server, name, statement, batches)
    assert dump(store, name)["nodes"]
    with pytest.raises(DatabaseError, match="half written"):
        datasets.get(store, name)
    assert run(store, "MATCH (d:Dataset {name: $name}) RETURN d.lock_pid IS NOT NULL AS held", name=name)[0]["held"]
    report = ingest(store, name, random_tables(), split=GIVEN)
    assert not report.unchanged
    assert report.dataset.state == "ready"
    assert report.dataset.version == 2, "taking over the lock of a killed writer counts as a write"
    assert dump(store, name) == wanted
    assert ingest(store, name, random_tables(), split=GIVEN).unchanged


def test_a_replacement_that_was_killed_may_be_finished_with_any_content(
    server: Neo4jServer, store: Store, name: str
) -> None:
    ingest(store, name, tiny_tables(), split=GIVEN)
    killed_ingest(server, name, "ingest/items", 1)
    with pytest.raises(DatabaseError, match="half written"):
        datasets.get(store, name)
    report = ingest(store, name, tiny_tables(), split=GIVEN)
    assert report.dataset.state == "ready"
    assert len(dump(store, name)["nodes"]) == sum(report.counts[kind] for kind in ("users", "entities")) + 3


def test_what_a_killed_ingest_left_can_be_removed(server: Neo4jServer, store: Store, name: str) -> None:
    killed_ingest(server, name, "ingest/held_out", 1)
    remove(store, name)
    assert dump(store, name) == {"nodes": [], "relationships": []}
    assert datasets.find(store, name) is None
