from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cypher.store import Store
from ingest.split import SplitRule
from ingest.write import ingest
from llm_profiles import neighbourhood as module
from llm_profiles.contract import KINDS, Context, Kind
from llm_profiles.graph_tools import GraphTools
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.plans.default import whole_plan
from llm_profiles.plans.plan import EntityPlan, NeighbourhoodPlan, RelationPlan, UserPlan
from llm_profiles.profile_store import load_set
from llm_profiles.write import write_template
from spikegraph.errors import DatabaseError, DatasetLockedError, NotFoundError
from tests.support.random_tables import random_tables
from tests.support.tables import CANARY, FILMS, tiny_tables


@pytest.fixture
def tiny(store: Store, dataset_name: str) -> str:
    ingest(store, dataset_name, tiny_tables(), split=SplitRule("given"))
    return dataset_name


def contexts(neighbourhood: Neighbourhood, kind: Kind) -> dict[str, Context]:
    keys = neighbourhood.keys()[kind]
    return {context.key: context for batch in neighbourhood.contexts(kind, keys) for context in batch}


class CountingStore(Store):
    """A store that counts its reads."""

    reads: ClassVar[Counter[str]] = Counter()

    def read(self, statement: Any, **parameters: Any) -> list[dict[str, Any]]:
        self.reads[getattr(statement, "name", statement)] += 1
        return super().read(statement, **parameters)


def test_an_item_brings_its_facts_in_the_order_of_the_relations(store: Store, tiny: str) -> None:
    film = contexts(Neighbourhood(store, tiny), "item")[f"{tiny}/film/0"]
    assert (film.name, film.label) == ("Alpha Station", "Film")
    assert film.texts == ("A crew of four keeps the last station alive.",)
    assert [(f.type, f.outgoing, f.are_items, [n.name for n in f.neighbours], f.total) for f in film.facts] == [
        ("DIRECTED_BY", True, False, ["Ada Ames"], 1),
        ("HAS_GENRE", True, False, ["Drama"], 1),
    ]


def test_an_entity_brings_items_by_train_popularity(store: Store, tiny: str) -> None:
    store.driver.execute_query(
        "MATCH (u:User {dataset: $d}), (i:Item {key: $d + '/film/4'}) WHERE NOT (u)--(i) CREATE (u)-[:INTERACTED]->(i)",
        d=tiny,
    )
    store.driver.execute_query(
        "MATCH (u:User {dataset: $d}), (i:Item {key: $d + '/film/2'}) UNWIND range(1, 9) AS _ "
        "CREATE (u)-[:HELD_OUT {split: 'test'}]->(i)",
        d=tiny,
    )
    few = tuple(
        RelationPlan(relation=relation, direction="in", limit=2) for relation in ("DIRECTED_BY", "INFLUENCED_BY")
    )
    plan = NeighbourhoodPlan(items={}, entities={"*": EntityPlan(relations=few)})
    person = contexts(Neighbourhood(store, tiny, plan), "entity")[f"{tiny}/person/0"]
    (films, influence) = person.facts
    assert [near.key for near in films.neighbours] == [f"{tiny}/film/4", f"{tiny}/film/0"]
    assert (films.total, films.outgoing, films.are_items) == (3, False, True)
    assert [near.name for near in influence.neighbours] == ["Cy Cole"]


def test_a_user_brings_train_items_latest_first_and_what_they_share(store: Store, tiny: str) -> None:
    user = contexts(Neighbourhood(store, tiny), "user")[f"{tiny}/user/0"]
    assert [near.name for near in user.items] == [FILMS[2], FILMS[1], FILMS[0]]
    assert user.num_items == 3
    assert [(shared.name, shared.count) for shared in user.shared] == [("Ada Ames", 2), ("Drama", 2)]
    assert [review.text for review in user.reviews] == ["Viewer 0 liked this."] * 3


