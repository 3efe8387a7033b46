"""The softmax over all items, against torch's cross-entropy, pair by pair."""

from __future__ import annotations

import torch
from torch.nn import functional

from model.batches import UserBatch
from model.interactions import Interactions
from model.objectives import Bpr, Softmax, objective_of


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def batch() -> UserBatch:
    return UserBatch(torch.tensor([2, 0]), torch.tensor([0, 0, 1]), torch.tensor([1, 4, 3]))


def test_the_softmax_is_a_cross_entropy_of_every_pair() -> None:
    users, items = drawn(3, 4), drawn(5, 4, seed=1)
    pairs = [(2, 1), (2, 4), (0, 3)]
    expected = torch.stack(
        [
            functional.cross_entropy(functional.cosine_similarity(users[user][None], items) / 0.2, torch.tensor(item))
            for user, item in pairs
        ]
    ).mean()
    torch.testing.assert_close(Softmax(0.2).loss(users, items, batch()), expected)


def test_lengths_do_not_matter_to_the_softmax_and_its_scores() -> None:
    users, items = drawn(3, 4), drawn(5, 4, seed=1)
    longer = items * torch.tensor([1.0, 5.0, 0.1, 2.0, 3.0], dtype=torch.float64)[:, None]
    torch.testing.assert_close(Softmax(0.2).loss(users * 7, longer, batch()), Softmax(0.2).loss(users, items, batch()))
    scored = Softmax(0.2).embeddings(users, longer)
    expected = functional.cosine_similarity(users[:, None], items[None], dim=2)
    torch.testing.assert_close(scored.users @ scored.items.T, expected)


def test_objectives_are_found_by_name_and_choose_their_batches() -> None:
    interactions = Interactions.from_pairs(torch.tensor([0, 1]), torch.tensor([1, 0]), 2, 3)
    assert isinstance(objective_of("bpr", 0.1), Bpr)
    softmax = objective_of("softmax", 0.1)
    assert softmax == Softmax(0.1)
    generator = torch.Generator().manual_seed(0)
    assert isinstance(next(softmax.sampler(interactions).epoch(2, generator)), UserBatch)
