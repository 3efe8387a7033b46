"""The training loop: epochs, early stopping, checkpoints, a log line each; exact to resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.batches import Sampler
from model.config import TrainConfig
from model.device import generator_of
from model.distributed.group import ALONE, Group
from model.failures import limits_named
from model.interactions import Interactions
from model.recommender import ClosedFormRecommender, Recommender, TrainedRecommender
from model.runs.checkpoint import Progress, load_state, load_weights, save_state, save_weights
from model.runs.run_folder import EpochLog
from model.types import SELECTION_METRIC
from spikegraph.errors import DataError, UsageError
from spikegraph.logs import get_logger, progress

log = get_logger(__name__)

Validate = Callable[[], Mapping[str, float]]
"""Gives the validation metrics of the model as it stands."""

OnReading = Callable[[int, Mapping[str, float]], None]
"""Is told the epoch and its validation metrics; what it raises ends the training."""

STATE = "state.safetensors"
BEST = "best.safetensors"


def fit(
    recommender: Recommender,
    interactions: Interactions,
    config: TrainConfig,
    folder: Path,
    seed: int,
    epochs: int,
    validate: Validate | None,
    on_reading: OnReading | None = None,
    group: Group = ALONE,
) -> Progress:
    """Train or compute a model in a folder; the best weights are in it and in the model at the end.

    A training that the folder holds a state of goes on from there.

    Args:
        recommender: on its device, freshly initialised.
        interactions: the pairs to learn from, those it was built with.
        config: learning rate, batch size, stopping.
        folder: where state, weights and log go.
        seed: of the batches, negatives, samples and dropouts.
        epochs: the most epochs.
        validate: None trains all epochs and keeps the last weights.
        on_reading: called after each reading of the validation part.
        group: the processes that train together, all of which call this; the first one writes.

    Raises:
        UsageError: the loss is no number any more; the folder keeps the last good state and weights.
        LimitReachedError: memory or disk ran out; the folder keeps the last whole epoch.
        KeyboardInterrupt: passed on; the folder can be resumed from its last whole epoch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with limits_named(folder):
        if isinstance(recommender, ClosedFormRecommender):
            recommender.fit()
            group.first(lambda: save_weights(folder / BEST, recommender))
            return Progress(stopped="closed form")
        assert isinstance(recommender, TrainedRecommender)
        place = recommender.device
        draws = generator_of(seed, "training", place)
        pairs = interactions.to(place)
        stand = _Fit(recommender, pairs, config, folder, draws, epochs, validate, on_reading, group).run()
        load_weights(folder / BEST, recommender)
        return stand


