"""Trials on workers of Ray, several at once. The study stays with this process: workers only train.

Run folders are written by the workers, so on several machines the search's folder lies on a disk that all of them see.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import Trial

from model.distributed.ray_pool import RayPool
from model.tune.board import Board
from model.tune.identity import TrialReport
from model.tune.trial import Job, OutOfTimeError, Recipe, begin, carry_out, take_back
from model.types import SELECTION_METRIC
from spikegraph.errors import SpikeGraphError
from spikegraph.logs import get_logger

LISTEN_SECONDS = 0.5
"""How often readings are told to the study, and trials that are worse than others told to end."""

log = get_logger(__name__)


@dataclass
class Messenger:
    """Listens to a training in a worker: tells its readings, and ends it where it is told to."""

    pool: RayPool
    board: Any
    number: int
    deadline: float | None
    """Of `time.monotonic`; None lets it end by itself."""

    def __call__(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Take a reading.

        Raises:
            TrialPruned: the trial is worse than the median of those before.
            OutOfTimeError: the deadline has passed.
        """
        if self.pool.get(self.board.tell.remote(self.number, epoch, metrics[SELECTION_METRIC])):
            raise optuna.TrialPruned
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise OutOfTimeError


@dataclass
class RayWorkers:
    """The workers of a pool, as a search sees them."""

    pool: RayPool
    _running: dict[Any, tuple[Recipe, Trial, Job]] = field(default_factory=dict)
    _sent: dict[int, Any] = field(default_factory=dict)
    _board: Any = None

    @property
    def size(self) -> int:
        """How many run at once."""
        return self.pool.size

    def start(self, recipe: Recipe, trial: Trial, job: Job) -> None:
        """Give a trial to a worker that is free."""
        if self._board is None:
            self._board = self.pool.ray.remote(num_cpus=0)(Board).remote()
        if id(recipe) not in self._sent:
            self._sent[id(recipe)] = self.pool.put(recipe)
        sent = self._sent[id(recipe)]
        answer = self.pool.submit(_carry_out, sent, job, self._board, gpu=recipe.device == "cuda")
        self._running[answer] = recipe, trial, job

    def next_ended(self) -> tuple[Trial, TrialReport]:
        """Wait for the first that ends, and listen to all of them meanwhile.

        A trial whose worker was killed is begun again from its last whole epoch, until it has been begun so often
        that it counts as failed.
        """
        try:
            while True:
                ended, _ = self.pool.ray.wait(list(self._running), timeout=LISTEN_SECONDS)
                self._listen()
                for answer in ended:
                    recipe, trial, job = self._running.pop(answer)
                    report = self._report(answer, job)
                    if report is not None:
                        return trial, report
                    self.start(recipe, trial, begin(trial, job.number, job.folder, job.seconds))
        except KeyboardInterrupt:
            for _, trial, job in self._running.values():
                take_back(trial, job)
            raise

    def _report(self, answer: Any, job: Job) -> TrialReport | None:
        """Give what a worker says, or None where it was killed."""
        try:
            report, error = self.pool.get(answer)
        except self.pool.ray.exceptions.RayTaskError:
            raise  # a bug of ours in the worker
        except self.pool.ray.exceptions.RayError as killed:
            log.warning("a worker ended in a trial", trial=job.number, reason=str(killed).splitlines()[0])
            return None
        if error is not None:
            raise error
        found: TrialReport = report
        return found

    def _listen(self) -> None:
        of_number = {job.number: (trial, job) for _, trial, job in self._running.values()}
        for number, epoch, value in self.pool.get(self._board.take.remote()):
            if number not in of_number:
                continue
            trial, job = of_number[number]
            if epoch not in job.known:
                trial.report(value, epoch)
            if trial.should_prune():
                self._board.prune.remote(number)


def _carry_out(recipe: Recipe, job: Job, board: Any) -> tuple[TrialReport | None, SpikeGraphError | None]:
    """Carry a trial out in a worker. What a user can mend is given, for Ray would wrap it."""
    import ray

    deadline = None if job.seconds is None else time.monotonic() + job.seconds
    try:
        return carry_out(recipe, job, Messenger(RayPool(ray, 1), board, job.number, deadline)), None
    except SpikeGraphError as error:
        return None, error
