"""Two processes train what one process trains: the same losses, weights, metrics and files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from model.batches import Batch, UserBatch
from model.distributed.group import ALONE, Group
from model.runs.run_folder import RunFolder
from tests.support.snapshots import random_snapshot
from tests.support.training_together import MODELS, run, train_all

ROOT = Path(__file__).parents[2]


class Done(NamedTuple):
    """What two processes did for several tasks."""

    codes: dict[str, list[int]]
    errors: str


def together(folder: Path, *tasks: str) -> Done:
    """Do tasks of `training_together` with two processes."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.training_together", str(folder), *tasks],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return Done(json.loads(done.stdout.splitlines()[-1]), done.stderr)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of one process."""
    folder = tmp_path_factory.mktemp("one")
    train_all(folder)
    return folder


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """The runs of two processes."""
    folder = tmp_path_factory.mktemp("two")
    return folder, together(folder, "rank", "train", "die", "resume", "die_again", "fail", "sample")


@pytest.fixture(scope="module")
def folders(alone: Path, pair: tuple[Path, Done]) -> tuple[Path, Path]:
    """The folders of both."""
    assert pair[1].codes["train"] == [0, 0], pair[1].errors[-3000:]
    return alone, pair[0]


def losses(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


@pytest.mark.parametrize("name", MODELS)
def test_two_processes_train_as_one(name: str, folders: tuple[Path, Path]) -> None:
    for part in ("", "refit"):
        one, two = (folder / name / part for folder in folders)
        left, right = load_file(one / "best.safetensors"), load_file(two / "best.safetensors")
        for key, weights in left.items():
            torch.testing.assert_close(right[key], weights, atol=1e-5, rtol=0)
        if name != "ease":
            for mine, theirs in zip(losses(one), losses(two), strict=True):
                assert theirs == pytest.approx(mine, abs=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_two_processes_measure_as_one(name: str, folders: tuple[Path, Path]) -> None:
    one, two = (RunFolder(folder / name).read() for folder in folders)
    for split in ("valid", "test"):
        assert two.metrics[split] == pytest.approx(one.metrics[split], abs=1e-6)
        frames = [pd.read_parquet(folder / name / f"per_user_{split}.parquet") for folder in folders]
        np.testing.assert_array_equal(frames[0]["key"], frames[1]["key"])
    assert (two.identity, len(two.test_readings)) == (one.identity, 1)
    assert (one.made_with["processes"], two.made_with["processes"]) == ("1", "2")


def test_users_are_split_evenly_and_ranked_as_by_one(pair: tuple[Path, Done]) -> None:
    """The comparison itself is in `training_together.rank`."""
    assert pair[1].codes["rank"] == [0, 0], pair[1].errors[-3000:]


def test_a_process_that_dies_ends_all_and_they_go_on_together(pair: tuple[Path, Done]) -> None:
    folder, done = pair
    assert done.codes["die"] == [1, -signal.SIGKILL]
    assert "another process of this training ended before its time" in done.errors
    assert done.codes["resume"] == [0, 0]
    left, right = (load_file(folder / name / "best.safetensors") for name in ("cut", "spike"))
    assert all(torch.equal(left[key], right[key]) for key in left)


def test_a_run_of_two_goes_on_with_one(folders: tuple[Path, Path]) -> None:
    alone, pair = folders
    assert len(losses(pair / "again")) == 1
    assert RunFolder(pair / "again").read().state == "training"
    run(pair / "again", *MODELS["spike"], resume=True)
    left, right = (load_file(folder / "best.safetensors") for folder in (pair / "again", alone / "spike"))
    for key, weights in left.items():
        torch.testing.assert_close(right[key], weights, atol=1e-5, rtol=0)


def test_surroundings_are_drawn_by_each_process_for_its_share(pair: tuple[Path, Done]) -> None:
    """That the weights stay the same in both is seen in `training_together.sample`."""
    assert pair[1].codes["sample"] == [0, 0], pair[1].errors[-3000:]


def test_what_the_first_process_cannot_do_ends_all(pair: tuple[Path, Done]) -> None:
    assert pair[1].codes["fail"] == [1, 1]
    assert pair[1].errors.count("LimitReachedError: ") == 2


def test_torchrun_starts_the_command_line(tmp_path: Path) -> None:
    random_snapshot().save(tmp_path / "snapshot")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words = ["train", str(tmp_path / "snapshot"), "--to", str(tmp_path / "run"), "--model", "lightgcn", "--json"]
    done = subprocess.run(
        [*torchrun, "-m", "spikegraph.cli.main", *words, "--set", "train.epochs=2", "--set", "model.dimensions=8"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["model"] == "lightgcn"
    assert RunFolder(tmp_path / "run").read().made_with["processes"] == "2"


@pytest.mark.parametrize(("count", "size"), [(10, 3), (2, 4), (1, 1), (4096, 7)])
def test_shares_of_a_batch_are_even_and_together_the_batch(count: int, size: int) -> None:
    batch = Batch(*torch.arange(3 * count).view(3, count))
    shares = [Group(rank, size).share(batch) for rank in range(size)]
    assert sum(weight for _, weight in shares) == pytest.approx(1)
    assert all(share.examples for share, _ in shares)
    own = [share for share, weight in shares if weight]
    assert torch.equal(torch.cat([share.negatives for share in own]), batch.negatives)
    assert max(share.examples for share in own) - min(share.examples for share in own) <= 1


def test_a_share_of_users_has_all_their_items() -> None:
    positions = torch.tensor([0, 0, 1, 2, 2, 2, 3])
    batch = UserBatch(torch.tensor([7, 3, 9, 4]), positions, torch.arange(7))
    parts = [Group(rank, 2).share(batch)[0] for rank in range(2)]
    assert [part.users.tolist() for part in parts] == [[7, 3], [9, 4]]
    assert [part.positions.tolist() for part in parts] == [[0, 0, 1], [0, 0, 0, 1]]
    assert [part.items.tolist() for part in parts] == [[0, 1, 2], [3, 4, 5, 6]]


def test_one_process_alone_does_nothing_together() -> None:
    batch = Batch(*torch.arange(6).view(3, 2))
    assert ALONE.share(batch) == (batch, 1.0)
    assert ALONE.gather("x") == ["x"]
    assert ALONE.first(lambda: 5) == 5
    assert ALONE.add({"loss": torch.tensor(2.0)}) == {"loss": 2.0}
