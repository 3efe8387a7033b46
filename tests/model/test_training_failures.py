"""What ends a training from outside is named, with what to change; the last whole epoch stays."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from model.batches import Batch
from model.refit import refit
from model.rivals.lightgcn import LightGcn
from model.runs.run_folder import RunFolder, RunRecord
from model.train import train
from spikegraph.errors import LimitReachedError, SpikeGraphError, UsageError
from tests.support.snapshots import random_snapshot

ROOT = Path(__file__).parents[2]
TRAINING = {"epochs": 6, "evaluate_every": 2, "batch_size": 60}


def run(folder: Path, **more: Any) -> RunRecord:
    options = {"model": "lightgcn", "model_config": {"dimensions": 8}, "train_config": TRAINING, "device": "cpu"}
    return train(random_snapshot(), folder, **{**options, **more})


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, Callable[[Tensor], Tensor]], None]]:
    """Change the loss of every step from a chosen one on; undone when the test ends."""
    original, steps = LightGcn.loss, []

    def breaks(step: int, change: Callable[[Tensor], Tensor]) -> None:
        def loss(model: LightGcn, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
            steps.append(1)
            parts = dict(original(model, batch, generator))
            return {**parts, "bpr": change(parts["bpr"])} if len(steps) >= step else parts

        monkeypatch.setattr(LightGcn, "loss", loss)

    yield breaks
    monkeypatch.setattr(LightGcn, "loss", original)


def fails_with(error: BaseException) -> Callable[[Tensor], Tensor]:
    def change(_: Tensor) -> Tensor:
        raise error

    return change


def same(one: Path, two: Path) -> bool:
    left, right = load_file(one), load_file(two)
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: not enough memory: you tried to ..."),
        MemoryError(),
    ],
)
def test_out_of_memory_says_what_to_change_and_can_be_resumed(
    error: BaseException, tmp_path: Path, broken: Any
) -> None:
    run(tmp_path / "whole")
    broken(9, fails_with(error))
    with pytest.raises(LimitReachedError, match="out of memory") as caught:
        run(tmp_path / "cut")
    assert caught.value.exit_code == 6
    assert "train.max_batch_size" in str(caught.value.hint)
    broken(10**9, fails_with(error))
    run(tmp_path / "cut", resume=True)
    assert same(tmp_path / "cut" / "best.safetensors", tmp_path / "whole" / "best.safetensors")


def test_memory_that_torch_really_lacks_is_recognised(tmp_path: Path, broken: Any) -> None:
    broken(3, lambda loss: loss + torch.empty(2**60, dtype=torch.uint8).sum())
    with pytest.raises(LimitReachedError, match="out of memory"):
        run(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_keeps_the_last_good_epoch(value: float, tmp_path: Path, broken: Any) -> None:
    broken(9, lambda loss: loss * value)
    with pytest.raises(UsageError, match=r"not finite in epoch 3.*epoch 2 is kept") as caught:
        run(tmp_path)
    assert (caught.value.exit_code, "train.learning_rate" in str(caught.value.hint)) == (2, True)
    assert all(tensor.isfinite().all() for tensor in load_file(tmp_path / "best.safetensors").values())
    with pytest.raises(UsageError, match="no epoch was whole"):
        run(tmp_path / "first")


def test_other_errors_are_not_taken_for_a_lack_of_anything(tmp_path: Path, broken: Any) -> None:
    broken(2, fails_with(RuntimeError("shapes do not match")))
    with pytest.raises(RuntimeError, match="shapes"):
        run(tmp_path)


def test_a_refit_that_runs_out_of_memory_goes_on(tmp_path: Path, broken: Any) -> None:
    record = run(tmp_path)
    broken(5, fails_with(MemoryError()))
    with pytest.raises(LimitReachedError):
        refit(RunFolder(tmp_path), record, random_snapshot(), "final", "cpu")
    assert RunFolder(tmp_path).read().refits == {}
    broken(10**9, fails_with(MemoryError()))
    assert refit(RunFolder(tmp_path), record, random_snapshot(), "final", "cpu").refits == {"final": ("train", "valid")}


def test_a_full_disk_leaves_the_last_state(tmp_path: Path) -> None:
    """No file of the run may grow beyond a bound that the kernel enforces from the second epoch on."""
    script = """
        import resource, sys
        from pathlib import Path
        from model import fit
        from spikegraph.errors import LimitReachedError
        from tests.model.test_training_failures import run
        save, calls = fit.save_state, []
        def limited(*arguments):
            save(*arguments)
            calls.append(1)
            if len(calls) == 2:
                resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        fit.save_state = limited
        try:
            run(Path(sys.argv[1]))
        except LimitReachedError as error:
            print(error.message)
            sys.exit(error.exit_code)
    """
    cut = tmp_path / "cut"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(cut)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 6, done.stderr
    assert "no space left to write" in done.stdout
    assert not list(cut.rglob("*.part"))
    run(cut, resume=True)
    run(tmp_path / "whole")
    assert same(cut / "best.safetensors", tmp_path / "whole" / "best.safetensors")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_recognised_wherever_it_is_met(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("model.runs.run_folder.EpochLog.append", full)
    with pytest.raises(SpikeGraphError, match="no space left") as caught:
        run(tmp_path)
    assert caught.value.exit_code == 6


def test_other_file_errors_stay_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr("model.runs.run_folder.EpochLog.append", refused)
    with pytest.raises(PermissionError):
        run(tmp_path)
