"""Learning curves: what the log of each run says, by epoch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from model.compare.runs import Group, Run
from model.types import SELECTION_METRIC
from spikegraph.errors import DataError


@dataclass(frozen=True)
class Curve:
    """A run's training.

    Attributes:
        label: its group.
        seed: its seed.
        epochs, losses: the mean loss of every epoch.
        read_at, values: the epochs at which validation was read, and what it gave.
        chosen: the epoch of the weights that were kept.
    """

    label: str
    seed: int
    epochs: tuple[int, ...]
    losses: tuple[float, ...]
    read_at: tuple[int, ...]
    values: tuple[float, ...]
    chosen: int | None


def curves_of(groups: Sequence[Group]) -> list[Curve]:
    """Read the logs; runs without one, as those in closed form, have no curve."""
    return [_curve(group.label, run) for group in groups for run in group.runs if (run.path / "log.jsonl").exists()]


def _curve(label: str, run: Run) -> Curve:
    file = run.path / "log.jsonl"
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        read = [line for line in lines if SELECTION_METRIC in line]
        return Curve(
            label=label,
            seed=run.record.identity.seed,
            epochs=tuple(int(line["epoch"]) for line in lines),
            losses=tuple(float(line["loss"]) for line in lines),
            read_at=tuple(int(line["epoch"]) for line in read),
            values=tuple(float(line[SELECTION_METRIC]) for line in read),
            chosen=run.record.chosen_epochs,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"is not a log that can be read: {error}", where=str(file)) from error
