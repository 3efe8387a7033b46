"""Ranked lists that were made elsewhere, as a run folder: measured by the same code as every other run."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from export.snapshot import IntArray, Snapshot, Split
from model.interactions import Interactions, contains
from model.runs.lists import RankedLists, keep_lists
from model.runs.run_folder import IMPORTED, RunFolder, RunIdentity, RunRecord, TestReading, snapshot_hash
from model.runs.saved import SPLITS_OF
from model.types import CUTOFFS
from spikegraph.errors import DataError, UsageError
from spikegraph.logs import get_logger

log = get_logger(__name__)

COLUMNS = ("user", "item", "rank")
HINT = "columns: user and item (keys of the snapshot), rank (1 is the best); see docs/comparing.md"


def import_lists(
    snapshot: Snapshot, file: Path, run_folder: Path, *, name: str, part: Split = "valid", seed: int = 0
) -> RunRecord:
    """Measure a file of lists and keep them as a run.

    Args:
        snapshot: whose held-out items they are measured on.
        file: `.parquet`, `.csv` or `.tsv` with the columns `user`, `item` and `rank`; ranks of a user are 1, 2, ….
            Users without held-out items are left out; users without a list get an empty one.
        run_folder: new or empty, or one of the same name, seed and snapshot that gets another part.
        name: what the lists are called.
        part: 'valid', or 'test', whose reading is noted.
        seed: of the model that made them.

    Raises:
        DataError: a line that is wrong, named with the file; nothing is written.
        UsageError: the folder holds another run, or the snapshot has no such part.
    """
    if part not in ("valid", "test") or not snapshot.interactions[part].shape[1]:
        raise UsageError(f"the snapshot has no {part} part to measure on", where=str(snapshot.folder or name))
    lists = _read(file, snapshot, part)
    relevant = Interactions.from_snapshot(snapshot, [part])
    folder = RunFolder(run_folder)
    record = folder.begin(_record(snapshot, name, seed), resume=True)
    metrics = {**record.metrics, part: keep_lists(folder, part, lists, relevant, snapshot)}
    made_with = {**record.made_with, f"lists {part}": hashlib.sha256(file.read_bytes()).hexdigest()}
    record = record.model_copy(update={"metrics": metrics, "made_with": made_with})
    if part == "test":
        now = datetime.now(UTC).isoformat(timespec="seconds")
        reading = TestReading(at=now, trained_on=_seen(snapshot, part))
        record = record.model_copy(update={"test_readings": (*record.test_readings, reading)})
    folder.write(record)
    return record


def _record(snapshot: Snapshot, name: str, seed: int) -> RunRecord:
    identity = RunIdentity(
        snapshot=snapshot_hash(snapshot), model=name, preset=IMPORTED, seed=seed, model_options={}, train_options={}
    )
    return RunRecord.of(identity, snapshot).model_copy(update={"state": "trained", "stopped": IMPORTED})


def _seen(snapshot: Snapshot, part: Split) -> tuple[Split, ...]:
    """Give what lists of this part may not show: what a model for it was trained on."""
    splits = SPLITS_OF["final" if part == "test" else "best"]
    return tuple(split for split in splits if snapshot.interactions[split].shape[1])


def _read(file: Path, snapshot: Snapshot, part: Split) -> RankedLists:
    frame = _frame(file)
    users = _rows(frame["user"], snapshot.users["key"], "user", file)
    items = _rows(frame["item"], snapshot.entities["key"].iloc[: snapshot.num_items], "item", file)
    ranks = _ranks(frame["rank"], file)
    _refuse(frame.duplicated(["user", "rank"]), "gives a user two items of one rank", file)
    _refuse(frame.duplicated(["user", "item"]), "gives a user one item twice", file)
    longest = pd.Series(users).groupby(users).transform("size").to_numpy()
    _refuse(ranks > longest, "leaves out a rank before this one", file)
    seen = Interactions.from_snapshot(snapshot, _seen(snapshot, part))
    known = contains(seen.keys, seen.keys.new_tensor(users * snapshot.num_items + items)).numpy()
    _refuse(known, f"shows the user an item of {' or '.join(_seen(snapshot, part))}", file)
    return _lists(users, items, ranks, np.unique(snapshot.interactions[part][0]), snapshot.num_users)


def _lists(users: IntArray, items: IntArray, ranks: IntArray, measured: IntArray, num_users: int) -> RankedLists:
    """Put the lines into one list for every measured user."""
    line_of = np.full(num_users, -1)
    line_of[measured] = np.arange(len(measured))
    chosen = (line_of[users] >= 0) & (ranks <= max(CUTOFFS))
    table = np.full((len(measured), max(CUTOFFS)), -1, dtype=np.int64)
    table[line_of[users[chosen]], ranks[chosen] - 1] = items[chosen]
    empty = int((table[:, 0] < 0).sum())
    if empty:
        log.warning("users without a list are measured as having an empty one", users=empty)
    return RankedLists(measured.astype(np.int64), table)


def _frame(file: Path) -> pd.DataFrame:
    try:
        if file.suffix == ".parquet":
            frame = pd.read_parquet(file)
        elif file.suffix in (".csv", ".tsv"):
            frame = pd.read_csv(file, sep="\t" if file.suffix == ".tsv" else ",", dtype=str, keep_default_na=False)
        else:
            raise UsageError("is no .parquet, .csv or .tsv", where=str(file), hint=HINT)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"cannot be read: {error}", where=str(file), hint=HINT) from error
    missing = [column for column in COLUMNS if column not in frame]
    if missing:
        raise DataError(f"has no column {', '.join(missing)}", where=str(file), hint=HINT)
    return frame


def _rows(keys: pd.Series, known: pd.Series, what: str, file: Path) -> IntArray:
    rows: IntArray = pd.Index(known).get_indexer(pd.Index(keys))
    for place in np.flatnonzero(rows < 0)[:1]:
        _refuse(rows < 0, f"names the {what} '{keys.iloc[place]}', which the snapshot does not have", file)
    return rows


def _ranks(column: pd.Series, file: Path) -> IntArray:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    _refuse(~(numbers >= 1) | (numbers != np.floor(numbers)), "has a rank that is no whole number from 1", file)
    return numbers.astype(np.int64)


def _refuse(wrong: npt.NDArray[np.bool_] | pd.Series, reason: str, file: Path) -> None:
    """Refuse the file by its first wrong line; a parquet file has rows, counted from 1, and no head line."""
    places = np.flatnonzero(wrong)
    if len(places):
        line = int(places[0]) + (1 if file.suffix == ".parquet" else 2)
        raise DataError(reason, where=f"{file.name}:{line}", hint=HINT)
