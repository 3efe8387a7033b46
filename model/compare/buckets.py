"""Groups of users and of items by how much is known of them, and recall within each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from export.snapshot import IntArray

Counts = npt.NDArray[np.int64]

COLD_BOUNDS = (0, 2, 5, 10)
"""Last number of known users of each group of rare items; the rest is one group more."""


@dataclass(frozen=True, eq=False)
class Buckets:
    """A division of users or items.

    Attributes:
        names: the bounds of each bucket, in words.
        of: int64, the bucket of every row.
    """

    names: tuple[str, ...]
    of: Counts

    def __len__(self) -> int:
        return len(self.names)


def quantile_buckets(counts: Counts, parts: int) -> Buckets:
    """Divide rows into so many parts of about equal size; rows of one count are never divided.

    Args:
        counts: [n], what is known of each row.
        parts: how many, fewer where counts repeat too much.
    """
    if not len(counts):
        return Buckets((), counts)
    quantiles = np.quantile(counts, np.arange(1, parts) / parts, method="inverted_cdf")
    return _buckets(counts, np.unique(quantiles))


def cold_buckets(item_degrees: Counts) -> Buckets:
    """Divide items into those without users, with few, and the rest."""
    return _buckets(item_degrees, np.array(COLD_BOUNDS))


def _buckets(counts: Counts, last: IntArray) -> Buckets:
    """Divide by the last count of each bucket but the final one; buckets without a row are left out."""
    place = np.searchsorted(last, counts)
    present, of = np.unique(place, return_inverse=True)
    names = []
    for bucket in present:
        inside = counts[place == bucket]
        low, high = int(inside.min()), int(inside.max())
        names.append(str(low) if low == high else f"{low}–{high}")
    return Buckets(tuple(names), of.astype(np.int64))


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out pairs of the users who are measured: rows in 0..n-1 of the lists, and items."""

    lists: IntArray
    items: IntArray
    num_lists: int


def recall_of_items(hits: npt.NDArray[np.bool_], items: IntArray, held_out: HeldOut, buckets: Buckets) -> list[float]:
    """Give, per bucket of items, the mean over users of their recall of held-out items of that bucket.

    Args:
        hits: [n, k], whether the item at each rank is held out.
        items: [n, k] item rows.
        held_out: the pairs that could be hit.
        buckets: of the items.

    Returns:
        a mean over the users who have a held-out item in the bucket; nan where nobody has.
    """
    users, _ = hits.nonzero()
    found = _count(users, buckets.of[items[hits]], held_out.num_lists, len(buckets))
    there = _count(held_out.lists, buckets.of[held_out.items], held_out.num_lists, len(buckets))
    recall = np.where(there > 0, found / np.maximum(there, 1), np.nan)
    return [float(column[there[:, i] > 0].mean()) if there[:, i].any() else np.nan for i, column in enumerate(recall.T)]


def sizes_of_items(held_out: HeldOut, buckets: Buckets) -> list[tuple[int, int, int]]:
    """Give, per bucket of items: its items, the users with a held-out one in it, and the held-out pairs."""
    there = _count(held_out.lists, buckets.of[held_out.items], held_out.num_lists, len(buckets))
    members = np.bincount(buckets.of, minlength=len(buckets))
    return [(int(members[i]), int((there[:, i] > 0).sum()), int(there[:, i].sum())) for i in range(len(buckets))]


def _count(rows: IntArray, columns: IntArray, num_rows: int, num_columns: int) -> Counts:
    keys = rows * num_columns + columns
    return np.bincount(keys, minlength=num_rows * num_columns).reshape(num_rows, num_columns)
