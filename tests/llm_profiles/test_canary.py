"""Nothing that is held out reaches a context: not by reviews, not by items, whatever the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from cypher.store import Store
from ingest.readers import read
from ingest.split import SplitRule, apply_split
from ingest.tables import Tables
from ingest.write import ingest
from llm_profiles.contract import KINDS, Context, Split
from llm_profiles.graph_tools import GraphTools
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.node_tools import NodeTools
from llm_profiles.plans.default import default_plan, whole_plan
from llm_profiles.plans.plan import Direction, EntityPlan, Hop, NeighbourhoodPlan, RelationPlan, UserPlan
from tests.support.random_tables import random_tables


def with_tokens(tables: Tables) -> Tables:
    """Give every interaction a review with a token of its own, which names its part."""
    rows = tables.interactions
    rows["review"] = [f"canary-{split}-{n}-end" for n, split in enumerate(rows["split"])]
    return tables


def demo_tables() -> Tables:
    tables = read("demo")
    split = apply_split(tables.interactions, SplitRule("random"), np.random.default_rng(1))
    return with_tokens(replace(tables, interactions=split))


def all_contexts(neighbourhood: Neighbourhood) -> Iterator[Context]:
    keys = neighbourhood.keys()
    for kind in KINDS:
        for batch in neighbourhood.contexts(kind, keys[kind]):
            yield from batch


def seen(store: Store, dataset: str, plan: NeighbourhoodPlan, splits: tuple[Split, ...]) -> dict[str, set[str]]:
    """Give the tokens that stand anywhere in any context, by their part."""
    found: dict[str, set[str]] = {"train": set(), "valid": set(), "test": set()}
    for context in all_contexts(Neighbourhood(store, dataset, plan, splits=splits)):
        for word in str(asdict(context)).split("canary-")[1:]:
            found[word.split("-")[0]].add(word.split("-")[1])
    return found


def curious(store: Store, dataset: str, splits: tuple[Split, ...] = ("train",)) -> NeighbourhoodPlan:
    """Give the whole plan, with as many reviews as a plan can ask for."""
    whole = whole_plan(GraphTools(store, dataset, splits=splits))
    items = {"*": whole.items["*"].model_copy(update={"reviews": 50, "review_characters": 5000})}
    return whole.model_copy(update={"items": items, "users": UserPlan(items=500, reviews=50, review_characters=5000)})


@pytest.mark.parametrize("source", ["random", "demo"])
def test_no_token_of_a_held_out_review_is_in_any_context(store: Store, dataset_name: str, source: str) -> None:
    tables = with_tokens(random_tables(seed=11)) if source == "random" else demo_tables()
    ingest(store, dataset_name, tables, split=SplitRule("given"))
    parts = tables.interactions["split"].value_counts()
    assert min(parts["train"], parts["valid"], parts["test"]) > 20

    train = seen(store, dataset_name, curious(store, dataset_name), ("train",))
    assert train["train"]
    assert not train["valid"]
    assert not train["test"]

    final = seen(store, dataset_name, curious(store, dataset_name), ("train", "valid"))
    assert final["valid"]
    assert not final["test"]

    default = seen(store, dataset_name, default_plan(GraphTools(store, dataset_name)), ("train",))
    assert default["train"]
    assert not default["valid"] | default["test"]


def test_no_token_of_a_held_out_review_is_in_any_answer_to_an_agent(store: Store, dataset_name: str) -> None:
    ingest(store, dataset_name, with_tokens(random_tables(seed=12)), split=SplitRule("given"))
    tools = GraphTools(store, dataset_name)
    answers = []
    for kind, keys in tools.keys().items():
        for key in keys[:30]:
            node = NodeTools(tools, kind, key, {}, characters=100_000)
            answers += [node.describe(), node.relations(), node.reviews(10, 1000), node.neighbours("INTERACTED")]
            answers += [node.neighbours("HELD_OUT"), node.two_hop("INTERACTED", "INTERACTED")]
    told = "\n".join(answers)
    assert "canary-train" in told
    assert "canary-valid" not in told
    assert "canary-test" not in told


def random_plan(generator: np.random.Generator, types: list[str]) -> NeighbourhoodPlan:
    def relation() -> RelationPlan:
        hops = tuple(Hop(relation=str(generator.choice(types)), direction=direction()) for _ in range(2))
        return RelationPlan(
            relation=str(generator.choice(types)),
            direction=direction(),
            limit=int(generator.integers(1, 30)),
            order=generator.choice(["popular", "telling", "name"]),
            then=hops[: int(generator.integers(0, 3))],
        )

    def direction() -> Direction:
        return "out" if generator.random() < 0.5 else "in"

    def entity() -> EntityPlan:
        relations = tuple(relation() for _ in range(int(generator.integers(0, 5))))
        return EntityPlan(relations=relations, reviews=int(generator.integers(0, 5)))

    users = UserPlan(
        items=int(generator.integers(1, 50)),
        order=generator.choice(["latest", "popular"]),
        shared=int(generator.integers(0, 20)),
        shared_from=int(generator.integers(1, 50)),
        reviews=int(generator.integers(0, 5)),
    )
    return NeighbourhoodPlan(items={"Film": entity(), "*": entity()}, entities={"Genre": entity()}, users=users)


def test_every_item_of_a_user_is_in_train_whatever_the_plan(store: Store, dataset_name: str) -> None:
    tables = with_tokens(random_tables(seed=13))
    ingest(store, dataset_name, tables, split=SplitRule("given"))
    generator = np.random.default_rng(13)
    train = pairs(dataset_name, tables.interactions[tables.interactions["split"] == "train"])
    types = [f"RELATION_{n}" for n in range(5)]
    for _ in range(5):
        named = 0
        for context in all_contexts(Neighbourhood(store, dataset_name, random_plan(generator, types), nodes=40)):
            text = str(asdict(context))
            assert "canary-valid" not in text
            assert "canary-test" not in text
            if context.kind == "user":
                assert {(context.key, item.key) for item in context.items} <= train
                assert context.num_items == sum(user == context.key for user, _ in train)
                named += len(context.items)
            assert not any(hop.facts.are_items for hop in context.two_hop)
            assert context.key not in {near.key for hop in context.two_hop for near in hop.facts.neighbours}
        assert named > 20


def test_popularity_counts_train_only(store: Store, dataset_name: str) -> None:
    tables = random_tables(seed=14)
    ingest(store, dataset_name, tables, split=SplitRule("given"))
    before = list(all_contexts(Neighbourhood(store, dataset_name)))
    store.driver.execute_query(
        "MATCH (u:User {dataset: $d}), (i:Item {dataset: $d}) WHERE i.idx % 3 = 0 "
        "CREATE (u)-[:HELD_OUT {split: 'test', review: 'canary-test-0-end'}]->(i)",
        d=dataset_name,
    )
    assert list(all_contexts(Neighbourhood(store, dataset_name))) == before


def pairs(dataset: str, rows: pd.DataFrame) -> set[tuple[str, str]]:
    return {(f"{dataset}/{user}", f"{dataset}/{item}") for user, item in zip(rows["user"], rows["item"], strict=True)}
