"""For maintainers: `python -m spikegraph.server.resolve` makes the lock file anew from pom.xml.

It needs Maven and Java on the machine. Users never run it: the installer fetches exactly what the lock file lists.
To change a version, edit the properties of pom.xml, run it, and run the tests of the server.
"""

from __future__ import annotations

import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from spikegraph.errors import ServerError
from spikegraph.logs import configure, get_logger
from spikegraph.server.jars import LOCK_FILE, Jar, LockFile, Place, sha256_of, write_lock

POM = Path(__file__).with_name("pom.xml")
POM_NAMESPACE = {"pom": "http://maven.apache.org/POM/4.0.0"}
COMPONENTS = ("server", "browser", "gds")

log = get_logger(__name__)


def resolve(pom: Path = POM) -> LockFile:
    """Let Maven resolve the server alone, then with the plugins; what only the second holds goes to `plugins`."""
    with tempfile.TemporaryDirectory(prefix="spikegraph-resolve-") as folder:
        server = _copy_dependencies(pom, Path(folder) / "server", plugins=False)
        everything = _copy_dependencies(pom, Path(folder) / "everything", plugins=True)
        missing = server.keys() - everything.keys()
        if missing:
            raise ServerError(f"the plugins change versions of the server: {sorted(missing)}", where=str(pom))
        jars = tuple(
            _jar(relative, file, "lib" if relative in server else "plugins") for relative, file in everything.items()
        )
    return LockFile(_versions(pom), jars)


def _copy_dependencies(pom: Path, folder: Path, *, plugins: bool) -> dict[Path, Path]:
    """Copy the run-time jars in the layout of a Maven repository; give them by their place in that layout."""
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    command += [f"-DoutputDirectory={folder}", "-Dmdep.useRepositoryLayout=true", *(["-Pplugins"] if plugins else [])]
    subprocess.run(command, check=True)  # noqa: S603 - our own pom, no outside words
    return {file.relative_to(folder): file for file in sorted(folder.rglob("*.jar"))}


def _jar(relative: Path, file: Path, place: Place) -> Jar:
    *group, artifact, version, name = relative.parts
    classifier = name.removeprefix(f"{artifact}-{version}").removesuffix(".jar").removeprefix("-")
    return Jar(".".join(group), artifact, version, classifier, place, file.stat().st_size, sha256_of(file))


def _versions(pom: Path) -> dict[str, str]:
    root = ElementTree.parse(pom).getroot()  # noqa: S314 - our own pom
    return {name: root.findtext(f"pom:properties/pom:{name}.version", "", POM_NAMESPACE) for name in COMPONENTS}


def main() -> None:
    """Write the lock file beside this module."""
    configure()
    lock = resolve()
    write_lock(lock, LOCK_FILE)
    log.info("lock file written", jars=len(lock.jars), megabytes=round(lock.size / 1e6), **lock.versions)


if __name__ == "__main__":
    main()
