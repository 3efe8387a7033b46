from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llm_profiles.contract import Kind, Profile
from llm_profiles.profile_store import list_sets, load_set, save_set
from llm_profiles.vector_store import add_vectors, list_embeddings, missing, vector_hash, vectors
from spikegraph.errors import DataError, NotFoundError

NODES: dict[Kind, int] = {"item": 2, "entity": 1, "user": 1}
PROFILES = [
    Profile("fm/user/1", "user", "Likes bands.", "import", "deep"),
    Profile("fm/artist/2", "item", "A band.", "template"),
    Profile("fm/artist/1", "item", "Another band.", "template"),
]


def save(home: Path, name: str = "mine", profiles: list[Profile] = PROFILES, split: str = "s"):
    return save_set(home, "fm", name, profiles, split_id=split, exposed_to=("train", "valid"), nodes=NODES)


def test_a_set_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    run = save(tmp_path)
    loaded_run, profiles = load_set(tmp_path, "fm", "mine")
    assert loaded_run == run
    assert profiles == [PROFILES[2], PROFILES[1], PROFILES[0]]
    assert run.exposed_to == ("train", "valid")
    assert run.kinds["item"].model_dump() == {"writers": ("template",), "models": (), "profiles": 2, "nodes": 2}
    assert run.kinds["entity"].profiles == 0
    assert run.kinds["user"].models == ("deep",)


def test_the_id_follows_the_content(tmp_path: Path) -> None:
    first = save(tmp_path).id
    assert save(tmp_path, profiles=PROFILES[::-1]).id == first
    assert save(tmp_path, profiles=PROFILES[:2]).id != first
    assert save(tmp_path, split="other").id != first
    assert save(tmp_path, "other").id != first


def test_sets_stand_beside_each_other(tmp_path: Path) -> None:
    save(tmp_path, "imported")
    save(tmp_path, "template", PROFILES[:1])
    assert [run.set for run in list_sets(tmp_path, "fm")] == ["imported", "template"]
    assert len(load_set(tmp_path, "fm", "imported")[1]) == 3
    assert list_sets(tmp_path, "other") == []
    with pytest.raises(NotFoundError, match="no profile set 'paid'") as caught:
        load_set(tmp_path, "fm", "paid")
    assert caught.value.hint == "there are: imported, template"


@pytest.mark.parametrize("name", ["", "../other", "Paid", "a/b", "x" * 64])
def test_a_strange_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="not the name of a profile set"):
        save(tmp_path, name)


@pytest.mark.parametrize("file", ["run.json", "profiles.parquet"])
def test_a_damaged_set_is_refused(tmp_path: Path, file: str) -> None:
    save(tmp_path)
    (tmp_path / "fm" / "sets" / "mine" / file).write_bytes(b"rubbish")
    with pytest.raises(DataError, match="cannot be read"):
        load_set(tmp_path, "fm", "mine")


def test_vectors_are_found_by_hash_and_kept(tmp_path: Path) -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    names = [vector_hash(row) for row in matrix]
    add_vectors(tmp_path, "fm", "minilm", names[:2], matrix[:2])
    assert missing(tmp_path, "fm", "minilm", [*names, names[0]]) == [names[2]]
    assert add_vectors(tmp_path, "fm", "minilm", names[2:], matrix[2:]) == 3
    lookup = vectors(tmp_path, "fm", "minilm")
    np.testing.assert_array_equal(lookup(names[::-1]), matrix[::-1])
    assert lookup([]).shape == (0, 2)
    assert lookup([]).dtype == np.float32
    assert list_embeddings(tmp_path, "fm") == ["minilm"]


def test_a_hash_without_a_vector_is_refused(tmp_path: Path) -> None:
    add_vectors(tmp_path, "fm", "lsa-2-x", ["a" * 64], np.ones((1, 2), dtype=np.float32))
    with pytest.raises(DataError, match="no text vector"):
        vectors(tmp_path, "fm", "lsa-2-x")(["b" * 64])
    with pytest.raises(NotFoundError, match="no text vectors 'minilm'"):
        vectors(tmp_path, "fm", "minilm")


def test_vectors_of_another_width_take_the_place_of_the_old(tmp_path: Path) -> None:
    add_vectors(tmp_path, "fm", "source", ["a" * 64], np.ones((1, 2), dtype=np.float32))
    assert add_vectors(tmp_path, "fm", "source", ["b" * 64], np.ones((1, 3), dtype=np.float32)) == 1
    assert vectors(tmp_path, "fm", "source")(["b" * 64]).shape == (1, 3)


@pytest.mark.parametrize("damage", ["cut", "rows"])
def test_damaged_vectors_are_refused(tmp_path: Path, damage: str) -> None:
    add_vectors(tmp_path, "fm", "minilm", ["a" * 64, "b" * 64], np.ones((2, 2), dtype=np.float32))
    file = tmp_path / "fm" / "vectors" / "minilm" / "vectors.npy"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:20])
    else:
        np.save(file, np.ones((1, 2), dtype=np.float32))
    with pytest.raises(DataError):
        vectors(tmp_path, "fm", "minilm")
