"""`spikegraph fold-in`: a user and an item that came after the training are answered for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cypher.store import Store
from ingest.write import remove
from tests.spikegraph.conftest import CommandLine
from tests.support.film_graph import build

QUICK = ("--set", "train.epochs=2", "--set", "train.evaluate_every=1", "--set", "model.dimensions=8")

NEWCOMERS = """
MATCH (thing:Entity {key: $dataset + '/thing/kurosawa'})
CREATE (:Entity:Item:Film:Films {dataset: $dataset, idx: 100, key: $dataset + '/film/new', name: 'New'})
       -[:DIRECTED_BY]->(thing)
CREATE (user:User:Films {dataset: $dataset, idx: 100, key: $dataset + '/user/eve'})
WITH user
MATCH (film:Item) WHERE film.key IN [$dataset + '/film/alpha', $dataset + '/film/beta']
CREATE (user)-[:INTERACTED]->(film)
"""


@pytest.fixture
def films(store: Store, dataset_name: str) -> Iterator[str]:
    build(store, dataset_name)
    yield dataset_name
    remove(store, dataset_name)


def exported(say: CommandLine, films: str, folder: Path) -> None:
    run = say("similarity", films, "--source", "relations=1", "--neighbours", 2, "--json").document["run_id"]
    done = say("export", films, "--to", folder, "--similarity", run, "--embedding", "none", "--json")
    assert done.code == 0, done.err


def test_who_came_later_is_answered_for_and_the_model_asked(
    connected: CommandLine, store: Store, films: str, tmp_path: Path
) -> None:
    before, after, run = (tmp_path / name for name in ("before", "after", "run"))
    exported(connected, films, before)
    said = connected("train", before, "--to", run, "--preset", "similarity", "--device", "cpu", *QUICK, "--json")
    assert said.code == 0, said.err
    with store.driver.session(database=store.database) as session:
        session.run(NEWCOMERS, dataset=films).consume()
    exported(connected, films, after)

    done = connected("fold-in", run, after, "--json")
    assert done.code == 0, done.err
    report = done.document
    assert (report["new_users"], report["new_items"], report["gone"]) == (1, 1, 0)
    assert report["written"]["active"]
    listed = connected("recommend", films, "user/eve", "--json").document["recommendations"]
    assert {row["source"] for row in listed} == {f"list of run {report['written']['run_id']}"}
    assert not {row["item"] for row in listed} & {f"{films}/film/alpha", f"{films}/film/beta"}
    near = connected("similar", films, "film/new", "--json").document["similar"]
    assert near[0]["key"] in {f"{films}/film/alpha", f"{films}/film/gamma"}
    again = connected("fold-in", run, after, "--json").document
    assert again["written"]["unchanged"]

    question = ("explain", films, "ann", "Epsilon", "--without", "Alpha", "--hangs-on", "--k", 2, "--json")
    by_graph = connected(*question).document
    by_model = connected(*question, "--run", run).document
    assert (by_graph["without"]["by"], by_model["without"]["by"]) == ("similar items", str(run))
    hanging = by_model["hangs_on"]["history"]
    assert {each["liked"] for each in hanging} == {f"{films}/film/{film}" for film in ("alpha", "beta")}
    assert all(each["share"] != 0 for each in hanging)
    assert [each["rank"] for each in by_model["without"]["list"]][:2] == [1, 2]
    assert not {each["item"] for each in by_model["without"]["list"]} & {f"{films}/film/alpha", f"{films}/film/beta"}
    alone = connected("explain", films, "ann", "Epsilon", "--run", run, "--json")
    assert (alone.code, alone.document["error"]["where"]) == (2, "--run")
    other = connected("explain", films, "ann", "Epsilon", "--without", "Delta", "--run", run, "--json")
    assert (other.code, other.document["error"]["where"]) == (2, "--without")
