"""The search's storage: optuna's journal, one line an event, whole again after a kill; and what is tried next."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from model.tune.space import Choices, Parameter, Space
from spikegraph.errors import DataError

RANDOM_TRIALS = 10
"""Trials before the sampler learns from what it has seen."""
TRIALS_TO_PRUNE_BY = 5
"""Complete trials before any is pruned."""
READINGS_TO_PRUNE_BY = 3
"""Complete trials with a reading of the same epoch before that epoch prunes."""


def open_study(file: Path, name: str, warmup_epochs: int) -> optuna.Study:
    """Open or begin the study of a journal; the caller sees to it that no other process has it open.

    Args:
        file: the journal.
        name: of the study.
        warmup_epochs: epochs in which no trial is pruned.

    Raises:
        DataError: the journal is damaged.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    _mend(file)
    pruner = MedianPruner(TRIALS_TO_PRUNE_BY, warmup_epochs, n_min_trials=READINGS_TO_PRUNE_BY)
    try:
        storage = JournalStorage(JournalFileBackend(str(file)))
        return optuna.create_study(
            storage=storage, study_name=name, direction="maximize", pruner=pruner, load_if_exists=True
        )
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        hint = "put it back from a backup, or begin a search in another folder"
        raise DataError(f"is a damaged journal: {error}", where=str(file), hint=hint) from error


def _mend(file: Path) -> None:
    """Take away what a kill leaves: half a line, and optuna's own lock, which would be waited for."""
    for left in file.parent.glob(f"{file.name}.lock*"):
        left.unlink()
    if not file.exists():
        return
    content = file.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with file.open("rb+") as handle:
            handle.truncate(whole)
            os.fsync(handle.fileno())


def left_trials(study: optuna.Study, busy: Collection[int] = ()) -> list[FrozenTrial]:
    """Give the trials that were running when the process ended; `busy` are those that run now, by optuna's numbers."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [found for found in running if found.number not in busy]


def next_trial(
    study: optuna.Study,
    space: Space,
    preset: Mapping[str, Any],
    seed: int,
    number: int,
    busy: Collection[int] = (),
) -> Trial:
    """Give the trial to run: one that was running when the process ended, or a new one.

    What a trial tries depends on the seed, its number, the finished trials and those that run now, and on nothing
    else: one by one, a search that was interrupted tries what one that was not tries.

    Args:
        study: of `open_study`.
        space: what may be tried.
        preset: what trial 0 is; of what lies outside the space the sampler is not told.
        seed: of the search.
        number: of the trial.
        busy: the trials that run now, by optuna's numbers.
    """
    if number == 0:
        space = {key: parameter for key, parameter in space.items() if preset.get(key) in parameter}
    study.sampler = TPESampler(seed=_stream(seed, number), n_startup_trials=RANDOM_TRIALS, constant_liar=bool(busy))
    for left in left_trials(study, busy):
        if left.params.keys() == space.keys():
            return Trial(study, left._trial_id)
        study.tell(left.number, state=TrialState.FAIL)
    if number == 0 and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.enqueue_trial({key: preset[key] for key in space})
    return study.ask({key: _distribution(parameter) for key, parameter in space.items()})


def _stream(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _distribution(parameter: Parameter) -> BaseDistribution:
    if isinstance(parameter, Choices):
        return CategoricalDistribution(parameter.choices)
    if parameter.is_whole:
        step = 1 if parameter.step is None else int(parameter.step)
        return IntDistribution(int(parameter.low), int(parameter.high), log=parameter.log, step=step)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
