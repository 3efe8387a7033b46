"""Recommendations from similar items alone: the sum of similarities to what the user has, as ranked lists.

This is the rival that a graph needs no training for. Any run with `SIMILAR_TO` edges among items will do.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp

from cypher.store import Store
from export.columns import BLOCK, ranges
from export.gds.rows import rows_of
from export.snapshot import IntArray, Snapshot, Split
from spikegraph.errors import DataError, NotFoundError

BLOCK_USERS = 2_000
"""Users whose scores are held at once."""


def item_lists(store: Store, snapshot: Snapshot, run: str, part: Split, length: int) -> pd.DataFrame:
    """Rank items for each user by the sum of their similarities to the user's train items.

    Args:
        store: where the graph is.
        snapshot: whose users, items and train part are taken.
        run: the run whose edges are taken.
        part: what the lists are for. Train items are left out, and for 'test' validation items too; these are never
            counted as the user's own.
        length: items of a list.

    Returns:
        `user`, `item` (keys) and `rank` from 1; a user with nothing similar has no line.

    Raises:
        NotFoundError: the run has no such edges.
        DataError: its edges lead to other items than the snapshot's.
    """
    similar = similarity_matrix(store, snapshot, run)
    train = _matrix(snapshot.interactions["train"], snapshot)
    known = train + _matrix(snapshot.interactions["valid"], snapshot) if part == "test" else train
    frames = []
    for first in range(0, snapshot.num_users, BLOCK_USERS):
        rows = slice(first, first + BLOCK_USERS)
        scores = (train[rows] @ similar).toarray()
        scores[known[rows].nonzero()] = 0
        frames.append(_ranked(scores, first, length))
    found = pd.concat(frames, ignore_index=True)
    users, items = snapshot.users["key"].to_numpy(), snapshot.entities["key"].to_numpy()
    return pd.DataFrame({"user": users[found["user"]], "item": items[found["item"]], "rank": found["rank"]})


def similarity_matrix(store: Store, snapshot: Snapshot, run: str) -> sp.csr_array:
    """Read the similarities of a run: [V, V], row i holds those of the items that are listed with item i."""
    dataset = snapshot.manifest.dataset
    blocks = store.read("export/entity_blocks", dataset=dataset, block=BLOCK)
    parts = ranges((block["block"], block["nodes"], block["outgoing"]) for block in blocks)
    found = list(store.columns("export/similar_items", parts, dataset=dataset, run=run))
    heads, tails, scores = (
        np.array([value for part in found for value in part[name]]) for name in ("heads", "tails", "scores")
    )
    if not len(heads):
        raise NotFoundError(f"no items are similar by the run '{run}'", where=dataset, hint="spikegraph runs list NAME")
    rows = rows_of(store, snapshot).entities
    starts, ends = rows[heads.astype(np.int64)], rows[tails.astype(np.int64)]
    if min(starts.min(), ends.min()) < 0:
        raise DataError(
            "holds not all of the items that are similar", where=str(snapshot.folder or dataset), hint="export again"
        )
    return sp.csr_array((scores.astype(np.float64), (starts, ends)), shape=(snapshot.num_items,) * 2)


def _ranked(scores: np.ndarray[tuple[int, int], np.dtype[np.float64]], first: int, length: int) -> pd.DataFrame:
    """Order the positive scores of each row; equal ones by the row of the item."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :length]
    users, ranks = np.nonzero(np.take_along_axis(scores, order, axis=1) > 0)
    return pd.DataFrame({"user": users + first, "item": order[users, ranks], "rank": ranks + 1})


def _matrix(pairs: IntArray, snapshot: Snapshot) -> sp.csr_array:
    ones = np.ones(pairs.shape[1])
    return sp.csr_array((ones, (pairs[0], pairs[1])), shape=(snapshot.num_users, snapshot.num_items))
