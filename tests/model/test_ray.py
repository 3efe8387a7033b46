"""Workers of Ray, two on this machine: the same lists, trials at once, and what happens where a worker is killed."""

from __future__ import annotations

import builtins
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.distributed.ray_pool import RayPool, ray_pool
from model.distributed.ray_ranking import ranking_on
from model.evaluate import evaluate
from model.runs.run_folder import RunFolder
from model.train import train
from model.tune import ray_workers
from model.tune.board import Board
from model.tune.identity import Budget, SearchReport
from model.tune.prepare import prepare
from model.tune.ray_workers import RayWorkers
from model.tune.space import Choices, Space
from model.tune.trial import MOST_STARTS, Job, Recipe
from spikegraph.errors import MissingExtraError, UsageError
from tests.support.snapshots import random_snapshot

TINY: dict[str, Any] = {"model": {"dimensions": 8}, "train": {"epochs": 4, "patience": 1}}
SPACE: Space = {
    "train.learning_rate": Choices(choices=(0.001, 0.005, 0.01, 0.02)),
    "model.layers": Choices(choices=(1, 2, 3)),
}


@pytest.fixture(scope="module")
def pool() -> Iterator[RayPool]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAY_worker_niceness", "0")  # workers stand behind everybody else on a busy machine otherwise
        with ray_pool(2) as found:
            yield found


def search(folder: Path, pool: RayPool | None, trials: int = 5) -> SearchReport:
    found = prepare(random_snapshot(), folder, model="lightgcn", settings=TINY, space=SPACE, device="cpu")
    return found.run(Budget(trials), RayWorkers(pool) if pool else None)


def test_metrics_are_those_of_one_process_to_the_last_digit(pool: RayPool, tmp_path: Path) -> None:
    snapshot = random_snapshot()
    train(snapshot, tmp_path / "run", model="lightgcn", model_config=TINY["model"], train_config=TINY["train"])
    alone = evaluate(tmp_path / "run", snapshot, device="cpu")
    lists = RunFolder(tmp_path / "run").lists("valid")
    together = evaluate(tmp_path / "run", snapshot, device="cpu", rank=ranking_on(pool))
    assert together.metrics == alone.metrics
    again = RunFolder(tmp_path / "run").lists("valid")
    assert lists is not None
    assert again is not None
    assert all((one == two).all() for one, two in zip(lists, again, strict=True))


def test_more_workers_than_users(pool: RayPool, tmp_path: Path) -> None:
    snapshot = random_snapshot()
    train(snapshot, tmp_path / "run", model="popularity")
    alone = evaluate(tmp_path / "run", snapshot, device="cpu")
    many = replace(pool, size=snapshot.num_users + 3)
    assert evaluate(tmp_path / "run", snapshot, device="cpu", rank=ranking_on(many)).metrics == alone.metrics


def test_a_search_has_its_trials_and_their_results_whoever_carries_them_out(pool: RayPool, tmp_path: Path) -> None:
    together = search(tmp_path / "ray", pool)
    assert [done.number for done in together.trials] == list(range(5))
    assert together.trials[0].options == search(tmp_path / "alone", None, 1).trials[0].options
    weights = [file.parent.name for file in (tmp_path / "ray").glob("trials/*/*.safetensors")]
    assert weights == [f"{together.best:03d}"]
    assert (tmp_path / "ray" / "best.toml").exists()
    for done in together.trials:
        record = RunFolder(tmp_path / "ray" / "trials" / f"{done.number:03d}").read()
        assert record.identity.train_options["learning_rate"] == done.options["train.learning_rate"]
        if done.state == "complete" and not done.reason:
            assert record.metrics["valid"] == done.metrics
    assert search(tmp_path / "ray", None) == together


def test_a_trial_gives_what_it_gives_alone(pool: RayPool, tmp_path: Path) -> None:
    one, two = search(tmp_path / "alone", None, 1), search(tmp_path / "ray", pool, 1)
    assert one.trials[0].metrics == two.trials[0].metrics


def _killing(recipe: Recipe, job: Job, board: Any) -> Any:
    """End the worker when it is given trial 1 for the first time."""
    if job.number == 1 and job.starts == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return CARRY_OUT(recipe, job, board)


CARRY_OUT = ray_workers._carry_out


def test_a_killed_workers_trial_is_done_again(
    pool: RayPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        monkeypatch.setattr(ray_workers, "_carry_out", _killing)
        report = search(tmp_path, pool, 3)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    assert "a worker ended in a trial" in "".join(capsys.readouterr())
    assert [(done.number, done.state) for done in report.trials] == [(0, "complete"), (1, "complete"), (2, "complete")]


def test_a_trial_that_always_ends_its_worker_fails_in_the_end(
    pool: RayPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_of = RayWorkers._report

    def dying(workers: RayWorkers, answer: Any, job: Job) -> Any:
        report = report_of(workers, answer, job)
        return None if job.number == 1 and job.starts <= MOST_STARTS else report

    monkeypatch.setattr(RayWorkers, "_report", dying)
    failed = search(tmp_path, pool, 2).trials[1]
    assert (failed.state, failed.reason) == ("failed", f"the process ended {MOST_STARTS} times in it")


def test_an_interrupted_search_goes_on_with_or_without_workers(
    pool: RayPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: Any, **_options: Any) -> Any:
        raise KeyboardInterrupt

    search(tmp_path, pool, 1)
    with monkeypatch.context() as patched:
        patched.setattr(RayWorkers, "_listen", interrupted)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path, pool, 4)
    time.sleep(1)  # the workers of the module's pool end what they were given
    report = search(tmp_path, None, 4)
    assert [done.number for done in report.trials] == list(range(4))
    assert "failed" not in {done.state for done in report.trials}


def test_a_preset_that_does_not_fit_ends_the_search(pool: RayPool, tmp_path: Path) -> None:
    settings: Mapping[str, Any] = {"model": {"similar_items": "heard"}}
    found = prepare(random_snapshot(), tmp_path, model="spike", settings=settings, device="cpu")
    with pytest.raises(UsageError) as alone:
        found.run(Budget(2))
    with pytest.raises(UsageError) as together:
        found.run(Budget(2), RayWorkers(pool))
    assert str(alone.value) == str(together.value)


def test_a_reading_says_whether_the_trial_is_to_end() -> None:
    board = Board()
    assert not board.tell(3, 1, 0.5)
    board.prune(3)
    assert board.tell(3, 2, 0.4)
    assert not board.tell(4, 1, 0.5)
    assert board.take() == [(3, 1, 0.5), (3, 2, 0.4), (4, 1, 0.5)]
    assert board.take() == []


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError) as refused, ray_pool(2):
        pass
    assert "'.[ray]'" in str(refused.value.hint)
