"""A server that holds the synthetic graph, for the benchmarks that ask it or write to it.

Making one takes about two minutes on two idle cores. While developing, SPIKEGRAPH_TEST_BIG_HOME names a folder that
keeps it: it is filled the first time, used again afterwards, and never removed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.big_graph import BigGraph, Size, big_graph
from benchmarks.big_graph_loading import load
from spikegraph import server
from spikegraph.settings import Settings, load_settings

HOME_VARIABLE = "SPIKEGRAPH_TEST_BIG_HOME"
MEMORY = ("server.heap=3g", "server.pagecache=2g")
SEED = 0


def drawn() -> BigGraph:
    """Draw the graph of the benchmarks: always the same."""
    return big_graph(Size(), np.random.default_rng(SEED))


@contextmanager
def big_server(draw: Callable[[], BigGraph] = drawn) -> Iterator[Settings]:
    """Give the settings of a running server that holds the graph, and stop it afterwards."""
    kept = os.environ.get(HOME_VARIABLE)
    if kept:
        yield from _filled(Path(kept), draw)
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(Path(folder))
        try:
            load(settings, draw())
            yield settings
        finally:
            server.stop(settings.server)


def settings_of(folder: Path) -> Settings:
    """Give the settings of a home with the memory that the graph wants."""
    return load_settings(assignments=[f"home={folder}", *MEMORY], environment={})


def _filled(folder: Path, draw: Callable[[], BigGraph]) -> Iterator[Settings]:
    settings = settings_of(folder)
    if not (settings.server.home / "data" / "databases" / "neo4j").exists():
        load(settings, draw())
    server.start(settings.server)
    yield settings
