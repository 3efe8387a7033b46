"""Which groups are tested against which, and the tests with their corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from model.compare.bootstrap import Resampled
from model.compare.paired import holm, paired_test, seed_interval
from model.compare.runs import Group
from model.compare.values import GroupValues
from model.types import SELECTION_METRIC
from spikegraph.errors import UsageError


@dataclass(frozen=True)
class PairScore:
    """A group against another on one metric.

    Attributes:
        label, against: the two groups; the difference is the first minus the second.
        metric: its name.
        difference: mean over users, each user's value averaged over the seeds of a group.
        low, high: 95 % bootstrap interval of the difference over users.
        t, wilcoxon: two-sided p-values; None where not defined.
        t_holm, wilcoxon_holm: the same, corrected for all p-values of all pairs and metrics.
        wins, ties, losses: users for whom the first is better, equal, worse.
        seeds_low, seeds_high: 95 % Welch interval of the difference over seeds; None with too few seeds.
        control: whether the second is a control of the first, tested for that reason.
    """

    label: str
    against: str
    metric: str
    difference: float
    low: float
    high: float
    t: float | None
    wilcoxon: float | None
    t_holm: float | None
    wilcoxon_holm: float | None
    wins: int
    ties: int
    losses: int
    seeds_low: float | None
    seeds_high: float | None
    control: bool


def choose_pairs(
    groups: Sequence[Group], values: Mapping[str, GroupValues], against: str | None
) -> list[tuple[Group, Group]]:
    """Say who is tested against whom.

    With `against`, every other group against it. Without, the best against every other; which is best
    is decided on validation, so that no choice is made on the test part.

    Raises:
        UsageError: there is no group of that label.
    """
    if against is not None:
        baseline = next((group for group in groups if group.label == against), None)
        if baseline is None:
            labels = ", ".join(f"'{group.label}'" for group in groups)
            raise UsageError(f"there is no group '{against}'", where="--against", hint=f"one of {labels}")
        return [(group, baseline) for group in groups if group is not baseline]
    best = max(groups, key=lambda group: _selection(group, groups, values))
    return [(best, group) for group in groups if group is not best]


def control_pairs(groups: Sequence[Group], tested: Sequence[tuple[Group, Group]]) -> list[tuple[Group, Group]]:
    """Give every model with each of its own controls, but for those that are tested already."""
    done = {frozenset((one.label, other.label)) for one, other in tested}
    return [
        (group, control)
        for group in groups
        for control in groups
        if control.is_control_of(group) and frozenset((group.label, control.label)) not in done
    ]


def chosen_on_validation(groups: Sequence[Group]) -> bool:
    """Whether every run has metrics of validation to choose the best by."""
    return all("valid" in run.record.metrics for group in groups for run in group.runs)


def _selection(group: Group, groups: Sequence[Group], values: Mapping[str, GroupValues]) -> float:
    if chosen_on_validation(groups):
        return float(np.mean([run.record.metrics["valid"][SELECTION_METRIC] for run in group.runs]))
    return float(values[group.label].users[SELECTION_METRIC].mean())


def pair_scores(
    pairs: Sequence[tuple[Group, Group]],
    controls: Sequence[tuple[Group, Group]],
    values: Mapping[str, GroupValues],
    metrics: Sequence[str],
    resampled: Resampled,
) -> list[PairScore]:
    """Test every pair, then every pair with a control, on every metric; Holm's correction is over all p-values."""
    cells = [(ours, theirs, metric) for ours, theirs in [*pairs, *controls] for metric in metrics]
    tests = [
        paired_test(*(values[group.label].users[metric].to_numpy() for group in (ours, theirs)))
        for ours, theirs, metric in cells
    ]
    corrected = holm([test.t for test in tests] + [test.wilcoxon for test in tests])
    return [
        PairScore(
            label=ours.label,
            against=theirs.label,
            metric=metric,
            **asdict(test),
            t_holm=t_holm,
            wilcoxon_holm=wilcoxon_holm,
            **_bounds("", resampled.difference(ours.label, theirs.label, metric)),
            **_bounds("seeds_", seed_interval(_seed_means(ours, values, metric), _seed_means(theirs, values, metric))),
            control=(ours, theirs) in controls,
        )
        for (ours, theirs, metric), test, t_holm, wilcoxon_holm in zip(
            cells, tests, corrected[: len(tests)], corrected[len(tests) :], strict=True
        )
    ]


def _bounds(prefix: str, interval: tuple[float, float] | None) -> dict[str, Any]:
    low, high = interval or (None, None)
    return {f"{prefix}low": low, f"{prefix}high": high}


def _seed_means(group: Group, values: Mapping[str, GroupValues], metric: str) -> list[float]:
    means = [float(value) for value in values[group.label].seeds[metric]]
    # What is computed in closed form comes out the same for every seed: one run stands for any number.
    return means * 2 if group.closed_form and len(means) == 1 else means
