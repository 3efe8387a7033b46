"""Opening the graph that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spikegraph.errors import UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.store import Store


def connect(settings: Settings) -> Store:
    """Open the graph that the settings name, or the local server of `server.home`.

    Raises:
        DatabaseError: it cannot be reached, is too old, or refuses the password.
    """
    from cypher.store import Store, Timeouts
    from spikegraph.server import connection

    neo4j = settings.neo4j
    timeouts = Timeouts(neo4j.query_seconds, neo4j.batch_seconds, neo4j.long_seconds)
    if neo4j.uri is None:
        return Store.connect(*connection(settings.server), neo4j.database, timeouts)
    return Store.connect(neo4j.uri, neo4j.username, _password(settings), neo4j.database, timeouts)


def _password(settings: Settings) -> str:
    neo4j = settings.neo4j
    if neo4j.password is not None:
        return neo4j.password.get_secret_value()
    if neo4j.password_file is not None:
        try:
            return neo4j.password_file.expanduser().read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(neo4j.password_file)) from error
    raise UsageError("a server is named but no password", where="neo4j.uri", hint="set NEO4J_PASSWORD_FILE=FILE")
