"""What is tried for each model, unless a file says otherwise; the preset `recommended` lies in each space.

A space names what moved validation at all; sizes are bounded so that a trial costs about what the preset costs.
"""

from __future__ import annotations

from collections.abc import Mapping

from model.registry import model_class
from model.tune.space import Choices, Interval, Parameter, Space

_LEARNING_RATE = Interval(low=1e-3, high=2e-2, log=True)

SPACES: Mapping[str, Mapping[str, Parameter]] = {
    "spike": {
        "train.learning_rate": _LEARNING_RATE,
        "model.l2_weight": Interval(low=1e-4, high=1e-1, log=True),
        "model.layers": Interval(low=1, high=3),
        "model.profile_weight": Interval(low=0.0, high=1.0),
        "model.matching_weight": Interval(low=0.05, high=20.0, log=True),
        "model.profile_dimensions": Choices(choices=(32, 64, 128, 256)),
        "model.graph_dropout": Interval(low=0.0, high=0.7),
        "model.message_dropout": Interval(low=0.0, high=0.5),
        "model.profile_dropout": Interval(low=0.0, high=0.5),
    },
    "lightgcn": {
        "train.learning_rate": _LEARNING_RATE,
        "model.l2_weight": Interval(low=1e-6, high=1e-1, log=True),
        "model.layers": Interval(low=1, high=4),
        "model.dimensions": Choices(choices=(32, 64, 128)),
    },
    "ease": {"model.regularisation": Interval(low=5.0, high=5000.0, log=True)},
    "popularity": {},
}
"""Per registered model its space; empty where a model has nothing to tune."""


def default_space(model: str) -> Space:
    """Give the space that comes with a model.

    Raises:
        UsageError: there is no such model.
    """
    model_class(model)
    return SPACES[model]
