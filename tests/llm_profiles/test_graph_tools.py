from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from cypher.statements import load
from cypher.store import Store
from ingest.split import SplitRule
from ingest.write import ingest
from llm_profiles import graph_tools as module
from llm_profiles.contract import Split
from llm_profiles.graph_records import Degree
from llm_profiles.graph_tools import GraphTools
from llm_profiles.node_tools import NodeTools
from llm_profiles.plans.plan import Direction, Hop, Order, RelationPlan
from spikegraph.errors import DatabaseError, UsageError
from tests.support.random_tables import random_tables
from tests.support.tables import FILMS, tiny_tables

BOTH: tuple[Direction, Direction] = ("out", "in")


@pytest.fixture
def tiny(store: Store, dataset_name: str) -> str:
    ingest(store, dataset_name, tiny_tables(), split=SplitRule("given"))
    return dataset_name


def in_both(types: list[str], limit: int = 50, order: Order = "popular") -> tuple[RelationPlan, ...]:
    return tuple(RelationPlan(relation=t, direction=d, limit=limit, order=order) for t in types for d in BOTH)


def test_keys_come_by_kind_and_by_type(store: Store, tiny: str) -> None:
    tools = GraphTools(store, tiny)
    assert {kind: len(keys) for kind, keys in tools.keys().items()} == {"item": 6, "entity": 5, "user": 6}
    by_type = {name: len(keys) for name, keys in tools.keys_by_type().items()}
    assert by_type == {("item", "Film"): 6, ("entity", "Person"): 3, ("entity", "Genre"): 2}


def test_a_node_is_described_with_the_texts_that_are_asked_for(store: Store, tiny: str) -> None:
    tools = GraphTools(store, tiny)
    film = tools.describe([f"{tiny}/film/0"], ["plot", "summary"], characters=6)[f"{tiny}/film/0"]
    assert (film.name, film.label, film.is_item, film.texts) == ("Alpha Station", "Film", True, {"plot": "A crew"})
    with pytest.raises(DatabaseError, match="the node went"):
        tools.describe([f"{tiny}/film/0", f"{tiny}/film/99"])


