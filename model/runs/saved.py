"""Models of a run folder, as they were saved."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from export.snapshot import Snapshot, Split, load_snapshot
from model.device import find_device
from model.fit import BEST
from model.interactions import Interactions
from model.recommender import Recommender
from model.registry import build, configure
from model.runs.checkpoint import load_weights
from model.runs.run_folder import IMPORTED, RunFolder, RunRecord, snapshot_hash
from spikegraph.errors import DataError, UsageError

Weights = Literal["best", "final", "all"]
"""`best`: trained on train, epoch chosen on validation. `final`: refitted on train + validation.
`all`: refitted on everything, for production only."""

FOLDERS: dict[Weights, str] = {"best": ".", "final": "refit", "all": "refit-all"}
SPLITS_OF: dict[Weights, tuple[Split, ...]] = {
    "best": ("train",),
    "final": ("train", "valid"),
    "all": ("train", "valid", "test"),
}


def newest_weights(record: RunRecord) -> Weights:
    """Tell which weights a run would go into production with: those that saw most."""
    kinds: list[Weights] = [kind for kind in get_args(Weights) if kind == "best" or kind in record.refits]
    return kinds[-1]


def open_run(run_folder: Path, snapshot: Snapshot | None = None) -> tuple[RunFolder, RunRecord, Snapshot]:
    """Open a finished run with its snapshot (found where it was at training, if none is given).

    Raises:
        DataError: no run folder, or the snapshot is not there any more.
        UsageError: the training is not finished, this is another snapshot, or the run has lists but no model.
    """
    folder = RunFolder(run_folder)
    record = folder.read()
    if record.state != "trained":
        raise UsageError("is not trained to its end", where=str(run_folder), hint="go on with it: train --resume")
    if record.stopped == IMPORTED:
        raise UsageError("holds lists that were made elsewhere, no model", where=str(run_folder))
    if snapshot is None:
        if record.snapshot_folder is None:
            raise DataError("does not know where its snapshot is", where=str(run_folder))
        snapshot = load_snapshot(Path(record.snapshot_folder))
    if snapshot_hash(snapshot) != record.identity.snapshot:
        raise UsageError(
            "was trained on another snapshot", where=str(run_folder), hint="give the one it was trained on"
        )
    return folder, record, snapshot


def load_recommender(
    folder: RunFolder, record: RunRecord, snapshot: Snapshot, weights: Weights, device: str = "auto"
) -> Recommender:
    """Build a run's model and load these weights into it.

    Raises:
        DataError: the run has no such weights.
    """
    identity = record.identity
    _, options, _ = configure(identity.model, identity.preset, identity.model_options, identity.train_options)
    interactions = Interactions.from_snapshot(snapshot, SPLITS_OF[weights])
    recommender = build(
        identity.model, options, snapshot, interactions, identity.seed, find_device(device), identity.control
    )
    load_weights(folder.path / FOLDERS[weights] / BEST, recommender)
    return recommender
