"""The `demo` reader: real films, simulated viewers; all of it in this package, described by its own `dataset.toml`."""

from __future__ import annotations

from pathlib import Path

from ingest.readers import tables
from ingest.tables import Tables

FOLDER = Path(__file__).parent.parent / "demo_data"


def read(folder: Path = FOLDER) -> Tables:
    """Read the demo data: films of `films.csv`, viewers and ratings that `ingest.simulate` made."""
    return tables.read(folder)
