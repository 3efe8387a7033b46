"""Lists from elsewhere: measured as the model that made them is, and wrong lines refused by their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from export.snapshot import Snapshot, Split
from model.compare.comparison import compare
from model.evaluate import evaluate
from model.runs.import_lists import import_lists
from model.runs.lists import kept_lists
from model.runs.run_folder import RunFolder
from model.train import train
from spikegraph.errors import DataError, UsageError
from tests.support.snapshots import random_snapshot


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return random_snapshot().save(tmp_path_factory.mktemp("lists") / "snapshot")


@pytest.fixture(scope="module")
def ease(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("ease")
    train(snapshot, folder, model="ease", device="cpu")
    evaluate(folder, snapshot, final=True)
    return RunFolder(folder)


def frame_of(ease: RunFolder, snapshot: Snapshot, part: str = "valid") -> pd.DataFrame:
    """The lists of a run as somebody else would write them."""
    lists = kept_lists(ease, part)
    assert lists is not None
    users, items = snapshot.users["key"], snapshot.entities["key"]
    rows = [
        (users[user], items[item], rank)
        for user, row in zip(lists.users, lists.items, strict=True)
        for rank, item in enumerate(row, start=1)
        if item >= 0
    ]
    return pd.DataFrame(rows, columns=["user", "item", "rank"])


def write(frame: pd.DataFrame, file: Path) -> Path:
    if file.suffix == ".parquet":
        frame.to_parquet(file, index=False)
    else:
        frame.to_csv(file, index=False, sep="\t" if file.suffix == ".tsv" else ",")
    return file


@pytest.mark.parametrize("name", ["lists.csv", "lists.tsv", "lists.parquet"])
def test_lists_give_the_metrics_of_the_model_that_made_them(
    name: str, ease: RunFolder, snapshot: Snapshot, tmp_path: Path
) -> None:
    file = write(frame_of(ease, snapshot).sample(frac=1, random_state=0), tmp_path / name)
    record = import_lists(snapshot, file, tmp_path / "run", name="theirs")
    assert record.metrics == {"valid": ease.read().metrics["valid"]}
    found = compare([ease.path, tmp_path / "run"], draws=100)
    assert {group.label for group in found.groups} == {"ease recommended", "theirs imported"}
    assert all(pair.wins == pair.losses == 0 for pair in found.pairs)


def test_both_parts_go_into_one_folder_and_test_is_noted(ease: RunFolder, snapshot: Snapshot, tmp_path: Path) -> None:
    parts: tuple[Split, ...] = ("valid", "test")
    for part in parts:
        file = write(frame_of(ease, snapshot, part), tmp_path / f"{part}.csv")
        record = import_lists(snapshot, file, tmp_path / "run", name="theirs", part=part)
    assert record.metrics == ease.read().metrics
    assert [reading.trained_on for reading in record.test_readings] == [("train", "valid")]
    assert compare([ease.path, tmp_path / "run"], part="test", draws=100).part == "test"
    with pytest.raises(UsageError, match="no model"):
        evaluate(tmp_path / "run")


def test_the_best_forty_count_and_missing_users_get_nothing(
    ease: RunFolder, snapshot: Snapshot, tmp_path: Path
) -> None:
    frame = frame_of(ease, snapshot)
    gone = frame["user"].iloc[0]
    record = import_lists(snapshot, write(frame[frame["user"] != gone], tmp_path / "a.csv"), tmp_path / "run", name="x")
    values = RunFolder(tmp_path / "run").per_user("valid").set_index("key")
    assert values.loc[gone].drop("user").eq(0).all()
    assert len(values) == 30
    assert record.metrics["valid"]["recall@20"] <= ease.read().metrics["valid"]["recall@20"]


Damage = Callable[[pd.DataFrame], None]


def put(line: int, column: str, value: object) -> Damage:
    def damage(frame: pd.DataFrame) -> None:
        frame[column] = frame[column].astype(object)
        frame.loc[line, column] = value

    return damage


@pytest.mark.parametrize(
    ("damage", "line", "message"),
    [
        (put(2, "user", "random/user/999"), 4, "names the user 'random/user/999'"),
        (put(2, "item", "random/entity/60"), 4, "names the item 'random/entity/60'"),
        (put(5, "rank", "first"), 7, "no whole number"),
        (put(5, "rank", 0), 7, "no whole number"),
        (put(5, "rank", 1.5), 7, "no whole number"),
        (put(1, "rank", 1), 3, "two items of one rank"),
        (put(1, "rank", 99), 3, "leaves out a rank"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(
    damage: Damage, line: int, message: str, ease: RunFolder, snapshot: Snapshot, tmp_path: Path
) -> None:
    frame = frame_of(ease, snapshot)
    damage(frame)
    with pytest.raises(DataError, match=message) as caught:
        import_lists(snapshot, write(frame, tmp_path / "bad.csv"), tmp_path / "run", name="x")
    assert caught.value.where == f"bad.csv:{line}"
    assert not (tmp_path / "run").exists()


def test_an_item_twice_and_one_the_user_has_are_refused(ease: RunFolder, snapshot: Snapshot, tmp_path: Path) -> None:
    frame = frame_of(ease, snapshot)
    frame.loc[1, "item"] = frame.loc[0, "item"]
    with pytest.raises(DataError, match="one item twice") as caught:
        import_lists(snapshot, write(frame, tmp_path / "bad.parquet"), tmp_path / "run", name="x")
    assert caught.value.where == "bad.parquet:2"
    user, item = snapshot.interactions["train"][:, 0]
    known = pd.DataFrame([(f"random/user/{user}", f"random/entity/{item}", 1)], columns=["user", "item", "rank"])
    with pytest.raises(DataError, match="shows the user an item of train"):
        import_lists(snapshot, write(known, tmp_path / "known.csv"), tmp_path / "run", name="x")


def test_files_and_folders_that_do_not_fit(ease: RunFolder, snapshot: Snapshot, tmp_path: Path) -> None:
    frame = frame_of(ease, snapshot)
    with pytest.raises(DataError, match="no column rank"):
        import_lists(snapshot, write(frame[["user", "item"]], tmp_path / "a.csv"), tmp_path / "run", name="x")
    with pytest.raises(DataError, match="cannot be read"):
        import_lists(snapshot, tmp_path / "nowhere.csv", tmp_path / "run", name="x")
    with pytest.raises(UsageError, match=r"no \.parquet"):
        import_lists(snapshot, write(frame, tmp_path / "a.txt"), tmp_path / "run", name="x")
    with pytest.raises(UsageError, match="holds another run"):
        import_lists(snapshot, write(frame, tmp_path / "a.csv"), ease.path, name="x")
