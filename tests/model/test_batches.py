"""Users with all their items, against a plain loop."""

from __future__ import annotations

import torch

from model.batches import UserSampler
from model.interactions import Interactions


def test_an_epoch_goes_through_every_learnable_user_once_with_all_items() -> None:
    pairs = torch.tensor([[0, 0, 1, 3, 3, 3, 4, 4], [1, 2, 0, 0, 1, 2, 2, 0]])
    interactions = Interactions.from_pairs(pairs[0], pairs[1], num_users=5, num_items=3)
    sampler = UserSampler(interactions)
    assert len(sampler) == 3  # user 2 has nothing, user 3 everything
    seen: dict[int, set[int]] = {}
    sizes = []
    for batch in sampler.epoch(2, torch.Generator().manual_seed(0)):
        sizes.append(len(batch.users))
        for position, item in zip(batch.positions.tolist(), batch.items.tolist(), strict=True):
            seen.setdefault(int(batch.users[position]), set()).add(item)
    assert sizes == [2, 1]
    assert seen == {0: {1, 2}, 1: {0}, 4: {0, 2}}


def test_users_come_in_an_order_that_the_generator_draws() -> None:
    pairs = torch.arange(40).repeat(2, 1)
    sampler = UserSampler(Interactions.from_pairs(pairs[0], pairs[1], num_users=40, num_items=40))
    orders = [next(sampler.epoch(40, torch.Generator().manual_seed(seed))).users.tolist() for seed in (0, 0, 1)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert sorted(orders[0]) == list(range(40))
