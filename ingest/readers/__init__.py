"""Readers: one a data set family; each turns a folder into validated tables, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from ingest.tables import Tables
from ingest.validate import check
from spikegraph.errors import DataError, UsageError

READERS: Mapping[str, str] = {
    "demo": "ingest.readers.demo",
    "lastfm": "ingest.readers.lastfm",
    "movielens-1m": "ingest.readers.movielens_1m",
    "kgat": "ingest.readers.kgat",
    "tables": "ingest.readers.tables",
}
"""Sources by name, and the module whose `read(folder) -> Tables` reads them."""

Reader = Callable[..., Tables]


def read(source: str, path: Path | None = None, options: Mapping[str, str] | None = None) -> Tables:
    """Read a data set and check it (`ingest.validate.check`).

    Args:
        source: one of `READERS`.
        path: its folder (or, for `tables`, the `dataset.toml` in it); the demo data has its own.
        options: what the reader's `OPTIONS` name, if it has any.

    Raises:
        UsageError: there is no such source or option, or it needs a folder.
        DataError: the data is refused; `where` is the file, relative to the folder, and the line.
    """
    if source not in READERS:
        raise UsageError(f"there is no source '{source}'", hint=f"one of: {', '.join(READERS)}")
    module = import_module(READERS[source])
    if path is None and source != "demo":
        raise UsageError(f"the source '{source}' needs a folder", hint=f"spikegraph ingest {source} FOLDER --name NAME")
    if path is not None and source == "tables" and path.name == "dataset.toml":
        path = path.parent
    if path is not None and not path.is_dir():
        raise DataError("there is no such folder", where=str(path))
    reader: Reader = module.read
    known: Mapping[str, str] = getattr(module, "OPTIONS", {})
    for name in options or {}:
        if name not in known:
            raise UsageError(
                f"the source '{source}' has no option '{name}'", hint=f"it has: {', '.join(known) or 'none'}"
            )
    tables = reader(path or module.FOLDER, **({"options": options} if options else {}))
    return check(replace(tables, reader=source))
