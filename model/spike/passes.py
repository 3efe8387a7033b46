"""Several passes of one profile network that differ in their dropout masks, at the cost of little more than one.

The texts are constant, so that all passes share the first layer, forward and backward. Rows are taken in
blocks, whose temporaries stay in the cache: of size rows × width only the hidden layer is kept, and the
masks as a bit a pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from model.sampling import keep_mask

MAX_PASSES = 8
"""Masks are bits of one byte."""
BLOCK_CELLS = 2**20
"""Cells of a block on a CPU; elsewhere there is one block."""


class Masks(NamedTuple):
    """Dropout masks of all passes: pass number p keeps a cell whose bit p is set."""

    bits: Tensor
    """uint8 [n, width]"""
    keep: float
    """Probability of keeping a cell."""


def draw_masks(rows: int, width: int, passes: int, drop: float, generator: torch.Generator) -> Masks:
    """Draw independent masks for so many passes (at most eight)."""
    assert 1 <= passes <= MAX_PASSES
    bits = torch.empty(rows, width, dtype=torch.uint8, device=generator.device)
    keep = 1.0
    for block in _blocks(bits):
        part = bits[block]
        kept, keep = keep_mask(part.shape, drop, generator)
        part.copy_(kept)
        for number in range(1, passes):
            kept, keep = keep_mask(part.shape, drop, generator)
            part.bitwise_or_(kept.to(torch.uint8) << number)
    return Masks(bits, keep)


def encode(texts: Tensor, hidden: nn.Linear, output: nn.Linear, passes: int, masks: Masks | None) -> list[Tensor]:
    """Evaluate output(dropout(relu(hidden(texts)))) with each of the masks.

    Args:
        texts: [n, D], constant: it gets no gradient.
        hidden: the first layer, D to width.
        output: the second layer, width to d.
        passes: how many; with `masks`, as many as were drawn.
        masks: None drops nothing.

    Returns:
        [n, d] for every pass.
    """
    encoded: tuple[Tensor, ...] = _Passes.apply(
        texts, hidden.weight, hidden.bias, output.weight, output.bias, passes, masks
    )
    return list(encoded)


class _Passes(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, texts: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, passes: int, masks: Masks | None
    ) -> tuple[Tensor, ...]:
        scale = 1 / masks.keep if masks else 1.0
        scaled = w2.T * scale
        # A single pass keeps its hidden layer masked: where that is zero nothing flows back either way.
        several = masks if passes > 1 else None
        hidden = texts.new_empty(len(texts), len(w1))
        encoded = tuple(texts.new_empty(len(texts), len(w2)) for _ in range(passes))
        for block in _blocks(hidden):
            part = torch.addmm(b1, texts[block], w1.T, out=hidden[block]).relu_()
            if masks and passes == 1:
                part.mul_(masks.bits[block])
            for number, rows in enumerate(encoded):
                torch.addmm(b2, _masked(part, several, block, number), scaled, out=rows[block])
        ctx.masks, ctx.scale = several, scale
        ctx.save_for_backward(texts, hidden, w2)
        return encoded

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        texts, hidden, w2 = ctx.saved_tensors
        masks: Masks | None = ctx.masks
        of_w1 = w2.new_zeros(hidden.shape[1], texts.shape[1])
        of_b1, of_w2 = w2.new_zeros(hidden.shape[1]), torch.zeros_like(w2)
        for block in _blocks(hidden):
            part = hidden[block]
            of_hidden = torch.zeros_like(part)
            for number, gradient in enumerate(gradients):
                of_w2.addmm_(gradient[block].T, _masked(part, masks, block, number))
                of_hidden += _masked(gradient[block] @ w2, masks, block, number)
            of_hidden.mul_(part > 0)
            of_w1.addmm_(of_hidden.T, texts[block])
            of_b1 += of_hidden.sum(0)
        of_b2 = torch.stack([gradient.sum(0) for gradient in gradients]).sum(0)
        return None, of_w1.mul_(ctx.scale), of_b1.mul_(ctx.scale), of_w2.mul_(ctx.scale), of_b2, None, None


def _masked(values: Tensor, masks: Masks | None, block: slice, number: int) -> Tensor:
    if masks is None:
        return values
    return values * (masks.bits[block] >> number & 1)


def _blocks(cells: Tensor) -> Iterator[slice]:
    rows, width = cells.shape
    size = max(1, BLOCK_CELLS // width) if cells.device.type == "cpu" else max(1, rows)
    return (slice(start, start + size) for start in range(0, rows, size))
