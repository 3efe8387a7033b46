"""Tests of two columns of per-user values, paired by user."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from model.compare.bootstrap import CONFIDENCE

Floats = npt.NDArray[np.float64]

EQUAL = 1e-12
"""Differences smaller than this are ties: averaging over seeds leaves rounding errors."""


@dataclass(frozen=True)
class PairedTest:
    """What the differences of the users say; p-values are two-sided, None where they are not defined."""

    difference: float
    t: float | None
    wilcoxon: float | None
    wins: int
    ties: int
    losses: int


def paired_test(ours: Floats, theirs: Floats) -> PairedTest:
    """Test whether the mean difference of two columns is zero.

    Args:
        ours: [n], a value for every user.
        theirs: [n], of the same users in the same order.
    """
    differences = ours - theirs
    differences[np.abs(differences) < EQUAL] = 0
    return PairedTest(
        difference=float(differences.mean()),
        t=_t_test(differences),
        wilcoxon=_wilcoxon(differences),
        wins=int((differences > 0).sum()),
        ties=int((differences == 0).sum()),
        losses=int((differences < 0).sum()),
    )


def _t_test(differences: Floats) -> float | None:
    if not differences.any():
        return 1.0
    if len(differences) < 2 or np.ptp(differences) < EQUAL:
        return None
    return _defined(float(stats.ttest_1samp(differences, 0).pvalue))


def _wilcoxon(differences: Floats) -> float | None:
    """Signed ranks of the differences that are not zero (Wilcoxon 1945), by their normal approximation.

    The exact distribution is for data without ties; the permutations that scipy takes otherwise need seconds.
    """
    if not differences.any():
        return 1.0
    found = stats.wilcoxon(differences, method="asymptotic")  # type: ignore[call-overload]  # newer than the stubs
    return _defined(float(found.pvalue))


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for their number (Holm 1979): the smallest times m, the next times m - 1, …, never falling.

    Args:
        p_values: of one family; None is passed through and not counted.
    """
    known = sorted((value, place) for place, value in enumerate(p_values) if value is not None)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (value, place) in enumerate(known):
        highest = max(highest, min(1.0, value * (len(known) - rank)))
        corrected[place] = highest
    return corrected


def seed_interval(
    ours: Sequence[float], theirs: Sequence[float], confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Give the interval of the difference of two means over seeds (Welch 1947): what other seeds would change.

    Args:
        ours: the mean over users of each seed.
        theirs: likewise; the seeds of the two are not paired.
        confidence: of the interval.

    Returns:
        None where a side has a single seed, or neither side varies.
    """
    if min(len(ours), len(theirs)) < 2:
        return None
    shares = [float(np.var(side, ddof=1)) / len(side) for side in (ours, theirs)]
    if not sum(shares):
        return None
    freedom = sum(shares) ** 2 / sum(
        share**2 / (len(side) - 1) for share, side in zip(shares, (ours, theirs), strict=True)
    )
    reach = float(stats.t.ppf((1 + confidence) / 2, freedom)) * math.sqrt(sum(shares))
    difference = float(np.mean(ours) - np.mean(theirs))
    return difference - reach, difference + reach
