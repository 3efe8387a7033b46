"""How many users of each item live collaborative filtering must ask, to recommend about as well as if it asked all.

Read on validation: the test part is left alone. `python -m benchmarks.live_cap NAME` asks the graph that the
settings name, for a sample of users, and prints recall@20 at each cap.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import LiteralString

import numpy as np

from cypher.store import Store
from spikegraph import api
from spikegraph.settings import load_settings

CAPS = (8, 10, 12, 15, 18, 20, 22, 25)
UNCAPPED = 1_000_000
K = 20

VALIDATION: LiteralString = """
MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
MATCH (user)-[held:HELD_OUT]->(item:Item) WHERE held.split = 'valid'
RETURN user.key AS user, collect(item.key) AS items
"""


def recalls(
    store: Store, dataset: str, caps: Sequence[int] = CAPS, *, users: int = 500, seed: int = 0
) -> dict[int, float]:
    """Give recall@20 on validation at each cap, and at `UNCAPPED`, for the same sample of users."""
    rows = store.driver.execute_query(VALIDATION, dataset=dataset, database_=store.database).records
    chosen = np.random.default_rng(seed).permutation(len(rows))[:users]
    held_out = {rows[row]["user"]: set(rows[row]["items"]) for row in sorted(chosen)}
    return {cap: float(np.mean([_recall(store, dataset, user, cap, items) for user, items in held_out.items()]))
            for cap in (*caps, UNCAPPED)}  # fmt: skip


def smallest_cap(found: dict[int, float], share: float = 0.95) -> int:
    """Give the smallest cap that keeps a share of the recall without one."""
    return min(cap for cap, recall in found.items() if recall >= share * found[UNCAPPED])


def _recall(store: Store, dataset: str, user: str, cap: int, items: set[str]) -> float:
    rows = store.read("recommend/live", dataset=dataset, user=user, k=K, cap=cap)
    return len(items & {row["item"] for row in rows}) / len(items)


def main() -> None:
    """Print the recall at each cap, and the smallest that keeps 95 % of it."""
    with api.connect(load_settings()) as store:
        found = recalls(store, sys.argv[1])
    for cap, recall in found.items():
        print("uncapped" if cap == UNCAPPED else cap, round(recall, 4))
    print("smallest cap that keeps 95 %:", smallest_cap(found))


if __name__ == "__main__":
    main()
