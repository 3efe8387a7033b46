"""Ranking over workers of Ray: each ranks for its share of the users, as the processes of a group do."""

from __future__ import annotations

import numpy as np

from model.distributed.group import Group
from model.distributed.ray_pool import RayPool
from model.interactions import Interactions
from model.runs.lists import RankedLists, RankLists, rank_lists
from model.types import CUTOFFS, Embeddings

RETRIES = 3
"""How often a share is ranked again where its worker was killed."""


def ranking_on(pool: RayPool) -> RankLists:
    """Give `rank_lists` as the workers of a pool do it: the same lists, since no user's depends on the others'."""

    def rank(embeddings: Embeddings, seen: Interactions, relevant: Interactions, k: int = max(CUTOFFS)) -> RankedLists:
        shared = pool.put((embeddings, seen, k))
        shares = [Group(number, pool.size).users_of(relevant) for number in range(pool.size)]
        parts = pool.get([pool.submit(_rank, shared, share, retries=RETRIES) for share in shares])
        return RankedLists(
            np.concatenate([part.users for part in parts]), np.concatenate([part.items for part in parts])
        )

    return rank


def _rank(shared: tuple[Embeddings, Interactions, int], share: Interactions) -> RankedLists:
    embeddings, seen, k = shared
    return rank_lists(embeddings, seen, share, k)