def test_limits_bound_what_is_read(store: Store, tiny: str) -> None:
    users = UserPlan(items=1, shared_from=1, shared=1, reviews=1, review_characters=6)
    plan = whole_plan(GraphTools(store, tiny)).model_copy(update={"users": users})
    user = contexts(Neighbourhood(store, tiny, plan), "user")[f"{tiny}/user/0"]
    assert [near.name for near in user.items] == [FILMS[2]]
    assert user.num_items == 3
    assert user.shared == ()
    assert [review.text for review in user.reviews] == ["Viewer"]


def test_held_out_items_and_reviews_reach_no_profile(store: Store, tiny: str, tmp_path: Path) -> None:
    write_template(store, tiny, tmp_path)
    profiles = {profile.key: profile.text for profile in load_set(tmp_path, tiny, "template")[1]}
    assert len(profiles) == 17
    assert not [text for text in profiles.values() if CANARY.split("-")[0] in text.lower()]
    for user in range(6):
        text = profiles[f"{tiny}/user/{user}"]
        named = {number for number, name in enumerate(FILMS) if name in text}
        assert named == {(user + step) % 6 for step in range(3)}


def test_every_item_of_a_user_is_in_train(store: Store, dataset_name: str, tmp_path: Path) -> None:
    tables = random_tables(seed=5)
    tables.entities["name"] = [f"Thing{number}Name" for number in range(len(tables.entities))]
    ingest(store, dataset_name, tables, split=SplitRule("given"))
    write_template(store, dataset_name, tmp_path)
    names = dict(zip(tables.entities["key"], tables.entities["name"], strict=True))
    train = tables.interactions[tables.interactions["split"] == "train"]
    items = tables.entities.loc[tables.entities["is_item"], "key"]
    seen: Counter[str] = Counter()
    for profile in load_set(tmp_path, dataset_name, "template")[1]:
        if profile.kind == "user":
            words = set(profile.text.replace(",", " ").replace(".", " ").split())
            named = {key for key in items if names[key] in words}
            own = set(train.loc[f"{dataset_name}/" + train["user"] == profile.key, "item"])
            assert named <= own
            seen["named"] += len(named)
    assert seen["named"] > 100


def test_text_is_the_same_whatever_the_batches(
    store: Store, dataset_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(store, dataset_name, random_tables(seed=6), split=SplitRule("given"))
    first = write_template(store, dataset_name, tmp_path)
    monkeypatch.setattr(module, "CACHED_ITEMS", 10)
    second = write_template(store, dataset_name, tmp_path, nodes=7)
    assert second.run.id == first.run.id


def test_queries_grow_with_batches_and_not_with_nodes(store: Store, dataset_name: str) -> None:
    ingest(store, dataset_name, random_tables(seed=7), split=SplitRule("given"))
    counting = CountingStore(store.driver, store.version, store.where)
    neighbourhood = Neighbourhood(counting, dataset_name, nodes=50)
    keys = neighbourhood.keys()
    counting.reads.clear()
    for kind in KINDS:
        for _ in neighbourhood.contexts(kind, keys[kind]):
            pass
    batches = 2 + 1
    assert counting.reads == {
        "neighbourhood/describe": batches,
        "neighbourhood/neighbours": batches,
        "neighbourhood/users": 1,
    }


def test_a_data_set_that_is_written_to_or_missing_is_refused(store: Store, tiny: str, tmp_path: Path) -> None:
    from cypher import dataset as datasets

    with datasets.lock(store, tiny, "a test"), pytest.raises(DatasetLockedError):
        write_template(store, tiny, tmp_path)
    with pytest.raises(NotFoundError):
        write_template(store, f"{tiny}-not", tmp_path)


def test_a_data_set_that_changes_meanwhile_is_refused(store: Store, tiny: str, tmp_path: Path) -> None:
    neighbourhood = Neighbourhood(store, tiny)
    store.driver.execute_query("MATCH (n:Entity {key: $d + '/genre/1'}) DETACH DELETE n", d=tiny)
    with pytest.raises(DatabaseError, match="went while the graph was read"):
        list(neighbourhood.contexts("entity", [f"{tiny}/genre/0", f"{tiny}/genre/1"]))
