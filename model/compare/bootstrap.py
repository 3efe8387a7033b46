"""Percentile intervals of means over users, by drawing users with replacement (Efron and Tibshirani 1993, ch. 13)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DRAWS = 10_000
CONFIDENCE = 0.95
BLOCK_BYTES = 32 * 2**20
"""How much one block of draws may take."""


def bootstrap_means(
    values: Floats, generator: np.random.Generator, draws: int = DRAWS, block_bytes: int = BLOCK_BYTES
) -> Floats:
    """Give the means of resampled users.

    The same draws serve every column: how often each user was drawn is counted, and one product gives all means.

    Args:
        values: [n, m], one column a quantity, one line a user.
        generator: draws the users.
        draws: how many samples.
        block_bytes: bound of one block of counts.

    Returns:
        [draws, m].
    """
    users = len(values)
    step = max(1, block_bytes // (8 * max(users, 1)))
    blocks = []
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        drawn = generator.integers(users, size=(rows, users))
        drawn += users * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * users).reshape(rows, users)
        blocks.append(counts @ values / users)
    return np.concatenate(blocks)


def intervals(
    values: Floats, generator: np.random.Generator, draws: int = DRAWS, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats]:
    """Give the lower and upper percentile of the resampled means of each column [m]."""
    means = bootstrap_means(values, generator, draws)
    outside = (1 - confidence) / 2
    low, high = np.quantile(means, [outside, 1 - outside], axis=0)
    return low, high
