from __future__ import annotations

import torch

from model.interactions import Interactions, contains
from tests.support.snapshots import random_snapshot


def test_pairs_are_sorted_and_distinct() -> None:
    pairs = Interactions.from_pairs(torch.tensor([2, 0, 2, 2]), torch.tensor([1, 3, 0, 1]), 4, 5)
    assert list(zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)) == [(0, 3), (2, 0), (2, 1)]
    assert pairs.offsets.tolist() == [0, 1, 1, 3, 3]
    assert pairs.user_degrees.tolist() == [1, 0, 2, 0]
    assert pairs.item_degrees.tolist() == [1, 1, 0, 1, 0]
    assert pairs.keys.tolist() == [3, 10, 11]


def test_splits_together() -> None:
    snapshot = random_snapshot()
    both = Interactions.from_snapshot(snapshot, ["train", "valid"])
    parts = [set(Interactions.from_snapshot(snapshot, [split]).keys.tolist()) for split in ("train", "valid", "test")]  # type: ignore[list-item]  # the loop widens the literals
    assert set(both.keys.tolist()) == parts[0] | parts[1]
    assert not parts[2] & set(both.keys.tolist())


def test_membership() -> None:
    assert contains(torch.tensor([1, 4, 9]), torch.tensor([[0, 1], [9, 10]])).tolist() == [[False, True], [True, False]]
    assert contains(torch.zeros(0, dtype=torch.int64), torch.tensor([1])).tolist() == [False]
