"""Rows brought to length 1, with a gradient of two passes where torch's own composition takes six."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

SMALLEST_NORM = 1e-12


def unit_rows(rows: Tensor) -> Tensor:
    """Divide every row of [n, d] by its length, or by 1e-12 where it is shorter: as `functional.normalize`."""
    scaled: Tensor = _UnitRows.apply(rows)
    return scaled


class _UnitRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        norms = torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min_(SMALLEST_NORM)
        scaled: Tensor = rows / norms
        ctx.save_for_backward(scaled, norms)
        return scaled

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        scaled, norms = ctx.saved_tensors
        along = torch.linalg.vecdot(gradient, scaled).unsqueeze(1)
        across: Tensor = gradient.addcmul(scaled, along, value=-1)
        return across.div_(norms)
