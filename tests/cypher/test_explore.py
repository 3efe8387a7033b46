"""The library to explore with: each statement answers about its own data set, in its shape, and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from neo4j.graph import Path

from cypher import statements
from cypher.answers.relation_types import for_dataset
from cypher.store import Record, Store, Timeouts
from export.write_back import write_back
from spikegraph.library import QUESTIONS, parameter_value
from tests.support.film_graph import build, results_of

GRAPHS = {
    "communities/detected_drawn": "path",
    "communities/similar_items": "path",
    "data_set/glimpse": "seen known",
    "hubs/biggest_drawn": "path",
    "item/world": "path",
    "runs/lists_drawn": "path",
    "user/list": "user listed item because",
    "user/taste_drawn": "path",
    "user/why": "path",
}
"""Statements that Browser draws, and their columns."""

TABLES = {
    "communities/detected": "number name users items others run found_by",
    "communities/entities_together": "label first second together items_of_first items_of_second lift",
    "data_set/activity": "what least most nodes relationships",
    "data_set/kinds": "role label nodes named profiles example",
    "data_set/overview": (
        "dataset source state version users items entities triples train valid test active_run model protocol"
    ),
    "data_set/relations": "type name facts heads tails from to",
    "data_set/start_here": "user user_name items item item_name rank alike",
    "hubs/biggest": "key name labels relationships users",
    "hubs/dead_ends": "role label nodes without_facts with_one_fact example most_facts",
    "item/also_liked": "key name together asked popularity lift",
    "item/in_lists": "key name rank score lists",
    "lists/coverage": ("run items_listed items coverage places share_of_the_first_100 most_lists_of_one_item"),
    "lists/never_recommended": "key name users of run",
    "lists/only_popular": "key name popular_places places items popular_items",
    "lists/popular": "key name users lists",
    "profiles/copied": "role nodes first last profile",
    "profiles/coverage": "role nodes profiles by_language_model shortest mean_characters longest",
    "profiles/stale": "check findings example",
    "profiles/thin": "key name is_item characters profile facts users",
    "runs/difference": (
        "run other users users_only_here users_only_there overlap users_with_the_same_items"
        " items_here items_there items_only_here items_only_there"
    ),
    "runs/items_changed": "key name lists_here lists_there difference users run other",
    "runs/lists_beside": "run other key name rank_here rank_there users",
    "runs/metrics": (
        "run model state activation protocol seed valid_recall_20 valid_ndcg_20 test_recall_20 test_ndcg_20"
        " recommended split_id made_at"
    ),
    "runs/users_changed": "key name shared length overlap items run other",
    "sanity/checks": "check findings examples",
    "user/history": "key name at rating count users",
    "user/taste": "type name key items degree specificity examples",
}
"""Statements whose answer is a table, and their columns."""

NAMES = [name.removeprefix("explore/") for name in statements.names("explore")]

SECONDS = 10.0
"""What any statement may take on so small a graph, and what Neo4j is told to stop it after."""

OTHER_LISTS = {"ann": ("Delta", "Gamma", "Zeta"), "bob": ("Beta", "Delta"), "cem": ("Beta",)}
"""The lists of a second run: ann has two of three in common, bob all, cem none."""

WRITTEN_ELSEWHERE = """
MATCH (dataset:Dataset {name: $dataset})
CREATE (dataset)-[:HAS_PROFILE_RUN]->
       (:ProfileRun {id: $dataset + '/by-hand', split_id: 'split-1', exposed_to: ['train']})
WITH dataset MATCH (node:User|Entity {dataset: $dataset})
SET node.profile = CASE WHEN node.name IN ['ann', 'bob'] THEN 'The same.' ELSE 'This is ' + node.name + '.' END,
    node.profile_hash = CASE WHEN node.name IN ['ann', 'bob'] THEN 'same' ELSE node.key END,
    node.profile_run = $dataset + CASE node.name WHEN 'Zeta' THEN '/older' ELSE '/by-hand' END
WITH dataset, collect(node) AS nodes
CREATE (dataset)-[:HAS_RUN]->(run:Run {id: $dataset + '/communities', dataset: $dataset, state: 'complete',
                                       model: 'by-hand', made_at: datetime()})
