"""Where an item comes from: the list, then what fills up, each step worked out by hand and named in `source`."""

from __future__ import annotations

import numpy as np
import pytest

from cypher.answers.lists import recommend
from cypher.answers.recommendation import Recommendation
from cypher.store import Store
from export.write_back import write_back
from tests.support.film_graph import FILMS, build, has, results_of, write_films

LIVE, POPULAR = "live collaborative filtering", "popular in train"


def named(found: list[Recommendation]) -> list[tuple[str, str]]:
    return [(row.name, row.source) for row in found]


def test_what_was_had_after_the_run_leaves_the_list(store: Store, dataset_name: str) -> None:
    write_films(store, dataset_name)
    has(store, dataset_name, "ann", "Gamma")
    found = recommend(store, dataset_name, "ann", k=2)
    assert [(row.rank, row.name, row.score) for row in found] == [(1, "Delta", 0.8), (2, "Epsilon", 0.7)]


def test_a_short_list_is_filled_and_each_row_says_from_where(store: Store, dataset_name: str) -> None:
    write_films(store, dataset_name)
    run = f"{dataset_name}/run"
    # cem has had Delta, to which Beta is similar; nobody else has had it. Of train users Gamma has 1, Epsilon 0.
    found = recommend(store, dataset_name, "cem", k=4)
    assert named(found) == [
        ("Alpha", f"list of run {run}"),
        ("Beta", f"similar to the history, run {run}"),
        ("Gamma", POPULAR),
        ("Epsilon", POPULAR),
    ]
    assert [row.rank for row in found] == [1, 2, 3, 4]
    assert [row.score for row in found] == pytest.approx([0.9, 0.6, 1, 0])


def test_a_user_without_a_list_is_told_where_the_items_come_from(store: Store, dataset_name: str) -> None:
    write_films(store, dataset_name)
    found = recommend(store, dataset_name, "dora", k=3)
    # dora has had Beta, to which nothing is similar; ann, who has two films, has had it and Alpha, which two have had.
    assert named(found) == [("Alpha", LIVE), ("Gamma", POPULAR), ("Delta", POPULAR)]
    assert [row.score for row in found] == pytest.approx([1 / np.sqrt(1 * 2 * 2), 1, 1])


def test_a_new_user_with_three_interactions_gets_what_is_similar_to_them(store: Store, dataset_name: str) -> None:
    write_films(store, dataset_name)
    has(store, dataset_name, "eve", "Gamma", "Delta", "Epsilon")
    found = recommend(store, dataset_name, "eve", k=3, reasons=1)
    assert {row.source for row in found} == {f"similar to the history, run {dataset_name}/run"}
    # The latest counts whole, each one before it .9 of the next.
    assert [row.name for row in found] == ["Alpha", "Beta", "Zeta"]
    assert [row.score for row in found] == pytest.approx([0.8 * 0.81, 0.6 * 0.9, 0.5])
    assert [row.reasons[0].text for row in found[:1]] == ["Alpha was directed by Kurosawa, as with Gamma"]


def test_before_any_run_others_with_the_same_items_are_asked(store: Store, dataset_name: str) -> None:
    build(store, dataset_name)
    found = recommend(store, dataset_name, "ann", k=3, reasons=3)
    assert named(found) == [("Gamma", LIVE), ("Delta", POPULAR), ("Epsilon", POPULAR)]
    assert [reason.kind for reason in found[1].reasons] == ["linked item", "shared entity"]


@pytest.mark.parametrize("viewer", ["dora", "eve"])
def test_vectors_answer_where_nothing_is_similar(store: Store, dataset_name: str, viewer: str) -> None:
    results = results_of(f"{dataset_name}/run", similar_films={})
    write_back(store, build(store, dataset_name), results)
    assert results.user_vectors is not None
    assert results.item_vectors is not None
    if viewer == "eve":  # She has no vector: the mean of her films' counts.
        has(store, dataset_name, viewer, "Beta", "Zeta")
    had = ["Beta"] if viewer == "dora" else ["Beta", "Zeta"]
    items = results.item_vectors
    asked = results.user_vectors[3] if viewer == "dora" else items[[FILMS.index(film) for film in had]].sum(axis=0)
    cosine = items @ asked / np.linalg.norm(items, axis=1) / np.linalg.norm(asked)
    expected = [FILMS[row] for row in np.argsort(-cosine) if FILMS[row] not in had]
    found = recommend(store, dataset_name, viewer, k=3)
    assert named(found) == [(film, f"vectors of run {dataset_name}/run") for film in expected[:3]]


def test_the_list_with_reasons_falls_back_as_the_list_does(store: Store, dataset_name: str) -> None:
    write_films(store, dataset_name)
    for viewer in ("ann", "bob", "cem", "dora"):
        plain = recommend(store, dataset_name, viewer, k=6)
        explained = recommend(store, dataset_name, viewer, k=6, reasons=3)
        assert [(row.rank, row.item, row.score, row.source) for row in plain] == [
            (row.rank, row.item, row.score, row.source) for row in explained
        ]
