"""`spikegraph tune`: from a snapshot to a file of settings that `train` takes as it is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from model.tune import trial
from tests.spikegraph.conftest import CommandLine
from tests.support.snapshots import random_snapshot

TINY = ("--set", "model.dimensions=8", "--set", "train.epochs=4")


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    folder = tmp_path / "snapshot"
    random_snapshot().save(folder)
    return folder


def test_the_best_options_are_settings_that_give_the_same_run(
    spikegraph: CommandLine, snapshot: Path, tmp_path: Path
) -> None:
    said = spikegraph("tune", snapshot, "--to", tmp_path / "t", "--model", "lightgcn", "--trials", 3, *TINY, "--json")
    assert said.code == 0, said.err
    (search,) = said.document["searches"]
    assert (search["split_id"], search["protocol"], search["metric"]) == ("seed-0", "honest", "valid recall@20")
    assert len(search["trials"]) == search["counts"]["finished"] == 3
    best = tmp_path / "t" / "best.toml"
    assert tomllib.loads(best.read_text()) == search["best_options"]
    run = ["train", snapshot, "--to", tmp_path / "run", "--model", "lightgcn", "--config", best, "--json"]
    trained = spikegraph(*run)
    assert trained.document["metrics"] == search["metrics"]
    assert trained.document["preset"] == search["preset"]


def test_models_are_given_the_same_budget(spikegraph: CommandLine, snapshot: Path, tmp_path: Path) -> None:
    words = ["tune", snapshot, "--to", tmp_path / "t", "--model", "ease", "--model", "popularity", "--trials", 2]
    said = spikegraph(*words)
    assert said.code == 0, said.err
    assert "there is nothing to tune" in said.out
    assert "--config" in said.out
    assert {file.parent.name for file in (tmp_path / "t").glob("*/best.toml")} == {"ease", "popularity"}
    assert "trial 0 is the preset itself" in said.err


def test_an_interruption_leaves_with_130_and_the_same_command_goes_on(
    spikegraph: CommandLine, snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = trial.train, []

    def train(*arguments: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments, **more)

    monkeypatch.setattr(trial, "train", train)
    words = ["tune", snapshot, "--to", tmp_path / "t", "--model", "ease", "--trials", 3, "--json"]
    said = spikegraph(*words)
    assert said.code == 130
    assert "the same command goes on" in said.err
    assert (tmp_path / "t" / "best.toml").exists()
    assert spikegraph(*words).document["searches"][0]["counts"]["complete"] == 3
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["--set", "model.lambda=3"], "lambda"),
        (["--model", "ease", "--model", "ease"], "model"),
        (["--trials", 0], "budget"),
        (["--preset", "best"], "preset"),
    ],
)
def test_wrong_usage_is_named(
    spikegraph: CommandLine, snapshot: Path, tmp_path: Path, words: list[Any], where: str
) -> None:
    said = spikegraph("tune", snapshot, "--to", tmp_path / "t", *words, "--json")
    assert said.code == 2
    assert said.document["error"]["where"] == where
    assert not (tmp_path / "t").exists()


def test_a_space_file_with_an_option_that_does_not_exist_is_named(
    spikegraph: CommandLine, snapshot: Path, tmp_path: Path
) -> None:
    space = tmp_path / "space.toml"
    space.write_text("[model.lamda]\nlow = 1\nhigh = 2\n", encoding="utf-8")
    words = ["tune", snapshot, "--to", tmp_path / "t", "--space", space, "--json"]
    said = spikegraph(*words, "--model", "ease")
    assert said.code == 2
    assert said.document["error"]["where"] == str(space)
    assert "'model.lamda'" in said.document["error"]["message"]
    said = spikegraph(*words, "--model", "ease", "--model", "spike")
    assert "one model" in said.document["error"]["message"]
