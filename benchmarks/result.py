"""What every benchmark gives: rows of ours beside the rival's, and what they must reach."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from typing import Any

import psutil


@dataclass(frozen=True)
class Row:
    """One measured claim.

    Attributes:
        what: what was measured, with its unit.
        ours: our value.
        rival: the value of what we compare with, or None where the claim is absolute.
        ratio: how many times better ours is (1 = equal), or None.
        at_least: what the ratio (or, without a rival, the value) must reach, or None.
        holds: whether it does.
    """

    what: str
    ours: float
    rival: float | None
    ratio: float | None
    at_least: float | None
    holds: bool

    def as_dict(self) -> dict[str, Any]:
        """Give the row for `--json`."""
        return asdict(self)


def more_is_better(what: str, ours: float, rival: float, at_least: float) -> Row:
    """Compare two rates: ours must be `at_least` times the rival's."""
    return Row(what, ours, rival, ours / rival, at_least, holds=ours / rival >= at_least)


def less_is_better(what: str, ours: float, rival: float, at_least: float) -> Row:
    """Compare two durations: the rival's must be `at_least` times ours."""
    return Row(what, ours, rival, rival / ours, at_least, holds=rival / ours >= at_least)


def device() -> str:
    """Name the machine that measured: processor kind, cores, memory, system; nothing that identifies it."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}, Python {platform.python_version()}"


def at_least(what: str, ours: float, bound: float) -> Row:
    """Hold a value to its lower bound."""
    return Row(what, ours, None, None, bound, holds=ours >= bound)


def at_most(what: str, ours: float, limit: float) -> Row:
    """Hold a duration to its limit, which stands in the rival's place: the ratio says how often it would fit in."""
    return less_is_better(what, ours, limit, 1.0)


def within(what: str, ours: float, low: float, high: float) -> Row:
    """Hold a value to a range."""
    return Row(f"{what} (from {low} to {high})", ours, None, None, low, holds=low <= ours <= high)


def shown(what: str, ours: float) -> Row:
    """Show a value that need not reach anything."""
    return Row(what, ours, None, None, None, holds=True)
