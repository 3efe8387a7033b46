"""Refitting a finished run on more of the data, with the number of epochs that was chosen."""

from __future__ import annotations

import time
from typing import Literal

from export.snapshot import Snapshot
from model.device import few_threads, find_device
from model.distributed.group import ALONE, Group
from model.failures import limits_named
from model.fit import fit
from model.interactions import Interactions
from model.registry import build, configure
from model.runs.run_folder import RunFolder, RunRecord
from model.runs.saved import FOLDERS, SPLITS_OF
from spikegraph.logs import get_logger

log = get_logger(__name__)


def refit(
    folder: RunFolder,
    record: RunRecord,
    snapshot: Snapshot,
    weights: Literal["final", "all"],
    device: str = "auto",
    group: Group = ALONE,
) -> RunRecord:
    """Train the run's model anew on train + validation, or on everything, unless that was done.

    An interrupted refit goes on where it was. Weights of `all` have seen the test part: they are for
    production, and no metric is ever computed with them.

    Args:
        folder: of the run.
        record: of the run.
        snapshot: what it was trained on.
        weights: which ones to make.
        device: 'auto', 'cpu' or 'cuda'.
        group: the processes that train together, all of which call this; the first one writes.

    Returns:
        the record with the refit noted, as written to the folder.

    Raises:
        UsageError: the loss is no number any more.
        LimitReachedError: memory or disk ran out.
    """
    if weights in record.refits:
        return record
    started = time.perf_counter()
    identity = record.identity
    _, options, training = configure(identity.model, identity.preset, identity.model_options, identity.train_options)
    splits = tuple(split for split in SPLITS_OF[weights] if snapshot.interactions[split].shape[1])
    epochs = record.chosen_epochs or training.fixed_epochs
    log.info("refits", on=" + ".join(splits), epochs=record.chosen_epochs)
    target, place = folder.path / FOLDERS[weights], find_device(device)
    with few_threads(), limits_named(target):
        interactions = Interactions.from_snapshot(snapshot, splits)
        recommender = build(identity.model, options, snapshot, interactions, identity.seed, place, identity.control)
        fit(recommender, interactions, training, target, identity.seed, epochs, None, group=group)
    name = "refit" if weights == "final" else "refit all"
    record = record.model_copy(
        update={
            "refits": {**record.refits, weights: splits},
            "seconds": {**record.seconds, name: time.perf_counter() - started},
        }
    )
    group.first(lambda: folder.write(record))
    return record
