"""The search: what it tries, when it ends, what it leaves, and that no kill costs more than the epoch it hit."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from optuna.storages.journal import JournalFileBackend

from export.snapshot import IntArray, Snapshot, Split
from model.runs.run_folder import RunFolder, RunRecord
from model.tune import storage, trial
from model.tune.identity import Budget, SearchReport
from model.tune.prepare import prepare
from model.tune.search import Search
from model.tune.space import Choices, Interval, Space
from spikegraph.errors import DataError, LimitReachedError, UsageError
from tests.support.snapshots import random_snapshot

TINY: dict[str, Any] = {"model": {"dimensions": 8}, "train": {"epochs": 4, "patience": 1}}


def search(folder: Path, trials: int = 3, model: str = "lightgcn", **more: Any) -> SearchReport:
    options = {"settings": TINY if model in ("lightgcn", "spike") else None, "device": "cpu", **more}
    return prepare(options.pop("snapshot", random_snapshot()), folder, model=model, **options).run(Budget(trials))


def tried(report: SearchReport) -> list[tuple[Any, ...]]:
    """Give all of a report that a seed decides."""
    return [(done.state, done.options, done.value, done.metrics, done.epochs) for done in report.trials]


def settled(folder: Path, report: SearchReport) -> bool:
    """Tell whether the best trial, and it alone, has its weights."""
    weights = [file.parent.name for file in folder.glob("trials/*/*.safetensors")]
    return weights == [f"{report.best:03d}"]


def test_the_first_trial_is_the_preset_and_the_best_keeps_its_weights(tmp_path: Path) -> None:
    report = search(tmp_path, 5)
    assert report.stopped == "5 trials"
    first = report.trials[0]
    assert first.options == {"train.learning_rate": 0.005, "model.l2_weight": 1e-4, "model.layers": 3}
    assert report.best_trial.value == max(done.value for done in report.trials if done.value is not None)
    assert settled(tmp_path, report)
    for done in report.trials:
        record = RunFolder(tmp_path / "trials" / f"{done.number:03d}").read()
        assert record.identity.train_options["learning_rate"] == done.options["train.learning_rate"]
        assert record.identity.model_options["dimensions"] == 8
        assert (tmp_path / "trials" / f"{done.number:03d}" / "log.jsonl").exists()
    assert report.document()["counts"] == {"finished": 5, "complete": 5, "pruned": 0, "failed": 0}


def test_a_seed_decides_what_is_tried(tmp_path: Path) -> None:
    one, two, other = (search(tmp_path / str(n), 13, "ease", seed=seed) for n, seed in enumerate((0, 0, 1)))
    assert tried(one) == tried(two)
    assert tried(one)[1:] != tried(other)[1:]


def test_a_search_can_be_prolonged_and_a_finished_one_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search(tmp_path / "cut", 4, "ease")
    longer = search(tmp_path / "cut", 13, "ease")
    assert tried(longer) == tried(search(tmp_path / "whole", 13, "ease"))
    monkeypatch.setattr(trial, "train", None)
    assert search(tmp_path / "cut", 13, "ease") == longer


class Stop:
    """Ends the process in a chosen reading: the n-th of the whole search."""

    def __init__(self, reading: int, error: BaseException) -> None:
        self.left, self.error, self.original = reading, error, trial.Readings.__call__

    def __call__(self, readings: trial.Readings, epoch: int, metrics: Mapping[str, float]) -> None:
        self.left -= 1
        if self.left == 0:
            raise self.error
        self.original(readings, epoch, metrics)

    def method(self) -> Any:
        return lambda readings, epoch, metrics: self(readings, epoch, metrics)


@pytest.mark.parametrize("reading", [1, 4, 5])
def test_an_interrupted_search_goes_on_to_the_same_trials(
    reading: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(trial.Readings, "__call__", Stop(reading, KeyboardInterrupt()).method())
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "cut", model="spike")
    assert "the same command goes on" in "".join(capsys.readouterr())
    report = search(tmp_path / "cut", model="spike")
    assert tried(report) == tried(search(tmp_path / "whole", model="spike"))
    assert settled(tmp_path / "cut", report)


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from optuna.storages.journal import JournalFileBackend
    from model.tune import trial
    from tests.model.test_tune import search as run
    moment, count = sys.argv[2], [0]
    def killing(original, at):
        def method(*arguments, **more):
            count[0] += 1
            if count[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **more)
        return method
    def torn(backend, logs, original=JournalFileBackend.append_logs):
        count[0] += 1
        if count[0] == 12:
            os.symlink(backend._file_path, backend._file_path + ".lock")
            with open(backend._file_path, "ab") as file:
                file.write(b'{"op_code":5,"wor')
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        original(backend, logs)
    if moment == "journal":
        JournalFileBackend.append_logs = torn
    elif moment == "reading":
        trial.Readings.__call__ = killing(trial.Readings.__call__, 3)
    run(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("moment", ["journal", "reading"])
def test_a_killed_search_goes_on_to_the_same_trials(moment: str, tmp_path: Path) -> None:
    """SIGKILL in half a line of the journal (its lock held), and in a training."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "cut"), moment],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    report = search(tmp_path / "cut")
    assert tried(report) == tried(search(tmp_path / "whole"))
    assert settled(tmp_path / "cut", report)


