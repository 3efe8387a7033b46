"""The schema: numbered files, each applied once, each recorded in the graph with its checksum."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from cypher.statements import Statement, load, names
from spikegraph.errors import DatabaseError
from spikegraph.logs import get_logger

if TYPE_CHECKING:
    from cypher.store import Store

log = get_logger(__name__)


def migrations() -> list[Statement]:
    """Give the migrations (`schema/V001__…`) in their order."""
    return [load(name) for name in names("schema") if name.startswith("schema/V")]


def ensure_schema(store: Store) -> None:
    """Apply the migrations that the graph has not had and wait until every index is ONLINE.

    Every command of a migration is idempotent (`IF NOT EXISTS`), so one that was cut off, or that
    two processes apply at once, is simply applied again.

    Raises:
        DatabaseError: the graph had a migration that this version does not know, or another one
            under the same number.
    """
    applied = {row["version"]: row["checksum"] for row in store.read("schema/applied")}
    known = {version(migration): migration for migration in migrations()}
    _refuse_other_schema(store, applied, {number: checksum(migration) for number, migration in known.items()})
    waiting = [number for number in known if number not in applied]
    for number in waiting:
        for part in commands(known[number]):
            store.write(part)
        store.write("schema/record", version=number, name=known[number].name, checksum=checksum(known[number]))
        log.info("schema migrated", migration=known[number].name)
    if waiting:
        await_indexes(store)


def await_indexes(store: Store, seconds: int = 600) -> None:
    """Wait until every index is ONLINE.

    Raises:
        DatabaseError: an index failed, or is not ONLINE after so many seconds.
    """
    deadline = time.monotonic() + seconds
    while pending := store.read("schema/indexes_not_online"):
        failed = [row["name"] for row in pending if row["state"] == "FAILED"]
        if failed or time.monotonic() > deadline:
            named = ", ".join(failed or [f"{row['name']} ({row['percent']:.1f} %)" for row in pending])
            raise DatabaseError(
                f"indexes are not online: {named}", where=store.where, hint="spikegraph server logs tells why"
            )
        time.sleep(0.05)


def version(migration: Statement) -> str:
    """Give the number of a migration: `V001`."""
    return migration.name.removeprefix("schema/").partition("__")[0]


def checksum(migration: Statement) -> str:
    """Give the SHA-256 of a migration's commands, whatever their comments."""
    return hashlib.sha256("\n".join(migration.parts).encode()).hexdigest()


def commands(migration: Statement) -> list[Statement]:
    """Give the single commands of a migration as statements of their own."""
    return [
        Statement(migration.name, migration.title, migration.kind, migration.work, {}, part) for part in migration.parts
    ]


def _refuse_other_schema(store: Store, applied: dict[str, str], known: dict[str, str]) -> None:
    newer = sorted(applied.keys() - known.keys())
    changed = sorted(number for number in applied.keys() & known.keys() if applied[number] != known[number])
    if newer or changed:
        raise DatabaseError(
            f"the graph's schema is of another version of SpikeGraph ({', '.join(newer + changed)})",
            where=store.where,
            hint="use the version that wrote it, or a fresh server home (--set server.home=DIR)",
        )
