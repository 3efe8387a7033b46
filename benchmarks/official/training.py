"""An epoch of the release and its evaluation: negatives and metrics by Python loops, masks user by user."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.official.model import OfficialSpike

ItemsOfUsers = Mapping[int, set[int]]


class Pairs(Dataset[tuple[int, int, int]]):
    """The training pairs with a negative each, which `draw_negatives` renews every epoch."""

    def __init__(self, model: OfficialSpike, seed: int = 0) -> None:
        self.users, self.items = model.data.pairs.tolist()
        self.num_items = model.data.num_items
        self.taken = items_of_users(model.data.pairs)
        self.negatives = [0] * len(self.users)
        self.random = random.Random(seed)

    def draw_negatives(self) -> None:
        """Draw an item at random until the user has it not, pair by pair."""
        for position, user in enumerate(self.users):
            item = self.random.randrange(self.num_items)
            while item in self.taken[user]:
                item = self.random.randrange(self.num_items)
            self.negatives[position] = item

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, position: int) -> tuple[int, int, int]:
        return self.users[position], self.items[position], self.negatives[position]

    def batches(self, size: int, generator: torch.Generator) -> Iterator[list[Tensor]]:
        """Go through all pairs in random order."""
        self.draw_negatives()
        yield from DataLoader(self, batch_size=size, shuffle=True, generator=generator)


def optimiser_of(model: OfficialSpike) -> torch.optim.Optimizer:
    """Give the optimiser of the release."""
    return torch.optim.Adam(model.parameters(), lr=model.settings.learning_rate)


def step(model: OfficialSpike, optimiser: torch.optim.Optimizer, batch: list[Tensor]) -> float:
    """Train on one batch and give the loss."""
    optimiser.zero_grad()
    total = torch.stack(list(model.loss(batch[0], batch[1], batch[2]).values())).sum()
    total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    optimiser.step()
    return total.item()


def epoch(model: OfficialSpike, optimiser: torch.optim.Optimizer, pairs: Pairs) -> float:
    """Train on all pairs and give the mean loss."""
    losses = [step(model, optimiser, batch) for batch in pairs.batches(model.settings.batch_size, model.draws.torch)]
    return sum(losses) / len(losses)


def evaluate(
    model: OfficialSpike, taken: ItemsOfUsers, held_out: ItemsOfUsers, cutoff: int = 20, batch_size: int = 512
) -> dict[str, float]:
    """Rank all items for every user with held-out ones: mean recall and NDCG at the cutoff."""
    users, items = model.generate()
    values: list[tuple[float, float]] = []
    wanted = sorted(user for user, of_user in held_out.items() if of_user)
    for start in range(0, len(wanted), batch_size):
        batch = wanted[start : start + batch_size]
        scores = users[batch] @ items.T
        for row, user in enumerate(batch):
            scores[row, list(taken.get(user, ()))] = -1e8
        lists = scores.topk(cutoff, dim=1).indices.tolist()
        values += [_metrics(ranked, held_out[user]) for user, ranked in zip(batch, lists, strict=True)]
    recall, ndcg = np.mean(values, axis=0).tolist()
    return {f"recall@{cutoff}": recall, f"ndcg@{cutoff}": ndcg}


def _metrics(ranked: list[int], relevant: set[int]) -> tuple[float, float]:
    hits = [place for place, item in enumerate(ranked) if item in relevant]
    gain = sum(1 / math.log2(place + 2) for place in hits)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(len(ranked), len(relevant))))
    return len(hits) / len(relevant), gain / ideal


def items_of_users(pairs: Tensor) -> dict[int, set[int]]:
    """Collect the items of every user of pairs, int64 [2, n]."""
    items: dict[int, set[int]] = {}
    for user, item in pairs.T.tolist():
        items.setdefault(user, set()).add(item)
    return items
