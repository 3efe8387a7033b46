"""The `lastfm` reader: original ids, one node for an artist and its resource, and the counts of the real data."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from ingest.readers import read
from spikegraph.errors import DataError
from tests.support import small_data


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return read("lastfm", small_data.lastfm(tmp_path_factory.mktemp("lastfm")))


def facts(tables, relation):
    rows = tables.triples[tables.triples["relation"] == relation]
    return set(zip(rows["head"], rows["tail"], strict=True))


def test_keys_are_the_original_ids(small):
    assert small.users["key"].tolist() == ["user/2", "user/3", "user/7"]
    items = small.entities[small.entities["is_item"]]
    assert items["key"].tolist() == ["artist/51", "artist/52", "artist/53", "artist/54"]
    assert items["name"].tolist()[:2] == ["Queen", "David Bowie"]
    pairs = set(small.interactions.itertuples(index=False, name=None))
    assert {
        ("user/2", "artist/51", "train"),
        ("user/7", "artist/54", "train"),
        ("user/3", "artist/51", "test"),
    } <= pairs


def test_friends_of_the_split_are_read_once_a_pair(small):
    assert small.friends.to_numpy().tolist() == [["user/2", "user/3"], ["user/2", "user/7"]]


def test_the_two_files_of_associations_are_one_relation(small):
    assert facts(small, "ASSOCIATED_ACT") == {("artist/51", "dbpedia/Smile_(band)"), ("artist/52", "artist/51")}


def test_artists_of_one_resource_share_its_facts(small):
    assert facts(small, "HAS_GENRE") >= {("artist/53", "dbpedia/Baroque_pop"), ("artist/54", "dbpedia/Baroque_pop")}


def test_facts_of_strangers_and_self_loops_stay_out(small):
    assert facts(small, "HAS_MEMBER") == {("artist/51", "dbpedia/Brian_May")}
    assert not small.entities["key"].str.contains("Elsewhere|Nobody").any()


def test_labels_and_names_come_from_the_relations_and_the_resource(small):
    entities = small.entities.set_index("key")
    expected = {
        "dbpedia/Brian_May": ("Brian May", "Person"),
        "dbpedia/London": ("London", "Place"),
        "dbpedia/Rock_music": ("Rock music", "Genre"),
        "dbpedia/Saxophone": ("Saxophone", "Instrument"),
        "dbpedia/Singer/songwriter": ("Singer/songwriter", "Occupation"),
        "dbpedia/EMI": ("EMI", "RecordLabel"),
        "dbpedia/Smile_(band)": ("Smile (band)", "Artist"),
    }
    assert {key: tuple(entities.loc[key, ["name", "label"]]) for key in expected} == expected


def test_tags_of_fewer_than_five_artists_stay_out(tmp_path):
    folder = small_data.lastfm(tmp_path)
    assert facts(read("lastfm", folder), "HAS_TAG") == set()
    for name, line in (
        ("hetrec2011/artists.dat", "60\tGenesis\thttp://last.fm/60\t\n"),
        ("colakg/item_map.txt", "60 4\n"),
        ("minilm-text/lfm2k_text.tsv", "60\trock\n99\trock,brit\n"),
    ):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(line)
    tables = read("lastfm", folder)
    assert facts(tables, "HAS_TAG") == {(f"artist/{number}", "tag/1") for number in (51, 52, 53, 54, 60)}
    assert tables.entities.set_index("key").loc["tag/1", ["name", "label"]].tolist() == ["rock", "Tag"]


def test_profiles_are_kept_for_import(small):
    profiles = small.profiles.set_index("key")
    assert profiles.loc["artist/52", "profile"] == "Artist text 1"
    assert profiles.loc["user/7", "profile"] == "Listener text 2"
    assert set(profiles["model"]) == {"deepseek-chat"}
    assert small.exposed_to == ("train", "valid")


def test_a_profile_of_nobody_is_refused(tmp_path):
    folder = small_data.lastfm(tmp_path)
    (folder / "colakg/llm_response_user.json").write_text(json.dumps({"3": "Who?"}), encoding="utf-8")
    with pytest.raises(DataError, match="'3' is not one of the map") as refused:
        read("lastfm", folder)
    assert refused.value.where == "colakg/llm_response_user.json"


@pytest.fixture(scope="module")
def real(data_folder):
    return read("lastfm", data_folder("lastfm-llm"))


@pytest.mark.data
def test_counts_of_the_real_data(real):
    assert len(real.users) == 1_859
    assert real.entities["is_item"].sum() == 2_813
    assert real.interactions["split"].value_counts().to_dict() == {"train": 57_786, "test": 13_508}
    assert real.triples["relation"].value_counts()["HAS_TAG"] == 51_728
    assert (real.entities["label"] == "Tag").sum() == 1_569
    assert len(real.profiles) == 1_859 + 2_813
    assert real.entities["name"].notna().all()


@pytest.mark.data
def test_the_facts_are_the_lines_that_touch_an_artist(real, data_folder):
    """41 270 lines, 31 188 of them different; counted here once more, without the reader's code."""
    folder = data_folder("lastfm-llm")
    items = {line.split()[0] for line in (folder / "colakg/item_map.txt").read_text().splitlines()}
    mapping = (folder / "dbpedia-mapping/MappingLastfm2DBpedia-1.2.tsv").read_text(encoding="utf-8").splitlines()
    artists: dict[str, list[str]] = {}
    for artist, _, uri in (line.split("\t") for line in mapping):
        if artist in items:
            artists.setdefault(uri, []).append(f"artist/{artist}")
    lines, expected = 0, set()
    for path in sorted((folder / "dbpedia-triples").glob("*.edgelist")):
        relation = path.stem.partition(":")[2].replace("associatedBand", "associatedMusicalArtist")
        for head, tail in (line.split() for line in path.read_text(encoding="utf-8").splitlines()):
            if head not in artists and tail not in artists:
                continue
            lines += 1
            if head != tail:
                expected |= {(h, relation, t) for h in artists.get(head, [head]) for t in artists.get(tail, [tail])}
    assert lines == 41_270
    assert len(real.triples) - 51_728 == len(expected)


@pytest.mark.data
def test_tags_that_are_not_ascii_are_read_as_latin_1(data_folder):
    from ingest.readers.lastfm_facts import _read_tag_ids

    assert "fußball" in _read_tag_ids(data_folder("lastfm-llm")).index


@pytest.mark.data
def test_whole_history_files_stay_out(real, data_folder):
    """`user_artists.dat` holds the test pairs with play counts: nothing of it may be there."""
    assert set(real.interactions.columns) == {"user", "item", "split"}
    history = pd.read_csv(data_folder("lastfm-llm") / "hetrec2011/user_artists.dat", sep="\t")
    assert len(history) > len(real.interactions)
