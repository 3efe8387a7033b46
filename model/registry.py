"""The models, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from export.snapshot import Snapshot
from model.config import ModelConfig, TrainConfig, parse
from model.device import generator_of
from model.ease import Ease
from model.interactions import Interactions
from model.lightgcn import LightGcn
from model.popularity import Popularity
from model.presets import DEFAULT_PRESET, PRESETS
from model.recommender import Recommender
from model.spike.model import Spike
from spikegraph.errors import UsageError

MODELS: Mapping[str, type[Recommender]] = {kind.name: kind for kind in (Spike, LightGcn, Ease, Popularity)}


def model_class(name: str) -> type[Recommender]:
    """Find a model.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in MODELS:
        raise UsageError(f"there is no model '{name}'", where="model", hint=f"models: {', '.join(MODELS)}")
    return MODELS[name]


def configure(
    model: str, preset: str | None, model_options: Mapping[str, Any], train_options: Mapping[str, Any]
) -> tuple[str, ModelConfig, TrainConfig]:
    """Put a preset and the options on top of it together.

    Returns:
        the preset's name and the two configurations.

    Raises:
        UsageError: an unknown model, preset or option, or a value that is not allowed.
    """
    kind = model_class(model)
    preset = preset or DEFAULT_PRESET
    if preset not in PRESETS[model]:
        raise UsageError(
            f"{model} has no preset '{preset}'", where="preset", hint=f"presets: {', '.join(PRESETS[model])}"
        )
    chosen = PRESETS[model][preset]
    return (
        preset,
        parse(kind.config_type, {**chosen.model, **model_options}, f"model {model}"),
        parse(TrainConfig, {**chosen.train, **train_options}, "training"),
    )


def build(
    model: str,
    config: ModelConfig,
    snapshot: Snapshot,
    interactions: Interactions,
    seed: int,
    device: torch.device,
) -> Recommender:
    """Make a model with its initial weights, which are drawn on the CPU so that they are the same everywhere."""
    generator = generator_of(seed, "weights", torch.device("cpu"))
    return model_class(model).build(config, snapshot, interactions, generator).to(device)
