"""The `tables` reader: the documented example, every option of dataset.toml, and two real data sets."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ingest.readers import read
from ingest.split import apply_split, default_rule
from spikegraph.errors import DataError, UsageError
from tests.support.small_data import OWN_DATA, own, write_files

DOCS = OWN_DATA.parents[1]

SMALL = """
label = "Shop"
source = "a test"

[items]
namespace = "thing"
label = "Product"

[interactions]
file = "clicks.csv"
user = "who"
item = "what"
"""


def shop(folder: Path, clicks: str, toml: str = SMALL, **files: str) -> Path:
    return write_files(folder, {"dataset.toml": toml, "clicks.csv": clicks, **files})


@pytest.fixture(scope="module")
def library():
    return read("tables", OWN_DATA)


def test_the_example_of_the_docs(library):
    assert len(library.users) == 10
    assert library.entities["is_item"].sum() == 15
    assert set(library.relations["type"]) == {"ABOUT", "WRITTEN_BY", "BORN_IN", "DIED_IN"}
    assert library.interactions["rating"].min() == 3
    assert library.positive_rule == "rating >= 3"
    wells = library.entities.set_index("key").loc["author/wells"]
    assert (wells["name"], wells["label"], wells["born"]) == ("H. G. Wells", "Author", 1866)
    facts = set(library.triples.itertuples(index=False, name=None))
    assert {
        ("book/b13", "ABOUT", "subject/horror"),
        ("book/b13", "WRITTEN_BY", "author/wells"),
        ("author/wells", "BORN_IN", "place/England"),
    } <= facts
    assert library.relations.set_index("type").loc["WRITTEN_BY", "sentence"] == "{head} was written by {tail}."


def test_the_example_has_texts_reviews_and_times(library):
    assert set(library.texts["field"]) == {"description"}
    assert len(library.texts) == 15
    reviews = library.interactions.dropna(subset="review").set_index(["user", "item"])["review"]
    assert reviews[("user/3", "book/b05")] == "Long, but the sea is in it."
    first = library.interactions.iloc[0]
    assert first["at"] == datetime(2024, 2, 24, tzinfo=UTC).timestamp()
    assert default_rule(library.interactions).kind == "time"


def test_the_guide_shows_the_files_as_they_are():
    guide = (DOCS / "your-own-data.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", guide, re.S)
    assert (OWN_DATA / "dataset.toml").read_text(encoding="utf-8") in blocks
    for path in sorted(OWN_DATA.iterdir()):
        assert path.name in guide


def test_the_guide_names_every_key():
    from ingest.readers import dataset_toml

    guide = (DOCS / "your-own-data.md").read_text(encoding="utf-8")
    sections = [
        value
        for value in vars(dataset_toml).values()
        if isinstance(value, type) and issubclass(value, dataset_toml.Section)
    ]
    keys = {key for section in sections for key in section.model_fields}
    assert len(keys) > 30
    assert {key for key in keys if f"`{key}`" not in guide} == set()


def test_parquet_says_the_same_as_csv(tmp_path, library):
    folder = own(tmp_path)
    for path in sorted(folder.glob("*.csv")):
        frame = pd.read_csv(path)
        if path.name == "loans.csv":
            frame["returned"] = pd.to_datetime(frame["returned"])
            frame["stars"] = frame["stars"].astype("float32")
        frame.to_parquet(path.with_suffix(".parquet"))
        path.unlink()
    toml = (folder / "dataset.toml").read_text(encoding="utf-8").replace(".csv", ".parquet")
    (folder / "dataset.toml").write_text(toml, encoding="utf-8")
    again = read("tables", folder)
    for table in ("users", "entities", "triples", "relations", "interactions", "texts"):
        pd.testing.assert_frame_equal(getattr(again, table), getattr(library, table))


def test_the_description_may_be_given_in_the_place_of_its_folder(library):
    assert read("tables", OWN_DATA / "dataset.toml").interactions.equals(library.interactions)


def test_users_and_items_may_come_from_the_interactions(tmp_path):
    tables = read("tables", shop(tmp_path, 'who,what\nann,x/1\nbob,"it\'s ""2"""\n'))
    assert tables.users["key"].tolist() == ["user/ann", "user/bob"]
    assert tables.entities["key"].tolist() == ['thing/it\'s "2"', "thing/x/1"]
    assert tables.positive_rule == "every listed pair"
    assert tables.triples.empty


