"""Ask the graph for a list with nothing but Neo4j's own driver: `pip install neo4j neo4j-rust-ext`.

    NEO4J_URI=bolt://127.0.0.1:7687 NEO4J_PASSWORD_FILE=FILE python ask_bolt.py demo demo/user/101

The statement is a file of the library, sent as it stands. READ access is enforced by the server, so a statement that
writes is refused; the timeout ends one that takes too long.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from neo4j import READ_ACCESS, Driver, GraphDatabase, ManagedTransaction, NotificationMinimumSeverity, unit_of_work

LIBRARY = Path(__file__).resolve().parents[3] / "cypher"
SECONDS = 5.0


def statement(name: str) -> str:
    """Give the text of a statement: the file without its `:param` lines, which are Neo4j Browser's."""
    lines = (LIBRARY / f"{name}.cypher").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith(":param"))


def recommend(driver: Driver, text: str, dataset: str, user: str, k: int = 10) -> list[dict[str, Any]]:
    """Give the rows of a user's list: `rank`, `item`, `name`, `score`, `source`."""

    @unit_of_work(timeout=SECONDS)
    def work(transaction: ManagedTransaction) -> list[dict[str, Any]]:
        return transaction.run(text, dataset=dataset, user=user, k=k).data()  # type: ignore[arg-type]

    with driver.session(database="neo4j", default_access_mode=READ_ACCESS) as session:
        return session.execute_read(work)  # asked again after a transient failure


def main() -> None:
    """Open one driver, as an application does once for all its life, and ask."""
    password = Path(os.environ["NEO4J_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    quiet = NotificationMinimumSeverity.OFF  # a graph without vectors has no such types and properties, which is well
    with GraphDatabase.driver(
        os.environ["NEO4J_URI"], auth=("neo4j", password), notifications_min_severity=quiet
    ) as driver:
        rows = recommend(driver, statement("recommend/by_user"), *sys.argv[1:3])
    json.dump(rows, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
