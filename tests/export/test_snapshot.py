from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from export.snapshot import SPLITS, load_snapshot
from spikegraph.errors import DataError
from tests.support.snapshots import random_snapshot


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1000),
    num_users=st.integers(1, 12),
    num_items=st.integers(1, 12),
    auxiliary=st.integers(0, 12),
    num_relations=st.integers(1, 4),
    profile_dim=st.none() | st.integers(1, 5),
)
def test_save_and_load_give_the_same_snapshot(
    tmp_path: Path,
    seed: int,
    num_users: int,
    num_items: int,
    auxiliary: int,
    num_relations: int,
    profile_dim: int | None,
) -> None:
    snapshot = random_snapshot(seed, num_users, num_items, num_items + auxiliary, num_relations, profile_dim)
    loaded = load_snapshot(snapshot.save(tmp_path / "snapshot").folder or tmp_path)
    np.testing.assert_array_equal(loaded.edge_index, snapshot.edge_index)
    np.testing.assert_array_equal(loaded.edge_type, snapshot.edge_type)
    for split in SPLITS:
        np.testing.assert_array_equal(loaded.interactions[split], snapshot.interactions[split])
    assert loaded.users.equals(snapshot.users)
    assert loaded.entities.equals(snapshot.entities)
    assert (loaded.num_users, loaded.num_items) == (num_users, num_items)
    if profile_dim is None:
        assert loaded.user_profile is None
        assert loaded.entity_profile is None
    else:
        np.testing.assert_array_equal(loaded.user_profile, snapshot.user_profile)
        np.testing.assert_array_equal(loaded.entity_profile, snapshot.entity_profile)
    assert loaded.content_hash() == snapshot.content_hash() == loaded.manifest.content_hash


def test_the_hash_depends_on_content_only(tmp_path: Path) -> None:
    first = random_snapshot(3).save(tmp_path / "a")
    second = random_snapshot(3).save(tmp_path / "b")
    other = random_snapshot(4).save(tmp_path / "c")
    assert first.manifest.content_hash == second.manifest.content_hash
    assert first.manifest.content_hash != other.manifest.content_hash


@pytest.mark.parametrize("change", ["edge", "name", "profile", "relation", "items"])
def test_the_hash_sees_every_part(change: str) -> None:
    snapshot = random_snapshot()
    before = snapshot.content_hash()
    if change == "edge":
        snapshot.edge_type[0] = (snapshot.edge_type[0] + 1) % snapshot.num_relations
    elif change == "name":
        snapshot.entities.loc[0, "name"] = "another"
    elif change == "profile":
        assert snapshot.user_profile is not None
        snapshot.user_profile[0, 0] += 1
    elif change == "relation":
        relations = ("OTHER", *snapshot.manifest.relations[1:])
        object.__setattr__(snapshot, "manifest", snapshot.manifest.model_copy(update={"relations": relations}))
    else:
        object.__setattr__(snapshot, "num_items", snapshot.num_items - 1)
    assert snapshot.content_hash() != before


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "edge_index.npy", "interactions_test.npy", "users.parquet", "user_profile.npy"],
)
@pytest.mark.parametrize("damage", ["missing", "cut", "rubbish"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, damage: str) -> None:
    random_snapshot().save(tmp_path / "snapshot")
    file = tmp_path / "snapshot" / name
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        file.write_bytes(b"rubbish")
    with pytest.raises(DataError, match="snapshot"):
        load_snapshot(tmp_path / "snapshot")


def test_a_changed_value_is_refused(tmp_path: Path) -> None:
    saved = random_snapshot().save(tmp_path / "snapshot")
    profile = np.array(saved.user_profile)
    profile[0, 0] += 1
    np.save(tmp_path / "snapshot" / "user_profile.npy", profile)
    with pytest.raises(DataError, match="content hash"):
        load_snapshot(tmp_path / "snapshot")


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("edge_index", np.full((2, 80), 70, dtype=np.int64)),
        ("edge_index", np.zeros((2, 79), dtype=np.int64)),
        ("edge_index", np.zeros((2, 80), dtype=np.int32)),
        ("edge_type", np.full(80, -1, dtype=np.int64)),
        ("interactions_valid", np.full((2, 30), 40, dtype=np.int64)),
        ("interactions_valid", np.zeros((2, 29), dtype=np.int64)),
        ("user_profile", np.zeros((29, 8), dtype=np.float32)),
        ("user_profile", np.zeros((30, 8), dtype=np.float64)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, name: str, array: np.ndarray) -> None:
    assert random_snapshot().edge_index.shape == (2, 80)
    random_snapshot().save(tmp_path / "snapshot")
    np.save(tmp_path / "snapshot" / f"{name}.npy", array)
    with pytest.raises(DataError, match="not a whole snapshot"):
        load_snapshot(tmp_path / "snapshot", verify=False)


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    random_snapshot().save(tmp_path / "snapshot")
    np.save(tmp_path / "snapshot" / "edge_type.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError):
        load_snapshot(tmp_path / "snapshot")


def test_another_format_is_refused(tmp_path: Path) -> None:
    random_snapshot().save(tmp_path / "snapshot")
    file = tmp_path / "snapshot" / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 99}))
    with pytest.raises(DataError, match="format is 99"):
        load_snapshot(tmp_path / "snapshot")


def test_saving_replaces_a_snapshot_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    random_snapshot(1).save(tmp_path / "snapshot")
    saved = random_snapshot(2, profile_dim=None).save(tmp_path / "snapshot")
    assert saved.user_profile is None
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot"]


def test_saving_never_replaces_something_else(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-mother.txt").write_text("dear")
    with pytest.raises(DataError, match="holds something that is no snapshot"):
        random_snapshot().save(tmp_path / "letters")
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="is a file"):
        random_snapshot().save(tmp_path / "file")
    assert (tmp_path / "letters" / "to-mother.txt").read_text() == "dear"


def test_a_snapshot_that_contradicts_itself_is_not_saved(tmp_path: Path) -> None:
    snapshot = random_snapshot()
    snapshot.edge_type[0] = 99
    with pytest.raises(DataError, match="edge_type"):
        snapshot.save(tmp_path / "snapshot")
    assert not (tmp_path / "snapshot").exists()


def test_both_directions_adds_the_inverses() -> None:
    snapshot = random_snapshot()
    edge_index, edge_type = snapshot.both_directions()
    count = len(snapshot.edge_type)
    np.testing.assert_array_equal(edge_index[:, count:], snapshot.edge_index[[1, 0]])
    np.testing.assert_array_equal(edge_type[count:], snapshot.edge_type + snapshot.num_relations)
