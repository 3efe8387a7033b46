"""The time to the released training's best validation score on Last.FM, beside the time that the release takes.

The release would train for hours here, so its way is put together from two parts. Its scores are those of our
preset `code`, which computes the same (`tests/model/test_official.py` holds both to equal losses, gradients and
noise), followed for a bounded number of epochs and read after every one. Its seconds are those of the rendering in
`benchmarks.official`: an epoch's negatives and a few steps with their loader are timed on the same snapshot, and
multiplied by the epochs that the best score took; its evaluations are not counted. Ours is measured from beginning to
end, building and readings included, until a reading is as high. Both on one thread, in processor seconds.

Epochs that are followed: OFFICIAL_EPOCHS in the environment. More epochs raise the score that has to be reached.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.data import data_folder
from benchmarks.from_tables import snapshot_of
from benchmarks.official.data import Data
from benchmarks.official.model import OfficialSpike
from benchmarks.official.training import Pairs, optimiser_of, step
from benchmarks.result import Row, less_is_better
from benchmarks.timing import one_thread, seconds
from export.snapshot import Snapshot
from ingest.readers import read
from model.interactions import Interactions
from model.train import train
from model.types import SELECTION_METRIC

EPOCHS = 6
"""Followed where the environment says nothing."""
STEPS = 5
"""Steps of the release that are timed."""
TEXT_DIMENSIONS = 256
AT_LEAST = 10.0
OURS: Mapping[str, dict[str, Any]] = {
    "recommended": {},
    "recommended with a softmax over all items and users that send messages": {
        "model_config": {
            "objective": "softmax",
            "dimensions": 128,
            "users_send_messages": True,
            "matching_weight": 0.0,
        },
        "train_config": {"batch_size": 512},
    },
}
"""What is timed: options on top of the preset `recommended`."""


@dataclass
class Watch:
    """Keeps the best reading, and ends the training once it is as good as what is wanted."""

    wanted: float = float("inf")
    best: float = -1.0
    epoch: int = 0
    seconds: float = 0.0
    """Processor seconds of the process at the best reading."""

    def __call__(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Take a reading."""
        if metrics[SELECTION_METRIC] > self.best:
            self.best, self.epoch = metrics[SELECTION_METRIC], epoch
            self.seconds = time.process_time()
        if self.best >= self.wanted:
            raise Reached


class Reached(Exception):  # noqa: N818  # no error
    """The score is reached."""


def run() -> list[Row]:
    """Follow the release, then train ours until they are as good."""
    epochs = int(os.environ.get("OFFICIAL_EPOCHS", EPOCHS))
    snapshot = snapshot_of(read("lastfm", data_folder("lastfm-llm")), "lastfm", TEXT_DIMENSIONS)
    with one_thread():
        watch = Watch()
        code = _trained(snapshot, watch, preset="code", train_config=_schedule(epochs))
        an_epoch = official_epoch_seconds(snapshot)
        released = watch.epoch * an_epoch
        what = f"best validation recall@20 ({watch.best:.4f}, epoch {watch.epoch}) in {epochs} epochs as released"
        followed = f"Last.FM, CPU seconds of one thread for the {epochs} epochs, each read: preset code"
        rows = [
            Row(f"Last.FM, {what}", watch.best, None, None, None, holds=True),
            Row(followed, code, epochs * an_epoch, epochs * an_epoch / code, None, holds=True),
        ]
        rows += [_row(snapshot, name, watch.best, released) for name in OURS]
        return [*rows, _own_best(snapshot, epochs * an_epoch)]


def official_epoch_seconds(snapshot: Snapshot) -> float:
    """Time the negatives of an epoch and a few steps of the rendering, and give the seconds of an epoch."""
    model = OfficialSpike(Data.from_snapshot(snapshot, Interactions.from_snapshot(snapshot, ["train"])))
    optimiser, pairs = optimiser_of(model), Pairs(model)
    negatives = seconds(pairs.draw_negatives)
    batches = islice(pairs.batches(model.settings.batch_size, model.draws.torch), STEPS)
    steps = seconds(lambda: [step(model, optimiser, batch) for batch in batches]) - negatives
    return negatives + steps / STEPS * -(-len(pairs) // model.settings.batch_size)


def _row(snapshot: Snapshot, name: str, wanted: float, released: float) -> Row:
    watch = Watch(wanted)
    options = {**OURS[name], "train_config": {**OURS[name].get("train_config", {}), "evaluate_every": 1}}
    taken = _trained(snapshot, watch, **options)
    what = f"Last.FM, CPU seconds of one thread to the release's best recall@20 ({wanted:.4f}), {name}"
    row = less_is_better(f"{what}: {watch.best:.4f} after epoch {watch.epoch}", taken, released, AT_LEAST)
    return row if watch.best >= wanted else Row(row.what, taken, released, row.ratio, AT_LEAST, holds=False)


def _own_best(snapshot: Snapshot, released: float) -> Row:
    """Train ours to its own best: what the release has not reached in its epochs takes it longer than these."""
    watch, started = Watch(), time.process_time()
    _trained(snapshot, watch)
    taken = watch.seconds - started
    what = f"Last.FM, CPU seconds of one thread, recommended to its own best recall@20 ({watch.best:.4f}, epoch"
    what += f" {watch.epoch}), beside all followed epochs as released, which did not reach it"
    return Row(what, taken, released, released / taken, None, holds=True)


def _trained(snapshot: Snapshot, watch: Watch, **options: Any) -> float:
    """Train until the watch has seen enough, and give the processor seconds."""
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder, suppress(Reached):
        train(snapshot, Path(folder) / "run", device="cpu", on_reading=watch, **options)
    return time.process_time() - started


def _schedule(epochs: int) -> dict[str, Any]:
    return {"epochs": epochs, "evaluate_every": 1, "patience": epochs + 1}
