"""A run folder: all that a training left, enough to resume exactly, evaluate and write back.

run.json              what was trained on what, how, and what came of it (`RunRecord`)
log.jsonl             one line an epoch
state.safetensors     where training stands: weights, optimiser, generator, early stopping
best.safetensors      the weights of the best epoch on validation
per_user_valid.parquet, per_user_test.parquet
lists_valid.npz, lists_test.npz  the ranked lists that those metrics were measured on
refit/                the same files of the refit on train + validation (`refit-all/`: on everything)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from export.snapshot import Snapshot
from model.types import Protocol
from spikegraph.errors import DataError, UsageError
from spikegraph.files import replace_text

FORMAT = 1
"""Version of the folder's layout."""
IMPORTED = "imported"
"""Why training 'stopped' in a run that only holds lists from elsewhere."""

UNFINISHED = "run.json.part"
"""What a kill leaves in the first moment of a run; it keeps nobody from the folder."""


class RunIdentity(BaseModel):
    """What a run is: two trainings with equal identities give equal weights (on one kind of machine)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    snapshot: str
    """Content hash of the snapshot."""
    model: str
    preset: str
    seed: int
    protocol: Protocol = "honest"
    control: str = "none"
    """What was changed in the snapshot before the model was built from it (`model.controls`)."""
    model_options: dict[str, Any]
    train_options: dict[str, Any]


class TestReading(BaseModel):
    """One reading of the test part."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    __test__ = False

    at: str
    """UTC, ISO 8601."""
    trained_on: tuple[str, ...]
    """The splits that the weights were trained on."""