def test_degrees_and_neighbours_of_a_hub_are_those_of_any_other(
    store: Store, dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(store, dataset_name, random_tables(seed=21), split=SplitRule("given"))
    tools = GraphTools(store, dataset_name)
    keys = [*tools.keys()["item"], *tools.keys()["entity"]]
    orders: tuple[Order, ...] = ("popular", "telling", "name")
    asked = [{key: in_both(list(tools.relations), 50, order) for key in keys} for order in orders]
    degrees, near = tools.relations_of(keys), [tools.neighbours(plans) for plans in asked]
    assert max(sum(d.degree for d in found) for found in degrees.values()) > 8
    monkeypatch.setattr(module, "HUB", 8)  # the largest group by one relation and direction has fewer
    assert tools.relations_of(keys) == degrees
    assert [tools.neighbours(plans) for plans in asked] == near


def test_of_a_hub_only_so_many_are_looked_at(store: Store, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HUB", 2)
    (group,) = GraphTools(store, tiny).neighbours({f"{tiny}/genre/0": in_both(["HAS_GENRE"])})[f"{tiny}/genre/0"]
    assert (len(group.neighbours), group.total) == (2, 3)


def test_items_and_others_of_a_hub_are_counted_exactly_whatever_is_looked_at(
    store: Store, dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(store, dataset_name, random_tables(seed=22, num_triples=900), split=SplitRule("given"))
    tools = GraphTools(store, dataset_name)
    asked = {key: in_both(list(tools.relations)) for key in tools.keys()["item"]}
    totals = {
        (key, g.type, g.outgoing, g.are_items): g.total for key, gs in tools.neighbours(asked).items() for g in gs
    }
    monkeypatch.setattr(module, "HUB", 1)
    for key, groups in tools.neighbours(asked).items():
        assert all(totals[key, g.type, g.outgoing, g.are_items] == g.total for g in groups)


def test_a_degree_says_type_direction_and_number(store: Store, tiny: str) -> None:
    found = GraphTools(store, tiny).relations_of([f"{tiny}/person/0"])[f"{tiny}/person/0"]
    assert found == [Degree("DIRECTED_BY", False, 3), Degree("INFLUENCED_BY", False, 1)]


@pytest.mark.parametrize(
    ("order", "names"),
    [("popular", ["Drama", "Comedy"]), ("telling", ["Comedy", "Drama"]), ("name", ["Comedy", "Drama"])],
)
def test_what_most_nodes_have_comes_last_where_telling_neighbours_are_asked_for(
    store: Store, tiny: str, order: Order, names: list[str]
) -> None:
    store.driver.execute_query(
        "MATCH (film:Item {dataset: $d}) OPTIONAL MATCH (film)-[old:HAS_GENRE]->() WHERE film.key <> $d + '/film/1' "
        "DELETE old WITH DISTINCT film MATCH (drama:Entity {key: $d + '/genre/0'}) MERGE (film)-[:HAS_GENRE]->(drama)",
        d=tiny,
    )
    (group,) = GraphTools(store, tiny).neighbours({f"{tiny}/film/1": in_both(["HAS_GENRE"], order=order)})[
        f"{tiny}/film/1"
    ]
    assert [near.name for near in group.neighbours] == names


def test_a_second_hop_goes_through_no_item_to_no_item_and_not_back(
    store: Store, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = GraphTools(store, tiny)
    hops = tuple(Hop(relation=t, direction=d) for t in ("INFLUENCED_BY", "DIRECTED_BY", "HAS_GENRE") for d in BOTH)
    plans = (RelationPlan(relation="DIRECTED_BY", then=hops), RelationPlan(relation="HAS_GENRE", then=hops))
    asked = {f"{tiny}/film/{n}": plans for n in range(6)}
    found = tools.two_hop(asked, tools.neighbours(asked))
    told = [
        (way.through, way.via.name, [near.name for near in way.group.neighbours]) for way in found[f"{tiny}/film/0"]
    ]
    assert told == [("DIRECTED_BY", "Ada Ames", ["Cy Cole"])]
    assert found[f"{tiny}/film/1"] == []
    monkeypatch.setattr(module, "TWO_HOP_HUB", 3)
    assert not any(tools.two_hop(asked, tools.neighbours(asked)).values())


def test_other_data_sets_are_not_seen(store: Store, tiny: str) -> None:
    ingest(store, f"{tiny}-b", tiny_tables(), split=SplitRule("given"))
    tools = GraphTools(store, tiny)
    keys = [*tools.keys()["item"], *tools.keys()["entity"]]
    near = tools.neighbours({key: in_both(list(tools.relations)) for key in keys})
    found = {n.key for groups in near.values() for group in groups for n in group.neighbours}
    found |= {key for user in tools.history(tools.keys()["user"], items=50).values() for key, _ in user.items}
    assert found
    assert all(key.startswith(f"{tiny}/") for key in [*found, *keys])


@pytest.mark.parametrize("splits", [(), ("test",), ("valid",), ("train", "test"), ("train", "valid", "test")])
def test_the_test_part_cannot_be_asked_for(store: Store, tiny: str, splits: tuple[Split, ...]) -> None:
    with pytest.raises(UsageError, match="cannot be written from"):
        GraphTools(store, tiny, splits=splits)


def test_the_validation_part_is_seen_where_it_may_be(store: Store, tiny: str) -> None:
    user = f"{tiny}/user/0"
    train = GraphTools(store, tiny).history([user], items=9)[user]
    both = GraphTools(store, tiny, splits=("train", "valid")).history([user], items=9)[user]
    assert ([name for _, name in train.items], train.total) == ([FILMS[2], FILMS[1], FILMS[0]], 3)
    assert ([name for _, name in both.items], both.total) == ([FILMS[3], FILMS[2], FILMS[1], FILMS[0]], 4)
    film = f"{tiny}/film/3"
    assert len(GraphTools(store, tiny).reviews([film], 9)[film]) == 3
    assert len(GraphTools(store, tiny, splits=("train", "valid")).reviews([film], 9)[film]) == 4


def test_users_of_a_popular_item_are_not_walked_through(store: Store, tiny: str) -> None:
    """Held-out edges and interactions of an item cost the reads of its facts nothing."""
    before = hits(store, tiny)
    store.driver.execute_query(
        "MATCH (i:Item {key: $d + '/film/0'}), (u:User {dataset: $d}) UNWIND range(1, 200) AS _ "
        "CREATE (u)-[:INTERACTED]->(i)",
        d=tiny,
    )
    assert hits(store, tiny) <= before + 10


def hits(store: Store, dataset: str) -> int:
    """Give the work of reading the facts of one film."""
    asked = {"DIRECTED_BY out": {"limit": 8, "order": "popular"}, "HAS_GENRE out": {"limit": 8, "order": "popular"}}
    statement = load("neighbourhood/neighbours").with_types(["DIRECTED_BY", "HAS_GENRE"])
    nodes = [{"key": f"{dataset}/film/0", "asked": 0}]
    with store.driver.session(database=store.database) as session:
        text: Any = f"PROFILE {statement.text}"
        result = session.run(text, nodes=nodes, asked=[asked], common=9, hub=9)
        return _hits(cast("Mapping[str, Any]", result.consume().profile))


def _hits(plan: Mapping[str, Any]) -> int:
    return int(plan["dbHits"]) + sum(map(_hits, plan.get("children", [])))


def test_an_agents_reads_of_an_item(store: Store, tiny: str) -> None:
    person = f"{tiny}/person/0"
    film = NodeTools(GraphTools(store, tiny), "item", f"{tiny}/film/0", {person: "Ada Ames makes quiet films."})
    assert film.describe() == "name: Alpha Station\ntype: Film\nplot: A crew of four keeps the last station alive."
    assert film.relations() == "DIRECTED_BY out: 1\nHAS_GENRE out: 1"
    assert film.neighbours("directed by") == "Alpha Station was directed by Ada Ames."
    assert film.two_hop("DIRECTED_BY", "INFLUENCED_BY") == "Cy Cole was influenced by Ada Ames."
    assert film.neighbour_profiles("DIRECTED_BY") == "Ada Ames: Ada Ames makes quiet films."
    assert film.reviews(limit=2).count("liked this.") == 2


def test_an_agents_reads_of_a_user_name_no_user(store: Store, tiny: str) -> None:
    user = NodeTools(GraphTools(store, tiny), "user", f"{tiny}/user/0", {f"{tiny}/film/1": "Quiet."})
    answers = [user.describe(), user.relations(), user.neighbours("INTERACTED"), user.neighbour_profiles("INTERACTED")]
    assert answers[0] == "A user with 3 train items."
    assert FILMS[0] in answers[2]
    assert FILMS[3] not in answers[2]
    assert answers[3] == "Beta Harbour: Quiet."
    assert "Viewer 0" not in "".join(answers)
    assert user.reviews().startswith(f'About {FILMS[2]}: "')


def test_wrong_arguments_give_a_sentence_that_says_what_there_is(store: Store, tiny: str) -> None:
    film = NodeTools(GraphTools(store, tiny), "item", f"{tiny}/film/0", {})
    odd: Any = object()
    answers = [
        film.neighbours("ACTED_IN"),
        film.neighbours("HELD_OUT"),
        film.neighbours("INTERACTED", "in"),
        film.two_hop("INTERACTED", "INTERACTED"),
        film.two_hop("DIRECTED_BY", "x"),
        film.neighbour_profiles(odd),
    ]
    assert all(answer.startswith("There is no relation") and "DIRECTED_BY out: 1" in answer for answer in answers)
    assert film.neighbours("DIRECTED_BY", "in").startswith("Nothing by DIRECTED_BY in. There are:")
    assert "one of" in film.neighbours("DIRECTED_BY", odd)
    assert film.neighbours("DIRECTED_BY", limit=odd) == film.neighbours("DIRECTED_BY")
    assert film.reviews(limit=10**9, max_chars=-5).count('"') == 6
    genre = NodeTools(GraphTools(store, tiny), "entity", f"{tiny}/genre/0", {})
    assert genre.reviews() == "There are no reviews of this entity."


def test_no_answer_is_longer_than_it_may_be(store: Store, tiny: str) -> None:
    genre = NodeTools(GraphTools(store, tiny), "entity", f"{tiny}/genre/0", {}, characters=20)
    answers = [genre.describe(), genre.relations(), genre.neighbours("HAS_GENRE", "in"), genre.neighbours("nothing")]
    assert max(map(len, answers)) <= 20
