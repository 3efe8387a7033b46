"""Latencies as a client sees them: from before a question is sent until its rows are Python values."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.float64]


def one_client(questions: Sequence[Callable[[], object]], warm_up: int) -> Seconds:
    """Ask one question after the other: float64 [questions - warm_up] seconds each took.

    Args:
        questions: each is called once.
        warm_up: how many of the first are asked without being counted.
    """
    for question in questions[:warm_up]:
        question()
    return np.array([seconds(question) for question in questions[warm_up:]])


def seconds(question: Callable[[], object]) -> float:
    """Ask and give the seconds it took."""
    started = time.perf_counter()
    question()
    return time.perf_counter() - started


def milliseconds(taken: Seconds, percentile: float) -> float:
    """Give a percentile in milliseconds."""
    return float(np.percentile(taken, percentile) * 1000)
