"""What a training step draws: negatives, edges of the knowledge graph, dropout masks.

Everything is drawn from a generator that is handed down, on its device, without Python loops over pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from model.interactions import Interactions
from model.recommender import Batch


class NegativeSampler:
    """Uniform negatives: items that the user has not, drawn exactly, without rejection.

    With a user's items sorted as p_0 < p_1 < …, the number of other items below p_i is p_i - i, so the
    j-th other item is j + |{i: p_i - i <= j}|: one binary search a pair, however dense the user.
    Users who have every item have no negative and are left out (`trainable`).
    """

    def __init__(self, interactions: Interactions) -> None:
        self.interactions = interactions
        users = interactions.users
        within = torch.arange(len(users), device=users.device) - interactions.offsets[users]
        self.others_below = users * interactions.num_items + interactions.items - within
        self.others = interactions.num_items - interactions.user_degrees
        self.trainable = (self.others[users] > 0).nonzero().squeeze(1)

    def __len__(self) -> int:
        """Give the number of pairs that have a negative."""
        return len(self.trainable)

    def draw(self, users: Tensor, generator: torch.Generator) -> Tensor:
        """Draw a negative item for each of these users (int64 [n], none of whom has every item): int64 [n]."""
        uniform = torch.rand(len(users), generator=generator, device=users.device, dtype=torch.float64)
        rank = (uniform * self.others[users]).long()
        place = torch.searchsorted(self.others_below, users * self.interactions.num_items + rank, right=True)
        return rank + place - self.interactions.offsets[users]

    def epoch(self, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
        """Go through all pairs in random order, with one fresh negative each; the last batch may be smaller."""
        order = self.trainable[torch.randperm(len(self), generator=generator, device=self.trainable.device)]
        users, positives = self.interactions.users[order], self.interactions.items[order]
        negatives = self.draw(users, generator)
        for start in range(0, len(order), batch_size):
            part = slice(start, start + batch_size)
            yield Batch(users[part], positives[part], negatives[part])


def keep_mask(shape: Sequence[int], drop: float, generator: torch.Generator) -> tuple[Tensor, float]:
    """Draw a dropout mask.

    Sixteen random bits decide a cell: four cells cost one draw, and the probability is rounded to 2⁻¹⁶.

    Returns:
        bool mask of `shape` and the exact probability of keeping a cell, to divide by.
    """
    threshold = round(drop * 2**16)
    cells = torch.Size(shape).numel()
    bits = torch.empty(-(-cells // 4), dtype=torch.int64, device=generator.device)
    bits.random_(-(2**63), None, generator=generator)
    kept = bits.view(torch.int16)[:cells].view(*shape) >= threshold - 2**15
    return kept, 1 - threshold / 2**16


def dropout(values: Tensor, drop: float, generator: torch.Generator | None) -> Tensor:
    """Set cells to zero with probability `drop` and scale the others; nothing without a generator."""
    if generator is None or drop == 0:
        return values
    kept, probability = keep_mask(values.shape, drop, generator)
    return values * kept.to(values.dtype).mul_(1 / probability)


def sample_per_group(sizes: Sequence[int], counts: Sequence[int], generator: torch.Generator) -> Tensor:
    """Choose without replacement, uniformly, `counts[g]` of the `sizes[g]` cells of every group.

    Returns:
        bool [sum(sizes)], the groups one after another.
    """
    keys = torch.rand(sum(sizes), generator=generator, device=generator.device)
    chosen = torch.zeros(len(keys), dtype=torch.bool, device=keys.device)
    start = 0
    for size, count in zip(sizes, counts, strict=True):
        chosen[start + keys[start : start + size].topk(count, sorted=False).indices] = True
        start += size
    return chosen
