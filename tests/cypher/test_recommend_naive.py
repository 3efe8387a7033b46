"""Session, group, filter and live collaborative filtering on a random graph, beside the same in plain Python."""

from __future__ import annotations

import math
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from cypher.answers.lists import recommend_linked, recommend_live
from cypher.answers.together import By, recommend_for_group, recommend_for_session
from cypher.store import Store

USERS, ITEMS, SIMILAR, LISTED = 25, 40, 6, 8

GRAPH = """
CREATE (:Dataset {name: $dataset, label: 'Random', version: 1, state: 'ready', items: $items})-[:HAS_RELATION]->
  (:Relation {dataset: $dataset, idx: 0, type: 'HAS_GENRE', name: 'genre', sentence: '{head} is {tail}'})
CREATE (:Run {id: $dataset + '/run', dataset: $dataset, state: 'complete', activation: 1})
FOREACH (n IN range(0, $users - 1) | CREATE (:User {dataset: $dataset, idx: n, key: $dataset + '/user/' + n}))
FOREACH (n IN range(0, $items - 1) | CREATE (:Entity:Item {dataset: $dataset, idx: n, key: $dataset + '/item/' + n}))
WITH 0 AS done
CALL () {
  UNWIND $had AS pair
  MATCH (user:User {dataset: $dataset, idx: pair[0]}) MATCH (item:Entity {dataset: $dataset, idx: pair[1]})
  CREATE (user)-[:INTERACTED {at: pair[2]}]->(item)
}
CALL () {
  UNWIND $similar AS row
  MATCH (item:Entity {dataset: $dataset, idx: row[0]}) MATCH (other:Entity {dataset: $dataset, idx: row[1]})
  CREATE (item)-[:SIMILAR_TO {run: $dataset + '/run', score: row[2]}]->(other)
}
CALL () {
  UNWIND $lists AS row
  MATCH (user:User {dataset: $dataset, idx: row[0]}) MATCH (item:Entity {dataset: $dataset, idx: row[1]})
  CREATE (user)-[:RECOMMENDED {run: $dataset + '/run', rank: row[2], score: 1.0 / row[2]}]->(item)
}
"""

GENRES = """
CREATE (:Dataset {name: $dataset, label: 'Many', version: 1, state: 'ready', items: $items})-[:HAS_RELATION]->
  (:Relation {dataset: $dataset, idx: 0, type: 'HAS_GENRE', name: 'genre', sentence: '{head} is {tail}'})
CREATE (:User {dataset: $dataset, idx: 0, key: $dataset + '/user/0'})
CREATE (big:Entity {dataset: $dataset, idx: $items, key: $dataset + '/genre/big'})
CREATE (rare:Entity {dataset: $dataset, idx: $items + 1, key: $dataset + '/genre/rare'})
CREATE (other:Entity {dataset: $dataset, idx: $items + 2, key: $dataset + '/genre/other'})
WITH big, rare, other UNWIND range(0, $items - 1) AS n
CREATE (item:Entity:Item {dataset: $dataset, idx: n, key: $dataset + '/item/' + n, train_users: $items - n})
FOREACH (_ IN CASE WHEN n % 2 = 0 THEN [0] ELSE [] END | CREATE (item)-[:HAS_GENRE]->(big))
FOREACH (_ IN CASE WHEN n % 600 = 599 THEN [0] ELSE [] END | CREATE (item)-[:HAS_GENRE]->(rare))
FOREACH (_ IN CASE WHEN n % 2 = 1 OR n > $items - 6 THEN [0] ELSE [] END | CREATE (item)-[:HAS_GENRE]->(other))
"""


@dataclass(frozen=True)
class Random:
    """What was written: each user's items with the latest last, each item's similar ones, each user's list."""

    dataset: str
    had: Mapping[int, Sequence[int]]
    similar: Mapping[int, Mapping[int, float]]
    lists: Mapping[int, Sequence[int]]


@pytest.fixture(scope="module")
def graph(store: Store) -> Random:
    """Write a random graph; every third user has no list."""
    draw = np.random.default_rng(3)
    weights = 1 / np.arange(1, ITEMS + 1)
    had = {
        user: draw.choice(ITEMS, size=draw.integers(2, 12), replace=False, p=weights / weights.sum()).tolist()
        for user in range(USERS)
    }
    similar = {
        item: dict(
            zip(draw.permutation(others)[:SIMILAR].tolist(), draw.random(SIMILAR).round(4).tolist(), strict=True)
        )
        for item in range(ITEMS)
        for others in [[other for other in range(ITEMS) if other != item]]
    }
    lists = {user: draw.permutation(ITEMS)[:LISTED].tolist() for user in range(USERS) if user % 3}
    made = Random(f"t-naive-{uuid.uuid4().hex[:8]}", had, similar, lists)
    with store.driver.session(database=store.database) as session:
        session.run(
            GRAPH,
            dataset=made.dataset,
            users=USERS,
            items=ITEMS,
            had=[[user, item, place] for user, items in had.items() for place, item in enumerate(items)],
            similar=[[item, other, score] for item, row in similar.items() for other, score in row.items()],
            lists=[[user, item, place + 1] for user, items in lists.items() for place, item in enumerate(items)],
        ).consume()
    store.run_in_transactions("ingest/count_train_users", dataset=made.dataset)
    return made


