"""The lock file of the local server: every jar it is made of, with its size and SHA-256."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LOCK_FILE = Path(__file__).with_name("jars.lock.json")
"""Made by `python -m spikegraph.server.resolve`."""

Place = Literal["lib", "plugins"]


@dataclass(frozen=True)
class Jar:
    """One file of the server.

    Args:
        group: Maven group.
        artifact: Maven artifact.
        version: Maven version.
        classifier: the build of a version, for example for one operating system; mostly empty.
        place: the folder of the home that holds it, `lib` (server, Browser) or `plugins` (GDS).
        size: in bytes.
        sha256: of the whole file, hexadecimal.
    """

    group: str
    artifact: str
    version: str
    classifier: str
    place: Place
    size: int
    sha256: str

    @property
    def coordinates(self) -> str:
        """`group:artifact:version`, with the classifier at the end where there is one."""
        return ":".join(part for part in (self.group, self.artifact, self.version, self.classifier) if part)

    @property
    def file_name(self) -> str:
        """The name that Maven gives the file; no two jars of a lock file share one."""
        return "-".join(part for part in (self.artifact, self.version, self.classifier) if part) + ".jar"

    def is_intact(self, file: Path) -> bool:
        """Tell whether the file has this jar's size and SHA-256."""
        try:
            return file.stat().st_size == self.size and sha256_of(file) == self.sha256
        except OSError:
            return False


@dataclass(frozen=True)
class LockFile:
    """The jars of one version of the local server.

    Args:
        versions: of `server`, `browser` and `gds`.
        jars: all of them, sorted by place and coordinates.
    """

    versions: dict[str, str]
    jars: tuple[Jar, ...]

    @property
    def size(self) -> int:
        """Bytes of all jars together."""
        return sum(jar.size for jar in self.jars)


def read_lock(file: Path = LOCK_FILE) -> LockFile:
    """Read the lock file that comes with the package."""
    document = json.loads(file.read_text(encoding="utf-8"))
    return LockFile(document["versions"], tuple(_from_row(row) for row in document["jars"]))


def write_lock(lock: LockFile, file: Path) -> None:
    """Write a lock file with one jar a line, so that a change of version reads well as a diff."""
    ordered = sorted(lock.jars, key=lambda jar: (jar.place, jar.coordinates))
    rows = ",\n".join("    " + json.dumps(_as_row(jar)) for jar in ordered)
    file.write_text(f'{{\n  "versions": {json.dumps(lock.versions)},\n  "jars": [\n{rows}\n  ]\n}}\n', encoding="utf-8")


def sha256_of(file: Path) -> str:
    """Give the SHA-256 of a file, hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _as_row(jar: Jar) -> dict[str, str | int]:
    return {"jar": jar.coordinates, "place": jar.place, "size": jar.size, "sha256": jar.sha256}


def _from_row(row: dict[str, str | int]) -> Jar:
    group, artifact, version, *classifier = str(row["jar"]).split(":")
    place: Place = "plugins" if row["place"] == "plugins" else "lib"
    return Jar(group, artifact, version, "".join(classifier), place, int(row["size"]), str(row["sha256"]))
