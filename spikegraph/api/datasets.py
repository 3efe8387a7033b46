"""Data sets: into the graph, what is there, and out of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spikegraph.api.connection import connect
from spikegraph.errors import UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.dataset import Dataset
    from ingest.split import SplitRule
    from ingest.tables import Tables
    from ingest.write import IngestReport


SplitChoice = Literal["auto", "given", "time", "random", "none"]
"""How a data set is split; `auto` keeps a given split, else goes by time, else draws."""


def ingest(
    settings: Settings,
    source: str,
    path: Path | None = None,
    *,
    name: str,
    split: SplitChoice = "auto",
    replace: bool = False,
    options: Mapping[str, str] | None = None,
) -> IngestReport:
    """Read a data set, check it, split it and write it into the graph.

    Args:
        settings: `ingest.seed` draws the split, `ingest.batch_rows` bounds a transaction.
        source: a reader's name (see `ingest.readers.READERS`).
        path: the folder to read; the demo data has its own.
        name: the data set's name in the graph.
        split: the rule of the split.
        replace: swap a data set of this name that has other content.
        options: of the reader, as in {'knowledge': 'none'} (see docs/data-sets.md).

    Raises:
        DataError: the data is refused, with file, line and reason; nothing was written.
    """
    from ingest.write import ingest as write

    tables, rule = _read(settings, source, path, split, options)
    with connect(settings) as store:
        store.ensure_schema()
        return write(store, name, tables, split=rule, replace=replace, batch_rows=settings.ingest.batch_rows)


def ingest_offline(
    settings: Settings,
    source: str,
    path: Path | None = None,
    *,
    name: str,
    split: SplitChoice = "auto",
    options: Mapping[str, str] | None = None,
) -> IngestReport:
    """Import a data set into the empty graph of the local server, which is stopped for it and started again.

    The graph is the one that `ingest` makes, for millions of relationships about ten times sooner.

    Args:
        settings: the local server; `ingest.seed` draws the split.
        source: a reader's name.
        path: the folder to read; the demo data has its own.
        name: the data set's name in the graph.
        split: the rule of the split.
        options: of the reader.

    Raises:
        DataError: the data is refused, with file, line and reason; nothing was written.
        UsageError: the settings name another server than the local one.
        ServerError: the graph is not empty, or the import failed; an empty graph is left.
    """
    from ingest.prepare import prepare
    from spikegraph.offline import import_data_set

    if settings.neo4j.uri is not None:
        raise UsageError(
            "the offline import fills the local server only", where="neo4j.uri", hint="leave out --offline"
        )
    tables, rule = _read(settings, source, path, split, options)
    return import_data_set(settings.server, prepare(name, tables, rule))


def _read(
    settings: Settings, source: str, path: Path | None, split: SplitChoice, options: Mapping[str, str] | None
) -> tuple[Tables, SplitRule]:
    """Read the source and choose how it is split."""
    from ingest.readers import read
    from ingest.split import SplitRule, default_rule

    tables, seed = read(source, path, options), settings.ingest.seed
    return tables, default_rule(tables.interactions, seed) if split == "auto" else SplitRule(kind=split, seed=seed)


def list_datasets(settings: Settings) -> list[Dataset]:
    """Give the records of all data sets of the graph."""
    from cypher import dataset

    with connect(settings) as store:
        store.ensure_schema()
        return dataset.list_datasets(store)


def show_dataset(settings: Settings, name: str) -> Dataset:
    """Give the record of one data set.

    Raises:
        NotFoundError: the graph holds none of this name.
    """
    from cypher import dataset

    with connect(settings) as store:
        return dataset.get(store, name, require_ready=False)


def remove_dataset(settings: Settings, name: str) -> None:
    """Remove a data set with its profiles in the graph and its runs; profile sets on disk stay."""
    from ingest.write import remove

    with connect(settings) as store:
        remove(store, name)