def best(scores: Mapping[int, float]) -> list[tuple[int, float]]:
    """Give items by their scores, equal ones by number."""
    return sorted(scores.items(), key=lambda pair: (-round(pair[1], 9), pair[0]))


def similar_to(graph: Random, items: Iterable[int]) -> dict[int, float]:
    """Sum the similarities to items given with the latest last."""
    given = list(items)
    scores: dict[int, float] = defaultdict(float)
    for age, item in enumerate(reversed(given)):
        for other, score in graph.similar[item].items():
            scores[other] += score * 0.9**age
    return {other: score for other, score in scores.items() if other not in given}


def number(key: str) -> int:
    return int(key.rpartition("/")[2])


@pytest.mark.parametrize("user", [0, 7, 13, 24])
def test_uncapped_live_filtering_is_the_plain_two_hop(store: Store, graph: Random, user: int) -> None:
    users_of = Counter(item for items in graph.had.values() for item in items)
    scores: dict[int, float] = defaultdict(float)
    for liked in graph.had[user]:
        others = [other for other, items in graph.had.items() if liked in items and other != user]
        for other in others:
            for item in graph.had[other]:
                scores[item] += 1 / math.sqrt(len(others) * len(graph.had[other]) * users_of[item])
    expected = best({item: score for item, score in scores.items() if item not in graph.had[user]})
    rows = recommend_live(store, graph.dataset, f"user/{user}", ITEMS, cap=1_000_000)
    live = [(number(row.item), row.score) for row in rows if row.source == "live collaborative filtering"]
    assert [item for item, _ in live] == [item for item, _ in expected]
    assert [score for _, score in live] == pytest.approx([score for _, score in expected])
    assert {number(row.item) for row in rows} == set(range(ITEMS)) - set(graph.had[user]), "others fill up"


def test_a_cap_asks_fewer_and_the_same_each_time(store: Store, graph: Random) -> None:
    capped = [recommend_live(store, graph.dataset, "user/7", 10, cap=2) for _ in range(2)]
    assert capped[0] == capped[1]
    assert capped[0] != recommend_live(store, graph.dataset, "user/7", 10, cap=1_000_000)


@pytest.mark.parametrize("items", [[3], [0, 1, 2, 3, 4], [39, 5, 17]])
def test_a_session_is_the_weighted_sum_of_similarities(store: Store, graph: Random, items: list[int]) -> None:
    expected = best(similar_to(graph, items))
    found = recommend_for_session(store, graph.dataset, [f"item/{item}" for item in items], k=len(expected))
    assert [number(row.item) for row in found] == [item for item, _ in expected]
    assert [row.score for row in found] == pytest.approx([score for _, score in expected])


@pytest.mark.parametrize("by", ["mean", "least misery"])
@pytest.mark.parametrize("users", [[1, 2], [0, 4, 5], [3, 6]])
def test_a_group_is_the_mean_or_the_least_of_its_members_shares(
    store: Store, graph: Random, users: list[int], by: By
) -> None:
    seen = {item for user in users for item in graph.had[user]}
    shares: dict[int, list[float]] = defaultdict(list)
    for user in users:
        listed = [item for item in graph.lists.get(user, ()) if item not in seen]
        behind = [item for item, _ in best(similar_to(graph, graph.had[user])) if item not in {*seen, *listed}]
        ranking = [*listed, *behind]
        for place, item in enumerate(ranking):
            shares[item].append(1 - place / len(ranking))
    mean = {item: sum(own) / len(users) for item, own in shares.items()}
    worst = {item: min(own) if len(own) == len(users) else 0.0 for item, own in shares.items()}
    first = mean if by == "mean" else worst
    expected = sorted(shares, key=lambda item: (-round(first[item], 9), -round(mean[item], 9), -worst[item], item))
    found = recommend_for_group(store, graph.dataset, [f"user/{user}" for user in users], 10, by=by)
    assert [number(row.recommendation.item) for row in found] == expected[:10]
    assert [row.recommendation.score for row in found] == pytest.approx([first[item] for item in expected[:10]])


def test_filters_by_frequent_and_rare_entities_give_the_most_popular(store: Store, dataset_name: str) -> None:
    items = 2_400
    with store.driver.session(database=store.database) as session:
        session.run(GENRES, dataset=dataset_name, items=items).consume()

    def ask(*genres: str) -> list[int]:
        return [number(row.item) for row in recommend_linked(store, dataset_name, "user/0", genres, k=4)]

    assert ask("genre/big") == [0, 2, 4, 6]
    assert ask("genre/rare") == [599, 1199, 1799, 2399]
    # Both are frequent, what they share is popular with nobody: it must be found all the same.
    assert ask("genre/big", "genre/other") == [2396, 2398]
