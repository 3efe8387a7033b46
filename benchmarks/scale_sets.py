"""One epoch of SPiKE on the two published graphs that are large: its seconds and its memory. Never its quality.

Only their test interactions are public, so these are split anew. The nodes have no texts, so text vectors are
`lsa` of what each node's facts say (see `benchmarks.from_tables`), made before anything is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.data import data_folder
from benchmarks.from_tables import snapshot_of
from benchmarks.result import Row
from export.snapshot import Snapshot
from ingest.readers import read
from ingest.tables import Tables

BATCH_SIZE = 4096
TEXT_DIMENSIONS = 128
GB = 1e9
READING = {"interactions": "test.txt"}


def last_fm() -> list[Row]:
    """Measure on Last-FM of the KGAT line."""
    return _epoch("scale-last-fm-kgat")


def alibaba_ifashion() -> list[Row]:
    """Measure on Alibaba-iFashion of the KGIN line."""
    return _epoch("scale-alibaba-ifashion")


def _epoch(name: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        snapshot = snapshot_of(_tables(name, Path(folder)), name, TEXT_DIMENSIONS)
        options = {"batch_size": BATCH_SIZE, "steps": None}
        measured = in_a_process(snapshot, Path(folder) / "snapshot", options)
    counts, steps = snapshot.manifest.counts, int(measured["steps"])
    nodes = counts["users"] + counts["entities"]
    what = f"{name}, SPiKE recommended: {nodes:,} nodes, {2 * counts['triples']:,} directed edges"
    what += f", {counts['train']:,} interactions"
    seconds = "CPU seconds of one thread"
    return [
        _plain(f"{what}; an epoch of {steps} steps of {BATCH_SIZE}, {seconds}", measured["seconds"]),
        _plain(f"{what}; a step, {seconds}", measured["seconds"] / steps),
        _plain(f"{what}; a reading of validation, {seconds}", measured["reading_seconds"]),
        _plain(f"{what}; peak memory of the process, GB", measured["peak"] / GB),
    ]


def in_a_process(snapshot: Snapshot, folder: Path, options: Mapping[str, Any]) -> dict[str, float]:
    """Save a snapshot and train on it in a process of its own; see `benchmarks.memory_of_training`."""
    chosen = {"model": "spike", "preset": "recommended", "model_options": {}, **options}
    chosen["snapshot"] = str(snapshot.save(folder).folder)
    command = [sys.executable, "-m", "benchmarks.memory_of_training", json.dumps(chosen)]
    done = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, text=True, check=True
    )
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _tables(name: str, work: Path) -> Tables:
    """Read the data set, its graph unpacked beside it where it is zipped."""
    folder = data_folder(name)
    packed = folder / "kg_final.txt.zip"
    if not packed.exists():
        return read("kgat", folder, READING)
    for file in folder.glob("*.txt"):
        (work / file.name).symlink_to(file.resolve())
    with zipfile.ZipFile(packed) as archive:
        member = next(each for each in archive.namelist() if each.endswith("kg_final.txt") and "MACOSX" not in each)
        (work / "kg_final.txt").write_bytes(archive.read(member))
    return read("kgat", work, READING)


def _plain(what: str, value: float) -> Row:
    return Row(what, value, None, None, None, holds=True)