@pytest.mark.parametrize(
    ("how", "expected"),
    [("first", (1.0, 100)), ("last", (5.0, 300)), ("count", (5.0, 300))],
)
def test_repeated_pairs_are_merged_as_asked(tmp_path, how, expected):
    toml = SMALL + f'rating = "r"\nat = "t"\nduplicates = "{how}"\n'
    folder = shop(tmp_path, "who,what,r,t\nann,x,5,300\nann,y,2,7\nann,x,1,100\nann,x,3,200\n", toml)
    pairs = read("tables", folder).interactions.set_index("item")
    assert len(pairs) == 2
    assert (pairs.loc["thing/x", "rating"], pairs.loc["thing/x", "at"]) == expected
    if how == "count":
        assert pairs["count"].to_dict() == {"thing/x": 3, "thing/y": 1}


@pytest.mark.parametrize(
    ("rule", "kept"), [("rating >= 4", "cd"), ("rating > 4", "d"), ("rating == 3", "b"), ("rating < 3.5", "ab")]
)
def test_the_rule_of_a_positive(tmp_path, rule, kept):
    folder = shop(tmp_path, "who,what,r\nu,a,1\nu,b,3\nu,c,4\nu,d,5\n", SMALL + f'rating = "r"\npositive = "{rule}"\n')
    tables = read("tables", folder)
    assert tables.interactions["item"].tolist() == [f"thing/{item}" for item in kept]
    assert tables.positive_rule == rule
    assert len(tables.entities) == 4


def test_a_split_of_ones_own(tmp_path):
    folder = shop(tmp_path, "who,what,part\nu,a,train\nu,b,test\nu,c,valid\n", SMALL + 'split = "part"\n')
    pairs = read("tables", folder).interactions
    assert default_rule(pairs).kind == "given"
    rule = default_rule(pairs)
    assert apply_split(pairs, rule, rule.generator())["split"].tolist() == ["train", "test", "valid"]


@pytest.mark.parametrize(
    ("cell", "form", "seconds"),
    [
        ("86400", None, 86_400),
        ("86400.9", None, 86_400),
        ("1970-01-02", None, 86_400),
        ("1970-01-02T01:00:00+01:00", None, 86_400),
        ("02.01.1970", "%d.%m.%Y", 86_400),
        ("19700102", "%Y%m%d", 86_400),
    ],
)
def test_times(tmp_path, cell, form, seconds):
    toml = SMALL + 'at = "t"\n' + (f'at_format = "{form}"\n' if form else "")
    assert read("tables", shop(tmp_path, f"who,what,t\nu,a,{cell}\n", toml)).interactions["at"].tolist() == [seconds]


def test_attributes_take_the_type_of_their_cells(tmp_path):
    toml = SMALL.replace(
        'label = "Product"', 'label = "Product"\nfile = "things.csv"\nkey = "id"\nattributes = ["n", "x", "zip", "w"]'
    )
    things = "id,n,x,zip,w\na,1,1.5,02139,b\nb,,2,10115,\n"
    items = read("tables", shop(tmp_path, "who,what\nu,a\n", toml, **{"things.csv": things})).entities
    assert items["n"].dtype == "Int64"
    assert items["n"].isna().tolist() == [False, True]
    assert items["x"].tolist() == [1.5, 2.0]
    assert items["zip"].tolist() == ["02139", "10115"]
    assert items["w"].isna().tolist() == [False, True]


def test_triples_with_unknown_ends_are_dropped_if_asked(tmp_path):
    toml = SMALL + (
        '\n[[triples]]\nfile = "facts.tsv"\nhead = "h"\nhead_namespace = "thing"\n'
        'relation = "MADE_OF"\ntail = "t"\ntail_namespace = "stuff"\ntail_label = "Stuff"\n'
    )
    facts = {"facts.tsv": "h\tt\na\twood\nz\tstone\na\twood\n"}
    folder = shop(tmp_path, "who,what\nu,a\n", toml, **facts)
    with pytest.raises(DataError) as refused:
        read("tables", folder)
    assert refused.value.where == "facts.tsv:3"
    (folder / "dataset.toml").write_text(toml + 'unknown = "drop"\n', encoding="utf-8")
    tables = read("tables", folder)
    assert tables.triples.to_numpy().tolist() == [["thing/a", "MADE_OF", "stuff/wood"]]


