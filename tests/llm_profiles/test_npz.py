from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.readers.kgat_vectors import read_vectors
from llm_profiles.contract import KINDS, Kind, Profile
from llm_profiles.npz import write_npz
from llm_profiles.profile_store import save_set
from llm_profiles.vector_store import add_vectors
from spikegraph.errors import DataError

NUMBERED: dict[Kind, list[str]] = {
    "item": ["x/entity/0", "x/entity/1", "x/entity/2"],
    "entity": ["x/entity/4", "x/entity/7"],  # SPiKE's numbers may have gaps
    "user": ["x/user/0", "x/user/1"],
}


def save(home: Path, keys: dict[Kind, list[str]]) -> dict[str, np.ndarray]:
    profiles = [Profile(key, kind, f"About {key}.", "template") for kind in KINDS for key in keys[kind]]
    nodes = {kind: len(keys[kind]) for kind in KINDS}
    save_set(home, "x", "mine", profiles, split_id="s", exposed_to=("train",), nodes=nodes)
    matrix = np.random.default_rng(0).normal(size=(len(profiles), 5)).astype(np.float32)
    add_vectors(home, "x", "made", [profile.hash for profile in profiles], matrix)
    return dict(zip([profile.key for profile in profiles], matrix, strict=True))


def test_what_was_written_is_read_back_with_the_data_sets_own_numbers(tmp_path: Path) -> None:
    vector_of = save(tmp_path, NUMBERED)
    report = write_npz(tmp_path, "x", "mine", "made", NUMBERED, tmp_path / "out")
    assert (report.vectors, report.dimensions) == ({"item": 3, "entity": 2, "user": 2}, 5)
    found = read_vectors(tmp_path / "out", np.arange(2), np.arange(3), np.array([4, 7]))
    assert found is not None
    for key, row in zip(found.keys, found.matrix, strict=True):
        np.testing.assert_array_equal(row, vector_of[f"x/{key}"])


def test_other_data_sets_are_numbered_by_place_with_the_keys_beside(tmp_path: Path) -> None:
    keys: dict[Kind, list[str]] = {
        "item": ["x/film/b", "x/film/a"],
        "entity": ["x/person/z"],
        "user": ["x/user/ann"],
    }
    vector_of = save(tmp_path, keys)
    write_npz(tmp_path, "x", "mine", "made", keys, tmp_path / "out")
    with np.load(tmp_path / "out" / "entity_embeddings.npz") as entities:
        assert entities["ids"].tolist() == [2]
        np.testing.assert_array_equal(entities["embeddings"][0], vector_of["x/person/z"])
    assert (tmp_path / "out" / "item_keys.txt").read_text().split() == keys["item"]


def test_a_node_without_a_profile_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    save(tmp_path, NUMBERED)
    with pytest.raises(DataError, match="x/user/9: has no profile"):
        write_npz(tmp_path, "x", "mine", "made", NUMBERED | {"user": ["x/user/9"]}, tmp_path / "out")
    assert not (tmp_path / "out").exists()
