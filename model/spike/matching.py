"""Pairwise profile preference matching: nodes alike by profile shall be alike in the graph (spike.md §3.5)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

BLOCK_ROWS = 512


def matching(embeddings: Tensor, profiles: Tensor) -> Tensor:
    """Give ‖ZZᵀ - QQᵀ‖²_F / n² for the row-normalised Z, Q of both [n, d], without an n × n matrix.

    It equals (‖ZᵀZ‖² - 2 ‖ZᵀQ‖² + ‖QᵀQ‖²) / n². Three terms of like size are subtracted, so the d × d
    matrices are summed in float64, over blocks of rows whose own products keep the inputs' precision.
    """
    z, q = (_in_blocks(functional.normalize(rows, dim=1)) for rows in (embeddings, profiles))
    norms = [_product(left, right).square().sum() for left, right in ((z, z), (z, q), (q, q))]
    loss = (norms[0] - 2 * norms[1] + norms[2]) / len(embeddings) ** 2
    return loss.to(embeddings.dtype)


def _in_blocks(rows: Tensor) -> Tensor:
    """Cut [n, d] into [blocks, BLOCK_ROWS, d], the last one filled up with zeros, which add nothing."""
    missing = -len(rows) % BLOCK_ROWS
    return functional.pad(rows, (0, 0, 0, missing)).view(-1, BLOCK_ROWS, rows.shape[1])


def _product(left: Tensor, right: Tensor) -> Tensor:
    return torch.bmm(left.transpose(1, 2), right).double().sum(0)


def sampled_matching(
    embeddings: Tensor, profiles: Tensor, ratio: float, repeats: int, generator: torch.Generator
) -> Tensor:
    """Average the loss over `repeats` draws of a share `ratio` of the nodes, without replacement."""
    nodes = len(embeddings)
    count = max(1, int(ratio * nodes))
    draws = [torch.randperm(nodes, generator=generator, device=embeddings.device)[:count] for _ in range(repeats)]
    return torch.stack([matching(embeddings[rows], profiles[rows]) for rows in draws]).mean()
