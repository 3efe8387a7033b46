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

from model.spike.masking import add_masked, masked, set_bits, zero_where_zero

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
    """Draw independent masks for so many passes (at most eight); sixteen random bits decide a cell."""
    assert 1 <= passes <= MAX_PASSES
    bits = torch.zeros(rows, width, dtype=torch.uint8, device=generator.device)
    threshold = round(drop * 2**16)
    scratch = torch.empty(-(-_block_rows(bits) * width // 4), dtype=torch.int64, device=bits.device)
    for block in _blocks(bits):
        part = bits[block]
        for number in range(passes):
            drawn = scratch[: -(-part.numel() // 4)].random_(-(2**63), None, generator=generator)
            set_bits(part, number, drawn.view(torch.int16)[: part.numel()].view(part.shape), threshold - 2**15)
    return Masks(bits, 1 - threshold / 2**16)


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
        hidden = texts.new_empty(len(texts), len(w1))
        encoded = tuple(texts.new_empty(len(texts), len(w2)) for _ in range(passes))
        scratch = _scratch(hidden)
        for block in _blocks(hidden):
            part = torch.addmm(b1, texts[block], w1.T, out=hidden[block]).relu_()
            for number, rows in enumerate(encoded):
                # A single pass keeps its hidden layer masked: where that is zero nothing flows back either way.
                place = part if passes == 1 else scratch[: len(part)]
                kept = part if masks is None else masked(part, masks.bits[block], number, place)
                torch.addmm(b2, kept, scaled, out=rows[block])
        ctx.masks, ctx.scale = masks if passes > 1 else None, scale
        ctx.save_for_backward(texts, hidden, w2)
        return encoded

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        texts, hidden, w2 = ctx.saved_tensors
        of_w1 = w2.new_zeros(hidden.shape[1], texts.shape[1])
        of_b1, of_w2 = w2.new_zeros(hidden.shape[1]), torch.zeros_like(w2)
        scratch = _scratch(hidden), _scratch(hidden)
        for block in _blocks(hidden):
            part = hidden[block]
            places = scratch[0][: len(part)], scratch[1][: len(part)]
            bits = None if ctx.masks is None else ctx.masks.bits[block]
            of_hidden = _back_to_hidden(part, [rows[block] for rows in gradients], w2, of_w2, bits, places)
            of_w1.addmm_(of_hidden.T, texts[block])
            of_b1 += of_hidden.sum(0)
        of_b2 = torch.stack([gradient.sum(0) for gradient in gradients]).sum(0)
        return None, of_w1.mul_(ctx.scale), of_b1.mul_(ctx.scale), of_w2.mul_(ctx.scale), of_b2, None, None


def _back_to_hidden(
    part: Tensor, gradients: list[Tensor], w2: Tensor, of_w2: Tensor, bits: Tensor | None, places: tuple[Tensor, Tensor]
) -> Tensor:
    """Give the gradient of a block's hidden layer before the ReLU, and add its share to that of w2."""
    of_hidden, scratch = places[0].zero_(), places[1]
    for number, gradient in enumerate(gradients):
        of_w2.addmm_(gradient.T, part if bits is None else masked(part, bits, number, scratch))
        if bits is None:
            of_hidden.addmm_(gradient, w2)
        else:
            add_masked(torch.mm(gradient, w2, out=scratch), bits, number, of_hidden)
    zero_where_zero(of_hidden, part)
    return of_hidden


def _scratch(cells: Tensor) -> Tensor:
    """Give room for a block."""
    return cells.new_empty(_block_rows(cells), cells.shape[1])


def _blocks(cells: Tensor) -> Iterator[slice]:
    size = max(1, _block_rows(cells))
    return (slice(start, start + size) for start in range(0, len(cells), size))


def _block_rows(cells: Tensor) -> int:
    rows, width = cells.shape
    return min(rows, max(1, BLOCK_CELLS // width)) if cells.device.type == "cpu" else rows
