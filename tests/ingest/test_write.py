"""What an ingest leaves in the graph: all of the tables, in the shape of the design, or nothing new."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cypher import dataset as datasets
from cypher import identifiers
from cypher.statements import load
from cypher.store import Store
from ingest.graph_rows import content_hash, graph_rows
from ingest.split import SplitRule, apply_split, split_id
from ingest.tables import Tables
from ingest.write import ingest, remove
from spikegraph.errors import DatabaseError, DataError, DatasetLockedError, NotFoundError, UsageError
from tests.support.graph import dump, run
from tests.support.random_tables import random_tables
from tests.support.tables import CANARY, tiny_tables

GIVEN = SplitRule("given")
COUNTS = {"users": 6, "items": 6, "entities": 11, "triples": 13, "train": 18, "valid": 6, "test": 6}


@pytest.fixture
def name(store: Store, dataset_name: str) -> Iterator[str]:
    yield dataset_name
    if datasets.find(store, dataset_name):
        remove(store, dataset_name)


@pytest.fixture
def tiny(store: Store, name: str) -> str:
    """The name of a data set that holds the tiny tables."""
    ingest(store, name, tiny_tables(), split=GIVEN)
    return name


def node(store: Store, name: str, key: str) -> dict[str, Any]:
    rows = run(
        store,
        "MATCH (n:User|Entity {key: $key}) RETURN labels(n) AS labels, properties(n) AS properties",
        key=f"{name}/{key}",
    )
    assert len(rows) == 1
    return {"labels": set(rows[0]["labels"]), **rows[0]["properties"]}


def test_nodes_have_their_labels_keys_numbers_and_texts(store: Store, tiny: str) -> None:
    assert node(store, tiny, "user/3") == {
        "labels": {"User", "Tiny"},
        "key": f"{tiny}/user/3",
        "dataset": tiny,
        "idx": 3,
        "name": "Viewer 3",
    }
    assert node(store, tiny, "film/1") == {
        "labels": {"Entity", "Item", "Film", "Tiny"},
        "key": f"{tiny}/film/1",
        "dataset": tiny,
        "idx": 1,
        "name": "Beta Harbour",
        "plot": "Two rivals must share one harbour.",
        "train_users": 3,
    }
    genre = node(store, tiny, "genre/0")
    assert genre["labels"] == {"Entity", "Genre", "Tiny"}
    assert genre["idx"] == 9


def test_a_data_set_without_a_label_takes_it_from_its_name(store: Store, name: str) -> None:
    report = ingest(store, name, dataclasses.replace(tiny_tables(), label=""), split=GIVEN)
    assert report.dataset.label == identifiers.label_of(name)
    assert report.dataset.label in node(store, name, "user/1")["labels"]
    assert ingest(store, name, dataclasses.replace(tiny_tables(), label=""), split=GIVEN).unchanged


def test_items_come_first_whatever_the_order_of_the_table(store: Store, name: str) -> None:
    tables = tiny_tables()
    shuffled = tables.entities.sample(frac=1, random_state=3)
    ingest(store, name, dataclasses.replace(tables, entities=shuffled), split=GIVEN)
    rows = run(store, "MATCH (n:Entity {dataset: $name}) RETURN n:Item AS item, n.idx AS idx ORDER BY idx", name=name)
    assert [row["idx"] for row in rows] == list(range(11))
    assert [row["item"] for row in rows] == [True] * 6 + [False] * 5


def test_train_is_interacted_and_all_else_is_held_out(store: Store, tiny: str) -> None:
    rows = run(
        store,
        "MATCH (u:User {dataset: $name})-[r]->(i:Item) RETURN u.key AS user, type(r) AS type, r.split AS split, "
        "i.key AS item, r.at AS at, r.review AS review, keys(r) AS keys",
        name=tiny,
    )
    wanted = tiny_tables().interactions
    found = {
        (row["user"].removeprefix(f"{tiny}/"), row["item"].removeprefix(f"{tiny}/")): (
            row["split"] or "train",
            row["at"],
            row["review"],
        )
        for row in rows
    }
    assert len(rows) == len(wanted)
    assert found == {(r.user, r.item): (r.split, r.at, r.review) for r in wanted.itertuples()}
    for row in rows:
        assert (row["type"] == "INTERACTED") == (row["split"] is None)
        assert set(row["keys"]) == {"at", "review"} | ({"split"} if row["split"] else set())
        assert (CANARY in row["review"]) == (row["type"] == "HELD_OUT")


def test_triples_have_native_types_in_their_own_direction(store: Store, tiny: str) -> None:
    rows = run(
        store,
        "MATCH (h:Entity {dataset: $name})-[r]->(t:Entity) RETURN h.key AS head, type(r) AS relation, t.key AS tail",
        name=tiny,
    )
    found = {tuple(value.removeprefix(f"{tiny}/") for value in row.values()) for row in rows}
    assert found == set(tiny_tables().triples.itertuples(index=False, name=None))
    assert len(rows) == 13


def test_the_record_says_what_was_written(store: Store, tiny: str) -> None:
    found = datasets.get(store, tiny)
    interactions = apply_split(tiny_tables().interactions, GIVEN, GIVEN.generator())
    assert found.counts == COUNTS
    assert (found.state, found.version, found.label) == ("ready", 1, "Tiny")
    assert found.source == "six simulated viewers"
    assert found.split_id == split_id(interactions)
    assert found.split_rule == GIVEN.describe()
    assert found.positive_rule == "every listed pair"
    assert found.sha256 == content_hash(tiny_tables(), interactions, GIVEN.describe())
    assert found.active_run is None
    assert found.locked_by is None
    assert [r["type"] for r in datasets.relations(store, tiny)] == ["DIRECTED_BY", "HAS_GENRE", "INFLUENCED_BY"]
    assert datasets.relations(store, tiny)[0]["sentence"] == "{head} was directed by {tail}."


def test_the_same_content_again_changes_nothing(store: Store, tiny: str) -> None:
    before = dump(store, tiny), run(store, "MATCH (d:Dataset {name: $name}) RETURN properties(d) AS p", name=tiny)
    report = ingest(store, tiny, tiny_tables(), split=GIVEN)
    assert report.unchanged
    assert report.counts == COUNTS
    after = dump(store, tiny), run(store, "MATCH (d:Dataset {name: $name}) RETURN properties(d) AS p", name=tiny)
    assert after == before


def test_other_content_is_refused_without_replace(store: Store, tiny: str) -> None:
    before = dump(store, tiny)
    with pytest.raises(UsageError, match="other content") as raised:
        ingest(store, tiny, random_tables(), split=GIVEN)
    assert "--replace" in str(raised.value.hint)
    with pytest.raises(UsageError):
        ingest(store, tiny, tiny_tables(), split=SplitRule("random", seed=1))
    assert dump(store, tiny) == before
    assert datasets.get(store, tiny).version == 1


def test_replace_leaves_nothing_of_the_old(store: Store, tiny: str) -> None:
    store.write("write_back/run_start", dataset=tiny, run=f"{tiny}-run", properties={"model": "test"})
    report = ingest(store, tiny, random_tables(), split=GIVEN, replace=True)
    assert not report.unchanged
    assert report.dataset.version == 2
    assert report.dataset.label == "Random"
    assert report.counts == datasets.get(store, tiny).counts
    fresh = f"{tiny}-fresh"
    ingest(store, fresh, random_tables(), split=GIVEN)
    replaced, wanted = dump(store, tiny), dump(store, fresh)
    remove(store, fresh)
    assert without_record(replaced) == without_record(
        {k: [x.replace("-fresh", "") for x in v] for k, v in wanted.items()}
    )


def without_record(graph: dict[str, list[str]]) -> dict[str, list[str]]:
    return {kind: [line for line in lines if '"Dataset"' not in line] for kind, lines in graph.items()}


@pytest.mark.parametrize("batch_rows", [1, 7])
def test_the_size_of_a_batch_changes_nothing(store: Store, name: str, batch_rows: int) -> None:
    tables = random_tables(seed=1, num_users=8, num_items=60, num_auxiliary=10, num_triples=40)
    ingest(store, name, tables, split=GIVEN, batch_rows=batch_rows)
    wanted = graph_rows(tables, apply_split(tables.interactions, GIVEN, GIVEN.generator()), name)
    rows = run(
        store,
        "MATCH (u:User {dataset: $name})-[r:INTERACTED|HELD_OUT]->(i:Item) "
        "RETURN u.idx AS user, i.idx AS item, coalesce(r.split, 'train') AS split ORDER BY user, item",
        name=name,
    )
    assert [tuple(row.values()) for row in rows] == list(
        wanted.interactions[["user", "item", "split"]].itertuples(index=False, name=None)
    )


def test_attributes_keep_their_kind_and_what_is_missing_is_absent(store: Store, name: str) -> None:
    tables = tiny_tables()
    entities = tables.entities.assign(year=[1999.0, np.nan] + [2001.0] * 9, score=[0.5, np.nan] + [1.0] * 9)
    users = tables.users.assign(age=np.int32(7), country=pd.Series(["DE", None] * 3, dtype="str"))
    users.loc[2, "name"] = None
    ingest(store, name, dataclasses.replace(tables, entities=entities, users=users), split=GIVEN)
    first, second = node(store, name, "film/0"), node(store, name, "film/1")
    assert (first["year"], first["score"]) == (1999, 0.5)
    assert type(first["year"]) is int
    assert not {"year", "score"} & second.keys()
    assert (node(store, name, "user/0")["age"], node(store, name, "user/0")["country"]) == (7, "DE")
    assert "country" not in node(store, name, "user/1")
    assert "name" not in node(store, name, "user/2")


def test_ratings_counts_and_times_keep_their_kind(store: Store, name: str) -> None:
    tables = tiny_tables()
    number = len(tables.interactions)
    interactions = tables.interactions.drop(columns=["review", "at"]).assign(
        rating=[4.0, np.nan] * (number // 2), count=[3.0, np.nan] * (number // 2), at=pd.Series([5] * number)
    )
    ingest(store, name, dataclasses.replace(tables, interactions=interactions), split=GIVEN)
    rows = run(store, "MATCH (:User {dataset: $name})-[r:INTERACTED|HELD_OUT]->() RETURN properties(r) AS p", name=name)
    kinds = {
        frozenset((key, type(value).__name__) for key, value in row["p"].items() if key != "split") for row in rows
    }
    assert kinds == {
        frozenset({("rating", "float"), ("count", "int"), ("at", "int")}),
        frozenset({("at", "int")}),
    }


def test_strange_names_and_long_texts_arrive_whole(store: Store, name: str) -> None:
    tables = tiny_tables()
    text = "A café in København ☕ `) DETACH DELETE n // ' \" \\ " * 2000
    users = tables.users.assign(name=["`", "'", '"', "\\", "}) RETURN 1", "☃"])
    texts = pd.DataFrame({"key": ["film/0"], "field": ["plot"], "text": [text]})
    ingest(store, name, dataclasses.replace(tables, users=users, texts=texts), split=GIVEN)
    assert node(store, name, "film/0")["plot"] == text
    assert [node(store, name, f"user/{n}")["name"] for n in range(6)] == users["name"].tolist()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: dataclasses.replace(t, label="tiny"),
        lambda t: dataclasses.replace(t, users=t.users.assign(profile="x")),
        lambda t: dataclasses.replace(t, entities=t.entities.assign(plot="x")),
        lambda t: dataclasses.replace(t, triples=t.triples.assign(relation="UNKNOWN")),
        lambda t: dataclasses.replace(t, interactions=pd.concat([t.interactions] * 2, ignore_index=True)),
    ],
    ids=["label", "reserved property", "text and attribute", "relation", "duplicates"],
)
def test_what_is_refused_leaves_the_graph_as_it_was(store: Store, name: str, spoil: Callable[[Tables], Tables]) -> None:
    with pytest.raises(DataError):
        ingest(store, name, spoil(tiny_tables()), split=GIVEN)
    assert datasets.find(store, name) is None


@pytest.mark.parametrize("bad", ["Tiny", "a b", "", "a/b", "x" * 64])
def test_a_name_that_is_none(store: Store, bad: str) -> None:
    with pytest.raises(DataError):
        ingest(store, bad, tiny_tables(), split=GIVEN)
    assert datasets.find(store, bad) is None


def test_while_another_writes_nothing_is_touched(store: Store, tiny: str) -> None:
    with datasets.lock(store, tiny, "write-back") as held:
        held.unchanged()
        before = dump(store, tiny)
        with pytest.raises(DatasetLockedError, match="write-back"):
            ingest(store, tiny, random_tables(), split=GIVEN, replace=True)
        with pytest.raises(DatasetLockedError, match="write-back"):
            remove(store, tiny)
        assert dump(store, tiny) == before
    assert datasets.get(store, tiny).version == 1


def test_a_batch_that_was_written_twice_is_noticed(store: Store, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver repeats a unit of work whose answer was lost; a CREATE may then have happened twice."""
    write_rows = Store.write_rows

    def write_twice(self: Store, statement: str, *arguments: Any, **options: Any) -> int:
        if statement == "ingest/triples":
            write_rows(self, statement, *arguments, **options)
        return write_rows(self, statement, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write_rows", write_twice)
        with pytest.raises(DatabaseError, match="does not hold what was written"):
            ingest(store, name, tiny_tables(), split=GIVEN)
    with pytest.raises(DatabaseError, match="half written"):
        datasets.get(store, name)
    assert ingest(store, name, tiny_tables(), split=GIVEN).counts == COUNTS
    assert datasets.get(store, name).state == "ready"


def test_remove_takes_all_of_one_data_set_and_nothing_of_another(store: Store, tiny: str, name: str) -> None:
    other = f"{name}-other"
    ingest(store, other, tiny_tables(), split=GIVEN)
    before = dump(store, other)
    label = f"Embedding{name.rpartition('-')[2].capitalize()}"
    store.write("write_back/run_start", dataset=tiny, run=f"{tiny}-run", properties={"model": "test"})
    store.write("profiles/record", dataset=tiny, profile_run=f"{tiny}/template", properties={"dataset": tiny})
    run(store, "MATCH (n:Item {dataset: $name}) CREATE (n)-[:SIMILAR_TO {run: 'r'}]->(n)", name=tiny)
    run(
        store,
        "MATCH (n:Item {dataset: $name}) CREATE (n)-[:HAS_EMBEDDING]->(e:Embedding:$($label) {vector: [1.0, 0.0]})",
        name=tiny,
        label=label,
    )
    index = {"name": f"index_{label.lower()}", "dimensions": 2}
    make_index = load("write_back/vector_index")
    store.write(make_index.with_identifier(str(make_index.identifier), label), **index)
    remove(store, tiny)
    assert dump(store, tiny) == {"nodes": [], "relationships": []}
    assert datasets.find(store, tiny) is None
    assert run(store, "MATCH (e:Embedding) WHERE $label IN labels(e) RETURN count(e) AS n", label=label) == [{"n": 0}]
    assert run(store, "SHOW INDEXES YIELD name WHERE name = $name RETURN name", name=index["name"]) == []
    assert dump(store, other) == before
    remove(store, other)


def test_a_data_set_that_is_not_there_cannot_be_removed(store: Store, dataset_name: str) -> None:
    with pytest.raises(NotFoundError, match=dataset_name):
        remove(store, dataset_name)


def test_the_hash_follows_the_content() -> None:
    tables = tiny_tables()
    interactions = tables.interactions
    same = content_hash(tiny_tables(), interactions.copy(), "rule")
    assert content_hash(tables, interactions, "rule") == same
    changed = interactions.copy()
    changed.loc[0, "review"] = "Another word."
    others = [
        content_hash(tables, interactions, "other rule"),
        content_hash(tables, changed, "rule"),
        content_hash(dataclasses.replace(tables, label="Other"), interactions, "rule"),
        content_hash(dataclasses.replace(tables, triples=tables.triples.iloc[1:]), interactions, "rule"),
        content_hash(dataclasses.replace(tables, users=tables.users.assign(age=1)), interactions, "rule"),
        content_hash(dataclasses.replace(tables, texts=tables.texts.iloc[:1]), interactions, "rule"),
    ]
    assert len({same, *others}) == 1 + len(others)
