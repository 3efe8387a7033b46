from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import pytest

from cypher.store import Store
from ingest.split import SplitRule
from ingest.write import ingest, remove
from llm_profiles.calls.ledger import Ledger
from llm_profiles.calls.request import Request, Sampling
from llm_profiles.contract import KINDS, Context
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.prompts.requests import RequestMaker, load_prompts
from llm_profiles.stages import contexts_of
from llm_profiles.staleness import NodeState, state_of, states, status
from tests.support.contexts import request_maker
from tests.support.graph import run
from tests.support.tables import tiny_tables

ITEMS = "the items that it is linked with changed"

Text = Callable[[Request], str]


@pytest.fixture(scope="module")
def tiny(store: Store) -> Iterator[str]:
    """One data set for the module; each test writes its profiles anew, from the graph as the one before left it."""
    name = f"t-staleness-{uuid.uuid4().hex[:8]}"
    ingest(store, name, tiny_tables(), split=SplitRule("given"))
    yield name
    remove(store, name)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "llm.sqlite") as opened:
        yield opened


class Set:
    """A profile set of the tiny data set."""

    def __init__(self, store: Store, dataset: str, ledger: Ledger) -> None:
        self.store, self.dataset, self.ledger = store, dataset, ledger
        self.requests = request_maker()

    def write(self, text: Text = lambda request: f"{request.node} is as it was.") -> list[str]:
        """Write what is not today's, kind by kind, and give the nodes."""
        neighbourhood = Neighbourhood(self.store, self.dataset)
        written = []
        for kind in KINDS:
            for context in contexts_of(neighbourhood, kind, neighbourhood.keys()[kind], self.ledger.texts):
                request = self.requests.of(context)
                current = self.ledger.current([request.node]).get(request.node)
                if current is None or current.key != request.key:
                    self.ledger.done(request, text(request))
                    written.append(request.node)
        return written

    def states(self, requests: RequestMaker | None = None) -> dict[str, NodeState]:
        """Give the states of all nodes, by key without the data set's name."""
        found = states(Neighbourhood(self.store, self.dataset), requests or self.requests, self.ledger)
        return {state.node.removeprefix(f"{self.dataset}/"): state for state in found}

    def stale(self, requests: RequestMaker | None = None) -> dict[str, list[str]]:
        """Give the nodes that are not fresh, and why."""
        found = self.states(requests).items()
        return {
            node: [str(why).replace(f"{self.dataset}/", "") for why in state.why]
            for node, state in found
            if state.state != "fresh"
        }

    def readers(self, node: str) -> set[str]:
        """Give the nodes whose prompts hold the profile of a node, as the ledger has it."""
        key = f"{self.dataset}/{node}"
        return {
            entry.node.removeprefix(f"{self.dataset}/") for entry in self.ledger.entries("done") if key in entry.reads
        }

    def context(self, node: str) -> Context:
        neighbourhood = Neighbourhood(self.store, self.dataset)
        kind = next(kind for kind, keys in neighbourhood.keys().items() if f"{self.dataset}/{node}" in keys)
        return next(contexts_of(neighbourhood, kind, [f"{self.dataset}/{node}"], self.ledger.texts))

    def change(self, cypher: LiteralString) -> None:
        """Change the graph; `$d` opens the keys."""
        run(self.store, cypher, d=f"{self.dataset}/")

    def change_plot(self, *films: str) -> None:
        keys = [f"{self.dataset}/{film}" for film in films]
        run(self.store, "MATCH (e:Item) WHERE e.key IN $keys SET e.plot = randomUUID()", keys=keys)


@pytest.fixture
def profiles(store: Store, tiny: str, ledger: Ledger) -> Set:
    written = Set(store, tiny, ledger)
    assert set(written.stale()) == set(written.states())
    assert {state.state for state in written.states().values()} == {"missing"}
    written.write()
    assert written.stale() == {}
    return written


def test_other_facts_of_an_item_make_just_the_nodes_that_read_it_stale(profiles: Set) -> None:
    for film in (f"film/{n}" for n in range(6)):
        profiles.change_plot(film)
        readers = profiles.readers(film)
        assert {node.split("/")[0] for node in readers} == {"person", "genre", "user"}
        stale = profiles.stale()
        assert stale.pop(film) == ["its own texts changed"]
        assert stale == {node: [f"reads the profile of {film}, which is stale"] for node in readers}
        assert profiles.write() == [f"{profiles.dataset}/{film}"]


def test_an_unchanged_text_leaves_nothing_downstream_stale(profiles: Set) -> None:
    profiles.change_plot("film/0")
    assert profiles.write() == [f"{profiles.dataset}/film/0"]
    assert profiles.stale() == {}


def test_a_changed_text_is_read_by_those_below_it(profiles: Set) -> None:
    profiles.change_plot("film/0")
    readers = profiles.readers("film/0")
    request = profiles.requests.of(profiles.context("film/0"))
    profiles.ledger.done(request, "Film 0 is another one now.")
    assert profiles.stale() == {node: ["the profile of film/0, which it reads, was written again"] for node in readers}
    written = profiles.write()
    assert {node.removeprefix(f"{profiles.dataset}/") for node in written} == readers
    assert profiles.stale() == {}