def test_friends_are_pairs_of_users_each_once(tmp_path):
    toml = SMALL + '\n[friends]\nfile = "friends.csv"\nuser = "a"\nfriend = "b"\n'
    pairs = "who,what\nu,a\nv,b\nw,a\n"
    folder = shop(tmp_path, pairs, toml, **{"friends.csv": "a,b\nv,u\nu,v\nw,u\n"})
    assert read("tables", folder).friends.to_numpy().tolist() == [["user/u", "user/v"], ["user/u", "user/w"]]
    for wrong, line, reason in (("u,x", 2, "is not a user"), ("u,u", 2, "is the same user")):
        (folder / "friends.csv").write_text(f"a,b\n{wrong}\nu,v\n", encoding="utf-8")
        with pytest.raises(DataError, match=reason) as refused:
            read("tables", folder)
        assert refused.value.where == f"friends.csv:{line}"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("[items]", "[items]\ncolour = 1"), "items.colour"),
        (('user = "who"', 'user = "who"\npositiv = "rating > 3"'), "interactions.positiv"),
        (('user = "who"', ""), "interactions.user"),
        (('user = "who"', 'user = "who"\npositive = "stars > 3"'), "interactions"),
        (('user = "who"', 'user = "who"\npositive = "rating > 3"'), "interactions"),
        (('namespace = "thing"', 'namespace = "My Things"'), "items.namespace"),
        (('namespace = "thing"', 'namespace = "thing"\nfile = "a.csv"'), "items"),
        (
            ('namespace = "thing"', 'namespace = "thing"\nfile = "a.csv"\nkey = "k"\nattributes = ["profile"]'),
            "items.attributes",
        ),
        (("[items]", "[wrong]\nx = 1\n[items]"), "wrong"),
        (('label = "Shop"', "label = "), "TOML"),
    ],
)
def test_an_unknown_key_is_an_error_that_names_it(tmp_path, change, key):
    folder = shop(tmp_path, "who,what\nu,a\n", SMALL.replace(*change))
    with pytest.raises(UsageError) as refused:
        read("tables", folder)
    assert refused.value.where == "dataset.toml"
    assert key in refused.value.message


ML_LATEST = """
label = "MovieLens"
source = "MovieLens latest-small (GroupLens)"

[items]
file = "movies.csv"
key = "movieId"
namespace = "movie"
label = "Movie"
name = "title"

[[items.relations]]
column = "genres"
separator = "|"
relation = "HAS_GENRE"
namespace = "genre"
label = "Genre"

[interactions]
file = "ratings.csv"
user = "userId"
item = "movieId"
rating = "rating"
at = "timestamp"
positive = "rating >= 4"
"""


def test_movielens_latest_small(tmp_path, data_folder):
    source = data_folder("ml-latest-small-neo4j") / "ml-latest-small"
    for name in ("movies.csv", "ratings.csv"):
        shutil.copy(source / name, tmp_path)
    write_files(tmp_path, {"dataset.toml": ML_LATEST})
    tables = read("tables", tmp_path)
    assert len(tables.users) == 671
    assert tables.entities["is_item"].sum() == 9_125
    assert len(tables.triples) == 20_340
    raw = pd.read_csv(source / "ratings.csv")
    assert len(tables.interactions) == (raw["rating"] >= 4).sum()
    rule = default_rule(tables.interactions)
    split = apply_split(tables.interactions, rule, rule.generator())["split"].value_counts(normalize=True)
    assert rule.kind == "time"
    assert np.allclose([split["valid"], split["test"]], 0.1, atol=0.005)


ML_100K = """
label = "MovieLens100k"
source = "MovieLens 100K (GroupLens) with DBpedia facts"

[users]
file = "ml-100k.user"
delimiter = "\\t"
key = "user_id:token"
attributes = { age = "age:token", occupation = "occupation:token" }

[items]
file = "ml-100k.item"
delimiter = "\\t"
key = "item_id:token"
namespace = "movie"
label = "Movie"
name = "movie_title:token_seq"
attributes = { year = "release_year:token" }

[[triples]]
file = "enriched.csv"
head = "item_id::string"
head_namespace = "movie"
tail = "director::string_list"
tail_namespace = "dbpedia"
tail_label = "Person"
separator = "::"
relation = "DIRECTED_BY"

[[texts]]
file = "enriched.csv"
key = "item_id::string"
namespace = "movie"
text = "abstract::string"
field = "abstract"

[interactions]
file = "ml-100k.inter"
delimiter = "\\t"
user = "user_id:token"
item = "item_id:token"
rating = "rating:float"
at = "timestamp:float"
"""


def test_movielens_100k(tmp_path, data_folder):
    source = data_folder("ml-100k-dbpedia")
    for name in (
        "recbole/ml-100k.inter",
        "recbole/ml-100k.item",
        "recbole/ml-100k.user",
        "frankgraphbench/enriched.csv",
    ):
        shutil.copy(source / name, tmp_path)
    write_files(tmp_path, {"dataset.toml": ML_100K})
    tables = read("tables", tmp_path)
    assert (len(tables.users), int(tables.entities["is_item"].sum()), len(tables.interactions)) == (943, 1_682, 100_000)
    entities = tables.entities.set_index("key")
    assert entities.loc["movie/1", ["name", "year"]].tolist() == ["Toy Story", "1995"]  # one film has no plain year
    directed = tables.triples[tables.triples["head"] == "movie/1"]
    assert entities.loc[directed["tail"], "name"].tolist() == ["John Lasseter"]
    assert len(tables.texts) == 1_411
