"""The gate of the tables: whatever reader made them, wrong ones are refused with table and row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ingest.tables import Tables, Vectors
from ingest.validate import check
from spikegraph.errors import DataError


def tables(**changes: object) -> Tables:
    good = Tables(
        users=pd.DataFrame({"key": ["user/1", "user/2"], "name": ["One", None]}, dtype="str").assign(age=[30, 40]),
        entities=pd.DataFrame(
            {"key": ["film/1", "film/2", "genre/x"], "name": ["A", "B", "x"], "label": ["Film", "Film", "Genre"]},
            dtype="str",
        ).assign(is_item=[True, True, False], score=[1.5, np.nan, np.nan]),
        triples=pd.DataFrame({"head": ["film/1"], "relation": ["HAS_GENRE"], "tail": ["genre/x"]}, dtype="str"),
        relations=pd.DataFrame(
            {"type": ["HAS_GENRE"], "name": ["genre"], "sentence": ["{head} is {tail}."]}, dtype="str"
        ),
        interactions=pd.DataFrame({"user": ["user/1", "user/2"], "item": ["film/1", "film/2"]}, dtype="str"),
        label="Films",
        source="a test",
    )
    return replace(good, **changes)


def changed(table: str, row: int, **values: object) -> Tables:
    good = tables()
    frame = getattr(good, table).copy()
    for column, value in values.items():
        frame[column] = frame[column].astype(object) if column in frame else None
        frame.loc[row, column] = value
        frame[column] = frame[column].infer_objects()
    return replace(good, **{table: frame})


def refused(given: Tables) -> DataError:
    with pytest.raises(DataError) as caught:
        check(given)
    return caught.value


@pytest.mark.parametrize(
    ("pairs", "row", "reason"),
    [
        ([("user/1", "user/9")], 1, "is not a user"),
        ([("user/1", "film/1")], 1, "is not a user"),
        ([("user/1", "user/1")], 1, "a friend of itself"),
        ([("user/1", "user/2"), ("user/1", "user/2")], 2, "twice"),
        ([("user/1", "user/2"), ("user/2", "user/1")], 1, "both directions"),
    ],
)
def test_friends_that_are_none_are_refused(pairs: list[tuple[str, str]], row: int, reason: str):
    friends = pd.DataFrame(pairs, columns=["user", "friend"], dtype="str")
    error = refused(tables(friends=friends))
    assert error.where == f"friends, row {row}"
    assert reason in error.message


def test_good_tables_come_back_as_they_are():
    good = tables()
    assert check(good) is good


def test_a_frame_whose_index_repeats_is_refused_by_the_number_of_its_row():
    """As two frames put together without `ignore_index` have it."""
    twice = pd.concat([tables().users, tables().users.head(1)])
    with pytest.raises(DataError) as caught:
        check(tables(users=twice))
    assert caught.value.where == "users, row 3"


@pytest.mark.parametrize(
    ("table", "row", "values", "reason"),
    [
        ("users", 1, {"key": "user/1"}, "twice"),
        ("users", 1, {"key": None}, "missing"),
        ("users", 1, {"key": "2"}, "not a key"),
        ("users", 1, {"key": "user/"}, "not a key"),
        ("users", 1, {"key": "user/ 2"}, "not a key"),
        ("users", 1, {"key": "user/2\n"}, "not a key"),
        ("users", 1, {"key": "user/a\nb"}, "not a key"),
        ("users", 1, {"key": "User/2"}, "not a key"),
        ("users", 1, {"key": "user/" + "x" * 501}, "not a key"),
        ("users", 1, {"key": "film/1"}, "is a user and an entity"),
        ("entities", 2, {"key": "film/1"}, "twice"),
        ("triples", 0, {"tail": "genre/y"}, "is not an entity"),
        ("triples", 0, {"head": "user/1"}, "is not an entity"),
        ("triples", 0, {"relation": "HAS_ACTOR"}, "is not a relation"),
        ("triples", 0, {"tail": "film/1"}, "to itself"),
        ("relations", 0, {"sentence": "{head} is."}, "lacks"),
        ("interactions", 1, {"item": "film/9"}, "is not an item"),
        ("interactions", 1, {"item": "genre/x"}, "is not an item"),
        ("interactions", 1, {"user": "user/9"}, "is not a user"),
        ("interactions", 1, {"user": "user/1", "item": "film/1"}, "twice"),
        ("interactions", 1, {"split": "dev"}, "train, valid or test"),
        ("interactions", 1, {"rating": float("inf")}, "finite"),
        ("interactions", 1, {"count": 0}, "above zero"),
        ("interactions", 1, {"review": "  "}, "empty"),
    ],
)
def test_a_wrong_row_is_refused_by_table_and_row(table, row, values, reason):
    if "split" in values:
        good = tables()
        given = replace(good, interactions=good.interactions.assign(split=["train", values["split"]]))
    else:
        given = changed(table, row, **values)
    error = refused(given)
    assert reason in error.message
    assert error.where == f"{table}, row {row + 1}"


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        (lambda t: {"users": t.users.drop(columns="key")}, "users", "'key': the column is missing"),
        (lambda t: {"interactions": t.interactions.assign(stars=1)}, "interactions", "not known"),
        (lambda t: {"interactions": t.interactions[:0]}, "interactions", "not one interaction"),
        (lambda t: {"users": t.users.assign(profile="x")}, "users", "meaning of its own"),
        (lambda t: {"users": t.users.assign(**{"two words": 1})}, "users", "not a property name"),
        (lambda t: {"entities": t.entities.assign(score=np.inf)}, "entities", "infinite"),
        (lambda t: {"entities": t.entities.assign(label="Item")}, "entities", "meaning of its own"),
        (lambda t: {"entities": t.entities.assign(label="two words")}, "entities", "not a label"),
        (lambda t: {"label": "Film"}, "entities", "data set's label"),
        (lambda t: {"label": "films"}, "label", "not a label"),
        (lambda t: {"relations": t.relations.assign(type="INTERACTED")}, "relations", "meaning of its own"),
        (lambda t: {"relations": t.relations.assign(type="has genre")}, "relations", "not a relationship type"),
    ],
)
def test_a_wrong_table_is_refused(change, where, reason):
    error = refused(tables(**change(tables())))
    assert error.where == where
    assert reason in error.message


def test_texts_and_profiles_belong_to_nodes():
    text = pd.DataFrame({"key": ["genre/x"], "field": ["plot"], "text": ["A text."]}, dtype="str")
    assert "is not an item" in refused(tables(texts=text)).message
    text = text.assign(key="film/1")
    assert check(tables(texts=text))
    assert "meaning of its own" in refused(tables(texts=text.assign(field="profile"))).message
    profile = pd.DataFrame({"key": ["film/3"], "profile": ["A text."], "model": [None]}, dtype="str")
    assert "neither" in refused(tables(profiles=profile)).message


@pytest.mark.parametrize(
    ("keys", "matrix", "reason"),
    [
        (("user/1",), np.ones((2, 3), dtype=np.float32), "do not fit"),
        (("user/1",), np.ones((1, 3)), "do not fit"),
        (("user/1", "user/1"), np.ones((2, 3), dtype=np.float32), "two vectors"),
        (("user/9",), np.ones((1, 3), dtype=np.float32), "neither"),
        (("user/1",), np.full((1, 3), np.nan, dtype=np.float32), "not finite"),
    ],
)
def test_vectors_belong_to_nodes_and_are_finite(keys, matrix, reason):
    assert reason in refused(tables(vectors=Vectors(keys, matrix))).message
