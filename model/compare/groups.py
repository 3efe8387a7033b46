"""Results by group of users and of items, and properties of the lists, for every group of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from export.snapshot import IntArray, Split
from model.compare.beyond import beyond_accuracy
from model.compare.buckets import Buckets, cold_buckets, quantile_buckets, recall_of_items, sizes_of_items
from model.compare.catalogue import Catalogue, Snapshots, lists_in, read_catalogue
from model.compare.runs import Group, Run
from model.compare.values import GroupValues


@dataclass(frozen=True)
class BucketRow:
    """One group of users or items.

    Attributes:
        name: its bounds.
        members: users, or items.
        users: those who are measured in it.
        pairs: held-out pairs in it.
        values: the metric, by label; None where there is nothing to measure.
    """

    name: str
    members: int
    users: int
    pairs: int
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class BucketTable:
    """A division of users or items, and a metric in each part.

    Attributes:
        kind: 'users', 'items' or 'cold items'.
        title: what is divided by what.
        metric: what is measured.
        rows: from least to most known.
    """

    kind: str
    title: str
    metric: str
    rows: tuple[BucketRow, ...]


@dataclass(frozen=True)
class ListScore:
    """Properties of a group's lists, means over its seeds; see `BeyondAccuracy`."""

    label: str
    coverage: float
    gini: float
    popularity: float
    novelty: float


@dataclass(frozen=True, eq=False)
class Ranked:
    """The lists of all groups in the rows of one catalogue.

    Attributes:
        catalogue: None where no snapshot was found.
        items: per label, one array [n, k] a run that keeps lists; a label without any is absent.
        notes: what is missing and how to get it.
    """

    catalogue: Catalogue | None
    items: Mapping[str, Sequence[IntArray]]
    notes: tuple[str, ...]


def ranked(groups: Sequence[Group], user_keys: pd.Index, part: Split, snapshots: Snapshots) -> Ranked:
    """Read the lists of all runs."""
    runs = [run for group in groups for run in group.runs]
    lost = [run for run in runs if snapshots.of(run) is None]
    catalogue = _catalogue([run for run in runs if run not in lost], user_keys, part, snapshots)
    if catalogue is None:
        return Ranked(None, {}, (_lost(lost),))
    arrays = {run.path: _lists(catalogue, run, part, snapshots) for run in runs}
    items = {group.label: [array for run in group.runs if (array := arrays[run.path]) is not None] for group in groups}
    without = [run for run in runs if run not in lost and arrays[run.path] is None]
    notes = [_lost(lost)] if lost else []
    notes += [_how_to_get_lists(without, part)] if without else []
    return Ranked(catalogue, {label: its for label, its in items.items() if its}, tuple(notes))


def _catalogue(runs: Sequence[Run], user_keys: pd.Index, part: Split, snapshots: Snapshots) -> Catalogue | None:
    """Read the snapshot of the first of these runs."""
    snapshot = snapshots.of(runs[0]) if runs else None
    return read_catalogue(snapshot, user_keys, part, _seen(runs[0], part)) if snapshot else None


def _lost(runs: Sequence[Run]) -> str:
    return (
        "The snapshot of these is not where it was, so that they are missing from the results by group and of the "
        f"lists (--snapshot DIR gives another place): {_paths(runs)}."
    )


def _paths(runs: Sequence[Run]) -> str:
    return ", ".join(str(run.path) for run in runs)


def _lists(catalogue: Catalogue, run: Run, part: Split, snapshots: Snapshots) -> IntArray | None:
    snapshot = snapshots.of(run)
    return None if snapshot is None else lists_in(catalogue, run, snapshot, part)


def _how_to_get_lists(runs: Sequence[Run], part: Split) -> str:
    command = "spikegraph evaluate RUN"
    if part == "test":
        command += " --final, which is one more reading of test and is noted as such"
    return (
        "These runs keep no ranked lists, so that they are missing from the results by item and of the lists "
        f"({command} writes them): {_paths(runs)}."
    )


def _seen(run: Run, part: Split) -> tuple[Split, ...]:
    """Give the splits that the weights behind a reading had seen."""
    if part == "test" and run.record.test_readings:
        return tuple(split for split in ("train", "valid") if split in run.record.test_readings[-1].trained_on)
    return ("train",)


def bucket_tables(
    lists: Ranked, values: Mapping[str, GroupValues], metrics: Sequence[str], cutoff: int
) -> list[BucketTable]:
    """Measure in every group of users and of items."""
    catalogue = lists.catalogue
    if catalogue is None:
        return []
    known = " and ".join(catalogue.seen)
    users = quantile_buckets(catalogue.user_degrees, 4)
    tables = [
        BucketTable("users", f"users, by items in {known}", metric, _user_rows(catalogue, users, values, metric))
        for metric in metrics
    ]
    if not lists.items:
        return tables
    return [
        *tables,
        _item_table("items", f"items, by users in {known}: tenths", quantile_buckets, lists, catalogue, cutoff),
        _item_table("cold items", f"rare items, by users in {known}", _cold, lists, catalogue, cutoff),
    ]


def _cold(degrees: IntArray, _parts: int) -> Buckets:
    return cold_buckets(degrees)


def _user_rows(
    catalogue: Catalogue, buckets: Buckets, values: Mapping[str, GroupValues], metric: str
) -> tuple[BucketRow, ...]:
    rows = []
    for bucket, name in enumerate(buckets.names):
        inside = buckets.of == bucket
        pairs = int(inside[catalogue.held_out.lists].sum())
        means = {label: float(its.users[metric].to_numpy()[inside].mean()) for label, its in values.items()}
        rows.append(BucketRow(name, int(inside.sum()), int(inside.sum()), pairs, means))
    return tuple(rows)


def _item_table(
    kind: str,
    title: str,
    divide: Callable[[IntArray, int], Buckets],
    lists: Ranked,
    catalogue: Catalogue,
    cutoff: int,
) -> BucketTable:
    buckets = divide(catalogue.item_degrees, 10)
    columns = {label: _recall(catalogue, arrays, buckets, cutoff) for label, arrays in lists.items.items()}
    rows = [
        BucketRow(name, *size, {label: column[bucket] for label, column in columns.items()})
        for bucket, (name, size) in enumerate(
            zip(buckets.names, sizes_of_items(catalogue.held_out, buckets), strict=True)
        )
    ]
    return BucketTable(kind, title, f"recall@{cutoff}", tuple(rows))


def _recall(catalogue: Catalogue, arrays: Sequence[IntArray], buckets: Buckets, cutoff: int) -> list[float | None]:
    """Give recall within each bucket of items, averaged over the runs; None where nothing is held out there."""
    tops = [array[:, :cutoff] for array in arrays]
    recalls = [recall_of_items(catalogue.hits(top), top, catalogue.held_out, buckets) for top in tops]
    return [None if np.isnan(value) else float(value) for value in np.mean(recalls, axis=0)]


def list_scores(lists: Ranked, cutoff: int) -> list[ListScore]:
    """Measure the properties of the lists."""
    catalogue = lists.catalogue
    if catalogue is None:
        return []
    scores = []
    for label, arrays in lists.items.items():
        found = [beyond_accuracy(a[:, :cutoff], catalogue.item_degrees, catalogue.num_users) for a in arrays]
        names = ("coverage", "gini", "popularity", "novelty")
        means = {name: float(np.mean([getattr(its, name) for its in found])) for name in names}
        scores.append(ListScore(label, **means))
    return scores
