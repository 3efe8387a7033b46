"""Full-rank evaluation: all items, minus those the model was trained on, for users with held-out ones."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from export.snapshot import Snapshot
from model.interactions import Interactions
from model.metrics import per_user
from model.retrieval import hits_of
from model.types import CUTOFFS, Embeddings


def rank_per_user(
    embeddings: Embeddings, seen: Interactions, relevant: Interactions, cutoffs: Sequence[int] = CUTOFFS
) -> pd.DataFrame:
    """Rank and measure.

    Args:
        embeddings: of all users and items.
        seen: pairs that are not recommended.
        relevant: the held-out pairs.
        cutoffs: list lengths.

    Returns:
        frame with `user` (row) and one column a metric, one line for every user with a held-out pair.
    """
    users, hits = hits_of(embeddings, seen, relevant, max(cutoffs))
    counts = relevant.to(users.device).user_degrees[users]
    values = per_user(hits, counts, cutoffs)
    return pd.DataFrame({"user": users.cpu().numpy(), **{name: value.cpu().numpy() for name, value in values.items()}})


def mean_metrics(values: pd.DataFrame) -> dict[str, float]:
    """Average the metrics of `rank_per_user` over its users."""
    return {
        str(name): float(value) for name, value in values.drop(columns=["user", "key"], errors="ignore").mean().items()
    }


def with_keys(values: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Put the users' keys beside their rows, so that runs of different snapshots can be compared."""
    keyed = values.copy()
    keyed.insert(1, "key", snapshot.users["key"].to_numpy()[values["user"].to_numpy()])
    return keyed
