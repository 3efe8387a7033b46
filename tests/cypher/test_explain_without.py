"""What a recommendation hangs on by the graph, what new items get, and phrases that profiles have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cypher import statements
from cypher.answers.counterfactual import hangs_on, without
from cypher.answers.phrases import FEWEST_TEXTS, common_phrases
from cypher.answers.reasons import explain
from cypher.answers.relation_types import for_dataset
from cypher.store import Store
from export.write_back import write_back
from ingest.write import remove
from spikegraph.errors import UsageError
from tests.support.film_graph import build, results_of

SIMILAR = {"Gamma": {"Alpha": 0.6, "Beta": 0.2}, "Delta": {"Beta": 0.6}, "Epsilon": {"Zeta": 0.5}}
BOILERPLATE = "Those who appreciate films will find this one captivating, with its many memorable scenes."


@pytest.fixture
def films(store: Store, dataset_name: str) -> Iterator[str]:
    """The handmade films with a run in which Gamma leans on Alpha three times as much as on Beta."""
    write_back(store, build(store, dataset_name), results_of(f"{dataset_name}/run", similar_films=SIMILAR))
    yield dataset_name
    remove(store, dataset_name)


def test_what_hangs_on_an_interaction_falls_or_leaves(store: Store, films: str) -> None:
    # Lists score .9 .8 .7; Gamma loses three quarters without Alpha, all of it leans on Alpha and Beta.
    changed = {each.name: each for each in without(store, films, "ann", "Alpha", k=2)}
    assert changed["Gamma"].score_without == pytest.approx(0.225)
    assert (changed["Gamma"].rank, changed["Gamma"].rank_without, changed["Gamma"].change) == (1, 3, "leaves")
    assert (changed["Delta"].rank_without, changed["Delta"].change) == (1, "stays")
    assert (changed["Epsilon"].rank_without, changed["Epsilon"].change) == (2, "comes in")
    assert {each.change for each in without(store, films, "ann", "Alpha", k=3)} == {"stays"}
    # Delta leans on Beta alone: nothing is left of it.
    assert {each.name: each.score_without for each in without(store, films, "ann", "Beta")}["Delta"] == 0


def test_an_interaction_that_is_not_there_is_refused(store: Store, films: str) -> None:
    with pytest.raises(UsageError, match=r"no interaction with .*/film/delta in train"):
        without(store, films, "ann", "Delta")
    # Held out is not there either.
    with pytest.raises(UsageError, match="no interaction"):
        without(store, films, "ann", "Zeta")


def test_each_item_of_the_history_has_its_share(store: Store, films: str) -> None:
    found = hangs_on(store, films, "ann", "Gamma")
    assert [(each.name, each.share, each.rank, each.rank_without) for each in found] == [
        ("Alpha", 0.75, 1, 3),
        ("Beta", 0.25, 1, 2),
    ]
    assert hangs_on(store, films, "ann", "Gamma", limit=1) == found[:1]
    assert hangs_on(store, films, "ann", "Epsilon") == []


def new_items(store: Store, dataset: str) -> list[tuple[str, str]]:
    statement = for_dataset(store, statements.load("recommend/new_items"), dataset)
    rows = store.read(statement, dataset=dataset, user=f"{dataset}/user/ann", k=5, candidates=10, history=10)
    return [(row["name"], row["source"]) for row in rows]


def test_items_that_nobody_has_come_by_vector_or_by_facts(store: Store, films: str) -> None:
    by_vector = new_items(store, films)
    assert {name for name, _ in by_vector} == {"Epsilon", "Zeta"}
    assert {source for _, source in by_vector} == {f"vectors of run {films}/run"}
    with store.driver.session(database=store.database) as session:
        session.run("MATCH (e:Embedding {dataset: $films}) DETACH DELETE e", films=films).consume()
    # Zeta is of no genre; Epsilon is a drama as Alpha and Beta are.
    assert new_items(store, films) == [("Epsilon", "facts shared with the history")]


def test_items_are_alike_by_rare_facts(store: Store, films: str) -> None:
    def near(hub: int) -> list[str]:
        statement = for_dataset(store, statements.load("recommend/similar_by_facts"), films)
        return [row["name"] for row in store.read(statement, dataset=films, item=f"{films}/film/alpha", k=9, hub=hub)]

    assert near(hub=10) == ["Gamma", "Beta", "Delta", "Epsilon"]
    assert near(hub=4) == ["Gamma"]


def say(store: Store, key: str, profile: str, *, llm: bool = True) -> None:
    text = "MATCH (n:User|Entity {key: $key}) SET n.profile = $profile, n.profile_is_llm = $llm"
    with store.driver.session(database=store.database) as session:
        session.run(text, key=key, profile=profile, llm=llm).consume()


def test_a_rare_phrase_of_both_profiles_is_a_reason(store: Store, films: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cypher.answers.phrases.FEWEST_TEXTS", 3)
    for film in ("beta", "delta", "epsilon", "zeta"):
        say(store, f"{films}/film/{film}", f"{BOILERPLATE} It is {film}.")
    say(store, f"{films}/film/alpha", f"{BOILERPLATE} A tale of samurai honour in the rain.")
    say(store, f"{films}/film/gamma", f"{BOILERPLATE} Gamma tells of samurai honour, and of Gamma.")
    say(store, f"{films}/user/ann", "Ann loves samurai honour.")
    found = [reason for reason in explain(store, films, "ann", "Gamma") if reason.kind == "common phrase"]
    assert [reason.text for reason in found] == [
        "the profile of Gamma says 'samurai honour', as do the user's, Alpha's"
    ]
    assert (found[0].support, [node.name for node in found[0].liked]) == (2, ["Alpha"])
    say(store, f"{films}/film/gamma", "Gamma tells of samurai honour.", llm=False)
    assert "common phrase" not in {reason.kind for reason in explain(store, films, "ann", "Gamma")}


OTHERS = [f"{BOILERPLATE} Film number {number} has a quiet city." for number in range(FEWEST_TEXTS)]


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        ("A garage rock revival, loud.", "Of the garage rock revival.", ["garage rock revival"]),
        ("Garage. Rock.", "Garage rock!", ["Garage", "Rock"]),
        (BOILERPLATE, BOILERPLATE, []),
        ("A quiet city.", "A quiet city.", []),
        ("Neither here nor there.", "Neither here nor there.", []),
        ("The Solaris of Solaris.", "Solaris again.", []),
    ],
)
def test_phrases_are_rare_and_stop_at_punctuation(text: str, other: str, expected: list[str]) -> None:
    found = common_phrases(text, {"other": other}, OTHERS, 5, own_name="Solaris")
    assert sorted(phrase.words for phrase in found) == expected
    assert common_phrases(text, {"other": other}, OTHERS[1:], 5) == []
