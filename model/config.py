"""Configurations: one pydantic class a model, one for training. A key they do not know is an error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spikegraph.errors import UsageError


class ModelConfig(BaseModel):
    """Base of every model's configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainConfig(BaseModel):
    """How a model is trained; models in closed form ignore all of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(default=100, ge=1)
    """The most epochs; with a validation part early stopping may end sooner."""
    fixed_epochs: int = Field(default=50, ge=1)
    """Epochs where there is no validation part to choose them by."""
    learning_rate: float = Field(default=5e-3, gt=0)
    batch_size: int | None = Field(default=None, ge=1)
    """Interactions a step; None takes the power of two that gives about `steps_per_epoch`."""
    max_batch_size: int = Field(default=4096, ge=1)
    """Bound of the automatic batch size."""
    steps_per_epoch: int = Field(default=12, ge=1)
    """Steps an epoch that the automatic batch size aims at, so that small data are learned from too."""
    evaluate_every: int = Field(default=2, ge=1)
    """Epochs between two readings of the validation part."""
    patience: int = Field(default=5, ge=1)
    """Readings without a better recall@20 after which training stops."""

    def batch_size_for(self, interactions: int) -> int:
        """Give the batch size to use with so many training interactions."""
        if self.batch_size is not None:
            return self.batch_size
        wanted = max(1.0, interactions / self.steps_per_epoch)
        return int(min(self.max_batch_size, max(64, 2 ** round(math.log2(wanted)))))


Config = TypeVar("Config", bound=BaseModel)


def parse(kind: type[Config], values: Mapping[str, Any], what: str) -> Config:
    """Check a configuration.

    Raises:
        UsageError: a key or value that `kind` does not know, named, with what exists.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        reason = (
            "is not an option" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        )
        raise UsageError(
            f"{what}: '{key}' {reason}" if key else f"{what}: {reason}",
            where=key or what,
            hint=f"options: {', '.join(sorted(kind.model_fields))}",
        ) from error
