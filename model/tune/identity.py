"""What a search is, what it may cost, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from model.types import SELECTION_METRIC, Protocol
from spikegraph.errors import UsageError

FORMAT = 1
"""Version of the folder's layout."""

State = Literal["complete", "pruned", "failed"]
"""How a trial ended: trained to its end, stopped as it was worse than others, or not trainable."""


class SearchIdentity(BaseModel):
    """What decides which trials a search makes; how many is not part of it, so that a search can be prolonged."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    snapshot: str
    """Content hash of the snapshot."""
    model: str
    preset: str
    seed: int
    fixed: dict[str, Any]
    """Settings that every trial has, by their full names."""
    options: dict[str, Any]
    """What preset and settings come to, by their full names: the first trial."""
    space: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Budget:
    """When a search ends: after so many finished trials, or so many minutes of them, whichever comes first.

    Attributes:
        trials: failed and pruned ones count.
        minutes: of all finished trials together, those of earlier calls included.
    """

    trials: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        """Refuse a budget without an end.

        Raises:
            UsageError: there is no bound, or one that is not above zero.
        """
        if self.trials is None and self.minutes is None:
            raise UsageError("a search needs an end", where="budget", hint="--trials 20, or --minutes 60")
        if (self.trials is not None and self.trials < 1) or (self.minutes is not None and self.minutes <= 0):
            raise UsageError("a budget is above zero", where="budget", hint="--trials 20, or --minutes 60")


class TrialReport(BaseModel):
    """One finished trial."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    """From 0, which is the preset itself; its run folder is named so."""
    state: State
    options: dict[str, Any]
    """What was tried, by full names; for trial 0 what the preset has."""
    value: float | None = None
    """Validation recall@20: of the chosen epoch, or of the last reading of a pruned trial."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """All validation metrics of a complete trial."""
    epochs: int = 0
    seconds: float = 0.0
    reason: str = ""
    """Why it was pruned or failed, or whose result it shares."""


class SearchReport(BaseModel):
    """What a search found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    split_id: str
    protocol: Protocol = "honest"
    profile_exposed_to: tuple[str, ...] = ()
    model: str
    preset: str
    seed: int
    metric: str = f"valid {SELECTION_METRIC}"
    folder: Path
    stopped: str
    """Why the search is over."""
    best: int
    """Number of the best trial."""
    best_options: dict[str, dict[str, Any]]
    """What best.toml holds, by section."""
    trials: tuple[TrialReport, ...]

    @property
    def best_trial(self) -> TrialReport:
        """The best trial."""
        return next(trial for trial in self.trials if trial.number == self.best)

    @property
    def seconds(self) -> float:
        """Of all finished trials."""
        return sum(trial.seconds for trial in self.trials)

    def document(self) -> dict[str, Any]:
        """Give the document that `tune --json` prints for a search."""
        counts = {
            state: sum(trial.state == state for trial in self.trials) for state in ("complete", "pruned", "failed")
        }
        best = self.best_trial
        return {
            **self.model_dump(mode="json"),
            "counts": {"finished": len(self.trials), **counts},
            "metrics": {"valid": best.metrics},
            "preset_value": self.trials[0].value if self.trials[0].state == "complete" else None,
            "seconds": round(self.seconds, 2),
        }
