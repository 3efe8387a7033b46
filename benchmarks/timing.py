"""How the benchmarks of tensors take time: processor seconds of one thread, the best of a few goes.

On an idle machine these are the seconds of a clock; beside other programs they hardly change, which a clock's do.
"""

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
    """Do something so many times and give the processor seconds of the quickest: what disturbs only adds."""
    return min(seconds(do) for _ in range(goes))


def seconds(do: Callable[[], object]) -> float:
    """Do something once and give its processor seconds."""
    started = time.process_time()
    do()
    return time.process_time() - started
