"""The board between a search and its workers. Nothing heavy is imported: it gets a process of its own."""

from __future__ import annotations


class Board:
    """What workers and the search tell each other; it lives in a process of its own."""

    def __init__(self) -> None:
        self._readings: list[tuple[int, int, float]] = []
        self._pruned: set[int] = set()

    def tell(self, number: int, epoch: int, value: float) -> bool:
        """Take a reading of a trial, and say whether the trial is to end."""
        self._readings.append((number, epoch, value))
        return number in self._pruned

    def take(self) -> list[tuple[int, int, float]]:
        """Give the readings since the last call: number, epoch, value."""
        readings, self._readings = self._readings, []
        return readings

    def prune(self, number: int) -> None:
        """Let a trial end at its next reading."""
        self._pruned.add(number)
