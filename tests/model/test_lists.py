"""Ranked lists in the run folder: the metrics of the folder are those of its lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from export.snapshot import Snapshot, Split
from model.evaluate import evaluate
from model.interactions import Interactions
from model.ranking import rank_per_user
from model.runs.lists import RankedLists, kept_lists
from model.runs.run_folder import RunFolder
from model.runs.saved import SPLITS_OF, Weights, load_recommender
from model.train import train
from spikegraph.errors import DataError
from tests.support.snapshots import random_snapshot


@pytest.fixture
def snapshot() -> Snapshot:
    return random_snapshot()


@pytest.fixture
def folder(tmp_path: Path, snapshot: Snapshot) -> RunFolder:
    train(snapshot, tmp_path / "run", model="ease", device="cpu")
    return RunFolder(tmp_path / "run")


def test_training_keeps_the_lists_of_validation(folder: RunFolder, snapshot: Snapshot) -> None:
    trained = kept_lists(folder, "valid")
    assert trained is not None
    evaluate(folder.path, snapshot)
    again = kept_lists(folder, "valid")
    assert again is not None
    np.testing.assert_array_equal(trained.items, again.items)


@pytest.mark.parametrize(("split", "weights"), [("valid", "best"), ("test", "final")])
def test_the_kept_lists_give_the_kept_metrics(
    folder: RunFolder, snapshot: Snapshot, split: Split, weights: Weights
) -> None:
    evaluate(folder.path, snapshot, final=split == "test")
    relevant = Interactions.from_snapshot(snapshot, [split])
    seen = Interactions.from_snapshot(snapshot, SPLITS_OF[weights])
    lists = kept_lists(folder, split)
    assert lists is not None
    assert lists.items.shape == (len(lists.users), 40)
    known = {*zip(seen.users.tolist(), seen.items.tolist(), strict=True)}
    pairs = {(user, item) for user, row in zip(lists.users, lists.items, strict=True) for item in row}
    assert not pairs & known
    again = lists.metrics(relevant)
    pd.testing.assert_frame_equal(folder.per_user(split).drop(columns="key"), again)
    recommender = load_recommender(folder, folder.read(), snapshot, weights, "cpu")
    pd.testing.assert_frame_equal(rank_per_user(recommender.encode(), seen, relevant), again)


def test_places_without_an_item_are_no_hits() -> None:
    snapshot = random_snapshot()
    relevant = Interactions.from_snapshot(snapshot, ["valid"])
    user, item = int(relevant.users[1]), int(relevant.items[1])
    lists = RankedLists(np.array([user]), np.array([[-1, item]]))
    assert lists.hits(relevant).tolist() == [[False, True]]


def test_a_folder_without_lists_says_none_and_a_damaged_one_is_named(folder: RunFolder) -> None:
    assert folder.lists("test") is None
    (folder.path / "lists_valid.npz").write_bytes(b"PK no")
    with pytest.raises(DataError, match="lists_valid"):
        folder.lists("valid")
