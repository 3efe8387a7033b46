"""A search: trial by trial, on the validation part alone, until the budget is used up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import optuna
from optuna.trial import Trial

from model.config import TrainConfig
from model.failures import disk_is_full
from model.tune.folder import SearchFolder
from model.tune.identity import Budget, SearchIdentity, SearchReport, TrialReport
from model.tune.space import Space, size_of
from model.tune.storage import left_trials, next_trial, open_study
from model.tune.toml import to_toml
from model.tune.trial import NUMBER, Recipe, begin, finish, finished_trials
from model.tune.workers import InThisProcess, Workers
from model.types import SELECTION_METRIC
from spikegraph.errors import DataError, LimitReachedError, UsageError
from spikegraph.logs import get_logger

log = get_logger(__name__)

MOST_FRUITLESS = 20
"""Trials in a row that failed or were tried before, after which a search is over."""


@dataclass(frozen=True)
class Search:
    """A search that was checked and can run; `prepare` makes it.

    Attributes:
        folder: where it stands.
        identity: what it is.
        recipe: what its trials share.
        space: what is tried.
        training: how the preset trains.
    """

    folder: SearchFolder
    identity: SearchIdentity
    recipe: Recipe
    space: Space
    training: TrainConfig

    def run(self, budget: Budget, workers: Workers | None = None) -> SearchReport:
        """Go on from where the folder stands until the budget is used up.

        Args:
            budget: when it ends.
            workers: who carries trials out; this process by default.

        Raises:
            UsageError: another process searches in the folder, the preset does not fit the snapshot, or no trial could
                be trained to its end.
            LimitReachedError: the disk is full; the same search goes on when it no longer is.
            DataError: the folder is damaged, or the snapshot has nothing to learn from.
            KeyboardInterrupt: passed on; the same search goes on from its last whole epoch.
        """
        with self._full_disk_named(), self.folder.taken(self.identity):
            study = open_study(self.folder.journal, self.identity.model, self._warmup)
            finished = finished_trials(study)
            self._announce(budget, finished)
            stopped = self._go_on(study, budget, finished, workers or InThisProcess())
        return self._report(finished, stopped)

    def _go_on(self, study: optuna.Study, budget: Budget, finished: list[TrialReport], workers: Workers) -> str:
        """Run trials until the search is over, adding each to `finished`; tells why it is over."""
        running: dict[int, Trial] = {}
        try:
            while not (stopped := self._over(budget, finished)) or running:
                self._settle(finished)
                ended = None
                while ended is None and not stopped and self._may_start(budget, finished, running, workers):
                    ended = self._start_next(study, budget, finished, running, workers)
                if ended is None:
                    trial, report = workers.next_ended()
                    ended = finish(trial, report)
                    del running[ended.number]
                finished[:] = finished_trials(study)
                self._tell(budget, finished, ended)
            self._settle(finished)
        except (UsageError, DataError):
            self.folder.clear(len(finished))
            raise
        except KeyboardInterrupt:
            shown = _shown(_best(finished))
            log.warning("interrupted", finished=len(finished), **shown, hint="the same command goes on")
            raise
        return stopped

    @contextmanager
    def _full_disk_named(self) -> Iterator[None]:
        try:
            yield
        except (LimitReachedError, OSError) as error:
            if not disk_is_full(error.__cause__ or error):
                raise
            raise LimitReachedError(
                "no space left to write; all finished trials are kept",
                where=str(self.folder.path),
                hint="free space on that disk: the same command goes on",
            ) from error

    @property
    def _warmup(self) -> int:
        """Epochs in which no trial is pruned: as many as it may go without getting better."""
        return self.training.patience * self.training.evaluate_every

    def _may_start(
        self, budget: Budget, finished: list[TrialReport], running: Mapping[int, Trial], workers: Workers
    ) -> bool:
        """Tell whether another trial is to begin now. The preset is alone, for it tells whether any can be trained."""
        if len(running) >= workers.size or 0 in running:
            return False
        return budget.trials is None or len(finished) + len(running) < budget.trials

    def _start_next(
        self,
        study: optuna.Study,
        budget: Budget,
        finished: list[TrialReport],
        running: dict[int, Trial],
        workers: Workers,
    ) -> TrialReport | None:
        """Begin a trial; one that was tried before has ended at once, and its report is given."""
        busy = [trial.number for trial in running.values()]
        number = _number(study, finished, running, busy)
        trial = next_trial(study, self.space, self.identity.options, self.identity.seed, number, busy)
        same = next((done for done in finished if done.options == trial.params), None)
        if same and self.space:
            reason = f"as trial {same.number}"
            return finish(trial, same.model_copy(update={"number": number, "reason": reason, "seconds": 0.0}))
        seconds = _seconds_left(budget, finished) if _best(finished) and budget.minutes else None
        running[number] = trial
        workers.start(self.recipe, trial, begin(trial, number, self.folder.trial(number), seconds))
        return None

    def _over(self, budget: Budget, finished: list[TrialReport]) -> str:
        """Tell why the search is over; an empty text while it is not."""
        if budget.trials is not None and len(finished) >= budget.trials:
            return f"{len(finished)} trials"
        if finished and _seconds_left(budget, finished) <= 0:
            return f"{budget.minutes:g} minutes"
        if finished and not self.space:
            return "there is nothing to tune"
        tried = {tuple(done.options.items()) for done in finished if done.options.keys() == self.space.keys()}
        if len(tried) >= size_of(self.space) and self.space:
            return "all there is was tried"
        last = finished[-MOST_FRUITLESS:]
        if len(last) == MOST_FRUITLESS and all(done.state == "failed" or not done.seconds for done in last):
            return f"{MOST_FRUITLESS} trials in a row failed or were tried before"
        return ""

    def _settle(self, finished: list[TrialReport]) -> None:
        """Let the folder be as the finished trials say: best.toml, and the weights of the best alone."""
        best = _best(finished)
        self.folder.keep_weights_of(best.number if best else None, [trial.number for trial in finished])
        if best:
            self.folder.write_best(to_toml(self.recipe.settings(best.options), self._about(best, finished)))

    def _about(self, best: TrialReport, finished: list[TrialReport]) -> str:
        found, manifest = self.identity, self.recipe.snapshot.manifest
        first = finished[0].value if finished[0].state == "complete" else None
        return (
            f"Best of {len(finished)} trials: validation {SELECTION_METRIC} {best.value:.4f} (trial {best.number}); "
            f"the preset has {f'{first:.4f}' if first is not None else 'none'}.\n"
            f"{manifest.dataset}, split {manifest.split_id}, snapshot {found.snapshot[:16]}, protocol honest\n"
            f"spikegraph train SNAPSHOT --to RUN --model {found.model} --preset {found.preset} "
            f"--seed {found.seed} --config best.toml"
        )

    def _announce(self, budget: Budget, finished: list[TrialReport]) -> None:
        found = self.identity
        log.info("search", model=found.model, preset=found.preset, seed=found.seed, tries=", ".join(self.space) or "-")
        bounds = {"trials": budget.trials, "minutes": budget.minutes, "finished": len(finished) or None}
        cost = "trial 0 is the preset itself: what it takes tells what the others will"
        log.info("budget", **{k: v for k, v in bounds.items() if v is not None}, cost=cost)

    def _tell(self, budget: Budget, finished: list[TrialReport], last: TrialReport) -> None:
        value = {} if last.value is None else {SELECTION_METRIC: round(last.value, 4)}
        reason = {"reason": last.reason} if last.reason else {}
        best = _shown(_best(finished))
        about = {"epochs": last.epochs, "seconds": round(last.seconds, 1), "left": _left(budget, finished)}
        log.info("trial", number=last.number, state=last.state, **value, **best, **about, **reason)

    def _report(self, finished: list[TrialReport], stopped: str) -> SearchReport:
        best = _best(finished)
        if best is None:
            raise UsageError(
                f"none of {len(finished)} trials was trained to its end; the first: {finished[0].reason}",
                where=str(self.folder.path),
                hint="more trials, another preset, or a smaller space",
            )
        manifest, found = self.recipe.snapshot.manifest, self.identity
        return SearchReport(
            dataset=manifest.dataset,
            split_id=manifest.split_id,
            profile_exposed_to=manifest.profile_exposed_to,
            model=found.model,
            preset=found.preset,
            seed=found.seed,
            folder=self.folder.path,
            stopped=stopped,
            best=best.number,
            best_options=self.recipe.settings(best.options),
            trials=tuple(finished),
        )


def _number(study: optuna.Study, finished: list[TrialReport], running: Mapping[int, Trial], busy: list[int]) -> int:
    """Give the number of the next trial: that of one that was cut off, or the lowest that is free."""
    taken = {trial.number for trial in finished} | running.keys()
    cut_off = [left.user_attrs[NUMBER] for left in left_trials(study, busy) if NUMBER in left.user_attrs]
    free = next(number for number in range(len(taken) + 1) if number not in taken)
    return next((number for number in cut_off if number not in taken), free)


def _best(finished: list[TrialReport]) -> TrialReport | None:
    """Give the complete trial with the highest value, the earliest of equal ones."""
    complete = [trial for trial in finished if trial.state == "complete"]
    return max(complete, key=lambda trial: trial.value or 0.0, default=None)


def _shown(best: TrialReport | None) -> dict[str, float]:
    return {} if best is None else {"best": round(best.value or 0.0, 4), "best_trial": best.number}


def _seconds_left(budget: Budget, finished: list[TrialReport]) -> float:
    if budget.minutes is None:
        return float("inf")
    return budget.minutes * 60 - sum(trial.seconds for trial in finished)


def _left(budget: Budget, finished: list[TrialReport]) -> str:
    """Estimate how long the rest takes, from the mean of the trials so far (after the first: from the preset)."""
    trained = [trial.seconds for trial in finished if trial.seconds]
    mean = sum(trained) / max(len(trained), 1)
    trials = float("inf") if budget.trials is None else mean * (budget.trials - len(finished))
    return f"about {max(0.0, min(trials, _seconds_left(budget, finished))) / 60:.1f} min"
