"""Small finished runs of one snapshot, to be compared."""

from __future__ import annotations

from pathlib import Path

from export.snapshot import Snapshot
from model.evaluate import evaluate
from model.train import train
from tests.support.snapshots import random_snapshot


def small_runs(folder: Path, *, final: bool = True, **shape: int) -> Snapshot:
    """Train popularity, EASE and two seeds of LightGCN into `folder/runs`, their snapshot in `folder/snapshot`."""
    snapshot = random_snapshot(**shape).save(folder / "snapshot")
    for model, seed in (("popularity", 0), ("ease", 0), ("lightgcn", 0), ("lightgcn", 1)):
        run = folder / "runs" / f"{model}-{seed}"
        options = {"dimensions": 4} if model == "lightgcn" else {}
        steps = {"epochs": 4, "evaluate_every": 2}
        train(snapshot, run, model=model, seed=seed, model_config=options, train_config=steps, device="cpu")
        if final:
            evaluate(run, final=True, device="cpu")
    return snapshot
