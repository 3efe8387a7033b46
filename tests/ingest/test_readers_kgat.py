"""The `kgat` reader: numbers to keys, names from lists, SPiKE's vectors, and the published folders."""

from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest

from ingest.readers import read
from spikegraph.errors import DataError
from tests.support import small_data


def test_nodes_facts_and_pairs(tmp_path):
    tables = read("kgat", small_data.kgat(tmp_path))
    assert tables.users["key"].tolist() == [f"user/{number}" for number in range(4)]
    assert tables.users["name"].tolist() == ["A1", "B2", "C3", "D4"]
    entities = tables.entities.set_index("key")
    assert entities.index.tolist() == [f"entity/{number}" for number in range(8)]
    assert entities["is_item"].tolist() == [True] * 5 + [False] * 3
    assert entities.loc["entity/0", ["name", "freebase_id"]].tolist() == ["i0", "m.0"]
    assert entities.loc["entity/6", "name"] == "a b"
    assert tables.triples.iloc[0].tolist() == ["entity/0", "BOOK_BOOK_GENRE", "entity/5"]
    assert tables.relations["type"].tolist() == ["BOOK_BOOK_GENRE", "BY"]
    pairs = {(row.user, row.item, row.split) for row in tables.interactions.itertuples()}
    assert ("user/1", "entity/3", "train") in pairs
    assert ("user/3", "entity/2", "test") in pairs
    assert len(pairs) == 11


def test_without_lists_items_are_the_numbers_up_to_the_largest_item(tmp_path):
    folder = small_data.kgat(tmp_path, lists=False, vectors=False)
    tables = read("kgat", folder)
    assert tables.entities["is_item"].tolist() == [True] * 5 + [False] * 3
    assert tables.entities["name"].tolist()[3:6] == ["Item 3", "Item 4", "Entity 5"]
    assert tables.relations["type"].tolist() == ["RELATION_0", "RELATION_1"]
    assert tables.vectors is None


def test_vectors_are_brought_to_their_nodes(tmp_path):
    folder = small_data.kgat(tmp_path)
    small_data.save_vectors(folder, "entity", [7, 5, 6])
    vectors = read("kgat", folder).vectors
    assert vectors.keys == (*(f"user/{n}" for n in range(4)), *(f"entity/{n}" for n in range(8)))
    assert vectors.matrix.dtype == np.float32
    assert vectors.matrix[:, 0].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7]


def test_ids_of_vectors_may_be_text_and_numbers_float64(tmp_path):
    folder = small_data.kgat(tmp_path)
    np.savez(
        folder / "user_embeddings.npz", ids=np.array(["3", "2", "1", "0"]), embeddings=np.arange(12.0).reshape(4, 3)
    )
    assert read("kgat", folder).vectors.matrix[:4, 0].tolist() == [9, 6, 3, 0]


def test_relations_of_equal_or_reserved_names_are_told_apart(tmp_path):
    folder = small_data.kgat(tmp_path)
    lists = "org_id remap_id\nhttp://a/ns/made.by 0\nhttp://b/ns#made_by 1\nassociated with 2\n"
    (folder / "relation_list.txt").write_text(lists, encoding="utf-8")
    with (folder / "kg_final.txt").open("a", encoding="utf-8") as file:
        file.write("0 2 6\n")
    assert read("kgat", folder).relations["type"].tolist() == ["MADE_BY_0", "MADE_BY_1", "ASSOCIATED_WITH_2"]


def test_a_graph_in_a_zip_file(tmp_path):
    folder = small_data.kgat(tmp_path)
    expected = read("kgat", folder).triples
    with zipfile.ZipFile(folder / "kg_final.txt.zip", "w") as archive:
        archive.write(folder / "kg_final.txt", "kg_final.txt")
    (folder / "kg_final.txt").unlink()
    assert read("kgat", folder).triples.equals(expected)
    (folder / "kg_final.txt.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError) as refused:
        read("kgat", folder)
    assert refused.value.where == "kg_final.txt.zip"


def test_without_train_txt_the_option_is_named(tmp_path):
    folder = small_data.kgat(tmp_path, vectors=False)
    (folder / "train.txt").unlink()
    with pytest.raises(DataError) as refused:
        read("kgat", folder)
    assert "interactions=test.txt" in refused.value.hint
    tables = read("kgat", folder, {"interactions": "test.txt"})
    assert "split" not in tables.interactions
    assert len(tables.interactions) == 4


def test_without_a_graph_only_if_asked(tmp_path):
    folder = small_data.kgat(tmp_path, vectors=False)
    (folder / "kg_final.txt").unlink()
    with pytest.raises(DataError):
        read("kgat", folder)
    tables = read("kgat", folder, {"knowledge": "none"})
    assert tables.triples.empty
    assert len(tables.entities) == 5


def test_amazon_book(data_folder):
    tables = read("kgat", data_folder("amazon-book-kgat") / "kgat", {"knowledge": "none"})
    assert len(tables.users) == 70_679
    assert len(tables.entities) == 24_915
    assert tables.interactions["split"].value_counts().to_dict() == {"train": 652_514, "test": 193_920}
    assert tables.users["name"][0] == "A3RTKL9KB8KLID"
    assert tables.entities.loc[0, ["name", "freebase_id"]].tolist() == ["0553092626", "m.045wq1q"]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        # users, items (listed), entities, triples without self loops, relations, pairs
        ("scale-last-fm-kgat", (23_566, 48_123, 106_389, 464_567 - 2_430, 9, 423_635)),
        ("scale-alibaba-ifashion", (114_737, 30_040, 89_196, 279_155, 51, 400_583)),
    ],
)
def test_complete_published_graphs(data_folder, name, counts):
    tables = read("kgat", data_folder(name), {"interactions": "test.txt"})
    assert counts == (
        len(tables.users),
        int(tables.entities["is_item"].sum()),
        len(tables.entities),
        len(tables.triples),
        len(tables.relations),
        len(tables.interactions),
    )


def test_the_published_lists_with_blanks_in_names(tmp_path, data_folder):
    """Amazon-book's entity list holds literals with blanks, and one that is a blank."""
    source = data_folder("amazon-book-kgat") / "kgat"
    for name in ("entity_list.txt", "item_list.txt"):
        shutil.copy(source / name, tmp_path)
    small_data.write_files(tmp_path, {"train.txt": "0 1\n", "test.txt": "0 2\n", "kg_final.txt": "1 0 113486\n"})
    tables = read("kgat", tmp_path)
    assert len(tables.entities) == 24_916
    assert tables.entities["name"].notna().all()
