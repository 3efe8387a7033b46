"""What a trained model gives back to the graph: ranked lists, similarities and vectors of one run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from export.snapshot import FloatArray, IntArray, Snapshot
from spikegraph.errors import DataError

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")


@dataclass(frozen=True, eq=False)
class Ranked:
    """Ranked lists, best first.

    Attributes:
        rows: int64 [n, k] rows of what is listed; -1 where a list is shorter than k.
        scores: float32 [n, k] the scores, finite wherever `rows` is not -1.
    """

    rows: IntArray
    scores: FloatArray

    @property
    def total(self) -> int:
        """The number of listed pairs."""
        return int((self.rows >= 0).sum())


@dataclass(frozen=True, eq=False)
class Results:
    """The results of one run, by the rows of its snapshot.

    Attributes:
        run_id: names the run in the graph, unique over all data sets.
        model: the model's name.
        config: everything the run was configured with, as JSON takes it.
        metrics: `{'valid': {'recall@20': …}, 'test': {…}}`.
        snapshot_hash: the content hash of the snapshot it was trained on.
        protocol: `honest` or `test-selected`.
        seed: the seed of the run.
        recommendations: for each user rows of items, or None for a run that is a similarity only.
        similar_items: for each item rows of items, or None.
        similar_users: for each user rows of users, or None.
        user_vectors: float32 [U, d], or None.
        item_vectors: float32 [V, d], or None.
    """

    run_id: str
    model: str
    config: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, float]]
    snapshot_hash: str
    protocol: str
    seed: int
    recommendations: Ranked | None
    similar_items: Ranked | None = None
    similar_users: Ranked | None = None
    user_vectors: FloatArray | None = None
    item_vectors: FloatArray | None = None

    def content_hash(self) -> str:
        """Hash what would be written: equal for equal lists, similarities and vectors."""
        digest = hashlib.sha256(self.snapshot_hash.encode())
        for name, array in self._arrays():
            digest.update(f"{name}{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def named(self, dataset: str) -> Results:
        """Give the results with an id that says data set, model and content."""
        return replace(self, run_id=f"{dataset}-{self.model}-{self.content_hash()[:10]}")

    def _arrays(self) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
        for name in ("recommendations", "similar_items", "similar_users"):
            ranked: Ranked | None = getattr(self, name)
            if ranked is not None:
                yield f"{name}_rows", ranked.rows
                yield f"{name}_scores", ranked.scores
        for name in ("user_vectors", "item_vectors"):
            if getattr(self, name) is not None:
                yield name, getattr(self, name)


def check(results: Results, snapshot: Snapshot) -> None:
    """See that results and snapshot belong together, before anything is written.

    Raises:
        DataError: another snapshot's results, wrong shapes, rows outside the snapshot, an item twice in a
            list, something similar to itself, or a number that is not finite.
    """
    if not _RUN_ID.fullmatch(results.run_id):
        raise DataError(f"'{results.run_id[:80]}' is no run id", hint="letters, digits and . _ : / -, at most 100")
    if results.snapshot_hash != snapshot.manifest.content_hash:
        raise DataError(
            "the results were made from another snapshot than this one",
            where=f"run '{results.run_id}'",
            hint="give the snapshot that the run was trained on",
        )
    users, items = snapshot.num_users, snapshot.num_items
    _check_ranked(results, "recommendations", users, items)
    _check_ranked(results, "similar_items", items, items)
    _check_ranked(results, "similar_users", users, users)
    _check_vectors(results, "user_vectors", users)
    _check_vectors(results, "item_vectors", items)


def _check_ranked(results: Results, name: str, starts: int, ends: int) -> None:
    ranked: Ranked | None = getattr(results, name)
    if ranked is None:
        return
    rows, scores, where = ranked.rows, ranked.scores, f"run '{results.run_id}': {name}"
    if rows.ndim != 2 or rows.shape != scores.shape or len(rows) != starts:
        raise DataError(f"has the shapes {rows.shape} and {scores.shape}, not [{starts}, k] twice", where=where)
    if rows.size and (rows.min() < -1 or rows.max() >= ends):
        raise DataError(f"names rows outside 0..{ends - 1}", where=where)
    if not np.isfinite(scores[rows >= 0]).all():
        raise DataError("has a score that is no finite number", where=where)
    ordered = np.sort(rows, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise DataError("lists the same row twice", where=where)
    if name != "recommendations" and (rows == np.arange(starts)[:, None]).any():
        raise DataError("names something similar to itself", where=where)


def _check_vectors(results: Results, name: str, rows: int) -> None:
    vectors: FloatArray | None = getattr(results, name)
    if vectors is None:
        return
    where = f"run '{results.run_id}': {name}"
    if vectors.ndim != 2 or len(vectors) != rows:
        raise DataError(f"has the shape {vectors.shape}, not [{rows}, d]", where=where)
    if not np.isfinite(vectors).all():
        raise DataError("holds a number that is not finite", where=where)


def run_properties(results: Results, snapshot: Snapshot) -> dict[str, Any]:
    """Give the properties of the run's node: what it was, and each metric as `test_recall_20`."""
    metrics = {
        re.sub(r"[^A-Za-z0-9]+", "_", f"{split}_{metric}"): float(value)
        for split, values in results.metrics.items()
        for metric, value in values.items()
    }
    return {
        **metrics,
        "model": results.model,
        "config": json.dumps(dict(results.config), sort_keys=True, ensure_ascii=False, default=str),
        "metrics": json.dumps({split: dict(values) for split, values in results.metrics.items()}, sort_keys=True),
        "snapshot": results.snapshot_hash,
        "split_id": snapshot.manifest.split_id,
        "profile_run": snapshot.manifest.profile_run,
        "protocol": results.protocol,
        "seed": results.seed,
        "list_length": 0 if results.recommendations is None else int(results.recommendations.rows.shape[1]),
        "results_hash": results.content_hash(),
    }
