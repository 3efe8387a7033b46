"""The `movielens-1m` reader: original ids, facts of the cells, and the counts of the real data."""

from __future__ import annotations

import csv
import json

import pytest

from ingest.readers import read
from spikegraph.errors import DataError
from tests.support import small_data


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return read("movielens-1m", small_data.movielens_1m(tmp_path_factory.mktemp("movielens")))


def facts(tables, relation):
    rows = tables.triples[tables.triples["relation"] == relation]
    return set(zip(rows["head"], rows["tail"], strict=True))


def test_keys_are_the_original_ids(small):
    assert small.users["key"].tolist() == ["user/1", "user/5", "user/6"]
    items = small.entities[small.entities["is_item"]]
    assert items["key"].tolist() == ["movie/3", "movie/1", "movie/2", "movie/4"]
    assert items["name"].tolist()[:3] == ["Jumanji (1995)", "Toy Story (1995)", "Cold Fever (Á köldum klaka) (1994)"]
    assert set(small.interactions.itertuples(index=False, name=None)) == {
        ("user/1", "movie/3", "train"),
        ("user/1", "movie/1", "train"),
        ("user/5", "movie/1", "train"),
        ("user/5", "movie/2", "train"),
        ("user/6", "movie/4", "train"),
        ("user/1", "movie/2", "test"),
        ("user/5", "movie/3", "test"),
    }


def test_every_value_of_a_cell_is_a_fact(small):
    assert facts(small, "HAS_GENRE") == {
        ("movie/1", "genre/Animation"),
        ("movie/1", "genre/Comedy"),
        ("movie/2", "genre/Comedy"),
        ("movie/3", "genre/Family"),
    }
    assert facts(small, "MADE_IN") >= {("movie/2", "country/Iceland"), ("movie/2", "country/Japan")}
    assert facts(small, "RELEASED_IN") >= {("movie/1", "year/1995"), ("movie/4", "year/1919")}


def test_empty_cells_are_no_facts(small):
    assert facts(small, "WRITTEN_BY") == {("movie/2", "person/Friðrik Þór")}
    assert small.triples.query("head == 'movie/4'")["relation"].tolist() == ["RELEASED_IN"]


def test_blanks_around_and_within_names_are_one(small):
    assert ("movie/3", "person/Joe Johnston") in facts(small, "DIRECTED_BY")
    assert ("movie/3", "person/Robin Williams") in facts(small, "HAS_ACTOR")


def test_a_person_is_one_node_whatever_the_role(small):
    people = small.entities[small.entities["key"] == "person/Friðrik Þór"]
    assert people[["name", "label"]].values.tolist() == [["Friðrik Þór", "Person"]]


def test_films_that_are_no_items_stay_out(small):
    assert "movie/9" not in set(small.entities["key"])
    assert not small.entities["name"].isin(["Chad", "War", "Sara", "Nobody"]).any()


def test_an_overview_that_was_not_found_is_none(small):
    assert small.texts.values.tolist() == [["movie/3", "overview", "A game."], ["movie/1", "overview", "Toys, alive."]]


def test_profiles_are_kept_for_import(small):
    profiles = small.profiles.set_index("key")
    assert profiles.loc["movie/3", "profile"] == "Film text 0"
    assert profiles.loc["user/6", "profile"] == "Viewer text 2"
    assert set(profiles["model"]) == {"qwen-max"}
    assert small.exposed_to == ("train", "valid")


def test_an_item_without_a_film_is_refused(tmp_path):
    folder = small_data.movielens_1m(tmp_path)
    (folder / "gear-rec/item_map.txt").write_text("3 0\n1 1\n2 2\n77 3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"the film 77 of gear-rec/item_map\.txt is not there"):
        read("movielens-1m", folder)


def test_a_profile_of_nobody_is_refused(tmp_path):
    folder = small_data.movielens_1m(tmp_path)
    (folder / "gear-rec/llm_response_item.json").write_text(json.dumps({"4": "What?"}), encoding="utf-8")
    with pytest.raises(DataError, match="'4' is not one of the map") as refused:
        read("movielens-1m", folder)
    assert refused.value.where == "gear-rec/llm_response_item.json"


@pytest.fixture(scope="module")
def real(data_folder):
    return read("movielens-1m", data_folder("ml-1m-llm"))


@pytest.mark.data
def test_counts_of_the_real_data(real):
    assert len(real.users) == 6_040
    assert real.entities["is_item"].value_counts().to_dict() == {True: 3_260, False: 8_264}
    assert real.interactions["split"].value_counts().to_dict() == {"train": 801_218, "test": 197_321}
    assert len(real.triples) == 36_819
    assert len(real.profiles) == 6_040 + 3_260
    assert len(real.texts) == 3_227
    assert real.entities["name"].notna().all()


@pytest.mark.data
def test_the_facts_of_the_real_data_are_the_cells(real, data_folder):
    """Directors, counted here once more without the reader's code."""
    folder = data_folder("ml-1m-llm") / "gear-rec"
    items = {line.split()[0] for line in (folder / "item_map.txt").read_text().splitlines()}
    expected = set()
    with (folder / "ml1m_extended_movie.csv").open(encoding="utf-8", newline="") as file:
        for film in csv.DictReader(file):
            if film["MovieID"] in items and film["director"].strip():
                expected.add((f"movie/{film['MovieID']}", f"person/{film['director'].strip()}"))
    assert facts(real, "DIRECTED_BY") == expected
