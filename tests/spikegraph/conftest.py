"""The front door as a user meets it: words in, exit code, stdout and stderr out, against the session's server."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from spikegraph.cli.main import run
from tests.support.neo4j_server import Neo4jServer


@dataclass(frozen=True)
class Said:
    """What one command line gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


CommandLine = Callable[..., Said]


@pytest.fixture
def spikegraph(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Run a command line in a home of its own, without a server."""
    for name in ("NEO4J_URI", "NEO4J_PASSWORD", "NEO4J_PASSWORD_FILE", "NEO4J_USERNAME", "NEO4J_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SPIKEGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def say(*words: object) -> Said:
        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return say


@pytest.fixture
def connected(
    spikegraph: CommandLine, server: Neo4jServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> CommandLine:
    """The same with the session's server named in the environment."""
    password = tmp_path / "password"
    password.write_text(server.password + "\n", encoding="utf-8")
    monkeypatch.setenv("NEO4J_URI", server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD_FILE", str(password))
    return spikegraph