CREATE (run)-[:HAS_COMMUNITY]->(all:Community {run: run.id, dataset: $dataset, number: 0, name: 'all of them',
                                               users: 4, items: 6, others: 2})
FOREACH (node IN nodes | CREATE (node)-[:IN_COMMUNITY {run: run.id}]->(all))
"""
"""Profiles and communities, as the commands that write them would leave them."""


@pytest.fixture(scope="module")
def two(store: Store) -> tuple[str, str]:
    """Give the names of two data sets, written once for all the tests below."""
    names = ("t-explore-one", "t-explore-two")
    for name in names:
        remove(store, name)
        snapshot = build(store, name)
        write_back(store, snapshot, results_of(f"{name}/before", OTHER_LISTS))
        write_back(store, snapshot, results_of(f"{name}/run"))
        with store.driver.session(database=store.database) as session:
            session.run(WRITTEN_ELSEWHERE, dataset=name).consume()
    return names


def remove(store: Store, name: str) -> None:
    with store.driver.session(database=store.database) as session:
        session.run("MATCH (n {dataset: $name}) DETACH DELETE n", name=name).consume()
        session.run("MATCH (n:ProfileRun {id: $name + '/by-hand'}) DETACH DELETE n", name=name).consume()
        session.run("MATCH (n:Dataset {name: $name}) DETACH DELETE n", name=name).consume()


def ask(store: Store, name: str, dataset: str, **parameters: Any) -> list[Record]:
    """Ask a statement with its own examples, but for what names the data set."""
    statement = for_dataset(store, statements.load(f"explore/{name}"), dataset)
    examples = {key: parameter_value(key, example, None) for key, example in statement.parameters.items()}
    own = {"dataset": dataset, "user": f"{dataset}/user/ann", "item": f"{dataset}/film/gamma"}
    known = {key: own.get(key, example) for key, example in examples.items()} | parameters
    return replace(store, timeouts=Timeouts(SECONDS, SECONDS, SECONDS)).read(statement, **known)


def texts(value: Any) -> list[str]:
    """Give every text within an answer."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in texts(inner)]
    if isinstance(value, Path):
        return texts([*value.nodes, *value.relationships])
    return texts(dict(value)) if hasattr(value, "element_id") else []


def test_the_tables_above_name_every_statement() -> None:
    assert sorted(NAMES) == sorted([*GRAPHS, *TABLES])
    assert {f"explore/{name.partition('/')[0]}" for name in NAMES} <= set(QUESTIONS)


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_about_its_own_data_set_in_its_shape(store: Store, two: tuple[str, str], name: str) -> None:
    for dataset, other in (two, two[::-1]):
        rows = ask(store, name, dataset)
        assert rows
        assert " ".join(rows[0]) == {**GRAPHS, **TABLES}[name]
        drawn = [value for row in rows for value in row.values() if hasattr(value, "nodes") or hasattr(value, "labels")]
        assert bool(drawn) == (name in GRAPHS)
        if name != "data_set/overview":
            assert not [text for row in rows for text in texts(list(row.values())) if text.startswith(f"{other}/")]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_bounded_and_reads_only(name: str) -> None:
    statement = statements.load(f"explore/{name}")
    assert statement.kind == "read"
    assert "LIMIT" in statement.code
    walks = "idx >= 0" in statement.code and "LIMIT" not in statement.code.partition("idx >= 0")[2].partition("CALL")[0]
    assert statement.work == "long" or not walks, "a walk through a whole data set is no query that a person waits for"


def test_asking_all_of_them_changes_nothing(store: Store, two: tuple[str, str]) -> None:
    def fingerprint() -> list[Record]:
        text = """MATCH (n) WHERE n.dataset = $name OR (n:Dataset AND n.name = $name)
        OPTIONAL MATCH (n)-[r]->()
        RETURN count(DISTINCT n) AS nodes, count(r) AS relationships, sum(size(keys(n))) AS properties,
               sum(size(keys(r))) AS properties_of_relationships"""
        with store.driver.session(database=store.database) as session:
            return [dict(session.run(text, name=name).single(strict=True)) for name in two]

    before = fingerprint()
    for name in NAMES:
        ask(store, name, two[0])
    assert fingerprint() == before


