"""Evaluation shared by the processes of a group: each ranks for its share of the users."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model.distributed.group import Group
from model.interactions import Interactions
from model.ranking import rank_per_user
from model.runs.lists import RankedLists, RankLists, rank_lists
from model.types import Embeddings


def rank_together(group: Group, embeddings: Embeddings, seen: Interactions, relevant: Interactions) -> pd.DataFrame:
    """Give `rank_per_user` of all users, in all processes."""
    own = rank_per_user(embeddings, seen, group.users_of(relevant))
    return pd.concat(group.gather(own), ignore_index=True)


def lists_together(
    group: Group, embeddings: Embeddings, seen: Interactions, relevant: Interactions, rank: RankLists = rank_lists
) -> RankedLists:
    """Give `rank_lists` of all users, in all processes; each has its share ranked by `rank`."""
    parts = group.gather(rank(embeddings, seen, group.users_of(relevant)))
    return RankedLists(np.concatenate([part.users for part in parts]), np.concatenate([part.items for part in parts]))
