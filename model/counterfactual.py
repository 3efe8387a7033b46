"""What a user's list would be without one of his interactions, by the model: encoded again, nothing trained.

The weights that were trained with the interaction stay; what is taken away is what it sends while the graph is
propagated. For a model whose users are their histories (EASE, item-knn) that is exactly its score without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from export.snapshot import Snapshot
from model.fold_in import KnownRows
from model.interactions import Interactions
from model.recommender import Recommender
from model.scoring import scores_of
from model.types import Embeddings


@dataclass(frozen=True, eq=False)
class Scored:
    """A user's scores of all items, [V]; what he has is -inf."""

    scores: Tensor

    def rank(self, item: int) -> int:
        """Give an item's rank: 1 and the items that score higher."""
        return 1 + int((self.scores > self.scores[item]).sum())

    def first(self, k: int) -> list[int]:
        """Give the rows of the k best items, ties by row."""
        order = self.scores.argsort(descending=True, stable=True)[:k]
        return [row for row in order.tolist() if self.scores[row] > -torch.inf]


class LeaveOneOut:
    """A trained model, asked what a user's scores would be without one of his interactions.

    Args:
        model: as trained.
        snapshot: what it was trained on.
        interactions: the pairs that it was trained with.
    """

    def __init__(self, model: Recommender, snapshot: Snapshot, interactions: Interactions) -> None:
        self.model, self.snapshot, self.interactions = model, snapshot, interactions
        self.known = KnownRows.between(snapshot, snapshot)

    def history(self, user: int) -> list[int]:
        """Give the rows of the items that a user has."""
        return self.interactions.of_users(torch.tensor([user]))[1].tolist()

    def as_it_is(self, user: int) -> Scored:
        """Give a user's scores with all interactions, by the same way of computing as without."""
        return self._scored(self._whole, user)

    def without(self, user: int, item: int) -> Scored:
        """Give a user's scores without one item of his history, which is no candidate all the same.

        Raises:
            ValueError: the user does not have it.
        """
        pairs, place = self.interactions, self.history(user).index(item)
        kept = torch.arange(len(pairs)) != pairs.offsets[user] + place
        fewer = Interactions.from_pairs(pairs.users[kept], pairs.items[kept], pairs.num_users, pairs.num_items)
        return self._scored(self._encoded(fewer), user)

    @cached_property
    def _whole(self) -> Embeddings:
        return self._encoded(self.interactions)

    def _encoded(self, interactions: Interactions) -> Embeddings:
        return self.model.fold_in(self.snapshot, interactions, self.known).encode()

    def _scored(self, embeddings: Embeddings, user: int) -> Scored:
        scores = scores_of(embeddings, torch.tensor([user], device=embeddings.items.device))[0].cpu()
        scores[self.history(user)] = -torch.inf
        return Scored(scores)
