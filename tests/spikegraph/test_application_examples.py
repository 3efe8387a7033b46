"""The examples of docs/examples/application, each run as it stands against the real server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cypher.store import Store
from export.write_back import write_back
from ingest.write import remove
from tests.support.film_graph import LISTS, build, results_of
from tests.support.graph import run
from tests.support.neo4j_server import Neo4jServer

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "application"
HTTP_PORT = "SHOW SETTINGS 'server.http.listen_address' YIELD value RETURN value"


@pytest.fixture(scope="module")
def environment(server: Neo4jServer, store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.write_text(server.password + "\n", encoding="utf-8")
    return {
        **os.environ,
        "NEO4J_URI": server.uri,
        "NEO4J_HTTP": f"http://{run(store, HTTP_PORT)[0]['value']}",
        "NEO4J_PASSWORD_FILE": str(secret),
        "PYTHONPATH": str(ROOT),
        "SECONDS_TO_WAIT": "60",
    }


@pytest.fixture
def films(store: Store, dataset_name: str) -> Iterator[str]:
    """The name of the handmade data set, with an active run."""
    write_back(store, build(store, dataset_name), results_of(f"{dataset_name}-run", vectors=False))
    yield dataset_name
    remove(store, dataset_name)


def answered(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_bolt_and_http_give_the_same_rows(environment: dict[str, str], films: str) -> None:
    if not (shutil.which("curl") and shutil.which("jq")):
        pytest.skip("curl and jq are not both on this machine")
    answers = []
    for command in ([sys.executable, str(EXAMPLES / "ask_bolt.py")], ["sh", str(EXAMPLES / "ask_http.sh")]):
        done = answered(environment, *command, films, f"{films}/user/ann")
        assert done.stderr == ""
        answers.append(json.loads(done.stdout))
    assert answers[0] == answers[1]
    assert [(row["rank"], row["item"], row["name"]) for row in answers[0][:3]] == [
        (place + 1, f"{films}/film/{name.lower()}", name) for place, name in enumerate(LISTS["ann"])
    ]


def test_http_tells_what_the_server_refuses(environment: dict[str, str], films: str, tmp_path: Path) -> None:
    if not (shutil.which("curl") and shutil.which("jq")):
        pytest.skip("curl and jq are not both on this machine")
    wrong = tmp_path / "password"
    wrong.write_text("wrong", encoding="utf-8")
    refused = {**environment, "NEO4J_PASSWORD_FILE": str(wrong)}
    done = answered(refused, "sh", str(EXAMPLES / "ask_http.sh"), films, f"{films}/user/ann")
    assert done.returncode != 0
    assert "credential" in done.stderr


def test_the_function_library_names_items_and_gives_reasons(environment: dict[str, str], films: str) -> None:
    done = answered(environment, sys.executable, str(EXAMPLES / "ask_library.py"), films, "ann")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"1. Gamma ({films}/film/gamma)"
    assert "   similar to Alpha" in lines
