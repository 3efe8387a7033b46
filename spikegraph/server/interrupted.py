"""The note that an offline import runs in a home, and the way back to an empty graph where one was cut off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from spikegraph.logs import get_logger
from spikegraph.server.home import ADMIN_TOOL, DATABASE, Home

KILL_TIMEOUT = 60.0

log = get_logger(__name__)


@contextmanager
def noted(home: Home) -> Iterator[None]:
    """Note that an import runs in the home; if the block fails, the graph is empty again."""
    note(home, None)
    try:
        yield
    except BaseException:
        clear_interrupted(home)
        raise
    home.import_note.unlink()


def note(home: Home, pid: int | None) -> None:
    """Note the process of the importer, once it has one."""
    home.import_note.write_text(json.dumps({"pid": pid}), encoding="utf-8")


def clear_interrupted(home: Home) -> None:
    """Empty the graph of a home in which an import was cut off, if one was; the caller has the home to itself.

    An importer that outlived the program that started it is ended first.
    """
    if not home.import_note.exists():
        return
    _end_importer(home)
    for folder in ("databases", "transactions"):
        shutil.rmtree(home.path / "data" / folder / DATABASE, ignore_errors=True)
    home.import_note.unlink()
    log.warning("an import was cut off: the graph is empty again", home=str(home.path))


def _end_importer(home: Home) -> None:
    try:
        pid = json.loads(home.import_note.read_text(encoding="utf-8"))["pid"]
        process = psutil.Process(pid) if pid else None
        if process and ADMIN_TOOL in process.cmdline() and process.environ().get("NEO4J_HOME") == str(home.path):
            process.kill()
            process.wait(KILL_TIMEOUT)
    except (ValueError, psutil.NoSuchProcess):
        return
