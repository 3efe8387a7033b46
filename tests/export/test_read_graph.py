from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cypher import dataset as datasets
from cypher.store import Store
from export import columns
from export.read_graph import ProfileSet, export_snapshot
from export.snapshot import SPLITS, Selection, Snapshot
from ingest.split import SplitRule
from ingest.write import ingest
from spikegraph.errors import DatabaseError, DataError, DatasetLockedError, NotFoundError, UsageError
from tests.support.naive_export import NaiveGraph, read_naively
from tests.support.random_tables import random_tables
from tests.support.tables import tiny_tables


@pytest.fixture
def tiny(store: Store, dataset_name: str) -> str:
    ingest(store, dataset_name, tiny_tables(), split=SplitRule("given"))
    return dataset_name


def by_keys(snapshot: Snapshot) -> NaiveGraph:
    users, entities = snapshot.users, snapshot.entities
    edges = zip(*snapshot.edge_index.tolist(), snapshot.edge_type.tolist(), strict=True)
    keys, relations = entities["key"].tolist(), snapshot.manifest.relations
    return NaiveGraph(
        users=dict(zip(users["key"], users["name"], strict=True)),
        items=set(keys[: snapshot.num_items]),
        entities={row.key: (row.name, row.label) for row in entities[["key", "name", "label"]].itertuples(index=False)},
        triples={(keys[head], relations[number], keys[tail]) for head, tail, number in edges},
        interactions={
            split: {(users["key"][user], keys[item]) for user, item in snapshot.interactions[split].T.tolist()}
            for split in SPLITS
        },
    )


def test_export_equals_reading_row_by_row(store: Store, dataset_name: str, tmp_path: Path) -> None:
    tables = random_tables(seed=1)
    ingest(store, dataset_name, tables, split=SplitRule("given"))
    snapshot = export_snapshot(store, dataset_name, tmp_path / "s", Selection(min_degree=0))
    types = set(tables.relations["type"])
    assert by_keys(snapshot) == read_naively(store.driver, dataset_name, tables.label, types)
    assert snapshot.manifest.counts == dict(datasets.get(store, dataset_name).counts)
    assert snapshot.user_profile is None


