"""The settings of the server, and compose.yaml in step with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from spikegraph.errors import ServerError, UsageError
from spikegraph.server.configuration import (
    configuration_text,
    heap_flags,
    memory_settings,
    read_own_settings,
    server_settings,
    size_in_bytes,
)
from spikegraph.server.jars import read_lock
from spikegraph.settings import ServerSettings

COMPOSE = Path(__file__).resolve().parents[3] / "compose.yaml"
OF_THE_IMAGE = {"NEO4J_AUTH_FILE", "NEO4J_PLUGINS"}
ONLY_LOCAL = ("server.default_", "server.bolt.", "server.http.")


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return dict(services["neo4j"])


def variable(setting: str) -> str:
    """Give the image's variable of a setting: underscores doubled, dots to underscores."""
    return "NEO4J_" + setting.replace("_", "__").replace(".", "_")


def local_settings() -> dict[str, str]:
    defaults = ServerSettings()
    return server_settings(
        bolt_port=defaults.bolt_port, http_port=defaults.http_port, heap=defaults.heap, pagecache=defaults.pagecache
    )


def test_compose_has_the_version_of_the_lock_file(service: dict[str, Any]) -> None:
    assert service["image"] == f"neo4j:{read_lock().versions['server']}-community"


def test_compose_has_the_settings_of_the_local_server(service: dict[str, Any]) -> None:
    initial, largest = (flag[4:] for flag in heap_flags(ServerSettings().heap))
    expected = {
        variable(name): value for name, value in local_settings().items() if not name.startswith(ONLY_LOCAL)
    } | {
        variable("server.memory.heap.initial_size"): initial,
        variable("server.memory.heap.max_size"): largest,
    }
    given = {name: value for name, value in service["environment"].items() if name not in OF_THE_IMAGE}
    assert given == expected


def test_compose_keeps_to_the_loopback_address_and_hides_the_password(service: dict[str, Any]) -> None:
    defaults = ServerSettings()
    ports = {f"127.0.0.1:{port}:{port}" for port in (defaults.bolt_port, defaults.http_port)}
    assert set(service["ports"]) == ports
    assert service["environment"]["NEO4J_AUTH_FILE"] == "/run/secrets/neo4j_auth"
    assert "NEO4J_AUTH" not in service["environment"]
    assert service["environment"]["NEO4J_PLUGINS"] == '["graph-data-science"]'


def test_compose_waits_for_the_server_and_lets_it_end(service: dict[str, Any]) -> None:
    assert "localhost:7474" in service["healthcheck"]["test"]
    assert service["healthcheck"]["start_period"] == "30s"
    assert service["stop_grace_period"] == "60s"
    assert {volume.split(":")[1] for volume in service["volumes"]} == {"/data", "/logs"}


def test_the_memory_of_a_transaction_follows_the_heap() -> None:
    assert memory_settings("1g", "512m") == {
        "server.memory.pagecache.size": "512m",
        "db.memory.transaction.max": "512m",
        "dbms.memory.transaction.total.max": "768m",
    }
    assert memory_settings("4g", "1g")["db.memory.transaction.max"] == "2048m"


def test_a_small_heap_starts_no_larger_than_it_may_grow() -> None:
    assert heap_flags("300m") == ["-Xms300m", "-Xmx300m"]
    assert heap_flags("1g") == ["-Xms512m", "-Xmx1024m"]
    assert heap_flags("2G") == ["-Xms2048m", "-Xmx2048m"]


@pytest.mark.parametrize("size", ["", "much", "1.5g", "-1g", "0m", "12", "1t", "1g -XX:+Evil"])
def test_what_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(UsageError) as caught:
        size_in_bytes(size, "server.heap")
    assert caught.value.where == "server.heap"


def test_own_settings_win(tmp_path: Path) -> None:
    own = tmp_path / "own.conf"
    own.write_text("# mine\n\n db.transaction.timeout = 5m \nserver.jvm.additional=-Da=b\n", encoding="utf-8")
    settings = read_own_settings(own)
    assert settings == {"db.transaction.timeout": "5m", "server.jvm.additional": "-Da=b"}
    text = configuration_text({**local_settings(), **settings})
    assert text.count("db.transaction.timeout=") == 1
    assert "\ndb.transaction.timeout=5m\n" in text


def test_a_bad_line_of_own_settings_is_named(tmp_path: Path) -> None:
    own = tmp_path / "own.conf"
    own.write_text("a=b\nnonsense\n", encoding="utf-8")
    with pytest.raises(ServerError, match="nonsense") as caught:
        read_own_settings(own)
    assert caught.value.where == f"{own}:2"
    assert read_own_settings(tmp_path / "missing.conf") == {}
