from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cypher.store import Store
from ingest.split import SplitRule
from ingest.write import ingest
from llm_profiles.calls.ledger import Attempt, Ledger
from llm_profiles.chat.model import Chat, open_chat
from llm_profiles.chat.prices import Price
from llm_profiles.contract import Kind
from llm_profiles.estimate import AGENT_CALLS, ERROR, Estimate, estimate
from llm_profiles.neighbourhood import Neighbourhood
from spikegraph.settings import LlmSettings
from tests.support.chat_server import ChatServer
from tests.support.contexts import request_maker
from tests.support.tables import tiny_tables

SETTINGS = LlmSettings(base_url="http://127.0.0.1:9/v1", concurrency=4)


@pytest.fixture
def neighbourhood(store: Store, dataset_name: str) -> Neighbourhood:
    ingest(store, dataset_name, tiny_tables(), split=SplitRule("given"))
    return Neighbourhood(store, dataset_name)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def priced(price: Price | None) -> Chat:
    found = open_chat("openai:test-model", SETTINGS)
    return Chat(found.asked, found.model, found.address, False, True, price)


def estimated(neighbourhood: Neighbourhood, ledger: Ledger, price: Price | None, sample: int = 50) -> Estimate:
    keys = neighbourhood.keys()
    return estimate(neighbourhood, keys, request_maker(), ledger, priced(price), SETTINGS, sample=sample)


def test_all_nodes_are_counted_and_three_ways_priced(neighbourhood: Neighbourhood, ledger: Ledger) -> None:
    found = estimated(neighbourhood, ledger, Price(1.0, 4.0, 0.1, 0.5, "2026-01-02"))
    nodes = {kind: len(keys) for kind, keys in neighbourhood.keys().items()}
    assert {stage.kind: stage.nodes for stage in found.stages} == nodes
    chain, batch, agent = found.ways
    assert (chain.way, batch.way, agent.way) == ("chain", "batch", "agent")
    assert chain.calls == sum(nodes.values())
    assert agent.calls == AGENT_CALLS * chain.calls
    assert chain.cost == pytest.approx((chain.tokens_in + 4 * chain.tokens_out) / 1e6)
    assert batch.cost == pytest.approx(chain.cost / 2)
    assert agent.cost is not None
    assert agent.cost > 2 * chain.cost
    assert (batch.seconds, found.prices, found.error) == (None, "2026-01-02", ERROR)


def test_without_a_price_there_is_no_cost(neighbourhood: Neighbourhood, ledger: Ledger) -> None:
    assert [way.cost for way in estimated(neighbourhood, ledger, None).ways] == [None, None, None]


def test_what_the_ledger_holds_costs_nothing(neighbourhood: Neighbourhood, ledger: Ledger) -> None:
    requests = request_maker()
    (contexts,) = neighbourhood.contexts("item", neighbourhood.keys()["item"])
    for context in contexts[:-1]:
        ledger.done(requests.of(context), "A film.", Attempt("ok", 500, 70))
    stage = estimated(neighbourhood, ledger, None).stages[0]
    assert (stage.written, stage.sampled) == (len(contexts) - 1, 1)
    assert stage.tokens_out == 70  # as the answers so far
    ledger.done(requests.of(contexts[-1]), "A film.")
    assert estimated(neighbourhood, ledger, None).stages[0].tokens_in == 0


def test_a_sample_stands_for_the_others(neighbourhood: Neighbourhood, ledger: Ledger) -> None:
    whole, part = (estimated(neighbourhood, ledger, None, sample) for sample in (50, 2))
    for all_of_them, few in zip(whole.stages, part.stages, strict=True):
        assert few.sampled == min(2, all_of_them.nodes)
        assert few.tokens_in == pytest.approx(all_of_them.tokens_in, rel=0.3)


def test_profiles_that_are_not_written_yet_count_as_if(neighbourhood: Neighbourhood, ledger: Ledger) -> None:
    kind: Kind = "user"
    bare = list(neighbourhood.contexts(kind, neighbourhood.keys()[kind]))
    characters = sum(len(request_maker().of(context).user) for contexts in bare for context in contexts)
    assert next(s for s in estimated(neighbourhood, ledger, None).stages if s.kind == kind).tokens_in > characters / 4


def test_nothing_is_sent(neighbourhood: Neighbourhood, ledger: Ledger) -> None:
    with ChatServer() as server:
        settings = LlmSettings(base_url=server.url)
        chat = open_chat("openai:test-model", settings)
        estimate(neighbourhood, neighbourhood.keys(), request_maker(), ledger, chat, settings)
        assert server.record.requests == 0
