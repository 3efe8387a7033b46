"""Rows of length 1 are what torch gives, in value and gradient."""

from __future__ import annotations

import torch
from torch.nn import functional

from model.kernels.unit_rows import unit_rows


def test_equals_torch() -> None:
    rows = torch.randn(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows[2] = 0
    rows.requires_grad_()
    direction = torch.randn(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found, expected = unit_rows(rows), functional.normalize(rows, dim=1)
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad((one * direction).sum(), rows)[0] for one in (found, expected)]
    torch.testing.assert_close(*gradients)


def test_gradient_numerically() -> None:
    rows = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).requires_grad_()
    assert torch.autograd.gradcheck(unit_rows, (rows,))
