"""Evaluating a run: on validation with the best weights, on test once, after the refit."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from export.snapshot import Snapshot, Split
from model.device import few_threads, find_device
from model.distributed.group import Group, group_on
from model.distributed.ranking import lists_together
from model.failures import limits_named
from model.interactions import Interactions
from model.refit import refit
from model.runs.lists import RankLists, keep_lists, rank_lists
from model.runs.run_folder import RunFolder, RunRecord, TestReading
from model.runs.saved import SPLITS_OF, Weights, load_recommender, open_run
from spikegraph.errors import UsageError
from spikegraph.logs import get_logger

log = get_logger(__name__)


def evaluate(
    run_folder: Path,
    snapshot: Snapshot | None = None,
    *,
    final: bool = False,
    device: str = "auto",
    rank: RankLists = rank_lists,
) -> RunRecord:
    """Measure a finished run and write what was found into its folder.

    Without `final`: validation, with the weights of the chosen epoch. With it: the model is refitted on
    train + validation for the chosen number of epochs (once), then the test part is read and the reading
    noted; a run whose test part was read more than once says so.

    Args:
        run_folder: a finished run.
        snapshot: what it was trained on; None finds it where it was.
        final: read the test part.
        device: 'auto', 'cpu' or 'cuda'.
        rank: makes the lists, here or with the help of workers.

    Raises:
        UsageError: the run is not finished, or the snapshot has no such part.
        DataError: a folder is missing or damaged.
    """
    folder, record, snapshot = open_run(run_folder, snapshot)
    split: Split = "test" if final else "valid"
    if not snapshot.interactions[split].shape[1]:
        raise UsageError(
            f"the snapshot has no {split} part to evaluate on",
            where=str(snapshot.folder or record.dataset),
            hint="ingest with a split, then export again",
        )
    place = find_device(device)
    with few_threads(), limits_named(run_folder), group_on(place) as group:
        if not final:
            return _measure(folder, record, snapshot, "best", split, device, group, rank)
        if snapshot.interactions["valid"].shape[1]:
            record = refit(folder, record, snapshot, "final", device, group)
        weights: Weights = "final" if "final" in record.refits else "best"
        record = group.first(lambda: _note_reading(folder, record, weights))
        return _measure(folder, record, snapshot, weights, split, device, group, rank)


def _measure(
    folder: RunFolder,
    record: RunRecord,
    snapshot: Snapshot,
    weights: Weights,
    split: Split,
    device: str,
    group: Group,
    rank: RankLists,
) -> RunRecord:
    started = time.perf_counter()
    recommender = load_recommender(folder, record, snapshot, weights, device)
    seen, relevant = (Interactions.from_snapshot(snapshot, part) for part in (SPLITS_OF[weights], [split]))
    lists = lists_together(group, recommender.encode(), seen, relevant, rank)
    measured = group.first(lambda: keep_lists(folder, split, lists, relevant, snapshot))
    seconds = {**record.seconds, f"evaluate {split}": time.perf_counter() - started}
    record = record.model_copy(update={"metrics": {**record.metrics, split: measured}, "seconds": seconds})
    group.first(lambda: folder.write(record))
    return record


def _note_reading(folder: RunFolder, record: RunRecord, weights: Weights) -> RunRecord:
    """Count the reading before it is done, so that one that is cut off counts too."""
    reading = TestReading(at=datetime.now(UTC).isoformat(timespec="seconds"), trained_on=SPLITS_OF[weights])
    record = record.model_copy(update={"test_readings": (*record.test_readings, reading)})
    if len(record.test_readings) > 1:
        log.warning("the test part was read before", readings=len(record.test_readings), folder=str(folder.path))
    folder.write(record)
    return record
