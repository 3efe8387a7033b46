"""What a run gives to the graph: lists, similarities, vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from export.snapshot import Snapshot
from model.device import few_threads
from model.interactions import Interactions
from model.recommender import Recommender
from model.refit import refit
from model.retrieval import similar_rows, top_items
from model.runs.run_folder import RunRecord
from model.runs.saved import SPLITS_OF, Weights, load_recommender, newest_weights, open_run
from model.types import Ranking


@dataclass(frozen=True, eq=False)
class RunResults:
    """The results of a run, in rows of its snapshot.

    Attributes:
        record: the run.
        weights: which weights they come from.
        recommendations: per user, item rows he has no interaction with in the splits these weights saw.
        similar_items, similar_users: nearest others; None where the model does not say which are alike.
        user_vectors, item_vectors: float32 [U, d] and [V, d], or None.
    """

    record: RunRecord
    weights: Weights
    recommendations: Ranking
    similar_items: Ranking | None
    similar_users: Ranking | None
    user_vectors: npt.NDArray[np.float32] | None
    item_vectors: npt.NDArray[np.float32] | None


def run_results(
    run_folder: Path,
    snapshot: Snapshot | None = None,
    *,
    top_n: int = 20,
    similar: int = 20,
    weights: Weights | None = None,
    device: str = "auto",
) -> RunResults:
    """Compute the results of a finished run.

    Args:
        run_folder: the run.
        snapshot: what it was trained on; None finds it where it was.
        top_n: length of the recommendation lists.
        similar: length of the similarity lists.
        weights: None takes those that saw most; 'all' is refitted now if it was not yet.
        device: 'auto', 'cpu' or 'cuda'.
    """
    folder, record, snapshot = open_run(run_folder, snapshot)
    weights = weights or newest_weights(record)
    if weights != "best":
        record = refit(folder, record, snapshot, weights, device)
    recommender = load_recommender(folder, record, snapshot, weights, device)
    return results_of(recommender, record, snapshot, weights, top_n=top_n, similar=similar)


def results_of(
    recommender: Recommender, record: RunRecord, snapshot: Snapshot, weights: Weights, *, top_n: int, similar: int
) -> RunResults:
    """Compute the results of a run's model over a snapshot: the one it was trained on, or a newer one."""
    with few_threads():
        embeddings = recommender.encode()
        seen = Interactions.from_snapshot(snapshot, SPLITS_OF[weights])
        lists = top_items(embeddings, seen, top_n)
        similar_items = recommender.similar_items(similar, embeddings)
        points = recommender.vectors(embeddings)
        if points is None:
            return RunResults(record, weights, lists, similar_items, None, None, None)
        similar_users = similar_rows(points.users, similar)
    vectors = [part.cpu().numpy().astype(np.float32, copy=False) for part in points]
    return RunResults(record, weights, lists, similar_items, similar_users, vectors[0], vectors[1])
