"""A trained run over a newer snapshot: its weights as they are, who is new in it, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.snapshot import IntArray, Snapshot
from model.controls import NO_CONTROL
from model.device import few_threads
from model.fold_in import KnownRows
from model.interactions import Interactions
from model.runs.results import RunResults, results_of
from model.runs.saved import SPLITS_OF, load_recommender, newest_weights, open_run
from spikegraph.errors import UsageError


@dataclass(frozen=True, eq=False)
class FoldedIn:
    """A run's results over a newer snapshot.

    Attributes:
        results: in rows of the newer snapshot.
        new_users: int64, rows of the users that the run was not trained on.
        new_items: int64, rows of such items.
        gone: how many of the users and items that it was trained on are not there any more.
    """

    results: RunResults
    new_users: IntArray
    new_items: IntArray
    gone: int


def fold_in(
    run_folder: Path,
    newer: Snapshot,
    snapshot: Snapshot | None = None,
    *,
    top_n: int = 20,
    similar: int = 20,
    device: str = "auto",
) -> FoldedIn:
    """Encode a newer snapshot with the weights of a run; nothing is trained.

    Args:
        run_folder: the run; its weights that saw most are used.
        newer: a later export of the same data set, with users or items that the run has not seen.
        snapshot: what it was trained on; None finds it where it was.
        top_n: length of the recommendation lists.
        similar: length of the similarity lists.
        device: 'auto', 'cpu' or 'cuda'.

    Raises:
        UsageError: the snapshots are of two data sets, the run is a control, or its model cannot fold in.
    """
    folder, record, older = open_run(run_folder, snapshot)
    if newer.manifest.dataset != record.dataset:
        raise UsageError(
            f"is of the data set '{newer.manifest.dataset}', the run of '{record.dataset}'",
            where=str(newer.folder or "the newer snapshot"),
        )
    if record.identity.control != NO_CONTROL:
        raise UsageError(f"is a control ({record.identity.control}), made to be compared only", where=str(run_folder))
    weights, known = newest_weights(record), KnownRows.between(older, newer)
    trained = load_recommender(folder, record, older, weights, device)
    heard = Interactions.from_snapshot(newer, SPLITS_OF[weights])
    with few_threads():
        model = trained.fold_in(newer, heard, known)
    results = results_of(model, record, newer, weights, top_n=top_n, similar=similar)
    items = known.items(newer.num_items)
    kept = int((items >= 0).sum()) + len(known.users) - len(known.new_users)
    return FoldedIn(
        results=results,
        new_users=known.new_users.numpy(),
        new_items=np.flatnonzero(items.numpy() < 0),
        gone=older.num_users + older.num_items - kept,
    )
