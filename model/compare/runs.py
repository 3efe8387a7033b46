"""Which runs are compared: found, checked to be comparable, and put together where they differ in the seed alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.snapshot import Split
from model.runs.run_folder import RunFolder, RunRecord
from spikegraph.errors import UsageError


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: RunFolder
    record: RunRecord

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder.path

    @property
    def closed_form(self) -> bool:
        """Whether the model was computed, so that neither seed nor training options change it."""
        return self.record.stopped == "closed form"

    @property
    def facts(self) -> dict[str, Any]:
        """Give the options that the model was made with, and its snapshot."""
        identity = self.record.identity
        training = {} if self.closed_form else identity.train_options
        return {**identity.model_options, **training, "snapshot": identity.snapshot[:8]}

    @property
    def configuration(self) -> str:
        """Say what the run is, but for its seed."""
        return self._without("seed")

    @property
    def uncontrolled(self) -> str:
        """Say what the run is, but for its seed and its control."""
        return self._without("seed", "control")

    def _without(self, *ignored: str) -> str:
        if self.closed_form:
            ignored = (*ignored, "train_options")
        return self.record.identity.model_dump_json(exclude=set(ignored))


@dataclass(frozen=True)
class Group:
    """Runs that differ in the seed alone, in the order of their seeds."""

    label: str
    runs: tuple[Run, ...]

    @property
    def record(self) -> RunRecord:
        """The record of the first run; all but seed, metrics and times is the same in the others."""
        return self.runs[0].record

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds."""
        return tuple(run.record.identity.seed for run in self.runs)

    @property
    def closed_form(self) -> bool:
        """Whether the model was computed, so that no seed changes it."""
        return self.runs[0].closed_form

    def is_control_of(self, other: Group) -> bool:
        """Whether this is the other's model, with the same options, on a snapshot that was controlled."""
        controls = [group.record.identity.control for group in (self, other)]
        return controls[0] != "none" == controls[1] and self.runs[0].uncontrolled == other.runs[0].uncontrolled


def find_runs(folders: Sequence[Path]) -> list[Run]:
    """Open run folders, or folders whose sub-folders are runs.

    Raises:
        UsageError: a folder is neither, a run is not finished, or one is given twice.
        DataError: a run.json cannot be read.
    """
    paths = [path for folder in folders for path in _run_folders(folder)]
    runs = [Run(RunFolder(path), RunFolder(path).read()) for path in paths]
    for run in runs:
        if run.record.state != "trained":
            raise UsageError("is not trained to its end", where=str(run.path), hint="go on with it: train --resume")
    seen: dict[Path, Path] = {}
    for path in paths:
        if path.resolve() in seen:
            raise UsageError("is given twice", where=str(path))
        seen[path.resolve()] = path
    return runs


def _run_folders(folder: Path) -> list[Path]:
    if RunFolder(folder).exists:
        return [folder]
    inside = [file.parent for file in sorted(folder.glob("*/run.json"))]
    if not inside:
        raise UsageError(
            "is no run folder and holds none", where=str(folder), hint="spikegraph train SNAPSHOT --to RUN"
        )
    return inside


def require_comparable(runs: Sequence[Run], part: Split) -> None:
    """Refuse runs whose numbers must not stand in one table.

    Raises:
        UsageError: another data set, split or protocol, or no metrics of this part; the runs are named.
    """
    first = runs[0]
    for run in runs[1:]:
        for what, ours, theirs in (
            ("data set", first.record.dataset, run.record.dataset),
            ("split", first.record.split_id, run.record.split_id),
            ("protocol", first.record.identity.protocol, run.record.identity.protocol),
        ):
            if ours != theirs:
                raise UsageError(
                    f"runs of different {what}s are not compared: {ours} in {first.path}, {theirs} in {run.path}",
                    where=str(run.path),
                    hint=f"compare the runs of one {what}",
                )
    lacking = [str(run.path) for run in runs if part not in run.record.metrics]
    if lacking:
        command = "spikegraph evaluate RUN --final" if part == "test" else "spikegraph evaluate RUN"
        raise UsageError(f"no metrics of {part} yet: {', '.join(lacking)}", where=f"--part {part}", hint=command)


def group_runs(runs: Iterable[Run], labels: Mapping[Path, str]) -> list[Group]:
    """Put runs together that differ in the seed alone.

    Args:
        runs: comparable ones.
        labels: names chosen for the groups of some runs, by run folder.

    Raises:
        UsageError: two runs of one group have one seed, or labels do not tell the groups apart.
    """
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.configuration, []).append(run)
    ordered = [sorted(members, key=lambda run: run.record.identity.seed) for members in groups.values()]
    for members in ordered:
        _refuse_equal_seeds(members)
    names = _names(ordered, {path.resolve(): _one_line(label) for path, label in labels.items()})
    return [Group(name, tuple(members)) for name, members in zip(names, ordered, strict=True)]


def _refuse_equal_seeds(members: Sequence[Run]) -> None:
    for one, other in itertools.pairwise(members):
        if one.record.identity.seed == other.record.identity.seed:
            raise UsageError(
                f"is the same run as {one.path}: same model, options, snapshot and seed",
                where=str(other.path),
                hint="give one of the two",
            )


def _names(groups: Sequence[Sequence[Run]], labels: Mapping[Path, str]) -> list[str]:
    """Name every group: as asked for, else by model and preset, with the options that tell it from its namesakes."""
    unknown = set(labels) - {run.path.resolve() for group in groups for run in group}
    if unknown:
        raise UsageError("is not among the runs", where=f"--label {min(unknown)}")
    plain = [_plain_name(group[0]) for group in groups]
    names = []
    for group, name in zip(groups, plain, strict=True):
        given = sorted({labels[run.path.resolve()] for run in group if run.path.resolve() in labels})
        if len(given) > 1:
            raise UsageError(f"runs of one group have two labels: {' and '.join(given)}", where="--label")
        namesakes = [other for other, its in zip(groups, plain, strict=True) if its == name]
        names.append(given[0] if given else name + _telling_apart(group[0], namesakes))
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two groups are called '{name}'", where="--label", hint="--label RUN=TEXT names one")
    return names


def _one_line(label: str) -> str:
    text = " ".join(label.split())
    if not text:
        raise UsageError("an empty label names nothing", where="--label")
    return text


def _plain_name(run: Run) -> str:
    identity = run.record.identity
    control = "" if identity.control == "none" else f" [{identity.control.replace('_', ' ').replace('-', ' ')}]"
    return f"{identity.model} {identity.preset}{control}"


def _telling_apart(run: Run, namesakes: Sequence[Sequence[Run]]) -> str:
    facts = [other[0].facts for other in namesakes]
    options = dict.fromkeys(key for its in facts for key in its)
    differing = [key for key in options if len({repr(its.get(key)) for its in facts}) > 1]
    return f" ({', '.join(f'{key}={_short(run.facts.get(key))}' for key in differing)})" if differing else ""


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_short(part)}" for key, part in value.items()) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