@dataclass
class _Fit:
    """One training of one model in one folder.

    Args:
        model: on its device, freshly initialised.
        interactions: the pairs to learn from.
        config: learning rate, batch size, stopping.
        folder: where state, best weights and log go.
        generator: of the model's device.
        epochs: the most epochs.
        validate: None trains all epochs and keeps the last weights.
        on_reading: called after each reading of the validation part.
        group: the processes that train together.
    """

    model: TrainedRecommender[Any]
    interactions: Interactions
    config: TrainConfig
    folder: Path
    generator: torch.Generator
    epochs: int
    validate: Validate | None
    on_reading: OnReading | None
    group: Group

    def run(self) -> Progress:
        """Train, from the folder's state where it has one."""
        sampler = self.model.sampler(self.interactions)
        if not len(sampler):
            raise DataError("every user has every item or none: nothing can be learned", where=str(self.folder))
        optimiser = torch.optim.Adam(self.model.parameters(), lr=self.config.learning_rate, fused=True)
        stand = self._stand(optimiser)
        epoch_log = self.group.first(lambda: EpochLog(self.folder / "log.jsonl", keep_until=stand.epoch))
        try:
            with progress("training", self.epochs) as advance:
                advance(stand.epoch)
                while not stand.stopped:
                    self._epoch(sampler, optimiser, stand, epoch_log)
                    self._save(optimiser, stand)
                    advance(1)
        except KeyboardInterrupt:
            log.warning("interrupted", whole_epochs=stand.epoch, hint="go on exactly with --resume")
            raise
        return stand

    def _stand(self, optimiser: torch.optim.Optimizer) -> Progress:
        """Give where training stands: at the folder's state where it has one, else at its beginning."""
        stand = Progress()
        if (self.folder / STATE).exists():
            stand = load_state(self.folder / STATE, self.model, optimiser, self.generator)
            log.info("resumes", epoch=stand.epoch)
        if len(set(self.group.gather(stand.epoch))) > 1:
            raise UsageError(
                "the processes of this training do not see the same run folder",
                where=str(self.folder),
                hint="a folder on a disk that all machines share",
            )
        return stand

    def _save(self, optimiser: torch.optim.Optimizer, stand: Progress) -> None:
        self.group.first(lambda: save_state(self.folder / STATE, self.model, optimiser, self.generator, stand))

    def _epoch(
        self, sampler: Sampler[Any], optimiser: torch.optim.Optimizer, stand: Progress, epoch_log: EpochLog
    ) -> None:
        started = time.perf_counter()
        losses = self._steps(sampler, optimiser)
        epoch = stand.epoch + 1
        self._refuse_divergence(losses, epoch)
        last = epoch >= self.epochs
        metrics: Mapping[str, float] = {}
        if self.validate is None:
            self._keep_last(stand, epoch, last)
        elif last or epoch % self.config.evaluate_every == 0:
            metrics = self.validate()
            self._judge(stand, epoch, metrics[SELECTION_METRIC])
        if last and not stand.stopped:
            stand.stopped = f"after all {self.epochs} epochs"
        stand.epoch = epoch
        seconds = round(time.perf_counter() - started, 3)
        self.group.first(lambda: epoch_log.append(epoch, **losses, **metrics, seconds=seconds))
        if metrics or last:
            shown = {name: round(metrics[name], 4) for name in (SELECTION_METRIC, "ndcg@20") if name in metrics}
            log.info("epoch", epoch=epoch, loss=round(losses["loss"], 4), **shown, seconds=seconds)
        if metrics and self.on_reading:
            told = self.on_reading
            self.group.first(lambda: told(epoch, metrics))

    def _steps(self, sampler: Sampler[Any], optimiser: torch.optim.Optimizer) -> dict[str, float]:
        """Go through all batches once and give the mean of each part of the loss."""
        sums: dict[str, Tensor] = {}
        steps = 0
        self.group.agree(self.generator)
        for whole in sampler.epoch(self.config.batch_size_for(len(sampler)), self.generator):
            batch, weight = self.group.share(whole)
            optimiser.zero_grad(set_to_none=True)
            parts = self.model.loss(batch, self.generator)
            total = torch.stack(list(parts.values())).sum() * weight
            total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            self.group.add_gradients(self.model.parameters())
            optimiser.step()
            for name, value in parts.items():
                sums[name] = sums.get(name, 0) + value.detach() * weight
            sums["loss"] = sums.get("loss", 0) + total.detach()
            steps += 1
        return {name: value / steps for name, value in self.group.add(sums).items()}

    def _judge(self, stand: Progress, epoch: int, value: float) -> None:
        if value > stand.best_value:
            stand.best_epoch, stand.best_value, stand.readings_since_best = epoch, value, 0
            self._save_weights()
            return
        stand.readings_since_best += 1
        if stand.readings_since_best >= self.config.patience:
            stand.stopped = f"{SELECTION_METRIC} no better for {stand.readings_since_best} readings"

    def _keep_last(self, stand: Progress, epoch: int, last: bool) -> None:
        stand.best_epoch = epoch
        if last:
            self._save_weights()

    def _save_weights(self) -> None:
        self.group.first(lambda: save_weights(self.folder / BEST, self.model))

    def _refuse_divergence(self, losses: Mapping[str, float], epoch: int) -> None:
        broken = [name for name, value in losses.items() if not math.isfinite(value)]
        broken += [name for name, weights in self.model.named_parameters() if not torch.isfinite(weights).all()]
        if broken:
            raise UsageError(
                f"not finite in epoch {epoch}: {', '.join(broken)}; "
                + (f"epoch {epoch - 1} is kept as it was" if epoch > 1 else "no epoch was whole"),
                where=str(self.folder),
                hint=f"train into another folder with train.learning_rate below {self.config.learning_rate:g}",
            )
