"""The memory a training will need, told before it starts."""

from __future__ import annotations

import torch

from export.snapshot import Snapshot
from model.config import ModelConfig, TrainConfig
from model.device import free_bytes
from model.recommender import Size
from model.registry import model_class
from spikegraph.errors import LimitReachedError
from spikegraph.logs import get_logger

log = get_logger(__name__)

MIB = 2**20


def check_memory(
    model: str, config: ModelConfig, training: TrainConfig, snapshot: Snapshot, interactions: int, device: torch.device
) -> int:
    """Forecast the peak memory of a training, log it, and refuse what cannot fit.

    Returns:
        the forecast in bytes.

    Raises:
        LimitReachedError: it is more than the device has free.
    """
    size = Size.of(snapshot, interactions, training.batch_size_for(interactions))
    forecast = model_class(model).forecast_bytes(config, size)
    free = free_bytes(device)
    log.info("memory", forecast_mib=forecast // MIB, free_mib=free // MIB, device=device.type)
    if forecast > free:
        raise LimitReachedError(
            f"{model} would need about {forecast // MIB} MiB, {free // MIB} MiB are free on {device.type}",
            where=snapshot.manifest.dataset,
            hint="choose fewer entities (export --min-degree), smaller dimensions, or another model",
        )
    return forecast
