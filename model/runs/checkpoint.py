"""Checkpoints in safetensors: a file is replaced whole, so that a kill leaves the old one or the new."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.failures import memory_is_short
from model.recommender import Recommender
from spikegraph.errors import DataError


@dataclass
class Progress:
    """Where training stands after an epoch."""

    epoch: int = 0
    best_epoch: int = 0
    best_value: float = -1.0
    """Of the metric that epochs are chosen by."""
    readings_since_best: int = 0
    stopped: str = ""
    """Why training is over; empty while it is not."""


def save_weights(file: Path, model: Recommender) -> None:
    """Write a model's weights."""
    _save(file, model.state_dict(), {})


def load_weights(file: Path, model: Recommender) -> None:
    """Read weights into a model of the same configuration and snapshot.

    Raises:
        DataError: the file is missing, damaged, or of another model.
    """
    try:
        model.load_state_dict(load_file(file))
    except (OSError, SafetensorError, RuntimeError) as error:
        if memory_is_short(error):
            raise
        raise DataError(f"holds no weights of this model: {error}", where=str(file)) from error


def save_state(
    file: Path, model: Recommender, optimiser: torch.optim.Optimizer, generator: torch.Generator, progress: Progress
) -> None:
    """Write all that the next epoch depends on."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for number, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{name}": tensor for name, tensor in values.items()}
    tensors["generator"] = generator.get_state()
    _save(file, tensors, asdict(progress))


def load_state(
    file: Path, model: Recommender, optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> Progress:
    """Put model, optimiser and generator back to where `save_state` saw them.

    Raises:
        DataError: the file is damaged or of another model.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            progress = Progress(**json.loads(opened.metadata()["values"]))
        tensors = load_file(file)
        model.load_state_dict(_under("model.", tensors))
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under("optimiser.", tensors).items():
            number, _, key = name.partition(".")
            state.setdefault(int(number), {})[key] = tensor
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
        generator.set_state(tensors["generator"])
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        if memory_is_short(error):
            raise
        raise DataError(
            f"is no state of this training: {error}", where=str(file), hint="remove the run folder and train again"
        ) from error
    return progress


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _save(file: Path, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
    part = file.with_name(file.name + ".part")
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        save_file(contiguous, part, metadata={"values": json.dumps(values)})
        with part.open("rb+") as handle:
            os.fsync(handle.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