class RunRecord(BaseModel):
    """The content of run.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    identity: RunIdentity
    snapshot_folder: str | None = None
    """Where the snapshot was, to find it again."""
    dataset: str
    dataset_version: int
    split_id: str
    split_rule: str = ""
    profile_run: str | None = None
    profile_exposed_to: tuple[str, ...] = ()
    text_embedding: str | None = None
    state: str = "training"
    """'training' (also after an interruption) or 'trained'."""
    chosen_epochs: int | None = None
    """The epoch of the best weights, which a refit repeats; None for a model in closed form."""
    epochs_run: int = 0
    stopped: str = ""
    """Why training ended."""
    metrics: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Means over users: `{"valid": {"recall@20": …}, "test": {…}}`, test only once it was read."""
    test_readings: tuple[TestReading, ...] = ()
    refits: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Refits that are complete: their scope ('final', 'all') and the splits they saw."""
    seconds: dict[str, float] = Field(default_factory=dict)
    """Wall time by step: 'train', 'evaluate', 'refit'."""
    forecast_bytes: int = 0
    """Peak memory as forecast before the start."""
    made_with: dict[str, str] = Field(default_factory=dict)
    """Versions, device and threads."""

    @classmethod
    def of(cls, identity: RunIdentity, snapshot: Snapshot) -> RunRecord:
        """Make the record of a run that begins, without a word on profiles."""
        manifest = snapshot.manifest
        return cls(
            identity=identity,
            snapshot_folder=str(snapshot.folder.resolve()) if snapshot.folder else None,
            dataset=manifest.dataset,
            dataset_version=manifest.dataset_version,
            split_id=manifest.split_id,
            split_rule=manifest.split_rule,
        )

    def summary(self) -> dict[str, Any]:
        """Give the document that `train --json` and `evaluate --json` print."""
        identity = self.identity
        return {
            "dataset": self.dataset,
            "split_id": self.split_id,
            "protocol": identity.protocol,
            "model": identity.model,
            "preset": identity.preset,
            "control": identity.control,
            "seed": identity.seed,
            "metrics": self.metrics,
            "test_readings": len(self.test_readings),
            "profile_exposed_to": list(self.profile_exposed_to),
            "chosen_epochs": self.chosen_epochs,
            "stopped": self.stopped,
            "seconds": round(sum(self.seconds.values()), 2),
        }


class RunFolder:
    """The files of a run; every write replaces the old file whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / "run.json").exists()

    def begin(self, record: RunRecord, *, resume: bool) -> RunRecord:
        """Take the folder for this run.

        Returns:
            the record to go on from: the one found there when resuming, else `record`.

        Raises:
            UsageError: it holds something else, or this run and `resume` was not asked for.
        """
        if not self.exists:
            if self.path.exists() and any(file.name != UNFINISHED for file in self.path.iterdir()):
                raise UsageError("is not empty and holds no run", where=str(self.path), hint="choose another folder")
            self.write(record)
            return record
        found = self.read()
        if found.identity != record.identity:
            raise UsageError(
                f"holds another run: {_difference(found.identity, record.identity)}",
                where=str(self.path),
                hint="choose another folder, or remove this one",
            )
        if not resume:
            raise UsageError("holds this run already", where=str(self.path), hint="go on with it: --resume")
        return found

    def read(self) -> RunRecord:
        """Read run.json.

        Raises:
            DataError: there is none, or it is not one that can be read.
        """
        file = self.path / "run.json"
        try:
            return RunRecord.model_validate_json(file.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise DataError(
                f"is not a run folder that can be read: {error}",
                where=str(self.path),
                hint="spikegraph train SNAPSHOT --to RUN",
            ) from error

    def write(self, record: RunRecord) -> None:
        """Replace run.json."""
        self.path.mkdir(parents=True, exist_ok=True)
        replace_text(self.path / "run.json", record.model_dump_json(indent=2) + "\n")

    def write_per_user(self, split: str, values: pd.DataFrame) -> None:
        """Replace the metrics per user of a split."""
        target = self.path / f"per_user_{split}.parquet"
        values.to_parquet(target.with_suffix(".part"), index=False)
        target.with_suffix(".part").replace(target)

    def per_user(self, split: str) -> pd.DataFrame:
        """Read the metrics per user of a split: `user` (row), `key`, and one column a metric.

        Raises:
            DataError: that split was not evaluated.
        """
        file = self.path / f"per_user_{split}.parquet"
        if not file.exists():
            raise DataError(f"has no metrics of {split}", where=str(self.path), hint="spikegraph evaluate RUN")
        return pd.read_parquet(file)

    def write_lists(self, split: str, users: npt.NDArray[np.int64], items: npt.NDArray[np.int64]) -> None:
        """Replace the ranked lists of a split.

        Args:
            split: the part whose users are ranked for.
            users: [n] user rows of the snapshot.
            items: [n, k] item rows of the snapshot, best first, -1 where a list is shorter.
        """
        part = self.path / f"lists_{split}.part"
        with part.open("wb") as file:
            np.savez_compressed(file, users=users.astype(np.int32), items=items.astype(np.int32))
        part.replace(part.with_suffix(".npz"))

    def lists(self, split: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]] | None:
        """Read the ranked lists of a split: users [n] and items [n, k]; None where there are none.

        Raises:
            DataError: the file cannot be read.
        """
        file = self.path / f"lists_{split}.npz"
        if not file.exists():
            return None
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return arrays["users"], arrays["items"]
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise DataError(f"cannot be read: {error}", where=str(file), hint="spikegraph evaluate RUN") from error


def snapshot_hash(snapshot: Snapshot) -> str:
    """Give the snapshot's content hash, computed where the manifest has none (a snapshot never saved)."""
    return snapshot.manifest.content_hash or snapshot.content_hash()


class EpochLog:
    """log.jsonl: one line an epoch; lines after the epoch that is resumed from are dropped."""

    def __init__(self, path: Path, *, keep_until: int = 0) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        replace_text(path, "".join(line for line in lines if _epoch_of(line) <= keep_until))

    def append(self, epoch: int, **values: float) -> None:
        """Add the line of an epoch."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"epoch": epoch, **values}) + "\n")


def _epoch_of(line: str) -> float:
    try:
        return float(json.loads(line)["epoch"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _difference(found: RunIdentity, wanted: RunIdentity) -> str:
    old, new = found.model_dump(), wanted.model_dump()
    return "; ".join(f"{key} is {old[key]!r}, not {new[key]!r}" for key in old if old[key] != new[key])
