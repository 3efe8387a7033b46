"""An epoch's negatives: drawn at once, beside the Python loops of the field, timed on a share of the pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from benchmarks.result import Row, less_is_better
from benchmarks.synthetic import Shape, synthetic
from benchmarks.timing import best_seconds, one_thread
from model.batches import NegativeSampler
from model.interactions import Interactions, contains

SHAPE = Shape(23_566, 48_123, 48_123, 1, 0, 1_270_000, None)
"""Last-FM of the KGAT line."""
ONE_OF = 20
"""The loops go through one pair of so many."""
BATCH_SIZE = 4096


def run() -> list[Row]:
    """Time them, and check that none of ours is a positive."""
    interactions = Interactions.from_snapshot(synthetic(SHAPE), ["train"])
    sampler, generator = NegativeSampler(interactions), torch.Generator().manual_seed(0)
    with one_thread():
        drawn = best_seconds(lambda: sampler.draw(interactions.users, generator), 15)
        epoch = best_seconds(lambda: list(sampler.epoch(BATCH_SIZE, generator)), 5)
    negatives = sampler.draw(interactions.users, generator)
    wrong = contains(interactions.keys, interactions.users * interactions.num_items + negatives).sum().item()
    users = interactions.users[::ONE_OF].tolist()
    lists = [items.tolist() for items in torch.split(interactions.items, interactions.user_degrees.tolist())]
    with_lists = ONE_OF * best_seconds(lambda: loop_with_lists(users, lists, SHAPE.items), 2)
    sets = [set(items) for items in lists]
    with_sets = ONE_OF * best_seconds(lambda: loop_with_sets(users, sets, SHAPE.items), 2)
    size = f"{len(interactions):,} pairs, {SHAPE.users:,} users, {SHAPE.items:,} items, CPU seconds of one thread"
    scaled = f"loop timed on one pair of {ONE_OF}"
    return [
        less_is_better(f"negatives of an epoch, list membership ({scaled}), {size}", drawn, with_lists, 150),
        Row(
            f"negatives of an epoch, set membership and scalar draws ({scaled}), {size}",
            drawn,
            with_sets,
            with_sets / drawn,
            None,
            holds=True,
        ),
        Row(
            f"the same, shuffled and in batches of {BATCH_SIZE}, {size}",
            epoch,
            with_lists,
            with_lists / epoch,
            None,
            holds=True,
        ),
        Row("negatives that are positives", wrong, None, None, None, holds=wrong == 0),
    ]


def loop_with_lists(users: Iterable[int], items_of: Sequence[Sequence[int]], num_items: int) -> list[int]:
    """Draw an array of one until it is in no list, as KGAT, KGIN and KGRec do."""
    drawn = []
    for user in users:
        while True:
            item = np.random.randint(low=0, high=num_items, size=1)[0]  # noqa: NPY002  # their generator
            if item not in items_of[user]:
                break
        drawn.append(int(item))
    return drawn


def loop_with_sets(users: Iterable[int], items_of: Sequence[set[int]], num_items: int) -> list[int]:
    """Draw one number until it is in no set: the loop at its best."""
    drawn = []
    for user in users:
        item = np.random.randint(num_items)  # noqa: NPY002  # their generator
        while item in items_of[user]:
            item = np.random.randint(num_items)  # noqa: NPY002  # their generator
        drawn.append(item)
    return drawn
