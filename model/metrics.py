"""Metrics of ranked lists, one value per user first; means come last and elsewhere.

With T the user's held-out items and the hits among the first k (spike.md §4.3):
recall = hits / |T|, precision = hits / k, hit = 1 if any, mrr = 1 / rank of the first hit,
ndcg = Σ over hits 1 / log2(rank + 1), divided by the same sum of the ideal list of min(k, |T|) hits.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from model.types import CUTOFFS


def per_user(hits: Tensor, relevant: Tensor, cutoffs: Sequence[int] = CUTOFFS) -> dict[str, Tensor]:
    """Compute every metric at every cutoff for every user.

    Args:
        hits: bool [n, k], whether the item at each rank is held out; k at least the largest cutoff,
            unless there are fewer items than that.
        relevant: int64 [n], the number of held-out items of each user, at least one.
        cutoffs: list lengths.

    Returns:
        `"<metric>@<cutoff>"` to float64 [n].
    """
    hits = hits.to(torch.float64)
    relevant = relevant.to(torch.float64)
    gains = 1 / torch.arange(2, hits.shape[1] + 2, dtype=torch.float64, device=hits.device).log2()
    values: dict[str, Tensor] = {}
    for cutoff in cutoffs:
        top = hits[:, :cutoff]
        found = top.sum(1)
        values[f"recall@{cutoff}"] = found / relevant
        values[f"ndcg@{cutoff}"] = (top @ gains[:cutoff]) / _ideal_gain(relevant, cutoff)
        values[f"precision@{cutoff}"] = found / cutoff
        values[f"hit@{cutoff}"] = (found > 0).to(torch.float64)
        values[f"mrr@{cutoff}"] = _reciprocal_rank(top)
    return values


def _ideal_gain(relevant: Tensor, cutoff: int) -> Tensor:
    gains = 1 / torch.arange(2, cutoff + 2, dtype=torch.float64, device=relevant.device).log2()
    return gains.cumsum(0)[relevant.clamp(max=cutoff).long() - 1]


def _reciprocal_rank(hits: Tensor) -> Tensor:
    ranks = torch.arange(1, hits.shape[1] + 1, dtype=torch.float64, device=hits.device)
    return (hits / ranks).amax(1) if hits.shape[1] else hits.sum(1)