def test_another_fact_tells_both_ends_why(profiles: Set) -> None:
    profiles.change(
        "MATCH (e:Item {key: $d + 'film/1'})-[r:DIRECTED_BY]->(), (p:Entity {key: $d + 'person/0'}) "
        "DELETE r CREATE (e)-[:DIRECTED_BY]->(p)"
    )
    stale = profiles.stale()
    profiles.change(
        "MATCH (e:Item {key: $d + 'film/1'})-[r:DIRECTED_BY]->(), (p:Entity {key: $d + 'person/1'}) "
        "DELETE r CREATE (e)-[:DIRECTED_BY]->(p)"
    )
    assert profiles.stale() == {}
    assert stale["film/1"] == ["its facts changed"]
    assert stale["person/0"] == [ITEMS, "now reads the profile of film/1"]
    assert stale["person/1"] == [ITEMS, "no longer reads the profile of film/1"]
    assert stale["genre/1"][0] == "reads the profile of film/1, which is stale"
    assert "film/0" not in stale
    assert "genre/0" not in stale


def test_other_reviews_of_train_pairs_count_and_those_held_out_do_not(profiles: Set) -> None:
    profiles.change("MATCH (:User {key: $d + 'user/0'})-[r:HELD_OUT]->() SET r.review = 'Another remark.'")
    assert profiles.stale() == {}
    profiles.change(
        "MATCH (:User {key: $d + 'user/0'})-[r:INTERACTED]->(:Item {key: $d + 'film/0'}) SET r.review = 'Another.'"
    )
    stale = profiles.stale()
    assert stale["user/0"][0] == "its reviews changed"
    assert all(why == ["reads the profile of film/0, which is stale"] for node, why in stale.items() if node[0] != "f"
               and node != "user/0")  # fmt: skip


def test_a_train_pair_that_comes_and_goes_changes_the_users_items(profiles: Set) -> None:
    profiles.change("MATCH (u:User {key: $d + 'user/0'}), (i:Item {key: $d + 'film/5'}) CREATE (u)-[:INTERACTED]->(i)")
    assert "now reads the profile of film/5" in profiles.stale()["user/0"]
    profiles.change("MATCH (:User {key: $d + 'user/0'})-[r:INTERACTED]->(:Item {key: $d + 'film/5'}) DELETE r")
    assert profiles.stale() == {}


def test_another_prompt_model_or_sampling_is_said_so(profiles: Set) -> None:
    prompts = load_prompts()
    prompts |= {"item": replace(prompts["item"], version="2", sha="0123456789", system=prompts["item"].system + " Go.")}
    stale = profiles.stale(request_maker(prompts=prompts))
    assert {stale[f"film/{n}"][0] for n in range(6)} == {"the prompt item/1 became item/2"}
    assert stale["genre/0"] == [f"reads the profile of film/{n}, which is stale" for n in (0, 2, 4)]
    assert set(profiles.states()) - set(stale) == {"person/2"}  # it reads no film
    model = profiles.stale(request_maker(model="openai:other"))
    assert {tuple(why) for why in model.values()} == {("another model",)}
    warmer = profiles.stale(request_maker(sampling=Sampling(temperature=1.0)))
    assert all("asked in another way" in why[0] for why in warmer.values())
    anew = profiles.stale(request_maker(generation=1))
    assert {tuple(why) for why in anew.values()} == {("everything was asked to be written again",)}
    books = profiles.stale(request_maker(domain="books"))
    assert books["film/0"] == ["the words of the prompt item/1 or of its domain changed"]


def test_a_request_that_is_under_way_or_given_up_is_no_stale_one(profiles: Set) -> None:
    profiles.change_plot("film/0", "film/1", "film/2")
    today = [profiles.requests.of(profiles.context(f"film/{n}")) for n in range(3)]
    profiles.ledger.submitted([today[0]], "batch-1")
    profiles.ledger.dead(today[1], "it refused")
    profiles.ledger.dead(today[2], "too late", status="expired")
    found = profiles.states()
    assert [found[f"film/{n}"].state for n in range(3)] == ["submitted", "dead", "stale"]
    stale = profiles.stale()
    assert (stale["film/0"], stale["film/1"]) == (["is in the batch file batch-1"], ["it refused"])
    assert stale["film/2"] == ["its own texts changed"]
    assert "reads the profile of film/1, which is stale" in stale["person/1"]


def test_nodes_without_a_profile_say_what_became_of_their_request(store: Store, tiny: str, ledger: Ledger) -> None:
    profiles = Set(store, tiny, ledger)
    today = [profiles.requests.of(profiles.context(f"film/{n}")) for n in range(2)]
    ledger.done(replace(today[0], node=f"{tiny}/film/twin"), "A text.")
    ledger.dead(today[1], "too late", status="expired")
    found = profiles.states()
    assert {state.state for state in found.values()} == {"missing"}
    assert profiles.stale()["film/0"] == ["another node asked just the same: the answer is there and costs nothing"]
    assert profiles.stale()["film/1"] == ["its batch file ran out of time"]
    assert profiles.stale()["film/2"] == []


def test_one_node_is_judged_as_in_the_whole(profiles: Set) -> None:
    profiles.change_plot("film/0")
    neighbourhood = Neighbourhood(profiles.store, profiles.dataset)
    whole = profiles.states()
    for kind, keys in neighbourhood.keys().items():
        for key in keys:
            request, found = state_of(neighbourhood, profiles.requests, profiles.ledger, kind, key)
            assert (request.node, found) == (key, whole[key.removeprefix(f"{profiles.dataset}/")])


def test_status_counts_states_and_reasons_and_names_the_first(profiles: Set) -> None:
    profiles.change_plot("film/0")
    found = status(Neighbourhood(profiles.store, profiles.dataset), profiles.requests, profiles.ledger, examples=2)
    assert found["item"].states == {"fresh": 5, "stale": 1}
    assert found["item"].reasons == {"its own texts changed": 1}
    assert found["item"].examples[0].node == f"{profiles.dataset}/film/0"
    assert found["user"].states == {"fresh": 3, "stale": 3}
    assert found["user"].reasons == {"reads the profile of another node, which is stale": 3}
    assert len(found["user"].examples) == 2
