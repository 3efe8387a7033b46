"""What all tests share: one server for the session, data set names of their own, and the real data where it is."""

from __future__ import annotations

import os

# Before numpy and torch are imported: they read it once. Half the cores, for the server works on the others.
os.environ.setdefault("OMP_NUM_THREADS", str(((os.cpu_count() or 1) + 1) // 2))

import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.neo4j_server import Neo4jServer, server_of_environment, temporary_server

if TYPE_CHECKING:
    from cypher.store import Store

REPOSITORY = Path(__file__).resolve().parents[1]
DATA_VARIABLE = "SPIKEGRAPH_DATA"
DEFAULT_DATA = REPOSITORY.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what talks to a server, and what reads real data, by the fixtures that it uses."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"server", "store"}:
            item.add_marker(pytest.mark.server)
        if "data_folder" in fixtures:
            item.add_marker(pytest.mark.data)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """A real Neo4j, started for this session, or the one that SPIKEGRAPH_TEST_NEO4J_URI names."""
    given = server_of_environment()
    if given is not None:
        yield given
        return
    with temporary_server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def store(server: Neo4jServer) -> Iterator[Store]:
    """A store connected to the session's server, with the schema in place."""
    from cypher.store import Store

    with Store.connect(server.uri, server.username, server.password) as connected:
        connected.ensure_schema()
        yield connected


@pytest.fixture
def dataset_name(request: pytest.FixtureRequest) -> str:
    """A data set name that no other test uses, nor another run of the same test."""
    test = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"t-{test[:40].strip('-')}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def data_folder() -> Callable[[str], Path]:
    """Give the folder of a real data set by name; the test is skipped where it is not on this machine."""
    root = Path(os.environ.get(DATA_VARIABLE, DEFAULT_DATA))

    def find(name: str) -> Path:
        folder = root / name
        if not folder.exists():
            pytest.skip(f"the data set '{name}' is not in {root}: set {DATA_VARIABLE} to the folder that holds it")
        return folder

    return find
