"""The graph's answers on a graph small enough to check by hand, beside a twin that must not shine through."""

from __future__ import annotations

import math
import uuid
from typing import Any

import pytest

from cypher import statements
from cypher.answers.lists import recommend
from cypher.answers.names import Named, find_item, find_user
from cypher.answers.reasons import explain
from cypher.answers.relation_types import for_dataset
from cypher.answers.similar import similar_items, similar_users
from cypher.statements import Statement
from cypher.store import Record, Store
from export.write_back import write_back
from spikegraph.errors import NotFoundError, UsageError
from tests.support.film_graph import build, results_of, snapshot_of, write_films


def specificity(degree: int, items: int = 6) -> float:
    """Work out how specific an entity is: 1 for a degree of one, 0 from the number of items on."""
    return 1 - math.log(degree) / math.log(1 + items)


@pytest.fixture(scope="module")
def films(store: Store) -> str:
    """Give the name of a handmade data set that is only read."""
    return write_films(store, f"t-recommend-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def own_films(store: Store, dataset_name: str) -> str:
    """Give the name of a handmade data set that the test may change."""
    return write_films(store, dataset_name)


def test_a_list_comes_in_its_order_with_its_source(store: Store, films: str) -> None:
    found = recommend(store, films, "ann", k=2)
    assert [(row.rank, row.item, row.name) for row in found] == [
        (1, f"{films}/film/gamma", "Gamma"),
        (2, f"{films}/film/delta", "Delta"),
    ]
    assert {row.source for row in found} == {f"list of run {films}/run"}


@pytest.mark.parametrize("reasons", [0, 3])
def test_a_full_list_is_asked_for_without_what_would_fill_it(
    store: Store, films: str, reasons: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, read = [], Store.read

    def noting(own: Store, statement: str | Statement, **parameters: Any) -> list[Record]:
        if isinstance(statement, Statement):
            asked.append("popular in train" in statement.text)
        return read(own, statement, **parameters)

    monkeypatch.setattr(Store, "read", noting)
    by_key = recommend(store, films, f"{films}/user/ann", k=2, reasons=reasons)
    assert asked == [False]
    assert recommend(store, films, "ann", k=2, reasons=reasons) == by_key
    assert asked == [False, False]
    assert recommend(store, films, "ann", k=6, reasons=reasons)[:2] == by_key
    assert asked == [False, False, False, True]


def test_a_key_of_nobody_is_an_error(store: Store, films: str) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        recommend(store, films, f"{films}/user/nobody", k=2)


def test_the_statement_itself_serves_an_unknown_user(store: Store, films: str) -> None:
    rows = store.read("recommend/by_user", dataset=films, user="nobody", k=2)
    assert [(row["name"], row["source"]) for row in rows] == [
        ("Alpha", "popular in train"),
        ("Beta", "popular in train"),
    ]


def test_reasons_are_ranked_paths(store: Store, films: str) -> None:
    reasons = explain(store, films, "ann", "Gamma")
    assert [(reason.kind, reason.text) for reason in reasons] == [
        ("similar item", "similar to Alpha"),
        ("shared entity", "Gamma was directed by Kurosawa, as with Alpha"),
        ("shared entity", "Gamma is a Drama, as with Alpha, Beta"),
    ]
    expected = [0.8, specificity(2) * 1 / 2, specificity(5) * 2 / 3]
    assert [reason.contribution for reason in reasons] == pytest.approx(expected, abs=1e-4)
    assert reasons[1].entity == Named(f"{films}/thing/kurosawa", "Kurosawa")
    assert reasons[1].relation == "directed by"
    assert [reason.support for reason in reasons] == [1, 1, 2]
    assert reasons[2].liked == (Named(f"{films}/film/alpha", "Alpha"), Named(f"{films}/film/beta", "Beta"))


def test_a_fact_between_two_items_is_a_reason_and_reads_in_its_own_direction(store: Store, films: str) -> None:
    to_delta = {reason.text: reason for reason in explain(store, films, "ann", "Delta")}
    assert to_delta["Delta is the sequel of Beta"].contribution == pytest.approx(specificity(2) / 2, abs=1e-4)
    assert to_delta["similar to Beta"].contribution == pytest.approx(0.6)
    from_delta = [reason.text for reason in explain(store, films, "cem", "Beta")]
    assert from_delta == ["Delta is the sequel of Beta", "Beta is a Drama, as with Delta"]


def test_held_out_pairs_are_never_a_reason(store: Store, films: str) -> None:
    # Epsilon is similar to Zeta, which ann has had only in the test part.
    assert [reason.text for reason in explain(store, films, "ann", "Epsilon")] == [
        "Epsilon is a Drama, as with Alpha, Beta"
    ]
    assert explain(store, films, "ann", "Zeta") == []


def test_an_item_is_no_reason_for_itself(store: Store, films: str) -> None:
    assert [reason.text for reason in explain(store, films, "bob", "Gamma")] == [
        "similar to Alpha",
        "Gamma was directed by Kurosawa, as with Alpha",
        "Gamma is a Drama, as with Alpha",
    ]


def test_the_list_with_reasons_says_what_each_explanation_says(store: Store, films: str) -> None:
    found = recommend(store, films, "ann", k=3, reasons=2)
    assert [row.name for row in found] == ["Gamma", "Delta", "Epsilon"]
    for row in found:
        assert list(row.reasons) == explain(store, films, "ann", row.item, limit=2)
    assert [len(row.reasons) for row in found] == [2, 2, 1]


def test_no_reasons_leave_the_list_as_it_is(store: Store, films: str) -> None:
    statement = for_dataset(store, statements.load("recommend/with_reasons"), films)
    rows = store.read(statement, dataset=films, user=f"{films}/user/ann", k=3, reasons=0, history=100)
    assert [(row["name"], row["reasons"]) for row in rows] == [("Gamma", []), ("Delta", []), ("Epsilon", [])]


def test_only_the_limit_cuts_reasons_and_the_order_is_the_same_each_time(store: Store, films: str) -> None:
    whole = explain(store, films, "ann", "Gamma", limit=10)
    assert explain(store, films, "ann", "Gamma", limit=1) == whole[:1]
    assert all(explain(store, films, "ann", "Gamma") == whole for _ in range(3))


def test_similar_items_and_users_are_those_of_the_active_run(store: Store, films: str) -> None:
    assert [(row.key, row.name, row.score) for row in similar_items(store, films, "Gamma")] == [
        (f"{films}/film/alpha", "Alpha", pytest.approx(0.8))
    ]
    assert [(row.rank, row.name) for row in similar_users(store, films, "ann")] == [(1, "bob"), (2, "dora")]


def test_without_a_run_nothing_is_similar_and_the_error_says_why(store: Store, dataset_name: str) -> None:
    build(store, dataset_name)
    with pytest.raises(NotFoundError, match="no run has been written back"):
        similar_items(store, dataset_name, "Gamma")


def test_only_the_new_run_shines_through_after_a_switch(store: Store, own_films: str) -> None:
    new = results_of(f"{own_films}/new", {"ann": ("Zeta", "Epsilon")}, {"Zeta": {"Beta": 0.7}})
    write_back(store, snapshot_of(own_films), new)
    assert [row.name for row in recommend(store, own_films, "ann", k=2)] == ["Zeta", "Epsilon"]
    assert [reason.text for reason in explain(store, own_films, "ann", "Zeta")] == ["similar to Beta"]
    assert similar_items(store, own_films, "Gamma") == []


@pytest.mark.parametrize("text", ["Gamma", "film/gamma", "{films}/film/gamma"])
def test_an_item_is_found_by_name_and_by_either_key(store: Store, films: str, text: str) -> None:
    assert find_item(store, films, text.format(films=films)) == Named(f"{films}/film/gamma", "Gamma")


def test_a_key_of_another_data_set_is_not_found(store: Store, films: str) -> None:
    with pytest.raises(NotFoundError):
        find_item(store, films, f"{films[:50]}-twin/film/gamma")


def test_an_ambiguous_name_lists_the_candidates(store: Store, own_films: str) -> None:
    with store.driver.session(database=store.database) as session:
        session.run("MATCH (n:Item {key: $key}) SET n.name = 'Gamma'", key=f"{own_films}/film/zeta").consume()
    with pytest.raises(UsageError, match="several items") as refusal:
        explain(store, own_films, "ann", "Gamma")
    assert f"{own_films}/film/gamma" in str(refusal.value.hint)
    assert f"{own_films}/film/zeta" in str(refusal.value.hint)


@pytest.mark.parametrize(
    ("text", "near"), [("Gama", "film/gamma"), ("film/alfa", "film/alpha"), ("epsilon", "film/epsilon")]
)
def test_a_near_miss_is_suggested(store: Store, films: str, text: str, near: str) -> None:
    with pytest.raises(NotFoundError, match=text) as refusal:
        find_item(store, films, text)
    assert f"{films}/{near}" in str(refusal.value.hint)


def test_an_unknown_user_or_data_set_is_an_error(store: Store, films: str) -> None:
    with pytest.raises(NotFoundError, match="no user 'anna'") as refusal:
        find_user(store, films, "anna")
    assert "ann" in str(refusal.value.hint)
    with pytest.raises(NotFoundError, match="no data set"):
        recommend(store, "no-such-data-set", "ann")


def test_an_entity_that_is_no_item_cannot_be_explained(store: Store, films: str) -> None:
    with pytest.raises(NotFoundError):
        explain(store, films, "ann", "Kurosawa")


def test_a_data_set_without_relations_has_reasons_by_similarity_only(store: Store, own_films: str) -> None:
    with store.driver.session(database=store.database) as session:
        session.run("MATCH (r:Relation {dataset: $name}) DETACH DELETE r", name=own_films).consume()
    assert [reason.kind for reason in explain(store, own_films, "ann", "Gamma")] == ["similar item"]


def test_statements_that_want_types_are_refused_without_them(store: Store, films: str) -> None:
    with pytest.raises(UsageError, match="relation types"):
        store.read("recommend/explain", dataset=films, user="u", item="i", reasons=1, history=1)
    text = for_dataset(store, statements.load("recommend/explain"), films).text
    assert "[fact:DIRECTED_BY|HAS_GENRE|SEQUEL_OF]" in text
    assert "FROM_DECADE" not in text
