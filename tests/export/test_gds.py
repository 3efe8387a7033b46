"""What the Graph Data Science library finds, held against naive computations; the server has the plugin."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psutil
import pytest

from cypher.store import Store, Timeouts
from export import runs
from export.gds import client, projection
from export.gds.communities import CommunityOptions, communities
from export.gds.item_lists import item_lists
from export.gds.pagerank import PageRankOptions, pagerank
from export.gds.projection import INTERACTED, PREFIX, projected
from export.gds.sample import SampleOptions, sample
from export.gds.similarity import VECTOR, SimilarityOptions, _vectors, similarity
from export.read_graph import export_snapshot
from export.snapshot import Snapshot, load_snapshot
from export.write_back import write_back
from ingest.split import SplitRule
from ingest.tables import Tables
from ingest.write import ingest, remove
from spikegraph.errors import DatabaseError, LimitReachedError, MissingExtraError, UsageError
from tests.support.graph import run
from tests.support.random_tables import random_tables

if TYPE_CHECKING:
    from graphdatascience import GraphDataScience

GIVEN = SplitRule("given")


@dataclass(frozen=True)
class Case:
    """A data set in a server that holds another one beside it."""

    name: str
    snapshot: Snapshot
    gds: GraphDataScience


@pytest.fixture(scope="module")
def case(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    name, other = (f"t-gds-{what}-{uuid.uuid4().hex[:6]}" for what in ("own", "other"))
    ingest(store, name, random_tables(seed=3), split=GIVEN)
    ingest(store, other, random_tables(seed=4), split=GIVEN)
    snapshot = export_snapshot(store, name, tmp_path_factory.mktemp("gds") / "snapshot")
    yield Case(name, snapshot, client.connect(store))
    for dataset in (name, other):
        remove(store, dataset)


def projections(store: Store) -> list[str]:
    return [record["graph"] for record in store.read("gds/left_behind", prefix=PREFIX)]


def train_matrix(snapshot: Snapshot) -> np.ndarray[Any, Any]:
    matrix = np.zeros((snapshot.num_users, snapshot.num_items))
    matrix[tuple(snapshot.interactions["train"])] = 1
    return matrix


def test_one_data_set_is_projected_without_what_is_held_out(store: Store, case: Case) -> None:
    counts = case.snapshot.manifest.counts
    with projected(store, case.gds, case.name) as found:
        assert found.graph.relationship_count() == 2 * (counts["train"] + counts["triples"])
        nodes = found.nodes()
        assert (nodes["label"] == "User").sum() == len(np.unique(case.snapshot.interactions["train"][0]))
        assert not nodes.duplicated(["label", "idx"]).any()
        assert projections(store)
    with projected(store, case.gds, case.name, [INTERACTED]) as found:
        assert found.graph.relationship_count() == 2 * counts["train"]
    assert projections(store) == []


@pytest.mark.parametrize("relation", ["HELD_OUT", "RECOMMENDED", "NOTHING"])
def test_only_train_and_knowledge_can_be_projected(store: Store, case: Case, relation: str) -> None:
    with (
        pytest.raises(UsageError, match=relation) as refused,
        projected(store, case.gds, case.name, [INTERACTED, relation]),
    ):
        pass
    assert refused.value.hint is not None
    assert "RELATION_0" in refused.value.hint


def test_a_projection_is_dropped_whatever_happens(store: Store, case: Case) -> None:
    with pytest.raises(ZeroDivisionError), projected(store, case.gds, case.name):
        raise ZeroDivisionError
    assert projections(store) == []


def test_what_a_killed_process_left_is_dropped_by_the_next(
    store: Store, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = max(psutil.pids()) + 100_000
    with monkeypatch.context() as patched:
        patched.setattr("export.gds.projection.os.getpid", lambda: gone)
        patched.setattr(case.gds.graph.__class__, "drop", lambda *_args, **_options: [])
        with projected(store, case.gds, case.name):
            pass
    assert [name.split(" ")[-2] for name in projections(store)] == [str(gone)]
    with projected(store, case.gds, case.name):
        assert str(gone) not in " ".join(projections(store))


def test_a_projection_that_is_too_large_is_refused_first(
    store: Store, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "MOST_OF_HEAP", -1.0)
    with pytest.raises(LimitReachedError, match="of the heap") as refused, projected(store, case.gds, case.name):
        pass
    assert "server.heap" in str(refused.value.hint)


def test_an_algorithm_that_is_too_large_is_named(store: Store, case: Case) -> None:
    options = SimilarityOptions()
    with projected(store, case.gds, case.name) as found, pytest.raises(DatabaseError, match="too little free memory"):
        _vectors(found, options.model_copy(update={"dimensions": 50_000_000}))


@pytest.mark.parametrize("users", [False, True])
def test_node_similarity_is_the_jaccard_of_common_users(store: Store, case: Case, users: bool) -> None:
    options = SimilarityOptions(method="jaccard", neighbours=100, users=users)
    results = similarity(store, case.gds, case.snapshot, options)
    ranked = results.similar_users if users else results.similar_items
    assert ranked is not None
    matrix = train_matrix(case.snapshot) if users else train_matrix(case.snapshot).T
    common = matrix @ matrix.T
    sizes = matrix.sum(axis=1)
    union = sizes[:, None] + sizes[None, :] - common
    naive = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    np.fill_diagonal(naive, 0)
    found = np.zeros_like(naive)
    starts, places = np.nonzero(ranked.rows >= 0)
    found[starts, ranked.rows[starts, places]] = ranked.scores[starts, places]
    np.testing.assert_allclose(found, naive, atol=1e-6)
    assert (np.diff(np.where(ranked.rows >= 0, ranked.scores, -1.0), axis=1) <= 0).all()


def test_hubs_and_rare_items_can_be_left_out(store: Store, case: Case) -> None:
    options = SimilarityOptions(method="overlap", neighbours=5, fewest=3, most=5)
    ranked = similarity(store, case.gds, case.snapshot, options).similar_items
    assert ranked is not None
    sizes = train_matrix(case.snapshot).sum(axis=0)
    listed = (ranked.rows >= 0).any(axis=1)
    assert listed.any()
    assert ((sizes[listed] >= 3) & (sizes[listed] <= 5)).all()


def test_the_nearest_are_those_that_scikit_learn_finds(store: Store, case: Case) -> None:
    from sklearn.neighbors import NearestNeighbors

    options = SimilarityOptions(neighbours=5, dimensions=32)
    ranked = similarity(store, case.gds, case.snapshot, options).similar_items
    assert ranked is not None
    with projected(store, case.gds, case.name) as found:
        _vectors(found, options)
        nodes = found.nodes()
        vectors = case.gds.graph.node_properties.stream(found.graph, VECTOR, node_labels=["Item"])
    column = VECTOR if VECTOR in vectors else "propertyValue"
    of_node = dict(zip(vectors["nodeId"], vectors[column], strict=True))
    items = nodes[nodes["label"] == "Item"]
    matrix = np.array([of_node[node] for node in items["node"]])
    distances, _ = NearestNeighbors(n_neighbors=6, metric="cosine").fit(matrix).kneighbors(matrix)
    expected = np.sort(1 - distances[:, 1:], axis=1)[:, ::-1]
    listed = ranked.scores[(ranked.rows >= 0).any(axis=1)]
    assert listed.shape == expected.shape
    # Rows stand in the order of idx in both; the search is approximate.
    assert np.isclose(listed, np.where(expected > 0, expected, 0), atol=1e-3).mean() > 0.95


def test_equal_seeds_make_the_same_run_which_is_a_similarity_only(store: Store, case: Case, tmp_path: Path) -> None:
    options = SimilarityOptions(neighbours=4, dimensions=16, users=True)
    first = write_back(store, case.snapshot, similarity(store, case.gds, case.snapshot, options))
    assert (first.active, first.counts["recommended"]) == (False, 0)
    assert min(first.counts["similar_items"], first.counts["similar_users"]) > 0
    snapshot = export_snapshot(store, case.name, tmp_path / "again")
    again = write_back(store, snapshot, similarity(store, case.gds, snapshot, options))
    assert (again.run_id, again.unchanged) == (first.run_id, True)
    other = similarity(store, case.gds, snapshot, options.model_copy(update={"seed": 1}))
    assert other.run_id != first.run_id


def cliques() -> Tables:
    """Two circles of users and films that have nothing in common, and one that is smaller."""
    tables = random_tables(num_users=12, num_items=40, num_triples=30)
    blocks = [(range(5), range(6)), (range(5, 9), range(6, 10)), (range(9, 12), range(10, 12))]
    pairs = [(f"user/{u}", f"thing/{i}", "train") for users, items in blocks for u in users for i in items]
    held_out = [("user/0", "thing/11", "test"), ("user/9", "thing/0", "valid")]
    return replace(tables, interactions=pd.DataFrame(pairs + held_out, columns=["user", "item", "split"]))


@pytest.mark.parametrize("method", ["leiden", "louvain"])
def test_cliques_are_communities(store: Store, case: Case, dataset_name: str, method: Any) -> None:
    ingest(store, dataset_name, cliques(), split=GIVEN)
    report = communities(store, case.gds, dataset_name, CommunityOptions(method=method))
    assert report.counts == {"communities": 3, "members": 24}
    found = run(
        store,
        """MATCH (c:Community {run: $run})<-[:IN_COMMUNITY {run: $run}]-(n)
        RETURN c.number AS number, c.users AS users, c.items AS items, collect(split(n.key, '/')[2]) AS members
        ORDER BY number""",
        run=report.run_id,
    )
    assert [(row["users"], row["items"]) for row in found] == [(5, 6), (4, 4), (3, 2)]
    assert {int(member) for member in found[1]["members"]} == set(range(5, 10))
    again = communities(store, case.gds, dataset_name, CommunityOptions(method=method))
    assert (again.run_id, again.unchanged) == (report.run_id, True)

    other = communities(
        store, case.gds, dataset_name, CommunityOptions(method=method, relations=(INTERACTED, "RELATION_0"))
    )
    runs.remove(store, dataset_name, report.run_id)
    left = run(store, "MATCH (c:Community {dataset: $name}) RETURN DISTINCT c.run AS run", name=dataset_name)
    assert [row["run"] for row in left] == [other.run_id]
    remove(store, dataset_name)
    assert run(store, "MATCH (c:Community {dataset: $name}) RETURN c", name=dataset_name) == []


def test_communities_are_named_after_what_is_popular_in_them(store: Store, case: Case, dataset_name: str) -> None:
    tables = cliques()
    names = {f"thing/{n}": f"Film {n}" for n in range(12)}
    entities = tables.entities.assign(name=[names.get(key, "") for key in tables.entities["key"]])
    ingest(store, dataset_name, replace(tables, entities=entities), split=GIVEN)
    communities(store, case.gds, dataset_name, CommunityOptions())
    found = run(
        store, "MATCH (c:Community {dataset: $name}) RETURN c.name AS name ORDER BY c.number", name=dataset_name
    )
    assert [row["name"] for row in found] == ["Film 0, Film 1, Film 2", "Film 6, Film 7, Film 8", "Film 10, Film 11"]
    remove(store, dataset_name)


def test_pagerank_is_that_of_a_random_surfer_and_the_newest_alone_stays(store: Store, case: Case) -> None:
    first = pagerank(store, case.gds, case.name, PageRankOptions(damping=0.5))
    report = pagerank(store, case.gds, case.name, PageRankOptions(iterations=200))
    assert report.removed == (first.run_id,)
    rows = run(
        store,
        "MATCH (n:User|Entity {dataset: $name}) RETURN n.key AS key, n.pagerank AS rank, n.pagerank_run AS run",
        name=case.name,
    )
    assert {row["run"] for row in rows} == {report.run_id, None}
    found = {row["key"]: row["rank"] for row in rows if row["rank"] is not None}
    matrix = train_matrix(case.snapshot)
    users, items = case.snapshot.users["key"], case.snapshot.entities["key"][: case.snapshot.num_items]
    keys = [*users, *items]
    square = np.block([[np.zeros((len(users),) * 2), matrix], [matrix.T, np.zeros((len(items),) * 2)]])
    degrees = square.sum(axis=1)
    rank = np.full(len(keys), 0.15)
    for _ in range(300):
        rank = 0.15 + 0.85 * (square / np.maximum(degrees, 1)[:, None]).T @ rank
    expected = {key: value for key, value, degree in zip(keys, rank, degrees, strict=True) if degree}
    assert found.keys() == expected.keys()
    assert all(np.isclose(found[key], expected[key], rtol=1e-3) for key in expected)
    runs.remove(store, case.name, report.run_id)
    assert run(store, "MATCH (n {dataset: $name}) WHERE n.pagerank IS NOT NULL RETURN n", name=case.name) == []


def test_a_run_that_was_cut_off_is_removed_by_prune(
    store: Store, case: Case, dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(store, dataset_name, cliques(), split=GIVEN)
    with monkeypatch.context() as patched:
        patched.setattr("export.gds.communities.write_values", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            communities(store, case.gds, dataset_name, CommunityOptions())
    assert [found.state for found in runs.list_runs(store, dataset_name)] == ["writing"]
    assert len(runs.prune(store, dataset_name)) == 1
    assert run(store, "MATCH (c:Community {dataset: $name}) RETURN c", name=dataset_name) == []
    remove(store, dataset_name)


def test_a_sample_is_a_snapshot_of_a_part(store: Store, case: Case, tmp_path: Path) -> None:
    snapshot = export_snapshot(store, case.name, tmp_path / "whole")
    options = SampleOptions(ratio=0.5, seed=1)
    part = sample(store, case.gds, snapshot, options).save(tmp_path / "part")
    again = sample(store, case.gds, snapshot, options).save(tmp_path / "again")
    other = sample(store, case.gds, snapshot, options.model_copy(update={"seed": 2})).save(tmp_path / "other")
    assert part.manifest.content_hash == again.manifest.content_hash != other.manifest.content_hash
    assert projections(store) == []
    assert load_snapshot(tmp_path / "part").manifest.counts["items"] == part.num_items
    assert 0.25 < (part.num_users + part.num_entities) / (snapshot.num_users + snapshot.num_entities) < 0.75
    assert part.manifest.split_id != snapshot.manifest.split_id
    assert set(part.interactions["train"][0]) == set(range(part.num_users))
    for split in ("train", "valid", "test"):
        users, items = set(part.users["key"]), set(part.entities["key"][: part.num_items])
        expected = {pair for pair in pairs(snapshot, split) if pair[0] in users and pair[1] in items}
        assert pairs(part, split) == expected
    triples = {triple for triple in facts(snapshot) if {triple[0], triple[2]} <= set(part.entities["key"])}
    assert facts(part) == triples


def pairs(snapshot: Snapshot, split: Any) -> set[tuple[str, str]]:
    users, items = snapshot.users["key"], snapshot.entities["key"]
    return {(users[user], items[item]) for user, item in snapshot.interactions[split].T.tolist()}


def facts(snapshot: Snapshot) -> set[tuple[str, int, str]]:
    keys = snapshot.entities["key"]
    columns = zip(*snapshot.edge_index.tolist(), snapshot.edge_type.tolist(), strict=True)
    return {(keys[head], number, keys[tail]) for head, tail, number in columns}


@pytest.mark.parametrize("part", ["valid", "test"])
def test_lists_are_the_sums_of_similarities_without_what_was_seen(
    store: Store, case: Case, tmp_path: Path, part: Any
) -> None:
    snapshot = export_snapshot(store, case.name, tmp_path / "s")
    results = similarity(store, case.gds, snapshot, SimilarityOptions(method="cosine", neighbours=7))
    write_back(store, snapshot, results)
    frame = item_lists(store, snapshot, results.run_id, part, 10)
    ranked = results.similar_items
    assert ranked is not None
    train = train_matrix(snapshot)
    similar = np.zeros((snapshot.num_items,) * 2)
    starts, places = np.nonzero(ranked.rows >= 0)
    similar[starts, ranked.rows[starts, places]] = ranked.scores[starts, places]
    scores = train @ similar
    scores[train > 0] = 0
    if part == "test":
        scores[tuple(snapshot.interactions["valid"])] = 0
    users, items = list(snapshot.users["key"]), list(snapshot.entities["key"])
    for user, lines in frame.groupby("user"):
        row = scores[users.index(user)]
        listed = row[[items.index(item) for item in lines.sort_values("rank")["item"]]]
        np.testing.assert_allclose(listed, np.sort(row)[::-1][: len(listed)], atol=1e-6)
        assert (listed > 0).all()
        assert len(listed) == min(10, (row > 0).sum())


def test_algorithms_may_take_longer_than_the_server_lets_others(store: Store) -> None:
    from graphdatascience.query_runner.query_type import QueryType

    patient = client.connect(replace(store, timeouts=Timeouts(long=7200)))._query_runner
    assert patient._wrap_query("RETURN 1", QueryType.SYSTEM).timeout == 7200  # type: ignore[attr-defined]


def test_a_server_without_the_plugin(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FUNCTION", "gds.of_another_server")
    with pytest.raises(DatabaseError, match="has no Graph Data Science plugin") as refused:
        client.connect(store)
    assert "plugins/" in str(refused.value.hint)


def test_without_the_package(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "graphdatascience":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError) as refused:
        client.connect(store)
    assert "'.[gds]'" in str(refused.value.hint)
