"""Full-rank evaluation beside its floor, product and top-k alone, and beside the usual way with loops over users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.official.training import ItemsOfUsers, items_of_users
from benchmarks.result import Row, at_most, less_is_better
from benchmarks.synthetic import Shape, synthetic
from benchmarks.timing import best_seconds, one_thread
from model.interactions import Interactions
from model.ranking import mean_metrics, rank_per_user
from model.types import CUTOFFS, Embeddings

SHAPE = Shape(23_566, 48_123, 48_123, 1, 0, 1_270_000, None, valid_per_user=18)
"""Last-FM of the KGAT line, with as many held-out pairs as its test part has."""
DIMENSIONS = 64
BLOCKS = (64, 256, 1024)
"""Users a block of the floor, which is the best of these."""
BATCH = 1024
"""Users a batch of the usual way."""
BATCHES = 2
"""Batches of the usual way that are timed; the rest is scaled."""
FLOOR = 1.2
"""How many times the floor ours may take."""
DIFFERENCE = 1e-9


def run() -> list[Row]:
    """Time the three, and compare the metrics of the users that were measured both ways."""
    snapshot, embeddings = synthetic(SHAPE), _embeddings()
    seen, held_out = (Interactions.from_snapshot(snapshot, [split]) for split in ("train", "valid"))
    users = held_out.user_degrees.nonzero().squeeze(1)
    few = users[: BATCHES * BATCH]
    loops = partial(usual_way, embeddings, few, *(items_of_users(_pairs(part)) for part in (seen, held_out)))
    with one_thread():
        floor = min(best_seconds(partial(product_and_top, embeddings, users, size), 2) for size in BLOCKS)
        ours = best_seconds(partial(rank_per_user, embeddings, seen, held_out), 3)
        usual = best_seconds(loops, 2) * len(users) / len(few)
        values = rank_per_user(embeddings, seen, held_out)
    found, expected = mean_metrics(values[: len(few)]), loops()
    difference = max(abs(found[name] - value) for name, value in expected.items())
    size = f"{len(users):,} users, {SHAPE.items:,} items, d = {DIMENSIONS}, CPU seconds of one thread"
    scaled = f"timed on {len(few):,} users"
    return [
        less_is_better(f"evaluation beside product and top-{max(CUTOFFS)} alone, {size}", ours, floor, 1 / FLOOR),
        less_is_better(f"evaluation beside batches with Python masks and labels ({scaled}), {size}", ours, usual, 2),
        at_most("evaluation, largest difference of a metric between the two ways", difference, DIFFERENCE),
    ]


def product_and_top(embeddings: Embeddings, users: Tensor, block: int) -> None:
    """Find the best items and do nothing with them."""
    for part in torch.split(users, block):
        (embeddings.users[part] @ embeddings.items.T).topk(max(CUTOFFS))


def usual_way(
    embeddings: Embeddings, users: Tensor, taken: ItemsOfUsers, held_out: ItemsOfUsers
) -> Mapping[str, float]:
    """Rank in batches; mask, label and sum up user by user, as SSLRec does."""
    sums: dict[str, float] = {}
    for part in torch.split(users, BATCH):
        scores = embeddings.users[part] @ embeddings.items.T
        for row, user in enumerate(part.tolist()):
            scores[row, list(taken.get(user, ()))] = -1e8
        lists = scores.topk(max(CUTOFFS)).indices.numpy()
        relevant = [list(held_out[user]) for user in part.tolist()]
        labels = np.array([[item in own for item in ranked] for ranked, own in zip(lists, relevant, strict=True)])
        for cutoff in CUTOFFS:
            for name, value in _sums(labels[:, :cutoff].astype(float), relevant).items():
                sums[f"{name}@{cutoff}"] = sums.get(f"{name}@{cutoff}", 0.0) + value
    return {name: value / len(users) for name, value in sums.items()}


def _sums(labels: npt.NDArray[np.float64], relevant: Sequence[Sequence[int]]) -> dict[str, float]:
    cutoff = labels.shape[1]
    gains = 1 / np.log2(np.arange(2, cutoff + 2))
    ideal = np.zeros_like(labels)
    for row, own in enumerate(relevant):
        ideal[row, : min(cutoff, len(own))] = 1
    counts = np.array([len(own) for own in relevant])
    return {
        "recall": float((labels.sum(1) / counts).sum()),
        "ndcg": float(((labels * gains).sum(1) / (ideal * gains).sum(1)).sum()),
        "precision": float(labels.sum() / cutoff),
    }


def _pairs(interactions: Interactions) -> Tensor:
    return torch.stack([interactions.users, interactions.items])


def _embeddings() -> Embeddings:
    generator = torch.Generator().manual_seed(0)
    users, items = (torch.randn(count, DIMENSIONS, generator=generator) for count in (SHAPE.users, SHAPE.items))
    return Embeddings(users, items)