def test_a_trial_that_always_ends_the_process_fails_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(trial, "train", _exit)
        for _ in range(trial.MOST_STARTS):
            with pytest.raises(SystemExit):
                search(tmp_path)
    report = search(tmp_path)
    assert (report.trials[0].state, report.trials[0].reason) == ("failed", "the process ended 3 times in it")
    assert [done.state for done in report.trials[1:]] == ["complete"] * 2


def test_a_process_that_ends_before_the_folder_is_settled_settles_it_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Search, "_tell", _exit)
        with pytest.raises(SystemExit):
            search(tmp_path / "cut", 4, "ease")
    assert not (tmp_path / "cut" / "best.toml").exists()
    report = search(tmp_path / "cut", 4, "ease")
    assert tried(report) == tried(search(tmp_path / "whole", 4, "ease"))
    assert settled(tmp_path / "cut", report)


def _exit(*_: object, **__: object) -> None:
    raise SystemExit


def test_a_trial_below_the_median_is_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "TRIALS_TO_PRUNE_BY", 1)
    monkeypatch.setattr(storage, "READINGS_TO_PRUNE_BY", 1)
    settings = {"model": {"dimensions": 8}, "train": {"epochs": 6, "evaluate_every": 1, "patience": 2}}
    space = {"train.learning_rate": Choices(choices=(0.02, 0.005, 1e-6))}
    snapshot = random_snapshot(num_users=120, per_user=10)
    report = search(tmp_path, 8, settings=settings, space=space, snapshot=snapshot)
    slow = next(done for done in report.trials if done.options["train.learning_rate"] == 1e-6)
    assert slow.state == "pruned"
    assert slow.epochs == 2 < report.trials[0].epochs
    lines = (tmp_path / "trials" / f"{slow.number:03d}" / "log.jsonl").read_text().splitlines()
    assert slow.value == json.loads(lines[-1])["recall@20"]
    assert settled(tmp_path, report)


def test_what_cannot_be_trained_is_a_failed_trial_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = trial.train

    def train(*arguments: Any, **more: Any) -> RunRecord:
        if more["train_config"]["learning_rate"] > 1:
            raise UsageError("not finite in epoch 3: bpr")
        return original(*arguments, **more)

    monkeypatch.setattr(trial, "train", train)
    settings = {"train": {"epochs": 2}}
    space = {
        "train.learning_rate": Choices(choices=(0.005, 5.0)),
        "model.dimensions": Choices(choices=(64, 10**9)),
    }
    report = search(tmp_path, 12, settings=settings, space=space)
    reasons = {done.reason.split()[0] for done in report.trials if done.state == "failed"}
    assert {"not", "lightgcn"} <= reasons  # "not finite in epoch 3", "lightgcn would need about …"
    assert report.stopped == "all there is was tried"
    assert settled(tmp_path, report)


def test_what_was_tried_before_is_not_trained_again(tmp_path: Path) -> None:
    report = search(tmp_path, 12, "ease", space={"model.regularisation": Choices(choices=(10.0, 200.0, 1000.0))})
    assert report.stopped == "all there is was tried"
    trained = [done for done in report.trials if not done.reason]
    assert sorted(done.options["model.regularisation"] for done in trained) == [10.0, 200.0, 1000.0]
    for done in report.trials:
        if done.reason:
            assert done.value == report.trials[int(done.reason.split()[-1])].value


def test_where_nothing_can_be_trained_the_search_says_why(tmp_path: Path) -> None:
    space = {"model.dimensions": Choices(choices=(10**9, 10**9 + 2))}
    with pytest.raises(UsageError, match="none of 2 trials was trained to its end; the first: lightgcn would need"):
        search(tmp_path, 2, settings={"model": {"layers": 10**6}}, space=space)


