"""What the local server runs with: the settings of neo4j.conf and the flags of the Java virtual machine.

`SETTINGS` is the one place where they are written down; compose.yaml says the same for people who have Docker, and a
test keeps the two in step. `conf/own.conf` of a home is the user's: its settings win.
"""

from __future__ import annotations

import re
from pathlib import Path

from spikegraph.errors import ServerError, UsageError

HOST = "127.0.0.1"
"""The server listens here and nowhere else: on Community every credential is an administrator's."""

SETTINGS = {
    "server.https.enabled": "false",
    "dbms.security.auth_enabled": "true",
    "db.tx_log.preallocate": "false",
    "dbms.usage_report.enabled": "false",
    "client.allow_telemetry": "false",
    # Whatever of ours takes longer (batches, exports) sets its own timeout on the transaction.
    "db.transaction.timeout": "60s",
    "db.lock.acquisition.timeout": "10s",
    "dbms.security.procedures.unrestricted": "gds.*",
    "dbms.security.procedures.allowlist": "gds.*",
    # Without both, a statement in READ mode can read files of this machine: LOAD CSV FROM 'file:///etc/…'.
    "server.directories.import": "import",
    "dbms.security.allow_csv_import_from_file_urls": "false",
}

JVM_FLAGS = (
    "-XX:+UseG1GC",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+DisableExplicitGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dio.netty.tryReflectionSetAccessible=true",
    # Without java.nio opened, vector indexes stop populating at 99.8 % and say nothing.
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "-Dlog4j2.disable.jmx=true",
    "-Dfile.encoding=UTF-8",
)

OWN_SETTINGS_HINT = "mend or remove the setting in conf/own.conf of the server's home, then start again"

UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def server_settings(*, bolt_port: int, http_port: int, heap: str, pagecache: str) -> dict[str, str]:
    """Give every setting of a server with these ports and this memory (sizes as `512m`, `2g`)."""
    return {
        **SETTINGS,
        **memory_settings(heap, pagecache),
        "server.default_listen_address": HOST,
        "server.default_advertised_address": HOST,
        "server.bolt.listen_address": f"{HOST}:{bolt_port}",
        "server.bolt.advertised_address": f"{HOST}:{bolt_port}",
        "server.http.listen_address": f"{HOST}:{http_port}",
        "server.http.advertised_address": f"{HOST}:{http_port}",
    }


def memory_settings(heap: str, pagecache: str) -> dict[str, str]:
    """Give the page cache, and limits that let one transaction have half the heap and all of them three quarters.

    Half a heap of 1 GiB holds a batch of 20 000 rows many times over, and still stops a runaway query before it
    stops the server.
    """
    megabytes = size_in_bytes(heap, "server.heap") // 2**20
    return {
        "server.memory.pagecache.size": f"{size_in_bytes(pagecache, 'server.pagecache') // 2**20}m",
        "db.memory.transaction.max": f"{megabytes // 2}m",
        "dbms.memory.transaction.total.max": f"{megabytes * 3 // 4}m",
    }


def heap_flags(heap: str) -> list[str]:
    """Give the flags of the heap: one of less than 2 GiB starts at 512 MiB and grows, a larger one is taken at once.

    Who gives that much wants answers beside writes: with all of it the young generation is large from the start, and
    a write-back is stopped for a collection half as often (seen: pauses of 30 ms, of which readers' p99 is made).
    """
    largest = size_in_bytes(heap, "server.heap") // 2**20
    return [f"-Xms{largest if largest >= 2048 else min(512, largest)}m", f"-Xmx{largest}m"]


def size_in_bytes(size: str, setting: str) -> int:
    """Read a size such as `512m` or `2g`.

    Raises:
        UsageError: it is not a whole number with a unit k, m or g, or it is less than a mebibyte.
    """
    match = re.fullmatch(r"(\d{1,6})([kmg]?)b?", size.strip().lower())
    number = int(match[1]) * UNITS[match[2]] if match else 0
    if number < 2**20:
        raise UsageError(f"'{size}' is no size of memory", where=setting, hint=f"--set {setting}=1g")
    return number


def read_own_settings(file: Path) -> dict[str, str]:
    """Read the user's own settings (`key=value` lines, `#` comments); none where there is no file.

    Raises:
        ServerError: a line is not `key=value`.
    """
    settings: dict[str, str] = {}
    if not file.exists():
        return settings
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        key, separator, value = (part.strip() for part in line.partition("="))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not (separator and key):
            raise ServerError(f"'{line}' is not key=value", where=f"{file}:{number}", hint=OWN_SETTINGS_HINT)
        settings[key] = value
    return settings


def configuration_text(settings: dict[str, str]) -> str:
    """Give the text of neo4j.conf."""
    head = "# Written anew by `spikegraph server start`. Your own settings go into own.conf beside this file and win.\n"
    return head + "".join(f"{key}={value}\n" for key, value in sorted(settings.items()))
