"""Percentile intervals of means over users, by drawing users with replacement (Efron and Tibshirani 1993, ch. 13)."""

from __future__ import annotations

from collections.abc import Mapping

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

    The same draws serve every column: it is counted how often each user was drawn, and one product gives all means.

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
    means = np.empty((draws, values.shape[1]))
    for start in range(0, draws, step):
        counts = np.empty((min(step, draws - start), users))
        for row in counts:
            row[:] = np.bincount(generator.integers(users, size=users, dtype=np.int32), minlength=users)
        means[start : start + len(counts)] = counts @ values / users
    return means


def percentiles(means: Floats, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Give the bounds that this share of the resampled means [draws] lies between."""
    outside = (1 - confidence) / 2
    low, high = np.quantile(means, [outside, 1 - outside])
    return float(low), float(high)


class Resampled:
    """The resampled means of every group and metric, drawn once: a difference of two is that of the same draws.

    Args:
        columns: [n] values per user, by group and metric, all in one order of users.
        generator: draws the users.
        draws: how many samples.
    """

    def __init__(
        self, columns: Mapping[tuple[str, str], Floats], generator: np.random.Generator, draws: int = DRAWS
    ) -> None:
        means = bootstrap_means(np.stack(list(columns.values()), axis=1), generator, draws)
        self._means = dict(zip(columns, means.T, strict=True))

    def interval(self, label: str, metric: str) -> tuple[float, float]:
        """Give the interval of a group's mean."""
        return percentiles(self._means[label, metric])

    def difference(self, label: str, against: str, metric: str) -> tuple[float, float]:
        """Give the interval of the mean of the users' differences."""
        return percentiles(self._means[label, metric] - self._means[against, metric])
