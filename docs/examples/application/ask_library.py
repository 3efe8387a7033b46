"""Ask the graph through SpikeGraph's own functions, which only read: names instead of keys, reasons as objects.

    NEO4J_URI=bolt://127.0.0.1:7687 NEO4J_PASSWORD_FILE=FILE python ask_library.py demo demo/user/101

`Answers` holds one store, and with it one driver: make it when the application starts, share it between threads.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cypher.answers import lists, reasons
from cypher.answers.lists import Recommendation
from cypher.answers.reasons import Reason
from cypher.store import Store, Timeouts


class Answers:
    """What an application may ask of one data set."""

    def __init__(self, store: Store, dataset: str) -> None:
        self.store = store
        self.dataset = dataset

    def recommend(self, user: str, k: int = 10) -> list[Recommendation]:
        """Give a user's list, each item with its three best reasons."""
        return lists.recommend(self.store, self.dataset, user, k, reasons=3)

    def why(self, user: str, item: str) -> list[Reason]:
        """Give all reasons why an item suits a user."""
        return reasons.explain(self.store, self.dataset, user, item)


def main() -> None:
    """Print a user's list with its reasons."""
    dataset, user = sys.argv[1:3]
    password = Path(os.environ["NEO4J_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    with Store.connect(os.environ["NEO4J_URI"], "neo4j", password, timeouts=Timeouts(query=5.0)) as store:
        for each in Answers(store, dataset).recommend(user):
            print(f"{each.rank}. {each.name} ({each.item})")
            for reason in each.reasons:
                print(f"   {reason.text}")


if __name__ == "__main__":
    main()
