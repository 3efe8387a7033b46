"""Who carries trials out: this process, one after the other, or others (`model.tune.ray_workers`)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from optuna.trial import Trial

from model.tune.identity import TrialReport
from model.tune.trial import Job, Readings, Recipe, carry_out, take_back


class Workers(Protocol):
    """What carries trials out."""

    @property
    def size(self) -> int:
        """How many run at once."""
        ...

    def start(self, recipe: Recipe, trial: Trial, job: Job) -> None:
        """Give a trial to a worker that is free."""
        ...

    def next_ended(self) -> tuple[Trial, TrialReport]:
        """Wait until a trial that was started has ended; its readings have been told to the study.

        Raises:
            UsageError, LimitReachedError, KeyboardInterrupt: as `model.tune.trial.carry_out`.
        """
        ...


@dataclass
class InThisProcess:
    """One trial at a time, in the thread that waits for it."""

    size: int = 1
    _given: list[tuple[Recipe, Trial, Job]] = field(default_factory=list)

    def start(self, recipe: Recipe, trial: Trial, job: Job) -> None:
        """Keep the trial until somebody waits."""
        self._given.append((recipe, trial, job))

    def next_ended(self) -> tuple[Trial, TrialReport]:
        """Carry the trial out."""
        recipe, trial, job = self._given.pop()
        deadline = None if job.seconds is None else time.monotonic() + job.seconds
        try:
            return trial, carry_out(recipe, job, Readings(trial, job.known, deadline))
        except KeyboardInterrupt:
            take_back(trial, job)
            raise
