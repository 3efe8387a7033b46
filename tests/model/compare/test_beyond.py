"""Lists and groups of users and items: against loops over the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from model.compare.beyond import beyond_accuracy, gini
from model.compare.buckets import HeldOut, cold_buckets, quantile_buckets, recall_of_items, sizes_of_items

COUNTS = arrays.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 9))


def test_what_a_small_example_gives() -> None:
    items = np.array([[0, 1], [0, 2], [0, -1]])
    degrees = np.array([8, 2, 0, 1])
    found = beyond_accuracy(items, degrees, num_users=8)
    assert found.coverage == 3 / 4
    assert found.popularity == pytest.approx((8 * 3 + 2 + 0) / 5)
    assert found.novelty == pytest.approx((0 * 3 + 2 + 3) / 5)
    assert found.gini == pytest.approx(gini(np.array([3, 1, 1, 0])))


def test_gini_by_hand() -> None:
    assert gini(np.array([4, 4, 4])) == 0
    assert gini(np.array([0, 0, 0, 9])) == 3 / 4
    assert gini(np.zeros(5, dtype=np.int64)) == 0
    assert gini(np.array([1, 3])) == 1 / 4


@given(COUNTS)
def test_gini_is_half_the_mean_difference_by_the_mean(counts: np.ndarray) -> None:
    if counts.sum():
        expected = np.abs(counts[:, None] - counts).mean() / counts.mean() / 2
        assert gini(counts) == pytest.approx(expected)
        assert gini(counts * 7) == pytest.approx(gini(counts))


@given(COUNTS, st.integers(1, 10))
def test_parts_are_whole_ordered_and_never_divide_equal_counts(counts: np.ndarray, parts: int) -> None:
    buckets = quantile_buckets(counts, parts)
    assert 1 <= len(buckets) <= parts
    assert set(buckets.of) == set(range(len(buckets)))
    order = np.argsort(counts, kind="stable")
    assert (np.diff(buckets.of[order]) >= 0).all()
    for bucket, name in enumerate(buckets.names):
        inside = counts[buckets.of == bucket]
        low, _, high = name.partition("–")
        assert (int(low), int(high or low)) == (inside.min(), inside.max())
        assert not np.isin(counts[buckets.of != bucket], inside).any()


def test_distinct_counts_are_divided_evenly() -> None:
    assert np.bincount(quantile_buckets(np.arange(40), 4).of).tolist() == [10, 10, 10, 10]


def test_items_that_nobody_has_are_a_part_of_their_own() -> None:
    assert cold_buckets(np.array([0, 0, 1, 2, 3, 5, 60])).names == ("0", "1–2", "3–5", "60")


@settings(deadline=None)
@given(st.integers(0, 1000))
def test_recall_within_parts_is_that_of_the_loop(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lists = np.array([generator.permutation(12)[:4] for _ in range(6)])
    lists[0, 2:] = -1
    truth = [set(generator.permutation(12)[: generator.integers(1, 4)].tolist()) for _ in range(6)]
    pairs = np.array([(user, item) for user, its in enumerate(truth) for item in sorted(its)])
    held_out = HeldOut(pairs[:, 0], pairs[:, 1], 6)
    buckets = quantile_buckets(generator.integers(0, 5, 12), 3)
    hits = np.array([[item in truth[user] for item in row] for user, row in enumerate(lists)])
    found = recall_of_items(hits, lists, held_out, buckets)
    sizes = sizes_of_items(held_out, buckets)
    for bucket in range(len(buckets)):
        inside = set(np.flatnonzero(buckets.of == bucket).tolist())
        recalls = [
            len(its & inside & set(row.tolist())) / len(its & inside)
            for its, row in zip(truth, lists, strict=True)
            if its & inside
        ]
        assert sizes[bucket] == (len(inside), len(recalls), sum(len(its & inside) for its in truth))
        assert found[bucket] == (pytest.approx(np.mean(recalls)) if recalls else pytest.approx(np.nan, nan_ok=True))