def test_a_preset_that_does_not_fit_the_snapshot_ends_the_search_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="similarity"):
        search(tmp_path, 5, "spike", settings={"model": {"similar_items": "heard"}})
    assert len(search(tmp_path, 1, "ease").trials) == 1


def test_a_full_disk_ends_the_search_which_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    for number, place in enumerate([(RunFolder, "write_per_user"), (JournalFileBackend, "append_logs")]):
        folder = tmp_path / str(number)
        search(folder, 1, "ease")
        with monkeypatch.context() as patch:
            patch.setattr(*place, raises(full))
            with pytest.raises(LimitReachedError, match="no space left") as caught:
                search(folder, 2, "ease")
        assert "the same command" in str(caught.value.hint)
        assert tried(search(folder, 2, "ease")) == tried(search(tmp_path / "whole", 2, "ease"))


def raises(error: Exception) -> Any:
    def method(*_: object, **__: object) -> None:
        raise error

    return method


def test_a_model_without_options_is_trained_once(tmp_path: Path) -> None:
    report = search(tmp_path, 5, "popularity")
    assert (len(report.trials), report.stopped) == (1, "there is nothing to tune")


def test_minutes_are_a_budget_too_and_one_trial_is_always_finished(tmp_path: Path) -> None:
    prepared = prepare(random_snapshot(), tmp_path, model="ease")
    report = prepared.run(Budget(minutes=1e-9))
    assert (len(report.trials), report.stopped) == (1, "1e-09 minutes")
    assert len(prepared.run(Budget(trials=4, minutes=60)).trials) == 4


def test_a_trial_is_cut_off_when_the_minutes_are_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "time", SimpleNamespace(monotonic=lambda: 1e12))
    prepared = prepare(random_snapshot(), tmp_path, model="lightgcn", settings=TINY)
    report = prepared.run(Budget(trials=2, minutes=60))
    assert [done.state for done in report.trials] == ["complete", "pruned"]
    assert (report.trials[1].reason, report.trials[1].epochs) == ("the minutes were over", 2)


@pytest.mark.parametrize("bounds", [{}, {"trials": 0}, {"minutes": 0}])
def test_a_budget_is_above_zero(bounds: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"needs an end|above zero"):
        Budget(**bounds)


class Sealed(Mapping[Split, IntArray]):
    """Interactions whose test part nobody may touch."""

    def __init__(self, parts: Mapping[Split, IntArray]) -> None:
        self.parts = parts

    def __getitem__(self, split: Split) -> IntArray:
        assert split != "test", "the test part was read"
        return self.parts[split]

    def __iter__(self) -> Iterator[Split]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)


def with_test(pairs: IntArray) -> Snapshot:
    snapshot = random_snapshot()
    manifest = snapshot.manifest.model_copy(update={"content_hash": "0" * 64})
    return replace(snapshot, manifest=manifest, interactions={**snapshot.interactions, "test": pairs})


@pytest.mark.parametrize("model", ["spike", "ease"])
def test_the_test_part_is_not_touched(model: str, tmp_path: Path) -> None:
    snapshot = with_test(random_snapshot().interactions["test"])
    sealed = replace(snapshot, interactions=Sealed(snapshot.interactions))
    poisoned = with_test(np.full((2, 500), 10**9, dtype=np.int64))
    reports = [search(tmp_path / str(n), 2, model, snapshot=one) for n, one in enumerate((snapshot, sealed, poisoned))]
    assert tried(reports[0]) == tried(reports[1]) == tried(reports[2])


def test_a_run_of_a_search_is_a_run_folder_that_can_be_evaluated(tmp_path: Path) -> None:
    from model.evaluate import evaluate

    snapshot = random_snapshot().save(tmp_path / "snapshot")
    report = search(tmp_path / "search", 2, "ease", snapshot=snapshot)
    record = evaluate(tmp_path / "search" / "trials" / f"{report.best:03d}", final=True)
    assert record.metrics["valid"] == report.best_trial.metrics
    assert len(record.test_readings) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed is 0, not 1"),
        ({"model": "popularity"}, "model is 'ease', not 'popularity'"),
        ({"settings": {"model": {"precision": "float32"}}}, "model.precision is None, not 'float32'"),
        ({"snapshot": random_snapshot(seed=5)}, "snapshot is"),
        ({"space": {"model.regularisation": Interval(low=1.0, high=2.0)}}, "space model.regularisation"),
    ],
)
def test_a_folder_of_another_search_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    search(tmp_path, 1, "ease")
    with pytest.raises(UsageError, match=message):
        search(tmp_path, **{"trials": 1, "model": "ease", **change})


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="not empty"):
        search(tmp_path, 1, "ease")
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


