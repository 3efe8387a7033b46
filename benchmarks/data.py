"""Where the real data sets are."""

from __future__ import annotations

import os
from pathlib import Path

from spikegraph.errors import UsageError


def data_folder(name: str) -> Path:
    """Give the folder of a real data set.

    Raises:
        UsageError: it is not on this machine.
    """
    root = Path(os.environ.get("SPIKEGRAPH_DATA", "../shared/data"))
    if not (root / name).is_dir():
        raise UsageError("the data set is not there", where=str(root / name), hint="SPIKEGRAPH_DATA=DIR")
    return root / name