def findings(store: Store, dataset: str) -> dict[str, int]:
    """Give the checks that found something."""
    rows = ask(store, "sanity/checks", dataset)
    return {row["check"]: row["findings"] for row in rows if row["findings"]}


def test_a_sane_graph_has_no_findings_and_a_broken_one_has(store: Store, two: tuple[str, str]) -> None:
    # Epsilon and Zeta are in nobody's train part, and nothing is known of Zeta but that it was held out.
    assert findings(store, two[0]) == {"item without train users": 2}
    broken = """MATCH (ann:User {key: $ann}) MATCH (item:Item {key: $item}) MATCH (other:Item {key: $other})
    CREATE (ann)-[:INTERACTED]->(item) CREATE (ann)-[:HELD_OUT {split: 'tset'}]->(item)
    CREATE (ann)-[:RECOMMENDED {run: 'wrong'}]->(item) CREATE (item)-[:SEQUEL_OF {wrong: true}]->(other)
    CREATE (:Entity {key: $dataset + '/thing/lonely', dataset: $dataset, idx: 99})
    CREATE (:Run {id: $dataset + '/broken', dataset: $dataset, state: 'writing'})"""
    mended = """MATCH (ann:User {key: $ann})-[r]->(item:Item {key: $item}) WITH type(r) AS type, collect(r) AS found
    FOREACH (r IN found[1..] | DELETE r) WITH type, found WHERE type <> 'INTERACTED' FOREACH (r IN found | DELETE r)
    WITH count(*) AS done MATCH (:Item {key: $item})-[wrong:SEQUEL_OF {wrong: true}]->() DELETE wrong
    WITH count(*) AS done MATCH (e:Entity {key: $dataset + '/thing/lonely'}) DELETE e
    WITH count(*) AS done MATCH (run:Run {id: $dataset + '/broken'}) DELETE run"""
    keys = {"dataset": two[0], "ann": f"{two[0]}/user/ann", "item": f"{two[0]}/film/alpha"}
    with store.driver.session(database=store.database) as session:
        session.run(broken, other=f"{two[1]}/film/beta", **keys).consume()
        found = findings(store, two[0])
        session.run(mended, **keys).consume()
    assert found == {
        "item without train users": 2,
        "pair more than once in train": 1,
        "pair in more than one split": 1,
        "held-out pair of no known split": 1,
        "entity without any relationship": 1,
        "recommended item that the user has in train": 1,
        "relationship into another data set": 1,
        "run that was not finished": 1,
    }
    assert findings(store, two[0]) == {"item without train users": 2}


def test_why_gives_the_paths_that_browser_draws(store: Store, two: tuple[str, str]) -> None:
    rows = ask(store, "user/why", two[0])
    drawn = {" ".join(type(r).__name__ for r in row["path"].relationships) for row in rows}
    assert drawn == {
        "RECOMMENDED",
        "SIMILAR_TO INTERACTED",
        "DIRECTED_BY DIRECTED_BY INTERACTED",
        "HAS_GENRE HAS_GENRE INTERACTED",
    }
    nodes = {node["name"] for row in rows for node in row["path"].nodes}
    assert nodes == {"ann", "Gamma", "Alpha", "Beta", "Kurosawa", "Drama"}


def test_two_runs_beside_each_other_the_active_one_and_the_one_before(store: Store, two: tuple[str, str]) -> None:
    beside = [(row["name"], row["rank_here"], row["rank_there"]) for row in ask(store, "runs/lists_beside", two[0])]
    assert beside == [("Gamma", 1, 2), ("Delta", 2, 1), ("Epsilon", 3, None), ("Zeta", None, 3)]
    drawn = [row["path"].relationships[0] for row in ask(store, "runs/lists_drawn", two[0])]
    assert sorted((edge["run"], edge["rank"]) for edge in drawn) == [
        (f"{two[0]}/{run}", rank) for run in ("before", "run") for rank in (1, 2, 3)
    ]
    turned = ask(store, "runs/lists_beside", two[0], run=f"{two[0]}/before", other=f"{two[0]}/run")
    assert (turned[0]["name"], turned[0]["rank_here"], turned[0]["rank_there"]) == ("Delta", 1, 2)


