"""An ingest that stops for ever at a chosen point, to be killed there: `python -m … NAME STATEMENT BATCHES`.

It prints `here` once so many batches of the statement are committed; the batches are small.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any
from unittest.mock import patch

from cypher.store import Store
from ingest.split import SplitRule
from ingest.write import ingest
from tests.support.random_tables import random_tables

BATCH_ROWS = 40


def main(name: str, statement: str, batches: int) -> None:
    """Ingest `random_tables()`; hang once `statement` has committed so many batches."""
    write_rows = Store.write_rows

    def write_rows_and_hang(self: Store, given: str, *arguments: Any, **options: Any) -> int:
        committed = 0
        advance = options.pop("advance", None)

        def count(rows: int) -> None:
            nonlocal committed
            committed += 1
            if advance:
                advance(rows)
            if given == statement and committed == batches:
                sys.stdout.write("here\n")
                sys.stdout.flush()
                time.sleep(600)

        return write_rows(self, given, *arguments, advance=count, **options)

    uri, username, password = (os.environ[key] for key in ("T_URI", "T_USER", "T_PASSWORD"))
    with Store.connect(uri, username, password) as store, patch.object(Store, "write_rows", write_rows_and_hang):
        ingest(store, name, random_tables(), split=SplitRule("given"), replace=True, batch_rows=BATCH_ROWS)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
