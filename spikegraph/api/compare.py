"""Comparing runs, and lists that were made elsewhere. Torch and matplotlib are imported inside."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from model.compare.comparison import Comparison
    from model.runs.run_folder import RunRecord

Part = Literal["valid", "test"]


def compare(
    runs: Sequence[Path],
    *,
    part: Part = "valid",
    labels: Mapping[Path, str] | None = None,
    against: str | None = None,
    metrics: Sequence[str] = (),
    cutoff: int = 20,
    snapshots: Sequence[Path] = (),
    seed: int = 0,
    to: Path | None = None,
) -> Comparison:
    """Compare finished runs as they were measured: nothing is trained, ranked or read anew.

    Args:
        runs: run folders, or folders whose sub-folders are runs.
        part: 'valid', or 'test' where every run has its final reading.
        labels: names of groups, by the folder of one of their runs.
        against: the group that the others are tested against; by default the best on validation.
        metrics: those that are shown and tested; recall@20 and ndcg@20 by default.
        cutoff: list length of the results by group and of the lists' properties.
        snapshots: where snapshots are that are no longer where they were at training.
        seed: of the bootstrap.
        to: a folder for `report.html`, `results.md` and `results.csv`.
    """
    from model.compare.comparison import METRICS
    from model.compare.comparison import compare as compare_runs

    found = compare_runs(
        runs,
        part=part,
        labels=labels,
        against=against,
        metrics=tuple(metrics) or METRICS,
        cutoff=cutoff,
        snapshots=snapshots,
        seed=seed,
    )
    if to is not None:
        from model.compare.report import write_report

        words = _words(runs, part, labels or {}, against, metrics, cutoff, snapshots, seed)
        write_report(found, to, shlex.join([*words, "--to", str(to)]))
    return found


def _words(
    runs: Sequence[Path],
    part: str,
    labels: Mapping[Path, str],
    against: str | None,
    metrics: Sequence[str],
    cutoff: int,
    snapshots: Sequence[Path],
    seed: int,
) -> list[str]:
    """Give the command line that repeats a comparison; what has its default is left out."""
    words = ["spikegraph", "compare", *map(str, runs)]
    options: list[tuple[str, object]] = [("--label", f"{path}={label}") for path, label in labels.items()]
    options += [("--metric", metric) for metric in metrics] + [("--snapshot", folder) for folder in snapshots]
    chosen = [("--part", part, "valid"), ("--against", against, None), ("--at", cutoff, 20), ("--seed", seed, 0)]
    options += [(option, value) for option, value, usual in chosen if value != usual]
    return words + [str(word) for option in options for word in option]


def import_lists(
    snapshot: Path, file: Path, folder: Path, *, name: str, part: Part = "valid", seed: int = 0
) -> RunRecord:
    """Make a run folder of ranked lists that were made elsewhere, measured as every other run is.

    Args:
        snapshot: whose held-out items they are measured on.
        file: `.parquet`, `.csv` or `.tsv` with the columns user, item (keys of the snapshot) and rank (from 1).
        folder: the run folder; new, or one of the same name, seed and snapshot that gets another part.
        name: what the lists are called.
        part: the part they are for; 'test' is noted as a reading of test.
        seed: of the model that made them, where it has one.
    """
    from export.snapshot import load_snapshot
    from model.runs.import_lists import import_lists as import_file

    return import_file(load_snapshot(snapshot), file, folder, name=name, part=part, seed=seed)
