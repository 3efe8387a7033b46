from __future__ import annotations

from pathlib import Path

import pytest

from spikegraph.errors import UsageError
from spikegraph.settings import load_settings


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[server]\nheap = "2g"\npagecache = "3g"\nbolt_port = 1111\n', encoding="utf-8")
    environment = {"SPIKEGRAPH_SERVER__PAGECACHE": "4g", "SPIKEGRAPH_SERVER__BOLT_PORT": "2222"}
    settings = load_settings(file, ["server.bolt_port=3333"], environment)
    assert (settings.server.heap, settings.server.pagecache, settings.server.bolt_port) == ("2g", "4g", 3333)
    assert settings.server.http_port == 7474


def test_the_variables_of_the_ecosystem_are_read() -> None:
    names = {"NEO4J_URI": "bolt://there:1", "NEO4J_USERNAME": "ann", "NEO4J_PASSWORD": "123"}
    neo4j = load_settings(environment=names).neo4j
    assert (neo4j.uri, neo4j.username) == ("bolt://there:1", "ann")
    assert neo4j.password is not None
    assert neo4j.password.get_secret_value() == "123"


def test_a_password_is_never_shown() -> None:
    assert "open sesame" not in repr(load_settings(environment={"NEO4J_PASSWORD": "open sesame"}))


@pytest.mark.parametrize(
    ("assignments", "environment", "named"),
    [
        (["servr.heap=2g"], {}, "servr"),
        (["server.heep=2g"], {}, "server.heep"),
        (["server.bolt_port=99999"], {}, "server.bolt_port"),
        ([], {"SPIKEGRAPH_SERVER__HEEP": "2g"}, "server.heep"),
        (["server=2g"], {}, "server"),
    ],
)
def test_unknown_keys_and_wrong_values_are_errors_that_name_them(
    assignments: list[str], environment: dict[str, str], named: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_settings(assignments=assignments, environment=environment)
    assert caught.value.where == named


@pytest.mark.parametrize("content", [b"[server", b"\xff\xfe\x00"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_settings(file, environment={})
    assert caught.value.where == str(file)


def test_a_missing_file_and_a_flag_without_a_value_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(tmp_path / "absent.toml", environment={})
    with pytest.raises(UsageError, match="not key=value"):
        load_settings(assignments=["server.heap"], environment={})


def test_one_home_moves_everything_but_a_server_home_that_is_named(tmp_path: Path) -> None:
    moved = load_settings(environment={"SPIKEGRAPH_HOME": str(tmp_path)})
    assert moved.server.home == tmp_path / "neo4j"
    assert moved.profiles_home == tmp_path / "profiles"
    named = load_settings(assignments=["server.home=elsewhere"], environment={"SPIKEGRAPH_HOME": str(tmp_path)})
    assert named.server.home == Path("elsewhere")


def test_variables_of_the_tests_are_no_settings() -> None:
    load_settings(environment={"SPIKEGRAPH_DATA": "here", "SPIKEGRAPH_TEST_NEO4J_URI": "bolt://x"})
