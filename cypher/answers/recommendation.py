"""A recommended item, as every list of the graph gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cypher.answers.reasons import Reason, reason


@dataclass(frozen=True)
class Recommendation:
    """An item of a list.

    Attributes:
        rank: 1 is the best.
        item: its key.
        name: its name, or the key where it has none.
        score: that of the source: the run's, a sum of similarities, the number of train users …; scores of
            different sources do not compare, ranks do.
        source: where the item comes from, in words: `list of run …`, `similar to the history, run …`,
            `vectors of run …`, `live collaborative filtering` or `popular in train`.
        reasons: the best reasons, where they were asked for.
    """

    rank: int
    item: str
    name: str
    score: float
    source: str
    reasons: tuple[Reason, ...] = ()


def recommendations(rows: Iterable[Mapping[str, Any]]) -> list[Recommendation]:
    """Read the records of a list."""
    return [
        Recommendation(
            rank=row["rank"],
            item=row["item"],
            name=row["name"] or row["item"],
            score=row["score"],
            source=row["source"],
            reasons=tuple(map(reason, row.get("reasons", ()))),
        )
        for row in rows
    ]
