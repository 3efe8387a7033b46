"""The truth about runs: scores with seeds and intervals, paired tests, groups of users and items, the lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from export.snapshot import Split
from model.compare.bootstrap import DRAWS, Resampled
from model.compare.catalogue import Snapshots
from model.compare.curves import Curve, curves_of
from model.compare.groups import BucketTable, ListScore, bucket_tables, list_scores, ranked
from model.compare.pairs import PairScore, choose_pairs, chosen_on_validation, control_pairs, pair_scores
from model.compare.runs import Group, find_runs, group_runs, require_comparable
from model.compare.values import GroupValues, group_values
from model.types import CUTOFFS
from spikegraph.errors import UsageError

METRICS = ("recall@20", "ndcg@20")


@dataclass(frozen=True)
class Score:
    """A metric of a group: its mean over users and seeds.

    Attributes:
        label: the group.
        metric: its name.
        mean: over users and seeds.
        deviation: standard deviation of the seeds' means (n - 1); None for one seed.
        seeds: their number.
        low, high: 95 % bootstrap interval over users of the mean.
        by_seed: the mean over users of each seed.
    """

    label: str
    metric: str
    mean: float
    deviation: float | None
    seeds: int
    low: float
    high: float
    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class GroupInfo:
    """What a group is."""

    label: str
    model: str
    preset: str
    control: str
    seeds: tuple[int, ...]
    runs: tuple[str, ...]
    snapshot: str
    profile_run: str | None
    text_embedding: str | None
    profile_exposed_to: tuple[str, ...]
    chosen_epochs: tuple[int | None, ...]
    seconds: float
    """Mean over the runs of all their wall time."""
    test_readings: int
    """The most that a run's test part was read."""


