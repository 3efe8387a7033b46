"""The offline import: a graph of millions into the empty home of the local server, ten times faster than online.

The importer replaces a whole database, so it only ever fills an empty one: nothing but the schema may be there. A note
in the home says that an import runs; whoever starts the server and finds it removes what the import had left.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spikegraph.errors import ServerError
from spikegraph.logs import get_logger
from spikegraph.server import configuration
from spikegraph.server.diagnosis import last_error
from spikegraph.server.fetch import disk_errors
from spikegraph.server.home import ADMIN_TOOL, DATABASE, Home, ensure_password, exclusively
from spikegraph.server.inspection import connection
from spikegraph.server.interrupted import note, noted
from spikegraph.server.java import Java, find_java
from spikegraph.server.lifecycle import START_TIMEOUT, home_of, install, start, stop
from spikegraph.server.state import find_running
from spikegraph.settings import ServerSettings

if TYPE_CHECKING:
    from ingest.import_files import ImportFiles

DONE = re.compile(r"^\s*(\d+) (nodes|relationships|properties)\s*$", re.MULTILINE)
HINT = "give it a fresh home (--set server.home=DIR), or leave out --offline"

log = get_logger(__name__)


@dataclass(frozen=True)
class ImportReport:
    """What an import did: the `nodes` and `relationships` that are in the graph, and the importer's `seconds`."""

    nodes: int
    relationships: int
    seconds: float


def require_empty(server: ServerSettings) -> None:
    """Require that the local graph holds nothing but its schema; starts the server where it has to be asked.

    Raises:
        ServerError: it holds something, or the server cannot be started.
    """
    home = home_of(server)
    if not (home.is_ours and home.has_data):
        return
    from cypher.store import Store

    start(server)
    with Store.connect(*connection(server)) as store:
        nodes = store.read("dataset/count_all")[0]["nodes"]
    if nodes:
        raise ServerError(f"the graph is not empty: it holds {nodes:,} nodes", where=str(home.path), hint=HINT)


def import_graph(server: ServerSettings, files: ImportFiles) -> ImportReport:
    """Fill the empty home: stop the server, import, start it again.

    Cut off at any point, it leaves an empty graph (`spikegraph.server.interrupted`).

    Args:
        server: home, ports, memory.
        files: what `ingest.import_files` wrote.

    Raises:
        ServerError: the graph is not empty, the importer refused the files, or the disk is full.
    """
    require_empty(server)
    stop(server)
    install(server)
    home, java, began = home_of(server), find_java(), time.monotonic()
    with exclusively(home, START_TIMEOUT), disk_errors(home.path):
        if find_running(home) is not None:
            raise ServerError("the server was started meanwhile", where=str(home.path), hint="stop it, and try again")
        ensure_password(home, java)
        with noted(home):
            said = _run(home, server, java, files)
            _require_whole(home, said, files)
    seconds = time.monotonic() - began
    start(server)
    log.info("imported offline", nodes=files.nodes, relationships=files.relationships, seconds=round(seconds, 1))
    return ImportReport(files.nodes, files.relationships, seconds)


def _run(home: Home, server: ServerSettings, java: Java, files: ImportFiles) -> str:
    """Run the importer and give what it said."""
    command = [str(java.executable), *configuration.heap_flags(server.heap), *java.flags]
    command += ["-cp", home.class_path("plugins", "lib"), ADMIN_TOOL, "database", "import", "full", DATABASE]
    command += ["--overwrite-destination=true", f"--report-file={home.path / 'logs' / 'import.report'}"]
    environment = {**os.environ, "NEO4J_HOME": str(home.path), "NEO4J_CONF": str(home.path / "conf")}
    with home.import_log.open("wb") as console:
        process = subprocess.Popen(  # noqa: S603 - the Java that was found, with our own arguments
            [*command, *files.reading()], env=environment, cwd=files.folder, stdout=console, stderr=subprocess.STDOUT
        )
        try:
            note(home, process.pid)
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    said = home.import_log.read_text(encoding="utf-8", errors="replace")
    if code:
        raise ServerError(
            f"the import failed: {last_error(said) or f'code {code}'}", where=str(home.import_log), hint=HINT
        )
    return said


def _require_whole(home: Home, said: str, files: ImportFiles) -> None:
    counted = {what: int(number) for number, what in DONE.findall(said)}
    if (counted.get("nodes"), counted.get("relationships", 0)) != (files.nodes, files.relationships):
        wanted = f"{files.nodes} nodes and {files.relationships} relationships"
        raise ServerError(f"{wanted} were to be imported, not {counted}", where=str(home.import_log), hint=HINT)
