"""Ranked lists on their way into the graph: grouped by start node, each end node looked up once a batch.

Measured on 2 cores: 30-40 k relationships a second, against 25 k where every pair looks up both ends
(docs/decisions). A list is never split over two transactions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cypher.dataset import Lock
from cypher.store import Store
from export.results import Ranked
from spikegraph.errors import DatabaseError
from spikegraph.logs import Advance

SIGNIFICANT_DIGITS = 7
"""What a float32 holds: more digits would only be noise in the graph."""


def write_lists(
    store: Store,
    held: Lock,
    statement: str,
    ranked: Ranked,
    *,
    run_id: str,
    starts: Sequence[str],
    ends: Sequence[str],
    batch_rows: int,
    advance: Advance,
) -> int:
    """Write the lists of all start nodes, bounded batch by bounded batch.

    Args:
        store: where the graph is.
        held: the lock of the data set, looked at between batches.
        statement: `write_back/recommended`, `similar_items` or `similar_users`.
        ranked: the lists; row i belongs to `starts[i]`, its values are positions in `ends`.
        run_id: the run they belong to.
        starts: the keys of the start nodes.
        ends: the keys of the end nodes.
        batch_rows: the most relationships of a transaction (but at least one list).
        advance: called with the relationships of each batch.

    Returns:
        The number of relationships written.

    Raises:
        DatabaseError: a node was gone when its list came.
    """
    written = 0
    for batch in batches(ranked, starts, ends, batch_rows):
        held.check()
        expected = sum(len(row["ends"]) for row in batch["rows"])
        records = store.write(statement, run=run_id, **batch)
        if not records or records[0]["written"] != expected:
            raise DatabaseError(
                "users or items vanished while their lists were written", where=statement, hint="export again"
            )
        written += expected
        advance(expected)
    return written


def batches(ranked: Ranked, starts: Sequence[str], ends: Sequence[str], batch_rows: int) -> Iterator[dict[str, Any]]:
    """Give the parameters of each transaction: `ends`, the distinct keys, and `rows` that point into them."""
    per_batch = max(1, batch_rows // max(1, ranked.rows.shape[1]))
    for first in range(0, len(ranked.rows), per_batch):
        rows = ranked.rows[first : first + per_batch]
        listed = rows >= 0
        distinct, positions = np.unique(rows[listed], return_inverse=True)
        places = positions.tolist()
        scores = rounded(ranked.scores[first : first + per_batch][listed]).tolist()
        cuts = itertools.pairwise([0, *np.cumsum(listed.sum(axis=1)).tolist()])
        batch = [
            {"start": starts[first + offset], "ends": places[begin:end], "scores": scores[begin:end]}
            for offset, (begin, end) in enumerate(cuts)
            if begin < end
        ]
        if batch:
            yield {"ends": [ends[row] for row in distinct.tolist()], "rows": batch}


def rounded(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Give float32 numbers as the shortest decimals that mean the same: .1 and not .10000000149011612."""
    values = scores.astype(np.float64)
    magnitude = np.floor(np.log10(np.abs(values), out=np.zeros_like(values), where=values != 0))
    factor = 10.0 ** (SIGNIFICANT_DIGITS - 1 - magnitude)
    with np.errstate(over="ignore", invalid="ignore"):
        result = np.round(values * factor) / factor
    return np.where(np.isfinite(result), result, values)