def test_two_processes_do_not_search_in_one_folder(tmp_path: Path) -> None:
    search(tmp_path, 1, "ease")
    with FileLock(tmp_path / "lock"), pytest.raises(UsageError, match="another process"):
        search(tmp_path, 2, "ease")


@pytest.mark.parametrize(("name", "kind"), [("journal.jsonl", "journal"), ("search.json", "no search")])
def test_a_damaged_folder_is_named(name: str, kind: str, tmp_path: Path) -> None:
    search(tmp_path, 1, "ease")
    (tmp_path / name).write_text('{"op_code": 0\n{"op_code": 1}\n', encoding="utf-8")
    with pytest.raises(DataError, match=kind) as caught:
        search(tmp_path, 2, "ease")
    assert str(caught.value.where).endswith(name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "speke"}, "no model 'speke'"),
        ({"preset": "best"}, "no preset 'best'"),
        ({"settings": {"model": {"lambda": 3}}}, "'lambda' is not an option"),
        ({"device": "tpu"}, "no device"),
        ({"space": {"model.lambda": Interval(low=1.0, high=2.0)}}, "'model.lambda' is not an option"),
        (
            {
                "settings": {"model": {"regularisation": 3.0}},
                "space": {"model.regularisation": Interval(low=1.0, high=2.0)},
            },
            "set and tried at once",
        ),
        (
            {
                "snapshot": replace(
                    random_snapshot(),
                    interactions={**random_snapshot().interactions, "valid": np.zeros((2, 0), dtype=np.int64)},
                )
            },
            "no validation part",
        ),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        search(tmp_path / "search", **{"model": "ease", **change})
    assert not (tmp_path / "search").exists()


def test_what_is_set_is_not_tried(tmp_path: Path) -> None:
    report = search(tmp_path, 2)
    assert "model.dimensions" not in report.trials[1].options
    assert report.best_options["model"]["dimensions"] == 8


def test_a_preset_outside_the_space_is_tried_first_all_the_same(tmp_path: Path) -> None:
    space: Space = {"model.regularisation": Interval(low=1.0, high=2.0)}
    report = search(tmp_path, 3, "ease", space=space)
    assert report.trials[0].options == {}
    record = RunFolder(tmp_path / "trials" / "000").read()
    assert record.identity.model_options["regularisation"] == 200.0
    assert all(1 <= done.options["model.regularisation"] <= 2 for done in report.trials[1:])


def test_a_part_of_a_table_is_tried_beside_what_the_table_holds(tmp_path: Path) -> None:
    settings = {"model": {"side": {"relations": 3.0}}}
    space: Space = {"model.side.profiles": Interval(low=1, high=50, log=True)}
    report = search(tmp_path, 2, "ease", settings=settings, space=space)
    assert report.trials[0].options == {}
    record = RunFolder(tmp_path / "trials" / "001").read()
    side = {"relations": 3.0, "profiles": report.trials[1].options["model.side.profiles"]}
    assert record.identity.model_options["side"] == side
    with pytest.raises(UsageError, match=r"'model\.side\.profiles' is set and tried"):
        search(tmp_path / "other", 2, "ease", settings={"model": {"side": {"profiles": 3.0}}}, space=space)
    with pytest.raises(UsageError, match=r"'model\.precision\.profiles' is not an option"):
        search(tmp_path / "other", 2, "ease", space={"model.precision.profiles": Interval(low=1, high=2)})


def test_a_preset_with_a_table_keeps_what_is_not_tried_of_it(tmp_path: Path) -> None:
    space: Space = {"model.ease_side.profiles": Interval(low=1.0, high=50.0)}
    settings = {"model": {"similar_items": "ignored"}, "train": {"epochs": 2}}
    report = search(tmp_path, 2, "hybrid", space=space, settings=settings)
    assert report.trials[0].options == {"model.ease_side.profiles": 20.0}
    record = RunFolder(tmp_path / "trials" / "001").read()
    assert record.identity.model_options["ease_side"].keys() == {"profiles", "relations"}
