"""What a training step draws: edges of the knowledge graph, dropout masks.

Everything is drawn from a generator that is handed down, on its device, without Python loops over pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


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
