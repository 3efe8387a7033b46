"""The presets of every model: options that belong together, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_PRESET = "recommended"


@dataclass(frozen=True)
class Preset:
    """Options that belong together; what a preset does not say stays at its default."""

    about: str
    model: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)


PRESETS: Mapping[str, Mapping[str, Preset]] = {
    "spike": {
        "recommended": Preset(
            "the published model with exact removal, matching over all nodes and L2 in the loss, tuned for small data",
        )
    },
    "lightgcn": {"recommended": Preset("three layers of size 64, BPR")},
    "ease": {"recommended": Preset("λ = 200, untuned")},
    "popularity": {"recommended": Preset("nothing to set")},
}
