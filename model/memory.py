"""The memory a training will need, told before it starts; a refusal says which options would make it fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from pydantic import ValidationError

from export.snapshot import Snapshot
from model.config import ModelConfig, TrainConfig
from model.device import free_bytes
from model.recommender import Size
from model.registry import model_class
from spikegraph.errors import LimitReachedError
from spikegraph.logs import get_logger

log = get_logger(__name__)

MIB = 2**20

SMALLER: Mapping[str, tuple[Any, ...]] = {
    "profile_dimensions": (384, 256, 128, 64, 32),
    "dimensions": (128, 64, 32, 16),
    "layers": (2, 1),
    "neighbours": (100, 50, 20),
    "precision": ("float32",),
}
"""Options of models that memory grows with, and the values that are tried, the mildest first."""

SMALLER_BATCHES = (2048, 1024, 512, 256, 128)
"""Values of `train.batch_size` that are tried."""


def check_memory(
    model: str, config: ModelConfig, training: TrainConfig, snapshot: Snapshot, interactions: int, device: torch.device
) -> int:
    """Forecast the peak memory of a training, log it, and refuse what cannot fit.

    Returns:
        the forecast in bytes.

    Raises:
        LimitReachedError: it is more than the device has free; the hint names options and what they would bring.
    """
    size = Size.of(snapshot, interactions, training.batch_size_for(interactions))
    size = replace(size, device=device.type)
    forecast = model_class(model).forecast_bytes(config, size)
    free = free_bytes(device)
    log.info("memory", forecast_mib=forecast // MIB, free_mib=free // MIB, device=device.type)
    if forecast > free:
        raise LimitReachedError(
            f"{model} would need about {forecast // MIB} MiB, {free // MIB} MiB are free on {device.type}",
            where=snapshot.manifest.dataset,
            hint=what_to_change(model, config, size, free),
        )
    return forecast


def what_to_change(model: str, config: ModelConfig, size: Size, free: int) -> str:
    """Say which option, set to what, brings the forecast below `free` bytes; else what all of them bring."""
    first: dict[str, str] = {}
    smallest: dict[str, Any] = {}
    for option, value, changed, of_size in _changes(config, size):
        needed = model_class(model).forecast_bytes(changed, of_size)
        if needed <= free:
            first.setdefault(option, f"{option}={value} needs {needed // MIB} MiB")
        smallest[option] = value
    if first:
        return "--set " + ", or --set ".join(first.values())
    fewer = "choose fewer entities (export --min-degree) or another model"
    if not smallest:
        return fewer
    return (
        f"no option is enough alone ({', '.join(f'{option}={value}' for option, value in smallest.items())}): {fewer}"
    )


def _changes(config: ModelConfig, size: Size) -> Iterator[tuple[str, Any, ModelConfig, Size]]:
    """Give each option with a smaller value, mildest first, and the configuration and size that it makes."""
    for option, values in SMALLER.items():
        for value in values:
            changed = _changed(config, option, value)
            if changed is not None:
                yield f"model.{option}", value, changed, size
    for batch in SMALLER_BATCHES:
        if batch < size.batch_size:
            yield "train.batch_size", batch, config, replace(size, batch_size=batch)


def _changed(config: ModelConfig, option: str, value: Any) -> ModelConfig | None:
    """Set an option to a smaller value; None where it has none, or the value is no smaller or not allowed."""
    values = config.model_dump()
    if option not in values or values[option] == value:
        return None
    if isinstance(values[option], int) and isinstance(value, int) and values[option] <= value:
        return None
    try:
        return type(config).model_validate({**values, option: value})
    except ValidationError:
        return None
