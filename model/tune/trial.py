"""One trial: a training whose readings are told to the search, and how it ended."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from export.snapshot import Snapshot
from model.failures import disk_is_full
from model.fit import OnReading
from model.runs.run_folder import RunRecord
from model.train import train
from model.tune.identity import State, TrialReport
from model.tune.names import with_value
from model.types import SELECTION_METRIC
from spikegraph.errors import LimitReachedError, UsageError
from spikegraph.logs import only_errors

NUMBER = "number"
"""Attribute of a trial that was begun: its number, which names its folder. Trials may end in another order."""
OUTCOME = "outcome"
"""Attribute of a finished trial: the fields of its report that optuna has no place for."""
STARTS = "starts"
"""Attribute of a running trial: the epoch it started from last, and how often in a row from there."""
MOST_STARTS = 3
"""Starts from the same epoch after which a trial counts as failed: it ends the process whenever it runs."""

_STATES: Mapping[State, TrialState] = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


class OutOfTimeError(Exception):
    """The minutes are over in the middle of a trial."""


@dataclass(frozen=True)
class Recipe:
    """What all trials share.

    Attributes:
        snapshot: without its test part.
        model, preset: their names.
        fixed: settings of every trial, by section.
        resolved: all options, by section, as preset and settings give them.
        seed: of every training.
        device: 'auto', 'cpu' or 'cuda'.
    """

    snapshot: Snapshot
    model: str
    preset: str
    fixed: Mapping[str, Mapping[str, Any]]
    resolved: Mapping[str, Mapping[str, Any]]
    seed: int
    device: str

    def settings(self, options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Put the options of a trial, by full names, on top of the fixed settings.

        A table of which a part is tried is given whole: settings replace a preset's tables.
        """
        settings: dict[str, Any] = {section: dict(self.fixed.get(section, {})) for section in ("model", "train")}
        for name, value in options.items():
            section, option, *rest = name.split(".")
            if rest and option not in settings[section]:
                settings[section][option] = self.resolved[section][option]
            settings = with_value(settings, name, value)
        return settings


@dataclass(frozen=True)
class Job:
    """A trial as a worker gets it, in this process or in another.

    Attributes:
        number: of the trial.
        options: what it tries.
        folder: its run folder.
        starts: how often in a row it was begun from the same epoch.
        known: epochs that were reported before a process ended.
        seconds: after which it is cut off at the next reading; None lets it end by itself.
    """

    number: int
    options: Mapping[str, Any]
    folder: Path
    starts: int
    known: frozenset[int]
    seconds: float | None