def test_reading_in_many_small_parts_gives_the_same(
    store: Store, dataset_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(store, dataset_name, random_tables(seed=2), split=SplitRule("given"))
    whole = export_snapshot(store, dataset_name, tmp_path / "a")
    monkeypatch.setattr(columns, "BLOCK", 7)
    monkeypatch.setattr(columns, "NODES_A_READ", 20)
    monkeypatch.setattr(columns, "LINKS_A_READ", 30)
    parts = export_snapshot(store, dataset_name, tmp_path / "b")
    assert parts.manifest == whole.manifest


def test_rows_follow_idx_with_the_items_first(store: Store, tiny: str, tmp_path: Path) -> None:
    snapshot = export_snapshot(store, tiny, tmp_path / "s")
    assert snapshot.entities["key"].tolist()[:6] == [f"{tiny}/film/{n}" for n in range(6)]
    assert snapshot.entities["label"].tolist()[6:] == ["Person"] * 3 + ["Genre"] * 2
    assert snapshot.num_items == 6
    assert snapshot.users["key"].tolist() == [f"{tiny}/user/{n}" for n in range(6)]
    assert snapshot.manifest.relations == ("DIRECTED_BY", "HAS_GENRE", "INFLUENCED_BY")


def test_two_exports_give_one_hash(store: Store, tiny: str, tmp_path: Path) -> None:
    first = export_snapshot(store, tiny, tmp_path / "a")
    second = export_snapshot(store, tiny, tmp_path / "b")
    assert first.manifest == second.manifest
    assert first.manifest.content_hash


def test_a_new_item_between_old_entities_keeps_items_first(store: Store, tiny: str, tmp_path: Path) -> None:
    store.driver.execute_query(
        "CREATE (:Entity:Item:Film:Tiny {dataset: $d, idx: 40, key: $d + '/film/new', name: 'New'})", d=tiny
    )
    snapshot = export_snapshot(store, tiny, tmp_path / "s")
    assert snapshot.entities["name"].tolist()[6] == "New"
    assert snapshot.num_items == 7
    heads = {snapshot.entities["key"][head] for head in snapshot.edge_index[0]}
    assert f"{tiny}/film/new" not in heads


@pytest.mark.parametrize(
    ("selection", "entities", "triples"),
    [
        (Selection(), 11, 13),
        (Selection(hops=1), 10, 12),
        (Selection(hops=2), 11, 13),
        (Selection(relations=("HAS_GENRE",)), 8, 6),
        (Selection(relations=("HAS_GENRE",), min_degree=0), 11, 6),
        (Selection(relations=()), 6, 0),
        (Selection(min_degree=2), 10, 12),
        (Selection(max_degree=3), 9, 9),
    ],
)
def test_a_subgraph_is_chosen(
    store: Store, tiny: str, tmp_path: Path, selection: Selection, entities: int, triples: int
) -> None:
    snapshot = export_snapshot(store, tiny, tmp_path / "s", selection)
    assert (snapshot.num_entities, len(snapshot.edge_type)) == (entities, triples)
    assert snapshot.num_items == 6
    assert snapshot.manifest.selection == selection


def test_an_unknown_relation_is_refused(store: Store, tiny: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="FRIEND_OF") as caught:
        export_snapshot(store, tiny, tmp_path / "s", Selection(relations=("FRIEND_OF",)))
    assert "DIRECTED_BY, HAS_GENRE" in str(caught.value.hint)
    with pytest.raises(NotFoundError):
        export_snapshot(store, f"{tiny}-not", tmp_path / "s")


def test_friends_come_along_where_they_are_asked_for(store: Store, dataset_name: str, tmp_path: Path) -> None:
    friends = pd.DataFrame({"user": ["user/0", "user/4"], "friend": ["user/3", "user/1"]})
    report = ingest(store, dataset_name, replace(tiny_tables(), friends=friends), split=SplitRule("given"))
    assert report.counts["friends"] == datasets.get(store, dataset_name).counts["friends"] == 2
    assert export_snapshot(store, dataset_name, tmp_path / "without").friends is None
    snapshot = export_snapshot(store, dataset_name, tmp_path / "with", Selection(friends=True))
    assert snapshot.friends is not None
    assert snapshot.friends.T.tolist() == [[0, 3], [4, 1]]
    assert snapshot.manifest.counts["friends"] == 2
    ingest(store, dataset_name, tiny_tables(), split=SplitRule("given"), replace=True)
    assert "friends" not in datasets.get(store, dataset_name).counts
    with pytest.raises(NotFoundError, match="knows of no friends"):
        export_snapshot(store, dataset_name, tmp_path / "none", Selection(friends=True))


def test_edges_of_a_similarity_run_become_a_relation(store: Store, tiny: str, tmp_path: Path) -> None:
    store.driver.execute_query(
        "UNWIND [[0, 1, 'a'], [2, 3, 'a'], [4, 5, 'b']] AS row "
        "MATCH (i:Entity {dataset: $d, idx: row[0]}), (j:Entity {dataset: $d, idx: row[1]}) "
        "CREATE (i)-[:SIMILAR_TO {run: $d + '/' + row[2], score: 0.5, rank: 1}]->(j)",
        d=tiny,
    )
    plain = export_snapshot(store, tiny, tmp_path / "plain")
    assert len(plain.edge_type) == 13
    chosen = Selection(relations=("DIRECTED_BY",), similarity_runs=(f"{tiny}/a",))
    snapshot = export_snapshot(store, tiny, tmp_path / "s", chosen)
    assert snapshot.manifest.relations == ("DIRECTED_BY", "SIMILAR_TO")
    assert snapshot.edge_index[:, snapshot.edge_type == 1].T.tolist() == [[0, 1], [2, 3]]
    with pytest.raises(NotFoundError, match="no items are similar"):
        export_snapshot(store, tiny, tmp_path / "s", Selection(similarity_runs=(f"{tiny}/z",)))


class Meddler(Store):
    """A store during whose reading something else happens to the graph."""

    def columns(self, statement: Any, *args: Any, **parameters: Any) -> Iterator[dict[str, list[Any]]]:
        if statement == "export/triples":
            happens = self.driver.execute_query
            happens(MEDDLING[self.database_change], d=parameters["dataset"])
        yield from super().columns(statement, *args, **parameters)

    database_change = ""


MEDDLING = {
    "version": "MATCH (d:Dataset {name: $d}) SET d.version = d.version + 1",
    "lock": (
        "MATCH (d:Dataset {name: $d}) SET d.lock_token = 't', d.lock_owner = 'other', d.lock_at = timestamp(), "
        "d.lock_host = 'elsewhere', d.lock_pid = 1, d.lock_started = 0.0"
    ),
    "interaction": "MATCH (u:User {dataset: $d, idx: 0})-[r:INTERACTED]->() WITH r LIMIT 1 DELETE r",
    "state": "MATCH (d:Dataset {name: $d}) SET d.state = 'ingesting'",
}


@pytest.mark.parametrize("change", list(MEDDLING))
def test_a_graph_that_changes_meanwhile_is_refused(store: Store, tiny: str, tmp_path: Path, change: str) -> None:
    meddler = Meddler(store.driver, store.version, store.where)
    object.__setattr__(meddler, "database_change", change)
    with pytest.raises(DatabaseError):
        export_snapshot(meddler, tiny, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_locked_data_set_is_refused(store: Store, tiny: str, tmp_path: Path) -> None:
    with datasets.lock(store, tiny, "a test"), pytest.raises(DatasetLockedError, match="a test"):
        export_snapshot(store, tiny, tmp_path / "s")


def test_text_vectors_are_put_on_their_rows(store: Store, tiny: str, tmp_path: Path) -> None:
    hashes = {f"{tiny}/user/{n}": f"hash {n % 3}" for n in range(5)} | {f"{tiny}/genre/0": "hash 7"}

    def lookup(names: Sequence[str]) -> np.ndarray:
        return np.array([[float(name.split()[1]), 1.0] for name in names], dtype=np.float32).reshape(-1, 2)

    profiles = ProfileSet("a run", ("train", "valid"), hashes)
    snapshot = export_snapshot(store, tiny, tmp_path / "s", None, lookup, "numbers", profiles)
    assert snapshot.user_profile is not None
    assert snapshot.entity_profile is not None
    assert snapshot.user_profile.tolist() == [[0, 1], [1, 1], [2, 1], [0, 1], [1, 1], [0, 0]]
    assert snapshot.entity_profile[snapshot.entities["key"].tolist().index(f"{tiny}/genre/0")].tolist() == [7, 1]
    assert snapshot.manifest.counts["without_profile"] == 1 + 10
    assert snapshot.manifest.profile_run == "a run"
    assert snapshot.manifest.profile_exposed_to == ("train", "valid")
    assert snapshot.manifest.text_embedding == "numbers"


def test_vectors_without_an_active_profile_set_are_refused(store: Store, tiny: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no profile set is active"):
        export_snapshot(store, tiny, tmp_path / "s", None, lambda names: np.zeros((len(names), 2), np.float32), "x")
    chosen = Selection(profile_set="other")
    with pytest.raises(UsageError, match="named but not given"):
        export_snapshot(store, tiny, tmp_path / "s", chosen, lambda n: np.zeros((len(n), 2), np.float32), "x")


@pytest.mark.parametrize("statement", ["export/users", "export/entities", "export/triples", "export/train"])
def test_ranges_are_read_by_the_index(store: Store, statement: str) -> None:
    from cypher.statements import load

    found = load(statement)
    parameters = {"dataset": "x", "first": 0, "last": 9, "profile_run": "r", "other_labels": [], "types": ["A"]}
    chosen = {name: value for name, value in parameters.items() if name in found.parameters}
    plan = store.driver.execute_query(f"EXPLAIN {found.text}", chosen).summary.plan
    operators = []
    while plan:
        operators.append(plan["operatorType"])
        plan = next(iter(plan.get("children", [])), None)
    assert any("IndexSeek" in operator for operator in operators), operators


def test_blocks_are_joined_to_even_ranges() -> None:
    even = columns.ranges([(0, 500, 10), (1, 500, 10), (4, 500, 10)])
    assert even == [(0, 2499)]
    hubs = columns.ranges([(0, 500, 90_000), (1, 500, 90_000), (2, 1, 5), (3, 500, 300_000), (9, 1, 0)])
    assert hubs == [(0, 499), (500, 1499), (1500, 1999), (4500, 4999)]
    assert columns.ranges([]) == []


def test_a_buffer_refuses_more_and_less_than_was_counted() -> None:
    buffer = columns.Buffer(2, 3, "things")
    buffer.add([1, 2], 7)
    with pytest.raises(DatabaseError, match="things"):
        buffer.full()
    with pytest.raises(DatabaseError, match="things"):
        buffer.add([1, 2], [3, 4])
    buffer.add([3], [9])
    assert buffer.full().tolist() == [[1, 2, 3], [7, 7, 9]]
