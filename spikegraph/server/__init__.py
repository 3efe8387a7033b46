"""The local Neo4j: a real server from Java libraries and a Python wheel, without Docker, Java or Maven.

install(settings.server)
running = start(settings.server)
uri, username, password = connection(settings.server)
stop(settings.server)
"""

from spikegraph.server.inspection import ServerStatus, connection, logs, password, status
from spikegraph.server.lifecycle import InstallReport, install, remove, start, stop
from spikegraph.server.offline import ImportReport, import_graph, require_empty
from spikegraph.server.state import RunningServer

__all__ = [
    "ImportReport",
    "InstallReport",
    "RunningServer",
    "ServerStatus",
    "connection",
    "import_graph",
    "install",
    "logs",
    "password",
    "remove",
    "require_empty",
    "start",
    "status",
    "stop",
]
