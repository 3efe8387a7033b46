"""What a user's list would be without one of his interactions, by the model: encoded again, nothing trained.

The weights that were trained with the interaction stay; what is taken away is what it sends while the graph is
propagated. For a model whose users are their histories (EASE, item-knn) that is exactly its score without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from export.snapshot import Snapshot
from model.fold_in import KnownRows
from model.interactions import Interactions
from model.recommender import Recommender
from model.scoring import scores_of


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
    """A trained model asked about one user.

    Args:
        model: as trained.
        snapshot: what it was trained on.
        interactions: the pairs that it was trained with.
        user: row of the user.
    """

    def __init__(self, model: Recommender, snapshot: Snapshot, interactions: Interactions, user: int) -> None:
        self.model, self.snapshot, self.interactions, self.user = model, snapshot, interactions, user
        self.known = KnownRows.between(snapshot, snapshot)
        first, after = interactions.offsets[user : user + 2].tolist()
        self.history = interactions.items[first:after]
        self._place = first

    def as_it_is(self) -> Scored:
        """Give the scores with all interactions, by the same way of computing as without."""
        return self._scored(self.interactions)

    def without(self, item: int) -> Scored:
        """Give the scores without the interaction with an item of the history; the item is no candidate all the same.

        Raises:
            ValueError: the user does not have it.
        """
        place = self._place + self.history.tolist().index(item)
        kept = torch.arange(len(self.interactions)) != place
        pairs = self.interactions
        fewer = Interactions.from_pairs(pairs.users[kept], pairs.items[kept], pairs.num_users, pairs.num_items)
        return self._scored(fewer)

    def each(self, items: Sequence[int]) -> Iterator[tuple[int, Scored]]:
        """Leave out one item of the history after the other."""
        for item in items:
            yield item, self.without(item)

    def _scored(self, interactions: Interactions) -> Scored:
        embeddings = self.model.fold_in(self.snapshot, interactions, self.known).encode()
        scores = scores_of(embeddings, torch.tensor([self.user], device=embeddings.items.device))[0].cpu()
        scores[self.history] = -torch.inf
        return Scored(scores)
