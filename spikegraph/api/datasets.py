"""Data sets: into the graph, what is there, and out of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spikegraph.api.connection import connect
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.dataset import Dataset
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
    from ingest.readers import read
    from ingest.split import SplitRule, default_rule
    from ingest.write import ingest as write

    tables, seed = read(source, path, options), settings.ingest.seed
    rule = default_rule(tables.interactions, seed) if split == "auto" else SplitRule(kind=split, seed=seed)
    with connect(settings) as store:
        store.ensure_schema()
        return write(store, name, tables, split=rule, replace=replace, batch_rows=settings.ingest.batch_rows)


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
