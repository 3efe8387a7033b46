"""How the benchmarks of tensors take time: on one thread, the best of a few goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread, so that figures of a busy machine can be compared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def best_seconds(do: Callable[[], object], goes: int = 3) -> float:
    """Do something so many times and give the seconds of the quickest: what disturbs a measurement only adds."""
    return min(seconds(do) for _ in range(goes))


def seconds(do: Callable[[], object]) -> float:
    """Do something once and give its seconds."""
    started = time.perf_counter()
    do()
    return time.perf_counter() - started