def test_how_two_runs_differ_over_all_users(store: Store, two: tuple[str, str]) -> None:
    difference = ask(store, "runs/difference", two[0])[0]
    # ann shares two of three, bob both, cem none; dora has no list in either.
    assert difference["overlap"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert {name: value for name, value in difference.items() if isinstance(value, int)} == {
        "users": 3,
        "users_only_here": 0,
        "users_only_there": 0,
        "users_with_the_same_items": 1,
        "items_here": 5,  # Gamma, Delta, Epsilon, Beta, Alpha
        "items_there": 4,  # Delta, Gamma, Zeta, Beta
        "items_only_here": 2,
        "items_only_there": 1,
    }
    changed = ask(store, "runs/users_changed", two[0])
    assert [(row["name"], row["shared"], row["overlap"]) for row in changed] == [
        ("cem", 0, 0.0),
        ("ann", 2, 0.667),
        ("bob", 2, 1.0),
    ]
    items = {row["name"]: row["difference"] for row in ask(store, "runs/items_changed", two[0])}
    assert items == {"Alpha": 1, "Beta": -1, "Gamma": 0, "Delta": 0, "Epsilon": 1, "Zeta": -1}


def test_what_is_never_recommended_and_who_gets_only_what_is_popular(store: Store, two: tuple[str, str]) -> None:
    assert [row["name"] for row in ask(store, "lists/never_recommended", two[0])] == ["Zeta"]
    # Alpha and Beta have two train users each, all others fewer: of the lists only cem's and half of bob's hold them.
    popular = ask(store, "lists/only_popular", two[0], head=2)
    shares = [(row["name"], row["popular_places"], row["places"]) for row in popular]
    assert shares == [("cem", 1, 1), ("bob", 1, 2), ("ann", 0, 3)]
    coverage = {row["run"]: row["items_listed"] for row in ask(store, "lists/coverage", two[0])}
    assert coverage == {f"{two[0]}/run": 5, f"{two[0]}/before": 4}


def test_profiles_that_are_copied_thin_or_stale(store: Store, two: tuple[str, str]) -> None:
    copied = ask(store, "profiles/copied", two[0])
    assert [(row["nodes"], row["profile"]) for row in copied] == [(2, "The same.")]
    stale = {row["check"]: row["findings"] for row in ask(store, "profiles/stale", two[0]) if row["findings"]}
    assert stale == {"profile of another set than the active one": 1}
    thin = ask(store, "profiles/thin", two[0])[0]
    assert (thin["name"], thin["facts"], thin["users"]) == ("Beta", 2, 2)


def test_where_to_begin_is_with_somebody_whose_list_is_like_what_they_had(store: Store, two: tuple[str, str]) -> None:
    first = ask(store, "data_set/start_here", two[0])[0]
    # Gamma, at the head of ann's list, is similar to Alpha, which ann had.
    assert (first["user_name"], first["item_name"], first["rank"], first["alike"]) == ("ann", "Gamma", 1, 1)


def test_dead_ends_and_ranges_are_counted(store: Store, two: tuple[str, str]) -> None:
    ends = {row["label"]: (row["without_facts"], row["with_one_fact"]) for row in ask(store, "hubs/dead_ends", two[0])}
    # Alpha, Beta, Gamma and Delta have two facts each, Epsilon one, Zeta none.
    assert ends == {"Film": (1, 1), "Thing": (0, 0)}
    ranges = {(row["what"], row["least"]): row["nodes"] for row in ask(store, "data_set/activity", two[0])}
    assert ranges[("items of a user", 1)] == 2
    assert ranges[("items of a user", 2)] == 2
    assert ranges[("facts of an entity", 4)] == 1  # Drama with its five


def test_also_liked_sets_aside_what_everybody_has(store: Store, two: tuple[str, str]) -> None:
    found = ask(store, "item/also_liked", two[0], item=f"{two[0]}/film/beta")
    # Beta: ann and dora; of them ann has Alpha, which two of four users have.
    assert [(row["name"], row["together"], row["asked"], row["lift"]) for row in found] == [("Alpha", 1, 2, 1.0)]
