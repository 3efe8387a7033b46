"""Write results back in a process that kills itself just before a given statement is sent (run by a test).

python -m tests.support.write_back_that_dies URI DATASET RUN_ID STATEMENT OCCURRENCE < password
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cypher.statements import Statement
from cypher.store import Store, Transaction
from export.write_back import write_back
from tests.support.film_graph import results_of, snapshot_of


class Fate:
    """Kills this process at the n-th use of a statement."""

    def __init__(self, statement: str, occurrence: int) -> None:
        self.statement = statement
        self.left = occurrence

    def meet(self, statement: str | Statement) -> None:
        """Count a statement that is about to be sent."""
        name = statement if isinstance(statement, str) else statement.name
        self.left -= name == f"write_back/{self.statement}"
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingTransaction(Transaction):
    """A transaction in whose middle the process may die."""

    def __init__(self, transaction: Transaction, fate: Fate) -> None:
        super().__init__(transaction._transaction)
        self.fate = fate

    def run(self, statement: str | Statement, **parameters: Any) -> list[dict[str, Any]]:
        """Run a statement, or die."""
        self.fate.meet(statement)
        return super().run(statement, **parameters)


class DyingStore(Store):
    """A store whose process dies at its fate."""

    fate: Fate

    def read(self, statement: str | Statement, **parameters: Any) -> list[dict[str, Any]]:
        """Read, or die."""
        self.fate.meet(statement)
        return super().read(statement, **parameters)

    def write(self, statement: str | Statement, **parameters: Any) -> list[dict[str, Any]]:
        """Write, or die."""
        self.fate.meet(statement)
        return super().write(statement, **parameters)

    def run_in_transactions(self, statement: str | Statement, **parameters: Any) -> list[dict[str, Any]]:
        """Remove in batches, or die."""
        self.fate.meet(statement)
        return super().run_in_transactions(statement, **parameters)

    @contextmanager
    def transaction(self, *arguments: Any) -> Iterator[Transaction]:
        """Open a transaction in whose middle the process may die."""
        with super().transaction(*arguments) as transaction:
            yield DyingTransaction(transaction, self.fate)


def main() -> None:
    """Write back, one list a transaction so that there are many points to die at."""
    uri, dataset, run_id, statement, occurrence = sys.argv[1:6]
    DyingStore.fate = Fate(statement, int(occurrence))
    with DyingStore.connect(uri, "neo4j", sys.stdin.readline().strip()) as store:
        write_back(store, snapshot_of(dataset), results_of(run_id), batch_rows=1)


if __name__ == "__main__":
    main()
