"""What is tried for each model, unless a file says otherwise: what has an effect in its preset, around its values.

Sizes are bounded so that a trial costs about what the preset costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from model.config import ModelConfig, TrainConfig
from model.tune.space import Choices, Interval, Parameter, Space

Made = dict[str, Parameter]


def default_space(model: str, config: ModelConfig, training: TrainConfig) -> Space:
    """Give the space that comes with a registered model.

    Args:
        model: its name.
        config: of the model, as preset and settings give it.
        training: as they give it.
    """
    return SPACES[model](config, training)


def _around(value: float, below: float, above: float) -> Interval:
    """Give all orders of magnitude from so many times less to so many times more."""
    return Interval(low=float(f"{value / below:.3g}"), high=float(f"{value * above:.3g}"), log=True)


def _shares(high: float) -> Interval:
    return Interval(low=0.0, high=high)


def _learning_rate(training: TrainConfig) -> Made:
    return {"train.learning_rate": _around(training.learning_rate, 5, 4)}


def _sources(option: str, weights: Mapping[str, float]) -> Made:
    return {f"model.{option}.{source}": _around(weight, 20, 20) for source, weight in weights.items() if weight}


def _spike(config: Any, training: TrainConfig) -> Made:
    space: Made = {
        **_learning_rate(training),
        "model.layers": Interval(low=1, high=3),
        "model.graph_dropout": _shares(0.7),
        "model.message_dropout": _shares(0.5),
    }
    if config.objective == "softmax":
        space["model.temperature"] = _around(config.temperature, 3, 3)
    elif config.l2_in_loss and config.l2_weight:
        space["model.l2_weight"] = _around(config.l2_weight, 100, 10)
    return {**space, **_spike_profiles(config), **_spike_messages(config)}


def _spike_profiles(config: Any) -> Made:
    space: Made = {}
    if config.profile_weight:
        space["model.profile_weight"] = _shares(1.0)
    if config.matching_weight:
        space["model.matching_weight"] = _around(config.matching_weight, 100, 4)
    if space:
        space["model.profile_dropout"] = _shares(0.5)
        if config.profile_dimensions is not None:
            space["model.profile_dimensions"] = Choices(choices=(32, 64, 128, 256))
    return space


def _spike_messages(config: Any) -> Made:
    space: Made = {}
    if config.attention_share and (config.users_send_messages or config.similar_items == "heard"):
        space["model.attention_share"] = _shares(2.0)
    if config.similarity_share and config.similar_items == "heard":
        space["model.similarity_share"] = _shares(2.0)
    return space


def _lightgcn(config: Any, training: TrainConfig) -> Made:
    return {
        **_learning_rate(training),
        "model.l2_weight": _around(config.l2_weight or 1e-4, 100, 1000),
        "model.layers": Interval(low=1, high=4),
        "model.dimensions": Choices(choices=(32, 64, 128)),
    }


def _ease(config: Any, _training: TrainConfig) -> Made:
    return {"model.regularisation": _around(config.regularisation, 40, 25), **_sources("side", config.side)}


def _hybrid(config: Any, training: TrainConfig) -> Made:
    return {
        **_spike(config, training),
        "model.ease_share": _shares(1.0),
        "model.ease_regularisation": _around(config.ease_regularisation, 40, 25),
        **_sources("ease_side", config.ease_side),
    }


def _item_knn(_config: Any, _training: TrainConfig) -> Made:
    return {
        "model.neighbours": Interval(low=5, high=1000, log=True),
        "model.shrinkage": Interval(low=0.1, high=1000.0, log=True),
        "model.weighting": Choices(choices=("none", "idf", "bm25")),
    }


def _ials(config: Any, _training: TrainConfig) -> Made:
    return {
        "model.unobserved_weight": _around(config.unobserved_weight or 0.03, 30, 30),
        "model.regularisation": _around(config.regularisation, 30, 30),
        "model.frequency_exponent": _shares(1.0),
        "model.dimensions": Choices(choices=(32, 64, 128)),
    }


def _nothing(_config: Any, _training: TrainConfig) -> Made:
    return {}


SPACES: Mapping[str, Callable[[Any, TrainConfig], Made]] = {
    "spike": _spike,
    "hybrid": _hybrid,
    "lightgcn": _lightgcn,
    "ease": _ease,
    "item-knn": _item_knn,
    "ials": _ials,
    "popularity": _nothing,
}
"""Per registered model what makes its space, which is empty where a model has nothing to tune."""
