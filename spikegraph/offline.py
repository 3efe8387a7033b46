"""A data set into an empty local graph by the offline import: files, importer, schema, and the count at the end."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from cypher.store import Store
from ingest.import_files import write_import_files
from ingest.import_rows import import_parts
from ingest.prepare import Prepared
from ingest.write import IngestReport, finish_import, stands_already
from spikegraph import server
from spikegraph.logs import get_logger
from spikegraph.server.lifecycle import home_of
from spikegraph.settings import ServerSettings

RATE = 200_000
"""Nodes and relationships that are imported a second on two cores, for telling how long it may take."""

OVERHEAD = 30
"""Seconds for stopping and starting the server."""

log = get_logger(__name__)


def import_data_set(settings: ServerSettings, prepared: Prepared) -> IngestReport:
    """Import a data set; where the same content is there already, nothing is done.

    Args:
        settings: the local server.
        prepared: the data set.

    Raises:
        ServerError: the graph is not empty, or the import failed; an empty graph is left.
        DatabaseError: the graph does not hold what was imported; the data set stays `ingesting`.
    """
    started = time.monotonic()
    found = _found(settings, prepared, started)
    if found is not None:
        return found
    server.require_empty(settings)
    rows = prepared.rows()
    _announce(settings, len(rows.users) + len(rows.entities) + len(rows.interactions) + len(rows.triples))
    with tempfile.TemporaryDirectory(prefix="spikegraph-import-") as folder:
        files = write_import_files(Path(folder), import_parts(rows, prepared.name, prepared.label))
        server.import_graph(settings, files)
    with Store.connect(*server.connection(settings)) as store:
        store.ensure_schema()
        return finish_import(store, prepared, rows, started)


def _found(settings: ServerSettings, prepared: Prepared, started: float) -> IngestReport | None:
    if not home_of(settings).has_data:
        return None
    server.start(settings)
    with Store.connect(*server.connection(settings)) as store:
        return stands_already(store, prepared, started)


def _announce(settings: ServerSettings, rows: int) -> None:
    log.info(
        "importing offline: the server is stopped, its empty database replaced, and the server started again",
        home=str(settings.home),
        nodes_and_relationships=rows,
        about_seconds=OVERHEAD + rows // RATE,
    )