@dataclass(frozen=True)
class Comparison:
    """All that `compare` found.

    Attributes:
        dataset, split_id, split_rule, protocol: of all runs.
        part: 'valid' or 'test'.
        users: the number of users measured.
        draws: bootstrap samples.
        cutoff: list length of the tables of groups and lists.
        groups: in the order of the first metric, best first.
        scores: of every group and metric.
        pairs: the tests.
        buckets: results by group of users and items.
        lists: what the lists are like.
        curves: of training, by run.
        notes: what a reader must know beside the numbers.
    """

    dataset: str
    split_id: str
    split_rule: str
    protocol: str
    part: Split
    users: int
    draws: int
    cutoff: int
    metrics: tuple[str, ...]
    groups: tuple[GroupInfo, ...]
    scores: tuple[Score, ...]
    pairs: tuple[PairScore, ...]
    buckets: tuple[BucketTable, ...]
    lists: tuple[ListScore, ...]
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Give all but the curves as plain values, for `--json`."""
        return {key: value for key, value in asdict(self).items() if key != "curves"}


def compare(
    folders: Sequence[Path],
    *,
    part: Split = "valid",
    labels: Mapping[Path, str] | None = None,
    against: str | None = None,
    metrics: Sequence[str] = METRICS,
    cutoff: int = 20,
    snapshots: Sequence[Path] = (),
    seed: int = 0,
    draws: int = DRAWS,
) -> Comparison:
    """Compare finished runs, as they were measured; nothing is trained, ranked or read anew.

    Args:
        folders: run folders, or folders whose sub-folders are runs.
        part: 'valid', or 'test' where every run has its final reading.
        labels: names of groups, by the folder of one of their runs.
        against: label of the group that the others are tested against; by default the best on validation.
        metrics: those that are shown and tested.
        cutoff: list length of the results by group and of the lists' properties.
        snapshots: where snapshots are that are no longer where they were at training.
        seed: of the bootstrap.
        draws: samples of the bootstrap.

    Raises:
        UsageError: runs that must not stand in one table, or an unknown label, metric or cutoff.
        DataError: a folder cannot be read.
    """
    if part not in ("valid", "test"):
        raise UsageError(f"there is no part '{part}' to compare on", where="--part", hint="valid or test")
    if cutoff not in CUTOFFS:
        raise UsageError(f"lists of {cutoff} are not measured", where="--at", hint=f"one of {CUTOFFS}")
    runs = find_runs(folders)
    require_comparable(runs, part)
    groups = group_runs(runs, labels or {})
    values = group_values(groups, part)
    _require_metrics(values, metrics)
    groups.sort(key=lambda group: -float(values[group.label].users[metrics[0]].mean()))
    columns = {
        (group.label, metric): values[group.label].users[metric].to_numpy() for group in groups for metric in metrics
    }
    resampled = Resampled(columns, np.random.default_rng(seed), draws)
    lists = ranked(groups, values[groups[0].label].users.index, part, Snapshots(snapshots))
    pairs = choose_pairs(groups, values, against)
    first = groups[0].record
    return Comparison(
        dataset=first.dataset,
        split_id=first.split_id,
        split_rule=first.split_rule,
        protocol=first.identity.protocol,
        part=part,
        users=len(values[groups[0].label].users),
        draws=draws,
        cutoff=cutoff,
        metrics=tuple(metrics),
        groups=tuple(map(_info, groups)),
        scores=tuple(_scores(groups, values, metrics, resampled)),
        pairs=tuple(pair_scores(pairs, control_pairs(groups, pairs), values, metrics, resampled)),
        buckets=tuple(bucket_tables(lists, values, metrics, cutoff)),
        lists=tuple(list_scores(lists, cutoff)),
        curves=tuple(curves_of(groups)),
        notes=(*_notes(groups, part, against), *lists.notes),
    )


def _require_metrics(values: Mapping[str, GroupValues], metrics: Sequence[str]) -> None:
    for label, its in values.items():
        unknown = [metric for metric in metrics if metric not in its.users]
        if unknown:
            known = ", ".join(its.users.columns)
            raise UsageError(f"'{label}' has no metric {', '.join(unknown)}", where="--metric", hint=f"one of {known}")


def _scores(
    groups: Sequence[Group], values: Mapping[str, GroupValues], metrics: Sequence[str], resampled: Resampled
) -> list[Score]:
    return [
        _score(group.label, metric, values[group.label].seeds[metric], *resampled.interval(group.label, metric))
        for group in groups
        for metric in metrics
    ]


def _score(label: str, metric: str, seeds: pd.Series[float], low: float, high: float) -> Score:
    deviation = float(seeds.std(ddof=1)) if len(seeds) > 1 else None
    by_seed = tuple(map(float, seeds))
    return Score(label, metric, float(np.mean(by_seed)), deviation, len(by_seed), low, high, by_seed)


def _info(group: Group) -> GroupInfo:
    record, identity = group.record, group.record.identity
    return GroupInfo(
        label=group.label,
        model=identity.model,
        preset=identity.preset,
        control=identity.control,
        seeds=group.seeds,
        runs=tuple(str(run.path) for run in group.runs),
        snapshot=identity.snapshot,
        profile_run=record.profile_run,
        text_embedding=record.text_embedding,
        profile_exposed_to=record.profile_exposed_to,
        chosen_epochs=tuple(run.record.chosen_epochs for run in group.runs),
        seconds=float(np.mean([sum(run.record.seconds.values()) for run in group.runs])),
        test_readings=max(len(run.record.test_readings) for run in group.runs),
    )


def _notes(groups: Sequence[Group], part: Split, against: str | None) -> list[str]:
    notes = []
    exposed = [group.label for group in groups if part in group.record.profile_exposed_to]
    if exposed:
        notes.append(
            f"The profiles in the snapshots of these had seen the {part} part, "
            f"which flatters a model that uses them: {', '.join(exposed)}."
        )
    single = [group.label for group in groups if len(group.runs) == 1 and not group.closed_form]
    if single:
        notes.append(f"One seed only, so that nothing is known of other seeds: {', '.join(single)}.")
    again = [str(run.path) for group in groups for run in group.runs if len(run.record.test_readings) > 1]
    if part == "test" and again:
        notes.append(f"The test part was read more than once by: {', '.join(again)}.")
    if against is None and len(groups) > 1 and (part == "valid" or not chosen_on_validation(groups)):
        notes.append("The best was chosen on these very values, which flatters its lead; --against LABEL chooses none.")
    return notes
