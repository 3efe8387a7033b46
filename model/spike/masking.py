"""What a dropout mask that is one bit of a byte does to rows: compiled for float32 on a CPU, torch for the rest.

Everything is written where the caller says, so that loops over blocks ask the system for no memory.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from model.kernels.compiled import Array, compiled


def set_bits(bits: Tensor, number: int, drawn: Tensor, threshold: int) -> None:
    """Set a bit of every byte (uint8, not set yet) whose random number (int16, of the same shape) is not below."""
    if bits.device.type == "cpu":
        _set(bits.numpy(), np.uint8(1 << number), drawn.numpy(), np.int16(threshold))
    else:
        bits.bitwise_or_((drawn >= threshold).to(torch.uint8) << number)


def masked(values: Tensor, bits: Tensor, number: int, out: Tensor) -> Tensor:
    """Write the values whose bit is set, and zero for the others, to `out` (which may be `values`)."""
    if _is_plain(values):
        _mask(values.numpy(), bits.numpy(), np.uint8(1 << number), out.numpy())
        return out
    return torch.mul(values, bits >> number & 1, out=out)


def add_masked(values: Tensor, bits: Tensor, number: int, total: Tensor) -> None:
    """Add the values whose bit is set to `total`."""
    if _is_plain(values):
        _add(values.numpy(), bits.numpy(), np.uint8(1 << number), total.numpy())
    else:
        total.addcmul_(values, (bits >> number & 1).to(values.dtype))


def zero_where_zero(values: Tensor, rows: Tensor) -> None:
    """Set the values to zero where `rows`, which came out of a ReLU, are zero."""
    if _is_plain(values):
        _zero(values.numpy(), rows.numpy())
    else:
        values.mul_(rows > 0)


def _is_plain(values: Tensor) -> bool:
    return values.device.type == "cpu" and values.dtype == torch.float32


@compiled
def _set(bits: Array, bit: np.uint8, drawn: Array, threshold: np.int16) -> None:
    for row in range(bits.shape[0]):
        for column in range(bits.shape[1]):
            bits[row, column] |= bit if drawn[row, column] >= threshold else np.uint8(0)


@compiled
def _mask(values: Array, bits: Array, bit: np.uint8, out: Array) -> None:
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            out[row, column] = values[row, column] if bits[row, column] & bit else np.float32(0)


@compiled
def _add(values: Array, bits: Array, bit: np.uint8, total: Array) -> None:
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            total[row, column] += values[row, column] if bits[row, column] & bit else np.float32(0)


@compiled
def _zero(values: Array, rows: Array) -> None:
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            values[row, column] = values[row, column] if rows[row, column] > 0 else np.float32(0)
