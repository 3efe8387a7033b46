"""What lists are like beyond their hits: how much of the catalogue they show, how evenly, how popular it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from export.snapshot import IntArray

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BeyondAccuracy:
    """Properties of lists of length k.

    Attributes:
        coverage: share of all items that are in at least one list.
        gini: of how often each item is listed: 0 where all are equally often, near 1 where a few fill all lists.
        popularity: mean number of known users of a listed item.
        novelty: mean of log2(users / known users of the item), in bits; an item without users counts as one.
    """

    coverage: float
    gini: float
    popularity: float
    novelty: float


def beyond_accuracy(items: IntArray, item_degrees: Counts, num_users: int) -> BeyondAccuracy:
    """Measure lists.

    Args:
        items: [n, k] item rows, -1 where a list is shorter.
        item_degrees: [V] known users of each item.
        num_users: U.
    """
    listed = items[items >= 0]
    times = np.bincount(listed, minlength=len(item_degrees))
    degrees = item_degrees[listed]
    bits = np.log2(num_users / np.maximum(degrees, 1))
    return BeyondAccuracy(
        coverage=float((times > 0).mean()),
        gini=gini(times),
        popularity=float(degrees.mean()) if len(listed) else 0.0,
        novelty=float(bits.mean()) if len(listed) else 0.0,
    )


def gini(counts: Counts) -> float:
    """Give the Gini coefficient: half the mean absolute difference of two counts, divided by their mean."""
    ordered, total = np.sort(counts), int(counts.sum())
    if not total:
        return 0.0
    weights = 2 * np.arange(1, len(ordered) + 1) - len(ordered) - 1
    return float(weights @ ordered) / (len(ordered) * total)
