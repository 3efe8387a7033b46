"""Ranked lists of the users who are measured: ranked once, kept in the run folder, measured from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from export.snapshot import IntArray, Snapshot, Split
from model.interactions import Interactions, contains
from model.metrics import per_user
from model.ranking import mean_metrics, with_keys
from model.retrieval import top_items
from model.runs.run_folder import RunFolder
from model.types import CUTOFFS, Embeddings


@dataclass(frozen=True, eq=False)
class RankedLists:
    """The best items of every user who has held-out ones.

    Attributes:
        users: int64 [n], rows of the snapshot.
        items: int64 [n, k], rows of the snapshot, best first; -1 where a list is shorter.
    """

    users: IntArray
    items: IntArray

    def hits(self, relevant: Interactions) -> torch.Tensor:
        """Mark the items that are held out: bool [n, k]."""
        users, items = torch.from_numpy(self.users), torch.from_numpy(self.items)
        found = contains(relevant.keys, users[:, None] * relevant.num_items + items)
        return found & (items >= 0)

    def metrics(self, relevant: Interactions, cutoffs: Sequence[int] = CUTOFFS) -> pd.DataFrame:
        """Measure the lists.

        Args:
            relevant: the held-out pairs, on the CPU; every user of the lists has one at least.
            cutoffs: list lengths.

        Returns:
            frame with `user` (row) and one column a metric, one line a list.
        """
        counts = relevant.user_degrees[torch.from_numpy(self.users)]
        values = per_user(self.hits(relevant), counts, cutoffs)
        return pd.DataFrame({"user": self.users, **{name: value.numpy() for name, value in values.items()}})


def rank_lists(
    embeddings: Embeddings, seen: Interactions, relevant: Interactions, k: int = max(CUTOFFS)
) -> RankedLists:
    """Rank all items, but those of `seen`, for every user with a held-out pair."""
    users = relevant.user_degrees.nonzero().squeeze(1)
    return RankedLists(users.cpu().numpy(), top_items(embeddings, seen, k, users=users).rows)


RankLists = Callable[[Embeddings, Interactions, Interactions], RankedLists]
"""`rank_lists`, or what does the same with others' help."""


def keep_lists(
    folder: RunFolder, split: Split, lists: RankedLists, relevant: Interactions, snapshot: Snapshot
) -> dict[str, float]:
    """Measure lists and write them and their metrics per user into a run folder.

    Returns:
        the mean of each metric over the users.
    """
    values = with_keys(lists.metrics(relevant), snapshot)
    folder.write_per_user(split, values)
    folder.write_lists(split, lists.users, lists.items)
    return mean_metrics(values)


def kept_lists(folder: RunFolder, split: Split) -> RankedLists | None:
    """Give the lists of a split that a run folder holds, or None where it holds none."""
    arrays = folder.lists(split)
    return RankedLists(*(array.astype(np.int64) for array in arrays)) if arrays else None
