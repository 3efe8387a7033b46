"""Trainings and refits that are killed at any moment end with the very weights of an undisturbed run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from model.runs.run_folder import RunFolder

ROOT = Path(__file__).parents[2]
TENSORS = ("best.safetensors", "state.safetensors", "refit/best.safetensors", "refit/state.safetensors")
FRAMES = ("per_user_valid.parquet", "per_user_test.parquet", "lists_valid.npz", "lists_test.npz")
SPIKE = {"dimensions": 8, "profile_dimensions": 6}


def killed(folder: Path, model: str, options: dict[str, Any], kind: str, *numbers: int) -> int:
    """Kill and resume runs in FOLDER; give how many were killed."""
    words = [str(folder), model, json.dumps(options), kind, *map(str, numbers)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.training_that_dies", *words],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout.splitlines()[-1])


def assert_as_undisturbed(folder: Path) -> int:
    """Compare every run in FOLDER with FOLDER/whole; give how many there are."""
    runs = [run for run in folder.glob("at-*") if run.is_dir()]
    for run in runs:
        for name in TENSORS:
            left, right = load_file(folder / "whole" / name), load_file(run / name)
            assert left.keys() == right.keys()
            assert all(torch.equal(left[key], right[key]) for key in left), f"{run.name}: {name}"
        assert all((folder / "whole" / name).read_bytes() == (run / name).read_bytes() for name in FRAMES), run.name
        assert epochs(run) == epochs(folder / "whole"), run.name
        assert epochs(run / "refit") == epochs(folder / "whole" / "refit"), run.name
        whole, record = RunFolder(folder / "whole").read(), RunFolder(run).read()
        assert (record.metrics, record.stopped, record.refits) == (whole.metrics, whole.stopped, whole.refits)
        assert len(record.test_readings) >= 1
        assert not list(run.rglob("*.part")), run.name
    return len(runs)


def epochs(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


@pytest.mark.parametrize(
    ("model", "options", "first", "step", "at_least"),
    [("lightgcn", {"dimensions": 8}, 1, 5, 12), ("spike", SPIKE, 2, 9, 5)],
)
def test_killed_between_two_file_operations(
    model: str, options: dict[str, Any], first: int, step: int, at_least: int, tmp_path: Path
) -> None:
    count = killed(tmp_path, model, options, "operations", first, step)
    assert count >= at_least
    assert assert_as_undisturbed(tmp_path) == count


@pytest.mark.parametrize("change", [{"objective": "softmax"}, {"neighbours": [3, 2]}])
def test_killed_at_random_moments(change: dict[str, Any], tmp_path: Path) -> None:
    assert killed(tmp_path, "spike", {**SPIKE, **change}, "moments", 7, 3) >= 1
    assert assert_as_undisturbed(tmp_path) == 3
