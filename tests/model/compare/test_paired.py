"""Paired tests: against scipy, by hand, and what must hold for all data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from model.compare.bootstrap import Resampled, bootstrap_means
from model.compare.paired import holm, paired_test, seed_interval

VALUES = st.integers(0, 8).map(lambda eighths: eighths / 8)


def pair(seed: int = 0, users: int = 200) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    theirs = generator.random(users)
    return theirs + generator.normal(0.02, 0.1, users), theirs


def test_tests_are_those_of_scipy() -> None:
    ours, theirs = pair()
    found = paired_test(ours, theirs)
    assert found.t == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)
    assert found.wilcoxon == pytest.approx(stats.wilcoxon(ours, theirs).pvalue)
    assert found.difference == pytest.approx(ours.mean() - theirs.mean())
    assert found.wins + found.ties + found.losses == 200


def test_values_that_differ_by_rounding_alone_are_ties() -> None:
    found = paired_test(np.array([0.1 + 0.2, 1.0, 0.5]), np.array([0.3, 0.5, 1.0]))
    assert (found.wins, found.ties, found.losses) == (1, 1, 1)


@pytest.mark.filterwarnings("error")
def test_where_a_test_is_not_defined() -> None:
    same = paired_test(np.ones(5), np.ones(5))
    assert (same.t, same.wilcoxon, same.ties) == (1.0, 1.0, 5)
    assert paired_test(np.ones(5), np.zeros(5)).t is None
    assert paired_test(np.ones(1), np.zeros(1)).t is None


@settings(deadline=None, max_examples=40)
@given(arrays.arrays(float, (2, 12), elements=VALUES))
def test_swapping_the_sides_changes_the_sign_alone(values: np.ndarray) -> None:
    one, other = paired_test(values[0], values[1]), paired_test(values[1], values[0])
    assert one.difference == -other.difference
    assert (one.wins, one.ties, one.losses) == (other.losses, other.ties, other.wins)
    for left, right in ((one.t, other.t), (one.wilcoxon, other.wilcoxon)):
        assert left == (right if right is None else pytest.approx(right))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.4, None, 0.6]) == [0.8, None, 0.8]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_only_raises_and_keeps_the_order(values: list[float]) -> None:
    corrected = [value for value in holm(values) if value is not None]
    assert all(old <= new <= 1 for old, new in zip(values, corrected, strict=True))
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.array(corrected)[order]) >= 0).all()


def test_the_seed_interval_is_welchs() -> None:
    ours, theirs = [0.34, 0.35, 0.36, 0.33], [0.30, 0.31, 0.29]
    expected = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval()
    assert seed_interval(ours, theirs) == pytest.approx((expected.low, expected.high))
    low, high = seed_interval(ours, [0.3, 0.3]) or (0.0, 0.0)
    one_sided = stats.ttest_1samp(ours, 0.3).confidence_interval()
    assert (low + 0.3, high + 0.3) == pytest.approx((one_sided.low, one_sided.high))


def test_one_seed_tells_nothing_of_seeds() -> None:
    assert seed_interval([0.3], [0.1, 0.2]) is None
    assert seed_interval([0.3, 0.3], [0.1, 0.1]) is None


@settings(deadline=None, max_examples=40)
@given(arrays.arrays(float, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=VALUES), st.integers(0, 5))
def test_an_interval_holds_the_mean_and_depends_on_the_seed_alone(values: np.ndarray, seed: int) -> None:
    columns = {(f"group {number}", "recall@20"): column for number, column in enumerate(values.T)}
    one, other = (Resampled(columns, np.random.default_rng(seed), draws=400) for _ in range(2))
    for label, metric in columns:
        low, high = one.interval(label, metric)
        assert low - 1e-9 <= columns[label, metric].mean() <= high + 1e-9
        assert (low, high) == other.interval(label, metric)
        low, high = one.difference(label, "group 0", metric)
        assert low - 1e-9 <= (columns[label, metric] - values[:, 0]).mean() <= high + 1e-9
        swapped = one.difference("group 0", label, metric)
        assert (-swapped[1], -swapped[0]) == pytest.approx((low, high))


def test_bootstrap_means_are_those_of_the_loop() -> None:
    values = np.random.default_rng(3).random((17, 2))
    generator = np.random.default_rng(0)
    loop = np.array([values[generator.integers(17, size=17, dtype=np.int32)].mean(0) for _ in range(50)])
    np.testing.assert_allclose(bootstrap_means(values, np.random.default_rng(0), 50), loop)
    blocks = bootstrap_means(values, np.random.default_rng(0), 50, block_bytes=17 * 8 * 7)
    np.testing.assert_allclose(blocks, loop)


def test_the_interval_is_about_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(0).normal(size=400)
    low, high = Resampled({("a", "b"): values}, np.random.default_rng(1)).interval("a", "b")
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.05)
