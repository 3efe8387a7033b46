"""Training: exact resume, early stopping, what a folder refuses, what a failure leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from export.snapshot import Snapshot
from model.batches import Batch
from model.config import TrainConfig
from model.evaluate import evaluate
from model.memory import check_memory
from model.refit import refit
from model.registry import configure
from model.rivals.lightgcn import LightGcn
from model.runs.results import run_results
from model.runs.run_folder import RunFolder, RunRecord
from model.spike.model import Spike
from model.train import train
from model.types import Losses
from spikegraph.errors import DataError, LimitReachedError, UsageError
from tests.support.snapshots import random_snapshot

SMALL: dict[str, Any] = {"dimensions": 8, "profile_dimensions": 6}
QUICK: dict[str, Any] = {"epochs": 8, "evaluate_every": 2, "fixed_epochs": 3}


def run(folder: Path, snapshot: Snapshot | None = None, **more: Any) -> RunRecord:
    options = {"model": "spike", "model_config": SMALL, "train_config": QUICK, "device": "cpu", **more}
    return train(snapshot or random_snapshot(), folder, **options)


def files_equal(one: Path, two: Path) -> bool:
    left, right = load_file(one), load_file(two)
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


class Stop:
    """Raises at a chosen step of a run, in the middle of an epoch."""

    def __init__(self, step: int, error: BaseException) -> None:
        self.left, self.error, self.original = step, error, Spike.loss

    def __call__(self, model: Spike, batch: Batch, generator: torch.Generator) -> Losses:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return self.original(model, batch, generator)

    def method(self) -> Any:
        return lambda model, batch, generator: self(model, batch, generator)


def interrupt(monkeypatch: pytest.MonkeyPatch, step: int, action: Callable[[], object]) -> None:
    """Do something that is interrupted in this training step."""
    with monkeypatch.context() as patch:
        patch.setattr(Spike, "loss", Stop(step, KeyboardInterrupt()).method())
        with pytest.raises(KeyboardInterrupt):
            action()


def test_a_run_leaves_its_record_log_and_metrics(tmp_path: Path) -> None:
    record = run(tmp_path)
    assert record == RunFolder(tmp_path).read()
    assert record.summary()["protocol"] == "honest"
    assert set(record.summary()) >= {"dataset", "split_id", "protocol", "model", "preset", "seed", "metrics", "seconds"}
    assert [line["epoch"] for line in lines(tmp_path)] == list(range(1, 9))
    evaluated = [line for line in lines(tmp_path) if "recall@20" in line]
    best = max(evaluated, key=lambda line: line["recall@20"])
    assert record.chosen_epochs == best["epoch"]
    assert record.metrics["valid"]["recall@20"] == pytest.approx(best["recall@20"])
    per_user = RunFolder(tmp_path).per_user("valid")
    assert per_user["recall@20"].mean() == pytest.approx(best["recall@20"])
    assert per_user["key"].iloc[0].startswith("random/user/")
    assert record.forecast_bytes > 0
    assert record.made_with["torch"] == torch.__version__


@pytest.mark.parametrize("step", [1, 5, 14, 22])
def test_an_interrupted_run_resumes_to_equal_weights(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole")
    interrupt(monkeypatch, step, lambda: run(tmp_path / "cut"))
    assert RunFolder(tmp_path / "cut").read().state == "training"
    resumed = run(tmp_path / "cut", resume=True)
    assert files_equal(tmp_path / "whole" / "best.safetensors", tmp_path / "cut" / "best.safetensors")
    assert files_equal(tmp_path / "whole" / "state.safetensors", tmp_path / "cut" / "state.safetensors")
    assert resumed.metrics == whole.metrics
    drop = [{key: value for key, value in line.items() if key != "seconds"} for line in lines(tmp_path / "cut")]
    assert drop == [{k: v for k, v in line.items() if k != "seconds"} for line in lines(tmp_path / "whole")]


def test_a_killed_process_resumes_to_equal_weights(tmp_path: Path) -> None:
    """SIGKILL between the best weights and the state of an epoch: the worst moment."""
    script = """
        import os, signal, sys
        from pathlib import Path
        from model import fit
        from model.train import train
        from tests.support.snapshots import random_snapshot
        save, calls = fit.save_state, []
        def killed(*arguments):
            calls.append(1)
            if len(calls) == 4:
                os.kill(os.getpid(), signal.SIGKILL)
            save(*arguments)
        fit.save_state = killed
        train(random_snapshot(), Path(sys.argv[1]), model="spike", device="cpu",
              model_config={"dimensions": 8, "profile_dimensions": 6},
              train_config={"epochs": 8, "evaluate_every": 2, "fixed_epochs": 3})
    """
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "cut")],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    run(tmp_path / "cut", resume=True)
    run(tmp_path / "whole")
    assert files_equal(tmp_path / "whole" / "best.safetensors", tmp_path / "cut" / "best.safetensors")
    assert files_equal(tmp_path / "whole" / "state.safetensors", tmp_path / "cut" / "state.safetensors")


def test_different_seeds_differ(tmp_path: Path) -> None:
    run(tmp_path / "0", seed=0)
    run(tmp_path / "1", seed=1)
    assert not files_equal(tmp_path / "0" / "best.safetensors", tmp_path / "1" / "best.safetensors")


def test_the_global_generators_are_left_alone(tmp_path: Path) -> None:
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002  # read only
    run(tmp_path)
    assert torch.equal(torch_state, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])  # noqa: NPY002  # read only


def test_stops_early_when_validation_gets_no_better(tmp_path: Path) -> None:
    record = run(tmp_path, train_config={"epochs": 200, "evaluate_every": 1, "patience": 3, "learning_rate": 0.05})
    assert record.epochs_run < 200
    assert record.chosen_epochs == record.epochs_run - 3
    assert record.stopped == "recall@20 no better for 3 readings"


def test_divergence_keeps_the_last_good_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = LightGcn.loss, []

    def broken(model: LightGcn, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        calls.append(1)
        parts = original(model, batch, generator)
        return {**parts, "bpr": parts["bpr"] * float("nan")} if len(calls) > 10 else dict(parts)

    monkeypatch.setattr(LightGcn, "loss", broken)
    with pytest.raises(UsageError, match=r"not finite in epoch \d") as caught:
        run(tmp_path, model="lightgcn", model_config={"dimensions": 8})
    assert "learning_rate" in str(caught.value.hint)
    assert all(torch.isfinite(tensor).all() for tensor in load_file(tmp_path / "best.safetensors").values())
    assert all(
        torch.isfinite(t).all() for t in load_file(tmp_path / "state.safetensors").values() if t.is_floating_point()
    )


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="not empty"):
        run(tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"model_config": {**SMALL, "layers": 1}}, {"snapshot": random_snapshot(seed=5)}]
)
def test_a_folder_of_another_run_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(UsageError, match="holds another run"):
        run(tmp_path, resume=True, **change)


def test_a_run_is_not_begun_twice_but_resuming_a_finished_one_gives_it(tmp_path: Path) -> None:
    record = run(tmp_path)
    with pytest.raises(UsageError, match="holds this run already"):
        run(tmp_path)
    assert run(tmp_path, resume=True) == record


def test_a_damaged_state_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, 9, lambda: run(tmp_path))
    (tmp_path / "state.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(DataError, match=r"state\.safetensors"):
        run(tmp_path, resume=True)


def test_the_final_reading_refits_once_and_counts_itself(tmp_path: Path) -> None:
    snapshot, record = random_snapshot(), run(tmp_path)
    first = evaluate(tmp_path, snapshot, final=True)
    assert first.test_readings[0].trained_on == ("train", "valid")
    assert len(lines(tmp_path / "refit")) == record.chosen_epochs
    weights = (tmp_path / "refit" / "best.safetensors").read_bytes()
    second = evaluate(tmp_path, snapshot, final=True)
    assert len(second.test_readings) == 2
    assert second.metrics == first.metrics
    assert second.metrics["valid"] == record.metrics["valid"]
    assert (tmp_path / "refit" / "best.safetensors").read_bytes() == weights


def test_an_interrupted_refit_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = random_snapshot()
    for name in ("cut", "whole"):
        run(tmp_path / name)
    interrupt(monkeypatch, 4, lambda: evaluate(tmp_path / "cut", snapshot, final=True))
    assert RunFolder(tmp_path / "cut").read().test_readings == ()
    metrics = [evaluate(tmp_path / name, snapshot, final=True).metrics for name in ("cut", "whole")]
    assert metrics[0] == metrics[1]


def test_refitting_on_everything_is_labelled_and_never_measured(tmp_path: Path) -> None:
    snapshot, record = random_snapshot(), run(tmp_path)
    record = refit(RunFolder(tmp_path), record, snapshot, "all")
    assert record.refits == {"all": ("train", "valid", "test")}
    assert "test" not in record.metrics
    results = run_results(tmp_path, snapshot, top_n=30)
    assert results.weights == "all"
    known = {(u, i) for split in snapshot.interactions.values() for u, i in split.T.tolist()}
    assert not any((u, i) in known for u, row in enumerate(results.recommendations.rows.tolist()) for i in row)
    assert evaluate(tmp_path, snapshot, final=True).test_readings[0].trained_on == ("train", "valid")


def without(snapshot: Snapshot, *splits: str) -> Snapshot:
    empty = np.zeros((2, 0), dtype=np.int64)
    return replace(snapshot, interactions={s: empty if s in splits else p for s, p in snapshot.interactions.items()})


def test_without_a_validation_part_a_fixed_number_of_epochs_is_trained(tmp_path: Path) -> None:
    snapshot = without(random_snapshot(), "valid", "test")
    record = run(tmp_path, snapshot)
    assert (record.epochs_run, record.chosen_epochs) == (3, 3)
    assert record.metrics == {}
    for final, split in ((False, "valid"), (True, "test")):
        with pytest.raises(UsageError, match=f"no {split} part"):
            evaluate(tmp_path, snapshot, final=final)


def test_without_a_validation_part_the_final_reading_needs_no_refit(tmp_path: Path) -> None:
    snapshot = without(random_snapshot(), "valid")
    run(tmp_path, snapshot)
    record = evaluate(tmp_path, snapshot, final=True)
    assert record.refits == {}
    assert record.test_readings[0].trained_on == ("train",)


def test_without_train_interactions_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no train interactions"):
        run(tmp_path, without(random_snapshot(), "train"))


def test_users_who_have_everything_leave_nothing_to_learn(tmp_path: Path) -> None:
    grid = np.array([[u, i] for u in range(3) for i in range(4)]).T
    snapshot = without(random_snapshot(num_users=3, num_items=4, num_entities=8), "valid", "test")
    with pytest.raises(DataError, match="every user has every item"):
        run(tmp_path, replace(snapshot, interactions={**snapshot.interactions, "train": grid}))


def test_evaluation_finds_the_snapshot_where_it_was(tmp_path: Path) -> None:
    snapshot = random_snapshot().save(tmp_path / "snapshot")
    record = run(tmp_path / "run", snapshot)
    assert evaluate(tmp_path / "run").metrics == record.metrics
    with pytest.raises(UsageError, match="another snapshot"):
        evaluate(tmp_path / "run", random_snapshot(seed=8))


def test_evaluation_wants_a_finished_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, 9, lambda: run(tmp_path))
    with pytest.raises(UsageError, match="not trained to its end"):
        evaluate(tmp_path, random_snapshot())
    with pytest.raises(DataError, match="not a run folder"):
        evaluate(tmp_path / "nowhere", random_snapshot())
    with pytest.raises(DataError, match="no metrics of test"):
        RunFolder(tmp_path).per_user("test")


def test_more_memory_than_there_is_is_refused_with_what_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.memory.free_bytes", lambda device: 1000)
    _, options, training = configure("spike", None, SMALL, QUICK)
    with pytest.raises(LimitReachedError, match="MiB are free") as caught:
        check_memory("spike", options, training, random_snapshot(), 500, torch.device("cpu"))
    assert "--min-degree" in str(caught.value.hint)


@pytest.mark.parametrize(("name", "message"), [("tpu", "no device"), ("cuda", "no GPU")])
def test_devices_that_are_not_there(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=message):
        run(tmp_path, device=name)
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize(
    ("interactions", "expected"), [(10, 64), (1_500, 128), (12_000, 1024), (52_000, 4096), (10**7, 4096)]
)
def test_the_automatic_batch_size(interactions: int, expected: int) -> None:
    assert TrainConfig().batch_size_for(interactions) == expected
    assert TrainConfig(batch_size=7).batch_size_for(interactions) == 7


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_trains_on_a_gpu(tmp_path: Path) -> None:
    record = run(tmp_path, device="cuda")
    assert record.metrics["valid"]["recall@20"] > 0.3
