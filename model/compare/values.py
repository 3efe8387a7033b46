"""Values per user of groups of runs, all in one order of users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from export.snapshot import Split
from model.compare.runs import Group, Run
from spikegraph.errors import DataError, UsageError


@dataclass(frozen=True, eq=False)
class GroupValues:
    """The metrics of a group.

    Attributes:
        users: frame [n, metrics] indexed by user key: the mean over the seeds.
        seeds: frame [seeds, metrics]: the mean over the users.
    """

    users: pd.DataFrame
    seeds: pd.DataFrame


def group_values(groups: Sequence[Group], part: Split) -> dict[str, GroupValues]:
    """Read the metrics per user of all runs, in the order of users of the first.

    Raises:
        DataError: a file is missing.
        UsageError: runs were measured on different users.
    """
    first = groups[0].runs[0]
    keys = _per_user(first, part).index
    return {group.label: _values_of(group, part, first, keys) for group in groups}


def _values_of(group: Group, part: Split, first: Run, keys: pd.Index) -> GroupValues:
    frames = [_aligned(run, part, first, keys) for run in group.runs]
    mean = np.mean([frame.to_numpy() for frame in frames], axis=0)
    return GroupValues(
        users=pd.DataFrame(mean, index=keys, columns=frames[0].columns),
        seeds=pd.DataFrame([frame.mean() for frame in frames], index=pd.Index(group.seeds)),
    )


def _per_user(run: Run, part: Split) -> pd.DataFrame:
    frame = run.folder.per_user(part)
    if "key" not in frame:
        raise DataError("has no keys of users", where=str(run.path), hint="spikegraph evaluate RUN")
    return frame.set_index("key").drop(columns="user")


def _aligned(run: Run, part: Split, first: Run, keys: pd.Index) -> pd.DataFrame:
    frame = _per_user(run, part)
    if len(frame) != len(keys) or not frame.index.isin(keys).all():
        raise UsageError(
            f"was measured on {len(frame)} users, {first.path} on {len(keys)}: not the same ones",
            where=str(run.path),
            hint="compare runs of snapshots with the same users and held-out items",
        )
    return frame.reindex(keys)
