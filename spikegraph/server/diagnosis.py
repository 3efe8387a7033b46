"""Read out of the server's own words why a start failed, and say what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from spikegraph.errors import ServerError
from spikegraph.server.configuration import OWN_SETTINGS_HINT
from spikegraph.server.home import Home

LOGS_HINT = "see the whole log: spikegraph server logs"
CLASS_NAME = re.compile(r"^(?:Exception in thread \"[^\"]*\" )?(?:[\w$]+\.)+[\w$]+(?:Error|Exception|Throwable): ")
TIME = re.compile(r"^\d{4}-\d\d-\d\d \S+ ")
PORT_TAKEN = re.compile(r"PortBindException.*?:(\d+)")


@dataclass(frozen=True)
class KnownCause:
    """A failure we know: how the log words it, what it means, what to do."""

    words: str
    meaning: str
    hint: str


KNOWN_CAUSES = (
    KnownCause(
        "locked by another process|FileLockException|Lock file has been locked",
        "the home is in use by another process",
        "stop that process, or choose another home: --set server.home=…",
    ),
    KnownCause("No space left on device", "the disk is full", "make room on the disk of the server's home"),
    KnownCause("Unrecognized setting|Error evaluating value for setting|declared multiple", "", OWN_SETTINGS_HINT),
    KnownCause(
        "OutOfMemoryError|maximum heap size|initial heap size|reserve enough space|insufficient memory|MaxHeapSize",
        "",
        "choose a heap that this machine has: --set server.heap=1g",
    ),
    KnownCause("UnsupportedClassVersionError|Unrecognized VM option|Unrecognized option", "", "use Java 17 or 21"),
)


def console_text(home: Home) -> str:
    """Give what the process of the last start said."""
    try:
        return home.console_log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def taken_port(text: str) -> int | None:
    """Give the port that the server could not bind, or None where that was not the reason."""
    match = PORT_TAKEN.search(text)
    return int(match[1]) if match else None


def last_error(text: str) -> str | None:
    """Give the log's own last error: the innermost cause, else the last error line, without class names and times."""
    lines = [line.strip() for line in text.splitlines()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    errors = [TIME.sub("", line) for line in lines if " ERROR " in line or CLASS_NAME.match(line)]
    machine = [line for line in lines if line.startswith(("Invalid ", "Error: ", "Error occurred", "Unrecognized "))]
    for found in (causes[-1:], errors[-1:], machine[:1]):
        if found:
            return CLASS_NAME.sub("", found[0]).removeprefix("ERROR ").strip()
    return None


def start_failed(home: Home, reason: str) -> ServerError:
    """Make the error of a failed start: the reason, the log's own last error, and what to do about it."""
    text = console_text(home)
    error = last_error(text)
    cause = next((known for known in KNOWN_CAUSES if re.search(known.words, text)), None)
    told = [cause.meaning if cause else "", error or ""]
    message = ": ".join([reason, *(part for part in told if part)])
    return ServerError(message, where=str(home.path), hint=cause.hint if cause else LOGS_HINT)
