"""The other ways to ask, on the graph of six films: a session, a filter, a cap, a group, because of an item."""

from __future__ import annotations

import uuid

import pytest

from cypher.answers.lists import recommend_diverse, recommend_linked, recommend_live
from cypher.answers.similar import because_of
from cypher.answers.together import recommend_for_group, recommend_for_session
from cypher.store import Store
from export.write_back import write_back
from spikegraph.errors import NotFoundError, UsageError
from tests.support.film_graph import build, has, results_of, snapshot_of, write_films

POPULAR = "popular in train"


@pytest.fixture(scope="module")
def films(store: Store) -> str:
    """Give the name of a handmade data set that is only read: eve, who has no list, has had three films."""
    name = write_films(store, f"t-ways-{uuid.uuid4().hex[:8]}")
    has(store, name, "eve", "Gamma", "Delta", "Epsilon")
    return name


def test_a_session_counts_its_latest_item_most(store: Store, films: str) -> None:
    found = recommend_for_session(store, films, ["Gamma", "Delta"], k=3)
    assert [(row.name, row.score) for row in found[:2]] == [
        ("Alpha", pytest.approx(0.8 * 0.9)),
        ("Beta", pytest.approx(0.6)),
    ]
    assert {row.source for row in found[:2]} == {f"similar to the history, run {films}/run"}
    # eve had both, and Epsilon with them.
    assert (found[2].name, found[2].source) == ("Epsilon", "live collaborative filtering")
    back = recommend_for_session(store, films, ["Delta", "film/gamma"], k=2)
    assert [row.score for row in back] == pytest.approx([0.8, 0.6 * 0.9])


def test_a_session_never_gives_its_own_items_and_fills_up(store: Store, films: str) -> None:
    found = recommend_for_session(store, films, ["Gamma", "Alpha", "Gamma"], k=10)
    assert {row.name for row in found} == {"Beta", "Delta", "Epsilon", "Zeta"}
    assert (found[-1].name, found[-1].source) == ("Zeta", POPULAR)


def test_an_item_of_a_session_that_is_not_known_is_reported(store: Store, films: str) -> None:
    with pytest.raises(NotFoundError, match="no item 'Gama'") as refusal:
        recommend_for_session(store, films, ["Alpha", "Gama"])
    assert "Gamma" in str(refusal.value.hint)
    with pytest.raises(UsageError, match="at least one item"):
        recommend_for_session(store, films, [])


def test_a_filter_keeps_the_list_first_and_fills_from_the_history_and_the_graph(store: Store, films: str) -> None:
    found = recommend_linked(store, films, "cem", ["Drama"], k=10)
    assert [(row.name, row.source) for row in found] == [
        ("Alpha", f"list of run {films}/run"),
        ("Beta", f"similar to the history, run {films}/run"),
        ("Gamma", POPULAR),
        ("Epsilon", POPULAR),
    ]
    assert [row.name for row in recommend_linked(store, films, "ann", ["Drama"], k=2)] == ["Gamma", "Delta"]


def test_all_entities_of_a_filter_must_be_linked(store: Store, films: str) -> None:
    found = recommend_linked(store, films, "cem", ["Drama", "thing/kurosawa", "Drama"], k=10)
    assert [row.name for row in found] == ["Alpha", "Gamma"]
    # An item can be asked for too: Delta is the sequel of Beta.
    assert [row.name for row in recommend_linked(store, films, "ann", ["Beta"])] == ["Delta"]
    assert recommend_linked(store, films, "ann", ["Beta", "Kurosawa"]) == []


def test_an_entity_that_is_not_known_is_reported(store: Store, films: str) -> None:
    with pytest.raises(NotFoundError, match="no entity 'Drame'") as refusal:
        recommend_linked(store, films, "ann", ["Drame"])
    assert "Drama" in str(refusal.value.hint)
    with pytest.raises(UsageError, match="no entity is given"):
        recommend_linked(store, films, "ann", [])


def test_a_cap_passes_items_over_and_still_gives_k(store: Store, films: str) -> None:
    def ask(relations: list[str], cap: int) -> list[tuple[str, str]]:
        found = recommend_diverse(store, films, "ann", k=3, relations=relations, cap=cap)
        return [(row.name, row.source) for row in found]

    listed = f"list of run {films}/run"
    assert ask(["DIRECTED_BY"], 1) == [("Gamma", listed), ("Delta", listed), ("Epsilon", listed)]
    assert ask(["HAS_GENRE"], 2) == [("Gamma", listed), ("Delta", listed), ("Zeta", POPULAR)]
    # Zeta alone is no drama: one of those passed over comes back.
    assert ask([], 1) == [("Gamma", listed), ("Zeta", POPULAR), ("Delta", f"{listed}, above the cap")]
    with pytest.raises(UsageError, match="no relation MADE_BY"):
        ask(["MADE_BY"], 1)


def test_because_of_groups_by_the_users_own_items(store: Store, films: str) -> None:
    found = because_of(store, films, "eve", latest=2)
    assert [(each.liked.name, [row.name for row in each.items]) for each in found] == [
        ("Epsilon", ["Zeta"]),
        ("Delta", ["Beta"]),
    ]
    assert found[0].items[0].source == f"similarity of run {films}/run"
    chosen = because_of(store, films, "bob", ["Gamma"])
    assert [(each.liked.name, each.items) for each in chosen] == [("Gamma", ())], "bob has had Alpha already"
    with pytest.raises(UsageError, match=r"has not had .*zeta"):
        because_of(store, films, "eve", ["Zeta"])


def test_an_item_stands_once_with_what_it_is_most_similar_to(store: Store, dataset_name: str) -> None:
    write_films(store, dataset_name)
    has(store, dataset_name, "eve", "Gamma", "Delta")
    similar = {"Gamma": {"Beta": 0.8}, "Delta": {"Beta": 0.6, "Zeta": 0.5}}
    write_back(store, snapshot_of(dataset_name), results_of(f"{dataset_name}/new", similar_films=similar))
    found = because_of(store, dataset_name, "eve")
    assert [[row.name for row in each.items] for each in found] == [["Zeta"], ["Beta"]]


def test_because_of_needs_a_run(store: Store, dataset_name: str) -> None:
    build(store, dataset_name)
    with pytest.raises(NotFoundError, match="no run"):
        because_of(store, dataset_name, "ann")


def test_a_group_gets_what_suits_all_and_none_has_had(store: Store, films: str) -> None:
    found = recommend_for_group(store, films, ["ann", "bob"], k=3)
    assert [row.recommendation.name for row in found] == ["Delta", "Epsilon", "Zeta"]
    assert [(row.mean, row.worst) for row in found] == [(1, 1), (0.25, 0), (None, None)]
    assert [[(each.name, each.rank) for each in row.members] for row in found] == [
        [("ann", 1), ("bob", 1)],
        [("ann", 2), ("bob", None)],
        [("ann", None), ("bob", None)],
    ]
    assert found[2].recommendation.source == POPULAR
    with pytest.raises(UsageError, match="'median'"):
        recommend_for_group(store, films, ["ann"], by="median")  # type: ignore[arg-type]


def test_live_filtering_needs_no_run(store: Store, dataset_name: str) -> None:
    build(store, dataset_name)
    found = recommend_live(store, dataset_name, "dora", k=2)
    assert [(row.name, row.source) for row in found] == [("Alpha", "live collaborative filtering"), ("Gamma", POPULAR)]