@dataclass
class Readings:
    """Listens to a training: reports its readings, and ends it where it is pruned or the time is over."""

    trial: Trial
    known: frozenset[int]
    """Epochs that were reported before the process ended."""
    deadline: float | None
    """Of `time.monotonic`; None lets it end by itself."""

    def __call__(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Take a reading.

        Raises:
            TrialPruned: the trial is worse than the median of those before.
            OutOfTimeError: the deadline has passed.
        """
        if epoch not in self.known:
            self.trial.report(metrics[SELECTION_METRIC], epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise OutOfTimeError


def begin(trial: Trial, number: int, folder: Path, seconds: float | None) -> Job:
    """Note that a trial is begun, or begun again, and give it as a worker gets it.

    Args:
        trial: running.
        number: its number.
        folder: its run folder; where a training stands in it, that is gone on with.
        seconds: after which it is cut off at the next reading.
    """
    trial.set_user_attr(NUMBER, number)
    frozen = _frozen(trial)
    starts = _count_start(trial, frozen.last_step or 0)
    return Job(number, dict(trial.params), folder, starts, frozenset(frozen.intermediate_values), seconds)


def take_back(trial: Trial, job: Job) -> None:
    """Note that it was the user who ended the process, not the trial."""
    trial.set_user_attr(STARTS, [_frozen(trial).last_step or 0, job.starts - 1])


def carry_out(recipe: Recipe, job: Job, listen: OnReading) -> TrialReport:
    """Train what a trial suggests, from where its folder stands, and tell how it ended.

    Raises:
        UsageError: the preset does not fit the snapshot.
        LimitReachedError: the disk is full.
        KeyboardInterrupt: passed on; the trial goes on where it was.
    """
    before, started = _seconds_of(job.folder), time.monotonic()
    with only_errors() if job.number else nullcontext():
        report = _outcome(recipe, job, listen)
    return report.model_copy(update={"seconds": round(before + time.monotonic() - started, 3)})


def finish(trial: Trial, report: TrialReport) -> TrialReport:
    """Tell the study how a trial ended; gives the report as it is found again."""
    report = report.model_copy(update={"epochs": report.epochs or _frozen(trial).last_step or 0})
    trial.set_user_attr(NUMBER, report.number)
    trial.set_user_attr(OUTCOME, report.model_dump(mode="json", exclude={"number", "state", "options", "value"}))
    trial.study.tell(trial, report.value if report.state == "complete" else None, _STATES[report.state])
    return next(done for done in finished_trials(trial.study) if done.number == report.number)


def finished_trials(study: optuna.Study) -> list[TrialReport]:
    """Give the trials that ended by themselves, by their numbers."""
    names = {state: name for name, state in _STATES.items()}
    ended = [found for found in study.get_trials(deepcopy=False) if found.state.is_finished()]
    reports = [
        TrialReport(
            number=found.user_attrs.get(NUMBER, place),
            state=names[found.state],
            options=found.params,
            value=found.value if found.values else None,
            **found.user_attrs[OUTCOME],
        )
        for place, found in enumerate(trial for trial in ended if OUTCOME in trial.user_attrs)
    ]
    return sorted(reports, key=lambda report: report.number)


def _outcome(recipe: Recipe, job: Job, listen: OnReading) -> TrialReport:
    def ended(state: State, reason: str) -> TrialReport:
        return TrialReport(number=job.number, state=state, options=dict(job.options), reason=reason)

    if job.starts > MOST_STARTS:
        return ended("failed", f"the process ended {MOST_STARTS} times in it")
    try:
        record = _train(recipe, job, listen)
    except optuna.TrialPruned:
        return ended("pruned", "below the median of the trials before it")
    except OutOfTimeError:
        return ended("pruned", "the minutes were over")
    except UsageError as error:
        if job.number == 0 and not (job.folder / "log.jsonl").exists():
            raise  # the preset cannot be trained on this snapshot at all: that is no matter of values
        return ended("failed", error.message)
    except LimitReachedError as error:
        if error.__cause__ is not None and disk_is_full(error.__cause__):
            raise
        return ended("failed", error.message)
    metrics = record.metrics["valid"]
    return ended("complete", "").model_copy(
        update={"value": metrics[SELECTION_METRIC], "metrics": metrics, "epochs": record.epochs_run}
    )


def _train(recipe: Recipe, job: Job, listen: OnReading) -> RunRecord:
    settings = recipe.settings(job.options)
    return train(
        recipe.snapshot,
        job.folder,
        model=recipe.model,
        preset=recipe.preset,
        model_config=settings["model"],
        train_config=settings["train"],
        seed=recipe.seed,
        device=recipe.device,
        resume=True,
        on_reading=listen,
    )


def _frozen(trial: Trial) -> FrozenTrial:
    return trial.study.get_trials(deepcopy=False)[trial.number]


def _count_start(trial: Trial, epoch: int) -> int:
    """Note that the trial starts from an epoch, and give how often in a row it did from there."""
    before = trial.user_attrs.get(STARTS, [epoch, 0])
    starts = before[1] + 1 if before[0] == epoch else 1
    trial.set_user_attr(STARTS, [epoch, starts])
    return int(starts)


def _seconds_of(folder: Path) -> float:
    """Give the seconds that the epochs in a run folder took, those of a process that ended."""
    log = folder / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return sum(float(json.loads(line).get("seconds", 0)) for line in lines if line.endswith("}"))
