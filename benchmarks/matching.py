"""The matching loss: by d × d Gram matrices beside the k × k similarities of the released code (spike.md §3.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.result import Row, at_most, less_is_better
from benchmarks.timing import best_seconds, one_thread
from model.spike.matching import matching, sampled_matching

NODES, WIDTH = 30_000, 64
RATIO, REPEATS = 0.1, 8
FEW = 2
"""Samples that are compared in double precision: eight would take several GB."""
DIFFERENCE = 1e-6

Loss = Callable[[Tensor, Tensor], Tensor]


def run() -> list[Row]:
    """Time forward and backward passes, and compare the gradients of equal samples."""
    with one_thread():
        ends = _vectors()
        losses = (_samples(REPEATS), matching, _squares(REPEATS))
        samples, everything, squares = (best_seconds(partial(gradients, loss, *ends)) for loss in losses)
        double = tuple(end.double() for end in ends)
        exact = [gradients(loss, *double) for loss in (_samples(FEW), _squares(FEW))]
        rounded = [relative_difference(gradients(loss, *ends), exact[1]) for loss in (_samples(FEW), _squares(FEW))]
    size = f"N = {NODES:,}, d = {WIDTH}, forward and backward, CPU seconds of one thread"
    gap = "matching, the same samples, largest difference of a gradient, as a share of the largest gradient"
    return [
        less_is_better(f"matching, the same {REPEATS} samples of {RATIO} N, {size}", samples, squares, 10),
        less_is_better(f"matching, all nodes beside samples, {size}", everything, squares, 20),
        at_most(f"{gap}, in double precision", relative_difference(*exact), DIFFERENCE),
        Row(f"{gap}, single from double precision", rounded[0], rounded[1], None, None, holds=True),
    ]


def _samples(repeats: int) -> Loss:
    return lambda z, q: sampled_matching(z, q, RATIO, repeats, _seeded())


def _squares(repeats: int) -> Loss:
    return lambda z, q: pairwise_matching(z, q, RATIO, repeats, _seeded())


def pairwise_matching(
    embeddings: Tensor, profiles: Tensor, ratio: float, repeats: int, generator: torch.Generator
) -> Tensor:
    """Compare the similarities of all pairs of each sample, repeats × k × k of them, as the released code does."""
    count = max(1, int(ratio * len(embeddings)))
    samples = torch.stack([torch.randperm(len(embeddings), generator=generator)[:count] for _ in range(repeats)])
    z, q = (functional.normalize(rows, dim=1)[samples] for rows in (embeddings, profiles))
    return functional.mse_loss(z @ z.transpose(1, 2), q @ q.transpose(1, 2))


def gradients(loss: Loss, embeddings: Tensor, profiles: Tensor) -> tuple[Tensor, ...]:
    """Go forward and backward."""
    ends = embeddings.detach().requires_grad_(), profiles.detach().requires_grad_()
    return torch.autograd.grad(loss(*ends), ends)


def relative_difference(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    """Give the largest difference between gradients, as a share of the largest gradient of its matrix."""
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in zip(ours, theirs, strict=True))


def _vectors() -> tuple[Tensor, Tensor]:
    generator = _seeded()
    return torch.randn(NODES, WIDTH, generator=generator), torch.randn(NODES, WIDTH, generator=generator)


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)
