"""Training a model on a snapshot into a run folder, its epoch chosen on the validation part."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from export.snapshot import Snapshot
from model.config import ModelConfig, TrainConfig
from model.controls import NO_CONTROL, require_control
from model.device import few_threads, find_device, made_with
from model.distributed.group import Group, group_on
from model.distributed.ranking import lists_together, rank_together
from model.failures import limits_named
from model.fit import OnReading, fit
from model.interactions import Interactions
from model.memory import check_memory
from model.ranking import mean_metrics
from model.registry import build, configure
from model.runs.lists import keep_lists
from model.runs.run_folder import RunFolder, RunIdentity, RunRecord, snapshot_hash
from spikegraph.errors import DataError
from spikegraph.logs import get_logger

log = get_logger(__name__)


def train(
    snapshot: Snapshot,
    run_folder: Path,
    *,
    model: str = "spike",
    preset: str | None = None,
    model_config: Mapping[str, Any] | None = None,
    train_config: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    control: str = NO_CONTROL,
    on_reading: OnReading | None = None,
) -> RunRecord:
    """Train a model on the train part and choose its epoch by validation recall@20.

    Args:
        snapshot: what to train on.
        run_folder: where the run goes; new or empty, or this very run when `resume`.
        model: its name in `registry.MODELS`.
        preset: its name in `presets.PRESETS[model]`; None is 'recommended'.
        model_config: options of the model on top of the preset.
        train_config: options of `TrainConfig` on top of the preset.
        seed: of everything that is drawn.
        device: 'auto', 'cpu' or 'cuda'.
        resume: go on with an interrupted run; a finished one is given as it is.
        control: what is changed in the snapshot before the model is built from it (`model.controls`).
        on_reading: called after each reading of the validation part; what it raises ends the training.

    Raises:
        UsageError: unknown names or options, a folder that holds something else, or a loss that diverged.
        DataError: the snapshot has no train interactions.
        LimitReachedError: the forecast memory is more than the device has free, or memory or disk ran out.
    """
    preset, options, training = configure(model, preset, model_config or {}, train_config or {})
    require_control(control)
    place = find_device(device)
    folder = RunFolder(run_folder)
    new = _new_record(snapshot, model, preset, options, training, seed, control)
    with few_threads(), limits_named(run_folder), group_on(place) as group:
        record = group.first(lambda: folder.begin(new, resume=resume))
        if record.state == "trained":
            log.info("this run is trained already", folder=str(run_folder))
            return record
        record = _train(snapshot, folder, record, options, training, place, on_reading, group)
        group.first(lambda: folder.write(record))
    return record


def _train(
    snapshot: Snapshot,
    folder: RunFolder,
    record: RunRecord,
    options: ModelConfig,
    training: TrainConfig,
    device: torch.device,
    on_reading: OnReading | None,
    group: Group,
) -> RunRecord:
    started = time.perf_counter()
    identity = record.identity
    interactions, held_out = (Interactions.from_snapshot(snapshot, [split]) for split in ("train", "valid"))
    if not len(interactions):
        raise DataError("has no train interactions", where=str(snapshot.folder or record.dataset))
    forecast = check_memory(identity.model, options, training, snapshot, len(interactions), device)
    recommender = build(identity.model, options, snapshot, interactions, identity.seed, device, identity.control)

    def validate() -> dict[str, float]:
        return mean_metrics(rank_together(group, recommender.encode(), interactions, held_out))

    chooses = len(held_out) > 0
    if not chooses:
        log.warning("no validation part: nothing is chosen, all epochs are trained", epochs=training.fixed_epochs)
    epochs = training.epochs if chooses else training.fixed_epochs
    reader = validate if chooses else None
    outcome = fit(recommender, interactions, training, folder.path, identity.seed, epochs, reader, on_reading, group)
    metrics = {}
    if chooses:
        lists = lists_together(group, recommender.encode(), interactions, held_out)
        metrics = {"valid": group.first(lambda: keep_lists(folder, "valid", lists, held_out, snapshot))}
    return record.model_copy(
        update={
            "state": "trained",
            "chosen_epochs": outcome.best_epoch or None,
            "epochs_run": outcome.epoch,
            "stopped": outcome.stopped,
            "metrics": metrics,
            "seconds": {"train": time.perf_counter() - started},
            "forecast_bytes": forecast,
            "made_with": {**made_with(device), "processes": str(group.size)},
        }
    )


def _new_record(
    snapshot: Snapshot,
    model: str,
    preset: str,
    options: ModelConfig,
    training: TrainConfig,
    seed: int,
    control: str,
) -> RunRecord:
    identity = RunIdentity(
        snapshot=snapshot_hash(snapshot),
        model=model,
        preset=preset,
        seed=seed,
        control=control,
        model_options=options.model_dump(mode="json"),
        train_options=training.model_dump(mode="json"),
    )
    manifest = snapshot.manifest
    profiles = {
        "profile_run": manifest.profile_run,
        "profile_exposed_to": manifest.profile_exposed_to,
        "text_embedding": manifest.text_embedding,
    }
    return RunRecord.of(identity, snapshot).model_copy(update=profiles)
