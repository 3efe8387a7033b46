"""Folding in: a trained model over a graph that has changed since, its weights kept and nothing trained.

New users and items, and what was added to the interactions or taken away, reach the vectors by the model's own
propagation. Rows are matched by key. A node without weights of its own begins where those like it are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import Tensor

from export.snapshot import Snapshot
from model.interactions import Interactions
from model.retrieval import best, row_blocks

ALIKE_USERS = 20
"""Users whose mean a new user begins as."""


@dataclass(frozen=True, eq=False)
class KnownRows:
    """Where the rows of a newer snapshot stood in the one that a model was trained on; -1 is new.

    Attributes:
        users: int64 [U'].
        entities: int64 [E'].
        relations: int64 [R'].
        older: the snapshot that the model was trained on.
    """

    users: Tensor
    entities: Tensor
    relations: Tensor
    older: Snapshot

    @classmethod
    def between(cls, older: Snapshot, newer: Snapshot) -> Self:
        """Match users and entities by key, relations by name."""
        users, entities = (_matched(getattr(older, kind), getattr(newer, kind)) for kind in ("users", "entities"))
        relations = pd.Index(older.manifest.relations).get_indexer(pd.Index(newer.manifest.relations))
        return cls(users, entities, torch.from_numpy(relations.astype(np.int64)), older)

    @property
    def new_users(self) -> Tensor:
        """Rows of the users that were not trained: int64 [n]."""
        return (self.users < 0).nonzero().squeeze(1)

    def items(self, count: int) -> Tensor:
        """Give where the first `count` entities stood as items: int64 [count], -1 for what was none."""
        rows = self.entities[:count]
        return rows.masked_fill(rows >= self.older.num_items, -1)


def _matched(older: pd.DataFrame, newer: pd.DataFrame) -> Tensor:
    return torch.from_numpy(pd.Index(older["key"]).get_indexer(pd.Index(newer["key"])).astype(np.int64))


def carried_over(weights: Tensor, rows: Tensor) -> Tensor:
    """Give each row the weights it was trained with, zero where it is new.

    Args:
        weights: [n, …], as trained.
        rows: int64 [n'] into them, -1 for new.

    Returns:
        [n', …].
    """
    rows = rows.to(weights.device)
    if not len(weights):
        return weights.new_zeros(len(rows), *weights.shape[1:])
    found = weights.index_select(0, rows.clamp(min=0))
    found[rows < 0] = 0
    return found


def as_linked(weights: Tensor, known: Tensor, pairs: Tensor) -> Tensor:
    """Let each new row begin as the mean of the known ones that it is linked with; zero where there are none.

    Args:
        weights: [n, d], of the known rows as trained.
        known: bool [n].
        pairs: int64 [2, m], rows that are linked, in either direction.

    Returns:
        [n, d].
    """
    ends = torch.cat([pairs, pairs.flip(0)], dim=1)
    ends = ends[:, ~known[ends[0]] & known[ends[1]]]
    total = torch.zeros_like(weights).index_add_(0, ends[0], weights[ends[1]])
    count = torch.bincount(ends[0], minlength=len(weights)).clamp(min=1)
    return torch.where(known[:, None], weights, total / count[:, None])


def as_users_alike(weights: Tensor, known: KnownRows, interactions: Interactions) -> Tensor:
    """Let each new user begin as the mean of the known ones with most in common, as many as `ALIKE_USERS`.

    Two users are alike as the cosine of their histories, where an item of n users weighs 1 / √n.

    Args:
        weights: [U', d], of the known users as trained.
        known: which are.
        interactions: what everybody has.

    Returns:
        [U', d]; a new user who shares no item with a known one is zero.
    """
    if not len(known.new_users):
        return weights
    histories = _weighted_histories(interactions)
    others = (known.users >= 0).nonzero().squeeze(1)
    transposed = sp.csr_array(histories[others.numpy()].T)
    started = weights.clone()
    for start, stop in row_blocks(len(known.new_users), 4 * max(1, len(others))):
        block = known.new_users[start:stop]
        cosines = torch.from_numpy((histories[block.numpy()] @ transposed).toarray())
        columns, values = best(cosines.masked_fill(cosines <= 0, -torch.inf), ALIKE_USERS)
        found = (values > -torch.inf)[:, :, None]
        near = weights[others[columns.clamp(min=0)]] if len(others) else weights.new_zeros(*columns.shape, 1)
        started[block] = (near * found).sum(1) / found.sum(1).clamp(min=1)
    return started


def _weighted_histories(interactions: Interactions) -> sp.csr_array:
    """Give the users' items, rare ones weighing more, as rows of length 1: float32 [U', V']."""
    weights = interactions.item_degrees.clamp(min=1).float().rsqrt().sqrt()[interactions.items]
    lengths = torch.zeros(interactions.num_users).index_add_(0, interactions.users, weights**2).clamp(min=1e-12).sqrt()
    values = (weights / lengths[interactions.users]).numpy()
    shape = interactions.num_users, interactions.num_items
    return sp.csr_array((values, interactions.items.numpy(), interactions.offsets.numpy()), shape=shape)


def places_of(rows: Tensor, kept: Tensor, count: int) -> Tensor:
    """Find rows among those that a model keeps.

    Args:
        rows: int64 of any shape, rows of a snapshot, -1 for none.
        kept: int64 [m], the snapshot's rows that the model has, in its order; -1 for what is not in the snapshot.
        count: rows of the snapshot.

    Returns:
        int64 of the shape of `rows`, positions in `kept`, -1 for what is not there.
    """
    place = torch.full((count + 1,), -1, dtype=torch.long)
    known = (kept >= 0).nonzero().squeeze(1)
    place[kept[known]] = known
    return place.to(rows.device)[rows]
