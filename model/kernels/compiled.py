"""Loops that numba compiles to machine code, for what torch can say only with copies; on a CPU, in float32.

Every one has a twin in plain torch, which tests hold it to, and which other devices and precisions use.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from numba import njit
from torch import Tensor

Loop = TypeVar("Loop", bound=Callable[..., None])
Array = npt.NDArray[Any]

PARTS = 8
"""Loops are cut in so many parts whatever the number of threads, so that sums do not depend on it."""


def compiled(loop: Loop) -> Loop:
    """Compile a loop when it is first called; the machine code is kept on disk where there is a place for it.

    Sums may be reordered, so that they use vectors; a machine adds in the same order every time.
    """
    options: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "fastmath": {"reassoc", "contract", "nsz", "arcp"},
    }
    try:
        made: Loop = njit(cache=True, **options)(loop)
    except RuntimeError:
        made = njit(**options)(loop)
    return made


def rows_of(values: Tensor, heads: int) -> Array:
    """View a float32 tensor [n, d] as [n, heads, width]; a copy where it is not laid out by rows."""
    return values.detach().contiguous().numpy().reshape(len(values), heads, -1)


def indices_of(positions: Tensor) -> Array:
    """View int64 positions as unsigned, so that compiled loops need not ask whether one counts from the end."""
    return positions.numpy().view(np.uint64)


def in_parts(loop: Callable[..., None], offsets: Tensor, *arguments: Any) -> None:
    """Run loop(part, first, last, *arguments) over parts of the rows, with about as many entries each.

    Args:
        loop: compiled; rows first to last are its to write.
        offsets: int64 [rows + 1], the entries of a row.
        arguments: handed on.
    """
    wanted = torch.arange(1, PARTS) * (int(offsets[-1]) // PARTS)
    cuts = [0, *torch.searchsorted(offsets, wanted).tolist(), len(offsets) - 1]
    parts = [(part, *cuts[part : part + 2], *arguments) for part in range(PARTS)]
    threads = min(torch.get_num_threads(), PARTS)
    if threads == 1:
        for part in parts:
            loop(*part)
    else:
        list(_threads(threads, os.getpid()).map(lambda part: loop(*part), parts))


@cache
def _threads(count: int, process: int) -> ThreadPoolExecutor:  # noqa: ARG001  # a fork has no threads of its parent
    return ThreadPoolExecutor(count)
