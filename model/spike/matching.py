"""Pairwise profile preference matching: nodes alike by profile shall be alike in the graph (spike.md §3.5).

For the row-normalised Z and Q, ‖ZZᵀ - QQᵀ‖² = ‖ZᵀZ‖² - 2 ‖ZᵀQ‖² + ‖QᵀQ‖²: no n × n matrix is made. Written
with X = [Z Q], the three d × d matrices are blocks of XᵀX, and the gradient with respect to X is X times these
blocks, those of ZᵀQ negated: one product forward, one backward.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK_ROWS = 1024
SMALLEST_NORM = 1e-12


def matching(embeddings: Tensor, profiles: Tensor) -> Tensor:
    """Give ‖ZZᵀ - QQᵀ‖²_F / n² for the row-normalised Z, Q of both [n, d]; both get gradients."""
    return _distance(embeddings.unsqueeze(0), profiles.unsqueeze(0))


def sampled_matching(
    embeddings: Tensor, profiles: Tensor, ratio: float, repeats: int, generator: torch.Generator
) -> Tensor:
    """Average the loss over `repeats` draws of a share `ratio` of the nodes, without replacement."""
    nodes = len(embeddings)
    count = max(1, int(ratio * nodes))
    draws = [torch.randperm(nodes, generator=generator, device=embeddings.device)[:count] for _ in range(repeats)]
    rows = torch.cat(draws)
    samples = (matrix.index_select(0, rows).view(repeats, count, -1) for matrix in (embeddings, profiles))
    return _distance(*samples)


def _distance(embeddings: Tensor, profiles: Tensor) -> Tensor:
    """Average the loss over samples: both [samples, n, d]."""
    loss: Tensor = _Distance.apply(embeddings, profiles)
    return loss


class _Distance(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, embeddings: Tensor, profiles: Tensor) -> Tensor:
        width, cells = embeddings.shape[2], len(embeddings) * embeddings.shape[1] ** 2
        norms = [
            torch.linalg.vector_norm(rows, dim=2, keepdim=True).clamp_min_(SMALLEST_NORM)
            for rows in (embeddings, profiles)
        ]
        rows = torch.cat([embeddings / norms[0], profiles / norms[1]], dim=2)
        products = _gram(rows)
        squares = products.square()
        loss = (
            squares[:, :width, :width].sum() + squares[:, width:, width:].sum() - 2 * squares[:, :width, width:].sum()
        )
        products[:, :width, width:].neg_()
        products[:, width:, :width].neg_()
        ctx.save_for_backward(rows, *norms, (products * (4 / cells)).to(rows.dtype))
        return (loss / cells).to(rows.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        rows, *norms, products = ctx.saved_tensors
        halves = zip(rows.chunk(2, dim=2), (rows @ (products * gradient)).chunk(2, dim=2), norms, strict=True)
        of_embeddings, of_profiles = (_through_norm(*half) for half in halves)
        return of_embeddings, of_profiles


def _gram(rows: Tensor) -> Tensor:
    """Give XᵀX [samples, w, w] of [samples, n, w] in float64.

    Three terms of like size are subtracted later: blocks of rows keep the precision of the input, their sums more.
    """
    samples, nodes, width = rows.shape
    whole = nodes // BLOCK_ROWS
    blocks = rows[:, : whole * BLOCK_ROWS].reshape(samples, whole, BLOCK_ROWS, width)
    rest = rows[:, whole * BLOCK_ROWS :]
    products: Tensor = (blocks.mT @ blocks).double().sum(1) + (rest.mT @ rest).double()
    return products


def _through_norm(unit: Tensor, gradient: Tensor, norm: Tensor) -> Tensor:
    """Take the gradient of x / ‖x‖ back to x: without its part along the row, divided by the norm."""
    radial = (unit * gradient).sum(2, keepdim=True)
    return gradient.addcmul(unit, radial, value=-1).div_(norm)
