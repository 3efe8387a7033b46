"""The models, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from export.snapshot import Snapshot
from model.config import ModelConfig, TrainConfig, parse
from model.controls import NO_CONTROL, controlled
from model.device import generator_of
from model.hybrid import Hybrid
from model.interactions import Interactions
from model.presets import DEFAULT_PRESET, PRESETS
from model.recommender import Recommender
from model.rivals.ease import Ease
from model.rivals.ials import Ials
from model.rivals.item_knn import ItemKnn
from model.rivals.lightgcn import LightGcn
from model.rivals.popularity import Popularity
from model.spike.model import Spike
from spikegraph.errors import UsageError

MODELS: Mapping[str, type[Recommender]] = {
    kind.name: kind for kind in (Spike, Hybrid, LightGcn, Ease, ItemKnn, Ials, Popularity)
}


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
    control: str = NO_CONTROL,
) -> Recommender:
    """Make a model with its initial weights, which are drawn on the CPU so that they are the same everywhere.

    Args:
        model: its name.
        config: an instance of its `config_type`.
        snapshot: as exported.
        interactions: the pairs it may learn from.
        seed: of the weights, and of what the control draws.
        device: where the weights go.
        control: what is changed in the snapshot before the model sees it (`model.controls`).

    Raises:
        UsageError: there is no such control.
    """
    cpu = torch.device("cpu")
    seen = controlled(snapshot, control, generator_of(seed, "control", cpu))
    generator = generator_of(seed, "weights", cpu)
    return model_class(model).build(config, seen, interactions, generator).to(device)
