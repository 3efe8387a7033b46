"""The library to explore with: each statement answers on two data sets, is bounded, and leaves its own part alone."""

from __future__ import annotations

from typing import Any

import pytest

from cypher import statements
from cypher.answers.relation_types import for_dataset
from cypher.store import Store
from export.write_back import write_back
from tests.support.film_graph import build, results_of

NAMES = [name for group in ("explore", "recommend") for name in statements.names(group)]


@pytest.fixture(scope="module")
def two(store: Store) -> tuple[str, str]:
    """Give the names of two data sets, written once for all the tests below."""
    names = ("t-explore-one", "t-explore-two")
    with store.driver.session(database=store.database) as session:
        for name in names:
            session.run("MATCH (n {dataset: $name}) DETACH DELETE n", name=name).consume()
            session.run("MATCH (n:Dataset {name: $name}) DETACH DELETE n", name=name).consume()
    for name in names:
        write_back(store, build(store, name), results_of(f"{name}/run"))
    return names


def values(statement: statements.Statement, dataset: str) -> dict[str, Any]:
    known = {
        "dataset": dataset,
        "user": f"{dataset}/user/ann",
        "item": f"{dataset}/film/gamma",
        "text": "ann" if "users" in statement.name else "Gamma",
        "k": 5,
        "reasons": 3,
        "history": 100,
    }
    return {name: known[name] for name in statement.parameters}


def texts(value: Any) -> list[str]:
    """Give every text within an answer."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in texts(inner)]
    return [value["key"]] if hasattr(value, "labels") and "key" in value else []


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_about_its_own_data_set_only(store: Store, two: tuple[str, str], name: str) -> None:
    statement = statements.load(name)
    assert statement.kind == "read"
    for dataset, other in (two, two[::-1]):
        rows = store.read(for_dataset(store, statement, dataset), **values(statement, dataset))
        assert rows
        if "dataset" in statement.parameters:
            assert not [text for row in rows for text in texts(row) if text.startswith(f"{other}/")]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_bounded(name: str) -> None:
    text = statements.load(name).text
    assert "LIMIT" in text
    assert "$k" in text or "k" not in statements.load(name).parameters


def test_a_sane_graph_has_no_findings_and_a_broken_one_has(store: Store, two: tuple[str, str]) -> None:
    def findings() -> dict[str, int]:
        rows = store.read("explore/sanity", dataset=two[0])
        return {row["check"]: row["findings"] for row in rows if row["findings"]}

    # Epsilon and Zeta are in nobody's train part, and nothing is known of Zeta but that it was held out.
    assert findings() == {"item without train users": 2}
    broken = """MATCH (ann:User {key: $ann}) MATCH (item:Item {key: $item})
    CREATE (ann)-[:INTERACTED]->(item) CREATE (ann)-[:HELD_OUT {split: 'tset'}]->(item)
    CREATE (:Entity {key: $dataset + '/thing/lonely', dataset: $dataset, idx: 99})
    CREATE (:Run {id: $dataset + '/broken', dataset: $dataset, state: 'writing'})"""
    mended = """MATCH (ann:User {key: $ann})-[r]->(item:Item {key: $item}) WITH type(r) AS type, collect(r) AS found
    FOREACH (r IN found[1..] | DELETE r) WITH type, found WHERE type = 'HELD_OUT' FOREACH (r IN found | DELETE r)
    WITH count(*) AS done MATCH (e:Entity {key: $dataset + '/thing/lonely'}) DELETE e
    WITH count(*) AS done MATCH (run:Run {id: $dataset + '/broken'}) DELETE run"""
    keys = {"dataset": two[0], "ann": f"{two[0]}/user/ann", "item": f"{two[0]}/film/alpha"}
    with store.driver.session(database=store.database) as session:
        session.run(broken, **keys).consume()
        found = findings()
        session.run(mended, **keys).consume()
    assert found == {
        "item without train users": 2,
        "pair more than once in train": 1,
        "pair in more than one split": 2,
        "held-out pair of no known split": 1,
        "entity without any relationship": 1,
        "run that was not finished": 1,
    }
    assert findings() == {"item without train users": 2}


def test_why_gives_the_paths_that_browser_draws(store: Store, two: tuple[str, str]) -> None:
    rows = store.read("explore/why", dataset=two[0], user=f"{two[0]}/user/ann", item=f"{two[0]}/film/gamma")
    drawn = {" ".join(type(r).__name__ for r in row["path"].relationships) for row in rows}
    assert drawn == {
        "RECOMMENDED",
        "SIMILAR_TO INTERACTED",
        "DIRECTED_BY DIRECTED_BY INTERACTED",
        "HAS_GENRE HAS_GENRE INTERACTED",
    }
    nodes = {node["name"] for row in rows for node in row["path"].nodes}
    assert nodes == {"ann", "Gamma", "Alpha", "Beta", "Kurosawa", "Drama"}
